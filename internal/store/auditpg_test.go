package store_test

import (
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/ledger"
	"github.com/steadhq/stead/internal/store"
	"github.com/steadhq/stead/internal/store/pgtest"
	"github.com/steadhq/stead/internal/store/storetest"
)

// What was written on PostgreSQL verifies as on SQLite, also when the server has crashed and the projection is empty.
func TestVerifiesOnPostgres(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	o := onPostgres(t, server.Create(t))
	verifies(t, o, func() { server.Edit(t, o.DSN, "TRUNCATE events, place") })
}

// Every edit of the tables by their owner is found, and so is what he puts around them. // K1, K2, S-I31
func TestTamperingOnPostgres(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	o := onPostgres(t, server.Create(t))
	head := grown(t, o)
	server.Edit(t, o.DSN, pgtest.Dialect)
	server.Stop(syscall.SIGINT)
	server.Run(t, "fsync=off") // nothing of the copies must last
	if r := verify(t, o, &head); !r.Good() {
		t.Fatalf("before anything was touched: %+v", r.First())
	}
	for _, e := range append(edits(rand.New(rand.NewPCG(1, 2))), editsOfTables()...) {
		bad := o
		bad.DSN = server.Copy(t, o.DSN)
		server.Edit(t, bad.DSN, e.text())
		r := verify(t, bad, &head)
		if r.Good() {
			t.Errorf("not found: %s", e.text())
		}
		if e.file == "form" && r.First().What != "file" {
			t.Errorf("%s: %+v", e.text(), r.First())
		}
		server.Drop(t, bad.DSN)
	}
}

// editsOfTables are those that only PostgreSQL allows, or needs.
func editsOfTables() []editing {
	all := []editing{
		{"keys", "UPDATE erasures SET n = n - 1", nil},
		{"keys", "UPDATE erasures SET n = n + 1", nil},
		{"keys", "DELETE FROM erasures", nil},
		{"keys", "UPDATE keys SET erasure = NULL WHERE person = 'per_3'", nil},
		{"keys", "UPDATE keys SET erasure = erasure + 1 WHERE person = 'per_3'", nil},
	}
	for _, q := range []string{
		"CREATE RULE r AS ON INSERT TO counters DO INSTEAD NOTHING",
		"ALTER TABLE log RENAME TO old; CREATE VIEW stead.log AS SELECT * FROM stead.old WHERE idx <> 77",
		"ALTER TABLE counters ENABLE ROW LEVEL SECURITY",
		"CREATE POLICY p ON objects USING (idx < 5)",
		"CREATE FUNCTION stead.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
		"CREATE FUNCTION sqlite.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER t BEFORE INSERT ON counters FOR EACH ROW EXECUTE FUNCTION sqlite.f()",
		"CREATE FUNCTION sqlite.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER t BEFORE UPDATE ON stead_keys.keys FOR EACH ROW EXECUTE FUNCTION sqlite.f()",
		"CREATE FUNCTION sqlite.eq(bytea, bytea) RETURNS bool LANGUAGE sql AS 'SELECT true'; CREATE OPERATOR stead.= (LEFTARG = bytea, RIGHTARG = bytea, FUNCTION = sqlite.eq)",
		"CREATE FUNCTION pg_catalog.substr(bytea, bigint, bigint) RETURNS bytea LANGUAGE sql AS $$ SELECT '\\x01'::bytea $$",
		"CREATE TABLE sqlite.more () INHERITS (stead.objects)",
		"CREATE DOMAIN stead.text AS text",
		"CREATE TABLE stead.more (a int)",
		"CREATE INDEX more ON counters (n)",
		"DROP INDEX objects_idx; CREATE INDEX objects_idx ON objects (idx) WHERE idx < 70",
		"ALTER TABLE counters ALTER n TYPE numeric",
		"ALTER TABLE log ALTER leaf DROP NOT NULL",
		"ALTER TABLE keys DROP CONSTRAINT keys_person_key",
		"ALTER TABLE events SET LOGGED",
		"ALTER TABLE log ADD more text DEFAULT 'x'",
		"DROP TABLE leases",
		"DROP SCHEMA stead CASCADE",
		"DROP TABLE public.stead_schema",
		"SET allow_system_table_mods = on; CREATE TABLE pg_catalog.head AS SELECT * FROM stead.head",
		"SET allow_system_table_mods = on; UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'objects_live'::regclass",
		`SET allow_system_table_mods = on; CREATE INDEX other ON objects (id) WHERE live = 7;
			UPDATE pg_index SET indpred = (SELECT indpred FROM pg_index WHERE indexrelid = 'other'::regclass) WHERE indexrelid = 'objects_live'::regclass;
			REINDEX INDEX objects_live; CREATE INDEX again ON objects (id) WHERE live = 1;
			UPDATE pg_index SET indpred = (SELECT indpred FROM pg_index WHERE indexrelid = 'again'::regclass) WHERE indexrelid = 'objects_live'::regclass;
			DROP INDEX other, again`,
	} {
		all = append(all, editing{"form", q, nil})
	}
	return all
}

