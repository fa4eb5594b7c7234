package e2e

import (
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the drivers by which reporters come
	_ "modernc.org/sqlite"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/store/pgtest"
)

var (
	questions = regexp.MustCompile("(?s)```sql\n(SELECT.*?);\n```")
	columns   = regexp.MustCompile("(?m)^\\| (`[a-z0-9`, ]+`) \\|")
)

// The questions of the guide are answered by the table that it promises, on both engines, with the same columns.
func TestReportsBySQL(t *testing.T) {
	guide, err := os.ReadFile("../docs/guide/evidence.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(guide), "| column |")
	var promised []string
	for _, row := range columns.FindAllStringSubmatch(table, -1) {
		promised = append(promised, strings.Split(strings.ReplaceAll(row[1], "`", ""), ", ")...)
	}
	asked := questions.FindAllStringSubmatch(string(guide), -1)
	if len(promised) < 18 || len(asked) < 2 {
		t.Fatalf("the guide promises %v, and asks %d questions", promised, len(asked))
	}
	dsn, dir := pgtest.Start(t).Create(t), filepath.Join(t.TempDir(), "store")
	for name, c := range map[string]struct {
		house      *housetest.House
		driver, at string
	}{
		"embedded":   {housetest.New(t, func(o *house.Options) { o.Dir = dir }), "sqlite", "file:" + filepath.Join(dir, "events.db") + "?mode=ro"},
		"PostgreSQL": {housetest.New(t, func(o *house.Options) { o.DSN = dsn }), "pgx", dsn},
	} {
		t.Run(name, func(t *testing.T) {
			acts(t, c.house)
			db, err := sql.Open(c.driver, c.at)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			from := " FROM events "
			if c.driver == "pgx" {
				from = " FROM stead.events "
			}
			rows, err := db.Query("SELECT " + strings.Join(promised, ", ") + from + "LIMIT 1")
			if err != nil {
				t.Fatal(err)
			}
			rows.Close()
			for _, q := range asked {
				text := strings.ReplaceAll(strings.ReplaceAll(q[1], " FROM events ", from), "\nFROM events ", from)
				text = strings.ReplaceAll(text, "2026-11-01", "2026-03-01") // the house's clock
				if n := count(t, db, text); n != 1 {
					t.Errorf("%d rows for %s", n, text)
				}
			}
		})
	}
}

// acts lets sam read one page for dana, and try to change it.
func acts(t *testing.T, h *housetest.House) {
	t.Helper()
	by := h.Login("staff/sam", "stead.test")
	m, err := h.Act(by, "staff/sam", "customers/dana", stead.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []stead.Action{stead.ActionRead, stead.ActionWrite} {
		q := h.Question(by, m, a, "/")
		i := slices.IndexFunc(h.Settings.App("orders").Realms, func(r stead.Realm) bool { return r.Path == "/" })
		q.Resource.Realm = h.Settings.App("orders").Realms[i].ID
		if _, err := h.Decide(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Store.Settled(t.Context(), h.Store.Head().Size); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, db *sql.DB, query string) (n int) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		n++
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}
