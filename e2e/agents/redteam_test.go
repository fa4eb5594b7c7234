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

// H3: what somebody is to agree to hides nothing from him: no direction marks, nothing invisible, nothing that moves a cursor.
func TestNothingHidden(t *testing.T) {
	w := newWorld(t)
	by := w.run("monthly-report", "k1")
	for _, hidden := range []string{"march\x1b[2J", "march \u202eevil", "mar\u200bch", "march\u2066x", "\xff", "a\u0000"} {
		for _, p := range []stead.Purpose{{Reason: hidden}, {Reason: "march", Ticket: hidden}} {
			_, err := w.AskTask(t.Context(), by, authority.TaskAsk{Task: "monthly", Purpose: p})
			w.no(err, stead.ReasonRequest)
		}
		for what, change := range map[string]func(*stead.Registration){
			"purpose":  func(r *stead.Registration) { r.Purpose = hidden },
			"build":    func(r *stead.Registration) { r.Build.Tools = hidden },
			"task":     func(r *stead.Registration) { r.Tasks[0].Purpose = hidden },
			"resource": func(r *stead.Registration) { r.Tasks[0].Grants[0].Resource = hidden },
			"column":   func(r *stead.Registration) { r.Tasks[0].Grants[0].Columns = []string{hidden} },
			"rows":     func(r *stead.Registration) { r.Tasks[0].Grants[0].Rows = "region = '" + hidden + "'" },
		} {
			r := w.agent
			r.Tasks = []stead.Task{task("monthly", "public.customers", "public.orders")}
			change(&r)
			if _, err := w.ChangeAgent(t.Context(), w.root, r.Principal, authority.NewAgent{Registration: r}); stead.KindOf(err) != stead.Invalid {
				t.Errorf("%s: %q: %v", what, hidden, err)
			}
		}
	}
	if _, err := w.AskTask(t.Context(), by, authority.TaskAsk{Task: "monthly", Purpose: stead.Purpose{Reason: "März,\nzwei Zeilen\n"}}); err != nil {
		t.Error("lines and letters are no secret:", err)
	}
}
