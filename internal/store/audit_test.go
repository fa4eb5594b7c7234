package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/ledger"
	"github.com/steadhq/stead/internal/store"
	"github.com/steadhq/stead/internal/store/storetest"
)

// trail gives a snapshot to the verifier.
type trail struct{ *store.Snapshot }

func (t trail) Standing(ctx context.Context) (ledger.Standing, error) {
	st, err := t.Snapshot.Standing(ctx)
	return ledger.Standing(st), err
}

func (t trail) Events(ctx context.Context, from, to uint64) ([]ledger.EventRow, error) {
	rows, err := t.Snapshot.Events(ctx, from, to)
	return turn(rows, func(r store.EventRow) ledger.EventRow { return ledger.EventRow(r) }), err
}

func (t trail) Tiles(ctx context.Context, level int, from, to uint64) ([]ledger.Tile, error) {
	rows, err := t.Snapshot.Tiles(ctx, level, from, to)
	return turn(rows, func(r store.Tile) ledger.Tile { return ledger.Tile(r) }), err
}

func (t trail) Objects(ctx context.Context, from, to uint64) ([]ledger.ObjectRow, error) {
	rows, err := t.Snapshot.Objects(ctx, from, to)
	return turn(rows, func(r store.ObjectRow) ledger.ObjectRow { return ledger.ObjectRow(r) }), err
}

func (t trail) Rows(ctx context.Context, from, to uint64) ([]ledger.ProjectedRow, error) {
	rows, err := t.Snapshot.Rows(ctx, from, to)
	return turn(rows, func(r store.ProjectedRow) ledger.ProjectedRow { return ledger.ProjectedRow(r) }), err
}

func turn[A, B any](list []A, f func(A) B) []B {
	out := make([]B, len(list))
	for i := range list {
		out[i] = f(list[i])
	}
	return out
}

func verify(t *testing.T, o store.Options, outside *stead.Head, pruned uint64) ledger.Report {
	t.Helper()
	snap, err := store.TakeSnapshot(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	r, err := ledger.Verify(t.Context(), ledger.Check{Trail: trail{snap}, Projection: trail{snap}, Key: o.Log.(merkle).verifier, Outside: outside, Pruned: pruned})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// grown makes a store with everything in it that can be edited, erased people included.
func grown(t *testing.T, o store.Options) stead.Head {
	t.Helper()
	s := open(t, o)
	enrolAll(t, s, 0, 40)
	var pages []stead.Change
	for n := range 560 {
		pages = append(pages, stead.Change{Event: storetest.Event("page.seen", n%40, (n+1)%40)})
	}
	for n := range 20 {
		pages = append(pages, stead.Change{Event: storetest.Event("person.changed", n, n), Records: []stead.Record{storetest.Person(n, 2)}})
	}
	if _, err := s.Append(t.Context(), authority.Entry{Changes: pages}); err != nil {
		t.Fatal(err)
	}
	if err := s.Settled(t.Context(), s.Head().Size); err != nil {
		t.Fatal(err)
	}
	if err := s.Erase(t.Context(), storetest.Key(3)); err != nil {
		t.Fatal(err)
	}
	late := authority.Entry{Changes: []stead.Change{{Event: storetest.Event("page.seen", 3, 4)}, {Event: storetest.Event("page.seen", 4, 3)}}}
	if _, err := s.Append(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	if err := s.Settled(t.Context(), s.Head().Size); err != nil {
		t.Fatal(err)
	}
	head := s.Head()
	shut(t, s)
	return head
}

// A store as it was written verifies: while it is open, closed, erased in, pruned, with its projection built anew.
func TestVerifies(t *testing.T) {
	t.Parallel()
	o := options(t, filepath.Join(t.TempDir(), "data"))
	head := grown(t, o)
	if r := verify(t, o, &head, 0); !r.Good() {
		t.Errorf("%+v", r)
	}
	s := open(t, o)
	if _, err := s.Prune(t.Context(), 300, storetest.Event("log.pruned", 1, 1)); err != nil {
		t.Fatal(err)
	}
	if err := s.Settled(t.Context(), s.Head().Size); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, o, &head, 256); !r.Good() || r.Pruned != 256 {
		t.Errorf("%+v", r)
	}
	if r := verify(t, o, &head, 0); r.Good() {
		t.Error("events went and nobody asks where")
	}
	shut(t, s)
	for _, q := range []string{"DROP TABLE events", "DROP TABLE place"} {
		edit(t, o, "events.db", q)
	}
	s = open(t, o)
	if err := s.Settled(t.Context(), s.Head().Size); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, o, &head, 256); !r.Good() {
		t.Errorf("%+v", r)
	}
	shut(t, s)
}

// A store that goes on writing verifies at every moment.
func TestVerifiesWhileWriting(t *testing.T) {
	t.Parallel()
	o := options(t, t.TempDir())
	s := open(t, o)
	defer shut(t, s)
	enrolAll(t, s, 0, 5)
	stop, done := make(chan struct{}), make(chan error)
	go func() {
		var err error
		for n := 5; err == nil; n++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
				_, err = s.Append(t.Context(), enrol(n))
			}
		}
		done <- err
	}()
	for range 10 {
		head := s.Head()
		if r := verify(t, o, &head, 0); !r.Good() {
			t.Errorf("%+v", r)
		}
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func edit(t *testing.T, o store.Options, file, q string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(o.Dir, file))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	r, err := db.Exec(q, args...)
	if err != nil {
		t.Fatal(q, err)
	}
	if n, err := r.RowsAffected(); err == nil && n == 0 && q[:4] != "DROP" {
		t.Fatalf("%s changed nothing", q)
	}
}

