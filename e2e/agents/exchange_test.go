package agents

import (
	"crypto/ecdsa"
	"encoding/base64"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
)

const (
	exchanging  = "urn:ietf:params:oauth:grant-type:token-exchange"
	accessToken = "urn:ietf:params:oauth:token-type:access_token"
)

// A passing is three agents with keys and secrets, and nothing but the address of the house.
type passing struct {
	*outside
	names   [3]string
	secrets map[string]string
	keys    [3]*ecdsa.PrivateKey
	tokens  [3]string
	m       [3]stead.MandateID
	omar    string              // the API's own pass of somebody who may know all tokens
	only    map[string][]string // conditions of the first mandate
}

func newPassing(t *testing.T, first stead.Task, change ...func(*house.Options)) *passing {
	t.Helper()
	p := &passing{outside: newOutside(t, change...), names: [3]string{"first", "second", "third"}, secrets: map[string]string{}}
	p.apply(map[string]string{"passing.cedar": passingOn})
	p.register("first", stead.Company, stead.LowTier, "staff/max", first)
	p.register("second", stead.Company, stead.LowTier, "staff/ida", deep(1, task("add", "public.orders", "public.people")))
	p.register("third", stead.Company, stead.LowTier, "staff/cole", task("check", "public.orders"))
	for i, name := range p.names {
		card, err := p.Card(t.Context(), p.root, name)
		if err == nil {
			p.secrets[name], err = p.MakeSecret(t.Context(), p.root, card.Principal)
		}
		if err != nil {
			t.Fatal(err)
		}
		p.keys[i] = newKey(t)
	}
	p.omar = p.pass("staff/omar")
	return p
}

func total() stead.Task { return deep(2, task("total", "public.customers", "public.orders")) }

