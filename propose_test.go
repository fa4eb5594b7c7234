package stead

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/google/go-cmp/cmp"
)

func reading(resource string, columns ...string) Entitlement {
	return Entitlement{System: "crm", Action: ActionRead, Resource: resource, Columns: columns}
}

// anyEntitlements makes a list with many overlaps.
func anyEntitlements(r *rand.Rand) (all []Entitlement) {
	for range r.IntN(12) {
		e := Entitlement{System: AppID(pick(r, "crm", "hr")), Action: Action(pick(r, "read", "write")), Resource: pick(r, "a", "b"), Rows: pick(r, "", "", "x = 1")}
		for _, c := range []string{"id", "name", "mail"} {
			if r.IntN(2) == 0 {
				e.Columns = append(e.Columns, c)
			}
		}
		all = append(all, e)
	}
	return all
}

func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

// A3: it covers all that was wanted, no part of it does, and it is the same for any order, and for itself.
func TestSmallest(t *testing.T) {
	err := quick.Check(func(seed uint64) bool {
		r := rand.New(rand.NewPCG(seed, 1))
		wanted := anyEntitlements(r)
		least := Smallest(wanted)
		if !(Task{Grants: least}).Allows(wanted) || !cmp.Equal(Smallest(least), least) {
			return false
		}
		for i := range least {
			if (Task{Grants: slices.Delete(slices.Clone(least), i, i+1)}).Allows(wanted) {
				return false
			}
			for j := range least[i].Columns {
				fewer := slices.Clone(least)
				if fewer[i].Columns = slices.Delete(slices.Clone(least[i].Columns), j, j+1); len(fewer[i].Columns) > 0 && (Task{Grants: fewer}).Allows(wanted) {
					return false
				}
			}
		}
		r.Shuffle(len(wanted), func(i, j int) { wanted[i], wanted[j] = wanted[j], wanted[i] })
		return cmp.Equal(Smallest(wanted), least)
	}, &quick.Config{MaxCount: 5000})
	if err != nil {
		t.Error(err)
	}
}

func fits(Entitlement) string { return "" }

// A3: what is proposed covers all that was seen, keeps what was used, is a registration that is right, and is the same for
// any order of the evidence.
func TestProposeAny(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	err := quick.Check(func(seed uint64) bool {
		r := rand.New(rand.NewPCG(seed, 2))
		reg := anyRegistration(r)
		in := Evidence{Since: at, Whole: r.IntN(2) == 0, Misfit: fits}
		for _, task := range reg.Tasks {
			for _, g := range task.Grants {
				u := Use{Task: task.ID, Grant: g}
				if r.IntN(2) == 0 {
					u.Last = at.Add(time.Hour)
				}
				in.Used = append(in.Used, u)
			}
		}
		for i, e := range anyEntitlements(r) {
			w, ok := WantOf(e)
			s := Sighting{Want: w, Task: pick(r, "", "monthly", "other"), At: at.Add(time.Duration(r.IntN(5)) * time.Minute), Event: EventID(fmt.Sprint("evt_", i))}
			if s.Allowed = reg.Allows([]Entitlement{s.Entitlement()}); ok && !s.Part && !s.Allowed {
				in.Seen = append(in.Seen, s)
			}
		}
		p := Propose(reg, in)
		after := reg
		if after.Tasks = p.Tasks; len(p.Tasks) > 0 && after.Wrong() != "" {
			t.Log(after.Wrong())
			return false
		}
		for _, s := range in.Seen {
			if !after.Allows([]Entitlement{s.Entitlement()}) {
				t.Logf("%+v does not cover %+v", p.Tasks, s)
				return false
			}
		}
		for _, u := range in.Used {
			if !u.Last.IsZero() && !after.Allows([]Entitlement{u.Grant}) {
				t.Logf("%+v lost %+v", p.Tasks, u)
				return false
			}
		}
		if len(p.Keep)+len(p.Remove) != len(in.Used) {
			return false
		}
		r.Shuffle(len(in.Seen), func(i, j int) { in.Seen[i], in.Seen[j] = in.Seen[j], in.Seen[i] })
		return cmp.Equal(Propose(reg, in), p)
	}, &quick.Config{MaxCount: 3000})
	if err != nil {
		t.Error(err)
	}
}

