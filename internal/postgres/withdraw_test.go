package postgres_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/postgres"
)

// gone fails the test where a login still works or a connection is still there.
func (s *stage) gone(t *testing.T, l postgres.Login) {
	t.Helper()
	if got := s.Ask(t, "shop", "SELECT count(*)::text FROM pg_stat_activity WHERE usename LIKE 'stead\\_man%' OR usesysid NOT IN (SELECT oid FROM pg_roles)"); got != "0" {
		t.Errorf("%s connections are left", got)
	}
	if c, err := pgx.Connect(t.Context(), dsn(l)); err == nil {
		t.Error("it gets in")
		_ = c.Close(t.Context())
	} else if !strings.Contains(err.Error(), "28P01") && !strings.Contains(err.Error(), "28000") {
		t.Errorf("it is kept out by %v", err)
	}
}

// busy are ways to keep a connection busy.
var busy = map[string]string{
	"query":       "SELECT count(*) FROM generate_series(1, 100000000000)",
	"transaction": "BEGIN; SELECT count(*) FROM orders",
	"copy":        "COPY (SELECT * FROM orders, generate_series(1, 10000000)) TO STDOUT",
}

// open makes a connection busy; one that copies does not read what it is sent.
func (s *stage) open(t *testing.T, l postgres.Login, text string) *pgx.Conn {
	t.Helper()
	c := s.dial(t, dsn(l))
	if strings.HasPrefix(text, "BEGIN") {
		if err := run(t.Context(), c, text); err != nil {
			t.Fatal(err)
		}
		return c
	}
	raw, err := c.PgConn().Hijack()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = raw.Conn.Close() })
	if _, err := raw.Conn.Write(append([]byte{'Q', 0, 0, 0, byte(5 + len(text))}, text+"\x00"...)); err != nil {
		t.Fatal(err)
	}
	return nil
}

// How long it takes from the call until all is gone.
func testMeasured(t *testing.T, s *stage) {
	s.db.Connections = 20
	for _, n := range []int{1, 20} {
		for _, how := range []string{"query", "transaction", "copy"} {
			m := s.mandate(reads("public.orders"), rows(reads("public.customers"), "id < 5"))
			began := time.Now()
			l := s.grant(t, m)
			granted := time.Since(began)
			for range n {
				s.open(t, l, busy[how])
			}
			s.until(t, fmt.Sprintf("SELECT count(*) >= %d FROM pg_stat_activity WHERE usename = '%s'", n, l.User))
			w := s.withdraw(t, m.ID)
			s.gone(t, l)
			if w.Connections != n {
				t.Errorf("%d connections ended of %d", w.Connections, n)
			}
			t.Logf("%2d in %-11s (granted in %v) no login after %v, connections gone after %v, role dropped after %v", n, how, granted.Round(time.Millisecond), w.Refused.Round(time.Millisecond),
				w.Gone.Round(time.Millisecond), w.Dropped.Round(time.Millisecond))
		}
	}
}

// until waits until a query says so.
func (s *stage) until(t *testing.T, query string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		var yes bool
		if err := s.admin.QueryRow(t.Context(), query).Scan(&yes); err != nil {
			t.Fatal(err)
		}
		if yes {
			return
		}
		_, _ = s.admin.Exec(t.Context(), "SELECT pg_sleep(0.005)")
	}
	t.Fatalf("never: %s", query)
}

// An agent that connects from 20 loops, and holds what it can, has nothing the moment Withdraw returns.
func testReconnects(t *testing.T, s *stage) {
	s.db.Connections = -1
	var worst, sum time.Duration
	const rounds = 50
	for range rounds {
		m := s.mandate(reads("public.orders"))
		l := s.grant(t, m)
		quick, err := postgres.Verifier(l.Password, 1) // so that they spend their time on the server
		if err != nil {
			t.Fatal(err)
		}
		s.Do(t, "shop", "ALTER ROLE "+l.User+" PASSWORD '"+quick+"'")
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		var in, late atomic.Int64
		var over atomic.Bool
		for i := range 20 {
			all.Go(func() {
				for ctx.Err() == nil {
					began := over.Load()
					c, err := pgconn.Connect(ctx, dsn(l))
					if err != nil {
						continue
					}
					in.Add(1)
					if began {
						late.Add(1)
					}
					for _, text := range []string{"BEGIN", "SET TRANSACTION READ WRITE", fmt.Sprintf("ALTER ROLE %s PASSWORD '%d'", l.User, i), "SELECT count(*) FROM orders"} {
						if i%2 == 0 || !strings.HasPrefix(text, "ALTER") {
							_, _ = c.Exec(ctx, text).ReadAll()
						}
					}
					_, _ = c.Exec(ctx, "SELECT pg_sleep(60)").ReadAll() // until it is ended
					_ = c.Close(ctx)
				}
			})
		}
		for in.Load() < 5 {
			s.until(t, "SELECT true")
		}
		w := s.withdraw(t, m.ID)
		over.Store(true)
		s.gone(t, l)
		sum, worst = sum+w.Gone, max(worst, w.Gone)
		cancel()
		all.Wait()
		if late.Load() > 0 {
			t.Errorf("%d got in afterwards", late.Load())
		}
	}
	t.Logf("%d rounds of 20 reconnecting: all gone after %v in the mean, %v at worst", rounds, (sum / rounds).Round(time.Millisecond), worst.Round(time.Millisecond))
}

