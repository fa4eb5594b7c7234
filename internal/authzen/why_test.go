package authzen_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/cedar"
)

// Whatever is asked, and whatever the answer rests on: why a decision is as it is says what the decision said (S-I34).
func TestWhy(t *testing.T) {
	w := newWorld(t, map[string]string{cedar.SchemaName: schema("", paymentTypes), "pay.cedar": paymentRules, "agents.cedar": agentRules}, "pay", "vault")
	w.Options.Settings.App("vault").Segment = "finance"
	ctx, root := t.Context(), w.Login("staff/root", "stead.test")
	x := stead.Exclusion{Name: "two-hands", Purpose: "who initiates does not approve", Same: "argument:payment_id",
		First: []stead.Reach{{System: "pay", Action: "initiate", Resource: "*"}}, Second: []stead.Reach{{System: "pay", Action: "approve", Resource: "*"}}}
	if _, err := w.SetExclusion(ctx, root, x); err != nil {
		t.Fatal(err)
	}
	by, free := w.report()
	task := func(wish authority.TaskAsk) stead.MandateID {
		wish.Task = "monthly"
		m, err := w.AskTask(ctx, by, wish)
		if err == nil {
			m, err = w.StartTask(ctx, by, m.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
		return m.ID
	}
	filtered := task(authority.TaskAsk{Grants: []stead.Entitlement{{System: "crm", Action: stead.ActionRead, Resource: "public.orders", Columns: []string{"id"}, Rows: "region = 'north'"}}})
	budget := task(authority.TaskAsk{Budget: map[string]int64{"rows": 10}})
	bound, over := w.bound(by, "refund-4711", true).ID, w.bound(by, "refund-4712", true).ID
	if _, err := w.Complete(ctx, by, over, ""); err != nil {
		t.Fatal(err)
	}
	under := func(m stead.MandateID, key, more string) string {
		return fmt.Sprintf(`{"mandate":%q,"confirmation":{"jkt":%q}%s}`, m, key, more)
	}
	report := func(part, context string) string {
		return `{"subject":{"type":"agent","id":"report"},"action":{"name":"read"},"resource":{"type":"object","id":"crm/public.orders","properties":` + part + `},"context":` + context + `}`
	}
	some, north := `{"columns":["total"]}`, `{"columns":["id"],"rows":"region = 'north'"}`
	pay := func(who, action, given string) string {
		return fmt.Sprintf(`{"subject":{"type":"user","id":%q},"action":{"name":%q,"properties":{%s}},"resource":{"type":"payment","id":"desk"}}`, who, action, given)
	}
	path := func(who, action, context string) string {
		return fmt.Sprintf(`{"subject":{"type":"user","id":%q},"action":{"name":%q},"resource":{"type":"path","id":"orders/x"},"context":%s}`, who, action, context)
	}
	sam := w.Login("staff/sam", "orders.test")
	acting, err := w.Act(sam, "staff/sam", "customers/dana", stead.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	dana := fmt.Sprintf(`{"mandate":%q,"act":{"sub":"staff/sam"}}`, acting.ID)
	for _, r := range []struct {
		name, body string
		reason     stead.Reason // none: yes
		text       string
		before     func() error
	}{
		{"granted", report(some, under(free.ID, "k1", "")), "", "", nil},
		{"a column that is not", report(`{"columns":["iban"]}`, under(free.ID, "k1", "")), stead.ReasonScope, "", nil},
		{"all columns", report(`{}`, under(free.ID, "k1", "")), stead.ReasonScope, "", nil},
		{"rows that are granted", report(north, under(filtered, "k1", "")), "", "", nil},
		{"other rows", report(strings.Replace(north, "north", "south", 1), under(filtered, "k1", "")), stead.ReasonScope, "", nil},
		{"all rows", report(`{"columns":["id"]}`, under(filtered, "k1", "")), stead.ReasonScope, "", nil},
		{"in its transaction", report(some, under(bound, "k1", `,"transaction":"refund-4711"`)), "", "", nil},
		{"in another", report(some, under(bound, "k1", `,"transaction":"refund-4713"`)), stead.ReasonScope, "", nil},
		{"in none", report(some, under(bound, "k1", "")), stead.ReasonScope, "", nil},
		{"in one that is over", report(some, under(over, "k1", `,"transaction":"refund-4712"`)), stead.ReasonEnded, string(over) + " ended at 2026-03-04T12:", nil},
		{"within a budget", report(some, under(budget, "k1", `,"cost":{"rows":9}`)), "", "", nil},
		{"beyond it", report(some, under(budget, "k1", `,"cost":{"rows":2}`)), stead.ReasonBudget, "the budget of 10 rows is spent", nil},
		{"of it, and how much is not said", report(some, under(budget, "k1", "")), stead.ReasonBudget, "nobody says how much", nil},
		{"another's key", report(some, under(free.ID, "k2", "")), stead.ReasonNotYours, "", nil},
		{"nobody's key", report(some, under(free.ID, "k9", "")), stead.ReasonSignIn, "no instance", nil},
		{"a key of a person", path("staff/sam", "read", `{"confirmation":{"jkt":"k1"}}`), "", "", nil},
		{"in another segment", strings.Replace(report(some, under(free.ID, "k1", "")), "crm/", "vault/", 1), stead.ReasonSegment, "finance", nil},
		{"one side", pay("staff/sam", "initiate", `"payment_id":"p1"`), "", "", nil},
		{"and the other", pay("staff/sam", "approve", `"payment_id":"p1"`), stead.ReasonDuty, "two-hands", nil},
		{"nobody says of what", pay("staff/sam", "approve", ""), stead.ReasonDuty, "name payment_id", nil},
		{"an unknown subject", path("staff/nobody", "read", `{}`), stead.ReasonUnknown, "the subject of this question is unknown", nil},
		{"an unknown actor", path("customers/dana", "read", `{"act":{"sub":"staff/nobody"}}`), stead.ReasonUnknown, "who is said to act is unknown", nil},
		{"for an unknown subject", path("customers/nobody", "read", `{"act":{"sub":"staff/sam"}}`), stead.ReasonUnknown, "the subject of this question is unknown", nil},
		{"an unknown action", path("staff/sam", "fly", `{}`), stead.ReasonFailed, "no action", nil},
		{"what is never done", path("staff/sam", "barred", `{}`), stead.ReasonBarred, "", nil},
		{"for somebody", path("customers/dana", "read", dana), "", "", nil},
		{"and he changes", path("customers/dana", "write", dana), stead.ReasonReadOnly, "", nil},
		{"in an isolated segment", strings.Replace(report(some, under(free.ID, "k1", "")), "crm/", "vault/", 1), stead.ReasonIsolated, "finance is isolated", func() error {
			_, err := w.Isolate(ctx, w.Login("staff/omar", "stead.test"), "finance", "odd")
			return err
		}},
		{"after the time of a session", path("customers/dana", "read", dana), stead.ReasonSessionIdle, "", func() error { w.Clock.Move(31 * time.Minute); return nil }},
		{"after the end", path("customers/dana", "read", dana), stead.ReasonSignIn, string(acting.ID) + " ended at", nil},
		{"when the clock jumped", report(some, under(free.ID, "k1", "")), stead.ReasonClock, "the clock jumped", func() error { w.Clock.Jump(2 * time.Hour); return nil }},
	} {
		if r.before != nil {
			if err := r.before(); err != nil {
				t.Fatal(err)
			}
		}
		s := w.ask(desk, evaluation, r.body)
		w.explained(r.name, s, r.reason, r.text)
	}
	if s := w.ask(kiosk, evaluation, path("staff/sam", "read", `{"confirmation":{"jkt":"k1"}}`)); s.yes() {
		t.Error("the kiosk checks keys")
	} else {
		w.explained("a key that nobody checked", s, stead.ReasonSignIn, "checks no keys")
	}
	if e := w.events("request.denied"); !slices.ContainsFunc(e, func(e authority.StoredEvent) bool {
		return e.What["transaction"] == "refund-4711" && e.What["named"] == "refund-4713"
	}) {
		t.Error("no event tells of a transaction that is another's")
	}
	long := w.ask(desk, evaluation, pay("staff/sam", "approve", `"payment_id":"p1","note":"`+strings.Repeat("a", 3000)+`"`))
	w.settle()
	why, err := w.Why(ctx, w.Login("staff/omar", "stead.test"), long.Context.ID)
	if err != nil || why.Same || why.Decision.Allow || why.Decision.Reason != stead.ReasonDuty || !strings.Contains(why.Decision.Text, "too long for the record") {
		t.Errorf("what cannot be asked again: %+v, %v", why.Decision, err)
	}
}

// explained holds what is said of a decision against it.
func (w *world) explained(name string, s said, reason stead.Reason, text string) {
	w.t.Helper()
	if s.yes() != (reason == "") {
		w.t.Errorf("%s: %+v, want %q", name, s, reason)
	}
	w.Flush() // on record, and not searchable yet
	why, err := w.Why(w.t.Context(), w.Login("staff/omar", "stead.test"), s.Context.ID)
	if err != nil || !why.Same || why.Decision.Allow != s.yes() || why.Decision.Reason != reason || s.Context.Reason != "" && s.Context.Reason != reason ||
		!strings.Contains(why.Decision.Text, text) {
		w.t.Errorf("%s: told %q, and why: same %v, %v %q %q, %v; recorded %q %v", name, s.Context.Reason, why.Same, why.Decision.Allow, why.Decision.Reason, why.Decision.Text, err,
			why.Event.Reason, why.Event.What)
	}
}
