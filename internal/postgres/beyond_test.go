package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Whatever an agent tries beyond its grants the database itself refuses. Codes are SQLSTATEs: 42501 is no right, 25006 is
// read-only; "" goes through, and the reason why that is harmless stands beside it.
func testBeyond(t *testing.T, s *stage) {
	s.Do(t, "shop", "CREATE EXTENSION dblink; CREATE EXTENSION postgres_fdw; REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC")
	s.Do(t, "shop", "CREATE ROLE other LOGIN PASSWORD 'x'")
	m := s.mandate(reads("public.orders"), reads("public.customers", "id", "name"))
	l := s.grant(t, m)
	victim := s.admin.PgConn().PID()
	prepared, err := s.db.Grant(t.Context(), s.mandate(reads("public.orders")))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, text, code string }{
		{"its table", "SELECT * FROM orders", ""},
		{"another table", "SELECT * FROM payroll", "42501"},
		{"another column", "SELECT salary FROM customers", "42501"},
		{"all columns", "SELECT * FROM customers", "42501"},
		{"the row as a whole", "SELECT c FROM customers c", "42501"},
		{"a column in a condition", "SELECT id FROM customers WHERE salary > 1", "42501"},
		{"a column in an order", "SELECT id FROM customers ORDER BY salary", "42501"},
		{"a column by a join", "SELECT 1 FROM customers JOIN orders USING (id) WHERE customers.salary = 1", "42501"},
		{"the system's column", "SELECT ctid FROM customers", "42501"},
		{"statistics of another column", "SELECT 1/count(*)::int FROM pg_stats WHERE tablename = 'customers' AND attname = 'salary'", "22012"},
		{"statistics themselves", "SELECT * FROM pg_statistic", "42501"},
		{"EXPLAIN of another table", "EXPLAIN SELECT * FROM payroll", "42501"},
		{"PREPARE of another table", "PREPARE p AS SELECT * FROM payroll; EXECUTE p", "42501"},
		{"COPY of another table", "COPY payroll TO STDOUT", "42501"},
		{"COPY of all columns", "COPY customers TO STDOUT", "42501"},
		{"insert", "INSERT INTO orders VALUES (0)", "25006"},
		{"read-only switched off, insert", "SET default_transaction_read_only = off; BEGIN READ WRITE; INSERT INTO orders VALUES (0)", "42501"},
		{"read-only switched off, update", "BEGIN READ WRITE; UPDATE orders SET total = 0", "42501"},
		{"read-only switched off, delete", "BEGIN READ WRITE; DELETE FROM orders", "42501"},
		{"truncate", "BEGIN READ WRITE; TRUNCATE orders", "42501"},
		{"lock rows", "BEGIN READ WRITE; SELECT * FROM orders FOR UPDATE", "42501"},
		{"lock the table", "BEGIN; LOCK TABLE orders IN EXCLUSIVE MODE", "42501"},
		{"COPY into", "BEGIN READ WRITE; COPY orders FROM STDIN", "42501"},
		{"COPY TO PROGRAM", "COPY orders TO PROGRAM 'id'", "42501"},
		{"COPY FROM PROGRAM", "BEGIN READ WRITE; COPY orders FROM PROGRAM 'id'", "42501"},
		{"COPY to a file", "COPY orders TO '/tmp/x'", "42501"},
		{"read a file", "SELECT pg_read_file('postgresql.conf')", "42501"},
		{"list files", "SELECT pg_ls_dir('.')", "42501"},
		{"drop", "BEGIN READ WRITE; DROP TABLE orders", "42501"},
		{"alter", "BEGIN READ WRITE; ALTER TABLE orders ADD COLUMN x int", "42501"},
		{"index", "BEGIN READ WRITE; CREATE INDEX ON orders (id)", "42501"},
		{"table", "BEGIN READ WRITE; CREATE TABLE public.x ()", "42501"},
		{"schema", "BEGIN READ WRITE; CREATE SCHEMA x", "42501"},
		{"function", "BEGIN READ WRITE; CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "42501"},
		{"temporary function", "BEGIN READ WRITE; CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "42501"},
		{"temporary table", "SET default_transaction_read_only = off; CREATE TEMP TABLE x (a int)", "42501"},
		{"temporary view", "SET default_transaction_read_only = off; CREATE TEMP VIEW x AS SELECT 1", "42501"},
		{"SELECT INTO TEMP", "BEGIN READ WRITE; SELECT 1 INTO TEMP x", "42501"},
		{"extension", "BEGIN READ WRITE; CREATE EXTENSION citext", "42501"},
		{"grant on", "BEGIN READ WRITE; GRANT SELECT ON orders TO other; COMMIT", ""},
		{"database", "CREATE DATABASE x", "25006"},
		{"database, read-only switched off", "SET default_transaction_read_only = off; CREATE DATABASE x", "42501"},
		{"function of an owner", "SELECT owned()", "42501"},
		{"SET ROLE of Stead", "SET ROLE stead_shop", "42501"},
		{"SET ROLE of an owner", "SET ROLE shop_owner", "42501"},
		{"SET ROLE of another lease", "SET ROLE " + prepared.User, "42501"},
		{"SET ROLE of the server", "SET ROLE pg_read_all_data", "42501"},
		{"SET SESSION AUTHORIZATION", "SET SESSION AUTHORIZATION postgres", "42501"},
		{"a role", "BEGIN READ WRITE; CREATE ROLE x", "42501"},
		{"its VALID UNTIL", "BEGIN READ WRITE; ALTER ROLE " + l.User + " VALID UNTIL 'infinity'", "42501"},
		{"its limit", "BEGIN READ WRITE; ALTER ROLE " + l.User + " CONNECTION LIMIT 100", "42501"},
		{"its name", "BEGIN READ WRITE; ALTER ROLE " + l.User + " RENAME TO x", "0A000"},
		{"its powers", "BEGIN READ WRITE; ALTER ROLE " + l.User + " CREATEROLE", "42501"},
		{"its mark", "BEGIN READ WRITE; COMMENT ON ROLE " + l.User + " IS 'mine'", "42501"},
		{"its drop", "BEGIN READ WRITE; DROP ROLE " + l.User, "42501"},
		{"a password of another", "BEGIN READ WRITE; ALTER ROLE other PASSWORD 'x'", "42501"},
		{"itself to others", "BEGIN READ WRITE; GRANT " + l.User + " TO other", "42501"},
		{"settings of others", "BEGIN READ WRITE; ALTER ROLE other SET work_mem = '1MB'", "42501"},
		{"settings of all", "ALTER SYSTEM SET work_mem = '1MB'", "42501"},
		{"passwords", "SELECT * FROM pg_authid", "42501"},
		{"passwords by another view", "SELECT * FROM pg_shadow", "42501"},
		{"end others", fmt.Sprintf("SELECT pg_terminate_backend(%d)", victim), "42501"},
		{"end others' statements", fmt.Sprintf("SELECT pg_cancel_backend(%d)", victim), "42501"},
		{"what others run", fmt.Sprintf("SELECT 1/(query <> '<insufficient privilege>')::int FROM pg_stat_activity WHERE pid = %d", victim), "22012"},
		{"large object", "SELECT lo_create(0)", "42501"},
		{"large object of text", "SELECT lo_from_bytea(0, 'x')", "42501"},
		{"large object of a file", "SELECT lo_import('/etc/passwd')", "42501"},
		{"dblink", "SELECT * FROM dblink('dbname=shop', 'SELECT 1') AS t(a int)", "42501"},
		{"foreign server", "BEGIN READ WRITE; CREATE SERVER x FOREIGN DATA WRAPPER postgres_fdw", "42501"},
		{"replication slot", "SELECT pg_create_physical_replication_slot('x')", "42501"},
		{"load a library", "LOAD 'auto_explain'", "42501"},
		{"planner's debug by DO", "DO $$ BEGIN PERFORM pay FROM payroll; END $$", "42501"},
		{"query_to_xml", "SELECT query_to_xml('SELECT * FROM payroll', true, true, '')", "42501"},
		{"checkpoint", "CHECKPOINT", "42501"},
		{"vacuum", "SET default_transaction_read_only = off; VACUUM FULL orders", ""},                     // a warning: nothing is done
		{"definitions", "SELECT pg_get_functiondef('owned'::regproc)", ""},                                // names and definitions are everybody's
		{"names of others", "SELECT rolname FROM pg_roles", ""},                                           //
		{"LISTEN", "LISTEN a; NOTIFY a; UNLISTEN *", ""},                                                  // nobody can be kept from it
		{"advisory locks", "SELECT pg_advisory_lock(1)", ""},                                              // Stead takes none
		{"its own password", "BEGIN READ WRITE; ALTER ROLE " + l.User + " PASSWORD 'mine'; ROLLBACK", ""}, // testOwnPassword
		{"no time-out", "SET statement_timeout = 0", ""},                                                  // a default, no fence
	} {
		conn := s.dial(t, dsn(l))
		err := run(t.Context(), conn, c.text)
		_ = conn.Close(context.Background())
		if got := state(err); got != c.code {
			t.Errorf("%s: %q gives %q, want %q: %v", c.name, c.text, got, c.code, err)
		}
	}
	if got := s.Ask(t, "shop", "SELECT has_table_privilege('other', 'orders', 'SELECT')::text"); got != "false" {
		t.Error("it granted what it has: of a GRANT that grants nothing there is a warning alone")
	}
	for _, database := range []string{"postgres", "template1"} {
		_, err := pgx.Connect(t.Context(), strings.Replace(dsn(l), "/shop?", "/"+database+"?", 1))
		if state(err) != "42501" {
			t.Errorf("it gets into %s: %v", database, err)
		}
	}
	s.withdraw(t, m.ID)
	for _, id := range must(s.db.Held(t.Context())) {
		s.withdraw(t, id)
	}
	s.Do(t, "shop", "DROP EXTENSION dblink; DROP EXTENSION postgres_fdw; DROP ROLE other")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// run runs statements one by one, until one is refused.
func run(ctx context.Context, c *pgx.Conn, text string) (err error) {
	all := []string{text}
	if !strings.Contains(text, "$$") {
		all = strings.Split(text, "; ")
	}
	for _, one := range all {
		if err == nil {
			_, err = c.PgConn().Exec(ctx, one).ReadAll()
		}
	}
	return err
}

func state(err error) string {
	var e *pgconn.PgError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code
	}
	return err.Error()
}
