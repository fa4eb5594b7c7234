package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// demoSales makes the tables that the agents read, and the role that Stead gives logins with.
//
//go:embed devsales.sql
var demoSales string

// A demoDatabase is a PostgreSQL of the demonstration's own: in a folder of its own, on loopback, as long as it runs.
type demoDatabase struct {
	dir      string
	port     int
	password string // of the superuser, whom nobody needs but this file
	stead    string // password of Stead's role
	run      *exec.Cmd
	done     chan struct{}
}

// errNoPostgres says what is missing.
var errNoPostgres = errors.New("PostgreSQL is not installed here (initdb and postgres are not found), so the agents have no database to log in to")

// errNotWanted: --no-database.
var errNotWanted = errors.New("--no-database was said, so the agents have no database to log in to")

// demoStarts is how long a database may take to start.
const demoStarts = 30 * time.Second

// startDemoDatabase makes and starts a database. Errors: errNoPostgres where there are no binaries.
func startDemoDatabase(ctx context.Context) (*demoDatabase, error) {
	bin, err := postgresBinaries(ctx)
	if err != nil {
		return nil, err
	}
	d := &demoDatabase{password: rand.Text(), stead: rand.Text()}
	if d.dir, err = os.MkdirTemp("", "stead-dev-db-"); err != nil {
		return nil, err
	}
	if err = d.make(ctx, bin); err == nil {
		err = d.start(ctx, bin)
	}
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// postgresBinaries is the folder of initdb and postgres.
func postgresBinaries(ctx context.Context) (string, error) {
	places := []string{}
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		places = append(places, strings.TrimSpace(string(out)))
	}
	if one, err := exec.LookPath("initdb"); err == nil {
		places = append(places, filepath.Dir(one))
	}
	debian, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	for _, at := range append(places, debian...) {
		if bothThere(filepath.Join(at, "initdb"), filepath.Join(at, "postgres")) {
			return at, nil
		}
	}
	return "", errNoPostgres
}

func bothThere(files ...string) bool {
	for _, f := range files {
		if _, err := os.Stat(f); errors.Is(err, fs.ErrNotExist) {
			return false
		}
	}
	return true
}

// command runs a program of PostgreSQL, which does not run as root: there it runs as the user that its package made.
func (d *demoDatabase) command(ctx context.Context, name string, args ...string) (*exec.Cmd, error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = "/"
	c.SysProcAttr = outlived(syscall.SIGQUIT)
	c.SysProcAttr.Setpgid = true // what is typed at the terminal is not for it
	if os.Geteuid() != 0 {
		return c, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres: %w", err)
	}
	uid, _ := strconv.Atoi(u.Uid) // they are numbers on every system that has this call
	gid, _ := strconv.Atoi(u.Gid)
	c.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return c, os.Chown(d.dir, uid, gid)
}

func (d *demoDatabase) make(ctx context.Context, bin string) error {
	secret := filepath.Join(d.dir, "password")
	if err := os.WriteFile(secret, []byte(d.password+"\n"), 0o600); err != nil {
		return err
	}
	c, err := d.command(ctx, filepath.Join(bin, "initdb"), "-A", "scram-sha-256", "--pwfile="+secret, "-U", "postgres", "--no-sync", "--no-instructions", "-E", "UTF8", "--locale=C", "-D", filepath.Join(d.dir, "data"))
	if err != nil {
		return err
	}
	if c.SysProcAttr.Credential != nil {
		if err := os.Chown(secret, int(c.SysProcAttr.Credential.Uid), -1); err != nil {
			return err
		}
	}
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return os.Remove(secret)
}

func (d *demoDatabase) start(ctx context.Context, bin string) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	d.port = l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return err
	}
	d.run, err = d.command(context.WithoutCancel(ctx), filepath.Join(bin, "postgres"), "-D", filepath.Join(d.dir, "data"), "-p", strconv.Itoa(d.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "log_min_messages=fatal", "-c", "logging_collector=off", "-c", "max_connections=30", "-c", "shared_buffers=16MB")
	if err != nil {
		return err
	}
	if err := d.run.Start(); err != nil {
		d.run = nil
		return err
	}
	d.done = make(chan struct{})
	go func() {
		defer close(d.done)
		_ = d.run.Wait() // it ended, however
	}()
	return d.fill(ctx)
}

// fill waits until the server answers, and makes what is in it.
func (d *demoDatabase) fill(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, demoStarts)
	defer cancel()
	first, rest, _ := strings.Cut(demoSales, "-- sales\n")
	first = strings.ReplaceAll(first, "@PASSWORD@", d.stead)
	for _, part := range []struct{ database, text string }{{"postgres", first}, {"sales", rest}} {
		c, err := d.connect(ctx, part.database)
		if err != nil {
			return err
		}
		for statement := range strings.SplitSeq(part.text, ";\n") {
			if strings.TrimSpace(statement) == "" {
				continue
			}
			if _, err := c.Exec(ctx, statement); err != nil {
				return errors.Join(err, c.Close(ctx))
			}
		}
		if err := c.Close(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *demoDatabase) connect(ctx context.Context, database string) (*pgx.Conn, error) {
	each := time.NewTicker(20 * time.Millisecond)
	defer each.Stop()
	for {
		c, err := pgx.Connect(ctx, d.dsn("postgres", d.password, database))
		if err == nil {
			return c, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("the demonstration's PostgreSQL does not answer: %w", err)
		case <-d.done:
			return nil, fmt.Errorf("the demonstration's PostgreSQL ended: %w", err)
		case <-each.C:
		}
	}
}

func (d *demoDatabase) dsn(role, password, database string) string {
	return fmt.Sprintf("postgres://%s:%s@127.0.0.1:%d/%s?sslmode=disable", role, password, d.port, database)
}

// close ends the server, as an administrator does, and takes its folder away.
func (d *demoDatabase) close() error {
	if d == nil {
		return nil
	}
	if d.run != nil && d.run.Process.Signal(syscall.SIGINT) == nil {
		<-d.done
	}
	return os.RemoveAll(d.dir)
}
