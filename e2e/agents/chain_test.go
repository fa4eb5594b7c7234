package agents

import (
	"sync"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/store/pgtest"
)

// passingOn lets agents do for another what they may do for themselves.
const passingOn = `
@id("agents-for-agents")
@owner("data protection")
permit (principal is Agent, action in Action::"look", resource is Realm)
when { context.capacity == "for-other" };
`

// A chain is three agents, of which each has passed a part of what it holds on to the next.
type chain struct {
	*world
	by [3]authority.By
	m  [3]stead.Mandate
}

// deep is a task that is passed on so many times.
func deep(depth int, t stead.Task) stead.Task {
	t.Depth = depth
	return t
}

func chained(t *testing.T, budget map[string]int64, change ...func(*house.Options)) *chain {
	t.Helper()
	c := &chain{world: newWorld(t, change...)}
	c.apply(map[string]string{"passing.cedar": passingOn})
	first := deep(2, task("total", "public.customers", "public.orders"))
	first.Budget = budget
	c.register("first", stead.Company, stead.LowTier, "staff/max", first)
	c.register("second", stead.Company, stead.LowTier, "staff/ida", deep(1, task("add", "public.orders", "public.people")))
	c.register("third", stead.Company, stead.LowTier, "staff/cole", task("check", "public.orders"))
	for i, name := range []string{"first", "second", "third"} {
		c.by[i] = c.run(name, name+" runs")
		var err error
		if i == 0 {
			c.m[0], err = c.AskTask(t.Context(), c.by[0], authority.TaskAsk{Task: "total"})
		} else {
			c.m[i], err = c.Narrow(t.Context(), c.by[i-1], c.m[i-1].ID, name, stead.Passing{})
		}
		if err == nil {
			c.m[i], err = c.StartTask(t.Context(), c.by[i], c.m[i].ID)
		}
		if err != nil {
			t.Fatal(name, err)
		}
	}
	return c
}

// uses asks for one of them whether it may read a table.
func (c *chain) uses(i int, table string) stead.Decision {
	c.t.Helper()
	d, err := c.Decide(c.t.Context(), stead.Question{Actor: c.by[i].Principal, Subject: c.m[i].Subject, Mandate: c.m[i].ID, Key: c.by[i].Key,
		Action: stead.ActionRead, Resource: stead.Resource{App: "crm", Realm: "all", Path: "/", Name: table}})
	if err != nil {
		c.t.Fatal(err)
	}
	return d
}

// A5, I14, H14: what is passed on is used within what everybody above holds, and stands on record under who uses it.
func TestPassedOn(t *testing.T) {
	c := chained(t, nil)
	for i, m := range c.m {
		if m.Subject != c.by[0].Principal || m.Actor != c.by[i].Principal || m.Until.After(c.m[0].Until) || m.MaxDepth != 2-i {
			t.Errorf("%d: %+v", i, m)
		}
		if d := c.uses(i, "public.orders"); !d.Allow {
			t.Error(i, d.Text)
		}
	}
	c.refused(c.uses(1, "public.customers"), stead.ReasonScope)
	c.refused(c.uses(1, "public.people"), stead.ReasonScope)
	c.recorded(c.m[2].ID, "mandate.narrowed", "mandate.started", "request.allowed")
	_, err := c.Narrow(t.Context(), c.by[2], c.m[2].ID, "first", stead.Passing{})
	c.no(err, stead.ReasonChain)
	_, err = c.Narrow(t.Context(), c.by[1], c.m[1].ID, "first", stead.Passing{})
	c.no(err, stead.ReasonChain)
	_, err = c.Narrow(t.Context(), c.by[1], c.m[0].ID, "third", stead.Passing{})
	c.no(err, stead.ReasonNotYours)
	_, err = c.Narrow(t.Context(), c.run("first", "another run"), c.m[0].ID, "second", stead.Passing{})
	c.no(err, stead.ReasonNotYours)
	_, err = c.Narrow(t.Context(), c.by[0], c.m[0].ID, "nobody", stead.Passing{})
	c.no(err, stead.ReasonUnknown)
	_, err = c.Narrow(t.Context(), c.Login("staff/max", "console.test"), c.m[0].ID, "second", stead.Passing{})
	c.no(err, stead.ReasonSignIn)
}

