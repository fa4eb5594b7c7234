package authority

import (
	"cmp"
	"context"
	"slices"

	"github.com/steadhq/stead"
)

// A Card is an agent with what runs of it and what it holds now.
type Card struct {
	stead.Registration
	Account   stead.Principal
	Orphan    bool     // nobody answers for it any more
	Drift     []string // in what it is not as its template says
	Instances []stead.Instance
	Mandates  []stead.Mandate
}

// Cards lists agents by name: everybody's for admins, auditors and security, else those that the caller answers for; an
// agent sees itself. Errors: refused.
func (a *Authority) Cards(_ context.Context, by By) ([]Card, error) {
	var all []Card
	var err error
	a.Store.View().Read(func(s *State) {
		if err = presents(s, by, a.Now()); err != nil {
			return
		}
		s.Agents(func(r *stead.Registration) {
			if a.seesAgent(s, by, r) {
				all = append(all, s.card(r))
			}
		})
	})
	slices.SortFunc(all, func(c, d Card) int { return cmp.Compare(c.Account.Name, d.Account.Name) })
	return all, err
}

// Card tells about one agent, by name or id. Errors: refused, missing.
func (a *Authority) Card(_ context.Context, by By, agent string) (Card, error) {
	var c Card
	var err error = stead.E(stead.Missing, stead.ReasonNotYours, "there is no such agent")
	a.Store.View().Read(func(s *State) {
		if no := presents(s, by, a.Now()); no != nil {
			err = no
			return
		}
		r := s.Agent(stead.PrincipalID(agent))
		if p := s.Named(stead.Agents, agent); r == nil && p != nil {
			r = s.Agent(p.ID)
		}
		if r != nil && (a.seesAgent(s, by, r) || a.decidesOn(s, by, r)) {
			c, err = s.card(r), nil
		}
	})
	return c, err
}

func (a *Authority) seesAgent(s *State, by By, r *stead.Registration) bool {
	return by.Principal == r.Principal || by.Principal == r.Owner || by.Key == "" && a.may(s, by, a.Now(), Onlookers()...) == nil
}

// decidesOn tells whether something that an agent asks for waits for the caller's yes: he must know who asks.
func (a *Authority) decidesOn(s *State, by By, r *stead.Registration) bool {
	p := s.Principal(by.Principal)
	return by.Key == "" && p != nil && slices.ContainsFunc(s.MandatesBy(r.Principal), func(id stead.MandateID) bool { return waitsFor(s, *p, *s.Mandate(id), a.Now()) })
}

func (s *State) card(r *stead.Registration) Card {
	c := Card{Registration: *r}
	if p := s.Principal(r.Principal); p != nil {
		c.Account = *p
	}
	if t := s.Template(r.Made.Template); t != nil {
		c.Drift = t.Drift(*r)
	}
	owner := s.Principal(r.Owner)
	c.Orphan = owner == nil || !owner.Active()
	for _, id := range s.InstancesOf(r.Principal) {
		c.Instances = append(c.Instances, *s.Instance(id))
	}
	for _, id := range s.MandatesBy(r.Principal) {
		c.Mandates = append(c.Mandates, *s.Mandate(id))
	}
	return c
}
