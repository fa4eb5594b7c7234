package survey

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead/internal/store/pgtest"
)

func TestWrites(t *testing.T) {
	for text, want := range map[string][]string{
		"2026-11-22 LOG:  statement: INSERT INTO public.items VALUES (1)":                                     {"INSERT items"},
		"LOG:  execute <unnamed>: update only \"Items\" set a = 1":                                            {"UPDATE items"},
		"   12 Query\tREPLACE DELAYED INTO `wiki`.`objectcache` (a) VALUES ('UPDATE x')":                      {"REPLACE objectcache"},
		"   12 Execute\tDELETE LOW_PRIORITY FROM sessions WHERE id = 'it\\'s; INSERT INTO no'":                {"DELETE sessions"},
		"INSERT IGNORE INTO a SELECT 1\nON DUPLICATE KEY UPDATE n = n + 1":                                    {"INSERT a"},
		"INSERT INTO a VALUES (1) ON CONFLICT (id) DO UPDATE SET n = 1":                                       {"INSERT a"},
		"SELECT * FROM a WHERE b = 'DELETE FROM c' FOR UPDATE":                                                nil,
		"SELECT * FROM a FOR UPDATE OF a":                                                                     nil,
		"SELECT * FROM a FOR NO KEY UPDATE SKIP LOCKED":                                                       nil,
		"SELECT updated, deleted FROM a":                                                                      nil,
		"WITH x AS (DELETE FROM old RETURNING *) INSERT INTO new SELECT * FROM x":                             {"DELETE old", "INSERT new"},
		"TRUNCATE TABLE a; CREATE TABLE IF NOT EXISTS b (id int); ALTER TABLE c ADD d int; COPY e FROM STDIN": {"ALTER c", "COPY e", "CREATE b", "TRUNCATE a"},
		"MERGE INTO stock USING x ON true":                                                                    {"MERGE stock"},
		"INSERT INTO notes VALUES ('two\nlines: UPDATE a')":                                                   {"INSERT notes"},
	} {
		if got := writes(text); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func changed(t *testing.T, w Watch, want ...string) {
	t.Helper()
	got, err := w.Changes(t.Context())
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v (%v), want %v", got, err, want)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestWatchFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), "1")
	w, err := WatchFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	changed(t, w)
	write(t, filepath.Join(dir, "sub", "b"), "1")
	write(t, filepath.Join(dir, "a"), "12")
	changed(t, w, "file a", "file sub/b")
	if err := os.Remove(filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	changed(t, w, "file a")
	changed(t, w)
}

func TestWatchLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	write(t, file, "UPDATE before SET a = 1\n")
	w, err := WatchLog(file)
	if err != nil {
		t.Fatal(err)
	}
	changed(t, w)
	log, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	say := func(s string) {
		if _, err := log.WriteString(s); err != nil {
			t.Fatal(err)
		}
	}
	say("SELECT 1\nUPDATE half")
	changed(t, w) // of the second line only a half is there
	say("way SET a = 1\nDELETE FROM b\n")
	changed(t, w, "DELETE b", "UPDATE halfway")
	write(t, file, "UPDATE anew SET a = 1\n") // begun anew, and shorter
	changed(t, w, "UPDATE anew")
}

func TestWatchPostgres(t *testing.T) {
	server := pgtest.Start(t)
	dsn := server.Create(t)
	db, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	do := func(statement string) {
		t.Helper()
		if _, err := db.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	do(`CREATE TABLE a (id int, t text); CREATE SCHEMA s; CREATE TABLE s."odd Name" (id int); INSERT INTO a VALUES (1, 'x'), (2, 'y')`)
	w, err := WatchPostgres(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	changed(t, w)
	do("SELECT * FROM a")
	changed(t, w)
	do("INSERT INTO a VALUES (3, 'z')")
	changed(t, w, "table public.a")
	do("UPDATE a SET t = t WHERE id = 1") // written as it was
	changed(t, w, "table public.a")
	do(`DELETE FROM a WHERE id = 1; INSERT INTO s."odd Name" VALUES (1)`)
	changed(t, w, "table public.a", `table s."odd Name"`)
	do("SELECT * FROM a FOR UPDATE") // it locks, and changes nothing
	changed(t, w)
	do("CREATE TABLE b (id int); DROP TABLE a")
	changed(t, w, "table public.a", "table public.b")
	do("BEGIN; INSERT INTO b VALUES (1); ROLLBACK")
	changed(t, w)
}

func TestWatchesThatCannotBe(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	if _, err := WatchFolder(none); err == nil {
		t.Error("a folder that is not there")
	}
	if _, err := WatchLog(none); err == nil {
		t.Error("a log that is not there")
	}
	if _, err := WatchPostgres(t.Context(), "postgres://x@127.0.0.1:1/x?connect_timeout=2"); err == nil {
		t.Error("a database that does not answer")
	}
}
