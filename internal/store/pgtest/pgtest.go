// Package pgtest starts real PostgreSQL servers for tests: the one that is installed, in a folder of the test's own, on
// a free port of 127.0.0.1.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead/internal/web/vacant"
)

// A Server is one PostgreSQL server with a data directory.
type Server struct {
	Dir  string
	Port int
	bin  string
	run  *exec.Cmd
	done chan error
	made atomic.Int32
}

// readyIn is how long a server may take to start on a slow machine.
const readyIn = time.Minute

// Start makes a cluster and starts its server; both end with the test.
func Start(tb testing.TB, settings ...string) *Server {
	tb.Helper()
	s := New(tb)
	s.tool(tb, "initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-D", s.Dir)
	s.Run(tb, settings...)
	return s
}

// New gives a server that has no data yet.
func New(tb testing.TB) *Server {
	tb.Helper()
	out, err := exec.Command("pg_config", "--bindir").Output()
	if err != nil {
		tb.Fatalf("PostgreSQL is not installed (make deps installs it): %v", err)
	}
	s := &Server{Dir: filepath.Join(tb.TempDir(), "data"), Port: vacant.Port(tb), bin: strings.TrimSpace(string(out))}
	if err := os.Mkdir(s.Dir, 0o700); err != nil {
		tb.Fatal(err)
	}
	if uid, gid, ok := owner(tb); ok {
		one := filepath.Dir(s.Dir) // another user has to get through
		if err := errors.Join(os.Chown(s.Dir, uid, gid), os.Chmod(one, 0o711), os.Chmod(filepath.Dir(one), 0o711)); err != nil {
			tb.Fatal(err)
		}
	}
	return s
}

// owner is whose the server is where the test runs as root, which PostgreSQL does not.
func owner(tb testing.TB) (uid, gid int, ok bool) {
	tb.Helper()
	if os.Geteuid() != 0 {
		return 0, 0, false
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		tb.Fatal(err)
	}
	uid, _ = strconv.Atoi(u.Uid)
	gid, _ = strconv.Atoi(u.Gid)
	return uid, gid, true
}

func (s *Server) command(tb testing.TB, name string, args ...string) *exec.Cmd {
	tb.Helper()
	c := exec.Command(filepath.Join(s.bin, name), args...)
	c.Dir = filepath.Dir(s.Dir)
	if uid, gid, ok := owner(tb); ok {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		c.Dir = "/"
	}
	return c
}

func (s *Server) tool(tb testing.TB, name string, args ...string) {
	tb.Helper()
	if out, err := s.command(tb, name, args...).CombinedOutput(); err != nil {
		tb.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// Run starts the server on its data, with settings of the form name=value, and waits until it answers.
func (s *Server) Run(tb testing.TB, settings ...string) {
	tb.Helper()
	args := []string{"-D", s.Dir, "-p", strconv.Itoa(s.Port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "max_connections=200", "-c", "log_min_messages=fatal"}
	for _, set := range settings {
		args = append(args, "-c", set)
	}
	s.run = s.command(tb, "postgres", args...)
	if s.run.SysProcAttr == nil {
		s.run.SysProcAttr = &syscall.SysProcAttr{}
	}
	s.run.SysProcAttr.Pdeathsig = syscall.SIGQUIT // it must not outlive a test that is killed
	if err := s.run.Start(); err != nil {
		tb.Fatal(err)
	}
	s.done = make(chan error, 1)
	run, done := s.run, s.done
	go func() { done <- run.Wait() }()
	tb.Cleanup(func() { s.Stop(syscall.SIGINT) })
	s.Ready(tb)
}

// Ready waits until the server answers.
func (s *Server) Ready(tb testing.TB) {
	tb.Helper()
	var err error
	for end := time.Now().Add(readyIn); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = s.do("postgres", "SELECT 1"); err == nil {
			return
		}
	}
	tb.Fatalf("PostgreSQL does not answer: %v", err)
}

// Stop ends the server by a signal: SIGINT as an administrator does, SIGQUIT as a crash. Twice is once.
func (s *Server) Stop(by syscall.Signal) {
	if s.run == nil || s.run.Process.Signal(by) != nil {
		return
	}
	<-s.done
	s.run = nil
}

// DSN names a database of the server.
func (s *Server) DSN(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", s.Port, database)
}

// Create makes a new database and gives its DSN.
func (s *Server) Create(tb testing.TB) string {
	tb.Helper()
	name := fmt.Sprintf("t%d", s.made.Add(1))
	s.Do(tb, "postgres", "CREATE DATABASE "+name)
	return s.DSN(name)
}

// Do runs one statement in a database.
func (s *Server) Do(tb testing.TB, database, statement string) {
	tb.Helper()
	if err := s.do(database, statement); err != nil {
		tb.Fatalf("%s: %v", statement, err)
	}
}

func (s *Server) do(database, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), readyIn)
	defer cancel()
	c, err := pgx.Connect(ctx, s.DSN(database))
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, statement)
	return errors.Join(err, c.Close(ctx))
}
