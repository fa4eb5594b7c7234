package stead_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	. "github.com/steadhq/stead"
)

// passing is a mandate of prn_bot, and prn_sub, to whom a part of it is passed on.
func passing() (*weighing, Passing) {
	w := taskRead()
	w.mandate.MaxDepth, w.mandate.Bounds.Budget = 2, map[string]int64{"calls": 100}
	root := w.mandate
	boss, told, owner, run := w.actor, *w.f.Agent, *w.f.Owner, *w.f.Instance
	w.f.Above = []Link{{Mandate: &root, Actor: &boss, Agent: &told, Owner: &owner, Instance: &run, Acted: noon, Spent: map[string]int64{}}}
	w.actor = Principal{ID: "prn_sub", Kind: Agent, Directory: "agents", Name: "sub", Person: "per_sub"}
	w.f.Subject = &boss
	w.f.Agent = &Registration{Principal: "prn_sub", Owner: "prn_max", Tasks: []Task{{ID: "add", Purpose: "adding up", Depth: 1, Grants: root.Scope.Grants}}}
	w.f.Instance = &Instance{ID: "ins_2", Agent: "prn_sub", Key: AgentKey{Thumbprint: "sub"}, Until: noon.Add(time.Minute)}
	return w, Passing{ID: "man_2"}
}

