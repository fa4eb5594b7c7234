package oauth

import (
	"context"
	"net/http"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Verbs are those of the authority that give tokens, and tell who asks.
type Verbs interface {
	PresentKey(ctx context.Context, p authority.PresentedKey) (authority.By, error)
	PresentSecret(p authority.PresentedSecret) (authority.By, error)
	PresentEnrolment(token, address string) authority.By
	PresentVouched(p authority.Vouched) (authority.By, error)
	IssueToken(ctx context.Context, by authority.By, w authority.TokenWish) (authority.Token, error)
	WriteLetter(ctx context.Context, by authority.By, w authority.LetterWish) (authority.Letter, error)
	Admit(ctx context.Context, by authority.By, w authority.Admission) (authority.Token, error)
	ExchangeToken(ctx context.Context, by authority.By, x authority.Exchange) (authority.Token, error)
	RefuseToken(ctx context.Context, by authority.By, verb, client string, no error) error
	Client(name string) (stead.Registration, bool)
	ResourceName(issuer string, id stead.AppID) string
}

// Asks are the verbs by which a person lets an agent act for himself, and what comes of it.
type Asks interface {
	Present(ctx context.Context, p authority.Presented) (authority.By, error)
	Propose(ctx context.Context, by authority.By, w authority.ConsentAsk) (authority.Proposal, error)
	Consent(ctx context.Context, by authority.By, w authority.ConsentAsk) (code string, err error)
	Decline(ctx context.Context, by authority.By, w authority.ConsentAsk) error
	TakeCode(ctx context.Context, by authority.By, w authority.Redemption) (authority.Tokens, error)
	Refresh(ctx context.Context, by authority.By, w authority.Refresh) (authority.Tokens, error)
	GiveBack(ctx context.Context, by authority.By, token string) error
	Describes(d authority.Described) stead.Registration
	Behind(document, sealed string) stead.PrincipalID
	Push(text string, until time.Time) string
	Pushed(sealed string) (text string, once authority.Once, ok bool)
}

// An Inspector tells of tokens, and takes them back.
type Inspector interface {
	Present(ctx context.Context, p authority.Presented) (authority.By, error)
	PresentToken(ctx context.Context, t authority.Token, address string) (authority.By, error)
	Inspects(by authority.By, t authority.Token) error
	Entitled(issuer string, t authority.Token) []stead.Entitlement
	RevokeToken(ctx context.Context, by authority.By, t authority.Token) error
}

// A Mint signs tokens, and reads them back.
type Mint interface {
	Mint(t authority.Token) (string, error)
	MintLetter(l authority.Letter) (string, error)
	Read(text string) (authority.Token, error)
}

// Clients check clients' assertions.
type Clients interface {
	Asserts(text string) (authority.PresentedKey, authority.Once, error)
}

// Workloads check JWT-SVIDs of SPIFFE: which workload it is.
type Workloads interface {
	Reads(ctx context.Context, text string) (id string, once []authority.Once, err error)
}

// Attesters check attestations of clients' keys. An error with a method AttestationChallenge says with which challenge to try
// again.
type Attesters interface {
	Reads(r *http.Request) (authority.Attested, error)
	Challenge() string
}

// Proofs check proofs of possession. An error with a method DPoPNonce says with which nonce to try again.
type Proofs interface {
	Check(r *http.Request, token string) (stead.AgentKey, authority.Once, error)
}

// A Memory uses up what counts once.
type Memory interface {
	Use(u authority.Once) error
}

// A Door is the door. All members but Workloads, Attesters, Letters, Writes, Run and Documents are needed.
type Door struct {
	Issuer     string // origin of Stead's own doors
	Verbs      Verbs
	Asks       Asks
	Inspector  Inspector
	Mint       Mint
	Clients    Clients
	Workloads  Workloads                             // nil: no trust domain is trusted
	Attesters  Attesters                             // nil: no attester is known
	Letters    Letters                               // nil: no other house's count
	Services   func(secret string) stead.PrincipalID // that may ask about tokens; "": nobody has that secret
	Writes     bool                                  // another house is known, for which letters are written
	Proofs     Proofs
	Memory     Memory
	Algorithms []string      // of assertions and proofs
	Run        time.Duration // how long an instance lives that begins with a token; 0: an hour
	Documents  *Documents    // reads those of clients that nobody registered; nil: there are none such
	Cookie     web.Cookie
	Now        func() time.Time
	Zone       *time.Location
}

// Where the door is, below its issuer.
const (
	authorizePath  = "/oauth/authorize"
	pushPath       = "/oauth/par"
	tokenPath      = "/oauth/token"
	introspectPath = "/oauth/introspect"
	revokePath     = "/oauth/revoke"
	challengePath  = "/oauth/challenge"
)

// TokenEndpoint is where an issuer gives tokens.
func TokenEndpoint(issuer string) string { return issuer + tokenPath }

// Mount adds the routes to t.
func (d *Door) Mount(t *web.Routes) {
	t.Add("GET /.well-known/oauth-authorization-server", web.Public, d.metadata)
	t.Add("GET /.well-known/openid-configuration", web.Public, d.metadata)
	t.Add("GET "+authorizePath, web.Public, d.authorize)
	t.Add("POST "+authorizePath, web.InSession, d.answer)
	t.Add("POST "+pushPath, web.Public, d.door("push", d.push))
	t.Add("POST "+tokenPath, web.Public, d.door("issue", d.token))
	t.Add("POST "+introspectPath, web.Public, d.door("introspect", d.introspect))
	t.Add("POST "+revokePath, web.Public, d.door("revoke", d.revoke))
	if d.Attesters != nil {
		t.Add("POST "+challengePath, web.Public, d.challenge)
	}
}

// challenge gives what a proof of an attestation is made fresh with.
func (d *Door) challenge(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	return web.WriteJSON(w, http.StatusOK, map[string]string{"attestation_challenge": d.Attesters.Challenge()})
}

// metadata tells clients what is here (RFC 8414). It is the same under both names; there are no ID tokens.
func (d *Door) metadata(w http.ResponseWriter, _ *http.Request) error {
	ways := []string{"private_key_jwt", "client_secret_basic", "client_secret_post"}
	if d.Workloads != nil {
		ways = append(ways, "spiffe_jwt")
	}
	if d.Attesters != nil {
		ways = append(ways, "attest_jwt_client_auth", "attest_jwt_client_auth_dpop")
	}
	about := map[string]any{
		"issuer": d.Issuer, "jwks_uri": d.Issuer + "/.well-known/jwks.json",
		"token_endpoint": d.Issuer + tokenPath, "introspection_endpoint": d.Issuer + introspectPath, "revocation_endpoint": d.Issuer + revokePath,
		"authorization_endpoint": d.Issuer + authorizePath, "pushed_authorization_request_endpoint": d.Issuer + pushPath,
		"grant_types_supported": d.grants(), "response_types_supported": []string{"code"}, "response_modes_supported": []string{"query"},
		"scopes_supported": []string{}, "code_challenge_methods_supported": []string{"S256"}, "authorization_response_iss_parameter_supported": true,
		"client_id_metadata_document_supported": d.Documents != nil,
		"authorization_details_types_supported": []string{authority.DetailType, "task"}, "request_parameter_supported": false, "request_uri_parameter_supported": false,
		"token_endpoint_auth_methods_supported": append(ways[:len(ways):len(ways)], "none"), "token_endpoint_auth_signing_alg_values_supported": d.Algorithms,
		"introspection_endpoint_auth_methods_supported": ways, "introspection_endpoint_auth_signing_alg_values_supported": d.Algorithms,
		"revocation_endpoint_auth_methods_supported": ways, "revocation_endpoint_auth_signing_alg_values_supported": d.Algorithms,
		"dpop_signing_alg_values_supported": d.Algorithms,
	}
	if d.Attesters != nil {
		about["challenge_endpoint"] = d.Issuer + challengePath
		about["client_attestation_signing_alg_values_supported"], about["client_attestation_pop_signing_alg_values_supported"] = d.Algorithms, d.Algorithms
	}
	if d.Letters != nil {
		about["authorization_grant_profiles_supported"] = []string{letterGrant}
	}
	if d.Writes {
		about["identity_chaining_requested_token_types_supported"] = []string{letterToken}
	}
	return web.WriteJSON(w, http.StatusOK, about)
}

// A call is one request at the door, as far as it is known who sent it.
type call struct {
	w      http.ResponseWriter
	r      *http.Request
	form   form
	client string            // what the caller says he is
	named  stead.PrincipalID // who that is, where its name is all that it has
	by     authority.By      // once he has proved it
	once   []authority.Once
	key    string // thumbprint of the key that was attested: no other may be proved beside; "": any

	unbound bool // no key was proved beside
}

// An answer is what a call is answered with; nil is nothing but 200.
type answer any

// door reads the form, and answers and records what next refuses.
func (d *Door) door(verb string, next func(*call) (answer, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Pragma", "no-cache")
		c := &call{w: w, r: r, by: authority.By{Host: "api", Address: addressOf(r)}}
		body, err := readBody(w, r)
		if err == nil {
			c.form, err = parseForm(r.Header["Content-Type"], body)
		}
		var a answer
		if err == nil {
			a, err = next(c)
		}
		switch {
		case err != nil:
			return d.refuse(c, verb, err)
		case a == nil:
			w.WriteHeader(http.StatusOK)
			return nil
		}
		status := http.StatusOK
		if _, made := a.(pushedAnswer); made {
			status = http.StatusCreated
		}
		return web.WriteJSON(w, status, a)
	}
}

func addressOf(r *http.Request) string {
	if c := web.ClientOf(r); c.Addr.IsValid() {
		return c.Addr.String()
	}
	return ""
}
