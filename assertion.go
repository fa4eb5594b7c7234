package stead

// AssertionType is the JWT typ of an Assertion.
const AssertionType = "stead-assertion+jwt"

// An Algorithm is what assertions are signed with (RFC 7518 3.1, RFC 8037 3.1).
type Algorithm string

const (
	EdDSA Algorithm = "EdDSA" // Ed25519
	ES256 Algorithm = "ES256" // for applications whose library cannot verify the other
)

// An Assertion tells an application who acts for whom in one request. The members are JWT claims; all of them are
// required, but Act, Mandate and Mode are there together or not at all.
type Assertion struct {
	Issuer   string      `json:"iss"`
	Audience AppID       `json:"aud"`
	Subject  PrincipalID `json:"sub"`               // for whom; the actor himself when for himself
	Act      *ActedBy    `json:"act,omitempty"`     // RFC 8693 4.1: who really acts
	Mandate  MandateID   `json:"mandate,omitempty"` // under which he does
	Mode     Mode        `json:"mode,omitempty"`
	Method   string      `json:"htm"`
	URL      string      `json:"htu"` // as the client sent it: scheme, host, path and query
	ID       string      `json:"jti"` // the decision
	Issued   int64       `json:"iat"` // seconds since 1970
	After    int64       `json:"nbf"`
	Before   int64       `json:"exp"`
}

// ActedBy is an actor, and in Act who acted before him, the most recent first.
type ActedBy struct {
	Subject PrincipalID `json:"sub"`
	Act     *ActedBy    `json:"act,omitempty"`
}

// AppendAssertion writes a as the claims of a JWT, in RFC 8785 order.
func AppendAssertion(b []byte, a Assertion) []byte {
	o := object{b: append(b, '{')}
	o.actedBy(a.Act)
	o.text("aud", string(a.Audience))
	o.number("exp", a.Before)
	o.text("htm", a.Method)
	o.text("htu", a.URL)
	o.number("iat", a.Issued)
	o.text("iss", a.Issuer)
	o.text("jti", a.ID)
	o.text("mandate", string(a.Mandate))
	o.text("mode", string(a.Mode))
	o.number("nbf", a.After)
	o.text("sub", string(a.Subject))
	return append(o.b, '}')
}

func (o *object) actedBy(a *ActedBy) {
	if a == nil {
		return
	}
	o.name("act")
	of := object{b: append(o.b, '{')}
	of.actedBy(a.Act)
	of.text("sub", string(a.Subject))
	o.b = append(of.b, '}')
}

// Actor is who really acts.
func (a Assertion) Actor() PrincipalID {
	if a.Act == nil {
		return a.Subject
	}
	return a.Act.Subject
}

// Whole tells what a is missing, or has where it should not; nil when nothing is.
func (a Assertion) Whole() error {
	switch {
	case a.Issuer == "" || a.Audience == "" || a.Subject == "" || a.Method == "" || a.URL == "" || a.ID == "":
		return E(Invalid, ReasonRequest, "an assertion names issuer, audience, subject, method, URL and decision")
	case a.Issued <= 0 || a.After <= 0 || a.Before <= a.After || a.Before <= a.Issued:
		return E(Invalid, ReasonRequest, "an assertion has its times, and they are in order")
	case (a.Act == nil) != (a.Mandate == "") || (a.Act == nil) != (a.Mode == ""):
		return E(Invalid, ReasonRequest, "actor, mandate and mode are there together or not at all")
	case a.Mode != "" && a.Mode != ReadOnly && a.Mode != Edit:
		return E(Invalid, ReasonRequest, "an assertion knows no such mode")
	}
	return a.Act.whole(a.Subject, 1)
}

// maxActors bounds a chain; authority's bound is lower.
const maxActors = 8

func (a *ActedBy) whole(subject PrincipalID, depth int) error {
	switch {
	case a == nil:
		return nil
	case depth > maxActors:
		return E(Invalid, ReasonChain, "more than %d actors", maxActors)
	case a.Subject == "" || a.Subject == subject:
		return E(Invalid, ReasonSelf, "an actor is somebody, and not the subject")
	}
	return a.Act.whole(subject, depth+1)
}