func anyRegistration(r *rand.Rand) Registration {
	reg := Registration{Kind: Company, Tier: LowTier, Owner: "max", Purpose: "reports"}
	for _, id := range []string{"monthly", "daily"} {
		task := Task{ID: id, Purpose: "reports", Mode: Edit}
		for _, e := range anyEntitlements(r) {
			if len(task.Grants) == 0 || e.System == task.Grants[0].System {
				task.Grants = append(task.Grants, e)
			}
		}
		if len(task.Grants) > 0 {
			reg.Tasks = append(reg.Tasks, task)
		}
	}
	return reg
}

// A3: each kind of difference, once.
func TestPropose(t *testing.T) {
	at := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	reg := Registration{Kind: Company, Tier: LowTier, Owner: "max", Purpose: "reports", Tasks: []Task{
		{ID: "monthly", Purpose: "reports", Grants: []Entitlement{reading("customers", "id", "name", "mail"), reading("orders"), reading("orders", "id"), reading("visits")}},
	}}
	grants := reg.Tasks[0].Grants
	seen := func(n int, task string, allowed bool, e Entitlement) Sighting {
		w, ok := WantOf(e)
		if !ok {
			t.Fatalf("%v cannot be recorded", e)
		}
		return Sighting{Want: w, Task: task, Allowed: allowed, At: at.Add(time.Duration(n) * time.Minute), Event: EventID(fmt.Sprint("evt_", n))}
	}
	some := reading("people", "id")
	some.Rows = "team = 7"
	in := Evidence{Since: at, Whole: true, Used: []Use{{"monthly", grants[0], at}, {"monthly", grants[1], at}, {"monthly", grants[2], at}, {"monthly", grants[3], time.Time{}}},
		Seen: []Sighting{
			seen(1, "monthly", true, reading("customers", "id")), seen(2, "monthly", true, reading("customers", "name", "id")),
			seen(3, "monthly", false, reading("salaries", "id")), seen(4, "monthly", false, reading("salaries", "sum")),
			seen(5, "", false, Entitlement{System: "hr", Action: "write", Resource: "notes"}),
			seen(6, "monthly", false, reading("nowhere")), seen(7, "monthly", false, some),
			seen(8, "yearly", false, reading("years")),
		},
		Misfit: func(e Entitlement) string {
			if e.Resource == "nowhere" {
				return "there is no nowhere"
			}
			return ""
		}}
	p := Propose(reg, in)
	minute := func(n int) time.Time { return at.Add(time.Duration(n) * time.Minute) }
	want := Proposal{Since: at, Whole: true, Edits: []string{"learned-hr"},
		Add: []Addition{
			{Task: "monthly", Grant: reading("salaries", "id", "sum"), Times: 2, First: minute(3), Last: minute(4), Events: []EventID{"evt_3", "evt_4"}},
			{Task: "learned-hr", Grant: Entitlement{System: "hr", Action: "write", Resource: "notes"}, Times: 1, First: minute(5), Last: minute(5), Events: []EventID{"evt_5"}},
			{Task: "yearly", Grant: reading("years"), Times: 1, First: minute(8), Last: minute(8), Events: []EventID{"evt_8"}},
		},
		Keep: []Use{{"monthly", grants[1], at}},
		Remove: []Removal{{Task: "monthly", Grant: grants[0], Left: []string{"id", "name"}, Last: at}, {Task: "monthly", Grant: grants[2], Twice: true, Last: at},
			{Task: "monthly", Grant: grants[3]}},
		Unknown: []Addition{
			{Task: "monthly", Grant: reading("nowhere"), Times: 1, First: minute(6), Last: minute(6), Events: []EventID{"evt_6"}, Why: "there is no nowhere"},
			{Task: "monthly", Grant: reading("people", "id"), Times: 1, First: minute(7), Last: minute(7), Events: []EventID{"evt_7"}, Why: "it asked for some of the rows: write which, or grant all of them"},
		},
		Tasks: []Task{
			{ID: "monthly", Purpose: "reports", Grants: []Entitlement{reading("customers", "id", "name"), reading("orders"), reading("salaries", "id", "sum")}},
			{ID: "learned-hr", Purpose: "what it was seen to need in hr", Mode: Edit, Grants: []Entitlement{{System: "hr", Action: "write", Resource: "notes"}}},
			{ID: "yearly", Purpose: "what it was seen to need in crm", Grants: []Entitlement{reading("years")}},
		}}
	if d := cmp.Diff(want, p); d != "" {
		t.Error(d)
	}
	in.Whole = false // what was not read may have used every column
	if p := Propose(reg, in); len(p.Keep) != 2 || len(p.Remove) != 2 {
		t.Errorf("not whole: %+v", p)
	}
	in.Whole, in.Leased = true, map[AppID]bool{"crm": true}
	if p := Propose(reg, in); len(p.Keep) != 2 {
		t.Errorf("by a login: %+v", p)
	}
}

