package agents

import (
	"net/http"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
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
		orders := stead.Entitlement{System: "crm", Action: stead.ActionRead, Resource: "public.orders"}
		columns, rows := orders, orders
		columns.Columns, rows.Rows = []string{hidden}, "region = '"+hidden+"'"
		for _, ask := range []authority.TaskAsk{{Grants: []stead.Entitlement{columns}}, {Grants: []stead.Entitlement{rows}}, {Conditions: map[string][]string{"x": {hidden}}}, {Conditions: map[string][]string{hidden: {"x"}}}} {
			ask.Task = "monthly"
			_, err := w.AskTask(t.Context(), by, ask)
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

// D3: who answered for an agent and gave it a secret has that still when somebody else answers for it.
func TestYesOfOldOwner(t *testing.T) {
	w := newWorld(t)
	if _, err := w.MakeSecret(t.Context(), w.Login("staff/max", "console.test"), w.agent.Principal); err != nil {
		t.Fatal(err)
	}
	r := w.agent
	r.Owner = w.People["staff/cole"].ID
	if _, err := w.ChangeAgent(t.Context(), w.root, r.Principal, authority.NewAgent{Registration: r}); err != nil {
		t.Fatal(err)
	}
	m := must(w.AskTask(t.Context(), w.run("monthly-report", "k1"), authority.TaskAsk{Task: "monthly"}))
	_, err := w.agree("staff/max", m)
	w.no(err, stead.ReasonOwn)
}

// D1, A6: who gave an agent what it proves itself with could ask as it, and does not agree to its requests: not by that
// account, nor by one that he has in hand, nor before he gave it.
func TestYesOfWhoHasItsKey(t *testing.T) {
	for name, equip := range map[string]func(*world, authority.By, stead.Registration) error{
		"a key": func(w *world, by authority.By, r stead.Registration) error {
			r.Keys = append(r.Keys, stead.AgentKey{Thumbprint: "another", JWK: "{}"})
			_, err := w.ChangeAgent(t.Context(), by, r.Principal, authority.NewAgent{Registration: r})
			return err
		},
		"a secret": func(w *world, by authority.By, r stead.Registration) error {
			return second(w.MakeSecret(t.Context(), by, r.Principal))
		},
		"a token": func(w *world, by authority.By, r stead.Registration) error {
			return second(w.MakeEnrolment(t.Context(), by, r.Principal, 0))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.apply(map[string]string{"agents.cedar": strings.Replace(rules, "staff/ai-operations; staff/security; staff/compliance", "staff/admins", 1)})
			ask := func(key string) stead.Mandate {
				return must(w.AskTask(t.Context(), w.run("monthly-report", key), authority.TaskAsk{Task: "monthly"}))
			}
			before := ask("k1")
			_, err := w.agree("staff/root", before) // it was registered with its key by him
			w.no(err, stead.ReasonOwn)
			root2 := w.Login("staff/root2", "console.test")
			if before, err = w.agree("staff/root2", before); err != nil {
				t.Fatal(err)
			}
			if err := equip(w, root2, w.agent); err != nil {
				t.Fatal(err)
			}
			_, err = w.agree("staff/root2", ask("k2"))
			w.no(err, stead.ReasonOwn)
			_, err = w.StartTask(t.Context(), w.by("k1"), before.ID)
			w.no(err, stead.ReasonVoid)
		})
	}
}

// F2: what is passed on in a resource that has an address is for that address, and for no other.
func TestExchangeByAddress(t *testing.T) {
	const address = "https://crm.example/api"
	p := newPassing(t, total(), func(o *house.Options) {
		for i := range o.Settings.Apps {
			if o.Settings.Apps[i].ID == "crm" {
				o.Settings.Apps[i].Address = address
			}
		}
	})
	p.first()
	if s := p.exchange("second", p.keys[1], p.tokens[0], "resource", address); s.status != http.StatusOK || p.offline(s.text("access_token"))["aud"] != address {
		t.Error(s)
	}
	for _, other := range []string{address + "/x", "https://crm.example", calendar} {
		if s := p.exchange("second", p.keys[1], p.tokens[0], "resource", other); s.status == http.StatusOK {
			t.Error(other, s)
		}
	}
}
