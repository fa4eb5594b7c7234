package agents

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/model"
)

// A machine does the same to the house and to the model of duties, and compares.
type machine struct {
	*world
	m     *model.Duties
	names []string
	by    map[string]authority.By
	held  map[string]stead.MandateID
	runs  int
	steps map[string]int
}

// A7, A11: random histories of exclusions, segments and isolation end as the model says, over restarts.
func TestDutiesMachine(t *testing.T) {
	steps, walks := map[string]int{}, 0
	rapid.Check(t, func(r *rapid.T) {
		if walks++; walks > 60 {
			return // each walk has a house of its own
		}
		w := segmented(t)
		defer w.Shut()
		m := &machine{world: w, m: model.NewDuties(86400, 7200), by: map[string]authority.By{}, held: map[string]stead.MandateID{}, steps: steps}
		all := map[string]func(*rapid.T){"register": m.hire, "begin": m.begin, "begin 2": m.begin, "work": m.work, "work 2": m.work, "work 3": m.work, "work 4": m.work,
			"self": m.self, "self 2": m.self, "hold": m.hold, "done": m.done, "flow": m.lead, "isolate": m.isolate, "reconnect": m.reconnect, "reconnect 2": m.reconnect,
			"time": m.time, "restart": m.restart}
		for name, step := range all {
			all[name] = func(r *rapid.T) { m.pass(time.Second); step(r) }
		}
		r.Repeat(all)
	})
	for _, seldom := range []string{"register", "refused register", "begin", "refused begin", "work", "refused work", "self", "refused self", "isolate", "reconnect", "refused reconnect", "restart"} {
		if steps[seldom] == 0 && !testing.Short() {
			t.Errorf("no walk came to %q: %v", seldom, steps)
		}
	}
	t.Log(steps)
}

func (m *machine) pass(d time.Duration) {
	m.Clock.Move(d)
	m.m.Now += int64(d / time.Second)
}

func (m *machine) same(r *rapid.T, what string, no model.Reasons, reason stead.Reason) bool {
	if no.Ok() != (reason == stead.ReasonNone) || !no.Ok() && !slices.Contains(no, string(reason)) {
		r.Fatalf("%s at %ds: the house says %q, the model %q", what, m.m.Now, reason, no)
	}
	if !no.Ok() {
		what = "refused " + what
	}
	m.steps[what]++
	return no.Ok()
}

func (m *machine) agreed(r *rapid.T, what string, ok bool, err error) bool {
	if ok != (err == nil) {
		r.Fatalf("%s at %ds: the house says %v, the model %v", what, m.m.Now, err, ok)
	}
	if !ok {
		what = "refused " + what
	}
	m.steps[what]++
	return ok
}

var sides = []string{"initiate", "approve"}

func (m *machine) hire(r *rapid.T) {
	name := fmt.Sprintf("worker-%d", len(m.names)+m.steps["refused register"])
	w := model.Worker{Owner: rapid.SampledFrom([]string{"staff/max", "staff/ida"}).Draw(r, "owner"), Own: name, Sides: map[string]bool{},
		Segment: rapid.SampledFrom([]string{"finance", "reporting"}).Draw(r, "segment")}
	kind := rapid.SampledFrom([]stead.AgentKind{stead.Company, stead.Employee}).Draw(r, "kind")
	if kind == stead.Employee {
		w.Own = w.Owner
	}
	var tasks []stead.Task
	for _, side := range rapid.SampledFrom([][]string{sides[:1], sides[:1], sides[1:], sides[1:], sides}).Draw(r, "sides") {
		w.Sides[side] = true
		tasks = append(tasks, payTask(side, stead.Action(side)))
	}
	reg := m.registration(kind, stead.LowTier, w.Owner, tasks...)
	reg.Segment = w.Segment
	_, err := m.Register(m.t.Context(), m.root2(), authority.NewAgent{Name: name, Registration: withKey(reg, name+"'s key")})
	if m.agreed(r, "register", m.m.Register(name, w), err) {
		m.names = append(m.names, name)
	}
}

func (m *machine) root2() authority.By { return m.Login("staff/root", "console.test") }

func (m *machine) worker(r *rapid.T) (name, side string) {
	if len(m.names) == 0 {
		m.hire(r)
	}
	if len(m.names) == 0 {
		return "", ""
	}
	name = rapid.SampledFrom(m.names).Draw(r, "worker")
	for _, s := range sides {
		if m.m.Workers[name].Sides[s] {
			side = s
		}
	}
	if m.m.Workers[name].Sides["initiate"] && rapid.Bool().Draw(r, "first") {
		side = "initiate"
	}
	return name, side
}

