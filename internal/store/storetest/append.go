package storetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A receipt says where the entry landed and where state moved last; both views have come so far.
func appends(t *testing.T, a, b Store) {
	if r := must(t, a, enrol(1)); r != (stead.Receipt{Index: 1, State: 1}) {
		t.Errorf("the first receipt is %+v", r)
	}
	two := put(stead.Change{Event: Event("page.seen", 1, 1)}, stead.Change{Event: Event("page.left", 1, 1)})
	if r := must(t, b, two); r != (stead.Receipt{Index: 3, State: 1}) {
		t.Errorf("the receipt of two events without records is %+v", r)
	}
	latest(t, a, b)
	for _, s := range []Store{a, b} {
		if s.View().Index() != 3 || s.Head().Size != 3 {
			t.Errorf("the view is at %d, the head at %d", s.View().Index(), s.Head().Size)
		}
		e, err := s.Event(t.Context(), 2)
		if err != nil || e.Kind != "page.left" || e.Number() != 3 || e.Who["name"] != "p1" || e.What["page"] != "page 1 of 1" {
			t.Errorf("event 2 is %+v, %v", e, err)
		}
		s.View().Read(func(v *authority.State) {
			if v.Principal("prn_1") == nil || v.Moved() != 1 {
				t.Error("the view does not hold what was written")
			}
		})
	}
	if _, err := a.Event(t.Context(), 3); stead.KindOf(err) != stead.Missing {
		t.Errorf("there is an event 3: %v", err)
	}
}

// An entry is written whole or not at all.
func wholeOrNot(t *testing.T, a, b Store) {
	must(t, a, enrol(1))
	_, err := b.Append(t.Context(), put(
		stead.Change{Event: Event("person.enrolled", 2, 2), Records: []stead.Record{Person(2, 1)}},
		stead.Change{Event: Event("person.changed", 1, 1), Records: []stead.Record{Person(1, 7)}},
	))
	wantKind(t, err, stead.Conflict, stead.ReasonState)
	latest(t, a)
	a.View().Read(func(v *authority.State) {
		if v.Index() != 1 || v.Principal("prn_2") != nil {
			t.Error("half of the entry was written")
		}
	})
	if _, err := a.Get(t.Context(), stead.KindPrincipal, "prn_2", 0); stead.KindOf(err) != stead.Missing {
		t.Errorf("half of the entry is kept: %v", err)
	}
	must(t, a, enrol(2))
}

// Versions have no gaps and none is written twice.
func versions(t *testing.T, a, b Store) {
	must(t, a, enrol(1))
	for _, version := range []uint64{1, 3} {
		_, err := b.Append(t.Context(), put(stead.Change{Event: Event("person.changed", 1, 1), Records: []stead.Record{Person(1, version)}}))
		wantKind(t, err, stead.Conflict, stead.ReasonState)
	}
	must(t, b, put(stead.Change{Event: Event("person.changed", 1, 1), Records: []stead.Record{Person(1, 2)}}))
	gone := Person(1, 3)
	gone.Deleted = true
	must(t, a, put(stead.Change{Event: Event("person.erased", 1, 1), Records: []stead.Record{gone}}))
	latest(t, b)
	b.View().Read(func(v *authority.State) {
		if v.Principal("prn_1") != nil {
			t.Error("who was deleted is still in the view")
		}
	})
	for version := range uint64(4) {
		r, err := a.Get(t.Context(), stead.KindPrincipal, "prn_1", version)
		want := version
		if version == 0 {
			want = 3
		}
		if err != nil || r.Ref().Version != want {
			t.Errorf("version %d is %v, %v", version, r, err)
		}
	}
	_, err := a.Get(t.Context(), stead.KindPrincipal, "prn_1", 4)
	wantKind(t, err, stead.Missing, stead.ReasonUnknown)
}

