package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/steadhq/stead"
)

var update = flag.Bool("update", false, "write docs/reference/config.md anew")

const full = `
version: 1
server:
  listen: 127.0.0.1:9000
  public_url: https://stead.example.com/
  tls: { cert: a.crt, key: a.key }
  trusted_proxies: [127.0.0.1/32]
store: { driver: embedded, dir: /srv/stead, mirror: /srv/elsewhere/head }
directories:
  - { id: staff, label: Staff, realm: employees }
  - { id: customers }
sessions: { idle: 15m, absolute: 8h }
acting: { default_duration: 5m, warn_before: 30s, zone: Europe/Berlin }
timers:
  - { app: orders, realm: pay, max_duration: 5m }
  - { group: staff/lead, max_duration: 2h }
roles: { admin: [staff/admin], auditor: [staff/audit], security: [staff/security] }
apps:
  - id: orders
    host: orders.example.com
    realms: [{ id: all, path: / }]
audit: { ordinary: deny }
`

func TestParse(t *testing.T) {
	c, problems := Parse([]byte(full), []string{
		"STEAD_SERVER_LISTEN=127.0.0.1:0", "STEAD_SERVER_TRUSTED_PROXIES=10.0.0.0/8, 127.0.0.1/32", "STEAD_ACTING_EXTENSIONS=3",
		"STEAD_POLICIES_REQUIRE_TESTS=false", "STEAD_TOKEN=x", "OTHER=1",
	})
	if problems != nil {
		t.Fatal(problems)
	}
	if c.Server.Listen != "127.0.0.1:0" || len(c.Server.Proxies()) != 2 || c.Acting.Extensions != 3 || c.Policies.RequireTests {
		t.Errorf("the environment does not win: %+v", c)
	}
	if c.Server.Origin() != "https://stead.example.com" || c.LogOrigin() != "stead.example.com/log" {
		t.Errorf("%s %s", c.Server.Origin(), c.LogOrigin())
	}
	if terms := c.Acting.Terms(); terms.Default != 5*time.Minute || terms.Max != time.Hour || terms.Idle != 0 {
		t.Errorf("%+v", terms)
	}
	if len(c.Timers) != 2 || c.Timers[0].Terms() != (stead.Terms{Max: 5 * time.Minute}) || c.Acting.Location().String() != "Europe/Berlin" {
		t.Errorf("%+v", c.Timers)
	}
	apps := c.AppsText()
	if bytes.Count(apps, []byte("\n")) != strings.Count(full, "\n") || strings.TrimSpace(string(apps)) != strings.TrimSpace(full[strings.Index(full, "apps:"):strings.Index(full, "audit:")]) {
		t.Errorf("%q", apps)
	}
}

