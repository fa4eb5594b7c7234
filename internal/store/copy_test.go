package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/store"
	"github.com/steadhq/stead/internal/store/pgtest"
	"github.com/steadhq/stead/internal/store/storetest"
)

// original makes an embedded store with people, old versions, counters, a pruned beginning and somebody erased.
func original(t *testing.T) store.Options {
	t.Helper()
	o := options(t, t.TempDir())
	s := open(t, o)
	for n := range 300 {
		e := storetest.Event("person.enrolled", n, n)
		c := stead.Change{Event: e, Records: []stead.Record{storetest.Person(n, 1)}}
		c.Counts = []stead.Count{{Key: fmt.Sprintf("code/%d", n%7), Op: stead.CountAdd, N: 1, Max: 1000}}
		if _, err := s.Append(t.Context(), authority.Entry{Changes: []stead.Change{c}}); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 20 {
		e := storetest.Event("person.changed", n, n)
		if _, err := s.Append(t.Context(), authority.Entry{Changes: []stead.Change{{Event: e, Records: []stead.Record{storetest.Person(n, 2)}}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Erase(t.Context(), storetest.Key(3)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Prune(t.Context(), 256, storetest.Event("log.pruned", 1, 1)); err != nil {
		t.Fatal(err)
	}
	shut(t, s)
	return o
}

func holdsRoot(ctx context.Context, o store.Options) func(context.Context, store.Source, stead.Head) error {
	return func(ctx context.Context, log store.Source, head stead.Head) error {
		tree, err := o.Log.Restore(ctx, log, head.Size)
		if err == nil && tree.Root() != head.Root {
			err = errors.New("another root")
		}
		return err
	}
}

func copyTo(ctx context.Context, t *testing.T, o store.Options, c store.Copy) (store.Copied, error) {
	t.Helper()
	from, err := store.TakeOriginal(t.Context(), o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	c.Check = holdsRoot(ctx, o)
	return from.Copy(ctx, c)
}

// same compares what two stores answer.
func same(t *testing.T, a, b *store.Store) {
	t.Helper()
	if x, y := a.Head(), b.Head(); x.Size != y.Size || x.Root != y.Root || string(x.Note) != string(y.Note) {
		t.Fatalf("the heads are %d and %d", x.Size, y.Size)
	}
	if a.Pruned() != b.Pruned() {
		t.Errorf("pruned are %d and %d", a.Pruned(), b.Pruned())
	}
	for n := range 300 {
		p := storetest.Person(n, 1)
		for version := range uint64(3) {
			x, errX := a.Get(t.Context(), stead.KindPrincipal, string(p.ID), version)
			y, errY := b.Get(t.Context(), stead.KindPrincipal, string(p.ID), version)
			if stead.KindOf(errX) != stead.KindOf(errY) || fmt.Sprint(x) != fmt.Sprint(y) {
				t.Fatalf("person %d in version %d is %v, %v; and %v, %v", n, version, x, errX, y, errY)
			}
		}
	}
	for index := range a.Head().Size {
		x, errX := a.Stored(t.Context(), index)
		y, errY := b.Stored(t.Context(), index)
		if stead.KindOf(errX) != stead.KindOf(errY) || string(x) != string(y) {
			t.Fatalf("event %d: %q, %v; and %q, %v", index, x, errX, y, errY)
		}
	}
	a.View().Read(func(x *authority.State) {
		b.View().Read(func(y *authority.State) {
			for n := range 7 {
				key := fmt.Sprintf("code/%d", n)
				if x.Count(key) != y.Count(key) {
					t.Errorf("%s is %v and %v", key, x.Count(key), y.Count(key))
				}
			}
		})
	})
}

func TestCopy(t *testing.T) {
	server := pgtest.Start(t)
	o := original(t)
	dsn := server.Create(t)
	secrets := map[string][]byte{"codes": {1, 0, 2}, "signing/log": []byte("sealed")}
	done, err := copyTo(t.Context(), t, o, store.Copy{DSN: dsn, Secrets: secrets})
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]uint64{}
	for _, table := range done.Tables {
		rows[table.Name] = table.Rows
	}
	if rows["objects"] != 320 || rows["person keys"] != 300 || rows["events"] != done.Head.Size || rows["counters"] < 7 || rows["tiles"] == 0 || rows["sealed secrets"] != 2 {
		t.Errorf("copied %v", rows)
	}
	a, b := open(t, o), open(t, onPostgres(t, dsn))
	defer shut(t, a)
	defer shut(t, b)
	same(t, a, b)
	settled(t, b)
	if _, err := b.Append(t.Context(), pageSeen("evt_on")); err != nil {
		t.Errorf("it does not go on: %v", err)
	}
	if err := b.Erase(t.Context(), storetest.Key(4)); err != nil {
		t.Errorf("nobody can be erased: %v", err)
	}
	kept, err := store.OpenSecrets(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	for name, want := range secrets {
		if got, err := kept.Secret(t.Context(), name); err != nil || string(got) != string(want) {
			t.Errorf("the secret %s is %q, %v", name, got, err)
		}
	}
}

// Wherever a copy is broken off, nothing opens what is there, and it can be begun again.
func TestCopyBrokenOff(t *testing.T) {
	server := pgtest.Start(t)
	o := original(t)
	dsn := server.Create(t)
	broken, ended := 0, errors.New("killed")
	for stop := 1; ; stop++ {
		ctx, kill := context.WithCancelCause(t.Context())
		seen := 0
		done, err := copyTo(ctx, t, o, store.Copy{DSN: dsn, Secrets: map[string][]byte{"codes": {1}}, AtOnce: 40, Progress: func(string, uint64, uint64) {
			if seen++; seen == stop {
				kill(ended)
			}
		}})
		kill(nil)
		if err == nil {
			if done.Head.Size == 0 || broken < 20 {
				t.Errorf("it was broken off %d times", broken)
			}
			break
		}
		if broken++; !errors.Is(err, context.Canceled) {
			t.Fatalf("broken off at step %d: %v", stop, err)
		}
		_, opened := store.Open(t.Context(), onPostgres(t, dsn))
		_, secrets := store.OpenSecrets(t.Context(), dsn)
		_, migrated := store.Migrate(t.Context(), dsn)
		for _, err := range []error{opened, secrets, migrated} {
			if stead.KindOf(err) != stead.Refused || !strings.Contains(err.Error(), "a copy into this database") {
				t.Fatalf("broken off at step %d it says %v", stop, err)
			}
		}
	}
	a, b := open(t, o), open(t, onPostgres(t, dsn))
	defer shut(t, a)
	defer shut(t, b)
	same(t, a, b)
}

// What the server kept otherwise than it was sent is found before anybody opens it.
func TestCopyFindsDifferences(t *testing.T) {
	server := pgtest.Start(t)
	o := original(t)
	for name, harm := range map[string]string{
		"an event":       "UPDATE stead.log SET event = event || '\\x20' WHERE idx = 300",
		"a leaf":         "UPDATE stead.log SET leaf = sha256(leaf) WHERE idx = 17",
		"a row gone":     "DELETE FROM stead.objects WHERE id = 'prn_9' AND version = 1",
		"a mark":         "UPDATE stead.objects SET live = 0 WHERE id = 'prn_9'",
		"a counter":      "UPDATE stead.counters SET n = n - 1 WHERE key = 'code/3'",
		"an erased key":  "UPDATE stead_keys.keys SET wrapped = '' WHERE wrapped IS NULL",
		"a tile":         "UPDATE stead.tiles SET body = '\\x00'",
		"somebody wrote": "UPDATE stead.head SET size = 1",
	} {
		t.Run(name, func(t *testing.T) {
			dsn := server.Create(t)
			done := false
			_, err := copyTo(t.Context(), t, o, store.Copy{DSN: dsn, Progress: func(_ string, n, all uint64) {
				if n == all/2 && !done {
					done = true
					conn, err := pgx.Connect(context.Background(), dsn)
					if err == nil {
						_, err = conn.Exec(context.Background(), harm)
					}
					if err != nil {
						t.Error(err)
					}
					conn.Close(context.Background())
				}
			}})
			if !done || stead.KindOf(err) != stead.Broken {
				t.Errorf("it says %v", err)
			}
			if _, err := store.Open(t.Context(), onPostgres(t, dsn)); err == nil {
				t.Error("and it opens")
			}
		})
	}
}

func TestCopyRefused(t *testing.T) {
	server := pgtest.Start(t)
	o := original(t)
	held := server.Create(t)
	s := open(t, onPostgres(t, held))
	if _, err := s.Append(t.Context(), pageSeen("evt_1")); err != nil {
		t.Fatal(err)
	}
	shut(t, s)
	wantKind := func(what string, err error, kind stead.Kind) {
		t.Helper()
		if stead.KindOf(err) != kind {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := copyTo(t.Context(), t, o, store.Copy{DSN: held})
	wantKind("into a store", err, stead.Conflict)
	keyed := server.Create(t)
	secrets, err := store.OpenSecrets(t.Context(), keyed)
	if err != nil {
		t.Fatal(err)
	}
	if err := secrets.PutSecret(t.Context(), "codes", nil, []byte{1}); err != nil {
		t.Fatal(err)
	}
	if err := secrets.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = copyTo(t.Context(), t, o, store.Copy{DSN: keyed})
	wantKind("into a database with other secrets", err, stead.Conflict)
	_, err = copyTo(t.Context(), t, o, store.Copy{DSN: server.Create(t) + "&synchronous_commit=off"})
	wantKind("into a database that forgets", err, stead.Invalid)
	s = open(t, o)
	_, err = store.TakeOriginal(t.Context(), o.Dir)
	wantKind("of a store that is open", err, stead.Conflict)
	shut(t, s)
	_, err = store.TakeOriginal(t.Context(), t.TempDir())
	wantKind("of nothing", err, stead.Missing)
	from, err := store.TakeOriginal(t.Context(), o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.Open(t.Context(), o)
	wantKind("opened while it is copied", err, stead.Conflict)
	if err := from.Close(); err != nil {
		t.Error(err)
	}
	empty := options(t, t.TempDir())
	shut(t, open(t, empty))
	_, err = copyTo(t.Context(), t, empty, store.Copy{DSN: server.Create(t)})
	wantKind("of an empty store", err, stead.Missing)
	fresh, other := server.Create(t), original(t)
	_, err = copyTo(t.Context(), t, o, store.Copy{DSN: fresh, Progress: func(_ string, n, all uint64) {
		if n == all/2 {
			_, err := copyTo(t.Context(), t, other, store.Copy{DSN: fresh})
			wantKind("two at once", err, stead.Conflict)
		}
	}})
	wantKind("the first of two", err, "")
}
