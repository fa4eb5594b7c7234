package agents

import (
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/store/pgtest"
)

// F1, F2, F6: whatever is wrong with a request has OAuth's own name, and nothing falls back to something else.
func TestTokenRefused(t *testing.T) {
	o := newOutside(t)
	run := newKey(t)
	o.token(run)
	_, m := o.begins(run)
	o.register("other", stead.Company, stead.LowTier, "staff/ida", task("tidy", "public.orders"))
	taken := newKey(t)
	if _, err := o.EnrollInstance(t.Context(), o.by("other's key"), authority.NewInstance{Key: stead.AgentKey{Thumbprint: thumbprint(t, taken)}}); err != nil {
		t.Fatal(err)
	}
	proof := func() map[string]string { return map[string]string{"DPoP": o.proves(run, "POST", "/oauth/token", "")} }
	with := func(more ...string) url.Values {
		form := o.asserts(nil)
		form.Set("grant_type", "client_credentials")
		for i := 0; i < len(more); i += 2 {
			form.Set(more[i], more[i+1])
		}
		return form
	}
	asserted := func(change map[string]any) url.Values {
		form := o.asserts(change)
		form.Set("grant_type", "client_credentials")
		return form
	}
	basic := func(name, secret string) map[string]string {
		head := proof()
		head["Authorization"] = "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+secret))
		return head
	}
	naked := url.Values{"grant_type": {"client_credentials"}}
	used := with()
	if s := o.post("/oauth/token", used, proof()); s.status != http.StatusOK {
		t.Fatal(s)
	}
	twice := proof()
	if s := o.post("/oauth/token", with(), twice); s.status != http.StatusOK {
		t.Fatal(s)
	}
	for name, r := range map[string]struct {
		form url.Values
		head map[string]string
		code string
	}{
		"no grant":                  {with("grant_type", ""), proof(), "invalid_request"},
		"password":                  {with("grant_type", "password"), proof(), "unsupported_grant_type"},
		"exchange":                  {with("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token", "x"), proof(), "invalid_request"},
		"nobody":                    {naked, proof(), "invalid_client"},
		"a name alone":              {url.Values{"grant_type": {"client_credentials"}, "client_id": {"monthly-report"}}, proof(), "invalid_client"},
		"two ways":                  {with(), basic("monthly-report", "x"), "invalid_request"},
		"no secret of its":          {naked, basic("monthly-report", "x"), "invalid_client"},
		"no secret at all":          {naked, basic("monthly-report", ""), "invalid_client"},
		"a person":                  {naked, basic("sam", "correct horse"), "invalid_client"},
		"Basic unreadable":          {naked, map[string]string{"Authorization": "Basic !", "DPoP": proof()["DPoP"]}, "invalid_client"},
		"a bearer":                  {naked, map[string]string{"Authorization": "Bearer x", "DPoP": proof()["DPoP"]}, "invalid_client"},
		"another's name":            {with("client_id", "other"), proof(), "invalid_client"},
		"another's assertion":       {asserted(map[string]any{"iss": "other", "sub": "other"}), proof(), "invalid_client"},
		"for somebody else":         {asserted(map[string]any{"aud": "https://else.test"}), proof(), "invalid_client"},
		"over":                      {asserted(map[string]any{"exp": o.Clock.Wall().Unix() - 1}), proof(), "invalid_client"},
		"of another type":           {with("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"), proof(), "invalid_request"},
		"assertion twice":           {used, proof(), "invalid_client"},
		"a scope":                   {with("scope", "admin"), proof(), "invalid_scope"},
		"unknown resource":          {with("resource", "https://else.test"), proof(), "invalid_target"},
		"a system without mandate":  {with("resource", o.origin+"/v1/systems/crm"), proof(), "invalid_target"},
		"another system":            {with("resource", o.origin+"/v1/systems/hr", "mandate", string(m.ID)), proof(), "invalid_target"},
		"Stead under a mandate":     {with("resource", o.origin, "mandate", string(m.ID)), proof(), "invalid_target"},
		"no such mandate":           {with("mandate", "man_x"), proof(), "invalid_grant"},
		"another instance's":        {with("mandate", string(m.ID)), map[string]string{"DPoP": o.proves(newKey(t), "POST", "/oauth/token", "")}, "invalid_grant"},
		"no proof":                  {with(), nil, "invalid_dpop_proof"},
		"proof twice":               {with(), twice, "invalid_dpop_proof"},
		"proof of another endpoint": {with(), map[string]string{"DPoP": o.proves(run, "POST", "/oauth/revoke", "")}, "invalid_dpop_proof"},
		"another agent's instance":  {with(), map[string]string{"DPoP": o.proves(taken, "POST", "/oauth/token", "")}, "invalid_dpop_proof"},
		"the agent's own key":       {with(), map[string]string{"DPoP": o.proves(o.key, "POST", "/oauth/token", "")}, "invalid_dpop_proof"},
		"too much":                  {with("x", strings.Repeat("x", 40<<10)), proof(), "invalid_request"},
	} {
		s := o.post("/oauth/token", r.form, r.head)
		status := http.StatusBadRequest
		if r.code == "invalid_client" {
			status = http.StatusUnauthorized
		}
		if s.text("error") != r.code || s.status != status || s.body["access_token"] != nil || s.head.Get("Cache-Control") != "no-store" ||
			(s.head.Get("WWW-Authenticate") != "") != (status == http.StatusUnauthorized) {
			t.Errorf("%s: %d %v, want %s", name, s.status, s.body, r.code)
		}
		o.Clock.Move(time.Second) // no brake is touched
	}
	o.told("token.issue.refused")
	o.Store.View().Read(func(s *authority.State) {
		if n := len(s.InstancesOf(o.agent.Principal)); n != 1 {
			t.Errorf("%d instances, and only one ever got a token", n)
		}
	})
}

