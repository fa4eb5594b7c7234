package authority

import (
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strings"

	"github.com/steadhq/stead"
)

// A Described client has not been registered by anybody: it describes itself at the address that is its client_id.
type Described struct {
	Document  string // the address
	Host      string // of it
	Shown     string // as it calls itself
	Redirects []string
}

// proposedAgent is the id of an agent that is not registered yet.
const proposedAgent stead.PrincipalID = "proposed-agent"

// Describes tells what a described client asks with: as if it were registered, with the tasks that such may have.
func (a *Authority) Describes(d Described) stead.Registration {
	return stead.Registration{Kind: stead.Employee, Tier: stead.LowTier, Segment: d.Host, Purpose: "what its document says: " + d.Shown,
		Tasks: a.Settings.Described, Redirects: d.Redirects, Public: true, Document: d.Document}
}

// Behind finds the agent with a document that a genuine code or refresh token is of; "" is none.
func (a *Authority) Behind(document, sealed string) (id stead.PrincipalID) {
	p, ok := a.promised(sealed)
	mandate, _, refresh := a.refreshed(sealed)
	a.Store.View().Read(func(s *State) {
		if m := s.Mandate(mandate); refresh && m != nil {
			p.agent, ok = m.Actor, true
		}
		if r := s.Agent(p.agent); ok && r != nil && r.Document == document {
			id = r.Principal
		}
	})
	return id
}

// introduced is s with the agent that a described client is for one person: the one that is there, or one that would be, which
// is the change.
func (a *Authority) introduced(s *State, by By, w *ConsentAsk, id stead.PrincipalID) (*State, []stead.Change) {
	owner := s.Principal(by.Principal)
	if w.Described == nil || owner == nil {
		return s, nil
	}
	for _, one := range s.Owned(owner.ID) {
		if r := s.Agent(one); r.Document == w.Described.Document {
			w.Agent = one
			return s, nil
		}
	}
	r := a.Describes(*w.Described)
	r.Principal, r.Version, r.Owner, r.Person = id, 1, owner.ID, owner.Person
	p := stead.Principal{ID: id, Version: 1, Kind: stead.Agent, Directory: stead.Agents, Name: w.Described.name(owner.ID), Shown: w.Described.Shown,
		Person: r.Person, Attributes: traits(r)}
	if w.Agent = id; p.Wrong() != "" || r.Wrong() != "" || s.Named(p.Directory, p.Name) != nil {
		return s, nil
	}
	c := stead.Change{Event: stead.Event{Kind: "agent.registered", Subject: p.ID, SubjectPerson: p.Person, What: with(described(r), "document", r.Document)},
		Records: []stead.Record{p, r}}
	s = s.Stage()
	if err := s.Put(c, s.Index()); err != nil {
		return s, nil
	}
	return s, []stead.Change{c}
}

// name tells the clients of one document apart by whose they are.
func (d Described) name(owner stead.PrincipalID) string {
	sum := sha256.Sum256([]byte(d.Document + "\n" + string(owner)))
	host := strings.Map(func(r rune) rune {
		if r == ':' {
			return '-'
		}
		return r
	}, d.Host)
	return host[:min(len(host), 64)] + "-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:5]))
}

// askedFor is how many described clients one person may have.
func (s *State) askedFor(owner stead.PrincipalID) (n int) {
	for _, id := range slices.Clone(s.Owned(owner)) {
		if s.Agent(id).Document != "" {
			n++
		}
	}
	return n
}
