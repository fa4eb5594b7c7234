package authority

import (
	"context"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// A PresentedKey is a key that somebody has proved to hold, as a door has checked.
type PresentedKey struct {
	Agent      string // name or id; "" is whose the key is
	Thumbprint string
	Address    string
}

// PresentKey tells who holds a key: an instance of an agent, or the agent itself. It reads the view only, of a key that is
// not known there the newest. Errors: refused, with sign-in, disabled, suspended or ownerless.
func (a *Authority) PresentKey(ctx context.Context, p PresentedKey) (By, error) {
	var by By
	var no error
	now := a.Now()
	read := func() { a.Store.View().Read(func(s *State) { by, no = keyed(s, p, now) }) }
	if read(); stead.ReasonOf(no) == stead.ReasonSignIn {
		if err := a.Store.Latest(ctx); err != nil { // another node may have enrolled it just now
			return By{}, err
		}
		read()
	}
	return by, no
}

func keyed(s *State, p PresentedKey, now time.Time) (By, error) {
	if strings.Contains(p.Thumbprint, ":") { // no thumbprint has that: it is how proofs of other kinds are called
		return By{}, stead.E(stead.Refused, stead.ReasonSignIn, "no agent has that key")
	}
	by := By{Host: "api", Key: p.Thumbprint, Address: p.Address}
	if i := s.Proved(p.Thumbprint); p.Thumbprint != "" && i != nil {
		by.Principal, by.Instance = i.Agent, i.ID
	} else if who := s.Named(stead.Agents, p.Agent); who != nil {
		by.Principal = who.ID
	} else {
		by.Principal = stead.PrincipalID(p.Agent)
	}
	if who := s.Principal(by.Principal); who != nil && p.Agent != "" && p.Agent != who.Name && p.Agent != string(who.ID) {
		return By{}, stead.E(stead.Refused, stead.ReasonSignIn, "that is no key of this agent")
	}
	return by, working(s, by, now)
}

// working tells whether the caller is an agent that may work: registered, in use, owned, and with a key that is its own or
// that of a live instance.
func working(s *State, by By, now time.Time) error {
	var f stead.Facts
	f.Actor = s.Principal(by.Principal)
	if s.agented(&f, by.Principal, by.Key); f.Actor == nil || f.Agent == nil || by.Key == "" {
		return stead.E(stead.Refused, stead.ReasonSignIn, "no agent has that key")
	}
	switch {
	case f.Agent.Retired || !f.Actor.Active():
		return stead.E(stead.Refused, stead.ReasonDisabled, "this agent was retired")
	case f.Agent.Suspended:
		return stead.E(stead.Refused, stead.ReasonSuspended, "this agent is suspended")
	case f.Owner == nil || !f.Owner.Active():
		return stead.E(stead.Refused, stead.ReasonOwnerless, "nobody answers for this agent any more: its owner is gone")
	case by.Instance != "":
		if f.Instance == nil || f.Instance.ID != by.Instance || f.Instance.Agent != by.Principal || f.Instance.Over(now, f.Heard) != stead.ReasonNone {
			return stead.E(stead.Refused, stead.ReasonSignIn, "this instance is over: enroll another")
		}
	case !proves(f.Agent, by.Key) && !s.shares(by) && !vouched(f.Agent, by) && !s.enrolls(by, now):
		return stead.E(stead.Refused, stead.ReasonSignIn, "no agent has that key")
	}
	return nil
}

func proves(r *stead.Registration, key string) bool {
	for _, k := range r.Keys {
		if k.Thumbprint == key {
			return true
		}
	}
	return false
}

// presents tells whether the caller is there at all: in a session, or as an agent with its key.
func presents(s *State, by By, now time.Time) error {
	if by.Key != "" {
		return working(s, by, now)
	}
	_, err := own(s, by, now)
	return err
}

// A NewInstance is a run of an agent to be enrolled.
type NewInstance struct {
	Key  stead.AgentKey
	For  time.Duration // 0: as the settings say
	Beat time.Duration // it is gone when it was not heard of for so long; 0: it need not be heard of
	Once []Once        // what proved its agent: never again
}

// longestRun is how long an instance lives at most: a day and time to spare for what it was started for.
const longestRun = 7 * stead.Day

// EnrollInstance begins a run of the calling agent, which proves its own key. Errors: refused, invalid, conflict used.
func (a *Authority) EnrollInstance(ctx context.Context, by By, n NewInstance) (stead.Instance, error) {
	var out stead.Instance
	id := stead.InstanceID(a.NewID(stead.PrefixInstance))
	t := attempt{verb: "instance.enroll", by: by, what: stead.Fields{"instance": string(id)}}
	err := a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		n.For = or(n.For, a.Settings.run())
		switch err := or(s.usedUp(by), working(s, by, now)); {
		case err != nil:
			return nil, err
		case by.Instance != "":
			return nil, stead.E(stead.Refused, stead.ReasonChain, "an instance enrolls no other: the agent does, with its own key")
		case n.Key.Thumbprint == "" || n.For < 0 || n.For > longestRun || n.Beat < 0:
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "an instance needs a key of its own, and lives for at most %s", longestRun)
		case s.Proved(n.Key.Thumbprint) != nil || s.registers(n.Key.Thumbprint, ""):
			return nil, inUse()
		}
		out = n.of(s, by, id, now)
		c := stead.Change{Event: stead.Event{Kind: "instance.enrolled", What: stead.Fields{"proof": out.Proof}}, Records: []stead.Record{out}, Counts: n.counts(by, now)}
		return []stead.Change{c}, a.roomFor(s, by.Principal)
	})
	return done(&out, err)
}

