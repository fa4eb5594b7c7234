package config

import (
	"strings"
	"testing"
)

const asking = full + `
authzen:
  systems: [records]
  callers:
    - { id: desk, secret_file: /srv/desk.secret, apps: [orders, records], directories: [staff], level: 2, checks_keys: true }
    - { id: kiosk, secret_sha256: SUM, apps: [orders] }
`

func TestCallers(t *testing.T) {
	text := strings.Replace(asking, "SUM", strings.Repeat("ab", 32), 1)
	c, problems := Parse([]byte(text), nil)
	if problems != nil {
		t.Fatal(problems)
	}
	if one := c.AuthZEN.Callers[0]; one.ID != "desk" || one.Level != 2 || !one.Keys || len(one.Apps) != 2 || c.AuthZEN.Systems[0] != "records" {
		t.Errorf("%+v", c.AuthZEN)
	}
	for name, r := range map[string][3]string{
		"no secret":               {"secret_file: /srv/desk.secret, ", "", "callers[0]"},
		"two secrets":             {"secret_sha256: SUM", "secret_sha256: SUM, secret_file: x", "callers[1]"},
		"a sum that is none":      {"secret_sha256: SUM", "secret_sha256: abc", "callers[1].secret_sha256"},
		"nothing to ask about":    {"apps: [orders] }", "apps: [] }", "callers[1].apps"},
		"an unknown application":  {"apps: [orders] }", "apps: [wiki] }", "callers[1].apps"},
		"an unknown directory":    {"directories: [staff], level", "directories: [partners], level", "callers[0].directories"},
		"a level that is none":    {"level: 2, checks", "level: 3, checks", "callers[0].level"},
		"twice":                   {"id: kiosk", "id: desk", "callers[1].id"},
		"a name that is none":     {"id: kiosk", "id: Kiosk", "callers[1].id"},
		"a system twice":          {"systems: [records]", "systems: [records, records]", "authzen.systems"},
		"a system and an app":     {"systems: [records]", "systems: [records, orders]", "authzen.systems"},
		"a system's name is none": {"systems: [records]", "systems: [records, a/b]", "authzen.systems"},
		"a key unknown":           {"checks_keys: true", "check_keys: true", "checks_keys"},
	} {
		text := strings.ReplaceAll(strings.Replace(asking, r[0], r[1], 1), "SUM", strings.Repeat("ab", 32))
		_, problems := Parse([]byte(text), nil)
		found := false
		for _, p := range problems {
			found = found || strings.Contains(p.String(), r[2])
		}
		if !found {
			t.Errorf("%s: %v, want one at %s", name, problems, r[2])
		}
	}
}

// Who may ask, and about what, can change while the server runs.
func TestCallersReload(t *testing.T) {
	text := strings.Replace(asking, "SUM", strings.Repeat("ab", 32), 1)
	before, _ := Parse([]byte(text), nil)
	next, _ := Parse([]byte(strings.Replace(text, "apps: [orders] }", "apps: [records] }", 1)), nil)
	changes := Differ(before, next)
	if len(changes) != 1 || changes[0].Why != "" || changes[0].Key != "authzen.callers.kiosk.apps" {
		t.Errorf("%+v", changes)
	}
	taken, problems := before.Taking(next)
	if problems != nil || taken.AuthZEN.Callers[1].Apps[0] != "records" {
		t.Errorf("%v %+v", problems, taken.AuthZEN)
	}
}
