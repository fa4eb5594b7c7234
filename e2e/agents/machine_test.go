package agents

import (
	"fmt"
	"os"
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
	parts map[*model.Part]part
	runs  int
	steps map[string]int
}

// A part is a mandate as the house has it: who holds it, and what it is called there.
type part struct {
	by      authority.By
	id      stead.MandateID
	subject stead.PrincipalID
}

// calls is how often a mandate of these is used.
const calls = 3

// A5, A7, A9, A11, S-I14: random histories of what agents pass on to each other, of exclusions, segments and isolation end as
// the model says, and each mandate is good for exactly what it says after every step, over restarts.
func TestDutiesMachine(t *testing.T) {
	steps, walks, wrong := map[string]int{}, 0, false
	most := 18 // each walk has a house of its own
	if os.Getenv("STEAD_SOAK") != "" {
		most = 5000 // -rapid.checks says how many of them
	}
	rapid.Check(t, func(r *rapid.T) {
		if walks++; walks > most && !wrong {
			return
		}
		defer func() { wrong = wrong || r.Failed() }()
		w := segmented(t)
		defer w.Shut()
		m := &machine{world: w, m: model.NewDuties(86400, 7200, calls), parts: map[*model.Part]part{}, steps: steps}
		all := map[string]func(*rapid.T){"register": m.hire, "begin": m.begin, "begin 2": m.begin, "work": m.work, "work 2": m.work, "work 3": m.work, "work 4": m.work,
			"pass": m.pass, "pass 2": m.pass, "pass 3": m.pass, "pass 4": m.pass, "pass 5": m.pass, "pass 6": m.pass, "end": m.end, "still": m.still, "go on": m.goOn, "run": m.gone,
			"self": m.self, "self 2": m.self, "hold": m.hold, "done": m.done, "flow": m.lead, "isolate": m.isolate, "reconnect": m.reconnect, "reconnect 2": m.reconnect,
			"time": m.time, "restart": m.restart}
		for name, step := range all {
			all[name] = func(r *rapid.T) { m.move(time.Second); step(r) }
		}
		all[""] = m.everything
		for range 4 {
			m.move(time.Second)
			m.hire(r)
		}
		m.lead(r)
		for range 4 {
			m.begin(r)
			r.Repeat(all)
		}
	})
	for _, seldom := range []string{"register", "refused register", "begin", "refused begin", "work", "refused work", "pass", "refused pass", "end", "still", "run", "self", "refused self", "isolate", "reconnect", "refused reconnect", "restart"} {
		if steps[seldom] == 0 && !testing.Short() {
			t.Errorf("no walk came to %q: %v", seldom, steps)
		}
	}
	t.Log(steps)
}

func (m *machine) move(d time.Duration) {
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
		task := deep(2, payTask(side, stead.Action(side)))
		task.Budget = map[string]int64{"calls": calls}
		tasks = append(tasks, task)
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
		m.began(part{by, id, by.Principal})
	}
}

// began keeps what the newest part of the model is in the house.
func (m *machine) began(p part) { m.parts[m.m.Parts[len(m.m.Parts)-1]] = p }

// one of the mandates, more often than not one that is in force; nil where there is none.
func (m *machine) one(r *rapid.T) *model.Part {
	all := m.m.Parts
	if live := slices.DeleteFunc(slices.Clone(all), func(p *model.Part) bool { return !m.m.Stands(p) }); len(live) > 0 && rapid.IntRange(0, 4).Draw(r, "any") > 0 {
		all = live
	}
	if len(all) == 0 {
		return nil
	}
	return rapid.SampledFrom(all).Draw(r, "mandate")
}

// next is a worker to pass something on to, more often than not one that has use for it.
func (m *machine) next(r *rapid.T, p *model.Part) string {
	fit := slices.DeleteFunc(slices.Clone(m.names), func(name string) bool { return !m.m.Workers[name].Sides[p.Side] || name == p.Worker })
	if len(fit) == 0 || rapid.IntRange(0, 3).Draw(r, "any") == 0 {
		fit = m.names
	}
	return rapid.SampledFrom(fit).Draw(r, "to")
}