// posts asks the token endpoint, as an agent with its secret and a proof of a key.
func (p *passing) posts(name string, key *ecdsa.PrivateKey, form url.Values) said {
	p.t.Helper()
	return p.post("/oauth/token", form, map[string]string{"DPoP": p.proves(key, "POST", "/oauth/token", ""),
		"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+p.secrets[name]))})
}

func (p *passing) exchange(name string, key *ecdsa.PrivateKey, token string, more ...string) said {
	p.t.Helper()
	form := url.Values{"grant_type": {exchanging}, "subject_token": {token}, "subject_token_type": {accessToken}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return p.posts(name, key, form)
}

// first gives the first agent its mandate and a token for it.
func (p *passing) first() {
	p.t.Helper()
	if s := p.posts("first", p.keys[0], url.Values{"grant_type": {"client_credentials"}}); s.status != http.StatusOK {
		p.t.Fatal(s)
	}
	by := p.by3(0)
	m, err := p.AskTask(p.t.Context(), by, authority.TaskAsk{Task: "total", Conditions: p.only})
	if err == nil {
		m, err = p.StartTask(p.t.Context(), by, m.ID)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	p.m[0] = m.ID
	p.renew(0)
}

func (p *passing) by3(i int) authority.By {
	p.t.Helper()
	by, err := p.PresentKey(p.t.Context(), authority.PresentedKey{Thumbprint: thumbprint(p.t, p.keys[i])})
	if err != nil {
		p.t.Fatal(err)
	}
	return by
}

// renew gets a further token for a mandate that an agent holds.
func (p *passing) renew(i int) said {
	p.t.Helper()
	s := p.posts(p.names[i], p.keys[i], url.Values{"grant_type": {"client_credentials"}, "mandate": {string(p.m[i])}})
	p.tokens[i] = s.text("access_token")
	return s
}

// all exchanges down the chain.
func (p *passing) all() {
	p.t.Helper()
	p.first()
	for i := 1; i < 3; i++ {
		s := p.exchange(p.names[i], p.keys[i], p.tokens[i-1])
		if s.status != http.StatusOK || s.text("issued_token_type") != accessToken || s.text("token_type") != "DPoP" || s.body["refresh_token"] != nil || s.body["expires_in"] != 300.0 {
			p.t.Fatal(p.names[i], s)
		}
		p.tokens[i], p.m[i] = s.text("access_token"), stead.MandateID(s.text("mandate"))
	}
}

// live tells whether a service is told that a token counts.
func (p *passing) live(token string) bool {
	p.t.Helper()
	s := p.post("/oauth/introspect", url.Values{"token": {token}}, map[string]string{"Authorization": "Bearer " + p.omar})
	active, _ := s.body["active"].(bool)
	return active
}

// resource is a resource server: it checks tokens with the published keys alone, and the proof of their key; with ?now it asks
// Stead too.
func (p *passing) resource() string {
	p.t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "DPoP ")
		c := p.offline(token)
		exp, _ := c["exp"].(float64)
		cnf, _ := c["cnf"].(map[string]any)
		if c["iss"] != p.origin || c["aud"] != p.origin+"/v1/systems/crm" || !p.Clock.Wall().Before(time.Unix(int64(exp), 0)) ||
			cnf["jkt"] != r.Header.Get("Proved") || r.URL.Query().Has("now") && !p.live(token) {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	p.t.Cleanup(srv.Close)
	return srv.URL
}

func (p *passing) served(at string, i int, query string) bool {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, at+"/?"+query, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "DPoP "+p.tokens[i])
	r.Header.Set("Proved", thumbprint(p.t, p.keys[i])) // what the check of the proof has found
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	_ = w.Body.Close()
	return w.StatusCode == http.StatusOK
}

// A5, A9: a program with a key gets a token, another exchanges it for a narrower one of its own, a third that; each says for
// whom and through whose hands, and a resource server takes it.
func TestExchange(t *testing.T) {
	p := newPassing(t, total())
	p.all()
	at := p.resource()
	var acts [3][]string
	for i, token := range p.tokens {
		c := p.offline(token)
		if c["sub"] != "agent:agents/first" || c["client_id"] != p.names[i] || c["mandate"] != string(p.m[i]) || c["aud"] != p.origin+"/v1/systems/crm" ||
			c["cnf"].(map[string]any)["jkt"] != thumbprint(t, p.keys[i]) {
			t.Error(i, c)
		}
		for act, _ := c["act"].(map[string]any); act != nil; act, _ = act["act"].(map[string]any) {
			if act["iss"] != p.origin || act["sub_profile"] != "ai_agent" {
				t.Error(act)
			}
			acts[i] = append(acts[i], act["sub"].(string))
		}
		if !p.live(token) || !p.served(at, i, "") || !p.served(at, i, "now") {
			t.Error(i, "is not taken")
		}
	}
	if len(acts[0]) != 0 || !slices.Equal(acts[1], []string{"agent:agents/second"}) || !slices.Equal(acts[2], []string{"agent:agents/third", "agent:agents/second"}) {
		t.Error(acts)
	}
	again := p.exchange("second", p.keys[1], p.tokens[0])
	if again.text("mandate") != string(p.m[1]) {
		t.Error("the same asked for again is another mandate:", again)
	}
	p.told("mandate.narrowed", "token.issued")
	p.recorded(p.m[1], "mandate.narrowed", "mandate.started", "token.issued")
	meta := p.send("GET", "/.well-known/oauth-authorization-server", "", nil)
	if grants, _ := meta.body["grant_types_supported"].([]any); !slices.Contains(grants, any(exchanging)) {
		t.Error(meta)
	}
	if told := p.post("/oauth/introspect", url.Values{"token": {p.tokens[2]}}, map[string]string{"Authorization": "Bearer " + p.omar}); told.body["act"] == nil {
		t.Error(told)
	}
}

// A9, F4, F7: whichever link ends, no token below it counts any more, none is given for it, and none is exchanged.
func TestExchangeEnds(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			p := newPassing(t, total())
			p.all()
			at := p.resource()
			c := &chain{world: p.world}
			for i := range p.m {
				c.by[i] = p.by3(i)
				p.Store.View().Read(func(s *authority.State) { c.m[i] = *s.Mandate(p.m[i]) })
			}
			began := time.Now()
			if err := way.end(c); err != nil {
				t.Fatal(err)
			}
			for i, over := range way.over {
				if over == p.served(at, i, "now") {
					t.Errorf("%d: served %v", i, !over)
				}
			}
			t.Logf("%s: refused everywhere %d ms after it was asked for", name, time.Since(began).Milliseconds())
			for i, over := range way.over {
				if !over {
					continue
				}
				if i < 2 {
					if s := p.exchange(p.names[i+1], newKey(t), p.tokens[i]); s.status == http.StatusOK {
						t.Error(i, s)
					}
				}
				old := p.tokens[i]
				if s := p.renew(i); s.status == http.StatusOK {
					t.Error(i, s)
				}
				p.tokens[i] = old
			}
			p.Clock.Move(authority.TokenLife) // who asks nobody hears of it then
			for i := range p.m {
				if p.served(at, i, "") {
					t.Error(i, "is taken offline for longer than a token lives")
				}
			}
		})
	}
}