func (m *machine) begin(r *rapid.T) {
	name, side := m.worker(r)
	if name == "" {
		return
	}
	m.runs++
	by, id, err := m.begins(name, side, fmt.Sprintf("run %d", m.runs))
	if m.same(r, "begin", m.m.Begin(name, side), stead.ReasonOf(err)) {
		m.by[name+side], m.held[name+side] = by, id
	}
}

func (m *machine) work(r *rapid.T) {
	name, side := m.worker(r)
	if m.held[name+side] == "" {
		return // it has not begun
	}
	thing := rapid.SampledFrom([]string{"p1", "p2"}).Draw(r, "thing")
	d := m.does(pays(m.by[name+side], m.held[name+side], stead.Action(side), thing))
	m.same(r, "work", m.m.Work(name, side, thing), d.Reason)
}

func (m *machine) self(r *rapid.T) {
	who := rapid.SampledFrom([]string{"staff/max", "staff/ida"}).Draw(r, "who")
	side, thing := rapid.SampledFrom(sides).Draw(r, "side"), rapid.SampledFrom([]string{"p1", "p2"}).Draw(r, "thing")
	by := m.Login(who, "console.test")
	d := m.does(stead.Question{Session: by.Session, Actor: by.Principal, Subject: by.Principal, Action: stead.Action(side),
		Resource: stead.Resource{App: "pay", Realm: "all", Path: "/", Name: thing, Type: "payment"}})
	m.same(r, "self", m.m.Self(who, side, thing), d.Reason)
}

// exclusion puts one in force or takes it out: one sets, another retires.
func (m *machine) exclusion(r *rapid.T, what string, x stead.Exclusion, on *bool) {
	var err error
	if *on {
		_, err = m.RetireExclusion(m.t.Context(), m.Login("staff/root2", "console.test"), x.Name)
	} else {
		_, err = m.SetExclusion(m.t.Context(), m.Login("staff/root", "console.test"), x)
	}
	*on = !*on
	m.agreed(r, what, true, err)
}

func (m *machine) hold(r *rapid.T) {
	x := apart("")
	x.Name = "held"
	m.exclusion(r, "hold", x, &m.m.Held)
}

func (m *machine) done(r *rapid.T) {
	x := apart(stead.SameResource)
	x.Name, x.Within = "done", stead.Duration(2*time.Hour)
	m.exclusion(r, "done", x, &m.m.Done)
}

func (m *machine) lead(r *rapid.T) {
	var err error
	if m.m.Open {
		_, err = m.RetireFlow(m.t.Context(), m.Login("staff/root", "console.test"), "reports")
	} else {
		_, err = m.SetFlow(m.t.Context(), m.Login("staff/root", "console.test"), stead.Flow{Name: "reports", From: "reporting", To: "finance", Purpose: "reports"})
	}
	m.agreed(r, "flow", true, err)
	m.m.Lead(!m.m.Open)
}

func (m *machine) cut(r *rapid.T) (segment, who string, by authority.By) {
	segment = rapid.SampledFrom([]string{"finance", "reporting"}).Draw(r, "segment")
	who = rapid.SampledFrom([]string{"staff/omar", "staff/carla"}).Draw(r, "who")
	return segment, who, m.Login(who, "console.test")
}

func (m *machine) isolate(r *rapid.T) {
	segment, who, by := m.cut(r)
	_, err := m.Isolate(m.t.Context(), by, segment, "odd")
	m.agreed(r, "isolate", m.m.Isolate(segment, who), err)
}

func (m *machine) reconnect(r *rapid.T) {
	segment, who, by := m.cut(r)
	_, err := m.Reconnect(m.t.Context(), by, segment, "looked")
	m.agreed(r, "reconnect", m.m.Reconnect(segment, who), err)
}

func (m *machine) time(r *rapid.T) {
	m.pass(rapid.SampledFrom([]time.Duration{time.Minute, 2*time.Hour - time.Second, 2 * time.Hour, 5 * time.Hour}).Draw(r, "time"))
}

func (m *machine) restart(*rapid.T) {
	m.Shut()
	m.Open()
	m.steps["restart"]++
}
