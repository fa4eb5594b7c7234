package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/store"
	"github.com/steadhq/stead/internal/store/pgtest"
)

var someKinds = []stead.EventKind{"request.allowed", "request.denied", "request.asked", "mandate.started", "mandate.start.refused", "session.started", "odd"}

// seen makes an event of many, at times in a row by one; now and then an old one comes late.
func seen(r *rand.Rand, n int) stead.Event {
	pick := func(form string, of int) string {
		if r.IntN(9) == 0 {
			return ""
		}
		return fmt.Sprintf(form, r.IntN(of))
	}
	e := stead.Event{ID: stead.EventID(fmt.Sprint("evt_", n)), Kind: someKinds[r.IntN(len(someKinds))], At: noon.Add(time.Duration(n) * time.Second),
		Actor: stead.PrincipalID(pick("prn_%d", 5)), Subject: stead.PrincipalID(pick("prn_%d", 50)), Mandate: stead.MandateID(pick("man_%d", 300)),
		Session: stead.SessionID(pick("ses_%d", 40)), Decision: stead.DecisionID(pick("dec_%d", 5000)), App: stead.AppID(pick("app%d", 3)),
		Outcome: []stead.Outcome{stead.OK, stead.No}[r.IntN(2)], ActorPerson: "per_1", What: stead.Fields{"page": fmt.Sprint("/orders/", r.IntN(1000))}}
	if n%3000 < 1200 {
		e.Actor = "prn_2"
	}
	if n%3000 < 1500 {
		e.Session = "ses_2"
	}
	if r.IntN(50) == 0 {
		e.At = e.At.Add(-time.Duration(r.IntN(4000)) * time.Second)
	}
	return e
}

// matches says of one event what a query asks: the definition that every search is held to.
func matches(q authority.EventQuery, n uint64, e *stead.Event) bool {
	kind := len(q.Kinds) == 0 || slices.ContainsFunc(q.Kinds, func(k string) bool { return strings.HasPrefix(string(e.Kind), k) })
	return kind && (q.Actor == "" || q.Actor == e.Actor) && (q.Subject == "" || q.Subject == e.Subject) &&
		(q.Either == "" || q.Either == e.Actor || q.Either == e.Subject) && (q.Mandate == "" || q.Mandate == e.Mandate) &&
		(q.Session == "" || q.Session == e.Session) && (q.Decision == "" || q.Decision == e.Decision) && (q.App == "" || q.App == e.App) &&
		(q.Outcome == "" || q.Outcome == e.Outcome) && (q.From.IsZero() || !e.At.Before(q.From)) && (q.To.IsZero() || e.At.Before(q.To)) &&
		(q.Text == "" || strings.Contains(e.What["page"], q.Text)) && n > q.After && (q.Before == 0 || n < q.Before)
}

// TestSearch compares searches with looking at every event: over several segments, while the projection is written
// in steps, opened again and pruned.
func TestSearch(t *testing.T) {
	t.Parallel()
	searches(t, options(t, t.TempDir()), 400)
}

// PostgreSQL answers the same.
func TestSearchOnPostgres(t *testing.T) {
	t.Parallel()
	searches(t, onPostgres(t, pgtest.Start(t).Create(t)), 100)
}

func searches(t *testing.T, o store.Options, questions int) {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	s := open(t, o)
	var all []stead.Event
	for len(all) < 9500 {
		var some []stead.Change
		for range 1 + r.IntN(700) {
			e := seen(r, len(all))
			all, some = append(all, e), append(some, stead.Change{Event: e})
		}
		if _, err := s.Append(t.Context(), authority.Entry{Changes: some}); err != nil {
			t.Fatal(err)
		}
		if r.IntN(2) == 0 {
			settle(t, s)
		}
	}
	settle(t, s)
	sameAnswers(t, s, r, all, 0, questions)
	shut(t, s)
	s = open(t, o)
	defer shut(t, s)
	pruned, err := s.Prune(t.Context(), 5000, seen(r, len(all)))
	if err != nil {
		t.Fatal(err)
	}
	last, err := s.Event(t.Context(), uint64(len(all)))
	if err != nil {
		t.Fatal(err)
	}
	settle(t, s)
	sameAnswers(t, s, r, append(all, last.Event), pruned, questions)
}

func settle(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.Settled(t.Context(), s.Head().Size); err != nil {
		t.Fatal(err)
	}
}

