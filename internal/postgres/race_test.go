package postgres_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/steadhq/stead"
)

func over(context.Context, stead.MandateID) error {
	return stead.E(stead.Expired, stead.ReasonEnded, "it has ended")
}

// A Grant that is under way when its mandate ends leaves no lease: Withdraw waits for it, or it sees the end.
func testGrantAndWithdraw(t *testing.T, s *stage) {
	for range 20 {
		m := s.mandate(reads("public.orders"), rows(reads("public.customers"), "id = 1"))
		var ended atomic.Bool
		s.db.Live = func(ctx context.Context, id stead.MandateID) error {
			if ended.Load() {
				return over(ctx, id)
			}
			return nil
		}
		var both sync.WaitGroup
		both.Go(func() { _, _ = s.db.Grant(t.Context(), m) })
		both.Go(func() {
			ended.Store(true)
			s.withdraw(t, m.ID)
		})
		both.Wait()
		s.clean(t)
	}
	// The one that is about to commit: it was asked before the end, and commits after Withdraw was called.
	m := s.mandate(reads("public.orders"))
	asked, ended := make(chan bool), make(chan bool)
	s.db.Live = func(context.Context, stead.MandateID) error {
		asked <- true
		<-ended
		return nil
	}
	done := make(chan error)
	go func() {
		_, err := s.db.Grant(t.Context(), m)
		done <- err
	}()
	<-asked
	gone := make(chan error)
	go func() {
		_, err := s.database().Withdraw(t.Context(), m.ID) // of another node, which shares no lock with this one
		gone <- err
	}()
	s.until(t, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE usename = 'stead_shop' AND wait_event_type = 'Lock')")
	close(ended)
	if err := <-done; err != nil {
		t.Errorf("it was in force: %v", err)
	}
	if err := <-gone; err != nil {
		t.Error(err)
	}
}

// Many leases on the same tables at once, from two nodes, do not undo each other.
func testSideBySide(t *testing.T, s *stage) {
	other := s.database()
	var all sync.WaitGroup
	for i := range 20 {
		db := s.db
		if i%2 == 0 {
			db = other
		}
		m := s.mandate(reads("public.orders"), rows(reads("public.customers"), "id = 1"))
		all.Go(func() {
			if _, err := db.Grant(t.Context(), m); err != nil {
				t.Errorf("grant: %v", err)
			}
			if _, err := db.Withdraw(t.Context(), m.ID); err != nil {
				t.Errorf("withdraw: %v", err)
			}
		})
	}
	all.Wait()
}

// A wire that is cut at a certain thing said: before the server hears it, or after.
type wire struct {
	net.Conn
	left *atomic.Int64
	said bool
}

func (w wire) Write(b []byte) (int, error) {
	left := w.left.Add(-1)
	if left > 0 {
		return w.Conn.Write(b)
	}
	if left == 0 && w.said {
		_, _ = w.Conn.Write(b)
	}
	_ = w.Conn.Close()
	return 0, os.ErrClosed
}

// Killed at any statement of Grant or of Withdraw, before the server heard it or before it could answer, nothing is left
// once Withdraw is called again.
func testCutOff(t *testing.T, s *stage) {
	grants := []stead.Entitlement{rows(reads("public.orders"), "region = 'EU'"), does("insert", "public.notes", "body")}
	for _, said := range []bool{false, true} {
		for _, withdrawing := range []bool{false, true} {
			for n := int64(1); ; n++ {
				m := s.mandate(grants...)
				cut, left := s.database(), &atomic.Int64{}
				cut.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
					c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
					return wire{c, left, said}, err
				}
				left.Store(n)
				do := func() error { _, err := cut.Grant(t.Context(), m); return err }
				if withdrawing {
					s.grant(t, m)
					do = func() error { _, err := cut.Withdraw(t.Context(), m.ID); return err }
				}
				err := do()
				whole := err == nil && left.Load() >= 0
				s.withdraw(t, m.ID)
				s.clean(t)
				if t.Failed() {
					t.Fatalf("cut at %d, withdrawing %v, said %v: %v", n, withdrawing, said, err)
				}
				if whole {
					t.Logf("withdrawing %v, said %v: %d cuts", withdrawing, said, n-1)
					break
				}
			}
		}
	}
}

