package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/store"
	"github.com/steadhq/stead/internal/store/pgtest"
	"github.com/steadhq/stead/internal/store/storetest"
)

func pageSeen(id string) authority.Entry {
	e := storetest.Event("page.seen", 1, 1)
	e.ID = stead.EventID(id)
	return authority.Entry{Changes: []stead.Change{{Event: e}}}
}

// eventually waits for a store to say what is hoped for.
func eventually(t *testing.T, what string, is func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = is(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", what, err)
}

// ids counts how often each event stands in the log.
func ids(t *testing.T, s *store.Store) map[stead.EventID]int {
	t.Helper()
	found := map[stead.EventID]int{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	eventually(t, "the end of the log", func() error { return s.Latest(ctx) })
	size := s.Head().Size
	_ = s.Follow(ctx, 0, func(e authority.StoredEvent) error {
		found[e.ID]++
		if e.Number() >= size {
			cancel()
		}
		return nil
	})
	return found
}

// Whatever becomes of the connections, what was acknowledged stands once, what was refused for good may be tried again,
// and the node goes on by itself. // S-I2, S-I17
func TestPostgresLosesConnections(t *testing.T) {
	for name, lose := range map[string]func(*testing.T, *pgtest.Server, string){
		"terminated": func(t *testing.T, s *pgtest.Server, _ string) {
			s.Do(t, "postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'stead'")
		},
		"restarted": func(t *testing.T, s *pgtest.Server, _ string) { s.Stop(syscall.SIGINT); s.Run(t) },
		"crashed":   func(t *testing.T, s *pgtest.Server, _ string) { s.Stop(syscall.SIGQUIT); s.Run(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := pgtest.Start(t)
			o := onPostgres(t, server.Create(t))
			o.Patience = 2 * time.Second
			nodes := []*store.Store{open(t, o), open(t, o)}
			defer shut(t, nodes[0])
			defer shut(t, nodes[1])
			var all sync.WaitGroup
			var mu sync.Mutex
			acked := map[stead.EventID]bool{}
			ctx, stop := context.WithCancel(t.Context())
			for w := range 8 {
				all.Go(func() {
					for n := 0; ctx.Err() == nil; n++ {
						id := fmt.Sprintf("evt_%d_%d", w, n)
						if _, err := nodes[w%2].Append(context.Background(), pageSeen(id)); err == nil {
							mu.Lock()
							acked[stead.EventID(id)] = true
							mu.Unlock()
						} else if stead.KindOf(err) != stead.Broken {
							t.Errorf("a lost connection is %v", err)
						}
					}
				})
			}
			reached := func(n int) func() error {
				return func() error {
					mu.Lock()
					defer mu.Unlock()
					if len(acked) < n {
						return fmt.Errorf("%d events are acknowledged, not %d", len(acked), n)
					}
					return nil
				}
			}
			for round := range 3 {
				eventually(t, "before", reached((2*round+1)*100))
				mu.Lock()
				before := len(acked)
				mu.Unlock()
				lose(t, server, o.DSN)
				eventually(t, "afterwards", reached(before+100))
			}
			stop()
			all.Wait()
			found := ids(t, nodes[0])
			for id := range acked {
				if found[id] != 1 {
					t.Errorf("%s was acknowledged and stands %d times", id, found[id])
				}
			}
			for id, n := range found {
				if n > 1 {
					t.Errorf("%s stands %d times", id, n)
				}
			}
			settled(t, nodes[1])
			if got, err := nodes[1].Events(t.Context(), authority.EventQuery{Limit: 1, Newest: true}); err != nil || len(got) != 1 || got[0].Number() != nodes[1].Head().Size {
				t.Errorf("the searchable copy ends with %v, %v", got, err)
			}
		})
	}
}

func settled(t *testing.T, s *store.Store) {
	t.Helper()
	eventually(t, "the end of the log", func() error { return s.Latest(t.Context()) })
	if err := s.Settled(t.Context(), s.Head().Size); err != nil {
		t.Fatal(err)
	}
}

// A node that has seen more than the database has refuses for good: what it acknowledged is gone. So does one that
// finds another log. // S-I32, K12
func TestPostgresRolledBack(t *testing.T) {
	server := pgtest.Start(t)
	o := onPostgres(t, server.DSN("stead"))
	server.Do(t, "postgres", "CREATE DATABASE stead")
	s := open(t, o)
	must := func(id string) {
		if _, err := s.Append(t.Context(), pageSeen(id)); err != nil {
			t.Fatal(err)
		}
	}
	must("evt_1")
	shut(t, s)
	server.Do(t, "postgres", "CREATE DATABASE older TEMPLATE stead")
	for name, replace := range map[string]string{"older": "older", "other": "other", "equal": "equal"} {
		t.Run(name, func(t *testing.T) {
			s = open(t, o)
			defer s.Close()
			must("evt_2_" + name)
			if longer := map[string]int{"other": 4, "equal": 1}[name]; longer > 0 {
				server.Do(t, "postgres", "CREATE DATABASE "+name+" TEMPLATE older")
				fork := onPostgres(t, server.DSN(name))
				f := open(t, fork)
				for range longer {
					if _, err := f.Append(t.Context(), pageSeen("evt_fork")); err != nil {
						t.Fatal(err)
					}
				}
				shut(t, f)
			}
			server.Do(t, "postgres", "ALTER DATABASE stead WITH ALLOW_CONNECTIONS false")
			server.Do(t, "postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'stead'")
			server.Do(t, "postgres", "ALTER DATABASE stead RENAME TO gone_"+name)
			server.Do(t, "postgres", "CREATE DATABASE stead TEMPLATE "+replace)
			eventually(t, "the node notices", func() error {
				if err := s.Broken(); err != nil && strings.Contains(err.Error(), "started again") {
					return nil
				}
				_, err := s.Append(t.Context(), pageSeen("evt_3"))
				if err == nil {
					t.Fatal("a node wrote to a log that is not the one it knows")
				}
				return err
			})
			server.Do(t, "postgres", "DROP DATABASE stead WITH (FORCE)")
			server.Do(t, "postgres", "CREATE DATABASE stead TEMPLATE older")
		})
	}
}

// What no longer hears of the head proves nothing: it says that it is stale. // S-I15
func TestPostgresStale(t *testing.T) {
	server := pgtest.Start(t)
	o := onPostgres(t, server.Create(t))
	s := open(t, o)
	defer shut(t, s)
	if err := s.Broken(); err != nil {
		t.Fatal(err)
	}
	server.Stop(syscall.SIGQUIT)
	eventually(t, "the node is stale", func() error {
		if stead.ReasonOf(s.Broken()) != stead.ReasonStale {
			return fmt.Errorf("broken is %v", s.Broken())
		}
		return nil
	})
	server.Run(t)
	eventually(t, "the node hears again", s.Broken)
}

// A server that may forget what it acknowledges is refused.
func TestPostgresForgetful(t *testing.T) {
	for _, setting := range []string{"fsync=off", "full_page_writes=off"} {
		server := pgtest.Start(t, setting)
		_, err := store.Open(t.Context(), onPostgres(t, server.Create(t)))
		if stead.KindOf(err) != stead.Invalid {
			t.Errorf("with %s: %v", setting, err)
		}
	}
	server := pgtest.Start(t)
	_, err := store.Open(t.Context(), onPostgres(t, server.Create(t)+"&synchronous_commit=off"))
	if stead.KindOf(err) != stead.Invalid {
		t.Errorf("with synchronous_commit off: %v", err)
	}
}
