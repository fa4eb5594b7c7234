package agents

import (
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A4, A6: the report is asked for, three agree, an instance reads exactly what the task needs, and when it is done that is
// over.
func TestReport(t *testing.T) {
	w := newWorld(t)
	by := w.run("monthly-report", "k1")
	m, err := w.AskTask(t.Context(), by, authority.TaskAsk{Task: "monthly"})
	if err != nil || m.State != stead.Asked || len(m.Stages) != 3 {
		t.Fatalf("%+v, %v", m, err)
	}
	_, err = w.StartTask(t.Context(), by, m.ID)
	w.no(err, stead.ReasonWaiting)
	w.refused(w.reads(by, m.ID, "public.customers"), stead.ReasonNotYours) // it is bound to no key yet
	_, err = w.agree("staff/max", m)
	w.no(err, stead.ReasonOwn) // he answers for it
	_, err = w.agree("staff/omar", m)
	w.no(err, stead.ReasonApprover) // not his turn
	for _, who := range []string{"staff/ida", "staff/omar", "staff/cole"} {
		if m, err = w.agree(who, m); err != nil {
			t.Fatal(who, err)
		}
	}
	if m, err = w.StartTask(t.Context(), by, m.ID); err != nil || m.Until.Sub(m.StartedAt) != 86400*time.Second {
		t.Fatal(m.Until.Sub(m.StartedAt), err)
	}
	for _, table := range []string{"public.customers", "public.orders"} {
		if d := w.reads(by, m.ID, table); !d.Allow {
			t.Errorf("%s: %s", table, d.Text)
		}
	}
	w.refused(w.reads(by, m.ID, "public.salaries"), stead.ReasonScope)
	other := w.run("monthly-report", "k2")
	w.refused(w.reads(other, m.ID, "public.orders"), stead.ReasonNotYours)
	if m, err = w.Complete(t.Context(), by, m.ID, "report 2026-02 sent"); err != nil || m.Why != stead.ReasonCompleted {
		t.Fatal(m.Why, err)
	}
	w.refused(w.reads(by, m.ID, "public.orders"), stead.ReasonEnded)
	_, err = w.Complete(t.Context(), by, m.ID, "")
	w.no(err, stead.ReasonCompleted)
}

// Not every system gives logins, and not to everybody.
func TestNoLease(t *testing.T) {
	w := newWorld(t)
	by, m := w.working("k1")
	_, err := w.Lease(t.Context(), by, m.ID)
	w.no(err, stead.ReasonNoRoute)
	_, err = w.Lease(t.Context(), w.run("monthly-report", "k2"), "man_none")
	w.no(err, stead.ReasonNotYours)
	_, err = w.Lease(t.Context(), w.root, m.ID)
	w.no(err, stead.ReasonSignIn)
	if d := w.reads(by, m.ID, "public.orders"); !d.Allow {
		t.Error("the mandate stands:", d.Text)
	}
}

// A4, A5, H15: 24 hours are over, whatever anybody does: the very next decision says no, and no sweeper is needed for it.
func TestDayOver(t *testing.T) {
	w := newWorld(t)
	by, m := w.working("k1")
	w.Clock.Move(stead.Day - time.Second)
	if d := w.reads(by, m.ID, "public.orders"); !d.Allow {
		t.Fatal(d.Text)
	}
	w.Clock.Move(time.Second)
	w.refused(w.reads(by, m.ID, "public.orders"), stead.ReasonExpired)
}

// A9: whatever a mandate hangs on ends it: its instance, its agent, its owner, its task, its policy.
func TestHangsOn(t *testing.T) {
	for name, r := range map[string]struct {
		end func(*world, authority.By) error
		why stead.Reason
	}{
		"instance ended": {func(w *world, by authority.By) error { return w.EndInstance(w.t.Context(), by, by.Instance) }, stead.ReasonSignIn},
		"agent suspended": {func(w *world, _ authority.By) error {
			_, err := w.SuspendAgent(w.t.Context(), w.Login("staff/omar", "console.test"), w.agent.Principal, "odd")
			return err
		}, stead.ReasonSuspended},
		"suspended by its owner": {func(w *world, _ authority.By) error {
			_, err := w.SuspendAgent(w.t.Context(), w.Login("staff/max", "console.test"), w.agent.Principal, "")
			return err
		}, stead.ReasonSuspended},
		"agent retired": {func(w *world, _ authority.By) error {
			_, err := w.RetireAgent(w.t.Context(), w.root, w.agent.Principal)
			return err
		}, stead.ReasonSignIn},
		"owner left": {func(w *world, _ authority.By) error {
			gone := true
			_, err := w.Change(w.t.Context(), w.root, w.People["staff/max"].ID, authority.Edit{Disabled: &gone})
			return err
		}, stead.ReasonOwnerless},
		"task narrowed": {func(w *world, _ authority.By) error {
			r := w.agent
			r.Tasks = []stead.Task{task("monthly", "public.orders")}
			_, err := w.ChangeAgent(w.t.Context(), w.root, r.Principal, authority.NewAgent{Registration: r})
			return err
		}, stead.ReasonEnded},
		"another build": {func(w *world, _ authority.By) error {
			r := w.agent
			r.Build.Model = "larger"
			_, err := w.ChangeAgent(w.t.Context(), w.root, r.Principal, authority.NewAgent{Registration: r})
			return err
		}, stead.ReasonSuspended},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.t = t
			by, m := w.working("k1")
			if err := r.end(w, by); err != nil {
				t.Fatal(err)
			}
			w.refused(w.reads(by, m.ID, "public.orders"), r.why)
			w.Store.View().Read(func(s *authority.State) {
				if s.Mandate(m.ID) != nil {
					t.Error("the mandate is still live")
				}
			})
		})
	}
}