func sameAnswers(t *testing.T, s *store.Store, r *rand.Rand, all []stead.Event, pruned uint64, questions int) {
	t.Helper()
	for n := range questions {
		q := question(r, all)
		if n < 8 { // more than is looked at in one step, by one who is often there and by one who is not
			q = authority.EventQuery{Actor: []stead.PrincipalID{"prn_2", "prn_3"}[n/4], Limit: 900, Newest: n%2 == 0}
			if n/2%2 == 1 {
				q.Outcome = stead.No
			}
		}
		if n == 8 || n == 9 { // of one session more than is listed of anybody
			q = authority.EventQuery{Session: "ses_2", Text: "/orders/7", Limit: 900, Newest: n == 8}
		}
		var want []uint64
		for i := range all {
			if uint64(i) >= pruned && matches(q, uint64(i)+1, &all[i]) {
				want = append(want, uint64(i))
			}
		}
		sameCounts(t, s, q, want, all)
		if q.Newest {
			slices.Reverse(want)
		}
		want = want[:min(len(want), q.Limit)]
		found, err := s.Events(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		var got []uint64
		for _, e := range found {
			got = append(got, e.Index)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%+v: found %d, want %d", q, got, want)
		}
		if r.IntN(20) == 0 {
			if got := bit(t, s, q); !slices.Equal(got, want) {
				t.Fatalf("%+v: bit by bit found %d, want %d", q, got, want)
			}
		}
	}
}

// bit finds what is asked for although each search is given up as soon as it has begun: it goes on where that was.
func bit(t *testing.T, s *store.Store, q authority.EventQuery) (got []uint64) {
	t.Helper()
	for want := q.Limit; ; {
		q.Within, q.Limit = 1, want-len(got)
		found, err := s.Events(t.Context(), q)
		at, err := authority.Shorted(err)
		if err != nil || at > 0 && (q.Newest && q.Before > 0 && at >= q.Before || !q.Newest && at <= q.After) {
			t.Fatalf("%+v: no step on from there: %d, %v", q, at, err)
		}
		for _, e := range found {
			got = append(got, e.Index)
		}
		switch {
		case at == 0:
			return got
		case q.Newest:
			q.Before = at
		default:
			q.After = at
		}
	}
}

// Searches that read rows while they look at blocks do not wait for each other's connections.
func TestSearchesAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, options(t, t.TempDir()))
	defer shut(t, s)
	r := rand.New(rand.NewPCG(5, 6))
	var all []stead.Change
	for len(all) < 6000 {
		all = append(all, stead.Change{Event: seen(r, len(all))})
	}
	if _, err := s.Append(t.Context(), authority.Entry{Changes: all}); err != nil {
		t.Fatal(err)
	}
	settle(t, s)
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	var asking sync.WaitGroup
	for range 12 {
		asking.Go(func() {
			for range 2 {
				if _, err := s.Counted(ctx, authority.EventQuery{Text: "/orders/1"}, authority.Counting{}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	asking.Wait()
}

// sameCounts compares the numbers with those of the rows.
func sameCounts(t *testing.T, s *store.Store, q authority.EventQuery, want []uint64, all []stead.Event) {
	t.Helper()
	c := authority.Counting{Bars: 40, Newer: uint64(len(all) / 2)}
	n, err := s.Counted(t.Context(), q, c)
	if err != nil {
		t.Fatal(err)
	}
	var refused, newer, inBars, refusedInBars uint64
	for _, i := range want {
		if all[i].Outcome == stead.No {
			refused++
		}
		if i+1 > c.Newer {
			newer++
		}
	}
	for _, b := range n.Bars {
		inBars, refusedInBars = inBars+b.N, refusedInBars+b.Refused
	}
	if !n.Whole || n.Total != uint64(len(want)) || n.Refused != refused || n.Newer != newer || inBars != n.Total || refusedInBars != refused || len(n.Bars) > c.Bars {
		t.Fatalf("%+v: counted %+v; there are %d, %d refused, %d newer", q, n, len(want), refused, newer)
	}
	if len(want) > 0 && (n.First != want[0]+1 || n.Last != want[len(want)-1]+1) {
		t.Fatalf("%+v: from %d to %d, not %d to %d", q, n.First, n.Last, want[0]+1, want[len(want)-1]+1)
	}
	for _, b := range n.Bars[:min(len(n.Bars), 3)] {
		spanOf := q
		spanOf.From, spanOf.To = b.From, b.To
		if q.From.After(b.From) {
			spanOf.From = q.From
		}
		if !q.To.IsZero() && q.To.Before(b.To) {
			spanOf.To = q.To
		}
		if one, err := s.Counted(t.Context(), spanOf, authority.Counting{}); err != nil || one.Total != b.N {
			t.Fatalf("%+v: the span from %s has %d, and %d when it is asked for: %v", q, b.From, b.N, one.Total, err)
		}
	}
}

// question names some of what an event that is there says.
func question(r *rand.Rand, all []stead.Event) authority.EventQuery {
	e := &all[r.IntN(len(all))]
	q := authority.EventQuery{Limit: 1 + r.IntN(300), Newest: r.IntN(2) == 0}
	for _, name := range []func(){
		func() { q.Actor = e.Actor }, func() { q.Subject = e.Subject }, func() { q.Either = e.Subject }, func() { q.Mandate = e.Mandate },
		func() { q.Session = e.Session }, func() { q.Decision = e.Decision }, func() { q.App = e.App }, func() { q.Outcome = e.Outcome },
		func() { q.From = e.At }, func() { q.To = e.At.Add(time.Hour) }, func() { q.Text = e.What["page"][:9] },
		func() { q.After = uint64(r.IntN(len(all))) }, func() { q.Before = uint64(1 + r.IntN(len(all))) },
		func() {
			q.Kinds = []string{[]string{"request.", "request.d", "request.allowed", "re", "mandate.", "mandate.start", "odd"}[r.IntN(7)]}
		},
		func() { q.Kinds = []string{"mandate.sta", string(e.Kind)} },
	} {
		if r.IntN(7) == 0 {
			name()
		}
	}
	return q
}
