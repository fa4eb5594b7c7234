package bench

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/store"
)

func openStore(tb testing.TB, dir string) *store.Store {
	tb.Helper()
	return openOn(tb, store.Options{Dir: dir})
}

func openOn(tb testing.TB, o store.Options) *store.Store {
	tb.Helper()
	master, err := keys.ParseMaster("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")
	if err != nil {
		tb.Fatal(err)
	}
	sealer, err := keys.NewSealer(master, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	log, err := house.NewMerkle("stead.test/log", ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		tb.Fatal(err)
	}
	o.Now, o.Log, o.Sealer, o.Patience = time.Now, log, sealer, time.Minute
	s, err := store.Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// allowed is the event of one page: the commonest there is.
func allowed(n uint64, at time.Time) stead.Event {
	mandate := n % 4001
	actor, subject := mandate%97, mandate%3571
	return stead.Event{
		ID: stead.EventID(fmt.Sprintf("evt_%026x", n)), Kind: "request.allowed", At: at,
		Actor: stead.PrincipalID(fmt.Sprintf("prn_%026x", actor)), Subject: stead.PrincipalID(fmt.Sprintf("prn_%026x", subject)),
		ActorPerson: stead.PersonKey(fmt.Sprintf("per_%d", actor)), SubjectPerson: stead.PersonKey(fmt.Sprintf("per_%d", subject)),
		Mandate: stead.MandateID(fmt.Sprintf("man_%026x", mandate)), Session: stead.SessionID(fmt.Sprintf("ses_%026x", actor)),
		Decision: stead.DecisionID(fmt.Sprintf("dec_%026x", n)), Outcome: stead.OK, App: "orders",
		Policy: "6f1f0d3c5e6a4c0fa6d05a8f3d6f61a8f1b8a9c2d7e3f4a5b6c7d8e9f0a1b2c3",
		Who:    stead.Fields{"address": "192.0.2.17"},
		What:   stead.Fields{"method": "GET", "page": fmt.Sprintf("/orders/%d", n)},
	}
}

// fill writes rows before anything is measured, and waits for the projection.
func fill(b *testing.B, s *store.Store, at time.Time) {
	b.Helper()
	for n := 0; n < rows(); {
		var some []stead.Change
		for ; len(some) < 1000 && n < rows(); n++ {
			some = append(some, stead.Change{Event: allowed(uint64(n), at)})
		}
		if _, err := s.Append(context.Background(), authority.Entry{Changes: some}); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Settled(context.Background(), s.Head().Size); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkDurableEvents writes the events of pages; the figure to compare with is BenchmarkRawGroupCommit. How far
// the projection is behind at the end, and how long it needs to come up, is told beside it.
func BenchmarkDurableEvents(b *testing.B) {
	s := openStore(b, b.TempDir())
	defer s.Close()
	start := time.Now()
	fill(b, s, start)
	stored, err := s.Stored(context.Background(), 0)
	if err != nil {
		b.Fatal(err)
	}
	first := s.Head().Size
	b.Run("100", func(b *testing.B) {
		submit(b, func(n uint64, _ chan error) error {
			_, err := s.Append(context.Background(), authority.Entry{Changes: []stead.Change{{Event: allowed(first+n, start)}}})
			return err
		})
		b.ReportMetric(float64(len(stored)), "B/event")
		lag, _ := s.Lag()
		b.ReportMetric(float64(lag), "lag")
		first = s.Head().Size
		behind := time.Now()
		if err := s.Settled(context.Background(), first); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(behind).Seconds(), "s-to-settle")
	})
}

// mandate is one that is live, as big as they are.
func mandate(n int, at time.Time) stead.Mandate {
	actor, subject := n%100_000, n%99_991
	return stead.Mandate{
		ID: stead.MandateID(fmt.Sprintf("man_%026x", n)), Version: 1, State: stead.Active,
		Actor: stead.PrincipalID(fmt.Sprintf("prn_%026x", actor)), Subject: stead.PrincipalID(fmt.Sprintf("prn_%026x", subject)),
		People:  []stead.PersonKey{stead.PersonKey(fmt.Sprintf("per_%d", actor%1000))},
		Session: stead.SessionID(fmt.Sprintf("ses_%026x", actor)),
		Purpose: stead.Purpose{Reason: "she cannot see her last order", Ticket: fmt.Sprintf("SUP-%d", n)},
		Scope:   stead.Scope{Apps: []stead.AppID{"orders"}}, Mode: stead.ReadOnly,
		Bounds:  stead.Bounds{Length: stead.Duration(10 * time.Minute), Extensions: 1},
		Digest:  "6f1f0d3c5e6a4c0fa6d05a8f3d6f61a8f1b8a9c2d7e3f4a5b6c7d8e9f0a1b2c3",
		AskedAt: at, StartBy: at.Add(time.Hour), StartedAt: at, Until: at.Add(10 * time.Minute),
	}
}

// BenchmarkColdStart opens a store that holds mandates that are live, and tells how much memory each of them takes.
func BenchmarkColdStart(b *testing.B) {
	dir, at := b.TempDir(), time.Now().UTC()
	s := openStore(b, dir)
	for n := 0; n < rows(); {
		var some []stead.Change
		for ; len(some) < 1000 && n < rows(); n++ {
			some = append(some, stead.Change{Event: stead.Event{Kind: "mandate.started", At: at}, Records: []stead.Record{mandate(n, at)}})
		}
		if _, err := s.Append(context.Background(), authority.Entry{Changes: some}); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	s = nil
	b.Run(fmt.Sprint(rows()), func(b *testing.B) {
		for range b.N {
			before, used := heap(), processor()
			s := openStore(b, dir)
			b.StopTimer()
			b.ReportMetric((processor() - used).Seconds(), "cpu-s/start")
			b.ReportMetric((heap()-before)/float64(rows()), "B/mandate")
			collected := time.Now()
			runtime.GC()
			b.ReportMetric(float64(time.Since(collected).Milliseconds()), "ms/gc")
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	})
}

// heap is how many bytes are in use.
func heap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
