package postgres_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead"
)

// A filter is one condition on columns of its table, whatever is written into it.
func testFilters(t *testing.T, s *stage) {
	for _, c := range []struct{ text, no string }{
		{"region = 'EU'", ""},
		{"region IN ('EU', 'it''s') AND (total BETWEEN 1 AND 5 OR secret IS NULL) AND NOT id = ANY ('{1,2}'::int[])", ""},
		{`"region" = 'a;b--c/*' || lower('X')`, ""},
		{"orders.total < 100 AND coalesce(total, 0) > CASE WHEN id = 1 THEN 2 ELSE 3 END", ""},
		{"now() > timestamptz '2026-01-01 00:00+00'", ""},
		{"", "none"},
		{" ", "no text"},
		{"true) UNION SELECT * FROM payroll WHERE (true", "brackets"},
		{"true) OR (true", "brackets"}, // balanced in number, not in order
		{"(true", "brackets"},
		{"(true]", "brackets"},
		{"true; DROP TABLE orders", "a ;"},
		{"true) OFFSET 0 --", "brackets"},
		{"true --", "comment"},
		{"true /*", "comment"},
		{"$$a$$ = 'a'", "a $"},
		{"$1 = 1", "a $"},
		{`region = E'\' OR true'`, "prefix"},
		{`region = e'a'`, "prefix"},
		{`region = U&'a'`, "prefix"},
		{`region = 'a\'`, "string"},
		{"region = 'a", "string"},
		{`"region = 'a'`, "string"},
		{"region = 'a\x00'", "UTF-8|string|control"},
		{"region = '\xff'", "UTF-8"},
		{strings.Repeat("true AND ", 300) + "true", "2,000"},
		{"id IN (SELECT id FROM public.payroll)", "more than a condition"},
		{"EXISTS (SELECT FROM public.payroll)", "more than a condition"},
		{"(SELECT true)", "more than a condition"},
		{"id = (VALUES (1))", "more than a condition"},
		{"id IN (TABLE payroll)", "fit|more than"},
		{"true ORDER BY 1", "fit"},
		{"true LIMIT 1", "fit"},
		{"true GROUP BY id", "fit"},
		{"count(*) > 1", "fit"},
		{"row_number() OVER () = 1", "fit"},
		{"generate_series(1, 2) = 1", "fit"},
		{"current_setting('a.b') = region", "settings"},
		{"set_config('a.b', 'c', false) = region", "settings"},
		{"current_user = 'x'", "more than a condition"},
		{"session_user = region", "more than a condition"},
		{"pg_sleep(1) IS NULL", "settings"},
		{"nextval('public.notes_id_seq') > 0", "settings"},
		{"total::text = '1'", "more than a condition"},
		{"to_char(now(), 'YYYY') = '2026'", "settings"},
		{"now() > '2026-01-01'::date", "settings"},
		{"random() < 2", "settings"},
		{"query_to_xml('SELECT 1', true, true, '') IS NOT NULL", "settings"},
		{"public.owned() = '1'", "settings"},
		{"nothing = 1", "fit"},
		{"payroll.pay = 1", "fit"},
		{"region", "fit"},
		{"1 = ", "fit"},
	} {
		if c.no == "none" {
			continue
		}
		m := s.mandate(rows(reads("public.orders"), c.text))
		_, err := s.db.Grant(t.Context(), m)
		if err == nil {
			s.withdraw(t, m.ID)
		}
		switch {
		case c.no == "" && err != nil:
			t.Errorf("%q: %v", c.text, err)
		case c.no != "" && (stead.KindOf(err) != stead.Invalid || !holds(c.no, err.Error())):
			t.Errorf("%q, want %q: %v", c.text, c.no, err)
		}
	}
}

func holds(of, text string) bool {
	for one := range strings.SplitSeq(of, "|") {
		if strings.Contains(text, one) {
			return true
		}
	}
	return false
}

