package gateway

import (
	"cmp"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// sign makes the assertion for this one request.
func (t *trip) sign() (err error) {
	if err := t.v.who.named(); err != nil {
		return err
	}
	v, app := t.v, t.v.app
	if b := app.identity(v.who).Basic; b != nil {
		if _, ok := v.who.basic(b); !ok {
			return stead.E(stead.Refused, stead.ReasonUnknown, "this account has no name that Basic authentication can carry")
		}
	}
	a := stead.Assertion{
		Audience: app.ID, Subject: stead.PrincipalID(v.who.subject.String()), Method: t.in.Method,
		URL: web.ClientOf(t.in).Scheme() + "://" + t.v.place.own() + t.in.URL.RequestURI(), ID: string(t.decision.ID),
	}
	if m := v.who.mandate; m != nil {
		a.Act, a.Mandate, a.Mode = &stead.ActedBy{Subject: stead.PrincipalID(v.who.actor.String())}, m.ID, m.Mode
	}
	t.assertion, err = t.g.Signer.SignAssertion(a, cmp.Or(app.AssertionAlg, stead.EdDSA))
	return stead.Because(err, "sign the assertion")
}

// named tells whether everybody has a name that can be told to an application: an empty one could be read as nobody,
// and nobody as the gateway itself (C11).
func (s served) named() error {
	for _, p := range []*stead.Principal{s.actor, s.subject} {
		if strings.TrimSpace(p.Name) == "" || p.Kind == "" || p.Kind == stead.Person && strings.TrimSpace(p.Directory) == "" {
			return stead.E(stead.Refused, stead.ReasonUnknown, "this account has no name to be known by")
		}
	}
	return nil
}