func (n NewInstance) of(s *State, by By, id stead.InstanceID, now time.Time) stead.Instance {
	agent := s.Agent(by.Principal)
	return stead.Instance{ID: id, Version: 1, Agent: agent.Principal, Person: agent.Person, Key: n.Key, Proof: s.proof(by), Beat: stead.Duration(n.Beat),
		Since: now, Until: now.Add(n.For)}
}

// roomFor: an agent that begins runs without an end of it is broken, or somebody else's.
func (a *Authority) roomFor(s *State, agent stead.PrincipalID) error {
	if most := a.Settings.most(); len(s.InstancesOf(agent)) >= most {
		return stead.E(stead.Conflict, stead.ReasonTooMany, "%d instances of this agent live already, which is the most: end some (agents.instances)", most)
	}
	return nil
}

func inUse() error {
	return stead.E(stead.Conflict, stead.ReasonUsed, "that key is in use: an instance has one of its own")
}

// registers tells whether a key is the own one of an agent other than one.
func (s *State) registers(thumbprint string, other stead.PrincipalID) (found bool) {
	for _, id := range list(s.provers.get(thumbprint)) {
		found = found || id != other
	}
	return found
}

// Beat is a sign of life of the calling instance. Errors: refused.
func (a *Authority) Beat(ctx context.Context, by By) error {
	return a.run(ctx, attempt{verb: "instance.beat", by: by}, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := working(s, by, now); err != nil {
			return nil, err
		}
		if by.Instance == "" {
			return nil, stead.E(stead.Conflict, stead.ReasonState, "only an instance has a heart: prove its key")
		}
		c := stead.Change{Event: stead.Event{Kind: "instance.beaten", What: stead.Fields{"instance": string(by.Instance)}}}
		c.Counts = []stead.Count{{Key: "beat/" + string(by.Instance), Op: stead.CountRaise, N: now.UnixMicro(), Until: s.Instance(by.Instance).Until}}
		return []stead.Change{c}, nil
	})
}

// EndInstance ends a run and the mandates it holds: by itself, its agent, who answers for it, security and admins.
// Errors: refused, missing.
func (a *Authority) EndInstance(ctx context.Context, by By, id stead.InstanceID) error {
	return a.GiveUp(ctx, by, id, "")
}

// GiveUp is EndInstance, with what went wrong. Errors: refused, missing, invalid.
func (a *Authority) GiveUp(ctx context.Context, by By, id stead.InstanceID, because string) error {
	t := attempt{verb: "instance.end", by: by, urgent: true, what: with(stead.Fields{"instance": string(id)}, "because", because)}
	return a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := presents(s, by, now); err != nil {
			return nil, err
		}
		if wrong := stead.WrongText("reason", because, stead.MostText); because != "" && wrong != "" {
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "%s", wrong)
		}
		i := s.Instance(id)
		if i == nil || by.Key != "" && i.Agent != by.Principal || by.Instance != "" && by.Instance != id {
			return nil, stead.E(stead.Missing, stead.ReasonNotYours, "there is no such instance")
		}
		if by.Key == "" {
			if err := a.overAgent(s, by, *s.Agent(i.Agent), now); err != nil {
				return nil, err
			}
		}
		return quitting(s, *i, stead.ReasonGone, now)
	})
}

// lost ends an instance whose time is over, or which was not heard of any more.
func (a *Authority) lost(ctx context.Context, id stead.InstanceID) error { return a.quit(ctx, id, "") }

// quit ends an instance that Stead itself ends; why "" is what its time says.
func (a *Authority) quit(ctx context.Context, id stead.InstanceID, why stead.Reason) error {
	return a.run(ctx, attempt{verb: "instance.end", urgent: true}, func(s *State, now time.Time) ([]stead.Change, error) {
		i := s.Instance(id)
		if i == nil {
			return nil, nil
		}
		if why == "" {
			why = i.Over(now, s.Heard(id))
		}
		if why == stead.ReasonNone {
			return nil, nil
		}
		return quitting(s, *i, why, now)
	})
}

// quitting ends an instance and every mandate that hangs on its key: those first.
func quitting(s *State, i stead.Instance, why stead.Reason, now time.Time) ([]stead.Change, error) {
	var all []stead.Change
	for _, id := range s.MandatesBy(i.Agent) {
		m := s.Mandate(id)
		if m.Key != i.Key.Thumbprint {
			continue
		}
		over, err := stead.Cease(*m, why, now)
		if err != nil {
			return nil, err
		}
		all = append(all, ended("mandate.ended", over))
	}
	e := stead.Event{Kind: "instance.ended", Subject: i.Agent, Reason: why, What: stead.Fields{"instance": string(i.ID)}}
	return append(all, stead.Change{Event: e, Records: []stead.Record{i.Close(why, now)}}), nil
}
