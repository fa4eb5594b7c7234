package soak

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
)

// cells is how many mandates are fought over at once.
const cells = 64

// TestLinear lets the actor, the subject and three approvers of a mandate do at once whatever they may, while its time
// runs out and the sweeper comes by. What all of them were told fits one order of events, and each mandate ends once:
// porcupine over each history, and the trail besides. // D5, S-I1, S-I10
func TestLinear(t *testing.T) {
	want := 640
	if os.Getenv("STEAD_SOAK") != "" {
		want = 100_000
	}
	began, seed := time.Now(), uint64(1)
	if os.Getenv("STEAD_SOAK") != "" {
		seed = uint64(began.UnixNano())
	}
	t.Logf("seed %d", seed)
	a := newArena(t, seed)
	histories, moves := 0, 0
	for histories < want && !t.Failed() {
		moves += a.round(t)
		histories += len(a.cells)
	}
	ends := a.endedOnce(t)
	if ends != histories {
		t.Errorf("%d mandates, %d ends", histories, ends)
	}
	row("approve, refuse, withdraw, start, end, revoke, expire at once", histories, began, fmt.Sprintf("%d moves, every history linearizable, one end each", moves))
}

// An arena is a house with many mandates.
type arena struct {
	*housetest.House
	began  time.Time
	random *rand.Rand
	cells  []*cell
}

// A cell is one mandate after the other, always of the same people.
type cell struct {
	*arena
	actor, subject authority.By
	whom           stead.PrincipalID
	approvers      [3]authority.By // a team lead, and two of security
	random         *rand.Rand
	mandate        stead.Mandate
	rules          rulebook

	mu      sync.Mutex
	history []porcupine.Operation
}

func newArena(t *testing.T, seed uint64) *arena {
	t.Helper()
	const ever = 100_000 * time.Hour
	h := housetest.NewOf(t, fighters(), func(o *house.Options) {
		s := o.Settings
		s.Session, s.ArmFor = authority.Ends{Idle: ever, Absolute: ever}, ever
		s.Terms.Fresh, s.Terms.Default, s.Terms.AskWindow, s.Terms.StartWindow = ever, time.Minute, time.Minute, time.Minute
		o.Patience = time.Minute
	})
	a := &arena{House: h, began: time.Now(), random: rand.New(rand.NewPCG(1, seed))}
	for n := range cells {
		h.Clock.Move(time.Minute) // past the throttle
		in := func(who string) authority.By { return h.Login(fmt.Sprint(who, n), "stead.test") }
		c := &cell{arena: a, actor: in("staff/actor"), subject: in("customers/subject"), random: rand.New(rand.NewPCG(seed, uint64(n))),
			approvers: [3]authority.By{in("staff/lead"), in("staff/first"), in("staff/second")}}
		c.whom = h.People[fmt.Sprint("customers/subject", n)].ID
		if _, err := h.Arm(t.Context(), c.actor, h.Code(fmt.Sprint("staff/actor", n))); err != nil {
			t.Fatal(err)
		}
		a.cells = append(a.cells, c)
	}
	return a
}

// fighters are the people of all cells, who come from the operator: nobody has them in hand.
func fighters() []authority.NewPerson {
	all := housetest.Staff()
	for n := range cells {
		add := func(directory, name, group string, more map[string]string) {
			all = append(all, authority.NewPerson{Directory: directory, Name: fmt.Sprintf("%s%d", name, n), Groups: []string{group}, Attributes: more})
		}
		second := map[string]string{}
		if n%2 == 1 {
			second["vip"] = "true" // security agrees besides
		}
		add("staff", "actor", "support", nil)
		add("customers", "subject", "customers", second)
		add("staff", "lead", "team-lead", nil)
		add("staff", "first", "security", nil)
		add("staff", "second", "security", nil)
	}
	return all
}

