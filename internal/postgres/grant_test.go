package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
)

// The guide's statements are all that is needed, a lease has what it was granted, and then nothing is left of it.
func testLease(t *testing.T, s *stage) {
	if err := s.db.Check(t.Context()); err != nil {
		t.Fatalf("after the guide:\n%v", err)
	}
	m := s.mandate(reads("public.orders"), reads("public.customers", "id", "name"))
	l := s.grant(t, m)
	c := s.dial(t, dsn(l))
	var n int
	if err := c.QueryRow(t.Context(), "SELECT count(*) FROM orders o JOIN customers c ON c.id = o.customer WHERE c.name LIKE 'c%'").Scan(&n); err != nil || n == 0 {
		t.Fatalf("%d rows, %v", n, err)
	}
	for name, want := range map[string]string{"default_transaction_read_only": "on", "statement_timeout": "5min",
		"idle_in_transaction_session_timeout": "1min", "search_path": "public"} {
		var got string
		if err := c.QueryRow(t.Context(), "SELECT current_setting($1)", name).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, want %q, %v", name, got, want, err)
		}
	}
	held, err := s.db.Held(t.Context())
	if err != nil || len(held) != 1 || held[0] != m.ID {
		t.Fatalf("held %v, %v", held, err)
	}
	if _, err := s.db.Grant(t.Context(), m); stead.KindOf(err) != stead.Conflict {
		t.Errorf("twice: %v", err)
	}
	w := s.withdraw(t, m.ID)
	if w.Role != l.User || w.Connections != 1 || w.Refused > w.Gone || w.Gone > w.Dropped || len(w.Owned) > 0 {
		t.Errorf("%+v", w)
	}
	if err := c.Ping(t.Context()); err == nil {
		t.Error("its connection lives")
	}
	s.clean(t)
	if w := s.withdraw(t, m.ID); w.Role != "" {
		t.Errorf("the second time: %+v", w)
	}
}

