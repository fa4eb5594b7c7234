package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/pquerna/otp/totp"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
)

// A fleet is some nodes on one database, people who act through them, and what those were told.
type fleet struct {
	house *house.House // the test's own node: here people sign in and ask
	nodes []*node
	began time.Time
	pairs []*duo
	done  atomic.Int64 // mandates that were revoked and checked

	mu       sync.Mutex
	yes      map[stead.DecisionID]stead.MandateID
	revoked  map[stead.MandateID]bool
	started  map[stead.MandateID]bool
	pending  sync.WaitGroup
	revoking time.Duration // the longest that a revocation took, from the first try
}

// A duo is one who acts for another, under one mandate after the other.
type duo struct {
	*fleet
	actor, subject authority.By
	whom           stead.PrincipalID
	random         *rand.Rand

	mu      sync.Mutex
	history []porcupine.Operation
}

func newFleet(t *testing.T, dsn string, pairs int, nodes ...*node) *fleet {
	t.Helper()
	h, err := openNode(dsn, "test")
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{house: h, nodes: nodes, began: time.Now(), yes: map[stead.DecisionID]stead.MandateID{},
		revoked: map[stead.MandateID]bool{}, started: map[stead.MandateID]bool{}}
	var staff []authority.NewPerson
	for n := range pairs {
		for directory, group := range map[string]string{"staff": "support", "customers": "customers"} {
			staff = append(staff, authority.NewPerson{Directory: directory, Name: fmt.Sprint("p", n), Groups: []string{group},
				Password: housetest.Password, TOTP: housetest.Secret})
		}
	}
	made, err := h.Seed(t.Context(), staff)
	if err != nil {
		t.Fatal(err)
	}
	for n := range pairs {
		p := &duo{fleet: f, random: rand.New(rand.NewPCG(uint64(n), uint64(f.began.UnixNano())))}
		p.actor, p.subject = f.login(t, "staff", n), f.login(t, "customers", n)
		for _, m := range made {
			if m.Directory == "customers" && m.Name == fmt.Sprint("p", n) {
				p.whom = m.ID
			}
		}
		code, err := totp.GenerateCode(housetest.Secret, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Arm(t.Context(), p.actor, code); err != nil {
			t.Fatal(err)
		}
		f.pairs = append(f.pairs, p)
	}
	return f
}

func (f *fleet) login(t *testing.T, directory string, n int) authority.By {
	t.Helper()
	in, err := f.house.SignIn(t.Context(), authority.SignIn{Directory: directory, Name: fmt.Sprint("p", n), Password: housetest.Password,
		Host: "stead.test", Address: fmt.Sprintf("127.0.%d.%d", len(directory), n+1), Client: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return in.By
}

// run lets every pair act until ctx is over, and waits until nobody waits for an answer any more.
func (f *fleet) run(ctx context.Context, t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	for _, p := range f.pairs {
		all.Go(func() {
			for ctx.Err() == nil {
				p.mandate(ctx, t)
			}
		})
	}
	return func() {
		cancel()
		all.Wait()
	}
}

// ill tells what keeps the nodes from going on.
func (f *fleet) ill() error {
	all := []error{f.house.Store.Broken()}
	for n, each := range f.nodes {
		if !each.alive() {
			all = append(all, fmt.Errorf("node %d has ended", n))
			continue
		}
		select {
		case a := <-each.send(wish{Verb: "well"}):
			if !a.OK {
				all = append(all, fmt.Errorf("node %d says %q", n, a.Text))
			}
		case <-time.After(soon):
			all = append(all, fmt.Errorf("node %d says nothing", n))
		}
	}
	return errors.Join(all...)
}

// soon is how long a worker waits for an answer before it goes on; the answer counts whenever it comes.
const soon = time.Second

// mandate asks for one, starts it on one node, acts on all, revokes on another, and acts on.
func (p *duo) mandate(ctx context.Context, t *testing.T) {
	m, err := p.ask(ctx)
	if err != nil {
		return // ctx is over
	}
	p.mu.Lock()
	p.history = nil
	p.mu.Unlock()
	for range 5 {
		if a, ok := p.do(p.any(), "start", m); ok && a.Kind != stead.Broken {
			break
		}
	}
	var acting sync.WaitGroup
	over := make(chan struct{})
	for _, n := range p.nodes {
		acting.Go(func() {
			for {
				p.do(n, "use", m)
				select {
				case <-over:
					p.do(n, "use", m) // began after the revocation was acknowledged
					return
				default:
				}
			}
		})
	}
	time.Sleep(time.Duration(p.random.IntN(150)) * time.Millisecond)
	began := time.Now()
	for {
		if a, ok := p.do(p.any(), "revoke", m); ok && a.Kind != stead.Broken {
			break
		}
		time.Sleep(20 * time.Millisecond) // until somebody is there who can
	}
	close(over)
	acting.Wait()
	p.close(t, m, time.Since(began))
}

func (p *duo) any() *node { return p.nodes[p.random.IntN(len(p.nodes))] }

// ask gets a mandate that may be started; where the database is away, again.
func (p *duo) ask(ctx context.Context) (stead.Mandate, error) {
	for {
		err := p.house.Acknowledge(ctx, p.actor)
		if err == nil || stead.KindOf(err) == stead.Conflict {
			var m stead.Mandate
			m, err = p.house.Ask(ctx, p.actor, authority.Ask{Subject: p.whom, App: "orders", Mode: stead.ReadOnly,
				Purpose: stead.Purpose{Reason: "wrong total", Ticket: "SUP-4711"}})
			if err == nil {
				return m, nil
			}
			p.tidy(ctx)
		}
		if ctx.Err() != nil {
			return stead.Mandate{}, ctx.Err()
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// tidy ends what stands in the way of a new mandate: one that was asked for without an answer.
func (p *duo) tidy(ctx context.Context) {
	var live []stead.MandateID
	p.house.Store.View().Read(func(s *authority.State) {
		s.Mandates(func(m *stead.Mandate) {
			if m.Actor == p.actor.Principal {
				live = append(live, m.ID)
			}
		})
	})
	for _, id := range live {
		_, _ = p.house.Revoke(ctx, p.subject, id, "left over") // the next attempt to ask tells
	}
}

// do sends an order and takes down what came of it, now or later. Not ok: there is no answer yet.
func (p *duo) do(n *node, verb string, m stead.Mandate) (answer, bool) {
	by := p.actor
	if verb == "revoke" {
		by = p.subject
	}
	call := time.Since(p.began)
	from := n.send(wish{Verb: verb, By: by, Subject: p.whom, Mandate: m.ID})
	told := make(chan answer, 1)
	p.pending.Add(1)
	go func() {
		defer p.pending.Done()
		a, ok := <-from
		back := time.Since(p.began)
		if !ok {
			a.Kind = stead.Broken
		}
		p.note(m.ID, verb, a, call, back)
		told <- a
	}()
	select {
	case a := <-told:
		if verb == "use" && a.Kind == stead.Broken {
			time.Sleep(10 * time.Millisecond)
		}
		return a, true
	case <-time.After(soon):
		p.note(m.ID, verb, answer{Kind: stead.Broken}, call, call) // it may happen at any time from now on
		return answer{}, false
	}
}

// note keeps what says something: a yes, and what may have happened although nobody said so.
func (p *duo) note(m stead.MandateID, verb string, a answer, call, back time.Duration) {
	p.fleet.mu.Lock()
	switch {
	case verb == "use" && a.OK:
		p.yes[a.Decision] = m
	case verb == "revoke" && a.OK:
		p.revoked[m] = true
	case verb == "start" && a.OK:
		p.started[m] = true
	}
	p.fleet.mu.Unlock()
	if !a.OK && (verb == "use" || a.Kind != stead.Broken) {
		return // a no is always allowed to be said
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.history = append(p.history, porcupine.Operation{Input: deed{verb, m}, Output: a.OK, Call: int64(call), Return: int64(back)})
}

// close looks for one order of all that explains what was told. What nobody has confirmed may take effect at any time.
func (p *duo) close(t *testing.T, m stead.Mandate, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	end := int64(time.Since(p.began))
	var mine []porcupine.Operation
	for _, o := range p.history {
		if o.Input.(deed).mandate != m.ID {
			continue
		}
		if !o.Output.(bool) {
			o.Return = end
		}
		mine = append(mine, o)
	}
	if !porcupine.CheckOperations(used().ToModel(), mine) {
		text := fmt.Sprintf("no order explains what was told of %s:", m.ID)
		for _, o := range mine {
			text += fmt.Sprintf("\n%9d..%-9d %s: %v", o.Call/1000, o.Return/1000, o.Input.(deed).verb, o.Output)
		}
		t.Error(text)
	}
	p.done.Add(1)
	p.fleet.mu.Lock()
	defer p.fleet.mu.Unlock()
	p.revoking = max(p.revoking, took)
}

// A deed is what somebody tried under a mandate.
type deed struct {
	verb    string
	mandate stead.MandateID
}

// used is the model of a mandate that is started, used and revoked, on whichever node.
func used() *porcupine.NondeterministicModel {
	return &porcupine.NondeterministicModel{
		Init: func() []any { return []any{stead.Approved} },
		Step: func(state, input, output any) []any {
			s, sure := state.(stead.State), output.(bool)
			next, can := s, false
			switch input.(deed).verb {
			case "use":
				can = s == stead.Active
			case "start":
				next, can = stead.Active, s == stead.Approved
			case "revoke":
				next, can = stead.Ended, s != stead.Ended
			}
			switch {
			case sure && can:
				return []any{next}
			case sure:
				return nil
			case can:
				return []any{s, next}
			}
			return []any{s}
		},
	}
}

// audit reads the whole trail: nothing twice, nothing acknowledged lost, no yes without its event, none after the end of
// its mandate, and nothing alive that was revoked. It gives the number of events.
func (f *fleet) audit(t *testing.T) uint64 {
	t.Helper()
	f.pending.Wait()
	if err := f.house.Store.Latest(t.Context()); err != nil {
		t.Fatal(err)
	}
	size := f.house.Store.Head().Size
	ids, allowed := map[stead.EventID]bool{}, map[stead.DecisionID]bool{}
	ended, begun := map[stead.MandateID]bool{}, map[stead.MandateID]bool{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := f.house.Store.Follow(ctx, 0, func(e authority.StoredEvent) error {
		if ids[e.ID] {
			t.Errorf("event %s stands twice", e.ID)
		}
		ids[e.ID] = true
		switch {
		case e.Kind == "request.allowed" && !ended[e.Mandate]:
			allowed[e.Decision] = true
		case e.Kind == "mandate.started" && begun[e.Mandate], e.Kind == "mandate.revoked" && ended[e.Mandate]:
			t.Errorf("%s stands twice for %s", e.Kind, e.Mandate)
		case e.Kind == "mandate.started":
			begun[e.Mandate] = true
		case e.Kind == "mandate.revoked":
			ended[e.Mandate] = true
		}
		if e.Number() >= size {
			cancel()
		}
		return nil
	})
	if ctx.Err() == nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for d, m := range f.yes {
		if !allowed[d] {
			t.Errorf("%s was allowed under %s, and is not in the record before its end", d, m)
		}
	}
	for m := range f.started {
		if !begun[m] {
			t.Errorf("%s was started, and that is lost", m)
		}
	}
	for m := range f.revoked {
		if !ended[m] {
			t.Errorf("%s was revoked, and that is lost", m)
		}
	}
	f.house.Store.View().Read(func(s *authority.State) {
		s.Mandates(func(m *stead.Mandate) {
			if ended[m.ID] {
				t.Errorf("%s was revoked, and lives", m.ID)
			}
		})
	})
	return size
}
