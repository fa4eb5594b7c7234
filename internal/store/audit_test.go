package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

func verify(t *testing.T, o store.Options, outside *stead.Head) ledger.Report {
	t.Helper()
	snap, err := store.TakeSnapshot(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	r, err := ledger.Verify(t.Context(), ledger.Check{Trail: trail{snap}, Projection: trail{snap}, Rest: snap.Rest(), Key: o.Log.(merkle).verifier, Outside: outside})
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
		c := stead.Change{Event: storetest.Event("page.seen", n%40, (n+1)%40)}
		if n%3 == 0 {
			c.Counts = []stead.Count{{Key: fmt.Sprint("pages/", n%7), Op: stead.CountAdd, N: 2}, {Key: fmt.Sprint("seen/", n%5), Op: stead.CountRaise, N: int64(n + 1), Until: storetest.Noon().Add(time.Hour)}}
		}
		pages = append(pages, c)
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
	if _, err := s.Append(t.Context(), authority.Entry{Changes: []stead.Change{{Event: storetest.Event("person.erased", 1, 3)}}}); err != nil {
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
	verifies(t, o, func() {
		for _, q := range []string{"DROP TABLE events", "DROP TABLE place"} {
			edit(t, o, "events.db", q)
		}
	})
}

// verifies verifies a store through its life; lose loses the projection.
func verifies(t *testing.T, o store.Options, lose func()) {
	t.Helper()
	head := grown(t, o)
	if r := verify(t, o, &head); !r.Good() {
		t.Errorf("%+v", r)
	}
	s := open(t, o)
	before := map[string]int64{}
	s.View().Read(func(v *authority.State) {
		for n := range 7 {
			before[fmt.Sprint("pages/", n)] = v.Count(fmt.Sprint("pages/", n))
		}
	})
	if _, err := s.Prune(t.Context(), 300, storetest.Event("log.pruned", 1, 1)); err != nil {
		t.Fatal(err)
	}
	if err := s.Settled(t.Context(), s.Head().Size); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, o, &head); !r.Good() || r.Pruned != 256 {
		t.Errorf("%+v", r)
	}
	shut(t, s)
	s = open(t, o)
	s.View().Read(func(v *authority.State) {
		for key, n := range before {
			if v.Count(key) != n {
				t.Errorf("after pruning %s is %d, not %d", key, v.Count(key), n)
			}
		}
	})
	shut(t, s)
	lose()
	s = open(t, o)
	if err := s.Settled(t.Context(), s.Head().Size); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, o, &head); !r.Good() {
		t.Errorf("%+v", r)
	}
	shut(t, s)
}