// Who may only read can verify; search paths do not lead him elsewhere; and who may not read is told so.
func TestVerifiesAsReader(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	o := onPostgres(t, server.Create(t))
	head := grown(t, o)
	server.Edit(t, o.DSN, `CREATE ROLE reader LOGIN; CREATE ROLE nobody LOGIN;
		CREATE SCHEMA evil; CREATE TABLE evil.head AS SELECT * FROM head; UPDATE evil.head SET size = 1;
		ALTER ROLE reader SET search_path = evil, stead, stead_keys; ALTER ROLE reader SET idle_in_transaction_session_timeout = 1;
		GRANT USAGE ON SCHEMA stead, stead_keys, evil TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA stead, evil TO reader;
		GRANT SELECT ON keys, erasures, public.stead_schema TO reader`)
	o.DSN = strings.Replace(o.DSN, "postgres@", "reader@", 1) + "&search_path=evil,stead,stead_keys"
	if r := verify(t, o, &head); !r.Good() || r.Objects == 0 || r.Projected == 0 {
		t.Errorf("%+v", r)
	}
	o.DSN = strings.Replace(o.DSN, "reader@", "nobody@", 1)
	if _, err := store.TakeSnapshot(t.Context(), o); err == nil {
		t.Error("nobody may read, and it is read")
	}
	o.DSN = strings.Replace(server.Create(t), "postgres@", "nobody@", 1)
	if _, err := store.TakeSnapshot(t.Context(), o); stead.KindOf(err) != stead.Missing {
		t.Errorf("an empty database: %v", err)
	}
}

// Two nodes that go on writing and erasing are read at one moment. // S-I31
func TestVerifiesWhileNodesWrite(t *testing.T) {
	t.Parallel()
	o := onPostgres(t, pgtest.Start(t).Create(t))
	nodes := []*store.Store{open(t, o), open(t, o)}
	defer shut(t, nodes[0])
	defer shut(t, nodes[1])
	if _, err := nodes[0].Append(t.Context(), enrol(0)); err != nil { // a log without an event has no checkpoint, and verifying says so
		t.Fatal(err)
	}
	stop, done := make(chan struct{}), make(chan error, 2)
	for w, s := range nodes {
		go func() {
			var err error
			for n := w*100_000 + 1; err == nil; n++ {
				select {
				case <-stop:
					done <- nil
					return
				default:
				}
				_, err = s.Append(t.Context(), enrol(n))
				if err == nil && n%10 == 9 {
					_, err = s.Append(t.Context(), authority.Entry{Changes: []stead.Change{{Event: storetest.Event("page.seen", n, n)}}})
				}
			}
			done <- err
		}()
	}
	for range 10 {
		head := nodes[0].Head()
		if r := verify(t, o, &head); !r.Good() {
			t.Errorf("%+v", r.First())
		}
	}
	close(stop)
	for range nodes {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// Somebody is being erased: his key is gone, and what the projection says of him goes next. That is no fault.
func TestVerifiesWhileErasing(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	o := onPostgres(t, server.Create(t))
	grown(t, o)
	server.Edit(t, o.DSN, "UPDATE keys SET erased = 1 WHERE person = 'per_3'; UPDATE events SET what = '{}' WHERE idx = (SELECT min(idx) FROM events WHERE actor = 'prn_3' AND what IS NULL)")
	found := make(chan ledger.Report)
	go func() { found <- verify(t, o, nil) }()
	conn, err := pgx.Connect(t.Context(), server.DSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	eventually(t, "a snapshot", func() error {
		var n int
		return conn.QueryRow(t.Context(), "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%erased = 1%' AND pid <> pg_backend_pid()").Scan(&n)
	})
	server.Edit(t, o.DSN, "UPDATE events SET what = NULL WHERE actor = 'prn_3' OR subject = 'prn_3'; UPDATE keys SET erased = 2 WHERE person = 'per_3'")
	if r := <-found; !r.Good() {
		t.Errorf("%+v", r.First())
	}
}
