package config

import (
	"slices"
	"strings"
	"testing"
)

const houses = full + `
resources:
  - { id: partner, address: "https://stead.partner.example", privileged: [staff/admins], bearer: true,
      house: { clients: [ { agent: planner, id: planner-7 }, { agent: scheduler, id: s } ], resources: [ "https://calendar.partner.example/mcp" ] } }
agents:
  issuers:
    - { issuer: "https://stead.acme.example", jwks_url: "https://stead.acme.example/.well-known/jwks.json", agents: [planner], level: 2,
        people: [ { sub: "00u1", account: "staff/dana" }, { sub: "person:staff/*", account: "staff/*" } ] }
`

// E5, E8: who is trusted, for whom, and who its people are, is said in one way or the server does not start.
func TestIssuers(t *testing.T) {
	c, problems := Parse([]byte(houses), nil)
	if problems != nil {
		t.Fatal(problems)
	}
	if i := c.Agents.Issuers[0]; i.Issuer != "https://stead.acme.example" || len(i.People) != 2 || i.Level != 2 || len(c.Resources[0].House.Clients) != 2 || !c.Resources[0].Bearer {
		t.Errorf("%+v %+v", i, c.Resources[0])
	}
	const at = "agents.issuers[0]"
	for name, r := range map[string][3]string{
		"no TLS":                     {`issuer: "https://`, `issuer: "http://`, at + ".issuer"},
		"an issuer with a query":     {`acme.example", jwks`, `acme.example?x", jwks`, at + ".issuer"},
		"no issuer":                  {`issuer: "https://stead.acme.example"`, `issuer: ""`, at + ".issuer"},
		"this server":                {`issuer: "https://stead.acme.example"`, `issuer: "` + c.Server.Origin() + `"`, at + ".issuer"},
		"no keys":                    {`jwks_url: "https://stead.acme.example/.well-known/jwks.json", `, "", at},
		"two sources of keys":        {"jwks_url:", "jwks_file: x, jwks_url:", at},
		"for no agent":               {"agents: [planner]", "agents: []", at + ".agents"},
		"a level that is none":       {"level: 2", "level: 3", at + ".level"},
		"for nobody":                 {`people: [ { sub: "00u1", account: "staff/dana" }, { sub: "person:staff/*", account: "staff/*" } ]`, "people: []", at + ".people"},
		"a subject twice":            {`sub: "person:staff/*", account: "staff/*"`, `sub: "00u1", account: "staff/erin"`, at + ".people[1].sub"},
		"a star for one":             {`account: "staff/*"`, `account: "staff/dana"`, at + ".people[1]"},
		"one for a star":             {`"person:staff/*"`, `"person:staff/x"`, at + ".people[1]"},
		"a star that is not the end": {`"person:staff/*"`, `"person:*/*"`, at + ".people[1]"},
		"a part of a name":           {`account: "staff/*"`, `account: "staff/x-*"`, at + ".people[1].account"},
		"no account":                 {`account: "staff/dana"`, `account: "dana"`, at + ".people[0].account"},
		"a client without an id":     {"id: planner-7", `id: ""`, "resources[0].house.clients[0]"},
		"a client twice":             {"agent: scheduler", "agent: planner", "resources[0].house.clients[1].agent"},
	} {
		text := strings.Replace(houses, r[0], r[1], 1)
		if text == houses {
			t.Fatal(name, "changes nothing")
		}
		_, problems := Parse([]byte(text), nil)
		if !slices.ContainsFunc(problems, func(p Problem) bool { return p.Path == r[2] }) {
			t.Errorf("%s: %v", name, problems)
		}
	}
}