// An index can hide rows although every row is right: what is live is read by one. // K1
func TestHiddenByAnIndex(t *testing.T) {
	t.Parallel()
	o := options(t, filepath.Join(t.TempDir(), "data"))
	grown(t, o)
	for _, q := range []string{
		"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'live = 1', 'live = 7') WHERE name = 'objects_live'",
		"REINDEX objects_live",
		"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'live = 7', 'live = 1') WHERE name = 'objects_live'",
	} {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(o.Dir, "stead.db"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(q); err != nil {
			t.Fatal(q, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if r := verify(t, o, nil); r.First().What != "file" {
		t.Errorf("%+v", r.First())
	}
}

// Counters are forgotten by the time of the events, not by the wall's: who reads the log knows which may be gone. // K1
func TestForgetsByTheLog(t *testing.T) {
	t.Parallel()
	o := options(t, filepath.Join(t.TempDir(), "data"))
	o.Now = func() time.Time { return noon.Add(time.Hour) }
	s := open(t, o)
	var all []stead.Change
	for n := range 1100 {
		all = append(all, stead.Change{Event: storetest.Event("code.used", 1, n%9), Counts: []stead.Count{
			{Key: fmt.Sprint("code/", n), Op: stead.CountPass, N: 1, Until: noon.Add(time.Duration(n%2*20-10) * time.Minute)}}})
	}
	for range 2 {
		if _, err := s.Append(t.Context(), authority.Entry{Changes: all}); err != nil {
			t.Fatal(err)
		}
		for i := range all {
			all[i].Counts = []stead.Count{{Key: fmt.Sprint("later/", i), Op: stead.CountAdd, N: 1}}
		}
	}
	if err := s.Settled(t.Context(), s.Head().Size); err != nil {
		t.Fatal(err)
	}
	shut(t, s)
	if r := verify(t, o, nil); !r.Good() {
		t.Errorf("%+v", r.First())
	}
	edit(t, o, "stead.db", "DELETE FROM counters WHERE key = 'code/7'")
	if r := verify(t, o, nil); r.First().What != "counter" || r.First().Index != 7 {
		t.Errorf("a mark that is not over was taken away: %+v", r.First())
	}
}

// Without the master key what is sealed is not opened, but whose key is gone is seen all the same. // K1
func TestKeysWithoutMaster(t *testing.T) {
	t.Parallel()
	o := options(t, filepath.Join(t.TempDir(), "data"))
	grown(t, o)
	for q, what := range map[string]string{"": "", "DELETE FROM keys WHERE person = 'per_9'": "key", "UPDATE keys SET wrapped = x'01' WHERE person = 'per_3'": "key",
		"UPDATE keys SET wrapped = (SELECT wrapped FROM keys WHERE person = 'per_8') WHERE person = 'per_9'": "key"} {
		bad := options(t, filepath.Join(t.TempDir(), "bad"))
		copyDir(t, o.Dir, bad.Dir)
		if q != "" {
			edit(t, bad, "keys.db", q)
		}
		bad.Sealer = nil
		snap, err := store.TakeSnapshot(t.Context(), bad)
		if err != nil {
			t.Fatal(err)
		}
		defer snap.Close()
		if r, err := ledger.Verify(t.Context(), ledger.Check{Trail: trail{snap}, Rest: snap.Rest(), Key: o.Log.(merkle).verifier}); err != nil || r.First().What != what {
			t.Errorf("%s: %+v, %v", q, r.First(), err)
		}
	}
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
		if r := verify(t, o, &head); !r.Good() {
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
	if n, err := r.RowsAffected(); err == nil && n == 0 && q[:4] != "DROP" && q[:4] != "CREA" {
		t.Fatalf("%s changed nothing", q)
	}
}

// Every edit of anything that is stored is found by somebody who kept a checkpoint. // K1, K2, S-I31
func TestTampering(t *testing.T) {
	t.Parallel()
	o := options(t, filepath.Join(t.TempDir(), "data"))
	head := grown(t, o)
	r := rand.New(rand.NewPCG(1, 2))
	for i, e := range append(edits(r), editsOfFiles()...) {
		bad := options(t, filepath.Join(t.TempDir(), fmt.Sprint("bad", i)))
		copyDir(t, o.Dir, bad.Dir)
		edit(t, bad, e.file, e.text())
		if r := verify(t, bad, &head); r.Good() {
			t.Errorf("not found: %s", e.text())
		}
	}
}

type editing struct {
	file, sql string
	args      []any
}

// text puts the arguments into the text.
func (e editing) text() string {
	q := e.sql
	for _, arg := range e.args {
		value := fmt.Sprint(arg)
		if _, is := arg.(string); is {
			value = "'" + value + "'"
		}
		q = strings.Replace(q, "?", value, 1)
	}
	return q
}

// edits are done with the same text on both engines.
func edits(r *rand.Rand) []editing {
	n := func(max int) int64 { return int64(r.IntN(max)) }
	person := func() string { return fmt.Sprint("prn_", n(40)) }
	return []editing{
		{"stead.db", "UPDATE log SET event = replace(event, 'page.seen', 'page.sent') WHERE idx = ?", []any{40 + n(500)}},
		{"stead.db", "UPDATE log SET event = CAST(event || CAST(' ' AS BLOB) AS BLOB) WHERE idx = ?", []any{n(600)}},
		{"stead.db", "UPDATE log SET event = NULL WHERE idx = ?", []any{n(600)}},
		{"stead.db", "UPDATE log SET leaf = zeroblob(32) WHERE idx = ?", []any{n(600)}},
		{"stead.db", "UPDATE log SET leaf = leaf || zeroblob(1) WHERE idx = ?", []any{n(600)}},
		{"stead.db", "DELETE FROM log WHERE idx = ?", []any{n(600)}},
		{"stead.db", "DELETE FROM log WHERE idx > ?", []any{n(600)}},
		{"stead.db", "INSERT INTO log SELECT -1, event, leaf FROM log WHERE idx = ?", []any{n(600)}},
		{"stead.db", "INSERT INTO log SELECT 100000, event, leaf FROM log WHERE idx = ?", []any{n(600)}},
		{"stead.db", "UPDATE log SET event = (SELECT event FROM log WHERE idx = ?), leaf = (SELECT leaf FROM log WHERE idx = ?) WHERE idx = 77", []any{200, 200}},
		{"stead.db", "UPDATE objects SET body = substr(body, 1, length(body) - 1) WHERE version = 1 AND id = ?", []any{person()}},
		{"stead.db", "UPDATE objects SET live = 1 - live WHERE version = 1 AND id = ?", []any{person()}},
		{"stead.db", "UPDATE objects SET live = 1 WHERE version = 1 AND id = ?", []any{"prn_5"}},
		{"stead.db", "UPDATE objects SET idx = idx + 1 WHERE version = 1 AND id = ?", []any{person()}},
		{"stead.db", "UPDATE objects SET version = 9 WHERE version = 1 AND id = ?", []any{person()}},
		{"stead.db", "DELETE FROM objects WHERE version = 1 AND id = ?", []any{person()}},
		{"stead.db", "DELETE FROM objects WHERE version = 2 AND id = ?", []any{"prn_6"}},
		{"stead.db", "INSERT INTO objects (kind, id, version, idx, live, body) SELECT kind, 'prn_x', 1, idx, live, body FROM objects WHERE version = 1 AND id = ?", []any{person()}},
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
		{"stead.db", "UPDATE counters SET n = n - 1 WHERE key = ?", []any{"pages/3"}},
		{"stead.db", "UPDATE counters SET until = ? WHERE key = 'seen/1'", []any{1}},
		{"stead.db", "DELETE FROM counters WHERE key = ?", []any{"pages/0"}},
		{"stead.db", "INSERT INTO counters VALUES (?, 1, 0)", []any{"code/x"}},
		{"stead.db", "UPDATE head SET counted = ?", []any{60}},
		{"stead.db", "UPDATE head SET counted = ?", []any{100_000}},
		{"stead.db", "UPDATE head SET moved = moved - ?", []any{1}},
		{"stead.db", "UPDATE head SET clock = clock - ?", []any{1}},
		{"stead.db", "DROP INDEX objects_live", nil},
		{"keys.db", "DELETE FROM keys WHERE person = ?", []any{"per_9"}},
		{"keys.db", "UPDATE keys SET wrapped = NULL, erased = 2 WHERE person = ?", []any{"per_9"}},
		{"keys.db", "UPDATE keys SET person = 'x' WHERE person = ?", []any{"per_9"}},
		{"keys.db", "UPDATE keys SET wrapped = (SELECT wrapped FROM keys WHERE person = ?) WHERE person = 'per_9'", []any{"per_8"}},
		{"keys.db", "UPDATE keys SET wrapped = randomblob(32) WHERE person = ?", []any{"per_3"}},
		{"keys.db", "INSERT INTO keys SELECT 1, 'per_new', wrapped, 0 FROM keys WHERE person = ?", []any{"per_8"}},
		{"events.db", "UPDATE blocks SET whats = zeroblob(length(whats)) WHERE block = ?", []any{0}},
		{"events.db", "UPDATE blocks SET times = zeroblob(length(times)) WHERE block = ?", []any{1}},
		{"events.db", "UPDATE blocks SET actors = zeroblob(length(actors)) WHERE block = ?", []any{0}},
		{"events.db", "UPDATE blocks SET subjects = randomblob(length(subjects)) WHERE block = ?", []any{1}},
		{"events.db", "UPDATE blocks SET high = high + 1 WHERE block = ?", []any{0}},
		{"events.db", "UPDATE blocks SET low = ?", []any{1}},
		{"events.db", "UPDATE blocks SET whats = whats || zeroblob(4) WHERE block = ?", []any{1}},
		{"events.db", "DELETE FROM blocks WHERE block = ?", []any{0}},
		{"events.db", "INSERT INTO blocks SELECT 900, low, high, sums, whats, times, actors, subjects FROM blocks WHERE block = ?", []any{0}},
		{"events.db", "UPDATE marks SET marks = zeroblob(length(marks)) WHERE block = ?", []any{0}},
		{"events.db", "DELETE FROM marks WHERE block = ?", []any{1}},
		{"events.db", "UPDATE labels SET outcome = ?", []any{"refused"}},
		{"events.db", "UPDATE labels SET kind = ? WHERE n = 1", []any{"page.sent"}},
		{"events.db", "UPDATE blocks SET sums = zeroblob(length(sums)) WHERE block = ?", []any{0}},
		{"events.db", "UPDATE blocks SET sums = zeroblob(0) WHERE block = ?", []any{1}},
		{"keys.db", "DROP TABLE keys", nil},
	}
}

// editsOfFiles are those that only SQLite allows, or needs.
func editsOfFiles() []editing {
	return []editing{
		{"events.db", "UPDATE spans SET low = ?", []any{"2026"}},
		{"stead.db", "UPDATE counters SET n = ? WHERE key = 'seen/1'", []any{"many"}},
		{"stead.db", "CREATE TRIGGER t AFTER INSERT ON counters BEGIN DELETE FROM counters; END", nil},
	}
}