func (m *machine) pass(r *rapid.T) {
	p := m.one(r)
	if p == nil {
		return
	}
	h, to := m.parts[p], m.next(r, p)
	n, err := m.Narrow(m.t.Context(), h.by, h.id, to, stead.Passing{})
	var by authority.By
	if err == nil {
		m.runs++
		by = m.run(to, fmt.Sprintf("run %d", m.runs))
		n, err = m.StartTask(m.t.Context(), by, n.ID)
	}
	if m.same(r, "pass", m.m.Pass(p, to), stead.ReasonOf(err)) {
		m.began(part{by, n.ID, h.subject})
		if p.Above != nil {
			m.steps["pass 2"]++
		}
	}
}

func (m *machine) uses(p *model.Part, thing string) stead.Question {
	h := m.parts[p]
	q := pays(h.by, h.id, stead.Action(p.Side), thing)
	q.Subject, q.Context.Cost = h.subject, map[string]int64{"calls": 1}
	return q
}

func (m *machine) work(r *rapid.T) {
	p := m.one(r)
	if p == nil {
		return
	}
	thing := rapid.SampledFrom([]string{"p1", "p2"}).Draw(r, "thing")
	m.same(r, "work", m.m.Work(p, thing), m.does(m.uses(p, thing)).Reason)
}

// everything compares what each mandate is good for now.
func (m *machine) everything(r *rapid.T) {
	for i, p := range m.m.Parts {
		if p.Over && i%5 != 0 {
			continue // nothing comes back: some are enough
		}
		d := m.Consider(m.uses(p, "p1"))
		if no := m.m.May(p, "p1"); d.Allow != no.Ok() || !d.Allow && !slices.Contains(no, string(d.Reason)) {
			r.Fatalf("mandate %d at %ds: the house says %v %q: %s; the model %q\n%+v", i, m.m.Now, d.Allow, d.Reason, d.Text, no, *p)
		}
		m.steps["compared"]++
	}
}

// end ends one: who holds it says that it is done, or an administrator revokes it.
func (m *machine) end(r *rapid.T) {
	p := m.one(r)
	if p == nil || m.m.Dead(p) {
		return
	}
	h, err := m.parts[p], error(nil)
	if rapid.Bool().Draw(r, "complete") && m.m.Stands(p) {
		_, err = m.Complete(m.t.Context(), h.by, h.id, "")
	} else {
		_, err = m.Revoke(m.t.Context(), m.root2(), h.id, "enough")
	}
	m.agreed(r, "end", true, err)
	m.m.End(p)
}

func (m *machine) still(r *rapid.T) {
	p := m.one(r)
	if p == nil || m.m.Dead(p) {
		return
	}
	_, err := m.Suspend(m.t.Context(), m.root2(), m.parts[p].id, "")
	m.agreed(r, "still", !p.Still, err)
	p.Still = true
}

func (m *machine) goOn(r *rapid.T) {
	for _, p := range m.m.Parts {
		if p.Still && !m.m.Dead(p) {
			_, err := m.Resume(m.t.Context(), m.Login("staff/root2", "console.test"), m.parts[p].id, "")
			m.agreed(r, "go on", true, err)
			p.Still = false
			return
		}
	}
}

// gone is the end of an instance, and of what it holds.
func (m *machine) gone(r *rapid.T) {
	p := m.one(r)
	if p == nil || m.m.Dead(p) {
		return
	}
	m.agreed(r, "run", true, m.EndInstance(m.t.Context(), m.root2(), m.parts[p].by.Instance))
	m.m.Quit(p)
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
	m.move(rapid.SampledFrom([]time.Duration{time.Minute, 2*time.Hour - time.Second, 2 * time.Hour, 5 * time.Hour}).Draw(r, "time"))
}

func (m *machine) restart(*rapid.T) {
	m.Shut()
	m.Open()
	m.steps["restart"]++
}
