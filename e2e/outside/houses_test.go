package outside

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/steadhq/stead/internal/cedar"
	"github.com/steadhq/stead/internal/web/vacant"
)

const (
	planning = `
@id("planner-asks-customers") @owner("head of product") @max("8h")
permit (principal is Agent, action == Action::"act", resource in Group::"customers/customers")
when { principal.name == "planner" && (context.app == "partner" || context.app == "calendar") };
@id("planner-looks-for-others") @owner("head of product")
permit (principal is Agent, action in Action::"look", resource is Realm)
when { context.capacity == "for-other" && (resource in App::"calendar" || resource in App::"partner") };
`
	planner = `agents:
  - name: planner
    kind: company
    owner: staff/max
    purpose: Finds a time for a meeting
    tier: low
    keys: [%s]
    redirects: ["http://127.0.0.1/cb"]
    tasks:
      - { id: plan, purpose: find a time, grants: [{ system: %s, action: read, resource: events }] }
`
	calendar  = "https://calendar.example/mcp"
	returned  = "http://127.0.0.1:51004/cb"
	verifier  = "a verifier of forty-three characters, or more: 0123456789"
	exchange  = "urn:ietf:params:oauth:grant-type:token-exchange"
	jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	idJAG     = "urn:ietf:params:oauth:token-type:id-jag"
	anAccess  = "urn:ietf:params:oauth:token-type:access_token"
)

// A robot is a program of an agent's, with two keys: its own, and that of its run.
type robot struct {
	own, run *ecdsa.PrivateKey
	count    int
}