// A2: a run that is not heard of is gone, and so is what it held.
func TestHeartbeat(t *testing.T) {
	w := newWorld(t)
	agent := w.by("monthly-report's key")
	if _, err := w.EnrollInstance(t.Context(), agent, authority.NewInstance{Key: stead.AgentKey{Thumbprint: "k9"}, Beat: time.Minute}); err != nil {
		t.Fatal(err)
	}
	by := w.by("k9")
	w.Clock.Move(50 * time.Second)
	if err := w.Beat(t.Context(), by); err != nil {
		t.Fatal(err)
	}
	w.Clock.Move(59 * time.Second)
	by = w.by("k9")
	w.Clock.Move(time.Second)
	_, err := w.PresentKey(t.Context(), authority.PresentedKey{Thumbprint: "k9"})
	w.no(err, stead.ReasonSignIn)
	_, err = w.AskTask(t.Context(), by, authority.TaskAsk{Task: "monthly"})
	w.no(err, stead.ReasonSignIn)
	if err := w.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Store.View().Read(func(s *authority.State) {
		if s.Instance(by.Instance) != nil {
			t.Error("the instance is still live")
		}
	})
}

// A1: an employee's agent is he in every count, and never has more than he.
func TestEmployeesAgent(t *testing.T) {
	w := newWorld(t)
	his := w.register("helper", stead.Employee, stead.LowTier, "staff/max", task("tidy", "public.orders"))
	if his.Person != w.People["staff/max"].Person {
		t.Error("it carries another person's key than his")
	}
	by := w.run("helper", "h1")
	m, err := w.AskTask(t.Context(), by, authority.TaskAsk{Task: "tidy"})
	if err != nil || m.State != stead.Approved {
		t.Fatal(m.State, err)
	}
	if m, err = w.StartTask(t.Context(), by, m.ID); err != nil {
		t.Fatal(err)
	}
	if d := w.reads(by, m.ID, "public.orders"); !d.Allow {
		t.Fatal(d.Text)
	}
	r := his
	r.Owner = w.People["staff/ida"].ID
	_, err = w.ChangeAgent(t.Context(), w.root, r.Principal, authority.NewAgent{Registration: r})
	w.no(err, stead.ReasonState)
	w.apply(map[string]string{"max.cedar": `@id("not-max") @owner("x") forbid (principal == User::"staff/max", action, resource is Realm) when { resource.app == "crm" };`})
	w.refused(w.reads(by, m.ID, "public.orders"), stead.ReasonPolicy)
}

