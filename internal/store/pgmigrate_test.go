package store_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/store"
	"github.com/steadhq/stead/internal/store/pgtest"
	"github.com/steadhq/stead/internal/store/storetest"
)

// further is what a newer program may do: it adds, and what it adds need not be written by the program before.
const further = `ALTER TABLE stead.log ADD COLUMN later TEXT; ALTER TABLE stead.objects ADD COLUMN later BIGINT NOT NULL DEFAULT 7;
	ALTER TABLE stead.head ADD COLUMN later BYTEA; CREATE TABLE stead.further (n BIGINT PRIMARY KEY)`

// The previous binary goes on reading and writing what a newer one has brought further.
func TestContractOnNewerSchema(t *testing.T) {
	server := pgtest.Start(t)
	storetest.Run(t, func(t *testing.T) (a, b storetest.Store) {
		o := onPostgres(t, server.Create(t))
		one := open(t, o) // it runs while the schema changes under it
		if steps, err := store.MigrateAs(t.Context(), o.DSN, further, 1); err != nil || len(steps) != 1 {
			t.Fatalf("the newer program did %v, %v", steps, err)
		}
		two := open(t, o)
		t.Cleanup(func() { shut(t, one); shut(t, two) })
		return one, two
	})
}

func TestMigrate(t *testing.T) {
	server := pgtest.Start(t)
	dsn := server.Create(t)
	pending := func(want int) {
		t.Helper()
		steps, err := store.Pending(t.Context(), dsn)
		if err != nil || len(steps) != want || want > 0 && !strings.Contains(steps[0].SQL, "CREATE TABLE stead.log") {
			t.Fatalf("pending are %d, %v; not %d", len(steps), err, want)
		}
	}
	pending(store.Known())
	pending(store.Known()) // looking did nothing
	if done, err := store.Migrate(t.Context(), dsn); err != nil || len(done) != store.Known() || done[0].Version != 1 {
		t.Fatalf("it did %v, %v", done, err)
	}
	pending(0)
	if done, err := store.Migrate(t.Context(), dsn); err != nil || len(done) != 0 {
		t.Fatalf("it did %v, %v again", done, err)
	}
}

// Of the two dumps of a database both are needed. Who restores one is told of the other, and no key is made in its place.
func TestHalfRestored(t *testing.T) {
	server := pgtest.Start(t)
	for lacks, without := range map[string]string{
		"keys.dump":   "DROP SCHEMA stead_keys CASCADE",
		"record.dump": "DROP SCHEMA stead CASCADE; DROP TABLE public.stead_schema",
	} {
		o := onPostgres(t, server.Create(t))
		shut(t, open(t, o))
		server.Edit(t, o.DSN, without)
		_, opened := store.Open(t.Context(), o)
		_, secrets := store.OpenSecrets(t.Context(), o.DSN)
		_, migrated := store.Migrate(t.Context(), o.DSN)
		for _, err := range []error{opened, secrets, migrated} {
			if stead.KindOf(err) != stead.Missing || err == nil || !strings.Contains(err.Error(), "pg_restore -d DATABASE "+lacks) {
				t.Errorf("without %s it says %v", lacks, err)
			}
		}
	}
}

// A database that serves newer programs only is refused before anything is read or written.
func TestNewerSchemaRefused(t *testing.T) {
	server := pgtest.Start(t)
	o := onPostgres(t, server.Create(t))
	if _, err := store.MigrateAs(t.Context(), o.DSN, further, store.Known()+1); err != nil {
		t.Fatal(err)
	}
	_, opened := store.Open(t.Context(), o)
	_, secrets := store.OpenSecrets(t.Context(), o.DSN)
	_, pending := store.Pending(t.Context(), o.DSN)
	_, migrated := store.Migrate(t.Context(), o.DSN)
	for _, err := range []error{opened, secrets, pending, migrated} {
		if stead.KindOf(err) != stead.Refused || stead.ReasonOf(err) != stead.ReasonStale || !strings.Contains(err.Error(), fmt.Sprint("schema ", store.Known()+1)) ||
			!strings.Contains(err.Error(), "start the newer program") {
			t.Errorf("it says %v", err)
		}
	}
	if _, err := store.MigrateAs(t.Context(), o.DSN, further, store.Known()+1); err != nil {
		t.Errorf("the newer program itself: %v", err)
	}
}

// Of several nodes that start at once one migrates. A step that fails leaves the schema as it was.
func TestMigrateAtOnce(t *testing.T) {
	server := pgtest.Start(t)
	dsn := server.Create(t)
	var nodes sync.WaitGroup
	var done atomic.Int64
	for range 8 {
		nodes.Go(func() {
			steps, err := store.MigrateAs(t.Context(), dsn, further, 1)
			if err != nil {
				t.Error(err)
			}
			done.Add(int64(len(steps)))
		})
	}
	nodes.Wait()
	if want := int64(store.Known() + 1); done.Load() != want {
		t.Errorf("%d steps were done, not %d", done.Load(), want)
	}
	dsn = server.Create(t)
	if steps, err := store.MigrateAs(t.Context(), dsn, "CREATE TABLE stead.further (n BIGINT); SELECT 1/0", 1); err == nil || len(steps) != store.Known() {
		t.Errorf("it did %v, %v", steps, err)
	}
	if steps, err := store.MigrateAs(t.Context(), dsn, further, 1); err != nil || len(steps) != 1 || steps[0].Version != store.Known()+1 {
		t.Errorf("after the fault it did %v, %v", steps, err)
	}
}

