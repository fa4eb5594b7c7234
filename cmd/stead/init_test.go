//go:build linux

package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead/internal/config"
	"golang.org/x/sys/unix"
)

// desk opens a terminal: what is written to its far side is what somebody types.
func desk(t *testing.T) (far, near *os.File) {
	t.Helper()
	far, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(far.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(far.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		near, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	return far, near
}

// Somebody types answers, one of them wrong at first; flags are not asked about.
func TestInitAsks(t *testing.T) {
	far, near := desk(t)
	dir := filepath.Join(t.TempDir(), "stead")
	typed := strings.Join([]string{"stead.example.com", "https://stead.example.com/", "", "", "orders.example.com", "10.0.0.5", "http://10.0.0.5:8080", "act.example.com", ""}, "\n")
	if _, err := far.WriteString(typed); err != nil {
		t.Fatal(err)
	}
	var out, talk bytes.Buffer
	e := &env{ctx: t.Context(), in: near, out: &out, err: &talk, getenv: func(string) string { return "" }, now: time.Now, http: &http.Client{}}
	if code := run(e, []string{"init", dir, "--store", "embedded"}); code != 0 {
		t.Fatalf("init exits with %d:\n%s", code, &talk)
	}
	if strings.Contains(talk.String(), "embedded (one node)") || strings.Count(talk.String(), "That will not do") != 2 {
		t.Errorf("it asks:\n%s", &talk)
	}
	c, err := config.Load(filepath.Join(dir, "stead.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	apps, err := checked(c)
	if err != nil || len(apps) != 1 || apps[0].Upstream.String() != "http://10.0.0.5:8080" {
		t.Errorf("apps: %v %v", apps, err)
	}
	if s := c.Server; s.PublicURL != "https://stead.example.com" || s.Listen != "127.0.0.1:8420" || s.Gateway != "127.0.0.1:8421" || s.Acting != "*.act.example.com" {
		t.Errorf("the file says %+v", s)
	}
	if !strings.HasPrefix(out.String(), "https://stead.example.com/setup?token=setup_") || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("stdout: %s", &out)
	}
}

// What was put in its place is taken back when the next cannot be.
func TestInitUndoes(t *testing.T) {
	dir := t.TempDir()
	m := &making{}
	if err := m.parents(filepath.Join(dir, "a", "b")); err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(dir, "a", "b", name) }
	if err := os.WriteFile(at("one.new"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	m.all = []made{{at("one.new"), at("one")}, {at("two.new"), at("two")}}
	if err := m.place(); err == nil {
		t.Fatal("nothing was there to be put in the second place")
	}
	if err := m.undo(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