// Every edit of anything that is stored is found by somebody who kept a checkpoint. // K1, K2, S-I31
func TestTampering(t *testing.T) {
	t.Parallel()
	o := options(t, filepath.Join(t.TempDir(), "data"))
	head := grown(t, o)
	for i, e := range edits(rand.New(rand.NewPCG(1, 2))) {
		bad := options(t, filepath.Join(t.TempDir(), fmt.Sprint("bad", i)))
		copyDir(t, o.Dir, bad.Dir)
		edit(t, bad, e.file, e.sql, e.args...)
		if r := verify(t, bad, &head, 0); r.Good() {
			t.Errorf("not found: %s %v", e.sql, e.args)
		}
	}
}

type editing struct {
	file, sql string
	args      []any
}

func edits(r *rand.Rand) []editing {
	n := func(max int) int64 { return int64(r.IntN(max)) }
	return []editing{
		{"stead.db", "UPDATE log SET event = replace(event, 'page.seen', 'page.sent') WHERE idx = ?", []any{40 + n(500)}},
		{"stead.db", "UPDATE log SET event = CAST(event AS TEXT) || ' ' WHERE idx = ?", []any{n(600)}},
		{"stead.db", "UPDATE log SET event = NULL WHERE idx = ?", []any{n(600)}},
		{"stead.db", "UPDATE log SET leaf = zeroblob(32) WHERE idx = ?", []any{n(600)}},
		{"stead.db", "UPDATE log SET leaf = leaf || x'00' WHERE idx = ?", []any{n(600)}},
		{"stead.db", "DELETE FROM log WHERE idx = ?", []any{n(600)}},
		{"stead.db", "DELETE FROM log WHERE idx > ?", []any{n(600)}},
		{"stead.db", "INSERT INTO log SELECT -1, event, leaf FROM log WHERE idx = ?", []any{n(600)}},
		{"stead.db", "INSERT INTO log SELECT 100000, event, leaf FROM log WHERE idx = ?", []any{n(600)}},
		{"stead.db", "UPDATE log SET event = (SELECT event FROM log WHERE idx = ?), leaf = (SELECT leaf FROM log WHERE idx = ?) WHERE idx = 77", []any{200, 200}},
		{"stead.db", "UPDATE objects SET body = substr(body, 1, length(body) - 1) WHERE seq = ?", []any{1 + n(60)}},
		{"stead.db", "UPDATE objects SET live = 1 - live WHERE seq = ?", []any{1 + n(60)}},
		{"stead.db", "UPDATE objects SET live = 1 WHERE version = 1 AND id = ?", []any{"prn_5"}},
		{"stead.db", "UPDATE objects SET idx = idx + 1 WHERE seq = ?", []any{1 + n(60)}},
		{"stead.db", "UPDATE objects SET version = 9 WHERE seq = ?", []any{1 + n(60)}},
		{"stead.db", "DELETE FROM objects WHERE seq = ?", []any{1 + n(60)}},
		{"stead.db", "DELETE FROM objects WHERE version = 2 AND id = ?", []any{"prn_6"}},
		{"stead.db", "INSERT INTO objects (kind, id, version, idx, live, body) SELECT kind, 'prn_x', 1, idx, live, body FROM objects WHERE seq = ?", []any{1 + n(60)}},
		{"stead.db", "UPDATE tiles SET body = zeroblob(8192) WHERE idx = ?", []any{n(2)}},
		{"stead.db", "DELETE FROM tiles WHERE idx = ?", []any{n(2)}},
		{"stead.db", "UPDATE head SET size = size - ?", []any{1 + n(100)}},
		{"stead.db", "UPDATE head SET root = zeroblob(32) WHERE one = ?", []any{1}},
		{"stead.db", "UPDATE head SET note = replace(note, 'stead', 'instead') WHERE one = ?", []any{1}},
		{"stead.db", "UPDATE head SET pruned = ?", []any{256}},
		{"events.db", "UPDATE events SET actor = 'prn_0' WHERE idx = ?", []any{1 + n(39)}},
		{"events.db", "UPDATE events SET what = '{}' WHERE idx = ?", []any{n(600)}},
		{"events.db", "UPDATE events SET outcome = 'refused' WHERE idx = ?", []any{n(600)}},
		{"events.db", "UPDATE events SET at = '2026-03-04T12:00:01.000000Z' WHERE idx = ?", []any{n(600)}},
		{"events.db", "DELETE FROM events WHERE idx = ?", []any{n(600)}},
		{"events.db", "INSERT INTO events SELECT 100000, id, kind, at, actor, subject, mandate, session, decision, intent, outcome, reason, app, policy, status, size, who, what, k1, k2 FROM events WHERE idx = ?", []any{n(600)}},
		{"events.db", "UPDATE place SET number = ?", []any{100_000}},
	}
}