func TestNothingIsNeeded(t *testing.T) {
	for _, text := range []string{"", "\n", "version: 1\n", "server:\n"} {
		c, problems := Parse([]byte(text), nil)
		if problems != nil {
			t.Fatal(problems)
		}
		if d := cmp.Diff(Default(), c, cmpopts.IgnoreUnexported(Config{}, Acting{})); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
}

func TestProblems(t *testing.T) {
	for _, row := range []struct{ text, says string }{
		{"servr: {}", "line 1, column 1: servr: is not known: did you mean server?"},
		{"server:\n  lisen: x", "line 2, column 3: server.lisen: is not known: did you mean listen?"},
		{"acting:\n  warn: 1m", "did you mean warn_before?"},
		{"acting: { banana: 1 }", "known here are default_duration"},
		{"directories:\n  - id: staff\n    lable: x", "line 3, column 5: directories[0].lable: is not known: did you mean label?"},
		{"server: [1]", "server: must be a block"},
		{"- 1", "file: must be a block"},
		{"server: { listen: [a] }", "server.listen: must be a text"},
		{"server: { trusted_proxies: 10.0.0.0/8 }", "server.trusted_proxies: must be a list"},
		{"sessions: { idle: soon }", `sessions.idle: "soon" is no duration`},
		{"sessions: { idle: -1m }", "is no duration"},
		{"acting: { extensions: many }", `acting.extensions: "many" is no whole number`},
		{"acting: { extensions: 1.5 }", "is no whole number"},
		{"policies: { require_tests: yes }", "must be true or false"},
		{"version: 1\nversion: 1", "version: is there twice"},
		{"version: 2", "version: is 2"},
		{"a: b: c", "this is no YAML"},
		{"version: 1\n---\nversion: 1", "more than one document"},
		{"server: &x { listen: 127.0.0.1:1 }", "anchors"},
		{"server: { listen: nowhere }", `server.listen: "nowhere" is no address`},
		{"server: { gateway: 127.0.0.1:8420 }", "same address"},
		{"server: { tls: { cert: a } }", "server.tls: needs both"},
		{"server: { public_url: stead.example.com }", "server.public_url:"},
		{"server: { public_url: https://a.test/path }", "server.public_url:"},
		{"server: { trusted_proxies: [10.0.0.1] }", "is no network"},
		{"store: { driver: paper }", "store.driver: is \"paper\": it may be embedded"},
		{"store: { dir: '' }", "store.dir: is empty"},
		{"directories: [{ id: Staff }]", "no short name"},
		{"directories: [{ id: staff }, { id: staff }]", "twice"},
		{"directories: [{ id: staff }]\nroles: { admin: [team/admin] }", `there is no directory "team"`},
		{"roles: { admin: [admins] }", "write directory/group"},
		{"segments: [{ id: Finance }]", "no short name"},
		{"segments: [{ id: finance }, { id: finance }]", "twice"},
		{"segments: [{ id: finance, systems: [nowhere] }]", "no application and no system"},
		{"authzen: { systems: [pay] }\nsegments: [{ id: finance, systems: [pay] }, { id: people, systems: [pay] }]", "another segment already"},
		{"roles: { level: 3 }", "roles.level"},
		{"sessions: { idle: 2h, absolute: 1h }", "longer than sessions.absolute"},
		{"sessions: { idle: 0 }", "must be more than nothing"},
		{"acting: { default_duration: 2h }", "longer than acting.max_duration"},
		{"acting: { warn_before: 10m }", "at once"},
		{"acting: { per_actor: 0 }", "nobody could act"},
		{"acting: { zone: Mars }", "no time zone"},
		{"acting: { mode: write }", "read-only or edit"},
		{"timers: [{ max_duration: 1m }]", "for nothing in particular"},
		{"timers: [{ realm: pay }]", "without its app"},
		{"apps: { id: x }", "apps: must be a list"},
		{"audit: { ordinary: maybe }", "allow or deny"},
		{"observability: { metrics: x }", "observability.metrics"},
		{"notify: { subject: never }", "notify.subject"},
		{"notify: { give_up: 1s }", "notify.give_up"},
		{"notify: { channels: [{ id: a, kind: fax }] }", "email, webhook or slack"},
		{"notify: { channels: [{ id: a, kind: slack, url_file: x }, { id: a, kind: slack, url_file: x }] }", "twice"},
		{"notify: { channels: [{ id: a, kind: slack, url_file: x, tell: [askd] }] }", "did you mean asked?"},
		{"notify: { channels: [{ id: a, kind: slack, url_file: x, from: a@b.test }] }", "nothing that a channel of kind slack has"},
		{"notify: { channels: [{ id: a, kind: webhook, url: 'http://hooks.test/', secret_file: x }] }", "no https address"},
		{"notify: { channels: [{ id: a, kind: webhook, url: 'https://hooks.test/' }] }", "secret_file"},
		{"notify: { channels: [{ id: a, kind: email, server: mail.test, from: a@b.test }] }", "no server"},
		{"notify: { channels: [{ id: a, kind: email, server: 'mail.test:25', from: a@b.test, tls: none }] }", "would travel open"},
		{"notify: { channels: [{ id: a, kind: email, server: 'mail.test:25', from: 'A <a@b.test>' }] }", "no address"},
	} {
		_, problems := Parse([]byte(row.text), nil)
		err := invalid("f.yaml", problems)
		if len(problems) == 0 || !strings.Contains(err.Error(), row.says) || stead.KindOf(err) != stead.Invalid {
			t.Errorf("%q: %v, want %s", row.text, err, row.says)
		}
	}
	if _, p := Parse(nil, []string{"STEAD_SESSIONS_IDLE=x"}); len(p) != 1 || !strings.Contains(p[0].Text, "STEAD_SESSIONS_IDLE") {
		t.Errorf("%v", p)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(filepath.Join(dir, "none"), nil); stead.KindOf(err) != stead.Missing {
		t.Error(err)
	}
	file := filepath.Join(dir, "stead.yaml")
	if err := os.WriteFile(file, []byte("server: { listen: 1 }"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(file, nil); stead.KindOf(err) != stead.Invalid || !strings.HasPrefix(err.Error(), file+": line 1, column 19: server.listen") {
		t.Error(err)
	}
	if c, err := Load("", nil); err != nil || c.Version != 1 {
		t.Error(err)
	}
}

// L4: a secret that others can read is no secret.
func TestSecret(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if _, err := Secret(file); stead.KindOf(err) != stead.Missing {
		t.Error(err)
	}
	if err := os.WriteFile(file, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := Secret(file); s != "s3cret" || err != nil {
		t.Errorf("%q %v", s, err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Secret(file); stead.KindOf(err) != stead.Invalid || !strings.Contains(err.Error(), "chmod 600") {
		t.Error(err)
	}
}

func TestPrintReadsBack(t *testing.T) {
	c, _ := Parse([]byte(full), nil)
	raw, err := c.Print(true, false)
	if err != nil {
		t.Fatal(err)
	}
	back, problems := Parse(raw, nil)
	if problems != nil {
		t.Fatalf("%v in\n%s", problems, raw)
	}
	ignore := []cmp.Option{cmpopts.IgnoreUnexported(Config{}, Acting{}), cmpopts.IgnoreFields(Config{}, "Apps"), cmpopts.EquateEmpty()}
	if d := cmp.Diff(c, back, ignore...); d != "" {
		t.Error(d)
	}
}

func TestSchemaKnowsEveryKey(t *testing.T) {
	var s map[string]any
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	server := s["properties"].(map[string]any)["server"].(map[string]any)
	if server["additionalProperties"] != false || server["properties"].(map[string]any)["listen"].(map[string]any)["default"] != "127.0.0.1:8420" {
		t.Errorf("%v", server)
	}
}

func TestReference(t *testing.T) {
	const file = "../../docs/reference/config.md"
	want := Reference()
	if bytes.Contains(want, []byte("| |\n")) {
		t.Error("a key says nothing of itself")
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is stale: go test ./internal/config -run TestReference -update (%v)", file, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(full)
	f.Add("a: &a [*a]")
	f.Add("? {a: b}\n: c")
	f.Fuzz(func(t *testing.T, text string) {
		c, problems := Parse([]byte(text), nil)
		if len(problems) > 0 {
			return
		}
		if _, err := c.Print(true, false); err != nil {
			t.Fatal(err)
		}
		c.AppsText()
	})
}
