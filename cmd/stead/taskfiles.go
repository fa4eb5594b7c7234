package main

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/client/admin"
)

// The files of a task, in a folder that only its owner reads.
const (
	passFile  = "pgpass"
	tokenFile = "token"
	keyOfRun  = "key.jwk"
)

// taskFolder makes a folder for a run that holds it until it removes it, and removes those that killed runs have left.
func taskFolder(now time.Time) (dir string, remove func(), err error) {
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "stead-task-*"))
	if err != nil {
		return "", nil, err
	}
	for _, old := range left {
		if about, err := os.Lstat(old); err != nil || !about.IsDir() || now.Sub(about.ModTime()) < time.Minute { // not held yet
			continue
		}
		if f, err := hold(old); err == nil {
			_ = errors.Join(os.RemoveAll(old), f.Close()) // the next run tries again
		}
	}
	dir, err = os.MkdirTemp("", "stead-task-") // 0700
	if err != nil {
		return "", nil, err
	}
	f, err := hold(dir)
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	return dir, func() { _ = errors.Join(os.RemoveAll(dir), f.Close()) }, nil
}

// hold keeps a folder until it is closed, or this process is gone.
func hold(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// equip writes what a program needs into dir, and gives the names for its environment.
func (b *begun) equip(ctx context.Context, dir string, shareKey bool) ([]string, error) {
	vars := []string{"STEAD_ADDR=" + b.run.Addr, "STEAD_MANDATE=" + b.mandate.ID, "STEAD_INSTANCE=" + b.run.ID, "STEAD_TASK_DIR=" + dir}
	if ids := b.mandate.Conditions[stead.Transaction]; len(ids) == 1 {
		vars = append(vars, "STEAD_TRANSACTION="+ids[0])
	}
	lease, err := b.lease(ctx)
	if err != nil {
		return nil, err
	}
	if lease != nil {
		file := filepath.Join(dir, passFile)
		if err := os.WriteFile(file, []byte(passLine(*lease)), 0o600); err != nil {
			return nil, err
		}
		vars = append(vars, leaseVars(*lease, file)...)
	}
	if err := b.freshToken(ctx, dir); err != nil {
		return nil, err
	}
	vars = append(vars, "STEAD_TASK_TOKEN_FILE="+filepath.Join(dir, tokenFile))
	if shareKey {
		key, err := b.run.Key.Private()
		if err != nil {
			return nil, err
		}
		file := filepath.Join(dir, keyOfRun)
		if err := os.WriteFile(file, key, 0o600); err != nil {
			return nil, err
		}
		vars = append(vars, "STEAD_TASK_KEY_FILE="+file)
	}
	return vars, nil
}

// leaseVars are what libpq and most others read. The password is in the file alone.
func leaseVars(l admin.Lease, file string) []string {
	port := strconv.FormatInt(l.Port, 10)
	u := url.URL{Scheme: "postgres", User: url.User(l.User), Host: net.JoinHostPort(l.Host, port), Path: "/" + l.Database}
	if given, err := url.Parse(l.URL); err == nil {
		u.RawQuery = given.RawQuery // sslmode, and what else the connection needs
	}
	vars := []string{"PGHOST=" + l.Host, "PGPORT=" + port, "PGDATABASE=" + l.Database, "PGUSER=" + l.User, "PGPASSFILE=" + file, "DATABASE_URL=" + u.String()}
	if mode := u.Query().Get("sslmode"); mode != "" {
		vars = append(vars, "PGSSLMODE="+mode)
	}
	return vars
}

// passLine is the line of a password file, where : and \ are escaped.
func passLine(l admin.Lease) string {
	escape := strings.NewReplacer(`\`, `\\`, ":", `\:`).Replace
	var parts []string
	for _, p := range []string{l.Host, strconv.FormatInt(l.Port, 10), l.Database, l.User, l.Password} {
		parts = append(parts, escape(p))
	}
	return strings.Join(parts, ":") + "\n"
}

// freshToken writes another access token; who reads the file finds a whole one.
func (b *begun) freshToken(ctx context.Context, dir string) error {
	token, life, err := b.run.Token(ctx, b.mandate.ID)
	if err != nil {
		return b.client.notProved(err)
	}
	fresh, err := os.CreateTemp(dir, ".token-*") // 0600
	if err != nil {
		return err
	}
	_, err = fresh.WriteString(token)
	if err = errors.Join(err, fresh.Close()); err != nil {
		return errors.Join(err, os.Remove(fresh.Name()))
	}
	b.renew = b.e.now().Add(life / 2)
	return os.Rename(fresh.Name(), filepath.Join(dir, tokenFile))
}

// childEnviron is the environment of the program: what the runner proves itself with it does not get.
func (e *env) childEnviron(vars []string) []string {
	var all []string
	for _, v := range e.environ {
		name, _, _ := strings.Cut(v, "=")
		if !listed(proving, name) && !strings.HasPrefix(name, "PG") && name != "DATABASE_URL" {
			all = append(all, v)
		}
	}
	return append(all, vars...)
}

func listed(list []string, name string) bool {
	for _, l := range list {
		if l == name {
			return true
		}
	}
	return false
}

// tokenEach is how often it is looked whether the token must be fresh, where nothing beats more often.
const tokenEach = 10 * time.Second
