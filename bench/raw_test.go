package bench

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/binary"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"modernc.org/sqlite"
)

const (
	submitters = 100
	recordSize = 624 // the stored bytes of the event that BenchmarkDurableEvents writes
)

// rows are in the table before anything is measured.
func rows() int {
	if testing.Short() {
		return 20_000
	}
	return 1_000_000
}

// raw is the twin of the store: one table, one writer that commits what is waiting, nothing else.
type raw struct {
	conn driver.Conn
	in   chan request
	next int64
}

type request struct {
	body []byte
	done chan error
}

func openRaw(tb testing.TB) *raw {
	tb.Helper()
	dsn := "file:" + filepath.Join(tb.TempDir(), "raw.db") + "?_pragma=journal_mode(wal)&_pragma=synchronous(full)"
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	conn, err := c.Connect(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close() })
	r := &raw{conn: conn, in: make(chan request, 4096)}
	if err := r.prepare(tb, "CREATE TABLE log (idx INTEGER PRIMARY KEY, event BLOB)")(); err != nil {
		tb.Fatal(err)
	}
	return r
}

func (r *raw) prepare(tb testing.TB, q string) func(args ...driver.NamedValue) error {
	tb.Helper()
	s, err := r.conn.Prepare(q)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return func(args ...driver.NamedValue) error {
		_, err := s.(driver.StmtExecContext).ExecContext(context.Background(), args)
		return err
	}
}

// write commits batches until in is closed.
func (r *raw) write(tb testing.TB) {
	begin, commit := r.prepare(tb, "BEGIN IMMEDIATE"), r.prepare(tb, "COMMIT")
	insert := r.prepare(tb, "INSERT INTO log VALUES (?, ?)")
	var batch []request
	for first := range r.in {
		batch = append(batch[:0], first)
		for len(batch) < 512 && len(r.in) > 0 {
			batch = append(batch, <-r.in)
		}
		err := begin()
		for _, q := range batch {
			if err == nil {
				r.next++
				err = insert(driver.NamedValue{Ordinal: 1, Value: r.next}, driver.NamedValue{Ordinal: 2, Value: q.body})
			}
		}
		if err == nil {
			err = commit()
		}
		for _, q := range batch {
			q.done <- err
		}
	}
}

// body gives a record that differs from all others.
func body(n uint64) []byte {
	b := make([]byte, 0, recordSize+sha256.Size)
	seed := binary.LittleEndian.AppendUint64(nil, n)
	for len(b) < recordSize {
		sum := sha256.Sum256(seed)
		seed = sum[:]
		b = append(b, seed...)
	}
	return b[:recordSize]
}

// BenchmarkRawGroupCommit is the figure that everything durable is measured against.
func BenchmarkRawGroupCommit(b *testing.B) {
	r := openRaw(b)
	var writer sync.WaitGroup
	writer.Go(func() { r.write(b) })
	for n := 0; n < rows(); n += submitters {
		var dones [submitters]chan error
		for i := range dones {
			dones[i] = make(chan error, 1)
			r.in <- request{body(uint64(n + i)), dones[i]}
		}
		for _, done := range dones {
			if err := <-done; err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("100", func(b *testing.B) {
		submit(b, func(n uint64, done chan error) error {
			r.in <- request{body(n), done}
			return <-done
		})
	})
	close(r.in)
	writer.Wait()
}

// submit shares b.N submissions among the submitters and reports rate and processor time.
func submit(b *testing.B, one func(n uint64, done chan error) error) {
	b.Helper()
	before := processor()
	b.ResetTimer()
	var all sync.WaitGroup
	for w := range submitters {
		all.Go(func() {
			done := make(chan error, 1)
			for n := w; n < b.N; n += submitters {
				if err := one(uint64(n), done); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64((processor()-before).Microseconds())/float64(b.N), "cpu-µs/record")
}

// processor is the time this process has used.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
