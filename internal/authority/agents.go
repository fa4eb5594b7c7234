package authority

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/steadhq/stead"
)

// Agent, Instance and the lists beside them are of what is live.
func (s *State) Agent(id stead.PrincipalID) *stead.Registration { return s.agents.get(id) }
func (s *State) Agents(f func(*stead.Registration)) {
	s.agents.each(func(_ stead.PrincipalID, r *stead.Registration) { f(r) })
}
func (s *State) Owned(id stead.PrincipalID) []stead.PrincipalID { return list(s.owned.get(id)) }
func (s *State) Instance(id stead.InstanceID) *stead.Instance   { return s.instances.get(id) }
func (s *State) Instances(f func(*stead.Instance)) {
	s.instances.each(func(_ stead.InstanceID, i *stead.Instance) { f(i) })
}
func (s *State) InstancesOf(id stead.PrincipalID) []stead.InstanceID { return list(s.runs.get(id)) }

// Proved finds the live instance that has a key.
func (s *State) Proved(thumbprint string) *stead.Instance {
	if id := s.proofs.get(thumbprint); id != nil {
		return s.Instance(*id)
	}
	return nil
}

func (s *State) putAgent(r stead.Registration) {
	if old := s.agents.get(r.Principal); old != nil {
		drop(&s.owned, old.Owner, old.Principal)
		for _, p := range proofsOf(*old) {
			drop(&s.provers, p, old.Principal)
		}
	}
	keep(&s.agents, r.Principal, r)
	if r.Live() {
		add(&s.owned, r.Owner, r.Principal)
		for _, p := range proofsOf(r) {
			add(&s.provers, p, r.Principal)
		}
	}
}

func (s *State) putInstance(i stead.Instance) {
	keep(&s.instances, i.ID, i)
	if i.Live() {
		add(&s.runs, i.Agent, i.ID)
		s.proofs.put(i.Key.Thumbprint, &i.ID)
		return
	}
	drop(&s.runs, i.Agent, i.ID)
	s.proofs.put(i.Key.Thumbprint, nil)
}

// agented adds to the facts what is known of an agent: its registration, who answers for it, and whose key was proved.
func (s *State) agented(f *stead.Facts, id stead.PrincipalID, key string) {
	if f.Agent = s.Agent(id); f.Agent != nil {
		f.Owner = s.Principal(f.Agent.Owner)
	}
	if i := s.Proved(key); key != "" && i != nil {
		f.Instance, f.Heard = i, s.Heard(i.ID)
	}
}

// A NewAgent is an agent to be registered, or what becomes of one: its account, and what is known of it beside.
type NewAgent struct {
	Name         string
	Shown        string
	Groups       []string
	Registration stead.Registration // Principal, Version and Person are Stead's to give
}

// Register adds an agent. Only admins may. Errors: refused, invalid, missing (its owner), conflict exists.
func (a *Authority) Register(ctx context.Context, by By, n NewAgent) (stead.Registration, error) {
	var out stead.Registration
	t := attempt{verb: "agent.register", by: by, what: stead.Fields{"agent": n.Name}}
	err := a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := a.may(s, by, now, Admin); err != nil {
			return nil, err
		}
		p, r, err := a.agent(s, n)
		if err != nil {
			return nil, err
		}
		if s.Named(p.Directory, p.Name) != nil {
			return nil, stead.E(stead.Conflict, stead.ReasonExists, "the agent %s is there already", p.Name)
		}
		r.Keys = dated(r.Keys, nil, now)
		r.Since = now
		if r.Equipped = nil; len(proofsOf(r)) > 0 {
			r = r.EquippedBy(by.Principal)
		}
		if err := s.excluded(r); err != nil {
			return nil, err
		}
		if err := s.made(r); err != nil {
			return nil, err
		}
		out = r
		e := stead.Event{Kind: "agent.registered", Subject: p.ID, SubjectPerson: p.Person, What: described(r)}
		return []stead.Change{{Event: e, Records: []stead.Record{p, r}}}, nil
	})
	return done(&out, err)
}

