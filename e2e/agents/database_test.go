package agents

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/cedar"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/store/pgtest"
)

// A customer database, with the statements of docs/guide/postgresql-systems.md.
const (
	superuser = `CREATE ROLE shop_owner;
CREATE ROLE stead_crm LOGIN CREATEROLE PASSWORD 'crm';`
	database = `GRANT CONNECT ON DATABASE crm TO stead_crm WITH GRANT OPTION;
GRANT CREATE ON DATABASE crm TO stead_crm;
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;
REVOKE TEMPORARY ON DATABASE crm FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC;
GRANT CREATE ON SCHEMA public TO shop_owner;
SET ROLE shop_owner;
CREATE TABLE customers (id int PRIMARY KEY, name text); INSERT INTO customers VALUES (1, 'Dana');
CREATE TABLE orders (id int PRIMARY KEY, customer int, total int); INSERT INTO orders SELECT i, 1, i FROM generate_series(1, 500) i;
CREATE TABLE salaries (id int PRIMARY KEY, pay int); INSERT INTO salaries VALUES (1, 1);
GRANT USAGE ON SCHEMA public TO stead_crm WITH GRANT OPTION;
GRANT SELECT ON customers, orders TO stead_crm WITH GRANT OPTION;`
)

// customers starts the database, and gives the way to it as superuser and as Stead.
func customers(t *testing.T) (server *pgtest.Server, dsn string) {
	t.Helper()
	server = pgtest.Start(t, "fsync=off")
	hba := "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
	if err := os.WriteFile(filepath.Join(server.Dir, "pg_hba.conf"), []byte(hba), 0o600); err != nil {
		t.Fatal(err)
	}
	server.Do(t, "postgres", "SELECT pg_reload_conf()")
	server.Do(t, "postgres", superuser)
	server.Do(t, "postgres", "CREATE DATABASE crm OWNER shop_owner")
	server.Do(t, "crm", database)
	return server, fmt.Sprintf("host=127.0.0.1 port=%d dbname=crm user=stead_crm password=crm sslmode=disable", server.Port)
}

// connected is a world beside a real customer database. Its clock is the machine's, moved ahead by hand: the database has a
// clock of its own.
func connected(t *testing.T) (*world, *pgtest.Server, *atomic.Int64) {
	t.Helper()
	server, dsn := customers(t)
	ahead, began := new(atomic.Int64), time.Now()
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	w := &world{t: t, House: housetest.NewOf(t, append(housetest.Staff(), staff...), func(o *house.Options) {
		o.Wall, o.Boot = now, func() time.Duration { return now().Sub(began) }
		o.Settings.Apps = append(o.Settings.Apps, stead.NewSystem("crm"))
		o.Systems = []house.System{{ID: "crm", DSN: dsn}}
		o.Files = maps.Clone(cedar.Default())
		o.Files["agents.cedar"] = rules
	})}
	w.root = w.Login("staff/root", "console.test")
	w.agent = w.register("monthly-report", stead.Company, stead.HighTier, "staff/max", task("monthly", "public.customers", "public.orders"))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		w.KeepSystems(ctx, slog.New(slog.DiscardHandler))
		close(done)
	}()
	t.Cleanup(func() { stop(); <-done })
	return w, server, ahead
}

// enter is the report's way into the database.
func (w *world) enter(by authority.By, m stead.MandateID) (authority.Lease, *pgx.Conn) {
	w.t.Helper()
	l, err := w.Lease(w.t.Context(), by, m)
	if err != nil {
		w.t.Fatal(err)
	}
	c, err := pgx.Connect(w.t.Context(), l.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = c.Close(context.Background()) })
	return l, c
}

// gone waits until the database refuses the login, has no connection of it and no role, and tells how long that took.
func (w *world) gone(server *pgtest.Server, l authority.Lease) time.Duration {
	w.t.Helper()
	began := time.Now()
	for time.Since(began) < 20*time.Second {
		c, err := pgx.Connect(w.t.Context(), l.URL)
		if err == nil {
			_ = c.Close(w.t.Context())
			continue
		}
		if server.Ask(w.t, "crm", "SELECT count(*) FROM pg_roles WHERE rolname = '"+l.User+"'") == "0" {
			took := time.Since(began)
			if n := server.Ask(w.t, "crm", "SELECT count(*) FROM pg_stat_activity WHERE usename = '"+l.User+"'"); n != "0" {
				w.t.Errorf("%s connections are left", n)
			}
			return took
		}
	}
	w.t.Fatal("the login is still good")
	return 0
}

