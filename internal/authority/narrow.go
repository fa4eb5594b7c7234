package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// mostBelow is how many mandates narrowed from one may be in force or awaited at once.
const mostBelow = 100

// Below lists the mandates that were narrowed from one and have not ended.
func (s *State) Below(id stead.MandateID) []stead.MandateID { return list(s.below.get(id)) }

// Tree lists a mandate and all that is below it and has not ended.
func (a *Authority) Tree(id stead.MandateID) []stead.MandateID {
	all := []stead.MandateID{id}
	a.Store.View().Read(func(s *State) {
		for i := 0; i < len(all); i++ {
			all = append(all, s.Below(all[i])...)
		}
	})
	return all
}

// above is what a mandate was narrowed from, nearest first. Where a link is over it ends there, and the laws refuse.
func (s *State) above(m *stead.Mandate) (all []stead.Link) {
	for m != nil && m.Parent != "" && len(all) <= stead.MostDepth {
		if m = s.Mandate(m.Parent); m != nil {
			all = append(all, s.link(m))
		}
	}
	return all
}

func (s *State) link(m *stead.Mandate) stead.Link {
	l := stead.Link{Mandate: m, Actor: s.Principal(m.Actor), Agent: s.Agent(m.Actor), Acted: s.Acted(m.ID), Spent: s.spent(m)}
	if l.Agent != nil {
		l.Owner = s.Principal(l.Agent.Owner)
	}
	if i := s.Proved(m.Key); m.Key != "" && i != nil {
		l.Instance, l.Heard = i, s.Heard(i.ID)
	}
	return l
}

// aboveIt tells whether somebody holds what a mandate was narrowed from, or answers for who does.
func (s *State) aboveIt(id stead.PrincipalID, m stead.Mandate) bool {
	for _, l := range s.above(&m) {
		if l.Mandate.Actor == id || l.Agent != nil && l.Agent.Owner == id {
			return true
		}
	}
	return false
}

// line is the mandate of a question and all that it was narrowed from.
func line(f stead.Facts) []*stead.Mandate {
	all := []*stead.Mandate{f.Mandate}
	for _, l := range f.Above {
		all = append(all, l.Mandate)
	}
	return all
}

// chain asks policy for the ceiling of everybody above the actor, and an employee's agent has no more than he.
func (a *Authority) chain(q stead.Question, f stead.Facts, ceiling Case) stead.Verdict {
	v := stead.Verdict{Allow: true, Policy: f.Policy}
	for i, l := range f.Above {
		if l.Actor == nil {
			return stead.Verdict{Policy: f.Policy}
		}
		if ceiling.Principal = l.Actor; l.Actor.ID != q.Subject {
			v = both(v, a.under(f.Policy, ceiling))
		}
		v = both(v, a.ofOwner(f.Policy, l.Agent, l.Owner, ceiling))
		if i == 0 {
			v = both(v, a.ofOwner(f.Policy, f.Agent, f.Owner, ceiling))
		}
	}
	return v
}

// ofOwner asks what the owner of an employee's agent may do in his own right; any other's is not asked.
func (a *Authority) ofOwner(policy string, r *stead.Registration, owner *stead.Principal, c Case) stead.Verdict {
	if r == nil || r.Kind != stead.Employee || owner == nil {
		return stead.Verdict{Allow: true, Policy: policy}
	}
	c.Capacity, c.Principal, c.Subject = Self, owner, owner
	return a.under(policy, c)
}

// fallen ends what is below the mandates that changes have ended, as s has it with them.
func fallen(s *State, changes []stead.Change, now time.Time) (all []stead.Change, err error) {
	for _, c := range changes {
		for _, r := range c.Records {
			m, is := r.(stead.Mandate)
			if !is || m.Live() {
				continue
			}
			for _, id := range s.Below(m.ID) {
				over, err := stead.Cease(*s.Mandate(id), stead.ReasonAbove, now)
				if err != nil {
					return nil, err
				}
				c := ended("mandate.ended", over)
				c.Event.Who = stead.Fields{"by": stead.Server}
				all = append(all, c)
			}
		}
	}
	return all, nil
}