// agent makes the account and the registration of an agent that is not there yet.
func (a *Authority) agent(s *State, n NewAgent) (stead.Principal, stead.Registration, error) {
	r := n.Registration
	r.Principal, r.Version, r.Suspended, r.Retired, r.Builder = stead.PrincipalID(a.NewID(stead.PrefixPrincipal)), 1, false, false, ""
	r.Person = stead.PersonKey(a.NewID(stead.PrefixPerson))
	p := stead.Principal{ID: r.Principal, Version: 1, Kind: stead.Agent, Directory: stead.Agents, Name: n.Name, Shown: n.Shown, Groups: n.Groups}
	if text := or(p.Wrong(), r.Wrong()); text != "" {
		return p, r, stead.E(stead.Invalid, stead.ReasonRequest, "%s", text)
	}
	owner, err := a.answers(s, r)
	if err != nil {
		return p, r, err
	}
	if r.Kind == stead.Employee {
		r.Person = owner.Person // he and his agents are one human in every count
	}
	p.Person, p.Attributes = r.Person, traits(r)
	return p, r, nil
}

// answers finds who answers for an agent, that its keys are nobody else's, and that its tasks lie in systems that are there.
func (a *Authority) answers(s *State, r stead.Registration) (*stead.Principal, error) {
	owner := s.Principal(r.Owner)
	if owner == nil || !owner.Active() || owner.Kind != stead.Person {
		return nil, stead.E(stead.Missing, stead.ReasonOwnerless, "the owner of an agent is an active person: there is none such")
	}
	if sponsor := s.Principal(r.Sponsor); r.Sponsor != "" && (sponsor == nil || sponsor.Kind != stead.Person) {
		return nil, stead.E(stead.Missing, stead.ReasonUnknown, "the sponsor of an agent is a person: there is none such")
	}
	for _, k := range r.Keys {
		if s.Proved(k.Thumbprint) != nil || s.registers(k.Thumbprint, r.Principal) {
			return nil, stead.E(stead.Conflict, stead.ReasonUsed, "the key %s is in use: every agent and every instance has its own", k.Thumbprint)
		}
	}
	for _, id := range r.SPIFFE {
		if s.registers(workloadKey+id, r.Principal) {
			return nil, stead.E(stead.Conflict, stead.ReasonUsed, "the workload %s is another agent", id)
		}
	}
	for _, t := range r.Tasks {
		if id := t.Grants[0].System; a.Settings.App(id) == nil {
			return nil, stead.E(stead.Missing, stead.ReasonNoRoute, "the task %s lies in a system %s that is not configured", t.ID, id)
		}
	}
	return owner, nil
}

// traits are what policy may read of an agent.
func traits(r stead.Registration) map[string]string {
	all := map[string]string{"kind": string(r.Kind), "tier": string(r.Tier), "segment": r.Segment}
	maps.DeleteFunc(all, func(_, v string) bool { return v == "" })
	return all
}

// dated notes since when keys are registered: those that were there before keep their age.
func dated(keys, before []stead.AgentKey, now time.Time) []stead.AgentKey {
	all := slices.Clone(keys)
	for i, k := range all {
		all[i].Since = now
		if j := slices.IndexFunc(before, func(b stead.AgentKey) bool { return b.Thumbprint == k.Thumbprint }); j >= 0 {
			all[i].Since = before[j].Since
		}
	}
	return all
}

func described(r stead.Registration) stead.Fields {
	f := stead.Fields{"kind": string(r.Kind), "tier": string(r.Tier), "owner": string(r.Owner), "purpose": r.Purpose, "tasks": number(len(r.Tasks))}
	return with(with(f, "segment", r.Segment), "template", r.Made.Template)
}

// ChangeAgent changes what is known of an agent. What goes beyond it then ends in the same transaction; another build
// suspends it until somebody else has looked. Errors: refused, missing, invalid.
func (a *Authority) ChangeAgent(ctx context.Context, by By, id stead.PrincipalID, n NewAgent) (stead.Registration, error) {
	t := attempt{verb: "agent.change", by: by, subject: id, urgent: true}
	return a.reregister(ctx, t, "agent.changed", func(s *State, old stead.Registration, now time.Time) (stead.Registration, error) {
		if err := a.may(s, by, now, Admin); err != nil {
			return old, err
		}
		r := n.Registration
		r.Principal, r.Version, r.Person, r.Suspended, r.Retired, r.Since = old.Principal, old.Version, old.Person, old.Suspended, false, old.Since
		r.Document, r.Learning = old.Document, old.Learning
		if text := r.Wrong(); text != "" {
			return old, stead.E(stead.Invalid, stead.ReasonRequest, "%s", text)
		}
		if _, err := a.answers(s, r); err != nil {
			return old, err
		}
		if err := s.excluded(r); err != nil {
			return old, err
		}
		if err := s.made(r); err != nil {
			return old, err
		}
		if (old.Kind == stead.Employee || r.Kind == stead.Employee) && (old.Owner != r.Owner || old.Kind != r.Kind) {
			return old, stead.E(stead.Refused, stead.ReasonState, "an employee's agent is his for good: retire it and register another")
		}
		r.Keys, r.Equipped = dated(r.Keys, old.Keys, now), old.Equipped
		if slices.ContainsFunc(proofsOf(r), func(p string) bool { return !slices.Contains(proofsOf(old), p) }) {
			r = r.EquippedBy(by.Principal)
		}
		gone := old.Suspended && old.Builder != "" && s.Principal(old.Builder) == nil // nobody could be apart from him
		if r.Builder = old.Builder; r.Build != old.Build || gone {
			r.Suspended, r.Builder = true, by.Principal
		}
		p := n.account(*s.Principal(id))
		if text := p.Wrong(); text != "" {
			return old, stead.E(stead.Invalid, stead.ReasonRequest, "%s", text)
		}
		return r, nil
	}, n.account)
}