// Counters are checked in order, those of one batch against each other. // S-I23
func counters(t *testing.T, a, b Store) {
	count := func(s Store, c stead.Count) error {
		_, err := s.Append(t.Context(), put(stead.Change{Event: Event("code.used", 1, 1), Counts: []stead.Count{c}}))
		return err
	}
	once := stead.Count{Key: "code/7", Op: stead.CountPass, N: 1}
	if err := count(a, once); err != nil {
		t.Fatal(err)
	}
	wantKind(t, count(b, once), stead.Conflict, stead.ReasonUsed)
	budget := stead.Count{Key: "calls/1", Op: stead.CountAdd, N: 2, Max: 5}
	for range 2 {
		if err := count(b, budget); err != nil {
			t.Fatal(err)
		}
	}
	wantKind(t, count(a, budget), stead.Conflict, stead.ReasonBudget)
	for _, n := range []int64{5, 3} {
		if err := count(a, stead.Count{Key: "seen/1", Op: stead.CountRaise, N: n}); err != nil {
			t.Fatal(err)
		}
	}
	over := time.Unix(1, 0) // a window that is long over
	for _, c := range []stead.Count{{Key: "duty/1", N: 1}, {Key: "duty/1", N: 1}, {Key: "duty/2", N: 1, Until: over}, {Key: "duty/2", N: 2, Until: over}} {
		c.Op = stead.CountKeep
		if err := count(a, c); err != nil {
			t.Fatal(c, err)
		}
	}
	wantKind(t, count(b, stead.Count{Key: "duty/1", Op: stead.CountKeep, N: 2}), stead.Conflict, stead.ReasonDuty)
	latest(t, b)
	b.View().Read(func(v *authority.State) {
		if v.Count("duty/1") != 1 || v.Count("code/7") != 1 || v.Count("calls/1") != 4 || v.Count("seen/1") != 5 || v.Count("never") != 0 {
			t.Errorf("the counters are %d, %d, %d", v.Count("code/7"), v.Count("calls/1"), v.Count("seen/1"))
		}
	})
}

// Of fifty who start at once, each seeing that nobody has, one starts. // R14
func fiftyStarts(t *testing.T, a, b Store) {
	start := func(v *authority.State) ([]stead.Change, error) {
		if v.Principal("prn_1") != nil {
			return nil, stead.E(stead.Refused, stead.ReasonActing, "one at a time")
		}
		return enrol(1).Changes, nil
	}
	var began, refused atomic.Int32
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			_, err := []Store{a, b}[i%2].Append(t.Context(), authority.Entry{Decide: start})
			switch {
			case err == nil:
				began.Add(1)
			case stead.ReasonOf(err) == stead.ReasonActing:
				refused.Add(1)
			}
		})
	}
	all.Wait()
	latest(t, a)
	if began.Load() != 1 || refused.Load() != 49 || a.Head().Size != 1 {
		t.Errorf("%d began, %d were refused, the log has %d events", began.Load(), refused.Load(), a.Head().Size)
	}
}

// A rule that panics fails its own entry and nothing else. // S-I28
func panics(t *testing.T, a, b Store) {
	_, err := a.Append(t.Context(), authority.Entry{Decide: func(*authority.State) ([]stead.Change, error) { panic("no") }})
	wantKind(t, err, stead.Broken, stead.ReasonBroken)
	if a.Broken() != nil {
		t.Error("the store is broken by a rule")
	}
	must(t, b, enrol(1))
}

// A rule that wants nothing written gets the head.
func nothing(t *testing.T, a, _ Store) {
	must(t, a, enrol(1))
	r := must(t, a, authority.Entry{Decide: func(*authority.State) ([]stead.Change, error) { return nil, nil }})
	if r != (stead.Receipt{Index: 1, State: 1}) || a.Head().Size != 1 {
		t.Errorf("the receipt is %+v, the log has %d events", r, a.Head().Size)
	}
}

// Who gives up waiting does not take the write back.
func cancelled(t *testing.T, a, b Store) {
	ctx, cancel := context.WithCancelCause(t.Context())
	reached := make(chan struct{})
	gone := errors.New("gone home")
	slow := authority.Entry{Decide: func(*authority.State) ([]stead.Change, error) {
		cancel(gone)
		<-reached
		return enrol(1).Changes, nil
	}}
	_, err := a.Append(ctx, slow)
	close(reached)
	wantKind(t, err, stead.Broken, stead.ReasonDoubt)
	if !errors.Is(err, gone) {
		t.Errorf("the error %v does not say why", err)
	}
	must(t, b, enrol(2))
	b.View().Read(func(v *authority.State) {
		if v.Principal("prn_1") == nil {
			t.Error("the write was lost")
		}
	})
}

// What is urgent goes before what waits, in the order it came.
func urgent(t *testing.T, a, _ Store) {
	running, goOn := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		must(t, a, authority.Entry{Decide: func(*authority.State) ([]stead.Change, error) {
			close(running)
			<-goOn
			return nil, nil
		}})
	})
	<-running
	var order []int
	note := func(n int, urgent bool) {
		queued := make(chan struct{})
		all.Go(func() {
			close(queued)
			must(t, a, authority.Entry{Urgent: urgent, Decide: func(*authority.State) ([]stead.Change, error) {
				order = append(order, n)
				return enrol(n).Changes, nil
			}})
		})
		<-queued
	}
	for n := range 8 {
		note(n, n >= 6)
	}
	waiting(a, 8)
	close(goOn)
	all.Wait()
	for _, n := range order[:2] {
		if n < 6 {
			t.Errorf("the order was %v", order)
		}
	}
}

// waiting waits until so many entries wait in a store that can tell.
func waiting(s Store, n int) {
	if w, ok := s.(interface{ Waiting() int }); ok {
		for w.Waiting() < n {
			pause()
		}
	}
}