// round is one mandate in each cell, from asking to its end.
func (a *arena) round(t *testing.T) (moves int) {
	t.Helper()
	a.each(func(c *cell) { c.ask(t) })
	if t.Failed() {
		return 0
	}
	plans := make([][][]move, len(a.cells))
	total := 0
	for n, c := range a.cells {
		plans[n] = c.plan()
		for _, p := range plans[n] {
			total += len(p)
		}
	}
	done := make(chan struct{}, total)
	var others sync.WaitGroup
	if a.random.IntN(3) > 0 {
		others.Go(a.expireAfter(t, a.random.IntN(total), total, done))
	}
	var all sync.WaitGroup
	for n, c := range a.cells {
		for _, p := range plans[n] {
			all.Go(func() {
				for _, v := range p {
					c.do(t, v)
					done <- struct{}{}
				}
			})
		}
	}
	all.Wait()
	others.Wait()
	a.all("time", func() { a.Clock.Move(time.Hour) })
	a.all("sweep", a.sweep(t))
	a.each(func(c *cell) { c.check(t) })
	for _, c := range a.cells {
		moves += len(c.history)
	}
	return moves
}

func (a *arena) each(f func(*cell)) {
	var all sync.WaitGroup
	for _, c := range a.cells {
		all.Go(func() { f(c) })
	}
	all.Wait()
}

// expireAfter lets the time run out in the midst of it, when so many moves are done, and sweeps.
func (a *arena) expireAfter(t *testing.T, n, of int, done <-chan struct{}) func() {
	return func() {
		for range min(n, of) {
			<-done
		}
		a.all("time", func() { a.Clock.Move(time.Hour) })
		a.all("sweep", a.sweep(t))
	}
}

func (a *arena) sweep(t *testing.T) func() {
	return func() {
		// What it finds ended already it reports as a conflict: that is the race, and no fault.
		if err := a.Sweep(t.Context()); stead.KindOf(err) == stead.Broken {
			t.Error(err)
		}
	}
}

// all does what happens to every mandate, and notes it in every history.
func (a *arena) all(verb string, f func()) {
	call := time.Since(a.began)
	f()
	back := time.Since(a.began)
	for _, c := range a.cells {
		c.note(move{verb: verb}, result{}, call, back)
	}
}

func (c *cell) note(v move, out result, call, back time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.history = append(c.history, porcupine.Operation{Input: v, Output: out, Call: int64(call), Return: int64(back)})
}

// ask makes the mandate that is fought over.
func (c *cell) ask(t *testing.T) {
	ctx := t.Context()
	if err := c.Acknowledge(ctx, c.actor); err != nil && stead.KindOf(err) != stead.Conflict {
		t.Error(err)
	}
	m, err := c.Ask(ctx, c.actor, authority.Ask{Subject: c.whom, App: "orders", Mode: stead.Edit, Purpose: stead.Purpose{Reason: "soak", Ticket: "SUP-4711"}})
	if err != nil {
		t.Error(err)
		return
	}
	c.mandate, c.rules, c.history = m, nil, nil
	for _, s := range m.Stages {
		may := uint8(0)
		for n, g := range []string{"staff/team-lead", "staff/security", "staff/security"} {
			if slices.Contains(s.Groups, g) {
				may |= 1 << n
			}
		}
		c.rules = append(c.rules, may)
	}
}

// plan says what each of the people does, one after the other; before that, some mandates are agreed to and started.
func (c *cell) plan() [][]move {
	pick := func(verbs ...string) string { return verbs[c.random.IntN(len(verbs))] }
	voter := func(n int, verbs ...string) []move {
		return []move{{verb: pick(verbs...), voter: n}, {verb: pick(verbs...), voter: n}}[:1+c.random.IntN(2)]
	}
	plans := [][]move{
		voter(0, "approve", "approve", "refuse", "read"),
		voter(1, "approve", "approve", "refuse", "revoke", "suspend", "resume"),
		voter(2, "approve", "suspend", "resume", "revoke", "read"),
		voter(3, "withdraw", "start", "start", "use", "end", "extend"),
		voter(3, "start", "use", "use", "extend", "read"),
		voter(4, "revoke", "read", "read"),
	}
	switch c.random.IntN(4) {
	case 0:
		return append(plans, []move{{verb: "approve", voter: 1}, {verb: "approve", voter: 2}, {verb: "start", voter: 3}, {verb: "use", voter: 3}})
	case 1:
		return plans[:4]
	}
	return plans
}