// What a program that knew no blocks has brought into the projection, before this one came or while both ran, is counted and
// found once this one leads: it begins anew.
func TestBlocksOfOlderProgram(t *testing.T) {
	server := pgtest.Start(t)
	o := onPostgres(t, server.Create(t))
	s := open(t, o)
	var all []stead.Change
	for n := range 700 {
		all = append(all, stead.Change{Event: storetest.Event("page.seen", n%7, n)})
	}
	if _, err := s.Append(t.Context(), authority.Entry{Changes: all}); err != nil {
		t.Fatal(err)
	}
	settle(t, s)
	shut(t, s)
	for name, left := range map[string]string{
		"before":           "TRUNCATE stead.blocks, stead.marks, stead.labels; UPDATE stead.place SET blocks = 0",
		"while both ran":   "DELETE FROM stead.blocks WHERE block = 1; DELETE FROM stead.marks WHERE block = 1; UPDATE stead.place SET blocks = 512",
		"after a new copy": "TRUNCATE stead.place; INSERT INTO stead.place (number, leaf) SELECT 700, leaf FROM stead.log WHERE idx = 699",
	} {
		server.Edit(t, o.DSN, left)
		s := open(t, o)
		settle(t, s)
		n, err := s.Counted(t.Context(), authority.EventQuery{}, authority.Counting{Bars: 10})
		if err != nil || n.Total != 700 {
			t.Errorf("%s: counted %d, %v", name, n.Total, err)
		}
		if found, err := s.Events(t.Context(), authority.EventQuery{Text: "page 6", Limit: 1000}); err != nil || len(found) != 111 {
			t.Errorf("%s: found %d, %v", name, len(found), err)
		}
		shut(t, s)
	}
}

// The role of the nodes owns nothing: an owner migrates, and grants what LeastRights lists. One right less is missed.
func TestLeastRights(t *testing.T) {
	server := pgtest.Start(t)
	server.Do(t, "postgres", "CREATE ROLE stead_owner LOGIN")
	server.Do(t, "postgres", "CREATE ROLE stead LOGIN")
	as := func(role, database string) string {
		return strings.Replace(server.DSN(database), "postgres@", role+"@", 1)
	}
	var made atomic.Int64
	fresh := func(t *testing.T) (store.Options, string) {
		database := fmt.Sprintf("least%d", made.Add(1))
		server.Do(t, "postgres", "CREATE DATABASE "+database+" OWNER stead_owner")
		if _, err := store.Open(t.Context(), onPostgres(t, as("stead", database))); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Fatalf("a role without rights opened an empty database: %v", err)
		}
		if _, err := store.Migrate(t.Context(), as("stead_owner", database)); err != nil {
			t.Fatal(err)
		}
		server.Do(t, database, "SET ROLE stead_owner; "+store.LeastRights("stead"))
		return onPostgres(t, as("stead", database)), database
	}
	storetest.Run(t, func(t *testing.T) (a, b storetest.Store) {
		o, _ := fresh(t)
		one, two := open(t, o), open(t, o)
		t.Cleanup(func() { shut(t, one); shut(t, two) })
		return one, two
	})
	o, database := fresh(t)
	secrets, err := store.OpenSecrets(t.Context(), o.DSN)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][]byte{nil, []byte("b")} {
		if err := secrets.PutSecret(t.Context(), "a", c, append(c, 'b')); err != nil {
			t.Error(err)
		}
	}
	if err := secrets.Close(); err != nil {
		t.Error(err)
	}
	c, err := store.Examine(t.Context(), o.DSN)
	if err != nil || len(c.Lacks) != 0 || c.Super {
		t.Errorf("with least rights: %+v, %v", c, err)
	}
	server.Do(t, database, "REVOKE UPDATE ON stead.head FROM stead")
	server.Do(t, database, "REVOKE UPDATE (live) ON stead.objects FROM stead")
	server.Do(t, database, "REVOKE TRUNCATE ON stead.events FROM stead")
	c, err = store.Examine(t.Context(), o.DSN)
	if err != nil || strings.Join(c.Lacks, "; ") != "UPDATE (live) ON stead.objects; UPDATE ON stead.head; TRUNCATE ON stead.events" {
		t.Errorf("it lacks %q, %v", c.Lacks, err)
	}
	s := open(t, o)
	defer s.Close()
	if _, err := s.Append(t.Context(), pageSeen("evt_1")); err == nil {
		t.Error("a role that may not write the head wrote")
	}
}
