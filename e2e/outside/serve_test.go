package outside

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/steadhq/stead/internal/web/vacant"
)

// serve starts stead serve, and gives it and the link for its first administrator.
func serve(t *testing.T) (w *world, metrics, link string) {
	t.Helper()
	return serveWith(t, func(string) string { return "" })
}

// serveWith adds applications to the configuration; they are told the address of the gateway.
func serveWith(t *testing.T, apps func(gate string) string) (w *world, metrics, link string) {
	t.Helper()
	return serveFor(t, "[ { id: staff, label: Staff } ]", apps)
}

// serveFor has directories of its own.
func serveFor(t *testing.T, directories string, apps func(gate string) string) (w *world, metrics, link string) {
	t.Helper()
	return serveAt(t, vacant.Address(t), directories, apps)
}

// serveAt serves where others were told that it will.
func serveAt(t *testing.T, own, directories string, apps func(gate string) string) (w *world, metrics, link string) {
	t.Helper()
	dir := t.TempDir()
	gate := vacant.Address(t)
	metrics = "http://" + vacant.Address(t)
	w = &world{Console: "http://" + own, Gateway: "http://" + gate, data: filepath.Join(dir, "store"), out: &tape{}, err: &tape{}, spent: map[string]int64{}}
	text := fmt.Sprintf("server: { listen: %q, gateway: %q }\nstore: { dir: %q, mirror: %q%s }\ndirectories: %s\n"+
		"roles: { admin: [staff/admins], auditor: [staff/security], security: [staff/security] }\nobservability: { metrics: %q }\n",
		own, gate, w.data, filepath.Join(dir, "head"), driver(t, w.data), directories, strings.TrimPrefix(metrics, "http://")) + apps(gate)
	file := filepath.Join(dir, "stead.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w.cmd = exec.Command(program, "serve", "--config", file)
	pipe, err := w.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.stop(t) })
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		fmt.Fprintln(w.err, lines.Text())
		if strings.Contains(lines.Text(), "/setup?token=") {
			go func() {
				for lines.Scan() {
					fmt.Fprintln(w.err, lines.Text())
				}
			}()
			return w, metrics, strings.TrimSpace(lines.Text())
		}
	}
	t.Fatalf("stead serve:\n%s", w.err)
	return nil, "", ""
}

var base32Secret = regexp.MustCompile(`\b[A-Z2-7]{32}\b`)

func ada(token string) []string {
	return []string{"token", token, "directory", "staff", "name", "ada", "password", "a few plain words", "again", "a few plain words"}
}

// first makes the first administrator, and tells her secret and the code that proved it.
func first(t *testing.T, c *caller, token string) (secret, code string) {
	t.Helper()
	w := c.w
	elsewhere := slices.Clone(ada(token))
	for i, v := range elsewhere {
		if v == "staff" {
			elsewhere[i] = "customers" // whose admins run nothing
		}
	}
	c.send(t, "POST", w.Console+"/setup", encode(elsewhere...), "Content-Type", formType, "Accept", "text/html").is(t, "an administrator of another directory", 400)
	page := c.send(t, "POST", w.Console+"/setup", encode(ada(token)...), "Content-Type", formType, "Accept", "text/html").is(t, "the first step", 200)
	if secret = base32Secret.FindString(page.body); secret == "" {
		t.Fatalf("no secret: %s", page.body)
	}
	c.form(t, w.Console+"/setup/code", "token", token, "code", "000000").is(t, "a wrong code", 403)
	stranger(w).json(t, "POST", w.Console+"/v1/login", map[string]any{"directory": "staff", "name": "ada", "password": "a few plain words"}).is(t, "before the proof", 401)
	code, err := totp.GenerateCode(secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c.form(t, w.Console+"/setup/code", "token", token, "code", code).is(t, "the second step", 303)
	return secret, code
}

// A server begins with nobody, no password and no clock to move; its first administrator proves what he was given.
func TestServe(t *testing.T) {
	w, metrics, link := serve(t)
	token := strings.TrimPrefix(link, w.Console+"/setup?token=")
	stranger(w).json(t, "POST", w.Console+"/v1/dev/clock", map[string]any{"advance": "24h"}).is(t, "the clock", 404)
	for _, name := range []string{"admin", "root", "sam", "stead"} {
		stranger(w).json(t, "POST", w.Console+"/v1/login", map[string]any{"directory": "staff", "name": name, "password": name}).is(t, name, 401, "bad-proof")
	}
	for path, at := range map[string]string{"/livez": metrics, "/readyz": metrics, "/metrics": metrics, "/openapi.json": w.Console, "/.well-known/jwks.json": w.Console} {
		a := stranger(w).get(t, at+path).is(t, path, 200)
		if strings.Contains(a.body, token) {
			t.Errorf("%s tells the setup token", path)
		}
	}
	stranger(w).get(t, w.Console+"/metrics").is(t, "metrics, elsewhere", 404)
	c := stranger(w)
	c.page(t, link).is(t, "the link", 200)
	secret, code := first(t, c, token)
	c.page(t, w.Console+"/people").is(t, "people", 200)
	for _, again := range []answer{stranger(w).page(t, link), stranger(w).form(t, w.Console+"/setup", ada(token)...), stranger(w).form(t, w.Console+"/setup/code", "token", token, "code", code)} {
		if again.status < 400 {
			t.Errorf("the link again: %d", again.status)
		}
	}
	// His password alone is not enough for an administrator's work.
	half := stranger(w)
	in := half.json(t, "POST", w.Console+"/v1/login", map[string]any{"directory": "staff", "name": "ada", "password": "a few plain words"})
	if in.status == 200 {
		var got struct{ Token string }
		in.reads(t, &got)
		half.head.Set("Authorization", "Bearer "+got.Token)
		half.get(t, w.Console+"/v1/people").is(t, "people, by a password", 403)
		half.json(t, "POST", w.Console+"/v1/people", map[string]any{"directory": "staff", "name": "eve"}).is(t, "enrol, by a password", 403)
	}
	if text := w.err.String(); strings.Contains(text, secret) || strings.Contains(text, "plain words") {
		t.Errorf("the log: %s", text)
	}
}
