package store_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead/internal/store"
	"github.com/steadhq/stead/internal/store/pgtest"
)

// Nodes tell the database that they run; who ends cleanly takes that back, and who is silent for too long is lost.
func TestNodes(t *testing.T) {
	server := pgtest.Start(t)
	o := onPostgres(t, server.Create(t))
	named := func(name string) *store.Store {
		o.Node = name
		return open(t, o)
	}
	one, two := named("nod_one"), named("nod_two")
	heard := func() (all []string) {
		t.Helper()
		found, err := one.Nodes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range found {
			if h.Lost() {
				h.Node += " lost"
			}
			all = append(all, h.Node)
		}
		return all
	}
	until := func(want ...string) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); !slices.Equal(heard(), want); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("heard %v, want %v", heard(), want)
			}
		}
	}
	until("nod_one", "nod_two")
	ask := func(sql string) {
		t.Helper()
		server.Ask(t, strings.Split(o.DSN[strings.LastIndex(o.DSN, "/")+1:], "?")[0], sql)
	}
	ask("INSERT INTO stead.leases SELECT 'node ' || n, n, (EXTRACT(EPOCH FROM clock_timestamp()) * 1e6)::bigint - ago FROM (VALUES ('nod_old', 40 * 86400000000), ('nod_zoe', 13000000)) x (n, ago) RETURNING name")
	until("nod_old lost", "nod_one", "nod_two", "nod_zoe lost")
	shut(t, two)
	until("nod_one", "nod_zoe lost")
	shut(t, one)
}

// Of a store in files there is one process, and it is heard because it answers.
func TestOneNode(t *testing.T) {
	o := options(t, t.TempDir())
	o.Node = "nod_one"
	s := open(t, o)
	if found, err := s.Nodes(t.Context()); err != nil || len(found) != 1 || found[0].Node != "nod_one" || found[0].Lost() {
		t.Errorf("%+v, %v", found, err)
	}
	shut(t, s)
}
