package config

import (
	"strings"
	"testing"
)

const elsewhere = full + `
resources:
  - { id: calendar, address: "https://calendar.example.com/mcp", privileged: [staff/admins, vip=yes], level: 2, aware: true }
  - { id: notes, address: "http://127.0.0.1:9000/mcp", privileged: [staff/admins] }
authzen:
  callers:
    - { id: desk, secret_file: /srv/desk.secret, apps: [calendar] }
`

func TestResources(t *testing.T) {
	c, problems := Parse([]byte(elsewhere), nil)
	if problems != nil {
		t.Fatal(problems)
	}
	if r := c.Resources[0]; r.ID != "calendar" || r.Level != 2 || !r.Aware || len(r.Privileged) != 2 {
		t.Errorf("%+v", r)
	}
	for name, r := range map[string][3]string{
		"a name that is none":  {"id: calendar", "id: Calendar", "resources[0].id"},
		"twice":                {"id: notes", "id: calendar", "resources[1]"},
		"an application":       {"id: notes", "id: orders", "resources[1]"},
		"an address twice":     {"http://127.0.0.1:9000/mcp", "https://calendar.example.com/mcp", "resources[1]"},
		"no TLS":               {"https://calendar", "http://calendar", "resources[0].address"},
		"no address":           {"https://calendar.example.com/mcp", "", "resources[0].address"},
		"a slash at its end":   {".com/mcp", ".com/", "resources[0].address"},
		"a fragment":           {".com/mcp", ".com/mcp#x", "resources[0].address"},
		"a name in it":         {"https://calendar", "https://a@calendar", "resources[0].address"},
		"a query":              {".com/mcp", ".com/mcp?x", "resources[0].address"},
		"a level that is none": {"level: 2", "level: 3", "resources[0].level"},
		"an unknown directory": {"staff/admins, vip", "wiki/admins, vip", "resources[0].privileged[0]"},
		"a group without one":  {"staff/admins, vip", "admins, vip", "resources[0].privileged[0]"},
	} {
		_, problems := Parse([]byte(strings.Replace(elsewhere, r[0], r[1], 1)), nil)
		found := false
		for _, p := range problems {
			found = found || strings.HasPrefix(p.Path, r[2])
		}
		if !found {
			t.Errorf("%s: %v", name, problems)
		}
	}
}