// A lease that holds its own row of the catalog does not keep the door open.
func testHoldsItsRow(t *testing.T, s *stage) {
	m := s.mandate(reads("public.orders"))
	l := s.grant(t, m)
	c := s.dial(t, dsn(l))
	if err := run(t.Context(), c, "BEGIN; SET TRANSACTION READ WRITE; ALTER ROLE "+l.User+" PASSWORD 'mine'; ALTER ROLE "+l.User+" SET work_mem = '1MB'"); err != nil {
		t.Fatal(err)
	}
	w := s.withdraw(t, m.ID)
	s.gone(t, l)
	t.Logf("gone after %v", w.Gone)
}

// What is prepared outlives its connection, and holds its row for ever.
func testPrepared(t *testing.T, s *stage) {
	m := s.mandate(reads("public.orders"))
	l := s.grant(t, m)
	c := s.dial(t, dsn(l))
	if err := run(t.Context(), c, "BEGIN; SET TRANSACTION READ WRITE; ALTER ROLE "+l.User+" PASSWORD 'mine'; LOCK TABLE orders IN ACCESS SHARE MODE; PREPARE TRANSACTION 'it''s'"); err != nil {
		t.Fatal(err)
	}
	w := s.withdraw(t, m.ID)
	s.gone(t, l)
	t.Logf("gone after %v", w.Gone)
}

// Who has been let in but is in no list yet is found and ended: a client may stay there as long as it likes, by an option
// of its own.
func testLogsInMeanwhile(t *testing.T, s *stage) {
	m := s.mandate(reads("public.orders"))
	l := s.grant(t, m)
	const slow = "&options=-c%20post_auth_delay%3D30"
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _, _ = pgconn.Connect(ctx, s.DSN("shop")+slow) }() // another's, whom Stead may not end
	got := make(chan error, 1)
	go func() {
		c, err := pgconn.Connect(context.Background(), dsn(l)+slow)
		if err == nil {
			_, err = c.Exec(context.Background(), "SELECT pg_sleep(10)").ReadAll()
		}
		got <- err
	}()
	s.until(t, `SELECT 2 = (SELECT count(*) FROM pg_locks k WHERE locktype = 'virtualxid' AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = k.pid)
		AND EXISTS (SELECT FROM pg_locks d WHERE d.pid = k.pid AND d.locktype = 'object' AND d.classid = 'pg_database'::regclass))`)
	w := s.withdraw(t, m.ID)
	if w.Gone > 20*time.Second {
		t.Errorf("it waited for another: %v", w.Gone)
	}
	s.gone(t, l)
	select {
	case err := <-got:
		if err == nil {
			t.Error("it went on")
		}
	case <-time.After(5 * time.Second):
		t.Error("it is there still")
	}
	t.Logf("gone after %v", w.Gone)
}

// Who stops in the middle of logging in, as anybody can who reaches the server, does not keep a lease from its end.
func testStalls(t *testing.T, s *stage) {
	m := s.mandate(reads("public.orders"))
	l := s.grant(t, m)
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.Port))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	packet := "\x00\x03\x00\x00user\x00" + l.User + "\x00database\x00shop\x00\x00"
	if _, err := c.Write(append([]byte{0, 0, 0, byte(4 + len(packet))}, packet...)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 100)); err != nil { // it is asked for its password
		t.Fatal(err)
	}
	w := s.withdraw(t, m.ID)
	s.gone(t, l)
	t.Logf("gone after %v", w.Gone)
}

// A client that is killed in a transaction leaves nothing.
func testKilled(t *testing.T, s *stage) {
	m := s.mandate(reads("public.orders"))
	l := s.grant(t, m)
	c := exec.Command("psql", "-q", dsn(l))
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(in, "BEGIN; SELECT count(*) FROM orders;\n"); err != nil {
		t.Fatal(err)
	}
	s.until(t, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE usename = '"+l.User+"' AND state = 'idle in transaction')")
	if err := c.Process.Signal(os.Kill); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	s.withdraw(t, m.ID)
	s.gone(t, l)
}

