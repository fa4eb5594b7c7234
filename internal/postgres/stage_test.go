package postgres_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/postgres"
	"github.com/steadhq/stead/internal/store/pgtest"
)

// A stage is a server set up by the guide's own statements: the database shop, Stead's role in it, an owner and passwords.
type stage struct {
	*pgtest.Server
	db    *postgres.Database
	admin *pgx.Conn
	next  int
}

const secret = "the-operators-own"

// TestDatabase holds all that one server is enough for: to make one takes longer than to ask it. Each begins and ends with no
// lease on it.
func TestDatabase(t *testing.T) {
	s := set(t, "max_prepared_transactions=5", "fsync=off")
	for _, c := range []struct {
		name string
		test func(*testing.T, *stage)
	}{
		{"lease", testLease}, {"refused", testGrantRefused}, {"role of another", testRoleOfAnother},
		{"asks before it commits", testGrantAsksBeforeItCommits}, {"catalogue", testCatalogue},
		{"beyond its grants", testBeyond}, {"filters", testFilters}, {"rows", testRows}, {"writes", testWrites},
		{"measured", testMeasured}, {"reconnects", testReconnects}, {"holds its row", testHoldsItsRow}, {"prepared", testPrepared},
		{"logs in meanwhile", testLogsInMeanwhile}, {"stalls", testStalls}, {"killed", testKilled}, {"valid until", testValidUntil}, {"own password", testOwnPassword},
		{"owns things", testOwns}, {"more by hand", testMoreByHand}, {"left elsewhere", testElsewhere}, {"grant and withdraw", testGrantAndWithdraw},
		{"side by side", testSideBySide}, {"cut off", testCutOff}, {"openings", testOpenings}, {"lacks", testLacks},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.db = s.database()
			c.test(t, s)
			s.clean(t)
		})
	}
}

const hba = "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"

// tables are what a customer has; shop_owner owns them.
const tables = `
SET ROLE shop_owner;
CREATE TABLE orders (id int PRIMARY KEY, region text, customer int, total int, secret text);
INSERT INTO orders SELECT i, CASE WHEN i % 10 = 0 THEN 'US' ELSE 'EU' END, i % 7, i, CASE WHEN i % 10 = 0 THEN 'hidden' ELSE 'plain' END FROM generate_series(1, 1000) i;
CREATE TABLE customers (id int PRIMARY KEY, name text, salary int);
INSERT INTO customers SELECT i, 'c' || i, i * 1000 FROM generate_series(1, 10) i;
CREATE TABLE payroll (id int, pay int);
INSERT INTO payroll VALUES (1, 1);
CREATE TABLE notes (id serial PRIMARY KEY, region text DEFAULT 'EU', body text);
INSERT INTO notes (region, body) VALUES ('EU', 'mine'), ('US', 'theirs');
CREATE FUNCTION owned() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT max(pay)::text FROM public.payroll';
REVOKE EXECUTE ON FUNCTION owned() FROM PUBLIC;
RESET ROLE;
ANALYZE;`

func set(t *testing.T, settings ...string) *stage {
	t.Helper()
	s := &stage{Server: pgtest.Start(t, settings...)}
	if err := os.WriteFile(filepath.Join(s.Dir, "pg_hba.conf"), []byte(hba), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Do(t, "postgres", "SELECT pg_reload_conf()")
	s.Do(t, "postgres", "CREATE ROLE shop_owner LOGIN")
	s.Do(t, "postgres", "CREATE DATABASE shop OWNER shop_owner")
	s.Do(t, "shop", "REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT CREATE ON SCHEMA public TO shop_owner;"+tables)
	for i, block := range blocks(t) {
		if i == 2 {
			block = "SET ROLE shop_owner;" + block
		}
		s.Do(t, "shop", block)
	}
	s.db = s.database()
	s.admin = s.dial(t, s.DSN("shop"))
	return s
}

func (s *stage) database() *postgres.Database {
	return &postgres.Database{ID: "shopdb", DSN: fmt.Sprintf("host=127.0.0.1 port=%d dbname=shop user=stead_shop password=%s sslmode=disable", s.Port, secret),
		Now: time.Now, Rand: rand.Reader}
}

// blocks are the statements that the guide tells operators to run, in its order.
func blocks(t *testing.T) (all []string) {
	t.Helper()
	raw, err := os.ReadFile("../../docs/guide/postgresql-systems.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(raw), "```sql\n")[1:] {
		text, _, _ := strings.Cut(part, "```")
		all = append(all, strings.ReplaceAll(text, "…", secret))
	}
	if len(all) != 3 {
		t.Fatalf("the guide has %d blocks of SQL", len(all))
	}
	return all
}

func (s *stage) dial(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func reads(resource string, columns ...string) stead.Entitlement {
	return stead.Entitlement{System: "shopdb", Action: "read", Resource: resource, Columns: columns}
}

func rows(e stead.Entitlement, filter string) stead.Entitlement {
	e.Rows = filter
	return e
}

func does(a stead.Action, resource string, columns ...string) stead.Entitlement {
	e := reads(resource, columns...)
	e.Action = a
	return e
}

// mandate makes one in force for an hour; it is read-only where nothing is written.
func (s *stage) mandate(grants ...stead.Entitlement) stead.Mandate {
	s.next++
	m := stead.Mandate{ID: stead.MandateID(fmt.Sprintf("man_test%022d", s.next)), State: stead.Active, Mode: stead.ReadOnly, Until: time.Now().Add(time.Hour)}
	for _, e := range grants {
		if e.Action != "read" {
			m.Mode = stead.Edit
		}
	}
	m.Scope.Grants = grants
	return m
}

func (s *stage) grant(t *testing.T, m stead.Mandate) postgres.Login {
	t.Helper()
	l, err := s.db.Grant(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func dsn(l postgres.Login) string { return l.URL() + "?sslmode=disable" }

// clean fails the test where anything of a lease is left: a role, a schema, a connection, a prepared transaction, a trace
// of it in any ACL.
func (s *stage) clean(t *testing.T) {
	t.Helper()
	for _, q := range []string{
		`SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'stead\_man%'`,
		`SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'stead\_man%'`,
		`SELECT usename::text FROM pg_stat_activity WHERE usename LIKE 'stead\_man%'`,
		`SELECT gid FROM pg_prepared_xacts`,
		`SELECT relname || ' ' || relacl::text FROM pg_class, aclexplode(relacl) WHERE grantee <> 0 AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = grantee)`,
		`SELECT description FROM pg_shdescription WHERE description LIKE 'stead lease%'`,
	} {
		rows, err := s.admin.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		left, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || len(left) > 0 {
			t.Errorf("left: %v %v", left, err)
		}
	}
	if held, err := s.db.Held(t.Context()); err != nil || len(held) > 0 {
		t.Errorf("held %v, %v", held, err)
	}
}

func (s *stage) withdraw(t *testing.T, id stead.MandateID) postgres.Withdrawn {
	t.Helper()
	w, err := s.db.Withdraw(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return w
}
