package outside

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// A running server reads its configuration again: on a signal, when asked, and when the file changes; all or nothing, and
// what it cannot change it names (S-I30).
func TestReload(t *testing.T) {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "orders") }))
	defer app.Close()
	host := ""
	w, metrics, link := serveWith(t, func(gate string) string {
		host = gate
		return fmt.Sprintf("apps:\n  - id: orders\n    host: %q\n    upstream: %q\n    identity: { headers: { X-Key: s3cret } }\n    privileged: [staff/admins]\n    realms: [{ id: all, path: /, acting: true }]\n", gate, app.URL)
	})
	c := stranger(w)
	c.page(t, link).is(t, "the link", 200)
	secret, _ := first(t, c, strings.TrimPrefix(link, w.Console+"/setup?token="))
	stead := commands(t, w)
	next, err := totp.GenerateCode(secret, time.Now().Add(30*time.Second)) // this step's is used
	if err != nil {
		t.Fatal(err)
	}
	if out, err := stead("login", "staff/ada", "--password-file", "password", "--code", next); err != nil {
		t.Fatalf("login: %v\n%s", err, out)
	}
	file := filepath.Join(filepath.Dir(w.data), "stead.yaml")
	was, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(replace ...string) {
		if err := os.WriteFile(file, []byte(strings.NewReplacer(replace...).Replace(string(was))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	metric := func(want string) error {
		if text := stranger(w).get(t, metrics+"/metrics").body; !strings.Contains(text, want) {
			return errors.New("no " + want)
		}
		return nil
	}
	if err := metric("stead_config_last_reload_successful 1"); err != nil {
		t.Error(err)
	}

	// A file that is wrong, under load: the old one stays, it is said where and why, and no request fails for it.
	over := make(chan struct{})
	var load sync.WaitGroup
	for range 3 {
		load.Go(func() {
			for c := stranger(w); ; {
				select {
				case <-over:
					return
				default:
					c.get(t, w.Gateway+"/").is(t, "the application, meanwhile", 401)
				}
			}
		})
	}
	write("acting: true", "acting: perhaps")
	if err := w.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the alarm", func() error { return metric("stead_config_last_reload_successful 0") })
	eventually(t, "the log", func() error { // it is written a moment after the figure
		for _, part := range []string{"the old one stays", "line ", `"alarm":true`} {
			if !strings.Contains(w.err.String(), part) {
				return fmt.Errorf("%q is not in %s", part, w.err)
			}
		}
		return nil
	})
	close(over)
	load.Wait()

	// It is put right and the server asked: what differs is told, secrets are not, and what cannot change is named.
	write("s3cret", "s4cret", "[staff/security], security", "[staff/carla], security")
	out, err := stead("config", "reload")
	if err != nil {
		t.Errorf("reload: %v\n%s", err, out)
	}
	holds(t, "the answer", out, "apps.orders.identity.headers.X-Key", "changed", "roles.auditor", "staff/carla", "S-I30")
	for _, never := range []string{"s3cret", "s4cret"} {
		if strings.Contains(out+w.err.String(), never) {
			t.Errorf("%s is told", never)
		}
	}
	for _, want := range []string{"stead_config_last_reload_successful 1", "stead_config_restart_keys 1"} {
		if err := metric(want); err != nil {
			t.Error(err)
		}
	}
	if out, err = stead("doctor", "--config", file); err != nil || !strings.Contains(out, "keys of the file that wait for a restart: 1") {
		t.Errorf("the doctor: %v\n%s", err, out)
	}
	stranger(w).json(t, "POST", w.Console+"/v1/config/reload", nil).is(t, "by nobody", 401)

	// The file alone: the application goes, without a word from anybody.
	write(fmt.Sprintf("host: %q", host), "host: elsewhere.test")
	eventually(t, "the application is elsewhere", func() error {
		if a := stranger(w).get(t, w.Gateway+"/"); a.status != http.StatusMisdirectedRequest && a.status != http.StatusNotFound && a.status != http.StatusBadRequest {
			return fmt.Errorf("it answers %d", a.status)
		}
		return nil
	})
	out, err = stead("config", "reload", "--last")
	if err != nil {
		t.Errorf("the last one: %v", err)
	}
	holds(t, "the last one", out, "by itself, or by a signal", "and is in force", "apps.orders.host", host, "elsewhere.test", "X-Key", "not shown")
	write("acting: true", "acting: perhaps")
	if out, err = stead("config", "reload"); err == nil {
		t.Errorf("it was taken: %s", out)
	}
	out, err = stead("config", "reload", "--last", "-o", "json")
	holds(t, "after one that was not taken", out, `"ok": false`, `"problem": "`, `"account": "ada"`, `"after": "elsewhere.test"`)
	if err != nil || strings.Contains(out, "s4cret") {
		t.Errorf("the last one tells a secret: %v\n%s", err, out)
	}
	out, err = stead("audit", "search", "--kind", "config.", "-o", "json")
	holds(t, "the record, of what she did", out, "config.reloaded", "apps.orders.identity.headers.X-Key", "roles.auditor")
	holds(t, "the log, of the rest", w.err.String(), `"changed":["apps.orders.host"`)
	if err != nil || strings.Contains(out, "s4cret") {
		t.Errorf("the record: %v\n%s", err, out)
	}
}

// commands is the command line of somebody at a server, whose password stands in a file beside him.
func commands(t *testing.T, w *world) func(args ...string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "password"), []byte("a few plain words\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return func(args ...string) (string, error) {
		var out bytes.Buffer
		c := exec.CommandContext(t.Context(), program, args...)
		c.Dir, c.Env, c.Stdout, c.Stderr = dir, append(os.Environ(), "STEAD_CONFIG_DIR="+dir, "STEAD_ADDR="+w.Console), &out, &out
		err := c.Run()
		return out.String(), err
	}
}