func newRobot(t *testing.T) *robot {
	t.Helper()
	var keys [2]*ecdsa.PrivateKey
	for i := range keys {
		var err error
		if keys[i], err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	return &robot{own: keys[0], run: keys[1]}
}

func (r *robot) signs(t *testing.T, key *ecdsa.PrivateKey, claims map[string]any, head map[jose.HeaderKey]any) string {
	t.Helper()
	r.count++
	claims["jti"], claims["iat"] = fmt.Sprint("robot ", r.count), time.Now().Unix()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, &jose.SignerOptions{ExtraHeaders: head})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	made, err := s.Sign(raw)
	if err != nil {
		t.Fatal(err)
	}
	text, err := made.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A token is what a token endpoint or introspection answered.
type token struct {
	status       int
	Access       string         `json:"access_token"`
	Refresh      string         `json:"refresh_token"`
	Mandate      string         `json:"mandate"`
	Error        string         `json:"error"`
	Why          string         `json:"error_description"`
	Active       bool           `json:"active"`
	Sub          string         `json:"sub"`
	Confirmation map[string]any `json:"cnf"`
	Act          map[string]any `json:"act"`
}

// posts proves who it is and which key it has, and posts to a house.
func (r *robot) posts(t *testing.T, w *world, path string, fields ...string) token {
	t.Helper()
	me := r.signs(t, r.own, map[string]any{"iss": "planner", "sub": "planner", "aud": w.Console, "exp": time.Now().Unix() + 60}, nil)
	proof := r.signs(t, r.run, map[string]any{"htm": "POST", "htu": w.Console + path}, map[jose.HeaderKey]any{"typ": "dpop+jwt", "jwk": jose.JSONWebKey{Key: r.run.Public()}})
	body := encode(append([]string{"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", me}, fields...)...)
	a := stranger(w).send(t, "POST", w.Console+path, body, "Content-Type", formType, "DPoP", proof)
	got := token{status: a.status}
	a.reads(t, &got)
	return got
}

// planned is a house with a planner and with Dana, whose identity is known to both.
func planned(t *testing.T, own, more, system string, r *robot) (w *world, bob string) {
	t.Helper()
	w, _, link := serveAt(t, own, "[ { id: staff, label: Staff }, { id: customers, label: Customers } ]", func(string) string { return more })
	ada, bob := w.staffed(t, link)
	for account, group := range map[string]string{"staff/max": "agents-owners", "customers/dana": "customers"} {
		cli(t, ada, "a few plain words\n", "person", "add", account, "--group", group, "--password-file", "-").exits(t, account, 0)
	}
	rules := t.TempDir()
	for name, text := range cedar.Default() {
		put(t, rules, name, text)
	}
	put(t, rules, "planning.cedar", planning)
	house(t, ada, bob, rules)
	public, err := json.Marshal(jose.JSONWebKey{Key: r.own.Public()})
	if err != nil {
		t.Fatal(err)
	}
	cli(t, ada, "", "apply", "-f", put(t, t.TempDir(), "planner.yaml", fmt.Sprintf(planner, public, system))).exits(t, "the planner", 0)
	return w, bob
}

var hidden = regexp.MustCompile(`name="(request|shown)" value="([^"]*)"`)

// agrees is Dana's yes on the page of a house: the planner's first token there.
func (r *robot) agrees(t *testing.T, w *world, dana *caller) token {
	t.Helper()
	sum := sha256.Sum256([]byte(verifier))
	page := dana.page(t, w.Console+"/oauth/authorize?"+encode("response_type", "code", "client_id", "planner", "redirect_uri", returned, "state", "s", "resource", w.Console+"/v1/systems/partner",
		"code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]), "code_challenge_method", "S256")).is(t, "the page of consent", 200)
	fields := []string{"answer", "yes"}
	for _, m := range hidden.FindAllStringSubmatch(page.body, -1) {
		fields = append(fields, m[1], html.UnescapeString(m[2]))
	}
	to, err := url.Parse(dana.form(t, w.Console+"/oauth/authorize", fields...).is(t, "her yes", 303).to())
	if err != nil {
		t.Fatal(err)
	}
	return r.posts(t, w, "/oauth/token", "grant_type", "authorization_code", "code", to.Query().Get("code"), "redirect_uri", returned, "code_verifier", verifier)
}

// dana signs her in as a browser does.
func (w *world) dana(t *testing.T) *caller {
	t.Helper()
	c := stranger(w)
	c.form(t, w.Console+"/login", "name", "dana", "directory", "customers", "password", "a few plain words").is(t, "Dana signs in", 303)
	return c
}

// Decision 0020 with two servers that share nothing but what goes over the wire: Dana agrees at one, which writes letters; the other
// takes each once, whatever is killed meanwhile, and both have it on record. What ends at either ends there.
func TestHouses(t *testing.T) {
	t.Parallel()
	r, one, two := newRobot(t), vacant.Address(t), vacant.Address(t)
	a, bob := planned(t, one, fmt.Sprintf("resources:\n  - { id: partner, address: \"http://%s\", privileged: [staff/admins], house: { clients: [{ agent: planner, id: planner }], resources: [%q] } }\n", two, calendar), "partner", r)
	issuer := fmt.Sprintf("agents:\n  issuers:\n    - { issuer: \"http://%s\", jwks_url: \"http://%s/.well-known/jwks.json\", agents: [planner], people: [{ sub: \"person:customers/*\", account: \"customers/*\" }] }\n", one, one)
	b, eve := planned(t, two, fmt.Sprintf("resources:\n  - { id: calendar, address: %q, privileged: [staff/admins] }\n", calendar)+issuer, "calendar", r)

	dana := a.dana(t)
	mine := r.agrees(t, a, dana)
	writes := func() token {
		return r.posts(t, a, "/oauth/token", "grant_type", exchange, "requested_token_type", idJAG, "audience", b.Console, "subject_token", mine.Access, "subject_token_type", anAccess)
	}
	shows := func(w *world, letter string) token {
		return r.posts(t, w, "/oauth/token", "grant_type", jwtBearer, "assertion", letter)
	}
	letter := writes()
	if letter.status != 200 || letter.Access == "" {
		t.Fatalf("%+v", letter)
	}
	got := shows(b, letter.Access)
	if got.status != 200 || got.Mandate == "" || got.Refresh != "" {
		t.Fatalf("%+v", got)
	}
	said := r.posts(t, b, "/oauth/introspect", "token", got.Access)
	if !said.Active || said.Sub != "person:customers/dana" || said.Act["sub"] != "agent:agents/planner" || said.Confirmation["jkt"] == nil {
		t.Errorf("%+v", said)
	}
	refused := func(what string, got token, kind string) {
		t.Helper()
		if got.status != 400 || got.Error != kind || got.Access != "" {
			t.Errorf("%s: %+v", what, got)
		}
	}
	refused("a second time", shows(b, letter.Access), "invalid_grant")
	refused("at the house that wrote it", shows(a, letter.Access), "unsupported_grant_type")

	// Whatever is killed: what was used is used, and what was not is not.
	other := writes()
	b.kill(t)
	b.again(t)
	stranger(b).waits(t)
	refused("a second time, after the kill", shows(b, letter.Access), "invalid_grant")
	if got := shows(b, other.Access); got.status != 200 {
		t.Errorf("another, after the kill: %+v", got)
	}
	if said := r.posts(t, b, "/oauth/introspect", "token", got.Access); !said.Active {
		t.Errorf("after the kill: %+v", said)
	}
	away := writes()
	a.kill(t)
	b.kill(t)
	b.again(t)
	stranger(b).waits(t)
	if got := shows(b, away.Access); got.status < 500 || got.Access != "" {
		t.Errorf("while the house that wrote it is away, and its keys cannot be had: %+v", got)
	}
	a.again(t)
	stranger(a).waits(t)
	eventually(t, "a letter from before is taken when its house is back", func() error {
		if got := shows(b, away.Access); got.status != 200 {
			return fmt.Errorf("%+v", got)
		}
		return nil
	})

	// What ends there ends at once, and a letter that there was already does not bring it back.
	kept := writes()
	cli(t, eve, "", "mandate", "revoke", got.Mandate, "--reason", "not here", "--yes").exits(t, "an end at the other house", 0)
	if said := r.posts(t, b, "/oauth/introspect", "token", got.Access); said.Active {
		t.Errorf("ended there: %+v", said)
	}
	refused("after a no there", shows(b, kept.Access), "invalid_grant")
	yes := r.posts(t, a, "/oauth/introspect", "token", mine.Access)
	cli(t, bob, "", "mandate", "revoke", yes.Mandate, "--reason", "enough", "--yes").exits(t, "an end at home", 0)
	if got := writes(); got.status == 200 || got.Access != "" {
		t.Errorf("a letter after the end: %+v", got)
	}

	noted := func(profile, kind string, want map[string]string) {
		t.Helper()
		eventually(t, kind+" is on record", func() error {
			all := record(t, profile, kind)
			for _, e := range all {
				if fits(e.What, want) {
					return nil
				}
			}
			return fmt.Errorf("none of %+v is %v", all, want)
		})
	}
	noted(bob, "token.issued", map[string]string{"type": "id-jag", "audience": b.Console})
	noted(eve, "mandate.admitted", map[string]string{"issuer": a.Console, "as": "person:customers/dana"})
	noted(eve, "token.issue.refused", map[string]string{"issuer": a.Console})
	for profile, kinds := range map[string][]string{bob: {"mandate.started", "mandate.revoked", "token.issue.refused"}, eve: {"mandate.started", "token.issued", "mandate.revoked"}} {
		for _, kind := range kinds {
			noted(profile, kind, nil)
		}
		cli(t, profile, "", "audit", "verify").exits(t, "the record", 0)
	}
	for _, w := range []*world{a, b} {
		w.stop(t)
		cli(t, t.TempDir(), "", append(stored(t, w.data), "audit", "verify", "--key", keyOf(t, w))...).exits(t, "the store", 0)
	}
}

// fits tells whether all of want is in what was recorded.
func fits(what, want map[string]string) bool {
	for name, text := range want {
		if what[name] != text {
			return false
		}
	}
	return true
}
