package agents

import (
	"net/url"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
)

// R37: a mandate for one transaction is passed on for that one alone, every token says which, and all of them are over when the
// transaction is: by the word of the service in whose hands it is, and of no other.
func TestTransactionPassedOn(t *testing.T) {
	p := newPassing(t, total(), func(o *house.Options) {
		o.Settings.Evaluators = []stead.Evaluator{{ID: "service:payments", Apps: []stead.AppID{"crm"}}, {ID: "service:kiosk", Apps: []stead.AppID{"orders"}}}
	})
	p.only = map[string][]string{stead.Transaction: {"refund-4711"}}
	p.all()
	for i, token := range p.tokens {
		if c := p.offline(token); c["txn"] != "refund-4711" {
			t.Error(i, c)
		}
		s := p.post("/oauth/introspect", url.Values{"token": {token}}, map[string]string{"Authorization": "Bearer " + p.omar})
		if s.body["active"] != true || s.text("txn") != "refund-4711" {
			t.Error(i, s)
		}
		for id, active := range map[string]bool{"payments": true, "kiosk": false} { // one may ask about the system, the other about another
			s := p.post("/oauth/introspect", url.Values{"token": {token}}, map[string]string{"Authorization": "Bearer the secret of service:" + id})
			if s.status != 200 || s.body["active"] != active || active != (s.text("txn") == "refund-4711") {
				t.Error(id, i, s)
			}
		}
	}
	own := p.posts("second", p.keys[1], url.Values{"grant_type": {"client_credentials"}}).text("access_token")
	for what, c := range map[string]struct{ token, pass, says string }{
		"a token of no mandate": {own, "the secret of service:payments", ""},
		"no token":              {"x", "the secret of service:payments", ""},
		"nobody's secret":       {p.tokens[0], "the secret of service:nobody", "invalid_client"},
		"nothing":               {"", "the secret of service:payments", "invalid_request"},
	} {
		s := p.post("/oauth/introspect", url.Values{"token": {c.token}}, map[string]string{"Authorization": "Bearer " + c.pass})
		if s.text("error") != c.says || s.body["active"] == true || s.text("sub") != "" {
			t.Error(what, s)
		}
	}
	for id, want := range map[stead.PrincipalID]stead.Reason{"service:nobody": stead.ReasonRights, p.People["staff/omar"].ID: stead.ReasonRights, "service:kiosk": stead.ReasonNone} {
		if n, err := p.CompleteTransaction(t.Context(), authority.By{Principal: id}, "refund-4711"); n != 0 || stead.ReasonOf(err) != want {
			t.Errorf("%s ended %d: %v", id, n, err)
		}
	}
	if !p.live(p.tokens[2]) {
		t.Error("it is over for those who may not say so")
	}
	if n, err := p.CompleteTransaction(t.Context(), authority.By{Principal: "service:payments"}, "refund-4711"); n != 3 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for i, token := range p.tokens {
		if p.live(token) {
			t.Errorf("%s goes on", p.names[i])
		}
		p.recorded(p.m[i], "mandate.completed")
	}
}
