package stead_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/steadhq/stead"
)

// tasking is an agent that may ask for its task.
func tasking() (*weighing, Wish) {
	w := taskRead()
	w.f.Mandate, w.f.Agent.Person, w.actor.Person = nil, "per_bot", "per_bot"
	w.v.Obligations.Approvals = []Stage{{Groups: []string{"staff/ai-operations"}, Count: 1}, {Groups: []string{"staff/security"}, Count: 1}}
	return w, Wish{ID: "man_1"}
}

func TestAskTask(t *testing.T) {
	w, wish := tasking()
	m, err := AskTask(wish, "report", w.f, w.v, terms(), noon)
	if err != nil || m.State != Asked || m.Actor != "prn_bot" || m.Subject != "prn_bot" || m.Task != "report" || m.Purpose.Reason != "the report" ||
		time.Duration(m.Bounds.Length) != 86400*time.Second || len(m.Scope.Grants) != 1 || m.Mode != ReadOnly || m.Key != "" || m.Digest != m.Sum() {
		t.Fatalf("%+v, %v", m, err)
	}
	wish.For = time.Hour
	if m, _ = AskTask(wish, "report", w.f, w.v, terms(), noon); time.Duration(m.Bounds.Length) != time.Hour {
		t.Errorf("asked for an hour, got %v", m.Bounds)
	}
	w.v.Obligations.Max = time.Minute
	if m, _ = AskTask(wish, "report", w.f, w.v, terms(), noon); time.Duration(m.Bounds.Length) != time.Minute {
		t.Errorf("policy says a minute, got %v", m.Bounds)
	}
	w.f.Agent.Tasks[0].Budget = map[string]int64{"rows": 100, "calls": 9}
	wish.Budget = map[string]int64{"rows": 1000, "calls": 1, "bytes": 5}
	m, _ = AskTask(wish, "report", w.f, w.v, terms(), noon)
	if b := m.Bounds.Budget; len(b) != 3 || b["rows"] != 100 || b["calls"] != 1 || b["bytes"] != 5 {
		t.Errorf("a budget is the least of what is asked and declared, got %v", b)
	}
	wish.Budget = nil
	if m, _ = AskTask(wish, "report", w.f, w.v, terms(), noon); m.Bounds.Budget["calls"] != 9 || m.Digest != m.Sum() {
		t.Errorf("what is not asked for is as declared, got %v", m.Bounds.Budget)
	}
}

// A3, A4, A9: what is not declared, not owned or not registered is not asked for.
func TestAskTaskRefuses(t *testing.T) {
	for _, r := range []struct {
		name   string
		change func(*weighing, *Wish)
		reason Reason
	}{
		{"a person", func(w *weighing, _ *Wish) { w.actor.Kind = Person }, ReasonSignIn},
		{"clock", func(w *weighing, _ *Wish) { w.f.Distrust = ReasonClock }, ReasonClock},
		{"no system", func(w *weighing, _ *Wish) { w.f.App = nil }, ReasonNoRoute},
		{"closed system", func(w *weighing, _ *Wish) { w.realm.Acting = false }, ReasonNoRoute},
		{"not registered", func(w *weighing, _ *Wish) { w.f.Agent = nil }, ReasonDisabled},
		{"suspended", func(w *weighing, _ *Wish) { w.f.Agent.Suspended = true }, ReasonSuspended},
		{"owner gone", func(w *weighing, _ *Wish) { w.f.Owner.Deleted = true }, ReasonOwnerless},
		{"another's instance", func(w *weighing, _ *Wish) { w.f.Instance.Agent = "prn_eve" }, ReasonSignIn},
		{"instance over", func(w *weighing, _ *Wish) { w.f.Instance.Until = noon }, ReasonSignIn},
		{"task not declared", func(w *weighing, _ *Wish) { w.f.Agent.Tasks[0].ID = "other" }, ReasonScope},
		{"backwards", func(_ *weighing, wish *Wish) { wish.For = -1 }, ReasonRequest},
		{"a budget of nothing", func(_ *weighing, wish *Wish) { wish.Budget = map[string]int64{"calls": 0} }, ReasonRequest},
		{"strange mode", func(_ *weighing, wish *Wish) { wish.Mode = "all" }, ReasonRequest},
		{"conditions that nobody reads", func(_ *weighing, wish *Wish) { wish.Scope.Conditions = map[string][]string{"x": make([]string, 300)} }, ReasonRequest},
		{"a condition that nobody reads", func(_ *weighing, wish *Wish) {
			wish.Scope.Conditions = map[string][]string{"x": {strings.Repeat("a", MostText+1)}}
		}, ReasonRequest},
		{"columns that nobody reads", func(_ *weighing, wish *Wish) {
			wish.Scope.Grants = []Entitlement{{System: "orders", Action: ActionRead, Resource: "public.orders", Columns: slices.Repeat([]string{"id"}, 300)}}
		}, ReasonRequest},
		{"to edit", func(_ *weighing, wish *Wish) { wish.Mode = Edit }, ReasonReadOnly},
		{"more than the task", func(_ *weighing, wish *Wish) {
			wish.Scope.Grants = []Entitlement{{System: "orders", Action: ActionRead, Resource: "public.orders"}}
		}, ReasonScope},
		{"policy", func(w *weighing, _ *Wish) { w.v.Allow = false }, ReasonPolicy},
	} {
		t.Run(r.name, func(t *testing.T) {
			w, wish := tasking()
			r.change(w, &wish)
			if _, err := AskTask(wish, "report", w.f, w.v, terms(), noon); ReasonOf(err) != r.reason {
				t.Errorf("%v, want %s", err, r.reason)
			}
		})
	}
}

