package agents

import (
	"crypto/ecdsa"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
)

// bearing opens crm for tokens that are bound to no key.
func bearing(o *house.Options) {
	for i := range o.Settings.Apps {
		o.Settings.Apps[i].Bearer = o.Settings.Apps[i].ID == "crm"
	}
}

// A bearer is the report in the hands of a run that asks by assertions of its own key.
type bearer struct {
	*outside
	run *ecdsa.PrivateKey
	m   stead.Mandate
}

func newBearer(t *testing.T, tier stead.Tier, change ...func(*house.Options)) *bearer {
	t.Helper()
	b := &bearer{outside: newOutside(t, change...), run: newKey(t)}
	b.token(b.run)
	_, b.m = b.begins(b.run)
	r := b.agent
	r.Tier = tier
	var err error
	if b.agent, err = b.ChangeAgent(t.Context(), b.root, r.Principal, authority.NewAgent{Registration: r}); err != nil {
		t.Fatal(err)
	}
	return b
}

// bare asks without a proof of a key beside: the run's own assertion is all.
func (b *bearer) bare(more ...string) said {
	b.t.Helper()
	own, kid := b.key, b.kid
	b.key, b.kid = b.run, thumbprint(b.t, b.run)
	form := b.asserts(nil)
	b.key, b.kid = own, kid
	form.Set("grant_type", "client_credentials")
	form.Set("mandate", string(b.m.ID))
	for i := 0; i < len(more); i += 2 {
		if form.Set(more[i], more[i+1]); more[i+1] == "" {
			form.Del(more[i])
		}
	}
	return b.post("/oauth/token", form, nil)
}

// R39: bound to no key where the resource, the tier and policy all say so; for that resource, for five minutes; told by everything that tells.
func TestBearer(t *testing.T) {
	b := newBearer(t, stead.LowTier, bearing)
	s := b.bare()
	if s.status != http.StatusOK || s.text("token_type") != "Bearer" || s.body["expires_in"] != 300.0 {
		t.Fatal(s)
	}
	c := b.offline(s.text("access_token"))
	if c["cnf"] != nil || c["aud"] != b.origin+"/v1/systems/crm" || c["mandate"] != string(b.m.ID) {
		t.Error(c)
	}
	got := b.introspected(s.text("access_token"))
	if got.body["active"] != true || got.text("token_type") != "Bearer" || got.body["cnf"] != nil {
		t.Error(got)
	}
	b.told("token.issued")
	all, err := b.Store.Events(t.Context(), authority.EventQuery{Kinds: []string{"token.issued"}, Limit: 10})
	if err != nil || !slices.ContainsFunc(all, func(e authority.StoredEvent) bool { return e.What["bound"] == "no" && e.Mandate == b.m.ID }) {
		t.Error("the record does not tell:", all, err)
	}
	pass := b.pass("staff/omar")
	if v := b.send("GET", "/v1/mandates/"+string(b.m.ID), "", map[string]string{"Authorization": "Bearer " + pass}); v.body["unbound"] != true {
		t.Error(v.body)
	}
	// Nothing of Stead's own takes it, with a key or without, and it is passed on to nobody.
	for name, head := range map[string]map[string]string{
		"as bearer": {"Authorization": "Bearer " + s.text("access_token")},
		"as DPoP":   {"Authorization": "DPoP " + s.text("access_token"), "DPoP": b.proves(b.run, "GET", "/v1/mandates", s.text("access_token"))},
	} {
		if v := b.send("GET", "/v1/mandates", "", head); v.status != http.StatusUnauthorized {
			t.Errorf("%s: %v", name, v)
		}
	}
	form := b.asserts(nil)
	for name, v := range map[string]string{"grant_type": exchanging, "subject_token": s.text("access_token"), "subject_token_type": accessToken} {
		form.Set(name, v)
	}
	if v := b.post("/oauth/token", form, map[string]string{"DPoP": b.proves(b.run, "POST", "/oauth/token", "")}); v.text("error") != "invalid_request" {
		t.Error("passed on:", v)
	}
	bound := b.token(b.run, "mandate", string(b.m.ID))
	if b.introspected(bound).text("token_type") != "DPoP" {
		t.Error("a bound one is told as such")
	}
	if _, err := b.Revoke(t.Context(), b.Login("staff/omar", "console.test"), b.m.ID, "enough"); err != nil {
		t.Fatal(err)
	}
	b.active(s.text("access_token"), false)
}

// And where one of them does not, the answer says which, and what to do instead.
func TestBearerRefused(t *testing.T) {
	forbidden := map[string]string{"bound.cedar": `
@id("bound")
@owner("security")
forbid (principal is Agent, action == Action::"act", resource) when { context has sender_bound && !context.sender_bound };
`}
	low := newBearer(t, stead.LowTier, bearing)
	for name, r := range map[string]struct {
		b    *bearer
		more []string
		says string
	}{
		"not configured":    {newBearer(t, stead.LowTier), nil, "resources: bearer"},
		"of a higher tier":  {newBearer(t, stead.HighTier, bearing), nil, "tier"},
		"without a mandate": {low, []string{"mandate", ""}, "DPoP"},
		"for Stead itself":  {low, []string{"resource", low.origin}, ""},
	} {
		s := r.b.bare(r.more...)
		if s.status != http.StatusBadRequest || s.text("access_token") != "" || !strings.Contains(s.text("error_description"), r.says) {
			t.Errorf("%s: %v", name, s)
		}
	}
	form := low.asserts(nil) // by the agent's key, which is no run's
	form.Set("grant_type", "client_credentials")
	form.Set("mandate", string(low.m.ID))
	if s := low.post("/oauth/token", url.Values(form), nil); s.text("error") != "invalid_dpop_proof" || !strings.Contains(s.text("error_description"), "DPoP") {
		t.Error("without a run:", s)
	}
	given := low.bare()
	low.active(given.text("access_token"), true)
	low.apply(forbidden)
	if s := low.bare(); !strings.Contains(s.text("error_description"), "sender_bound") {
		t.Error("against policy:", s)
	}
	low.active(given.text("access_token"), false)
	if bound := low.asks(low.run, "mandate", string(low.m.ID)); bound.status != http.StatusOK {
		t.Error("bound it is permitted still:", bound)
	}
	low.told("token.issue.refused")
}