// F1: a proof or an assertion counts once however many come at the same moment.
func TestOneOfMany(t *testing.T) {
	o := newOutside(t)
	run := newKey(t)
	form := o.asserts(nil)
	form.Set("grant_type", "client_credentials")
	var proofs [50]string
	for i := range proofs {
		proofs[i] = o.proves(run, "POST", "/oauth/token", "")
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	given := 0
	for _, p := range proofs {
		all.Go(func() {
			s := o.post("/oauth/token", form, map[string]string{"DPoP": p})
			mu.Lock()
			defer mu.Unlock()
			if s.status == http.StatusOK {
				given++
			}
		})
	}
	all.Wait()
	if given != 1 {
		t.Errorf("one assertion gave %d tokens", given)
	}
}

// F7: an agent that is suspended or whose owner is gone gets no token, and is told that it is not its proof.
func TestNoTokenForStopped(t *testing.T) {
	for name, stop := range map[string]func(*outside) error{
		"suspended": func(o *outside) error {
			_, err := o.SuspendAgent(o.t.Context(), o.root, o.agent.Principal, "odd")
			return err
		},
		"owner gone": func(o *outside) error {
			gone := true
			_, err := o.Change(o.t.Context(), o.root, o.People["staff/max"].ID, authority.Edit{Disabled: &gone})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOutside(t)
			if err := stop(o); err != nil {
				t.Fatal(err)
			}
			form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"monthly-report"}, "client_secret": {"x"}}
			if s := o.post("/oauth/token", form, nil); s.text("error") != "invalid_client" {
				t.Error("who proves nothing learns of it:", s)
			}
			if s := o.asks(newKey(t)); s.text("error") != "unauthorized_client" || s.status != http.StatusBadRequest {
				t.Error(s)
			}
		})
	}
}

// A client secret does for what cannot hold a key of the agent: it is shown once, and the next one ends it.
func TestSecret(t *testing.T) {
	o := newOutside(t)
	_, err := o.MakeSecret(t.Context(), o.Login("staff/sam", "console.test"), o.agent.Principal)
	o.no(err, stead.ReasonNotYours)
	_, err = o.MakeSecret(t.Context(), o.by("monthly-report's key"), o.agent.Principal)
	o.no(err, stead.ReasonPerson)
	first, err := o.MakeSecret(t.Context(), o.Login("staff/max", "console.test"), o.agent.Principal)
	if err != nil || len(first) < 52 {
		t.Fatal(first, err)
	}
	run := newKey(t)
	gets := func(secret string) (basic, post said) {
		form := url.Values{"grant_type": {"client_credentials"}}
		head := map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("monthly-report:"+secret)),
			"DPoP": o.proves(run, "POST", "/oauth/token", "")}
		basic = o.post("/oauth/token", form, head)
		form.Set("client_id", "monthly-report")
		form.Set("client_secret", secret)
		return basic, o.post("/oauth/token", form, map[string]string{"DPoP": o.proves(run, "POST", "/oauth/token", "")})
	}
	basic, post := gets(first)
	if basic.status != http.StatusOK || post.status != http.StatusOK {
		t.Fatal(basic, post)
	}
	o.active(basic.text("access_token"), true)
	second, err := o.MakeSecret(t.Context(), o.root, o.agent.Principal)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{first, second[:len(second)-1], second + "x", strings.ToUpper(second), ""} {
		if basic, post = gets(wrong); basic.text("error") != "invalid_client" || post.text("error") != "invalid_client" {
			t.Error(wrong, basic, post)
		}
	}
	if basic, _ = gets(second); basic.status != http.StatusOK {
		t.Error(basic)
	}
	o.told("secret.made", "secret.make.refused")
}

