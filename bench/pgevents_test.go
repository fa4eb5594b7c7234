package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/store"
	"github.com/steadhq/stead/internal/store/pgtest"
)

// BenchmarkPostgresEvents writes the events of pages from one node and from three, beside the store on SQLite and beside one
// plain connection that commits what is waiting; and once more where a standby must have them too. All of it is on the same disk.
func BenchmarkPostgresEvents(b *testing.B) {
	for _, kind := range []string{"alone", "standby"} {
		b.Run(kind, func(b *testing.B) { writeEvents(b, servers(b, kind)) })
	}
}

func writeEvents(b *testing.B, server *pgtest.Server) {
	b.Helper()
	dsn := server.Create(b)
	var nodes []*store.Store
	for range 3 {
		s := openOn(b, store.Options{DSN: dsn})
		defer s.Close()
		nodes = append(nodes, s)
	}
	local := openStore(b, b.TempDir())
	defer local.Close()
	raw := plainly(b, server)
	for _, callers := range []int{1, 32, 256} {
		for name, all := range map[string][]*store.Store{"one": nodes[:1], "three": nodes, "sqlite": {local}} {
			b.Run(fmt.Sprintf("%s/%d", name, callers), func(b *testing.B) { share(b, callers, storing(b, all)) })
		}
		b.Run(fmt.Sprintf("raw/%d", callers), func(b *testing.B) { share(b, callers, raw) })
	}
}

// storing appends to stores in turn, after all of the people in the events have keys.
func storing(b *testing.B, all []*store.Store) func(caller int, n uint64) error {
	b.Helper()
	start := time.Now()
	var some []stead.Change
	for n := range uint64(4001) {
		some = append(some, stead.Change{Event: allowed(n, start)})
	}
	for _, s := range all {
		if _, err := s.Append(context.Background(), authority.Entry{Changes: some[:]}); err != nil {
			b.Fatal(err)
		}
	}
	return func(caller int, n uint64) error {
		_, err := all[caller%len(all)].Append(context.Background(), authority.Entry{Changes: []stead.Change{{Event: allowed(n, start)}}})
		return err
	}
}

// plainly is the twin: one table, one connection that inserts what is waiting.
func plainly(b *testing.B, s *pgtest.Server) func(caller int, n uint64) error {
	b.Helper()
	c, err := pgx.Connect(b.Context(), s.Create(b))
	if err == nil {
		_, err = c.Exec(b.Context(), "CREATE TABLE log (idx BIGINT PRIMARY KEY, event BYTEA)")
	}
	if err != nil {
		b.Fatal(err)
	}
	in := make(chan request, 4096)
	go func() {
		defer c.Close(context.Background())
		var next int64
		for first := range in {
			batch := []request{first}
			for len(batch) < 512 && len(in) > 0 {
				batch = append(batch, <-in)
			}
			bodies := make([][]byte, len(batch))
			for i := range batch {
				bodies[i] = batch[i].body
			}
			_, err := c.Exec(context.Background(), "INSERT INTO log SELECT $1 + n, e FROM unnest($2::bytea[]) WITH ORDINALITY AS t (e, n)", next, bodies)
			next += int64(len(batch))
			for _, q := range batch {
				q.done <- err
			}
		}
	}()
	b.Cleanup(func() { close(in) })
	return func(_ int, n uint64) error {
		done := make(chan error, 1)
		in <- request{body(n), done}
		return <-done
	}
}

// share lets so many callers do b.N things.
func share(b *testing.B, callers int, one func(caller int, n uint64) error) {
	var all sync.WaitGroup
	var next atomic.Int64
	b.ResetTimer()
	for w := range callers {
		all.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := one(w, uint64(n)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
