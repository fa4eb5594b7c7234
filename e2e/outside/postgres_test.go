package outside

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // whoever edits the database has a client too
	"github.com/steadhq/stead/internal/store/pgtest"
)

// What a test binary is told that runs everything on PostgreSQL: the port of the server, and the program.
const portVariable, programVariable = "STEAD_OUTSIDE_PORT", "STEAD_OUTSIDE_PROGRAM"

// server is where the worlds of this run keep their data, each in a database of its own; nil: in its folder.
var server *pgtest.Server

// TestOnPostgres runs every test of this package but itself a second time, on PostgreSQL.
func TestOnPostgres(t *testing.T) {
	s := pgtest.Start(t)
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.skip", "^TestOnPostgres$", "-test.timeout", "8m")
	c.Env = append(os.Environ(), fmt.Sprint(portVariable, "=", s.Port), programVariable+"="+program)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	passed, made := strings.Count(string(out), "--- PASS: "), s.Ask(t, "postgres", "SELECT count(*)::text FROM pg_database WHERE datname LIKE 't%'")
	t.Logf("%d tests, on %s databases and the templates", passed, made)
	if passed < 30 || len(made) < 2 {
		t.Errorf("it was not run there:\n%s", out)
	}
}

// database names the file with the connection string of the database that belongs to a folder, "" on files; it makes both.
func database(t *testing.T, data string) string {
	t.Helper()
	file := data + ".dsn"
	_, err := os.Stat(file)
	switch {
	case server == nil:
		return ""
	case errors.Is(err, fs.ErrNotExist):
		err = os.WriteFile(file, []byte(server.Create(t)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// connected is the connection string of the database that belongs to a folder.
func connected(t *testing.T, data string) string {
	t.Helper()
	raw, err := os.ReadFile(database(t, data))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// driver is what the configuration of a server says of its store besides the folder.
func driver(t *testing.T, data string) string {
	t.Helper()
	if file := database(t, data); file != "" {
		return fmt.Sprintf(", driver: postgres, dsn_file: %q", file)
	}
	return ""
}

// stored names the store of a stopped world to stead audit verify.
func stored(t *testing.T, data string) []string {
	t.Helper()
	if file := database(t, data); file != "" {
		return []string{"--dsn-file", file, "--master-key-file", filepath.Join(data, "master.key")}
	}
	return []string{"--data", data}
}

// copied copies what a stopped world has kept; the copy lasts as long as the test.
func copied(t *testing.T, data string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	copyTo(t, data, to)
	if server != nil {
		dsn := server.Copy(t, connected(t, data))
		if err := os.WriteFile(to+".dsn", []byte(dsn), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// bringBack puts the store of a copy in the place of the one that is there.
func bringBack(t *testing.T, from, to string) {
	t.Helper()
	if server != nil {
		if err := os.WriteFile(to+".dsn", []byte(connected(t, from)), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := os.RemoveAll(filepath.Join(to, "store")); err != nil {
		t.Fatal(err)
	}
	copyTo(t, filepath.Join(from, "store"), filepath.Join(to, "store"))
}

// inside opens the database of a stopped world, or one of its files, as somebody who edits it.
func inside(t *testing.T, data, file string) *sql.DB {
	t.Helper()
	with, name := "sqlite", "file:"+filepath.Join(data, "store", file)
	if server != nil {
		with, name = "pgx", connected(t, data)+"&search_path=stead,stead_keys"
	}
	db, err := sql.Open(with, name)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1) // what is made for the session alone is found again
	return db
}

// rows gives all that stands in the tables of a stopped world, by table; on files nothing, those are read as they are.
func rows(t *testing.T, data string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	if server == nil {
		return texts
	}
	db := inside(t, data, "")
	defer db.Close()
	all := cells(t, db, "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname LIKE 'stead%' OR schemaname = 'public'")
	for _, table := range strings.Fields(all) {
		texts["the table "+table] = cells(t, db, "SELECT * FROM "+table)
	}
	if len(texts) < 10 {
		t.Errorf("the tables of the database: %d", len(texts))
	}
	return texts
}

// cells gives every value that a query finds, as it is.
func cells(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	found, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	columns, err := found.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	values, into := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for found.Next() {
		if err := found.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			text.Write(v)
			text.WriteByte('\n')
		}
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return text.String()
}