// ways are all that ends a link of a chain: which ones are over then.
var ways = map[string]struct {
	end  func(*chain) error
	over [3]bool
}{
	"the first revoked": {func(c *chain) error {
		_, err := c.Revoke(c.t.Context(), c.Login("staff/max", "console.test"), c.m[0].ID, "enough")
		return err
	}, [3]bool{true, true, true}},
	"the middle completed": {func(c *chain) error {
		_, err := c.Complete(c.t.Context(), c.by[1], c.m[1].ID, "added")
		return err
	}, [3]bool{false, true, true}},
	"the last revoked from above": {func(c *chain) error {
		_, err := c.Revoke(c.t.Context(), c.by[0], c.m[2].ID, "enough")
		return err
	}, [3]bool{false, false, true}},
	"the middle revoked by who answers for the first": {func(c *chain) error {
		_, err := c.Revoke(c.t.Context(), c.Login("staff/max", "console.test"), c.m[1].ID, "enough")
		return err
	}, [3]bool{false, true, true}},
	"the middle's agent suspended": {func(c *chain) error {
		_, err := c.SuspendAgent(c.t.Context(), c.root, c.by[1].Principal, "odd")
		return err
	}, [3]bool{false, true, true}},
	"the first's agent retired": {func(c *chain) error {
		_, err := c.RetireAgent(c.t.Context(), c.root, c.by[0].Principal)
		return err
	}, [3]bool{true, true, true}},
	"the middle's owner gone": {func(c *chain) error {
		gone := true
		_, err := c.Change(c.t.Context(), c.root, c.People["staff/ida"].ID, authority.Edit{Disabled: &gone})
		return err
	}, [3]bool{false, true, true}},
	"the middle's instance ended": {func(c *chain) error {
		return c.EndInstance(c.t.Context(), c.by[1], c.by[1].Instance)
	}, [3]bool{false, true, true}},
	"the first's task narrowed": {func(c *chain) error {
		card, err := c.Card(c.t.Context(), c.root, "first")
		if err != nil {
			return err
		}
		r := card.Registration
		r.Tasks = []stead.Task{task("total", "public.customers", "public.orders")}
		_, err = c.ChangeAgent(c.t.Context(), c.root, r.Principal, authority.NewAgent{Registration: r})
		return err
	}, [3]bool{true, true, true}},
}

// A5, A9: whatever ends one mandate ends everything below it in the same transaction, and nothing above.
func TestChainEnds(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			c := chained(t, nil)
			if err := way.end(c); err != nil {
				t.Fatal(err)
			}
			c.Store.View().Read(func(s *authority.State) {
				for i, over := range way.over {
					if (s.Mandate(c.m[i].ID) == nil) != over {
						t.Errorf("%d: over %v", i, !over)
					}
				}
			})
			for i, over := range way.over {
				if d := c.uses(i, "public.orders"); d.Allow == over {
					t.Errorf("%d is allowed %v: %s", i, d.Allow, d.Text)
				}
				if over && i == 2 && name != "the last revoked from above" {
					c.recorded(c.m[i].ID, "mandate.ended")
				}
			}
		})
	}
}

// What is suspended stops what is below it, without ending it.
func TestChainSuspended(t *testing.T) {
	c := chained(t, nil)
	if _, err := c.Suspend(t.Context(), c.root, c.m[0].ID, ""); err != nil {
		t.Fatal(err)
	}
	for i := range c.m {
		c.refused(c.uses(i, "public.orders"), stead.ReasonSuspended)
		if err := c.MayHold(c.m[i].ID); err == nil {
			t.Error(i, "may hold a login")
		}
	}
	if _, err := c.Resume(t.Context(), c.Login("staff/root2", "console.test"), c.m[0].ID, ""); err != nil {
		t.Fatal(err)
	}
	if d := c.uses(2, "public.orders"); !d.Allow {
		t.Error(d.Text)
	}
}

// Policy is asked about everybody in the chain: a ceiling of one who is above binds who is below (R1).
func TestChainCeiling(t *testing.T) {
	for name, of := range map[string]struct {
		agent, capacity string
		refused         [3]bool
	}{"of the middle": {"second", "for-other", [3]bool{false, true, true}}, "of the last": {"third", "for-other", [3]bool{false, false, true}},
		"of the subject": {"first", "self", [3]bool{true, true, true}}} {
		c := chained(t, nil)
		c.apply(map[string]string{"passing.cedar": passingOn, "no.cedar": `@id("not-he") @owner("x") forbid (principal == Agent::"agents/` + of.agent +
			`", action in Action::"look", resource) when { context.capacity == "` + of.capacity + `" };`})
		for i, want := range of.refused {
			if d := c.uses(i, "public.orders"); d.Allow == want {
				t.Errorf("%s: %d: %v %s", name, i, d.Allow, d.Text)
			}
		}
	}
}

// A5, S-I14: however many use a budget at once, of themselves and of what was passed on, it is never overdrawn.
func TestChainBudget(t *testing.T) {
	t.Run("one node", func(t *testing.T) {
		c := chained(t, map[string]int64{"calls": 50})
		spends(t, c, c.House)
	})
	t.Run("two nodes", func(t *testing.T) {
		server := pgtest.Start(t)
		c := chained(t, map[string]int64{"calls": 50}, func(o *house.Options) { o.DSN = server.Create(t) })
		spends(t, c, c.House, c.Beside())
	})
}

