package main

import (
	"testing"
	"time"

	"github.com/steadhq/stead/internal/config"
)

// What a configuration says of other houses is what decisions and doors go by.
func TestHouses(t *testing.T) {
	c := config.Config{Resources: []config.Resource{{ID: "partner", Address: "https://b.example", Bearer: true,
		House: config.House{Clients: []config.Client{{Agent: "planner", ID: "p7"}}, Resources: []string{"https://c.example/mcp"}}}, {ID: "plain", Address: "https://d.example"}}}
	c.Server.PublicURL = "https://a.example"
	c.Agents.Issuers = []config.Issuer{{Issuer: "https://b.example", URL: "https://b.example/jwks", Agents: []string{"planner"},
		People: []config.Subject{{Subject: "x/*", Account: "staff/*"}}}}
	s := settings(c, nil)
	if a := s.App("partner"); a.House == nil || a.House.Clients["planner"] != "p7" || len(a.House.Resources) != 1 || !a.Bearer || s.App("plain").House != nil || s.App("plain").Bearer {
		t.Errorf("%+v", s.Apps)
	}
	if i := s.Issuers[0]; i.Issuer != "https://b.example" || i.Level != 1 || i.People[0].Account != "staff/*" || i.Agents[0] != "planner" {
		t.Errorf("%+v", i)
	}
	if v, err := vouchers(c, time.Now); err != nil || v.letters == nil || v.letters.Own != "https://a.example" {
		t.Errorf("%+v, %v", v, err)
	}
	if v, err := vouchers(config.Config{}, time.Now); err != nil || v.letters != nil {
		t.Errorf("of nobody: %+v, %v", v, err)
	}
	c.Agents.Issuers[0].Issuer = "https://a.example"
	if _, err := vouchers(c, time.Now); err == nil {
		t.Error("its own letters count")
	}
}