// What is refused leaves nothing, whatever is wrong with it.
func testGrantRefused(t *testing.T, s *stage) {
	for _, c := range []struct {
		name   string
		change func(*stead.Mandate)
		kind   stead.Kind
		text   string
	}{
		{"no such table", func(m *stead.Mandate) { m.Scope.Grants[0] = reads("public.nothing") }, stead.Invalid, "no table"},
		{"no such column", func(m *stead.Mandate) { m.Scope.Grants[0] = reads("public.orders", "id", `a"; DROP TABLE orders; --`) }, stead.Invalid, "no column"},
		{"name with SQL", func(m *stead.Mandate) { m.Scope.Grants[0] = reads(`public.orders TO PUBLIC; --`) }, stead.Invalid, "no table"},
		{"quoted name with SQL", func(m *stead.Mandate) { m.Scope.Grants[0] = reads(`public."orders"" TO PUBLIC; --"`) }, stead.Invalid, "no table"},
		{"no schema", func(m *stead.Mandate) { m.Scope.Grants[0] = reads("orders") }, stead.Invalid, "SCHEMA.TABLE"},
		{"catalog", func(m *stead.Mandate) { m.Scope.Grants[0] = reads("pg_catalog.pg_authid") }, stead.Invalid, "no table"},
		{"may not be given", func(m *stead.Mandate) { m.Scope.Grants = append(m.Scope.Grants, reads("public.payroll")) }, stead.Refused, "GRANT SELECT"},
		{"part may not be given", func(m *stead.Mandate) {
			m.Mode, m.Scope.Grants = stead.Edit, append(m.Scope.Grants, does("update", "public.orders"))
		}, stead.Refused, "GRANT UPDATE"},
		{"filtered, may not be given", func(m *stead.Mandate) { m.Scope.Grants[0] = rows(reads("public.payroll"), "id = 1") }, stead.Refused, "lacks"},
		{"unknown action", func(m *stead.Mandate) { m.Mode, m.Scope.Grants[0] = stead.Edit, does("truncate", "public.notes") }, stead.Invalid, "knows"},
		{"columns of a delete", func(m *stead.Mandate) { m.Mode, m.Scope.Grants[0] = stead.Edit, does("delete", "public.notes", "id") }, stead.Invalid, "as a whole"},
		{"write in read-only", func(m *stead.Mandate) { m.Scope.Grants[0] = does("write", "public.notes") }, stead.Refused, "read-only"},
		{"another system", func(m *stead.Mandate) { m.Scope.Grants[0].System = "other" }, stead.Invalid, "nothing in"},
		{"over", func(m *stead.Mandate) { m.Until = time.Now().Add(-time.Second) }, stead.Expired, "not in force"},
		{"approved alone", func(m *stead.Mandate) { m.State = stead.Approved }, stead.Expired, "not in force"},
		{"odd id", func(m *stead.Mandate) { m.ID = `man_x" SUPERUSER; --` }, stead.Invalid, "no id"},
	} {
		m := s.mandate(reads("public.orders"))
		c.change(&m)
		_, err := s.db.Grant(t.Context(), m)
		if stead.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// Somebody else's role of a lease's name is no lease: it is neither taken nor touched.
func testRoleOfAnother(t *testing.T, s *stage) {
	m := s.mandate(reads("public.orders"))
	role := "stead_" + string(m.ID)
	s.Do(t, "shop", "CREATE ROLE "+role+" LOGIN; COMMENT ON ROLE "+role+" IS 'somebody''s'")
	if _, err := s.db.Grant(t.Context(), m); stead.KindOf(err) != stead.Conflict {
		t.Errorf("granted: %v", err)
	}
	if _, err := s.db.Withdraw(t.Context(), m.ID); stead.KindOf(err) != stead.Conflict {
		t.Errorf("withdrawn: %v", err)
	}
	if held, err := s.db.Held(t.Context()); err != nil || len(held) > 0 {
		t.Errorf("held %v, %v", held, err)
	}
	if got := s.Ask(t, "shop", "SELECT rolcanlogin::text FROM pg_roles WHERE rolname = '"+role+"'"); got != "true" {
		t.Error("it was touched")
	}
	s.Do(t, "shop", "DROP ROLE "+role)
}

// A mandate that ended while its lease was made has none.
func testGrantAsksBeforeItCommits(t *testing.T, s *stage) {
	m := s.mandate(reads("public.orders"))
	s.db.Live = over
	if _, err := s.db.Grant(t.Context(), m); stead.ReasonOf(err) != stead.ReasonEnded {
		t.Errorf("%v", err)
	}
}

func testCatalogue(t *testing.T, s *stage) {
	s.Do(t, "shop", `SET ROLE shop_owner; CREATE SCHEMA "My.Own"; CREATE TABLE "My.Own"."a ""b""" (x int);
		GRANT USAGE ON SCHEMA "My.Own" TO stead_shop WITH GRANT OPTION; GRANT SELECT ON "My.Own"."a ""b""" TO stead_shop WITH GRANT OPTION`)
	all, err := s.db.Catalogue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, table := range all {
		line := table.Resource + " " + table.Kind
		for _, a := range table.Actions {
			line += " " + string(a)
		}
		got = append(got, line)
	}
	want := `"My.Own"."a ""b""" table read|public.customers table read|public.notes table read insert update delete|public.orders table read`
	if strings.Join(got, "|") != want {
		t.Errorf("got %s", strings.Join(got, "|"))
	}
	if c := all[1].Columns; len(c) != 3 || c[1].Name != "name" || c[1].Type != "text" {
		t.Errorf("%+v", c)
	}
	m := s.mandate(reads(all[0].Resource))
	l := s.grant(t, m)
	if _, err := s.dial(t, dsn(l)).Exec(t.Context(), "SELECT x FROM "+l.Tables[0].Name); err != nil {
		t.Error(err)
	}
	s.withdraw(t, m.ID)
	s.Do(t, "shop", `DROP SCHEMA "My.Own" CASCADE`)
}