// passed is what was passed on, begun and about to be used.
func passed(t *testing.T) *weighing {
	t.Helper()
	w, p := passing()
	m, err := Narrow(*w.f.Above[0].Mandate, p, w.f, w.v, terms(), noon)
	if err == nil {
		m, err = StartTask(m, w.f, w.v, func(PrincipalID) Principal { return Principal{} }, noon)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.mandate, w.f.Mandate, w.f.Acted = m, &w.mandate, noon
	w.q.Mandate, w.q.Actor, w.q.Key = m.ID, "prn_sub", "sub"
	return w
}

func TestNarrow(t *testing.T) {
	w, p := passing()
	root := *w.f.Above[0].Mandate
	m, err := Narrow(root, p, w.f, w.v, terms(), noon)
	if err != nil || m.State != Approved || m.Actor != "prn_sub" || m.Subject != "prn_bot" || m.Parent != root.ID || m.MaxDepth != 1 || m.Task != "add" ||
		m.Purpose != root.Purpose || m.Mode != ReadOnly || m.Bounds.Budget["calls"] != 100 || time.Duration(m.Bounds.Length) != root.Until.Sub(noon) ||
		m.StartBy.After(root.Until) || m.Key != "" || m.Digest != m.Sum() || !slices.Contains(m.People, "per_sub") {
		t.Fatalf("%+v, %v", m, err)
	}
	begun, err := StartTask(m, w.f, w.v, func(PrincipalID) Principal { return Principal{} }, noon.Add(time.Second))
	if err != nil || begun.State != Active || begun.Until != root.Until || begun.Key != "sub" {
		t.Fatalf("%+v, %v", begun, err)
	}
	if d := passed(t).weigh(); !d.Allow {
		t.Error(d.Text)
	}
	p.Last, p.For, p.Budget = true, time.Second, map[string]int64{"calls": 7, "rows": 3}
	m, err = Narrow(root, p, w.f, w.v, terms(), noon)
	if err != nil || m.MaxDepth != 0 || time.Duration(m.Bounds.Length) != time.Second || m.Bounds.Budget["calls"] != 7 || m.Bounds.Budget["rows"] != 3 {
		t.Errorf("%+v, %v", m, err)
	}
	other := m
	if other.Delegates = []string{"sub"}; other.Sum() == m.Digest {
		t.Error("to whom it may be passed on is not in what approvers agree to")
	}
}

// A5, R6: nothing is passed on that does not shrink, to nobody who may not have it, and never what a person holds.
func TestNarrowRefuses(t *testing.T) {
	for _, r := range []struct {
		name   string
		change func(*weighing, *Mandate, *Passing)
		reason Reason
	}{
		{"a person's", func(_ *weighing, m *Mandate, _ *Passing) { m.Session = "ses_1" }, ReasonChain},
		{"not declared", func(_ *weighing, m *Mandate, _ *Passing) { m.MaxDepth = 0 }, ReasonChain},
		{"to another than named", func(_ *weighing, m *Mandate, _ *Passing) { m.Delegates = []string{"other"} }, ReasonChain},
		{"to itself", func(w *weighing, _ *Mandate, _ *Passing) {
			w.actor.ID, w.f.Agent.Principal, w.f.Instance.Agent = "prn_bot", "prn_bot", "prn_bot"
		}, ReasonChain},
		{"to a person", func(w *weighing, _ *Mandate, _ *Passing) { w.actor.Kind = Person }, ReasonSignIn},
		{"to who is suspended", func(w *weighing, _ *Mandate, _ *Passing) { w.f.Agent.Suspended = true }, ReasonSuspended},
		{"to nobody's agent", func(w *weighing, _ *Mandate, _ *Passing) { w.f.Owner = nil }, ReasonOwnerless},
		{"chain unknown", func(w *weighing, _ *Mandate, _ *Passing) { w.f.Above = nil }, ReasonAbove},
		{"chain cut off", func(_ *weighing, m *Mandate, _ *Passing) { m.Parent = "man_0" }, ReasonAbove},
		{"subject gone", func(w *weighing, _ *Mandate, _ *Passing) { w.f.Subject = nil }, ReasonUnknown},
		{"over", func(_ *weighing, m *Mandate, _ *Passing) { m.Until = noon }, ReasonAbove},
		{"suspended", func(_ *weighing, m *Mandate, _ *Passing) { m.State = Suspended }, ReasonSuspended},
		{"not begun", func(_ *weighing, m *Mandate, _ *Passing) { m.State, m.StartBy = Approved, noon.Add(time.Hour) }, ReasonAbove},
		{"its holder suspended", func(w *weighing, _ *Mandate, _ *Passing) { w.f.Above[0].Agent.Suspended = true }, ReasonSuspended},
		{"its holder not registered", func(w *weighing, _ *Mandate, _ *Passing) { w.f.Above[0].Agent = nil }, ReasonAbove},
		{"its holder unknown", func(w *weighing, _ *Mandate, _ *Passing) { w.f.Above[0].Actor = nil }, ReasonAbove},
		{"its holder's owner gone", func(w *weighing, _ *Mandate, _ *Passing) { w.f.Above[0].Owner.Disabled = true }, ReasonAbove},
		{"its instance over", func(w *weighing, _ *Mandate, _ *Passing) { w.f.Above[0].Instance.Until = noon }, ReasonAbove},
		{"its task narrowed", func(w *weighing, _ *Mandate, _ *Passing) { w.f.Above[0].Agent.Tasks = nil }, ReasonAbove},
		{"no task for it", func(w *weighing, _ *Mandate, _ *Passing) { w.f.Agent.Tasks = nil }, ReasonScope},
		{"another task", func(_ *weighing, _ *Mandate, p *Passing) { p.Task = "other" }, ReasonScope},
		{"budgets that nobody reads", func(_ *weighing, _ *Mandate, p *Passing) {
			p.Budget = map[string]int64{}
			for i := range int64(300) {
				p.Budget[strings.Repeat("a", int(i+1))] = 1
			}
		}, ReasonRequest},
		{"names that nobody reads", func(_ *weighing, _ *Mandate, p *Passing) {
			p.Conditions = map[string][]string{strings.Repeat("a", MostText+1): {"x"}}
		}, ReasonRequest},
		{"more columns", func(w *weighing, m *Mandate, p *Passing) {
			p.Grants = []Entitlement{{System: "orders", Action: ActionRead, Resource: "public.orders"}}
		}, ReasonScope},
		{"more than the task", func(w *weighing, m *Mandate, p *Passing) {
			p.Grants, w.f.Agent.Tasks[0].Grants = m.Scope.Grants, []Entitlement{{System: "orders", Action: ActionRead, Resource: "public.people"}}
		}, ReasonScope},
		{"nothing named by what it is", func(_ *weighing, m *Mandate, _ *Passing) { m.Scope.Grants = nil }, ReasonScope},
		{"to edit", func(_ *weighing, _ *Mandate, p *Passing) { p.Mode = Edit }, ReasonReadOnly},
		{"to edit beyond its task", func(_ *weighing, m *Mandate, p *Passing) { m.Mode, p.Mode = Edit, Edit }, ReasonReadOnly},
		{"strange mode", func(_ *weighing, _ *Mandate, p *Passing) { p.Mode = "all" }, ReasonRequest},
		{"backwards", func(_ *weighing, _ *Mandate, p *Passing) { p.For = -1 }, ReasonRequest},
		{"budget of nothing", func(_ *weighing, _ *Mandate, p *Passing) { p.Budget = map[string]int64{"calls": 0} }, ReasonRequest},
		{"too many grants", func(_ *weighing, _ *Mandate, p *Passing) { p.Grants = make([]Entitlement, 257) }, ReasonRequest},
		{"wider condition", func(_ *weighing, m *Mandate, p *Passing) {
			m.Scope.Conditions, p.Conditions = map[string][]string{"id": {"7"}}, map[string][]string{"id": {"8"}}
		}, ReasonScope},
		{"policy", func(w *weighing, _ *Mandate, _ *Passing) { w.v.Allow = false }, ReasonPolicy},
		{"who must agree", func(w *weighing, _ *Mandate, _ *Passing) {
			w.v.Obligations.Approvals = []Stage{{Groups: []string{"staff/security"}, Count: 1}}
		}, ReasonWaiting},
		{"system closed", func(w *weighing, _ *Mandate, _ *Passing) { w.realm.Acting = false }, ReasonNoRoute},
	} {
		t.Run(r.name, func(t *testing.T) {
			w, p := passing()
			parent := w.f.Above[0].Mandate
			r.change(w, parent, &p)
			if _, err := Narrow(*parent, p, w.f, w.v, terms(), noon); ReasonOf(err) != r.reason {
				t.Errorf("%v, want %s", err, r.reason)
			}
		})
	}
}

// Nobody stands twice in a chain, unless whoever declared the task has named him.
func TestTwiceInChain(t *testing.T) {
	w, p := passing()
	w.actor.ID, w.f.Agent.Principal, w.f.Instance.Agent = "prn_bot", "prn_bot", "prn_bot"
	w.f.Above[0].Mandate.Delegates = []string{"sub"}
	if _, err := Narrow(*w.f.Above[0].Mandate, p, w.f, w.v, terms(), noon); err != nil {
		t.Error(err)
	}
}

// A5: whatever is asked for, what comes out is within what was held and within the other agent's own task.
func TestNarrowShrinks(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	made := 0
	for range 20000 {
		w, p := passing()
		parent, task := w.f.Above[0].Mandate, &w.f.Agent.Tasks[0]
		parent.Scope.Grants, task.Grants = grants(r, 4), grants(r, 4)
		w.f.Above[0].Agent.Tasks[0].Grants = parent.Scope.Grants
		parent.Mode, task.Mode, p.Mode = mode(r), mode(r), mode(r)
		parent.MaxDepth, task.Depth, p.Last = r.IntN(4), r.IntN(4), r.IntN(2) == 0
		parent.Bounds.Budget, task.Budget, p.Budget = budget(r), budget(r), budget(r)
		parent.Until = noon.Add(time.Duration(1+r.IntN(100)) * time.Minute)
		p.For = time.Duration(r.IntN(200)) * time.Minute
		if r.IntN(2) == 0 {
			p.Grants = grants(r, 2)
		}
		m, err := Narrow(*parent, p, w.f, w.v, terms(), noon)
		if err != nil {
			continue
		}
		made++
		switch {
		case !(Task{Grants: parent.Scope.Grants}).Allows(m.Scope.Grants) || !task.Allows(m.Scope.Grants) || len(m.Scope.Grants) == 0,
			m.Mode == Edit && (parent.Mode != Edit || task.Mode != Edit),
			m.MaxDepth >= parent.MaxDepth || m.MaxDepth > task.Depth,
			noon.Add(time.Duration(m.Bounds.Length)).After(parent.Until), !covered(m.Bounds.Budget, parent.Bounds.Budget), !covered(m.Bounds.Budget, task.Budget):
			t.Fatalf("%+v\nof %+v\nand %+v\nasked %+v", m, parent, task, p)
		}
	}
	if made < 500 {
		t.Errorf("%d were made", made)
	}
}

func covered(small, great map[string]int64) bool {
	for what, n := range great {
		if had, bounded := small[what]; !bounded || had > n {
			return false
		}
	}
	return true
}

func grants(r *rand.Rand, most int) (all []Entitlement) {
	for range 1 + r.IntN(most) {
		e := Entitlement{System: "orders", Action: []Action{ActionRead, ActionWrite}[r.IntN(2)], Resource: "public." + strconv.Itoa(r.IntN(3))}
		if r.IntN(2) == 0 {
			e.Columns = [][]string{{"a"}, {"b"}, {"a", "b"}}[r.IntN(3)]
		}
		all = append(all, e)
	}
	return all
}

func mode(r *rand.Rand) Mode { return []Mode{"", ReadOnly, Edit}[r.IntN(3)] }

func budget(r *rand.Rand) map[string]int64 {
	b := map[string]int64{}
	for _, what := range []string{"calls", "rows"} {
		if r.IntN(2) == 0 {
			b[what] = int64(1 + r.IntN(9))
		}
	}
	return b
}

// Every link of a chain is asked about at every use.
func TestWeighChain(t *testing.T) {
	for _, r := range []struct {
		name   string
		change func(w *weighing, l *Link)
		reason Reason
		final  bool
	}{
		{"as it is", func(*weighing, *Link) {}, ReasonNone, false},
		{"edited", func(w *weighing, l *Link) {
			e := Entitlement{System: "orders", Action: ActionWrite, Resource: "public.orders"}
			w.q.Action, w.q.Columns, w.app.Aware, w.mandate.Mode, l.Mandate.Mode = ActionWrite, nil, false, Edit, Edit
			w.mandate.Scope.Grants, l.Mandate.Scope.Grants, w.f.Agent.Tasks[0].Grants, l.Agent.Tasks[0].Grants = []Entitlement{e}, []Entitlement{e}, []Entitlement{e}, []Entitlement{e}
		}, ReasonNone, false},
		{"no application need name whom it privileges", func(w *weighing, _ *Link) { w.app.Privileged = nil }, ReasonNone, false},
		{"the first ended", func(_ *weighing, l *Link) { l.Mandate.State, l.Mandate.Why = Ended, ReasonRevoked }, ReasonAbove, true},
		{"the first over", func(_ *weighing, l *Link) { l.Mandate.Until = noon }, ReasonAbove, true},
		{"the first suspended", func(_ *weighing, l *Link) { l.Mandate.State = Suspended }, ReasonSuspended, false},
		{"its agent suspended", func(_ *weighing, l *Link) { l.Agent.Suspended = true }, ReasonSuspended, false},
		{"its agent retired", func(_ *weighing, l *Link) { l.Agent.Retired = true }, ReasonAbove, true},
		{"its owner gone", func(_ *weighing, l *Link) { l.Owner.Deleted = true }, ReasonAbove, true},
		{"its instance over", func(_ *weighing, l *Link) { l.Instance.Ended = noon }, ReasonAbove, true},
		{"its instance another's", func(_ *weighing, l *Link) { l.Instance.Agent = "prn_eve" }, ReasonAbove, true},
		{"its instance of another key", func(_ *weighing, l *Link) { l.Instance.Key.Thumbprint = "eve" }, ReasonAbove, true},
		{"its instance unknown", func(_ *weighing, l *Link) { l.Instance = nil }, ReasonAbove, true},
		{"of another subject", func(_ *weighing, l *Link) { l.Mandate.Subject = "prn_eve" }, ReasonAbove, true},
		{"another mandate", func(_ *weighing, l *Link) { l.Mandate.ID = "man_9" }, ReasonAbove, true},
		{"more above it", func(_ *weighing, l *Link) { l.Mandate.Parent = "man_0" }, ReasonAbove, true},
		{"the chain left out", func(w *weighing, _ *Link) { w.f.Above = nil }, ReasonAbove, true},
		{"narrowed above", func(_ *weighing, l *Link) {
			l.Mandate.Scope.Grants = []Entitlement{{System: "orders", Action: ActionRead, Resource: "x"}}
		}, ReasonAbove, true},
		{"a condition above", func(_ *weighing, l *Link) { l.Mandate.Scope.Conditions = map[string][]string{"id": {"8"}} }, ReasonScope, false},
		{"read-only above", func(w *weighing, l *Link) {
			w.q.Action, w.mandate.Mode, l.Mandate.Mode, l.Mandate.Scope.Grants = ActionWrite, Edit, ReadOnly, nil
		}, ReasonReadOnly, false},
		{"spent above", func(w *weighing, l *Link) { w.q.Context.Cost, l.Spent["calls"] = map[string]int64{"calls": 1}, 100 }, ReasonBudget, false},
		{"all but spent above", func(w *weighing, l *Link) { w.q.Context.Cost, l.Spent["calls"] = map[string]int64{"calls": 1}, 99 }, ReasonNone, false},
		{"a chain where there is none", func(w *weighing, _ *Link) { w.mandate.Parent = "" }, ReasonAbove, true},
	} {
		t.Run(r.name, func(t *testing.T) {
			w := passed(t)
			r.change(w, &w.f.Above[0])
			if d := w.weigh(); d.Allow != (r.reason == ReasonNone) || d.Reason != r.reason || d.Final != r.final {
				t.Errorf("%v %q %v: %s; want %q, final %v", d.Allow, d.Reason, d.Final, d.Text, r.reason, r.final)
			}
			if why, over := Upheld(w.mandate, w.f.Above, noon); over != r.final || over && why != r.reason {
				t.Errorf("%q, over %v", why, over)
			}
		})
	}
}

// A chain that broke before its last link began stops it from beginning.
func TestStartBelow(t *testing.T) {
	w, p := passing()
	m, err := Narrow(*w.f.Above[0].Mandate, p, w.f, w.v, terms(), noon)
	if err != nil {
		t.Fatal(err)
	}
	w.f.Above[0].Agent.Suspended = true
	if _, err := StartTask(m, w.f, w.v, func(PrincipalID) Principal { return Principal{} }, noon); ReasonOf(err) != ReasonSuspended {
		t.Error(err)
	}
}

func TestPassingSettled(t *testing.T) {
	w, p := passing()
	parent := w.f.Above[0].Mandate
	wide := Entitlement{System: "orders", Action: ActionRead, Resource: "public.orders"}
	w.f.Agent.Tasks = append([]Task{{ID: "none", Grants: []Entitlement{{System: "orders", Action: ActionRead, Resource: "x"}}}}, w.f.Agent.Tasks...)
	w.f.Agent.Tasks[1].Grants = []Entitlement{wide}
	got, err := p.Settled(*parent, w.f)
	if err != nil || got.Task != "add" || len(got.Grants) != 1 || len(got.Grants[0].Columns) != 2 || got.Mode != ReadOnly {
		t.Error(got, err)
	}
	w.f.Agent.Tasks[1].Grants = []Entitlement{{System: "orders", Action: ActionRead, Resource: "public.orders", Columns: []string{"id"}}}
	p.Conditions = map[string][]string{"id": {"7"}}
	parent.Scope.Conditions = map[string][]string{"id": {"7", "8"}, "to": {"x"}}
	if got, err = p.Settled(*parent, w.f); err != nil || len(got.Grants[0].Columns) != 1 || len(got.Conditions["id"]) != 1 || len(got.Conditions["to"]) != 1 {
		t.Error(got, err)
	}
	w.f.Agent = nil
	if _, err = p.Settled(*parent, w.f); ReasonOf(err) != ReasonDisabled {
		t.Error(err)
	}
}

// To whom a task is passed on is declared with it, and whoever narrows that ends what goes beyond it.
func TestDelegates(t *testing.T) {
	for name, r := range map[string]struct {
		had, declared, want []string
		depth               int
	}{
		"everybody": {nil, nil, nil, 1}, "as the mandate": {[]string{"sub", "c"}, nil, []string{"sub", "c"}, 1}, "as the task": {nil, []string{"c"}, []string{"c"}, 1},
		"both": {[]string{"sub", "c"}, []string{"c", "d"}, []string{"c"}, 1}, "nobody": {[]string{"sub"}, []string{"d"}, nil, 0},
	} {
		w, p := passing()
		w.f.Above[0].Mandate.Delegates, w.f.Agent.Tasks[0].Delegates = r.had, r.declared
		m, err := Narrow(*w.f.Above[0].Mandate, p, w.f, w.v, terms(), noon)
		if err != nil || m.MaxDepth != r.depth || !slices.Equal(m.Delegates, r.want) {
			t.Errorf("%s: %d %v, %v", name, m.MaxDepth, m.Delegates, err)
		}
	}
	w, wish := tasking()
	w.f.Agent.Tasks[0].Depth, w.f.Agent.Tasks[0].Delegates = 2, []string{"sub"}
	m, err := AskTask(wish, "report", w.f, w.v, terms(), noon)
	if err != nil || m.MaxDepth != 2 || !slices.Equal(m.Delegates, []string{"sub"}) || Works(m, w.f, w.v) != ReasonNone {
		t.Errorf("%+v, %v", m, err)
	}
	w.f.Agent.Tasks[0].Delegates = []string{"other"}
	if why := Works(m, w.f, w.v); why != ReasonScope {
		t.Error(why)
	}
	w.f.Agent.Tasks[0].Delegates, w.f.Agent.Tasks[0].Depth = nil, 1
	if why := Works(m, w.f, w.v); why != ReasonScope {
		t.Error(why)
	}
}

func TestWrongDepth(t *testing.T) {
	for name, change := range map[string]func(*Task){
		"negative": func(t *Task) { t.Depth = -1 }, "too deep": func(t *Task) { t.Depth = MostDepth + 1 },
		"named and no depth": func(t *Task) { t.Delegates = []string{"sub"} },
		"no name":            func(t *Task) { t.Depth, t.Delegates = 1, []string{""} },
		"too many":           func(t *Task) { t.Depth, t.Delegates = 1, make([]string, 65) },
	} {
		w, _ := tasking()
		r := *w.f.Agent
		r.Kind, r.Tier, r.Owner, r.Purpose = Company, LowTier, "prn_max", "reports"
		if text := r.Wrong(); text != "" {
			t.Fatal(text)
		}
		change(&r.Tasks[0])
		if r.Wrong() == "" {
			t.Error(name)
		}
	}
}