// Each opening is found, named with the statement that closes it, closed by that very statement, and refused by Grant
// until then, unless it is accepted.
func testOpenings(t *testing.T, s *stage) {
	for _, c := range []struct{ name, open, after string }{
		{"temp", "GRANT TEMPORARY ON DATABASE shop TO PUBLIC", ""},
		{"create", "GRANT CREATE ON SCHEMA public TO PUBLIC", ""},
		{"create", "GRANT CREATE ON DATABASE shop TO PUBLIC", ""},
		{"tables", "GRANT SELECT ON payroll TO PUBLIC", ""},
		{"tables", "GRANT SELECT (pay) ON payroll TO PUBLIC", ""},
		{"tables", "GRANT USAGE ON SEQUENCE notes_id_seq TO PUBLIC", ""},
		{"functions", "GRANT EXECUTE ON FUNCTION owned() TO PUBLIC", ""},
		{"functions", "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO PUBLIC", ""},
		{"outside", "CREATE EXTENSION dblink; REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC; GRANT EXECUTE ON FUNCTION dblink_connect(text) TO PUBLIC", "DROP EXTENSION dblink"},
		{"outside", "CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw; GRANT USAGE ON FOREIGN SERVER far TO PUBLIC", "DROP EXTENSION postgres_fdw CASCADE"},
		{"databases", "GRANT CONNECT ON DATABASE postgres TO PUBLIC", ""},
		{"large-objects", "GRANT EXECUTE ON FUNCTION lo_creat(integer) TO PUBLIC", ""},
		{"large-objects", "SELECT lo_create(4711); GRANT SELECT ON LARGE OBJECT 4711 TO PUBLIC", "SELECT lo_unlink(4711)"},
	} {
		s.Do(t, "shop", c.open)
		err := s.db.Check(t.Context())
		m := s.mandate(reads("public.orders"))
		_, refused := s.db.Grant(t.Context(), m)
		if stead.KindOf(refused) != stead.Refused || stead.ReasonOf(refused) != stead.ReasonRights {
			t.Errorf("%s: granted: %v", c.open, refused)
		}
		accepting := s.database()
		accepting.Accept = []string{c.name}
		if err := accepting.Check(t.Context()); err != nil {
			t.Errorf("%s: accepted: %v", c.open, err)
		}
		if err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", c.open, err)
			continue
		}
		_, close, _ := strings.Cut(err.Error(), ": ")
		close, _, _ = strings.Cut(close, "; or accept")
		s.Do(t, "shop", close)
		if err := s.db.Check(t.Context()); err != nil {
			t.Errorf("%s, then %s: %v", c.open, close, err)
		}
		if c.after != "" {
			s.Do(t, "shop", c.after)
		}
	}
}

// What Stead's role lacks is named with the statement that gives it.
func testLacks(t *testing.T, s *stage) {
	const mend = "ALTER ROLE stead_shop CREATEROLE INHERIT NOSUPERUSER; GRANT CREATE ON DATABASE shop TO stead_shop; GRANT CONNECT ON DATABASE shop TO stead_shop WITH GRANT OPTION; REVOKE CONNECT ON DATABASE shop FROM PUBLIC"
	s.Do(t, "shop", "REVOKE CONNECT ON DATABASE shop FROM PUBLIC")
	for _, c := range []struct{ take, say string }{
		{"ALTER ROLE stead_shop NOCREATEROLE", `ALTER ROLE "stead_shop" CREATEROLE`},
		{"ALTER ROLE stead_shop NOINHERIT", `ALTER ROLE "stead_shop" INHERIT`},
		{"ALTER ROLE stead_shop SUPERUSER", `ALTER ROLE "stead_shop" NOSUPERUSER`},
		{"REVOKE CREATE ON DATABASE shop FROM stead_shop", `GRANT CREATE ON DATABASE "shop" TO "stead_shop"`},
		{"REVOKE GRANT OPTION FOR CONNECT ON DATABASE shop FROM stead_shop", `GRANT CONNECT ON DATABASE "shop" TO "stead_shop" WITH GRANT OPTION`},
	} {
		s.Do(t, "shop", c.take)
		if err := s.db.Check(t.Context()); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %v", c.take, err)
		}
		s.Do(t, "shop", mend)
	}
	s.db.Now = func() time.Time { return time.Now().Add(time.Hour) }
	if err := s.db.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "clock") {
		t.Errorf("%v", err)
	}
	s.db = s.database()
	s.db.DSN = strings.Replace(s.db.DSN, secret, "wrong", 1)
	if err := s.db.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "does not let Stead in") || strings.Contains(err.Error(), "wrong") {
		t.Errorf("%v", err)
	}
	s.db = s.database()
	s.trust(t, true)
	if err := s.db.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "trust") {
		t.Errorf("%v", err)
	}
	s.trust(t, false)
	if err := s.db.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func (s *stage) trust(t *testing.T, all bool) {
	t.Helper()
	text := hba
	if all {
		text = strings.Replace(hba, "postgres", "all", 1)
	}
	if err := os.WriteFile(fmt.Sprintf("%s/pg_hba.conf", s.Dir), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Do(t, "shop", "SELECT pg_reload_conf()")
	s.until(t, fmt.Sprintf("SELECT count(*) = %d FROM pg_hba_file_rules WHERE auth_method = 'trust' AND user_name = '{all}'", strings.Count(text, "all all")-1))
}
