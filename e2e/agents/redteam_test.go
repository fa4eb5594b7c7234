package agents

import (
	"net/http"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// F1: a token for a part of a mandate is exchanged for that part at most, whatever the mandate itself holds.
func TestExchangeOfLess(t *testing.T) {
	p := newPassing(t, total())
	p.first()
	want := `[{"type":"stead_entitlement","actions":["read"],"identifier":"public.orders","columns":["id"]}]`
	less := p.posts("first", p.keys[0], map[string][]string{"grant_type": {"client_credentials"}, "mandate": {string(p.m[0])}, "authorization_details": {want}})
	if less.status != http.StatusOK {
		t.Fatal(less)
	}
	whole := `[{"type":"stead_entitlement","actions":["read"],"identifier":"public.orders"}]`
	if s := p.exchange("second", p.keys[1], less.text("access_token"), "authorization_details", whole); s.status == http.StatusOK {
		t.Error("asked for more than the token says:", s)
	}
	s := p.exchange("second", p.keys[1], less.text("access_token"))
	if s.status != http.StatusOK {
		t.Fatal(s)
	}
	p.Store.View().Read(func(state *authority.State) {
		m := state.Mandate(stead.MandateID(s.text("mandate")))
		if len(m.Scope.Grants) != 1 || len(m.Scope.Grants[0].Columns) != 1 {
			t.Error("more than the token says:", m.Scope.Grants)
		}
	})
}
