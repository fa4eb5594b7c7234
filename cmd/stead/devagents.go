package main

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	_ "embed"
	"encoding/base32"
	"encoding/json"

	"github.com/go-jose/go-jose/v4"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/authzen"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/web"
)

// demoSystem is the database that the demonstration's agents read.
const demoSystem stead.AppID = "sales"

// demoAgentRules say who agrees to what the agents ask for.
//
//go:embed devagents.cedar
var demoAgentRules string

// A devAgent is an agent of the demonstration, with everything needed to be it.
type devAgent struct {
	ID     stead.PrincipalID `json:"id"`
	Name   string            `json:"client_id"`
	Secret string            `json:"client_secret"`
	Key    json.RawMessage   `json:"private_jwk"`
	Owner  string            `json:"owner"`
	about  string
}

type demoAgent struct {
	name, shown, owner, purpose, about string
	tier                               stead.Tier
	task                               stead.Task
}

func demoAgents() []demoAgent {
	reads := func(table string, columns ...string) stead.Entitlement {
		return stead.Entitlement{System: demoSystem, Action: stead.ActionRead, Resource: "public." + table, Columns: columns}
	}
	return []demoAgent{
		{name: "monthly-report", shown: "Monthly report", owner: "staff/maya", purpose: "Writes the monthly report for the board", tier: stead.HighTier,
			about: "reads two tables of the sales database, when three have agreed",
			task:  stead.Task{ID: "monthly", Purpose: "the monthly report", Grants: []stead.Entitlement{reads("customers", "id", "name", "city"), reads("orders")}}},
		{name: "triage-bot", shown: "Triage bot", owner: "staff/omar", purpose: "Sorts what comes in at the support desk", tier: stead.LowTier,
			about: "reads orders, for an hour at a time",
			task:  stead.Task{ID: "triage", Purpose: "sort what came in", Length: stead.Duration(stead.Day / 24), Grants: []stead.Entitlement{reads("orders", "id", "customer", "placed")}}},
	}
}

// enrolAgents registers the agents where there are none. Keys and secrets come from the key of this demonstration.
func enrolAgents(ctx context.Context, h *house.House, key []byte) ([]devAgent, error) {
	var all []devAgent
	var first []authority.FirstAgent
	for _, d := range demoAgents() {
		private := ed25519.NewKeyFromSeed(mac(key, "agent key\n"+d.name))
		jwk, err := jose.JSONWebKey{Key: private}.MarshalJSON()
		if err != nil {
			return nil, err
		}
		public, err := web.KeyOf(jose.JSONWebKey{Key: private.Public()})
		if err != nil {
			return nil, err
		}
		one := devAgent{Name: d.name, Secret: "sts_" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac(key, "agent secret\n"+d.name)), Key: jwk, Owner: d.owner, about: d.about}
		r := stead.Registration{Kind: stead.Company, Owner: accountID(h, d.owner), Purpose: d.purpose, Tier: d.tier, Segment: "reporting", Keys: []stead.AgentKey{public}, Tasks: []stead.Task{d.task}}
		first = append(first, authority.FirstAgent{NewAgent: authority.NewAgent{Name: d.name, Shown: d.shown, Registration: r}, Secret: one.Secret})
		all = append(all, one)
	}
	if !anyAgent(h) {
		if err := h.SeedAgents(ctx, first); err != nil && stead.ReasonOf(err) != stead.ReasonExists { // another has been quicker
			return nil, err
		}
	}
	for i := range all {
		all[i].ID = accountID(h, stead.Agents+"/"+all[i].Name)
	}
	return all, nil
}

func anyAgent(h *house.House) (found bool) {
	h.Store.View().Read(func(s *authority.State) { s.Agents(func(*stead.Registration) { found = true }) })
	return found
}

func accountID(h *house.House, account string) (id stead.PrincipalID) {
	directory, name := within(account, "")
	h.Store.View().Read(func(s *authority.State) {
		if p := s.Named(directory, name); p != nil {
			id = p.ID
		}
	})
	return id
}

func mac(key []byte, what string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("stead dev\n" + what))
	return m.Sum(nil)
}

// A devAsker is a program that asks Stead before it does what it is asked for (AuthZEN), and whether tokens count.
type devAsker struct {
	ID     stead.PrincipalID `json:"id"`
	Secret string            `json:"secret"` // Authorization: Bearer …
}

// demoAsker may ask about everything there is in the demonstration.
const demoAsker = "service:desk"

func newDevAsker(key []byte) devAsker {
	return devAsker{demoAsker, "svc_" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac(key, "service secret"))}
}

func (s devAsker) caller() authzen.Caller {
	c := authzen.Caller{ID: s.ID, Sum: sha256.Sum256([]byte(s.Secret))}
	for _, d := range demoDirectories() {
		c.Directories = append(c.Directories, d.ID)
	}
	return c
}

// A devCast is everybody of the demonstration, for programs that play them.
type devCast struct {
	People   []devPerson `json:"people"`
	Agents   []devAgent  `json:"agents"`
	Services []devAsker  `json:"services"`
	Database string      `json:"database"` // where the sales database is, or why there is none
}

// Cast tells who can be tried.
func (d *devShow) Cast() any { return devCast{d.people, d.agents, []devAsker{d.service}, d.database} }