// The source's own example: read-only access to the customer database for the sole purpose of the monthly report, revoked
// when that is done or after 24 hours, whichever comes first; and then the database itself refuses. A4, A5, A9.
func TestReportInDatabase(t *testing.T) {
	for _, how := range []struct {
		name string
		end  func(*world, authority.By, stead.MandateID, *atomic.Int64) error
	}{
		{"segment isolated", func(w *world, _ authority.By, _ stead.MandateID, _ *atomic.Int64) error {
			_, err := w.Isolate(w.t.Context(), w.Login("staff/omar", "console.test"), "reporting", "odd queries")
			return err
		}},
		{"done", func(w *world, by authority.By, m stead.MandateID, _ *atomic.Int64) error {
			_, err := w.Complete(w.t.Context(), by, m, "sent")
			return err
		}},
		{"24 hours", func(w *world, _ authority.By, _ stead.MandateID, ahead *atomic.Int64) error {
			ahead.Add(int64(stead.Day))
			return w.Sweep(w.t.Context())
		}},
		{"owner left", func(w *world, _ authority.By, _ stead.MandateID, _ *atomic.Int64) error {
			gone := true
			_, err := w.Change(w.t.Context(), w.root, w.People["staff/max"].ID, authority.Edit{Disabled: &gone})
			return err
		}},
	} {
		t.Run(how.name, func(t *testing.T) {
			w, server, ahead := connected(t)
			by, m := w.working("k1")
			l, c := w.enter(by, m.ID)
			var n int
			for _, query := range []string{"SELECT count(*) FROM customers", "SELECT count(*) FROM orders"} {
				if err := c.QueryRow(t.Context(), query).Scan(&n); err != nil || n == 0 {
					t.Errorf("%s: %d, %v", query, n, err)
				}
			}
			for _, query := range []string{"SELECT * FROM salaries", "INSERT INTO orders VALUES (0, 0, 0)", "UPDATE customers SET name = ''", "CREATE TABLE mine ()",
				"SET default_transaction_read_only = off; DELETE FROM orders"} {
				if _, err := c.Exec(t.Context(), query); err == nil {
					t.Errorf("the database let it: %s", query)
				}
			}
			_, err := w.Lease(t.Context(), by, m.ID)
			w.no(err, stead.ReasonUsed)
			if _, err := c.Exec(t.Context(), "BEGIN; SELECT * FROM orders"); err != nil { // killed in the middle of a transaction
				t.Fatal(err)
			}
			if err := how.end(w, by, m.ID, ahead); err != nil {
				t.Fatal(err)
			}
			w.t = t
			t.Logf("from the end to the last trace in the database: %s", w.gone(server, l).Round(time.Millisecond))
			if err := c.Ping(t.Context()); err == nil {
				t.Error("its connection lives")
			}
			_, err = w.Lease(t.Context(), by, m.ID)
			if err == nil {
				t.Error("a login after the end")
			}
			w.recorded(m.ID, "mandate.asked", "mandate.approved", "mandate.started", "system.granted", "request.allowed", "system.withdrawn")
		})
	}
}

// A role that nobody has a mandate for, left behind by a crash, is found and taken back.
func TestOrphanedRole(t *testing.T) {
	w, server, _ := connected(t)
	by, m := w.working("k1")
	l, _ := w.enter(by, m.ID)
	w.Shut()
	w.Options.Accept = false
	w.Open() // the follower of the house before is gone: nobody hears the end
	if _, err := w.Complete(t.Context(), by, m.ID, ""); err != nil {
		t.Fatal(err)
	}
	if err := w.SettleSystems(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.gone(server, l)
}

// A database that does not answer keeps nothing from ending: it is alarmed, recorded and tried again, and meanwhile Stead
// itself refuses.
func TestDatabaseAway(t *testing.T) {
	w, server, _ := connected(t)
	by, m := w.working("k1")
	l, _ := w.enter(by, m.ID)
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Complete(t.Context(), by, m.ID, ""); err != nil {
		t.Fatal(err)
	}
	w.refused(w.reads(by, m.ID, "public.orders"), stead.ReasonEnded)
	if err := server.Continue(); err != nil {
		t.Fatal(err)
	}
	w.gone(server, l)
}
