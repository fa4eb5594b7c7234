package outside

import (
	"fmt"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // whoever edits the files has SQLite too
)

// An alteration is one change of one row, by somebody who can write the store.
type alteration struct{ file, table, column, where, how string }

func (a alteration) String() string {
	return fmt.Sprintf("%s: %s %s.%s where %s", a.file, a.how, a.table, a.column, a.where)
}

func (a alteration) alter(t *testing.T, data string) {
	t.Helper()
	db := inside(t, data, a.file)
	defer db.Close()
	flip := fmt.Sprintf(flipped, a.column)
	if server != nil {
		if _, err := db.ExecContext(t.Context(), flips); err != nil {
			t.Fatal(err)
		}
		flip = fmt.Sprintf("pg_temp.flip(%s)", a.column)
	}
	q := fmt.Sprintf("UPDATE %s SET %s = %s WHERE %s", a.table, a.column, flip, a.where)
	switch a.how {
	case "delete":
		q = fmt.Sprintf("DELETE FROM %s WHERE %s", a.table, a.where)
	case "swap":
		q = fmt.Sprintf("UPDATE %[1]s SET %[2]s = (SELECT %[2]s FROM %[1]s o WHERE o.idx = %[1]s.idx + 1) WHERE %[3]s", a.table, a.column, a.where)
	}
	if server != nil {
		q = strings.NewReplacer("(seq)", "(ctid)", "seq =", "ctid =").Replace(q)
	}
	r, err := db.ExecContext(t.Context(), q)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%s: %d rows, %v", q, n, err)
	}
}

// flipped changes a byte in the middle of a value, whatever it is made of.
const flipped = `CASE typeof(%[1]s) WHEN 'integer' THEN %[1]s + 1 WHEN 'text' THEN substr(%[1]s, 1, length(%[1]s)/2) || '#' || substr(%[1]s, length(%[1]s)/2 + 2)
	ELSE CAST(substr(%[1]s, 1, length(%[1]s)/2) || (CASE hex(substr(%[1]s, length(%[1]s)/2 + 1, 1)) WHEN '23' THEN X'24' ELSE X'23' END) || substr(%[1]s, length(%[1]s)/2 + 2) AS BLOB) END`

// flips does the same on PostgreSQL.
const flips = `CREATE FUNCTION pg_temp.flip(n bigint) RETURNS bigint LANGUAGE sql AS $$ SELECT n + 1 $$;
	CREATE FUNCTION pg_temp.flip(s text) RETURNS text LANGUAGE sql AS $$
		SELECT overlay(s PLACING CASE substr(s, length(s)/2 + 1, 1) WHEN '#' THEN '$' ELSE '#' END FROM length(s)/2 + 1) $$;
	CREATE FUNCTION pg_temp.flip(b bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT set_byte(b, length(b)/2, get_byte(b, length(b)/2) # 1) $$`

func alterations() []alteration {
	var all []alteration
	flip := func(file, table, column, where string) {
		all = append(all, alteration{file, table, column, where, "flip"})
	}
	for _, c := range []string{"event", "leaf"} {
		for _, n := range []int{0, 7, 280} {
			flip("stead.db", "log", c, fmt.Sprintf("idx = %d", n))
		}
		all = append(all, alteration{"stead.db", "log", c, "idx = 40", "swap"})
	}
	for _, n := range []string{"true", "seq = (SELECT max(seq) FROM objects)", "kind = 'mandate' AND live = 1", "kind = 'session' AND version = 1", "kind = 'bundle'"} {
		one := "seq = (SELECT min(seq) FROM objects WHERE " + n + ")"
		if n == "kind = 'mandate' AND live = 1" {
			one = "seq = (SELECT min(seq) FROM objects WHERE kind = 'mandate')"
		}
		for _, c := range []string{"kind", "id", "idx", "live", "body"} {
			flip("stead.db", "objects", c, one)
		}
		all = append(all, alteration{"stead.db", "objects", "", one, "delete"})
	}
	flip("stead.db", "tiles", "body", "level = 0 AND idx = 0")
	for _, c := range []string{"size", "root", "note"} {
		flip("stead.db", "head", c, "one = 1")
	}
	all = append(all, alteration{"stead.db", "log", "", "idx = 100", "delete"}, alteration{"stead.db", "log", "", "idx > 100", "delete"},
		alteration{"events.db", "events", "", "idx = 100", "delete"})
	for _, c := range []string{"id", "kind", "at", "actor", "subject", "mandate", "session", "decision", "outcome", "app", "policy", "status", "size", "who", "what"} {
		flip("events.db", "events", c, fmt.Sprintf("idx = (SELECT max(idx) FROM events WHERE kind LIKE 'request.%%' AND length(CAST(%[1]s AS TEXT)) > 0)", c))
	}
	return all
}