// granted is an approved task and the facts that let it start.
func granted(t *testing.T) (*weighing, Mandate) {
	w, wish := tasking()
	w.v.Obligations.Approvals = nil
	m, err := AskTask(wish, "report", w.f, w.v, terms(), noon)
	if err != nil || m.State != Approved {
		t.Fatal(m.State, err)
	}
	return w, m
}

func TestStartTask(t *testing.T) {
	w, m := granted(t)
	got, err := StartTask(m, w.f, w.v, nobody, noon)
	if err != nil || got.State != Active || got.Key != "thumb" || got.Until != noon.Add(Day) || got.Version != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, r := range []struct {
		name   string
		change func(*weighing, *Mandate)
		reason Reason
	}{
		{"window over", func(_ *weighing, m *Mandate) { m.StartBy = noon }, ReasonNotStarted},
		{"waiting", func(_ *weighing, m *Mandate) { m.State, m.Stages = Asked, []Stage{two()} }, ReasonWaiting},
		{"in force", func(_ *weighing, m *Mandate) { m.State, m.Until = Active, noon.Add(time.Hour) }, ReasonState},
		{"another agent", func(w *weighing, _ *Mandate) { w.actor.ID = "prn_eve" }, ReasonNotYours},
		{"by the agent's own key", func(w *weighing, _ *Mandate) { w.f.Instance = nil }, ReasonSignIn},
		{"suspended", func(w *weighing, _ *Mandate) { w.f.Agent.Suspended = true }, ReasonSuspended},
		{"task gone", func(w *weighing, _ *Mandate) { w.f.Agent.Tasks = nil }, ReasonVoid},
		{"task narrowed", func(w *weighing, _ *Mandate) { w.f.Agent.Tasks[0].Grants[0].Columns = []string{"id"} }, ReasonVoid},
		{"policy says no", func(w *weighing, _ *Mandate) { w.v.Allow = false }, ReasonPolicy},
		{"policy wants approvals now", func(w *weighing, _ *Mandate) { w.v.Obligations.Approvals = []Stage{two()} }, ReasonVoid},
		{"rule changed", func(w *weighing, _ *Mandate) { w.v.Rules = []RuleRef{{ID: "support-reads", Hash: "01"}} }, ReasonVoid},
		{"other grants than approved", func(_ *weighing, m *Mandate) { m.Scope.Grants = nil }, ReasonVoid},
	} {
		t.Run(r.name, func(t *testing.T) {
			w, m := granted(t)
			r.change(w, &m)
			if _, err := StartTask(m, w.f, w.v, nobody, noon); ReasonOf(err) != r.reason {
				t.Errorf("%v, want %s", err, r.reason)
			}
		})
	}
}

func TestComplete(t *testing.T) {
	w, m := granted(t)
	if _, err := Complete(m, "prn_bot", noon); ReasonOf(err) != ReasonState {
		t.Error("before it began:", err)
	}
	m, _ = StartTask(m, w.f, w.v, nobody, noon)
	done, err := Complete(m, "prn_max", noon.Add(time.Hour))
	if err != nil || done.State != Ended || done.Why != ReasonCompleted || done.EndedBy != "prn_max" {
		t.Fatalf("%+v, %v", done, err)
	}
	if _, err := Complete(done, "prn_bot", noon); ReasonOf(err) != ReasonEnded {
		t.Error("twice:", err)
	}
	m.Task = ""
	if _, err := Complete(m, "prn_bot", noon); ReasonOf(err) != ReasonState {
		t.Error("a person's:", err)
	}
}