// Without Stead the server itself lets nobody in any more; who is in stays in.
func testValidUntil(t *testing.T, s *stage) {
	m := s.mandate(reads("public.orders"))
	m.Until = time.Now().Add(3 * time.Second)
	l := s.grant(t, m)
	c := s.dial(t, dsn(l))
	s.until(t, "SELECT rolvaliduntil < now() FROM pg_roles WHERE rolname = '"+l.User+"'")
	if _, err := pgconn.Connect(t.Context(), dsn(l)); state(err) != "28P01" {
		t.Errorf("it gets in: %v", err)
	}
	if err := c.Ping(t.Context()); err != nil {
		t.Errorf("the guide says that connections live on: %v", err)
	}
	s.withdraw(t, m.ID)
}

// A lease may change its own password, and nobody may keep it from that: it works as long as the lease, and no longer.
func testOwnPassword(t *testing.T, s *stage) {
	m := s.mandate(reads("public.orders"))
	l := s.grant(t, m)
	if err := run(t.Context(), s.dial(t, dsn(l)), "SET default_transaction_read_only = off; ALTER ROLE "+l.User+" PASSWORD 'mine'"); err != nil {
		t.Fatal(err)
	}
	l.Password = "mine"
	s.dial(t, dsn(l))
	s.withdraw(t, m.ID)
	s.gone(t, l)
}

// What a lease has made by rights that somebody gave it goes with it, and no function of it becomes Stead's.
func testOwns(t *testing.T, s *stage) {
	m := s.mandate(reads("public.orders"))
	l := s.grant(t, m)
	s.Do(t, "shop", "GRANT CREATE ON SCHEMA public TO stead_shop WITH GRANT OPTION; SET ROLE stead_shop; GRANT CREATE ON SCHEMA public TO "+l.User)
	s.Do(t, "shop", "GRANT EXECUTE ON FUNCTION lo_create(oid) TO "+l.User)
	if err := run(t.Context(), s.dial(t, dsn(l)), "SET default_transaction_read_only = off; CREATE TABLE public.mine (a int); "+
		"CREATE FUNCTION public.trap() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'; SELECT lo_create(0); "+
		"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC; ALTER ROLE CURRENT_USER SET work_mem = '1MB'"); err != nil {
		t.Fatal(err)
	}
	_, err := s.db.Withdraw(t.Context(), m.ID)
	if stead.KindOf(err) != stead.Conflict || !strings.Contains(err.Error(), "lo_create") {
		t.Errorf("what a superuser gave by hand: %v", err)
	}
	s.gone(t, l)
	s.Do(t, "shop", "REVOKE EXECUTE ON FUNCTION lo_create(oid) FROM "+l.User)
	w := s.withdraw(t, m.ID)
	if !slices.Contains(w.Owned, "table mine") && !slices.Contains(w.Owned, "table public.mine") || len(w.Owned) < 3 {
		t.Errorf("owned %q", w.Owned)
	}
	s.Do(t, "shop", "REVOKE CREATE ON SCHEMA public FROM stead_shop CASCADE")
}

// What somebody else gave keeps the role, not the door: the error names it, and it is done once that is taken back.
func testMoreByHand(t *testing.T, s *stage) {
	m := s.mandate(reads("public.orders"))
	l := s.grant(t, m)
	s.Do(t, "shop", "GRANT SELECT ON payroll TO "+l.User)
	for range 2 {
		_, err := s.db.Withdraw(t.Context(), m.ID)
		if stead.KindOf(err) != stead.Conflict || !strings.Contains(err.Error(), "payroll") {
			t.Errorf("%v", err)
		}
		s.gone(t, l)
	}
	s.Do(t, "shop", "REVOKE SELECT ON payroll FROM "+l.User+"; ALTER ROLE "+l.User+" RENAME TO stead_man_renamed; REVOKE stead_man_renamed FROM stead_shop")
	s.withdraw(t, m.ID)
}

// What was left in another database goes too.
func testElsewhere(t *testing.T, s *stage) {
	m := s.mandate(reads("public.orders"))
	l := s.grant(t, m)
	s.Do(t, "shop", "GRANT CONNECT ON DATABASE postgres TO stead_shop WITH GRANT OPTION; SET ROLE stead_shop; GRANT CONNECT ON DATABASE postgres TO "+l.User)
	c := s.dial(t, strings.Replace(dsn(l), "/shop?", "/postgres?", 1))
	if err := run(t.Context(), c, "SET default_transaction_read_only = off; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC; SELECT lo_create(0)"); err != nil {
		t.Fatal(err)
	}
	if w := s.withdraw(t, m.ID); len(w.Owned) == 0 {
		t.Errorf("%+v", w)
	}
	s.Do(t, "shop", "REVOKE CONNECT ON DATABASE postgres FROM stead_shop CASCADE")
}