// Rows outside of the filter cannot be had, nor guessed: not by a cheap function that leaks, not by an error, by EXPLAIN,
// COPY or a prepared statement.
func testRows(t *testing.T, s *stage) {
	m := s.mandate(rows(reads("public.orders", "id", "secret"), "region = 'EU'"), rows(reads("public.orders", "id"), "region = 'US'"))
	l := s.grant(t, m)
	c := s.dial(t, dsn(l))
	ask := func(q string) (all []string) {
		t.Helper()
		r, err := c.Query(t.Context(), q)
		if err == nil {
			all, err = pgx.CollectRows(r, pgx.RowTo[string])
		}
		if err != nil {
			t.Errorf("%s: %v", q, err)
		}
		return all
	}
	if got := ask("SELECT count(*) || ' ' || max(secret) FROM orders"); got[0] != "900 plain" {
		t.Errorf("sees %v", got)
	}
	if got := ask("SELECT count(*)::text FROM " + l.Tables[1].Name); got[0] != "100" {
		t.Errorf("sees %v", got)
	}
	// A condition that fails on hidden rows is never asked of them.
	if got := ask("SELECT count(*)::text FROM orders WHERE 1 / (secret <> 'hidden')::int = 1"); got[0] != "900" {
		t.Errorf("%v", got)
	}
	for _, q := range []string{"SELECT * FROM public.orders", "EXPLAIN SELECT * FROM public.orders WHERE secret = 'hidden'",
		"COPY public.orders TO STDOUT", "COPY (SELECT * FROM public.orders) TO STDOUT", "PREPARE p AS SELECT * FROM public.orders; EXECUTE p"} {
		if err := run(t.Context(), c, q); state(err) != "42501" {
			t.Errorf("%s: %v", q, err)
		}
	}
	for _, q := range []string{"SELECT total FROM orders", "SELECT secret FROM " + l.Tables[1].Name} {
		if err := run(t.Context(), c, q); state(err) != "42703" { // there is no such column in the view
			t.Errorf("%s: %v", q, err)
		}
	}
	// How often a hidden value occurs is in the statistics, which the planner tells as long as it may use them.
	plan := func(value string) string {
		all := ask("EXPLAIN SELECT id FROM orders WHERE secret = '" + value + "'")
		return strings.ReplaceAll(strings.Join(all, "\n"), value, "…")
	}
	if hidden, none := plan("hidden"), plan("nobody"); hidden != none {
		t.Errorf("EXPLAIN tells a hidden value from one that is nowhere:\n%s\n%s", hidden, none)
	}
	if got := ask("SELECT count(*)::text FROM pg_stats WHERE tablename = 'orders'"); got[0] != "0" {
		t.Errorf("sees statistics")
	}
	s.withdraw(t, m.ID)
}

// Writing stays within its columns and rows.
func testWrites(t *testing.T, s *stage) {
	m := s.mandate(rows(reads("public.notes"), "region = 'EU'"), rows(does("update", "public.notes", "body", "region"), "region = 'EU'"),
		rows(does("insert", "public.notes", "body"), "region = 'EU'"))
	l := s.grant(t, m)
	c := s.dial(t, dsn(l))
	for _, q := range []struct{ text, code string }{
		{"UPDATE notes SET body = 'new'", ""},
		{"INSERT INTO notes (body) VALUES ('more')", ""},
		{"UPDATE notes SET region = 'US'", "44000"},
		{"UPDATE notes SET id = 7", "42501"},
		{"INSERT INTO notes (id, body) VALUES (9, 'x')", "42501"},
		{"DELETE FROM notes", "42501"},
		{"UPDATE public.notes SET body = 'new'", "42501"},
		{"SELECT setval('public.notes_id_seq', 1)", "42501"},
	} {
		if err := run(t.Context(), c, q.text); state(err) != q.code {
			t.Errorf("%s: %q, want %q: %v", q.text, state(err), q.code, err)
		}
	}
	if got := s.Ask(t, "shop", "SELECT string_agg(region || ' ' || body, ',' ORDER BY region, body) FROM notes"); got != "EU more,EU new,US theirs" {
		t.Error(got)
	}
	s.withdraw(t, m.ID)
}