// account is an account as the agent's is to be.
func (n NewAgent) account(p stead.Principal) stead.Principal {
	p.Shown, p.Groups = n.Shown, n.Groups
	return p
}

// SuspendAgent stops an agent without retiring it: by admins, security, or who answers for it. Its mandates end.
// Errors: refused, missing, conflict.
func (a *Authority) SuspendAgent(ctx context.Context, by By, id stead.PrincipalID, reason string) (stead.Registration, error) {
	t := attempt{verb: "agent.suspend", by: by, subject: id, urgent: true, what: with(nil, "because", reason)}
	return a.reregister(ctx, t, "agent.suspended", func(s *State, r stead.Registration, now time.Time) (stead.Registration, error) {
		if r.Suspended {
			return r, stead.E(stead.Conflict, stead.ReasonState, "it is suspended already")
		}
		r.Suspended = true
		return r, a.overAgent(s, by, r, now)
	})
}

// ResumeAgent lets a suspended agent ask again: by admins and security, not by who answers for it. Errors: refused,
// missing, conflict.
func (a *Authority) ResumeAgent(ctx context.Context, by By, id stead.PrincipalID, reason string) (stead.Registration, error) {
	t := attempt{verb: "agent.resume", by: by, subject: id, what: with(nil, "because", reason)}
	return a.reregister(ctx, t, "agent.resumed", func(s *State, r stead.Registration, now time.Time) (stead.Registration, error) {
		err := a.resumes(s, by, r, now)
		r.Suspended = r.Suspended && err != nil
		return r, err
	})
}

// resumes tells why the caller does not let a suspended agent ask again.
func (a *Authority) resumes(s *State, by By, r stead.Registration, now time.Time) error {
	if err := presents(s, by, now); err != nil {
		return err
	}
	if owner := s.Principal(r.Owner); owner != nil && owner.SameHuman(*s.Principal(by.Principal)) {
		return stead.E(stead.Refused, stead.ReasonOwn, "who answers for an agent does not resume it: somebody else looks first")
	}
	if err := a.may(s, by, now, Admin, Security); err != nil {
		return err
	}
	if builder := s.Principal(r.Builder); builder != nil && builder.SameHuman(*s.Principal(by.Principal)) {
		return stead.E(stead.Refused, stead.ReasonOwn, "who gave an agent its build does not resume it: somebody else looks first")
	}
	for _, first := range []stead.PrincipalID{r.Owner, r.Builder} {
		if err := a.second(s, by, first); first != "" && err != nil {
			return err
		}
	}
	if !r.Suspended {
		return stead.E(stead.Conflict, stead.ReasonState, "it is not suspended")
	}
	return nil
}

// RetireAgent ends an agent for good, and everything that hangs on it: by admins or who answers for it. Errors: refused,
// missing.
func (a *Authority) RetireAgent(ctx context.Context, by By, id stead.PrincipalID) (stead.Registration, error) {
	t := attempt{verb: "agent.retire", by: by, subject: id, urgent: true}
	return a.reregister(ctx, t, "agent.retired", func(s *State, r stead.Registration, now time.Time) (stead.Registration, error) {
		r.Retired = true
		return r, a.overAgent(s, by, r, now)
	})
}

// overAgent tells who may stop an agent: who answers for it, security and admins.
func (a *Authority) overAgent(s *State, by By, r stead.Registration, now time.Time) error {
	if by.Principal == r.Owner {
		_, err := own(s, by, now)
		return err
	}
	return a.may(s, by, now, Security, Admin)
}