// workCase is the case of an agent's mandate as it would be asked now: one that was passed on, or that a person has agreed to,
// is for another.
func (a *Authority) workCase(s *State, by By, m stead.Mandate) actCase {
	if m.Consented() {
		return a.personCase(s, by, m.Subject, m.Task, m.Purpose, m.Mode, time.Duration(m.Bounds.Length))
	}
	c := a.taskCase(s, by, m.Task, m.Purpose, m.Mode, time.Duration(m.Bounds.Length))
	if m.Parent == "" {
		return c
	}
	return a.passedOn(s, c, m.Subject, s.above(&m))
}

func (a *Authority) passedOn(s *State, c actCase, subject stead.PrincipalID, above []stead.Link) actCase {
	f := &c.facts
	f.Subject, f.Above = s.Principal(subject), above
	c.Case.Subject, c.Capacity = f.Subject, ForOther
	if f.Agent != nil && f.Agent.Task(c.Task) != nil {
		a.laws(s, f, f.Agent.Task(c.Task).Grants)
	}
	return c
}

// passCase is what policy is asked about passing a part of m on to another agent, and the facts for the laws.
func (a *Authority) passCase(s *State, m *stead.Mandate, to By, p stead.Passing) actCase {
	c := a.taskCase(s, to, "", stead.Purpose{}, "", 0)
	if m == nil {
		return c
	}
	above := append([]stead.Link{s.link(m)}, s.above(m)...)
	if settled, err := p.Settled(*m, c.facts); err == nil {
		c = a.taskCase(s, to, settled.Task, m.Purpose, settled.Mode, min(or(p.For, stead.Day), m.Until.Sub(a.Now())))
	}
	return a.passedOn(s, c, m.Subject, above)
}

// Narrow passes a part of a mandate that the caller holds on to another agent, by name or id, which then starts it. Errors:
// refused, missing, invalid, expired, conflict.
func (a *Authority) Narrow(ctx context.Context, by By, id stead.MandateID, to string, p stead.Passing) (stead.Mandate, error) {
	p.ID = stead.MandateID(a.NewID(stead.PrefixMandate))
	t := attempt{verb: "mandate.narrow", by: by, mandate: id, wants: p.Grants, what: stead.Fields{"parent": string(id), "to": to}}
	return a.judged(ctx, t, func(s *State) actCase {
		return a.passCase(s, s.Mandate(id), By{Principal: s.agentID(to)}, p)
	}, func(s *State, c actCase, v stead.Verdict, now time.Time) (stead.Mandate, stead.EventKind, error) {
		if err := working(s, by, now); err != nil {
			return stead.Mandate{}, "", err
		}
		parent := s.Mandate(id)
		if parent == nil || parent.Actor != by.Principal || parent.Key != by.Key {
			return stead.Mandate{}, "", stead.E(stead.Missing, stead.ReasonNotYours, "there is no such mandate")
		}
		if c.facts.Actor == nil {
			return stead.Mandate{}, "", stead.E(stead.Missing, stead.ReasonUnknown, "there is no such agent")
		}
		if err := s.room(*parent, c.facts.Actor.ID); err != nil {
			return stead.Mandate{}, "", err
		}
		m, err := stead.Narrow(*parent, p, c.facts, v, c.terms, now)
		return m, "mandate.narrowed", err
	})
}

// agentID finds an agent by name or id.
func (s *State) agentID(agent string) stead.PrincipalID {
	if p := s.Named(stead.Agents, agent); p != nil {
		return p.ID
	}
	return stead.PrincipalID(agent)
}

// room: the tree below a mandate stays small, and so does what one agent holds.
func (s *State) room(parent stead.Mandate, to stead.PrincipalID) error {
	if len(s.Below(parent.ID)) >= mostBelow || len(s.MandatesBy(to)) >= mostMandates {
		return stead.E(stead.Conflict, stead.ReasonActing, "too much is passed on already: at most %d mandates below one, and %d of one agent", mostBelow, mostMandates)
	}
	return nil
}