// do makes one move and notes what came of it.
func (c *cell) do(t *testing.T, v move) {
	ctx, id := t.Context(), c.mandate.ID
	by := c.actor
	if v.voter < 3 {
		by = c.approvers[v.voter]
	} else if v.voter == 4 {
		by = c.subject
	}
	runtime.Gosched()
	call := time.Since(c.began)
	var m stead.Mandate
	var err error
	switch v.verb {
	case "approve":
		m, err = c.Approve(ctx, by, id, c.mandate.Digest, "")
	case "refuse":
		m, err = c.Refuse(ctx, by, id, c.mandate.Digest, "")
	case "withdraw":
		m, err = c.Withdraw(ctx, by, id)
	case "start":
		m, err = c.Start(ctx, by, id, "")
	case "extend":
		m, err = c.Extend(ctx, by, id, "more", "")
	case "suspend":
		m, err = c.Suspend(ctx, by, id, "")
	case "resume":
		m, err = c.Resume(ctx, by, id, "")
	case "end":
		m, err = c.End(ctx, by, id)
	case "revoke":
		m, err = c.Revoke(ctx, by, id, "soak")
	case "read":
		m, err = c.Mandate(ctx, by, id)
	case "use":
		var d stead.Decision
		if d, err = c.Decide(ctx, c.Question(by, c.mandate, stead.ActionRead, "/orders/7")); err == nil {
			c.note(v, result{ok: d.Allow}, call, time.Since(c.began))
			return
		}
	}
	back := time.Since(c.began)
	switch stead.KindOf(err) {
	case stead.Broken, stead.Missing, stead.Invalid:
		t.Errorf("%s: %v", v.verb, err)
	}
	if err != nil {
		c.note(v, result{}, call, back)
		return
	}
	c.note(v, result{true, m.State, m.Why, m.Version}, call, back)
}

// check reads how it ended and looks for one order that explains all.
func (c *cell) check(t *testing.T) {
	c.do(t, move{verb: "read", voter: 3})
	if last := c.history[len(c.history)-1].Output.(result); last.state != stead.Ended {
		t.Errorf("it has not ended: %+v", last)
	}
	if !c.rules.explains(c.history) {
		text := fmt.Sprintf("no order explains this, with stages %b:", c.rules)
		for _, o := range c.history {
			text += fmt.Sprintf("\n%9d..%-9d %s by %d: %+v", o.Call/1000, o.Return/1000, o.Input.(move).verb, o.Input.(move).voter, o.Output)
		}
		t.Error(text)
	}
}

// endedOnce reads the whole trail: every mandate has one end, and nothing is done under it afterwards. A request that
// was allowed while its mandate ended was asked again, and refused, under the same number.
func (a *arena) endedOnce(t *testing.T) (ends int) {
	t.Helper()
	ended, late := map[stead.MandateID]bool{}, map[stead.DecisionID]stead.MandateID{}
	for i := range a.Store.Head().Size {
		e, err := a.Store.Event(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case e.Kind == "request.denied":
			delete(late, e.Decision)
		case e.Mandate == "" || e.Outcome != stead.OK || e.Kind == "mandate.acknowledged":
		case ended[e.Mandate] && e.Kind == "request.allowed":
			late[e.Decision] = e.Mandate
		case ended[e.Mandate]:
			t.Errorf("%s after the end of %s", e.Kind, e.Mandate)
		case slices.Contains([]stead.EventKind{"mandate.ended", "mandate.refused", "mandate.withdrawn", "mandate.revoked"}, e.Kind):
			ended[e.Mandate] = true
		}
	}
	for d, m := range late {
		t.Errorf("%s was allowed after the end of %s", d, m)
	}
	return len(ended)
}
