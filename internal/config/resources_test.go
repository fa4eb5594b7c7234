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

const describing = elsewhere + `
client_documents:
  hosts: [tools.example.com, "tools.example.com:8443"]
  networks: [10.1.0.0/16]
  tasks:
    - { id: look, purpose: look at your calendar, resource: calendar, reads: [events], length: 8h }
`

func TestClientDocuments(t *testing.T) {
	if _, problems := Parse([]byte(describing), nil); problems != nil {
		t.Fatal(problems)
	}
	for name, r := range map[string][3]string{
		"a pattern":          {"[tools.example.com,", "['*.example.com',", "client_documents.hosts"},
		"capitals":           {"[tools.example.com,", "[Tools.example.com,", "client_documents.hosts"},
		"an address":         {"[tools.example.com,", "['https://tools.example.com',", "client_documents.hosts"},
		"no network":         {"10.1.0.0/16", "10.1.0.0", "client_documents.networks"},
		"a resource of none": {"resource: calendar", "resource: orders", "client_documents.tasks[0].resource"},
		"nothing to read":    {"reads: [events]", "reads: []", "client_documents.tasks[0].reads"},
		"no name":            {"id: look", "id: Look", "client_documents.tasks[0].id"},
		"no purpose":         {"purpose: look at your calendar", "purpose: ''", "client_documents.tasks[0].purpose"},
	} {
		_, problems := Parse([]byte(strings.Replace(describing, r[0], r[1], 1)), nil)
		found := false
		for _, p := range problems {
			found = found || strings.HasPrefix(p.Path, r[2])
		}
		if !found {
			t.Errorf("%s: %v", name, problems)
		}
	}
}
