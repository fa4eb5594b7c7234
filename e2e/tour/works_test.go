package tour

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/cedar"
	inside "github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/login"
	"github.com/steadhq/stead/internal/store/pgtest"
	"github.com/steadhq/stead/internal/web"
)

// A works is a house in which agents work in a real database, and the same as people's browsers see it.
type works struct {
	*housetest.House
	t    *testing.T
	seen *house
	root authority.By
}

const worksRules = `
@id("monthly-report")
@owner("data protection")
@approval("staff/ai-operations; staff/compliance")
@max("24h")
permit (principal is Agent, action == Action::"act", resource)
when { principal.name == "monthly-report" && context.app == "crm" };

@id("low")
@owner("data protection")
permit (principal is Agent, action == Action::"act", resource)
when { principal has tier && principal.tier == "low" && context.mode == "read-only" };
`

const (
	crmRoles = `CREATE ROLE shop_owner;
CREATE ROLE stead_crm LOGIN CREATEROLE PASSWORD 'crm';`
	crmTables = `GRANT CONNECT ON DATABASE crm TO stead_crm WITH GRANT OPTION;
GRANT CREATE ON DATABASE crm TO stead_crm;
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;
REVOKE TEMPORARY ON DATABASE crm FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC;
GRANT CREATE ON SCHEMA public TO shop_owner;
SET ROLE shop_owner;
CREATE TABLE customers (id int PRIMARY KEY, name text); INSERT INTO customers VALUES (1, 'Dana');
CREATE TABLE orders (id int PRIMARY KEY, total int, year int); INSERT INTO orders SELECT i, i, 2026 FROM generate_series(1, 500) i;
GRANT USAGE ON SCHEMA public TO stead_crm WITH GRANT OPTION;
GRANT SELECT ON customers, orders TO stead_crm WITH GRANT OPTION;`
)

// worksStaff are those who agree, answer for agents and look after them. They come from the operator.
var worksStaff = []authority.NewPerson{
	{Directory: "staff", Name: "max", Shown: "Max Novak", Groups: []string{"analysts"}},
	{Directory: "staff", Name: "ida", Shown: "Ida Bergman", Groups: []string{"ai-operations"}},
	{Directory: "staff", Name: "cole", Shown: "Cole Adeyemi", Groups: []string{"compliance"}},
	{Directory: "staff", Name: "olga", Shown: "Olga Brandt", Groups: []string{"security"}},
	{Directory: "staff", Name: "ada", Shown: "Ada Lindqvist", Groups: []string{"admins"}},
}

// newWorks opens such a house on a port.
func newWorks(t *testing.T, change ...func(*inside.Options)) *works {
	t.Helper()
	dsn, began := crm(t), time.Now()
	w := &works{t: t, House: housetest.NewOf(t, append(housetest.Staff(), worksStaff...), func(o *inside.Options) {
		o.Wall, o.Boot = time.Now, func() time.Duration { return time.Since(began) }
		o.Settings.Apps = append(o.Settings.Apps, stead.NewSystem("crm"))
		o.Systems = []inside.System{{ID: "crm", DSN: dsn}}
		o.Files = maps.Clone(cedar.Default())
		o.Files["agents.cedar"] = worksRules
		for _, f := range change {
			f(o)
		}
	})}
	w.root = w.Login("staff/root", "console.test")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.seen = &house{Console: "http://" + l.Addr().String()}
	w.serve(l)
	return w
}

// crm starts the database, and gives Stead's way into it.
func crm(t *testing.T) (dsn string) {
	t.Helper()
	server := pgtest.Start(t, "fsync=off")
	hba := "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
	if err := os.WriteFile(filepath.Join(server.Dir, "pg_hba.conf"), []byte(hba), 0o600); err != nil {
		t.Fatal(err)
	}
	server.Do(t, "postgres", "SELECT pg_reload_conf()")
	server.Do(t, "postgres", crmRoles)
	server.Do(t, "postgres", "CREATE DATABASE crm OWNER shop_owner")
	server.Do(t, "crm", crmTables)
	return fmt.Sprintf("host=127.0.0.1 port=%d dbname=crm user=stead_crm password=crm sslmode=disable", server.Port)
}