// E1, F1, F2, F4, F6, F10: what is wrong with an exchange has a name, and nothing falls back to another grant.
func TestExchangeRefused(t *testing.T) {
	p := newPassing(t, total())
	p.first()
	token := p.tokens[0]
	second := newKey(t)
	own := p.posts("second", second, url.Values{"grant_type": {"client_credentials"}}).text("access_token")
	third := newKey(t)
	others := p.posts("third", third, url.Values{"grant_type": {"client_credentials"}}).text("access_token")
	plain := p.posts("first", p.keys[0], url.Values{"grant_type": {"client_credentials"}}).text("access_token")
	head, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`))
	forged := p.signed(second, p.offline(token), nil)
	crm := p.origin + "/v1/systems/crm"
	for name, r := range map[string]struct {
		token string
		more  []string
		code  string
	}{
		"no token":                {"", nil, "invalid_request"},
		"no token, another's":     {"", []string{"actor_token", own, "actor_token_type", accessToken}, "invalid_request"},
		"no type":                 {token, []string{"subject_token_type", ""}, "invalid_request"},
		"another type":            {token, []string{"subject_token_type", "urn:ietf:params:oauth:token-type:saml2"}, "invalid_request"},
		"too long":                {strings.Repeat("a", 20<<10), nil, "invalid_request"},
		"no token of ours":        {"x.y.z", nil, "invalid_request"},
		"cut off":                 {token[:len(token)-1], nil, "invalid_request"},
		"its signature stripped":  {head + "." + payload + ".", nil, "invalid_request"},
		"unsigned":                {none + "." + payload + ".", nil, "invalid_request"},
		"signed by the client":    {forged, nil, "invalid_request"},
		"of no mandate":           {plain, nil, "invalid_request"},
		"its own":                 {own, nil, "invalid_request"},
		"for Stead itself":        {token, []string{"resource", p.origin}, "invalid_target"},
		"another system":          {token, []string{"resource", p.origin + "/v1/systems/hr"}, "invalid_target"},
		"elsewhere":               {token, []string{"audience", "https://else.test"}, "invalid_target"},
		"two targets":             {token, []string{"resource", crm, "audience", p.origin + "/v1/systems/hr"}, "invalid_target"},
		"a refresh token":         {token, []string{"requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"},
		"an actor of no type":     {token, []string{"actor_token", own}, "invalid_request"},
		"a type of no actor":      {token, []string{"actor_token_type", accessToken}, "invalid_request"},
		"another's actor_token":   {token, []string{"actor_token", others, "actor_token_type", accessToken}, "invalid_request"},
		"the holder's as actor":   {token, []string{"actor_token", token, "actor_token_type", accessToken}, "invalid_request"},
		"a forged actor_token":    {token, []string{"actor_token", forged, "actor_token_type", accessToken}, "invalid_request"},
		"more scope":              {token, []string{"scope", "read:public.people"}, "invalid_scope"},
		"scope beyond its own":    {token, []string{"scope", "read:public.customers"}, "invalid_scope"},
		"a mandate beside":        {token, []string{"mandate", string(p.m[0])}, "invalid_request"},
		"details unreadable":      {token, []string{"authorization_details", "["}, "invalid_authorization_details"},
		"details of another type": {token, []string{"authorization_details", `[{"type":"x","actions":["read"],"identifier":"public.orders"}]`}, "invalid_authorization_details"},
		"details unknown":         {token, []string{"authorization_details", `[{"type":"stead_entitlement","actions":["read"],"identifier":"public.orders","x":1}]`}, "invalid_authorization_details"},
		"details of more":         {token, []string{"authorization_details", `[{"type":"stead_entitlement","actions":["read"],"identifier":"public.people"}]`}, "invalid_authorization_details"},
		"details to write":        {token, []string{"authorization_details", `[{"type":"stead_entitlement","actions":["write"],"identifier":"public.orders"}]`}, "invalid_authorization_details"},
		"details elsewhere":       {token, []string{"authorization_details", `[{"type":"stead_entitlement","locations":["https://else.test"],"actions":["read"],"identifier":"public.orders"}]`}, "invalid_authorization_details"},
		"scope and details":       {token, []string{"scope", "x", "authorization_details", `[{"type":"stead_entitlement","actions":["read"],"identifier":"public.orders"}]`}, "invalid_request"},
	} {
		s := p.exchange("second", second, r.token, r.more...)
		if s.text("error") != r.code || s.status != http.StatusBadRequest || s.body["access_token"] != nil {
			t.Errorf("%s: %d %v, want %s", name, s.status, s.body, r.code)
		}
		p.Clock.Move(time.Second)
	}
	if s := p.posts("second", second, url.Values{"grant_type": {"client_credentials"}, "subject_token": {token}}); s.text("error") != "invalid_request" {
		t.Error("it fell back:", s)
	}
	public := url.Values{"grant_type": {exchanging}, "client_id": {"second"}, "subject_token": {token}, "subject_token_type": {accessToken}}
	if s := p.post("/oauth/token", public, map[string]string{"DPoP": p.proves(second, "POST", "/oauth/token", "")}); s.text("error") != "invalid_client" {
		t.Error("a public client:", s)
	}
	if s := p.exchange("first", p.keys[0], token); s.text("error") != "invalid_request" {
		t.Error("to itself:", s)
	}
	if s := p.exchange("second", second, token, "actor_token", own, "actor_token_type", accessToken, "resource", crm, "audience", crm); s.status != http.StatusOK {
		t.Error("with its own actor_token:", s)
	}
	written := text(t, p.exchange("second", second, token, "authorization_details", `[{"type":"stead_entitlement","actions":["read"],"identifier":"public.orders"}]`).body["authorization_details"])
	if s := p.exchange("second", second, token, "authorization_details", written); s.status != http.StatusOK || !strings.Contains(written, crm) || text(t, s.body["authorization_details"]) != written {
		t.Error("by the very details that it was told:", written, s)
	}
	p.Clock.Move(authority.TokenLife)
	if s := p.exchange("second", second, token); s.text("error") != "invalid_request" {
		t.Error("over:", s)
	}
	p.told("token.issue.refused")
}

// What is asked for by scope or by details is all that the token, the mandate and every use of it cover.
func TestExchangeLess(t *testing.T) {
	p := newPassing(t, total())
	p.first()
	want := `[{"type":"stead_entitlement","actions":["read"],"identifier":"public.orders","columns":["id"]}]`
	for _, more := range [][]string{{"authorization_details", want}, {"scope", "read:public.orders"}} {
		s := p.exchange("second", p.keys[1], p.tokens[0], more...)
		d, _ := s.body["authorization_details"].([]any)
		if s.status != http.StatusOK || len(d) != 1 || len(p.offline(s.text("access_token"))["authorization_details"].([]any)) != 1 {
			t.Fatal(more, s)
		}
		p.m[1] = stead.MandateID(s.text("mandate"))
		p.Store.View().Read(func(s *authority.State) {
			m := s.Mandate(p.m[1])
			if len(m.Scope.Grants) != 1 || m.Scope.Grants[0].Resource != "public.orders" {
				t.Error(m.Scope)
			}
		})
	}
	form := url.Values{"grant_type": {"client_credentials"}, "mandate": {string(p.m[0])}, "authorization_details": {want}}
	if s := p.posts("first", p.keys[0], form); s.status != http.StatusOK || s.body["authorization_details"] == nil {
		t.Error(s)
	}
	form.Set("authorization_details", strings.ReplaceAll(want, "public.orders", "public.people"))
	if s := p.posts("first", p.keys[0], form); s.text("error") != "invalid_authorization_details" {
		t.Error(s)
	}
	form.Del("mandate")
	if s := p.posts("first", p.keys[0], form); s.text("error") != "invalid_authorization_details" {
		t.Error(s)
	}
}

// F1, F2, F6: whatever is posted, it is an error, or a token for what both the holder and the client may do, and never of
// another grant.
func TestExchangeForms(t *testing.T) {
	p := newPassing(t, total())
	p.first()
	token := p.tokens[0]
	own := p.posts("second", p.keys[1], url.Values{"grant_type": {"client_credentials"}}).text("access_token")
	values := map[string][]string{
		"grant_type": {exchanging}, "subject_token": {token, token, token, own, "x", ""}, "subject_token_type": {accessToken, accessToken, accessToken, "x", ""},
		"actor_token": {"", "", own, token, "x"}, "actor_token_type": {"", "", accessToken}, "requested_token_type": {"", accessToken, "x"},
		"resource": {"", "", p.origin + "/v1/systems/crm", p.origin + "/v1/systems/hr", p.origin}, "audience": {"", "", p.origin + "/v1/systems/crm", "x"},
		"scope": {"", "", "read:public.orders", "read:public.people", "write:public.orders", "read:public.orders read:public.customers"},
		"authorization_details": {"", "", "[]", `[{"type":"stead_entitlement","actions":["read"],"identifier":"public.orders"}]`,
			`[{"type":"stead_entitlement","actions":["read","write"],"identifier":"public.orders"}]`, `[{"type":"stead_entitlement","actions":["read"],"identifier":"public.people"}]`},
		"mandate": {"", "", "", "", string(p.m[0])}, "client_id": {"", "", "second", "first"},
	}
	r := rand.New(rand.NewPCG(3, 7))
	given := 0
	for range 2500 {
		form := url.Values{}
		for _, name := range slices.Sorted(maps.Keys(values)) { // in one order, so that every run posts the same
			all := values[name]
			if v := all[r.IntN(len(all))]; v != "" {
				form.Add(name, v)
			}
			if r.IntN(60) == 0 {
				form.Add(name, all[r.IntN(len(all))])
			}
		}
		s := p.posts("second", p.keys[1], form)
		p.Clock.Move(100 * time.Millisecond) // no brake is touched
		if s.status != http.StatusOK {
			if s.text("error") == "" || s.body["access_token"] != nil {
				t.Fatal(form, s)
			}
			continue
		}
		given++
		c := p.offline(s.text("access_token"))
		act, _ := c["act"].(map[string]any)
		p.Store.View().Read(func(v *authority.State) {
			m := v.Mandate(stead.MandateID(s.text("mandate")))
			if m == nil || m.Parent != p.m[0] || len(m.Scope.Grants) != 1 || m.Scope.Grants[0].Resource != "public.orders" || m.Scope.Grants[0].Action != stead.ActionRead ||
				m.Mode != stead.ReadOnly || act["sub"] != "agent:agents/second" || c["sub"] != "agent:agents/first" || s.body["refresh_token"] != nil {
				t.Fatal(form, c, m)
			}
		})
	}
	if given < 5 {
		t.Errorf("%d were given", given)
	}
}

// R39: a token that says who may act is exchanged by him alone.
func TestMayAct(t *testing.T) {
	one := total()
	one.Delegates = []string{"third"}
	p := newPassing(t, one)
	p.first()
	may, _ := p.offline(p.tokens[0])["may_act"].(map[string]any)
	if may["sub"] != "agent:agents/third" || may["iss"] != p.origin {
		t.Error(may)
	}
	if s := p.exchange("second", p.keys[1], p.tokens[0]); s.text("error") != "invalid_request" {
		t.Error(s)
	}
	if s := p.exchange("third", p.keys[2], p.tokens[0]); s.status != http.StatusOK {
		t.Error(s)
	}
}

// F11: what the house writes and answers to an exchange holds nothing of the token that it was shown.
func TestExchangeKeepsItToItself(t *testing.T) {
	p := newPassing(t, total())
	p.first()
	signature := p.tokens[0][strings.LastIndexByte(p.tokens[0], '.')+1:]
	s := p.exchange("second", p.keys[1], p.tokens[0])
	if s.status != http.StatusOK || strings.Contains(text(t, s.body), signature) {
		t.Error(s)
	}
	if err := p.Store.Settled(t.Context(), p.Store.Head().Size); err != nil {
		t.Fatal(err)
	}
	all, err := p.Store.Events(t.Context(), authority.EventQuery{Limit: 1000})
	if err != nil || strings.Contains(text(t, all), signature) {
		t.Error("it is on record", err)
	}
}

// sends calls the API as an instance: a token for Stead's own doors, and a proof of its key.
func (p *passing) sends(i int, path, body string) said {
	p.t.Helper()
	token := p.posts(p.names[i], p.keys[i], url.Values{"grant_type": {"client_credentials"}}).text("access_token")
	return p.send("POST", path, body, map[string]string{"Content-Type": "application/json", "Authorization": "DPoP " + token,
		"DPoP": p.proves(p.keys[i], "POST", path, token)})
}

// The holder passes on by the API what the other agent then starts, and takes it back.
func TestNarrowByAPI(t *testing.T) {
	p := newPassing(t, total())
	p.first()
	const path = "/v1/mandates/"
	s := p.sends(0, path+string(p.m[0])+"/narrow", `{"agent":"second","for":"1h","last":true,"grants":[{"system":"crm","action":"read","resource":"public.orders","columns":["id"]}]}`)
	if s.status != http.StatusCreated || s.text("parent") != string(p.m[0]) || s.text("state") != "approved" || s.text("length") != "1h" || s.body["depth"] != nil {
		t.Fatal(s)
	}
	p.m[1] = stead.MandateID(s.text("id"))
	if s = p.sends(1, path+s.text("id")+"/start", "{}"); s.status != http.StatusOK || s.text("state") != "active" {
		t.Fatal(s)
	}
	if s = p.sends(1, path+string(p.m[0])+"/narrow", `{"agent":"third"}`); s.status != http.StatusNotFound {
		t.Error("another's:", s)
	}
	if s = p.sends(1, path+string(p.m[1])+"/narrow", `{"agent":"third"}`); s.status != http.StatusForbidden || s.text("reason_code") != "chaining" {
		t.Error("it was to be the last:", s)
	}
	shown := p.send("GET", path+string(p.m[0]), "", map[string]string{"Authorization": "Bearer " + p.omar})
	if children, _ := shown.body["children"].([]any); len(children) != 1 || children[0] != string(p.m[1]) {
		t.Error(shown)
	}
	if s = p.sends(2, path+string(p.m[1])+"/revoke", "{}"); s.status != http.StatusNotFound {
		t.Error("a stranger:", s)
	}
	if s = p.sends(0, path+string(p.m[1])+"/revoke", "{}"); s.status != http.StatusOK {
		t.Error(s)
	}
	if s = p.renew(1); s.status == http.StatusOK {
		t.Error(s)
	}
}
