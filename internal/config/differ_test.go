package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const before = `
server: { listen: "127.0.0.1:1", tls: { cert: a.crt, key: a.key } }
directories: [ { id: staff, label: Staff } ]
acting: { max_duration: 1h }
roles: { admin: [staff/admins] }
timers: [ { app: orders, idle: 5m } ]
apps:
  - id: orders
    host: orders.example.com
    upstream: http://10.0.0.5:8080
    identity: { basic: { user: "{subject.name}", password: hunter2 }, headers: { X-Key: s3cret, X-Who: "{subject.name}" } }
    rules: [ { id: look, is: read, path: [/a, /b] } ]
  - id: wiki
    host: wiki.example.com
    upstream: http://10.0.0.6
`

// Every key that differs is told, what cannot change while the server runs with why, and secrets never.
func TestDiffer(t *testing.T) {
	b, problems := Parse([]byte(before), nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	text := strings.NewReplacer("127.0.0.1:1\"", "127.0.0.1:2\"", "a.crt", "b.crt", "label: Staff", "label: Everybody", "1h", "2h", "staff/admins", "staff/root",
		"idle: 5m", "idle: 6m", "hunter2", "hunter3", "s3cret", "s4cret", "/b]", "/c]", "  - id: wiki\n    host: wiki.example.com\n    upstream: http://10.0.0.6\n", "").Replace(before)
	a, problems := Parse([]byte(text), []string{"STEAD_AUDIT_ORDINARY=deny"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	got := map[string]string{}
	for _, d := range Differ(b, a) {
		got[d.Key] = d.Before + " -> " + d.After
		if d.Why != "" {
			got[d.Key] += " later"
		}
	}
	want := map[string]string{
		"server.listen": "127.0.0.1:1 -> 127.0.0.1:2 later", "server.tls.cert": "a.crt -> b.crt", "directories.staff.label": "Staff -> Everybody",
		"acting.max_duration": "1h -> 2h", "roles.admin": "staff/admins -> staff/root later", "timers[0].idle": "5m -> 6m",
		"apps.orders.identity.basic.password": " -> changed", "apps.orders.identity.headers.X-Key": " -> changed",
		"apps.orders.rules.look.path": "/a, /b -> /a, /c", "apps.wiki.id": "wiki -> ", "apps.wiki.host": "wiki.example.com -> ",
		"apps.wiki.upstream": "http://10.0.0.6 -> ", "audit.ordinary": "allow -> deny later",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if same := Differ(b, b); len(same) > 0 {
		t.Errorf("a configuration differs from itself: %v", same)
	}
	mixed, problems := b.Taking(a)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, d := range Differ(mixed, a) {
		if d.Why == "" {
			t.Errorf("%s can change, and was not taken", d.Key)
		}
	}
	if mixed.Server.Listen != b.Server.Listen || mixed.Roles.Admin[0] != "staff/admins" || mixed.Audit.Ordinary != "allow" {
		t.Errorf("what cannot change was taken: %+v", mixed)
	}
	if !strings.Contains(string(mixed.AppsText()), "hunter3") {
		t.Error("the applications are those of before")
	}
}

// What is right in each file may be wrong in both together.
func TestTakingIsChecked(t *testing.T) {
	b, _ := Parse([]byte("directories: [ { id: staff } ]"), nil)
	a, problems := Parse([]byte("directories: [ { id: staff }, { id: guests } ]\ntimers:\n  - { group: guests/all, idle: 1m }\n"), nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if _, problems = b.Taking(a); len(problems) != 1 || problems[0].Line != 3 || !strings.Contains(problems[0].Text, "guests") {
		t.Errorf("a timer for a directory that is not served yet: %v", problems)
	}
}

// Secrets are shown to nobody who does not ask for them, and every value says where it is from.
func TestPrint(t *testing.T) {
	c, problems := Parse([]byte(before), []string{"STEAD_SESSIONS_IDLE=20m"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	raw, err := c.Print(false, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"password: " + Hidden + " # line 11", "X-Key: " + Hidden, "\"{subject.name}\"", "idle: 20m # STEAD_SESSIONS_IDLE",
		"max_duration: 1h # line 4", "absolute: 12h # default", "- staff/admins # line 5"} {
		if !strings.Contains(string(raw), part) {
			t.Errorf("%q is not in\n%s", part, raw)
		}
	}
	for _, never := range []string{"hunter2", "s3cret"} {
		if strings.Contains(string(raw), never) {
			t.Errorf("%s is shown", never)
		}
	}
	open, err := c.Print(true, false)
	if err != nil || !strings.Contains(string(open), "hunter2") || strings.Contains(string(open), "# ") {
		t.Errorf("%v\n%s", err, open)
	}
}

// A problem of the whole has a line too, and its key is known without its value.
func TestProblemsHaveLines(t *testing.T) {
	file := filepath.Join(t.TempDir(), "stead.yaml")
	text := "roles:\n  admin:\n    - nobody\nacting:\n  max_duration: 1m\nserver: { public_url: nowhere }\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load(file, nil)
	for _, part := range []string{"line 3, column 5: roles.admin", "line 5, column 3: acting.default_duration", "line 6, column 23: server.public_url"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in: %v", part, err)
		}
	}
	if d := cmp.Diff([]string{"acting.default_duration", "roles.admin", "server.public_url"}, WrongKeys(err)); d != "" {
		t.Error(d)
	}
}
