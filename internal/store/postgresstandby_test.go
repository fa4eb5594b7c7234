package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/store"
	"github.com/steadhq/stead/internal/store/pgtest"
)

// What the standby does not have was not acknowledged and is seen by nobody, whatever interrupts the waiting for it: with
// the server it would be gone. // S-I2, S-I32
func TestPostgresStandbyAway(t *testing.T) {
	for name, interrupt := range map[string]func(*testing.T, *pgtest.Server){
		"nobody waits for the commit any more": func(*testing.T, *pgtest.Server) {},
		"an administrator cancels": func(t *testing.T, s *pgtest.Server) {
			s.Do(t, "postgres", "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
		},
		"an administrator terminates": func(t *testing.T, s *pgtest.Server) {
			s.Do(t, "postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := pgtest.Start(t)
			o := onPostgres(t, server.Create(t))
			o.Patience = 12 * time.Second
			s, other := open(t, o), open(t, o)
			if _, err := s.Append(t.Context(), pageSeen("evt_before")); err != nil {
				t.Fatal(err)
			}
			before := s.Head().Size
			if err := other.Latest(t.Context()); err != nil {
				t.Fatal(err)
			}
			server.Synchronous(t, true)
			eventually(t, "the server waits for a standby", func() error {
				if server.Ask(t, "postgres", "SHOW synchronous_standby_names") == "" {
					return errors.New("not yet")
				}
				return nil
			})
			time.AfterFunc(time.Second, func() { interrupt(t, server) })
			if _, err := s.Append(t.Context(), pageSeen("evt_alone")); stead.KindOf(err) != stead.Broken {
				t.Errorf("without a standby: %v", err)
			}
			if other.Head().Size != before {
				t.Error("another node has seen what the standby does not have")
			}
			server.Synchronous(t, false)
			eventually(t, "it goes on without a standby", func() error {
				_, err := other.Append(context.Background(), pageSeen("evt_after"))
				return err
			})
			shut(t, s)
			shut(t, other)
		})
	}
}

// A node that stops in the middle of what it says to the server is not idle: others end its session. // S-I15
func TestPostgresHeadHeld(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	o := onPostgres(t, server.Create(t))
	s := open(t, o)
	defer shut(t, s)
	c, err := pgconn.Connect(t.Context(), o.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Conn().Close()
	if _, err := c.Exec(t.Context(), "SET idle_in_transaction_session_timeout = 2000; BEGIN; SELECT FROM stead.head FOR UPDATE").ReadAll(); err != nil {
		t.Fatal(err)
	}
	reads, err := pgconn.Connect(t.Context(), o.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer reads.Close(t.Context())
	if _, err := reads.Exec(t.Context(), "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM stead.head").ReadAll(); err != nil {
		t.Fatal(err)
	}
	c.Frontend().SendParse(&pgproto3.Parse{Query: "SELECT 1"})
	if err := c.Frontend().Flush(); err != nil { // and never asks for the answer
		t.Fatal(err)
	}
	began := time.Now()
	eventually(t, "the head is free", func() error {
		_, err := s.Append(t.Context(), pageSeen("evt_1"))
		return err
	})
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	if _, err := reads.Exec(t.Context(), "SELECT FROM stead.head").ReadAll(); err != nil {
		t.Errorf("who only reads was put out: %v", err)
	}
}

// A standby, or an old primary that is back, is not the database: nobody believes it, writes to it, or refuses for good
// because of what it says. // S-I15, S-I32
func TestPostgresOldPrimary(t *testing.T) {
	t.Parallel()
	old := pgtest.Start(t)
	old.Do(t, "postgres", "CREATE DATABASE stead")
	standby := old.Standby(t, 0)
	o := onPostgres(t, pgtest.DSNOf("stead", old, standby))
	s := open(t, o)
	defer shut(t, s)
	seen := 0
	write := func() error {
		seen++
		_, err := s.Append(t.Context(), pageSeen(fmt.Sprint("evt_", seen)))
		return err
	}
	if err := write(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), onPostgres(t, standby.DSN("stead"))); stead.KindOf(err) != stead.Broken {
		t.Errorf("on a standby: %v", err)
	}
	eventually(t, "the standby has all", func() error {
		return has(t, standby, s.Head().Size)
	})
	left := fmt.Sprint(s.Head().Size)
	if err := old.Pause(); err != nil {
		t.Fatal(err)
	}
	standby.Promote(t)
	eventually(t, "the node goes on with the new primary", write)
	for range 20 {
		_ = write()
	}
	size := s.Head().Size
	if err := old.Continue(); err != nil {
		t.Fatal(err)
	}
	standby.Do(t, "postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'stead'")
	for range 50 {
		_ = s.Latest(t.Context())
		_ = write()
	}
	eventually(t, "the node is well", s.Broken)
	eventually(t, "the node writes", write)
	if is := old.Ask(t, "stead", "SELECT size::text FROM stead.head"); is != left || s.Head().Size <= size {
		t.Errorf("the old primary has %s events and had %s, the new one has %d and had %d", is, left, s.Head().Size, size)
	}
	old.Stop(syscall.SIGINT)
}

// answered is longer than the store waits for an answer.
const answered = 8 * time.Second

// A node whose reading connections hang, while its writing one is well, follows nobody: it says that it is stale. // S-I15
func TestPostgresCutInHalf(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	dsn := server.Create(t)
	other := open(t, onPostgres(t, dsn))
	defer shut(t, other)
	gate := pgtest.NewGate(t, server)
	s := open(t, onPostgres(t, gate.DSN(dsn)))
	defer shut(t, s)
	gate.Hang(func(said []byte) bool {
		return bytes.Contains(said, []byte("FROM log"))
	})
	eventually(t, "it is stale, or has not latched", func() error {
		if _, err := other.Append(t.Context(), pageSeen("evt_other")); err != nil {
			return err
		}
		if stead.ReasonOf(s.Broken()) != stead.ReasonStale {
			return fmt.Errorf("broken is %v", s.Broken())
		}
		return nil
	})
	for end := time.Now().Add(answered); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if stead.ReasonOf(s.Broken()) != stead.ReasonStale {
			t.Fatalf("it follows nobody, and says %v", s.Broken())
		}
	}
	gate.Heal()
	eventually(t, "it is well again", s.Broken)
}

// What an asynchronous standby does not have is lost when it takes over. Every node that has seen it refuses for good, and
// again when it is started: it knows a log that is gone. Who has not seen it goes on. // S-I32, K12
func TestPostgresTailLost(t *testing.T) {
	t.Parallel()
	primary := pgtest.Start(t)
	primary.Do(t, "postgres", "CREATE DATABASE stead")
	standby := primary.Standby(t, 0)
	o := onPostgres(t, pgtest.DSNOf("stead", primary, standby))
	o.Mirror = filepath.Join(t.TempDir(), "head")
	wrote := open(t, o)
	defer wrote.Close()
	if _, err := wrote.Append(t.Context(), pageSeen("evt_kept")); err != nil {
		t.Fatal(err)
	}
	other := o
	other.Mirror = ""
	saw := open(t, other)
	defer saw.Close()
	kept := wrote.Head().Size
	eventually(t, "the standby has it", func() error {
		return has(t, standby, kept)
	})
	standby.Stop(syscall.SIGQUIT)
	if _, err := wrote.Append(t.Context(), pageSeen("evt_lost")); err != nil {
		t.Fatal(err)
	}
	if err := saw.Latest(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the head is mirrored", func() error {
		note, err := os.ReadFile(o.Mirror)
		if err == nil && !bytes.Contains(note, fmt.Appendf(nil, "\n%d\n", kept+1)) {
			err = errors.New("not yet")
		}
		return err
	})
	primary.Stop(syscall.SIGKILL)
	standby.Run(t)
	standby.Promote(t)
	for name, s := range map[string]*store.Store{"it wrote it": wrote, "it saw it": saw} {
		eventually(t, name, func() error {
			_, err := s.Append(t.Context(), pageSeen("evt_more"))
			if err == nil {
				t.Fatal("a node went on with a log that lacks what it has seen")
			}
			if broken := s.Broken(); broken == nil || !strings.Contains(broken.Error(), "started again") {
				return fmt.Errorf("broken is %v, %v", broken, err)
			}
			return nil
		})
	}
	wrote.Close()
	if _, err := store.Open(t.Context(), o); stead.KindOf(err) != stead.Refused {
		t.Errorf("started again: %v", err)
	}
	fresh := open(t, other)
	defer shut(t, fresh)
	if _, err := fresh.Append(t.Context(), pageSeen("evt_new")); err != nil {
		t.Error(err)
	}
}

// has tells whether a server has come to a size.
func has(t *testing.T, s *pgtest.Server, size uint64) error {
	t.Helper()
	if s.Ask(t, "stead", "SELECT (to_regclass('stead.head') IS NOT NULL)::text") != "true" {
		return errors.New("it has no log yet")
	}
	if is := s.Ask(t, "stead", "SELECT size::text FROM stead.head"); is != fmt.Sprint(size) {
		return fmt.Errorf("it has %s of %d events", is, size)
	}
	return nil
}

// The node that writes the searchable copy is paused, or cut off, and looks well to the server: another takes its place.
func TestPostgresLeaderGone(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	dsn := server.Create(t)
	gate := pgtest.NewGate(t, server)
	leads := open(t, onPostgres(t, gate.DSN(dsn)))
	defer shut(t, leads)
	settled(t, leads)
	s := open(t, onPostgres(t, dsn))
	defer shut(t, s)
	gate.Cut()
	if _, err := s.Append(t.Context(), pageSeen("evt_1")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	if err := s.Settled(ctx, s.Head().Size); err != nil {
		t.Error(err)
	}
	gate.Heal()
	eventually(t, "it is well again", leads.Broken)
}