// spends asks for more than there is, at all nodes at once: no more than the budget goes through, and each answer is on record as it was.
func spends(t *testing.T, c *chain, nodes ...*housetest.House) {
	t.Helper()
	var said [200]stead.Decision
	var all sync.WaitGroup
	for i := range said {
		all.Go(func() {
			of := i % 3
			var err error
			said[i], err = nodes[i%len(nodes)].Decide(t.Context(), stead.Question{Actor: c.by[of].Principal, Subject: c.m[of].Subject, Mandate: c.m[of].ID, Key: c.by[of].Key,
				Action: stead.ActionRead, Resource: stead.Resource{App: "crm", Realm: "all", Path: "/", Name: "public.orders"},
				Context: stead.Context{Cost: map[string]int64{"calls": 1}}})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	n := 0
	if err := c.Store.Settled(t.Context(), c.Store.Head().Size); err != nil {
		t.Fatal(err)
	}
	omar := c.Login("staff/omar", "console.test")
	for _, d := range said {
		if d.Allow {
			n++
		}
		if d.Reason == stead.ReasonTooMany {
			continue
		}
		why, err := c.Why(t.Context(), omar, d.ID)
		if err != nil || !why.Same || why.Decision.Allow != d.Allow || why.Decision.Reason != d.Reason {
			t.Errorf("said %v %q, and why %v %q, %v", d.Allow, d.Reason, why.Decision.Allow, why.Decision.Text, err)
		}
	}
	if n != 50 {
		t.Errorf("%d of 50 were allowed", n)
	}
	c.Store.View().Read(func(s *authority.State) {
		if spent := s.Count("budget/" + string(c.m[0].ID) + "/calls"); spent != 50 {
			t.Errorf("%d are spent of the first", spent)
		}
	})
}

// A chain is the same after a start, and on a second node: what ended at one is over at the other.
func TestChainNodes(t *testing.T) {
	server := pgtest.Start(t)
	c := chained(t, nil, func(o *house.Options) { o.DSN = server.Create(t) })
	other := c.Beside()
	q := stead.Question{Actor: c.by[2].Principal, Subject: c.m[2].Subject, Mandate: c.m[2].ID, Key: c.by[2].Key, Action: stead.ActionRead,
		Resource: stead.Resource{App: "crm", Realm: "all", Path: "/", Name: "public.orders"}}
	if d, err := other.Decide(t.Context(), q); err != nil || !d.Allow {
		t.Fatal(d.Text, err)
	}
	if _, err := c.Complete(t.Context(), c.by[1], c.m[1].ID, ""); err != nil {
		t.Fatal(err)
	}
	if d, err := other.Decide(t.Context(), q); err != nil || d.Allow {
		t.Error("what ended at one node goes on at another", err)
	}
}

// What was passed on is there after a start, as it was.
func TestChainKept(t *testing.T) {
	c := chained(t, nil)
	c.Shut()
	c.Open()
	if d := c.uses(2, "public.orders"); !d.Allow {
		t.Error(d.Text)
	}
	if got := c.Tree(c.m[0].ID); len(got) != 3 {
		t.Error(got)
	}
	if _, err := c.Revoke(t.Context(), c.Login("staff/omar", "console.test"), c.m[0].ID, ""); err != nil {
		t.Fatal(err)
	}
	if d := c.uses(2, "public.orders"); d.Allow {
		t.Error("it goes on")
	}
}

// What one mandate is passed on into stays small.
func TestChainBreadth(t *testing.T) {
	c := chained(t, nil)
	made := 0
	for range 110 {
		_, err := c.Narrow(t.Context(), c.by[0], c.m[0].ID, "second", stead.Passing{Last: true})
		if err != nil {
			c.no(err, stead.ReasonActing)
			break
		}
		made++
		c.Clock.Move(time.Second)
	}
	if made != 99 {
		t.Errorf("%d were passed on beside the first", made)
	}
}

// A login that hangs below a mandate goes when that is held, and when it ends, though it is another's.
func TestChainInDatabase(t *testing.T) {
	w, server, _ := connected(t)
	w.apply(map[string]string{"passing.cedar": passingOn})
	w.register("first", stead.Company, stead.LowTier, "staff/max", deep(1, task("total", "public.customers", "public.orders")))
	w.register("second", stead.Company, stead.LowTier, "staff/ida", task("add", "public.orders"))
	first, second := w.run("first", "k1"), w.run("second", "k2")
	for name, end := range map[string]func(stead.MandateID) error{
		"held":      func(id stead.MandateID) error { _, err := w.Suspend(t.Context(), w.root, id, ""); return err },
		"completed": func(id stead.MandateID) error { _, err := w.Complete(t.Context(), first, id, ""); return err },
	} {
		m, err := w.AskTask(t.Context(), first, authority.TaskAsk{Task: "total"})
		if err == nil {
			m, err = w.StartTask(t.Context(), first, m.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
		below, err := w.Narrow(t.Context(), first, m.ID, "second", stead.Passing{})
		if err == nil {
			below, err = w.StartTask(t.Context(), second, below.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
		l, _ := w.enter(second, below.ID)
		if err := end(m.ID); err != nil {
			t.Fatal(err)
		}
		took := w.gone(server, l)
		if t.Logf("%s: the login below it was gone after %s", name, took); took > 3*time.Second {
			t.Errorf("%s: the event ended nothing, what compares every few seconds did", name)
		}
	}
}
