package pgtest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// StandbyName is how every standby names itself: what synchronous_standby_names takes.
const StandbyName = "standby"

// Standby copies the server as it is now and starts the copy, which follows it, on the port given; 0 is a free one.
func (s *Server) Standby(tb testing.TB, port int) *Server {
	tb.Helper()
	c := New(tb)
	if port != 0 {
		c.Port = port
	}
	from := fmt.Sprintf("host=127.0.0.1 port=%d user=postgres application_name=%s", s.Port, StandbyName)
	s.tool(tb, "pg_basebackup", "-D", c.Dir, "-d", from, "-R", "-X", "stream", "-c", "fast", "--no-sync")
	c.Run(tb)
	return c
}

// Synchronous makes commits wait until a standby has them on disk, or no longer.
func (s *Server) Synchronous(tb testing.TB, on bool) {
	tb.Helper()
	name := ""
	if on {
		name = StandbyName
	}
	s.Do(tb, "postgres", "ALTER SYSTEM SET synchronous_standby_names = '"+name+"'")
	s.Do(tb, "postgres", "SELECT pg_reload_conf()")
}

// Promote makes a standby the server that takes writes.
func (s *Server) Promote(tb testing.TB) {
	tb.Helper()
	s.Do(tb, "postgres", "SELECT pg_promote(true, 60)")
}

// Pause stops the server in the middle of whatever it does, all of its processes; Continue lets it go on.
func (s *Server) Pause() error    { return s.each(syscall.SIGSTOP) }
func (s *Server) Continue() error { return s.each(syscall.SIGCONT) }

// each sends a signal to the server and all of its children; each of those is a group of its own.
func (s *Server) each(by syscall.Signal) error {
	err := s.run.Process.Signal(by)
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range all {
		stat, gone := os.ReadFile(name)
		var pid, parent int
		after := stat[bytes.LastIndexByte(stat, ')')+1:] // a name may hold anything
		if gone != nil {
			continue
		}
		_, _ = fmt.Sscan(string(stat), &pid)
		_, _ = fmt.Sscanf(string(after), " %c %d", new(rune), &parent)
		if parent == s.run.Process.Pid {
			_ = syscall.Kill(pid, by) // it may have ended
		}
	}
	return err
}

// DSNOf names a database that is on one of the servers, on whichever takes writes.
func DSNOf(database string, all ...*Server) string {
	hosts := ""
	for i, s := range all {
		if i > 0 {
			hosts += ","
		}
		hosts += fmt.Sprintf("127.0.0.1:%d", s.Port)
	}
	return "postgres://postgres@" + hosts + "/" + database + "?sslmode=disable&target_session_attrs=read-write"
}

// Ask gives the one value that a query of a database yields.
func (s *Server) Ask(tb testing.TB, database, query string) (value string) {
	tb.Helper()
	c, err := pgx.Connect(tb.Context(), s.DSN(database))
	if err == nil {
		defer c.Close(tb.Context())
		err = c.QueryRow(tb.Context(), query).Scan(&value)
	}
	if err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	return value
}