// Everything that is not the caller's to do is refused, and agents have nothing of what people may.
func TestNotTheirs(t *testing.T) {
	w := newWorld(t)
	by, m := w.working("k1")
	ctx := t.Context()
	_, err := w.Register(ctx, w.Login("staff/sam", "console.test"), authority.NewAgent{Name: "x", Registration: w.registration(stead.Company, stead.LowTier, "staff/sam")})
	w.no(err, stead.ReasonNotYours)
	_, err = w.Register(ctx, by, authority.NewAgent{Name: "x", Registration: w.registration(stead.Company, stead.LowTier, "staff/max")})
	w.no(err, stead.ReasonPerson)
	_, err = w.Register(ctx, w.root, authority.NewAgent{Name: "monthly-report", Registration: w.registration(stead.Company, stead.LowTier, "staff/max")})
	w.no(err, stead.ReasonExists)
	for _, key := range []string{"k1", "monthly-report's key"} { // an instance's, another agent's
		r := w.registration(stead.Company, stead.LowTier, "staff/max")
		r.Keys = []stead.AgentKey{{Thumbprint: key, JWK: "{}"}}
		_, err = w.Register(ctx, w.root, authority.NewAgent{Name: "thief", Registration: r})
		w.no(err, stead.ReasonUsed)
	}
	_, err = w.Approve(ctx, by, m.ID, m.Digest, "")
	w.no(err, stead.ReasonPerson)
	_, err = w.Find(ctx, by, authority.Lookup{Name: "dana"})
	w.no(err, stead.ReasonPerson)
	_, err = w.Ask(ctx, by, authority.Ask{Subject: w.People["customers/dana"].ID, App: "orders", Purpose: stead.Purpose{Reason: "x"}})
	w.no(err, stead.ReasonPerson) // R6: the right to act for people never flows into an agent
	_, err = w.EnrollInstance(ctx, by, authority.NewInstance{Key: stead.AgentKey{Thumbprint: "k7"}})
	w.no(err, stead.ReasonChain)
	_, err = w.EnrollInstance(ctx, w.by("monthly-report's key"), authority.NewInstance{Key: stead.AgentKey{Thumbprint: "k1"}})
	w.no(err, stead.ReasonUsed)
	_, err = w.AskTask(ctx, w.Login("staff/max", "console.test"), authority.TaskAsk{Task: "monthly"})
	w.no(err, stead.ReasonSignIn)
	_, err = w.AskTask(ctx, by, authority.TaskAsk{Task: "yearly"})
	w.no(err, stead.ReasonScope)
	_, err = w.AskTask(ctx, by, authority.TaskAsk{Task: "monthly", Grants: task("x", "public.salaries").Grants})
	w.no(err, stead.ReasonScope)
	_, err = w.AskTask(ctx, by, authority.TaskAsk{Task: "monthly", Mode: stead.Edit})
	w.no(err, stead.ReasonReadOnly)
	_, err = w.SuspendAgent(ctx, w.Login("staff/sam", "console.test"), w.agent.Principal, "")
	w.no(err, stead.ReasonNotYours)
	_, err = w.Complete(ctx, w.Login("staff/sam", "console.test"), m.ID, "")
	w.no(err, stead.ReasonNotYours)
	w.register("other", stead.Company, stead.LowTier, "staff/ida", task("tidy", "public.orders"))
	other := w.run("other", "o1")
	_, err = w.Complete(ctx, other, m.ID, "")
	w.no(err, stead.ReasonNotYours)
	w.no(w.EndInstance(ctx, other, by.Instance), stead.ReasonNotYours)
	_, err = w.PresentKey(ctx, authority.PresentedKey{Agent: "other", Thumbprint: "k1"})
	w.no(err, stead.ReasonSignIn)
	if d := w.reads(by, m.ID, "public.orders"); !d.Allow {
		t.Error("after all that the report goes on:", d.Text)
	}
	max := w.Login("staff/max", "console.test")
	if _, err := w.Revoke(ctx, max, m.ID, "enough"); err != nil {
		t.Error("who answers for it takes it back:", err)
	}
	if _, err := w.SuspendAgent(ctx, max, w.agent.Principal, ""); err != nil {
		t.Fatal(err)
	}
	_, err = w.ResumeAgent(ctx, max, w.agent.Principal, "")
	w.no(err, stead.ReasonOwn)
	if _, err = w.ResumeAgent(ctx, w.Login("staff/omar", "console.test"), w.agent.Principal, "looked at"); err != nil {
		t.Error(err)
	}
}