// reregister runs a verb that moves one registration, with what cannot go on after it.
func (a *Authority) reregister(ctx context.Context, t attempt, kind stead.EventKind,
	move func(*State, stead.Registration, time.Time) (stead.Registration, error), account ...func(stead.Principal) stead.Principal) (stead.Registration, error) {
	var out stead.Registration
	err := a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		old := s.Agent(t.subject)
		if old == nil {
			if _, err := own(s, t.by, now); err != nil {
				return nil, err
			}
			return nil, stead.E(stead.Missing, stead.ReasonNotYours, "there is no such agent")
		}
		r, err := move(s, *old, now)
		if err != nil {
			return nil, err
		}
		r.Version++
		out = r
		return a.remade(s.Stage(), stead.Event{Kind: kind, Subject: r.Principal, What: described(r)}, r, now, account...)
	})
	return done(&out, err)
}

// remade is the change of a registration, and of what cannot go on after it: the instances of a retired agent, and the
// mandates that go beyond what it is. All of it is put into s.
func (a *Authority) remade(s *State, e stead.Event, r stead.Registration, now time.Time, account ...func(stead.Principal) stead.Principal) ([]stead.Change, error) {
	p := *s.Principal(r.Principal)
	for _, change := range account {
		p = change(p)
	}
	p.Attributes, p.Deleted, p.Version = traits(r), r.Retired, p.Version+1
	all := []stead.Change{{Event: e, Records: []stead.Record{p, r}}}
	if err := s.Put(all[0], s.Index()); err != nil {
		return nil, err
	}
	if r.Retired {
		for _, id := range s.InstancesOf(r.Principal) {
			c := stead.Change{Event: stead.Event{Kind: "instance.ended", Subject: r.Principal, Reason: stead.ReasonDisabled, What: stead.Fields{"instance": string(id)}},
				Records: []stead.Record{s.Instance(id).Close(stead.ReasonDisabled, now)}}
			if err := s.Put(c, s.Index()); err != nil {
				return nil, err
			}
			all = append(all, c)
		}
	}
	over, err := unproved(s, r, "", now)
	if err != nil {
		return nil, err
	}
	for _, c := range over {
		if err := s.Put(c, s.Index()); err != nil {
			return nil, err
		}
	}
	all = append(all, over...)
	for _, id := range s.MandatesBy(r.Principal) {
		m := *s.Mandate(id)
		why := a.goes(m, a.standing(s, m))
		switch {
		case r.Retired:
			why = stead.ReasonDisabled
		case r.Suspended:
			why = stead.ReasonSuspended
		case why == stead.ReasonNone:
			continue
		}
		over, err := stead.Cease(m, why, now)
		if err != nil {
			return nil, err
		}
		c := ended("mandate.ended", over)
		c.Event.Who = stead.Fields{"by": stead.Server}
		if err := s.Put(c, s.Index()); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// retired is the end of an agent and its instances where its account was deleted.
func retired(s *State, r stead.Registration, now time.Time) []stead.Change {
	r.Retired, r.Version = true, r.Version+1
	all := []stead.Change{{Event: stead.Event{Kind: "agent.retired", Subject: r.Principal, What: described(r)}, Records: []stead.Record{r}}}
	for _, id := range s.InstancesOf(r.Principal) {
		all = append(all, stead.Change{Event: stead.Event{Kind: "instance.ended", Subject: r.Principal, Reason: stead.ReasonDisabled,
			What: stead.Fields{"instance": string(id)}}, Records: []stead.Record{s.Instance(id).Close(stead.ReasonDisabled, now)}})
	}
	return all
}

// A FirstAgent is an agent of a demonstration, with the client secret it has.
type FirstAgent struct {
	NewAgent
	Secret string
}

// SeedAgents registers the first agents of a store that has none yet. Errors: refused once there are any; those of Register.
func (a *Authority) SeedAgents(ctx context.Context, all []FirstAgent) error {
	return a.run(ctx, attempt{verb: "agent.register"}, func(s *State, now time.Time) ([]stead.Change, error) {
		empty := true
		s.Agents(func(*stead.Registration) { empty = false })
		if !empty {
			return nil, stead.E(stead.Refused, stead.ReasonExists, "there are agents already: an admin adds more")
		}
		var changes []stead.Change
		for _, n := range all {
			p, r, err := a.agent(s, n.NewAgent)
			if err != nil {
				return nil, err
			}
			r.Keys, r.Since = dated(r.Keys, nil, now), now
			c := stead.Credentials{Principal: p.ID, Person: p.Person, Version: 1, Client: sum(n.Secret)}
			e := stead.Event{Kind: "agent.registered", Subject: p.ID, SubjectPerson: p.Person, What: described(r)}
			changes = append(changes, stead.Change{Event: e, Records: []stead.Record{p, r, c}})
		}
		return changes, nil
	})
}
