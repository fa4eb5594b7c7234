package outside

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead/internal/web/vacant"
)

// From an empty folder to the first administrator: init, doctor, serve, the link.
func TestInit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "stead")
	file := filepath.Join(dir, "stead.yaml")
	own, gate := vacant.Address(t), vacant.Address(t)
	app := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(app.Close)
	environ := append(os.Environ(), "STEAD_OBSERVABILITY_METRICS="+vacant.Address(t), "STEAD_CONFIG_DIR="+t.TempDir())
	stead := func(args ...string) (string, string, error) {
		var out, talk bytes.Buffer
		c := exec.CommandContext(t.Context(), program, args...)
		c.Env, c.Stdout, c.Stderr = environ, &out, &talk
		err := c.Run()
		return out.String(), talk.String(), err
	}
	link, talk, err := stead("init", dir, "--yes", "--listen", own, "--gateway", gate, "--app-host", gate, "--app-upstream", app.URL)
	if err != nil {
		t.Fatalf("init: %v\n%s", err, talk)
	}
	out, talk, err := stead("doctor", "--config", file)
	if err != nil {
		t.Errorf("the doctor, before the start: %v", err)
	}
	holds(t, "the doctor, before the start", out+talk, "configuration", "master key", "policy files", "tests pass", "not running", "stead serve --config")
	w := &world{Console: "http://" + own, Gateway: "http://" + gate, data: filepath.Join(dir, "data"), out: &tape{}, err: &tape{}, spent: map[string]int64{}}
	serves := func(says string) {
		t.Helper()
		w.cmd = exec.Command(program, "serve", "--config", file)
		w.cmd.Env, w.cmd.Stderr = environ, w.err
		if err := w.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it serves", func() error {
			if !strings.Contains(w.err.String(), says) {
				return fmt.Errorf("it says %s", w.err)
			}
			return nil
		})
	}
	serves("/setup?token=")
	t.Cleanup(func() { w.stop(t) })
	c, token := stranger(w), strings.TrimPrefix(strings.TrimSpace(link), w.Console+"/setup?token=")
	c.page(t, strings.TrimSpace(link)).is(t, "the link of init", 200)
	secret, _ := first(t, c, token)
	c.page(t, w.Console+"/people").is(t, "people", 200)
	if out, talk, err = stead("doctor", "--config", file); err != nil {
		t.Errorf("the doctor, while it runs: %v\n%s%s", err, out, talk)
	}
	holds(t, "the doctor, while it runs", out, "running", "checkpoint", "searchable copy", "configuration in force", "public address", "clock")
	ada := stranger(w)
	ada.in(t, "ada", secret, 30*time.Second)
	newcomer(t, ada)
	holds(t, "health", ada.get(t, w.Console+"/v1/health").is(t, "health", 200).body, "one account administers Stead")

	w.stop(t)
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, bytes.Replace(text, []byte("admin: [staff/admins]"), []byte("admin: [staff/owners]"), 1), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	serves("Nobody administers Stead: no open account is in staff/owners. Name a group under roles.admin")
}

// newcomer does what init names next: who is added as support chooses a password by a link, and may act for who is added as
// a customer.
func newcomer(t *testing.T, ada *caller) {
	t.Helper()
	at, c := ada.w.Console, stranger(ada.w)
	add := func(directory, name, group string) (id string) {
		var made struct{ ID string }
		ada.json(t, "POST", at+"/v1/people", map[string]any{"directory": directory, "name": name, "groups": []string{group}}).is(t, "add "+name, 201).reads(t, &made)
		return made.ID
	}
	sam, dana := add("staff", "sam", "support"), add("customers", "dana", "customers")
	var made struct{ Link string }
	ada.json(t, "POST", at+"/v1/people/"+sam+"/factor-link", map[string]any{"reason": "new here"}).is(t, "a link", 200).reads(t, &made)
	_, link, _ := strings.Cut(made.Link, "link=")
	secret := base32Secret.FindString(c.page(t, made.Link).is(t, "the page of the link", 200).body)
	const chosen = "a few plain words"
	chooses := func(again string) answer {
		return c.form(t, at+"/factor", "link", link, "secret", secret, "password", chosen, "again", again, "code", codeAt(t, secret, -30*time.Second))
	}
	chooses("a few plane words").is(t, "a slip", 400)
	chooses(chosen).is(t, "his password", 200)
	c.in(t, "sam", secret, 0)
	c.json(t, "POST", at+"/v1/mandates", map[string]any{"subject": dana, "app": "app", "reason": "wrong total", "ticket": "SUP-1", "code": codeAt(t, secret, 30*time.Second), "start": true}).is(t, "acting", 201)
}

// eventually asks again until the answer is nil, for ten seconds.
func eventually(t *testing.T, what string, ask func() error) {
	t.Helper()
	each := time.NewTicker(50 * time.Millisecond)
	defer each.Stop()
	late := time.After(10 * time.Second)
	for {
		err := ask()
		if err == nil {
			return
		}
		select {
		case <-each.C:
		case <-late:
			t.Fatalf("%s: %v", what, err)
		}
	}
}