// A3: what is recorded of a want are names, and never what stands in a filter or in place of a name.
func TestWantOf(t *testing.T) {
	e := reading("orders", "name", "id", "id")
	e.Rows = "customer = 'dana'"
	w, ok := WantOf(e, "amount", "dana@example.com")
	if d := cmp.Diff(Want{System: "crm", Action: ActionRead, Resource: "orders", Columns: []string{"id", "name"}, Part: true, Arguments: []string{"amount"}}, w); !ok || d != "" {
		t.Error(ok, d)
	}
	for _, e := range []Entitlement{reading(""), reading("orders", "dana@example.com"), reading("orders", "a b"), {System: "crm", Action: ActionAct, Resource: "x"},
		{System: "crm", Action: ActionBarred, Resource: "x"}, {Action: ActionRead, Resource: "x"}, reading("a\x1bb")} {
		if w, ok := WantOf(e); ok {
			t.Errorf("%+v may not be recorded", w)
		}
	}
}

// What is recorded has bounds, and what is within them is recorded.
func TestWantBounds(t *testing.T) {
	names := func(n int) (all []string) {
		for i := range n {
			all = append(all, fmt.Sprintf("%0*d", mostColumn, i))
		}
		return all
	}
	long := func(n int) string { return strings.Repeat("a", n) }
	for name, c := range map[string]struct {
		e  Entitlement
		ok bool
	}{
		"columns":            {reading("orders", names(mostGrants)...), true},
		"too many columns":   {reading("orders", names(mostGrants+1)...), false},
		"a column":           {reading("orders", long(mostColumn)), true},
		"too long a column":  {reading("orders", long(mostColumn+1)), false},
		"an action":          {Entitlement{System: "crm", Action: Action(long(mostName)), Resource: "orders"}, true},
		"too long an action": {Entitlement{System: "crm", Action: Action(long(mostName + 1)), Resource: "orders"}, false},
	} {
		if w, ok := WantOf(c.e, names(1000)...); ok != c.ok || len(w.Arguments) != mostArguments {
			t.Errorf("%s: %v, with %d arguments", name, ok, len(w.Arguments))
		}
	}
	var many []Entitlement
	for _, n := range names(mostWants + 1) {
		many = append(many, reading(n))
	}
	if all := (&Registration{}).Lacks(many); len(all) != mostWants {
		t.Errorf("%d wants in one event", len(all))
	}
}

func TestLearningWrong(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	good := Learning{Reason: "first run", By: "max", Since: at, Until: at.Add(Day)}
	if text := good.Wrong(); text != "" || !good.On(at) || good.On(at.Add(Day)) || good.On(at.Add(-1)) || (Learning{}).On(at) {
		t.Error(text, "or at the wrong time")
	}
	for _, change := range []func(*Learning){
		func(l *Learning) { l.Reason = " " }, func(l *Learning) { l.Reason = "a\x1b" }, func(l *Learning) { l.Until = at },
		func(l *Learning) { l.Until = at.Add(MostLearning + 1) },
	} {
		if l := good; l.Wrong() == "" {
			change(&l)
			if l.Wrong() == "" {
				t.Errorf("%+v is right", l)
			}
		}
	}
}