// Who asks about a token proves who he is, and learns nothing of what is not his; only whose it is takes it back.
func TestInspecting(t *testing.T) {
	o := newOutside(t)
	run := newKey(t)
	token := o.token(run)
	form := url.Values{"token": {token}}
	for _, path := range []string{"/oauth/introspect", "/oauth/revoke"} {
		for _, pass := range []string{"", "Bearer stp_x", "Bearer " + token, "DPoP " + token, "Basic bW9udGhseS1yZXBvcnQ6eA=="} {
			head := map[string]string{}
			if pass != "" {
				head["Authorization"] = pass
			}
			scheme := "Basic "
			if strings.HasPrefix(pass, "Bearer ") {
				scheme = "Bearer "
			}
			if s := o.post(path, form, head); s.status != http.StatusUnauthorized || s.text("error") != "invalid_client" || !strings.HasPrefix(s.head.Get("WWW-Authenticate"), scheme) {
				t.Error(path, pass, s)
			}
		}
		if s := o.post(path, o.asserts(nil), nil); s.text("error") != "invalid_request" {
			t.Error(path, s)
		}
		used := o.asserts(nil)
		used.Set("token", "x")
		if s := o.post(path, used, nil); s.status != http.StatusOK {
			t.Error(path, s)
		}
		if s := o.post(path, used, nil); s.text("error") != "invalid_client" {
			t.Error(path, "an assertion counts twice:", s)
		}
	}
	bearer := func(who string) said {
		return o.post("/oauth/introspect", form, map[string]string{"Authorization": "Bearer " + o.pass(who)})
	}
	if s := bearer("staff/sam"); s.status != http.StatusOK || s.body["active"] != false || len(s.body) != 1 {
		t.Error("anybody may know:", s)
	}
	other := o.register("other", stead.Company, stead.LowTier, "staff/ida", task("tidy", "public.orders"))
	secret, err := o.MakeSecret(t.Context(), o.root, other.Principal)
	if err != nil {
		t.Fatal(err)
	}
	others := map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("other:"+secret))}
	if s := o.post("/oauth/introspect", form, others); s.status != http.StatusOK || s.body["active"] != false {
		t.Error(s)
	}
	if s := o.post("/oauth/revoke", form, others); s.text("error") != "unauthorized_client" {
		t.Error(s)
	}
	o.active(token, true)
	for _, dead := range []string{"x", token[:len(token)-1], token + "A", strings.Repeat("a.", 5000)} {
		o.active(dead, false)
	}
	o.told("token.introspect.refused", "token.revoke.refused")
}

// A token opens the API to who holds its key, with a proof for that very request, once; one for a system never does.
func TestTokenAtAPI(t *testing.T) {
	o := newOutside(t)
	run, thief := newKey(t), newKey(t)
	token := o.token(run)
	_, m := o.begins(run)
	under := o.token(run, "mandate", string(m.ID))
	const path = "/v1/mandates"
	good := o.proves(run, "GET", path, token)
	for name, r := range map[string]struct {
		head map[string]string
		code string
	}{
		"stolen":               {map[string]string{"Authorization": "DPoP " + token, "DPoP": o.proves(thief, "GET", path, token)}, "invalid_token"},
		"no proof":             {map[string]string{"Authorization": "DPoP " + token}, "invalid_dpop_proof"},
		"of another request":   {map[string]string{"Authorization": "DPoP " + token, "DPoP": o.proves(run, "GET", "/v1/agents", token)}, "invalid_dpop_proof"},
		"of another method":    {map[string]string{"Authorization": "DPoP " + token, "DPoP": o.proves(run, "POST", path, token)}, "invalid_dpop_proof"},
		"of another token":     {map[string]string{"Authorization": "DPoP " + token, "DPoP": o.proves(run, "GET", path, under)}, "invalid_dpop_proof"},
		"without ath":          {map[string]string{"Authorization": "DPoP " + token, "DPoP": o.proves(run, "GET", path, "")}, "invalid_dpop_proof"},
		"for a system":         {map[string]string{"Authorization": "DPoP " + under, "DPoP": o.proves(run, "GET", path, under)}, "invalid_token"},
		"no token of ours":     {map[string]string{"Authorization": "DPoP x", "DPoP": good}, "invalid_token"},
		"its end flipped":      {map[string]string{"Authorization": "DPoP " + token[:len(token)-1] + "!", "DPoP": good}, "invalid_token"},
		"a token as a session": {map[string]string{"Authorization": "Bearer " + token, "DPoP": good}, ""},
	} {
		s := o.send("GET", path, "", r.head)
		want := `DPoP error="` + r.code + `", algs="ES256 EdDSA Ed25519"`
		if r.code == "" {
			want = `Bearer realm="stead"`
		}
		if s.status != http.StatusUnauthorized || s.head.Get("WWW-Authenticate") != want {
			t.Error(name, s.status, s.head.Get("WWW-Authenticate"), s.body)
		}
	}
	head := map[string]string{"Authorization": "DPoP " + token, "DPoP": good}
	if s := o.send("GET", path, "", head); strings.HasPrefix(s.head.Get("WWW-Authenticate"), "DPoP") || s.head.Get("RateLimit") == "" {
		t.Error("its holder is not let in:", s)
	}
	if s := o.send("GET", path, "", head); s.head.Get("WWW-Authenticate") != `DPoP error="invalid_dpop_proof", algs="ES256 EdDSA Ed25519"` {
		t.Error("a proof counts twice:", s)
	}
	o.Clock.Move(2 * time.Minute)
	s := o.send("GET", path, "", map[string]string{"Authorization": "DPoP " + token, "DPoP": o.old(run, path, token)})
	if s.head.Get("WWW-Authenticate") != `DPoP error="use_dpop_nonce", algs="ES256 EdDSA Ed25519"` || s.head.Get("DPoP-Nonce") == "" {
		t.Error(s)
	}
}