// S-I9, A6: who answers for an agent is on its side.
func TestOwnerDoesNotApprove(t *testing.T) {
	w, wish := tasking()
	m, err := AskTask(wish, "report", w.f, w.v, terms(), noon)
	if err != nil {
		t.Fatal(err)
	}
	max := Principal{ID: "prn_max", Kind: Person, Directory: "staff", Name: "max", Person: "per_max", Groups: []string{"ai-operations"}}
	by := Approver{Principal: max, Asker: w.actor, Owner: max, Who: nobody}
	if _, err := Approve(m, by, m.Digest, "", noon); ReasonOf(err) != ReasonOwn {
		t.Error(err)
	}
	by.Owner = Principal{ID: "prn_eve", Person: "per_max"}
	if _, err := Approve(m, by, m.Digest, "", noon); ReasonOf(err) != ReasonOwn {
		t.Error("another account of one human:", err)
	}
	by.Owner = Principal{ID: "prn_eve"}
	if _, err := Approve(m, by, m.Digest, "", noon); err != nil {
		t.Error(err)
	}
}

func TestEntitlementCovers(t *testing.T) {
	of := func(columns, rows string) Entitlement {
		e := Entitlement{System: "crm", Action: ActionRead, Resource: "t", Rows: rows}
		for _, c := range columns {
			e.Columns = append(e.Columns, string(c))
		}
		return e
	}
	for _, r := range []struct {
		have, want Entitlement
		covers     bool
	}{
		{of("", ""), of("", ""), true}, {of("", ""), of("ab", ""), true}, {of("ab", ""), of("a", ""), true}, {of("ab", ""), of("", ""), false},
		{of("ab", ""), of("ac", ""), false}, {of("", "x > 1"), of("", ""), false}, {of("", "x > 1"), of("", "x > 1"), true}, {of("", ""), of("", "x > 1"), true},
		{of("", ""), Entitlement{System: "crm", Action: ActionWrite, Resource: "t"}, false}, {of("", ""), Entitlement{System: "hr", Action: ActionRead, Resource: "t"}, false},
	} {
		if r.have.Covers(r.want) != r.covers {
			t.Errorf("%s covers %s: %v", r.have, r.want, !r.covers)
		}
	}
}

func TestRegistrationWrong(t *testing.T) {
	whole := func() Registration {
		return Registration{Kind: Company, Tier: LowTier, Owner: "prn_max", Purpose: "reports", Tasks: []Task{{ID: "report", Purpose: "the report",
			Grants: []Entitlement{{System: "crm", Action: ActionRead, Resource: "public.orders"}}}}}
	}
	if text := whole().Wrong(); text != "" {
		t.Fatal(text)
	}
	for name, change := range map[string]func(*Registration){
		"kind": func(r *Registration) { r.Kind = "robot" }, "tier": func(r *Registration) { r.Tier = "" }, "owner": func(r *Registration) { r.Owner = "" },
		"purpose": func(r *Registration) { r.Purpose = " " }, "twice": func(r *Registration) { r.Tasks = append(r.Tasks, r.Tasks[0]) },
		"task name": func(r *Registration) { r.Tasks[0].ID = "a/b" }, "task purpose": func(r *Registration) { r.Tasks[0].Purpose = "" },
		"mode": func(r *Registration) { r.Tasks[0].Mode = "all" }, "length": func(r *Registration) { r.Tasks[0].Length = -1 },
		"no grants": func(r *Registration) { r.Tasks[0].Grants = nil }, "barred": func(r *Registration) { r.Tasks[0].Grants[0].Action = ActionBarred },
		"write": func(r *Registration) { r.Tasks[0].Grants[0].Action = ActionWrite }, "no resource": func(r *Registration) { r.Tasks[0].Grants[0].Resource = "" },
		"two systems": func(r *Registration) {
			r.Tasks[0].Grants = append(r.Tasks[0].Grants, Entitlement{System: "hr", Action: ActionRead, Resource: "t"})
		},
		"budget": func(r *Registration) { r.Tasks[0].Budget = map[string]int64{"calls": 0} },
	} {
		if r := whole(); true {
			if change(&r); r.Wrong() == "" {
				t.Errorf("%s: nothing is wrong", name)
			}
		}
	}
}