func (w *works) serve(l net.Listener) {
	w.t.Helper()
	dir, log := w.t.TempDir(), slog.New(slog.DiscardHandler)
	m, err := inside.Unlock(w.t.Context(), filepath.Join(dir, "master.key"), inside.Cabinet(dir))
	if err != nil {
		w.t.Fatal(err)
	}
	ring, err := keys.OpenRing(w.t.Context(), keys.Signing{Issuer: w.seen.Console, Now: w.Now, Rand: rand.Reader, Secrets: m.Secrets, Box: m.Box})
	if err != nil {
		w.t.Fatal(err)
	}
	doors, err := w.Doors(inside.Site{Origin: w.seen.Console, Listen: l.Addr().String(), Gateway: "orders.test", Ring: ring, Log: log, Version: "test",
		Directories: []login.Directory{{ID: "staff", Label: "Acme staff"}, {ID: "customers", Label: "Customers"}}})
	if err != nil {
		w.t.Fatal(err)
	}
	srv := web.NewServer(doors.Own, log)
	go func() { _ = srv.Serve(web.Listener(l, nil)) }()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		w.KeepSystems(ctx, log)
		close(done)
	}()
	w.t.Cleanup(func() { _ = srv.Close(); stop(); <-done })
}

// comes opens a window of somebody who signs in by password.
func (w *works) comes(b context.Context, name string) *window {
	w.t.Helper()
	p := newWindow(w.t, b, name)
	p.gets(w.seen.Console + "/login")
	p.types("name", name)
	p.selects("directory", "Acme staff")
	p.types("password", housetest.Password)
	p.follows("Sign in")
	p.isAt(w.seen.Console + "/")
	p.watch()
	return p
}

// registers an agent whose own key is "NAME's key", with a task in the database.
func (w *works) registers(name, shown, purpose, owner string, tier stead.Tier, task stead.Task) stead.Registration {
	w.t.Helper()
	r := stead.Registration{Kind: stead.Company, Tier: tier, Owner: w.People["staff/"+owner].ID, Purpose: purpose, Segment: "reporting", Build: stead.Build{Model: "m-4", Code: "3f1c"},
		Tasks: []stead.Task{task}, Keys: []stead.AgentKey{{Thumbprint: name + "'s key", JWK: "{}"}}}
	got, err := w.Register(w.t.Context(), w.root, authority.NewAgent{Name: name, Shown: shown, Registration: r})
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

// runs begins a run of an agent.
func (w *works) runs(name, key string) authority.By {
	w.t.Helper()
	by := w.proves(name + "'s key")
	if _, err := w.EnrollInstance(w.t.Context(), by, authority.NewInstance{Key: stead.AgentKey{Thumbprint: key}, For: 2 * stead.Day}); err != nil {
		w.t.Fatal(err)
	}
	return w.proves(key)
}

func (w *works) proves(key string) authority.By {
	w.t.Helper()
	agent := ""
	if n := len(key) - len("'s key"); n > 0 && key[n:] == "'s key" {
		agent = key[:n]
	}
	by, err := w.PresentKey(w.t.Context(), authority.PresentedKey{Agent: agent, Thumbprint: key, Address: "127.0.0.1"})
	if err != nil {
		w.t.Fatal(err)
	}
	return by
}

// asks for a task.
func (w *works) asks(by authority.By, task string) stead.Mandate {
	w.t.Helper()
	m, err := w.AskTask(w.t.Context(), by, authority.TaskAsk{Task: task})
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// reads begins what was agreed to, and reads from the database with a login of its own; the connection stays open.
func (w *works) reads(by authority.By, m stead.Mandate) (url string) {
	w.t.Helper()
	ctx := w.t.Context()
	if _, err := w.StartTask(ctx, by, m.ID); err != nil {
		w.t.Fatal(err)
	}
	l, err := w.Lease(ctx, by, m.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	c, err := pgx.Connect(ctx, l.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = c.Close(context.Background()) })
	var n int
	if err := c.QueryRow(ctx, "SELECT count(*) FROM orders").Scan(&n); err != nil || n != 500 {
		w.t.Fatalf("%d orders, %v", n, err)
	}
	return l.URL
}