// F1, G2: what was used at one node is used at all, and what was revoked at one is at the next request of another.
func TestTokenNodes(t *testing.T) {
	server := pgtest.Start(t)
	o := newOutside(t, func(h *house.Options) { h.DSN = server.Create(t) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.serve(o.Beside(), l)
	one, two := o.at, "http://"+l.Addr().String()
	form := o.asserts(nil)
	form.Set("grant_type", "client_credentials")
	given := map[string]int{}
	stolen := newKey(t)
	for _, at := range []string{one, two, one, two} {
		o.at = at
		s := o.post("/oauth/token", form, map[string]string{"DPoP": o.proves(stolen, "POST", "/oauth/token", "")})
		given[s.text("token_type")+s.text("error")]++
		stolen = newKey(t)
	}
	if given["DPoP"] != 1 {
		t.Errorf("one assertion: %v", given)
	}
	o.Store.View().Read(func(s *authority.State) {
		if n := len(s.InstancesOf(o.agent.Principal)); n != 1 {
			t.Errorf("one assertion began %d instances", n)
		}
	})
	for i, at := range []string{one, two, one, two} {
		o.at = at
		token := o.token(newKey(t))
		o.active(token, true)
		o.at = []string{two, one}[i%2]
		o.active(token, true)
		gone := o.asserts(nil)
		gone.Set("token", token)
		if s := o.post("/oauth/revoke", gone, nil); s.status != http.StatusOK {
			t.Fatal(s)
		}
		o.at = at
		o.active(token, false)
	}
}

// Refusing is cheap: who asks too much is told to wait before it costs a commit, and others are not held up by him.
func TestTokenFlood(t *testing.T) {
	o := newOutside(t)
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"monthly-report"}, "client_secret": {"x"}}
	before := o.Store.Head().Size
	held := 0
	for range 300 {
		if s := o.post("/oauth/token", form, nil); s.status == http.StatusTooManyRequests && s.head.Get("Retry-After") != "" {
			held++
		}
	}
	if written := o.Store.Head().Size - before; held != 100 || written != 200 {
		t.Errorf("of 300 at one moment %d were held, and %d written", held, written)
	}
	o.token(newKey(t))
}

// A resource server that has signed in as a service learns of every token that is live, and of nothing else.
func TestResourceServer(t *testing.T) {
	o := newOutside(t)
	token := o.token(newKey(t))
	asks := func(token string) said {
		return o.post("/oauth/introspect", url.Values{"token": {token}}, map[string]string{"Authorization": "Bearer " + o.pass("staff/tess")})
	}
	if s := asks(token); s.body["active"] != false {
		t.Error("a person without a role may know:", s)
	}
	p := o.People["staff/tess"]
	p.Kind, p.Version = stead.Service, p.Version+1
	e := stead.Event{ID: stead.EventID(o.NewID(stead.PrefixEvent)), At: o.Now(), Kind: "person.changed", Actor: stead.Server, Subject: p.ID, Outcome: stead.OK}
	if _, err := o.Store.Append(t.Context(), authority.Entry{Changes: []stead.Change{{Event: e, Records: []stead.Record{p}}}}); err != nil {
		t.Fatal(err)
	}
	o.Clock.Move(time.Minute)
	if s := asks(token); s.body["active"] != true || s.text("sub") != "agent:agents/monthly-report" {
		t.Error(s)
	}
	if s := asks(token + "A"); s.body["active"] != false {
		t.Error(s)
	}
}
