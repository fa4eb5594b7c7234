package storetest

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

func pause() { runtime.Gosched() }

// An object can be read as any event found it.
func past(t *testing.T, a, b Store) {
	must(t, a, enrol(1))
	must(t, a, enrol(2))
	r := must(t, b, put(stead.Change{Event: Event("person.changed", 1, 1), Records: []stead.Record{Person(1, 2)}}))
	for _, c := range []struct{ index, want uint64 }{{0, 0}, {1, 1}, {2, 1}, {r.Index, 2}, {99, 2}} {
		found, err := b.At(t.Context(), stead.KindPrincipal, "prn_1", c.index)
		if c.want == 0 {
			wantKind(t, err, stead.Missing, stead.ReasonUnknown)
		} else if err != nil || found.Ref().Version != c.want {
			t.Errorf("before event %d it is %v, %v, not version %d", c.index, found, err, c.want)
		}
	}
}

func settled(t *testing.T, stores ...Store) {
	t.Helper()
	latest(t, stores...)
	for _, s := range stores {
		if err := s.Settled(t.Context(), s.Head().Size); err != nil {
			t.Fatal(err)
		}
	}
}

// The projection finds events by everything a query can say.
func query(t *testing.T, a, b Store) {
	seen := Event("request.allowed", 1, 2)
	seen.Mandate, seen.Session, seen.Decision, seen.App = "man_1", "ses_1", "dec_1", "orders"
	no := Event("request.denied", 2, 1)
	no.Outcome, no.At, no.What = stead.No, Noon().Add(time.Hour), stead.Fields{"page": "100% of_it"}
	must(t, a, enrol(1))
	must(t, b, put(stead.Change{Event: seen}, stead.Change{Event: no}))
	settled(t, a, b)
	for _, c := range []struct {
		name string
		q    authority.EventQuery
		want []uint64
	}{
		{"all", authority.EventQuery{}, []uint64{0, 1, 2}},
		{"newest", authority.EventQuery{Newest: true, Limit: 2}, []uint64{2, 1}},
		{"kind", authority.EventQuery{Kinds: []string{"request."}}, []uint64{1, 2}},
		{"kinds", authority.EventQuery{Kinds: []string{"request.denied", "person."}}, []uint64{0, 2}},
		{"no pattern", authority.EventQuery{Kinds: []string{"%"}}, nil},
		{"actor", authority.EventQuery{Actor: "prn_2"}, []uint64{2}},
		{"subject", authority.EventQuery{Subject: "prn_2"}, []uint64{1}},
		{"either", authority.EventQuery{Either: "prn_2"}, []uint64{1, 2}},
		{"mandate", authority.EventQuery{Mandate: "man_1"}, []uint64{1}},
		{"session", authority.EventQuery{Session: "ses_1"}, []uint64{1}},
		{"decision", authority.EventQuery{Decision: "dec_1"}, []uint64{1}},
		{"application", authority.EventQuery{App: "orders"}, []uint64{1}},
		{"outcome", authority.EventQuery{Outcome: stead.No}, []uint64{2}},
		{"from", authority.EventQuery{From: Noon().Add(time.Hour)}, []uint64{2}},
		{"to", authority.EventQuery{To: Noon().Add(time.Hour)}, []uint64{0, 1}},
		{"text", authority.EventQuery{Text: "page 2 of 1"}, []uint64{1}},
		{"text is no pattern", authority.EventQuery{Text: "0% of_"}, []uint64{2}},
		{"text is no pattern either", authority.EventQuery{Text: "p%1"}, nil},
		{"text is no SQL", authority.EventQuery{Text: "' OR '1'='1"}, nil},
		{"all together", authority.EventQuery{Kinds: []string{"request"}, Either: "prn_1", Outcome: stead.OK, Text: "page"}, []uint64{1}},
	} {
		for _, s := range []Store{a, b} {
			found, err := s.Events(t.Context(), c.q)
			if err != nil {
				t.Fatal(c.name, err)
			}
			wantIndexes(t, c.name, found, c.want)
		}
	}
	_, err := a.Events(t.Context(), authority.EventQuery{Limit: 1001})
	wantKind(t, err, stead.Invalid, stead.ReasonRequest)
}

func wantIndexes(t *testing.T, name string, found []authority.StoredEvent, want []uint64) {
	t.Helper()
	var got []uint64
	for _, e := range found {
		got = append(got, e.Index)
	}
	if len(got) != len(want) {
		t.Errorf("%s: found %v, not %v", name, got, want)
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s: found %v, not %v", name, got, want)
			return
		}
	}
}

// Paging with the number of the last event seen gives each event once, from either end.
func pages(t *testing.T, a, b Store) {
	for n := range 25 {
		must(t, a, enrol(n))
	}
	settled(t, b)
	up, down := authority.EventQuery{Limit: 7}, authority.EventQuery{Limit: 7, Newest: true}
	for want := uint64(0); want < 25; {
		found, err := b.Events(t.Context(), up)
		if err != nil || len(found) == 0 {
			t.Fatal(err, len(found))
		}
		for _, e := range found {
			if e.Index != want {
				t.Fatalf("event %d comes where %d should", e.Index, want)
			}
			want, up.After = want+1, e.Number()
		}
	}
	for want := uint64(25); want > 0; {
		found, err := b.Events(t.Context(), down)
		if err != nil || len(found) == 0 {
			t.Fatal(err, len(found))
		}
		for _, e := range found {
			if want--; e.Index != want {
				t.Fatalf("event %d comes where %d should", e.Index, want)
			}
			down.Before = e.Number()
		}
	}
}

// A follower sees every event in order, those that come while it waits too, and goes on where it stopped.
func follows(t *testing.T, a, b Store) {
	const all = 600
	enough := errors.New("enough")
	var after uint64
	see := func(upto uint64) func(authority.StoredEvent) error {
		return func(e authority.StoredEvent) error {
			if e.Number() != after+1 || e.Who["name"] == "" {
				t.Errorf("event %d comes after number %d", e.Index, after)
			}
			if after = e.Number(); after == upto {
				return enough
			}
			return nil
		}
	}
	must(t, a, enrol(0))
	done := make(chan error)
	go func() { done <- b.Follow(t.Context(), 0, see(300)) }()
	for n := 1; n < all; {
		var some []stead.Change
		for ; len(some) < 23 && n < all; n++ {
			some = append(some, stead.Change{Event: Event("page.seen", n%7, n)})
		}
		must(t, a, put(some...))
	}
	if err := <-done; !errors.Is(err, enough) {
		t.Fatal(err)
	}
	if err := b.Follow(t.Context(), after, see(all)); !errors.Is(err, enough) {
		t.Fatal(err)
	}
	states := 0
	ctx, cancel := context.WithCancel(t.Context())
	must(t, a, enrol(1))
	err := b.FollowState(ctx, 0, func(authority.StoredEvent) error {
		if states++; states == 2 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || states != 2 {
		t.Errorf("saw %d changes of state, %v", states, err)
	}
}
