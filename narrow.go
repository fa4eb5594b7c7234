package stead

import (
	"maps"
	"slices"
	"time"
)

// MostDepth is how many times a mandate may be passed on below the one that was asked for.
const MostDepth = 8

// A Link is one mandate that another was narrowed from, with who holds it and what is true of him now.
type Link struct {
	Mandate  *Mandate
	Actor    *Principal
	Agent    *Registration // of the actor
	Owner    *Principal    // who answers for it
	Instance *Instance     // that holds the mandate
	Heard    time.Time     // its last sign of life
	Acted    time.Time     // the mandate's last own use
	Spent    map[string]int64
}

// A Passing is what of a mandate is passed on to another agent. What it leaves open is as much as the mandate and the other
// agent's own task both allow.
type Passing struct {
	ID         MandateID
	Task       string        // of the other agent; "" is the first of its tasks that is enough
	Grants     []Entitlement // none named: all that both allow
	Conditions map[string][]string
	Mode       Mode
	For        time.Duration // 0: as long as both allow
	Budget     map[string]int64
	Last       bool // it is passed on no further
}

// Narrow makes a mandate for the agent f.Actor out of a part of parent, or says why not. f.Above begins with the parent. The
// subject stays; rights, mode, time, budget and depth only shrink.
func Narrow(parent Mandate, p Passing, f Facts, v Verdict, t Terms, now time.Time) (Mandate, error) {
	if err := mayPass(parent, f, now); err != nil {
		return Mandate{}, err
	}
	p, declared, err := p.settled(parent, f)
	if err != nil {
		return Mandate{}, err
	}
	if err := open(f); err != nil {
		return Mandate{}, err
	}
	if err := apart(f, p.Grants); err != nil {
		return Mandate{}, err
	}
	if err := permitted(parent.Purpose, p.Mode, f, v); err != nil {
		return Mandate{}, err
	}
	if len(v.Obligations.Approvals) > 0 {
		return Mandate{}, E(Refused, ReasonWaiting, "%s must agree before %s does this: it asks for a mandate of its own", v.Obligations.Approvals[0], f.Actor.Name)
	}
	m := Mandate{
		ID: p.ID, Version: 1, State: Approved, Actor: f.Actor.ID, Subject: parent.Subject, Parent: parent.ID,
		People: people(parent.People, f.Actor.Person), Task: declared.ID, Purpose: parent.Purpose, Mode: p.Mode, Scope: parent.Scope,
		Bounds: declared.bounds(Wish{For: p.For, Budget: least(parent.Bounds.Budget, p.Budget)}, v.Obligations, t),
		Rules:  v.Rules, Notify: v.Obligations.Notify, AskedAt: now, StartBy: earlier(now.Add(t.StartWindow), parent.Until),
	}
	m.Scope.Grants, m.Scope.Conditions = p.Grants, p.Conditions
	m.Bounds.Length = min(m.Bounds.Length, Duration(parent.Until.Sub(now)))
	m.Bounds.Idle = parent.Bounds.Idle
	if m.MaxDepth = min(parent.MaxDepth-1, declared.Depth); p.Last {
		m.MaxDepth = 0
	}
	m.MaxDepth, m.Delegates = delegates(m.MaxDepth, parent.Delegates, declared.Delegates)
	m.Digest = m.Sum()
	return m, nil
}

// mayPass holds the laws of passing on that no policy can lift.
func mayPass(parent Mandate, f Facts, now time.Time) error {
	if err := mayWork(f, now); err != nil {
		return err
	}
	switch {
	case parent.Session != "" || parent.MaxDepth <= 0 || len(f.Above) >= MostDepth+1:
		return E(Refused, ReasonChain, "this mandate is not passed on any further")
	case len(f.Above) == 0 || f.Above[0].Mandate == nil || f.Above[0].Mandate.ID != parent.ID:
		return E(Expired, ReasonAbove, "%s", Ending(ReasonAbove))
	case len(parent.Delegates) > 0 && !slices.Contains(parent.Delegates, f.Actor.Name):
		return E(Refused, ReasonChain, "this mandate is not passed on to %s", f.Actor.Name)
	case !slices.Contains(parent.Delegates, f.Actor.Name) && slices.ContainsFunc(f.Above, func(l Link) bool { return l.Actor != nil && l.Actor.ID == f.Actor.ID }):
		return E(Refused, ReasonChain, "%s stands in this chain already", f.Actor.Name)
	case f.Subject == nil || f.Subject.ID != parent.Subject || !f.Subject.Active():
		return E(Refused, ReasonUnknown, "whom this mandate is for is not there any more")
	}
	return upheld(Mandate{Parent: parent.ID, Subject: parent.Subject}, f.Above, now)
}

// Settled fills in what p leaves open, for who asks policy about it. Errors: refused, invalid.
func (p Passing) Settled(parent Mandate, f Facts) (Passing, error) {
	if f.Agent == nil || f.Actor == nil {
		return p, E(Refused, ReasonDisabled, "no agent asks for this")
	}
	p, _, err := p.settled(parent, f)
	return p, err
}

// settled chooses which of the other agent's tasks it is, and what of the parent lies in it.
func (p Passing) settled(parent Mandate, f Facts) (Passing, Task, error) {
	if err := p.within(parent); err != nil {
		return p, Task{}, err
	}
	all, err := stricter(parent.Scope.Conditions, p.Conditions)
	if err != nil {
		return p, Task{}, err
	}
	p.Conditions = all
	for _, t := range f.Agent.Tasks {
		if some := t.both(parent, p); len(some) > 0 && (p.Task == "" || p.Task == t.ID) {
			p.Task, p.Grants, p.Mode = t.ID, some, t.modeOf(parent, p.Mode, some)
			if p.Mode == Edit && t.Mode != Edit {
				return p, t, E(Refused, ReasonReadOnly, "the task %s of %s is read-only", t.ID, f.Actor.Name)
			}
			return p, t, nil
		}
	}
	return p, Task{}, E(Refused, ReasonScope, "%s has declared no task that needs this: its owner declares it", f.Actor.Name)
}

// within tells whether nothing is asked for that the parent does not hold.
func (p Passing) within(parent Mandate) error {
	switch {
	case p.For < 0:
		return E(Invalid, ReasonRequest, "a mandate cannot last %s", p.For)
	case wrongBudget(p.Budget) != "":
		return E(Invalid, ReasonRequest, "%s", wrongBudget(p.Budget))
	case p.Mode != "" && p.Mode != ReadOnly && p.Mode != Edit:
		return E(Invalid, ReasonRequest, "a mandate is read-only or edit, not %q", p.Mode)
	case Scope{Grants: p.Grants, Conditions: p.Conditions}.wrong() != "":
		return E(Invalid, ReasonRequest, "%s", Scope{Grants: p.Grants, Conditions: p.Conditions}.wrong())
	case Scope{Grants: p.Grants, Conditions: p.Conditions}.large() || len(p.Budget) > mostGrants:
		return E(Invalid, ReasonRequest, "a mandate has at most %d grants, columns, conditions or budgets each", mostGrants)
	case len(parent.Scope.Grants) == 0 || !Task{Grants: parent.Scope.Grants}.Allows(p.Grants):
		return E(Refused, ReasonScope, "the mandate that is passed on does not cover this")
	case p.Mode == Edit && parent.Mode != Edit:
		return E(Refused, ReasonReadOnly, "the mandate that is passed on is read-only")
	}
	return nil
}

// both is what the parent and the task both allow of what is asked for: all of it, or nothing; where nothing is named,
// whatever there is.
func (t Task) both(parent Mandate, p Passing) (all []Entitlement) {
	if len(p.Grants) > 0 {
		if t.Allows(p.Grants) {
			return p.Grants
		}
		return nil
	}
	for _, had := range parent.Scope.Grants {
		for _, needed := range t.Grants {
			switch {
			case needed.Covers(had):
				all = append(all, had)
			case had.Covers(needed):
				all = append(all, needed)
			}
		}
	}
	return all
}

// modeOf is the mode that is asked for; where none is, as much as the grants have use for.
func (t Task) modeOf(parent Mandate, asked Mode, grants []Entitlement) Mode {
	if asked != "" {
		return asked
	}
	if parent.Mode == Edit && t.Mode == Edit && slices.ContainsFunc(grants, func(e Entitlement) bool { return changes(e.Action) }) {
		return Edit
	}
	return ReadOnly
}

// stricter adds conditions to those that are there: what was allowed for an argument may only become less.
func stricter(had, more map[string][]string) (map[string][]string, error) {
	if len(more) == 0 {
		return had, nil
	}
	all := maps.Clone(more)
	for name, allowed := range had {
		wanted, said := more[name]
		if !said {
			all[name] = allowed
			continue
		}
		if slices.ContainsFunc(wanted, func(v string) bool { return !slices.Contains(allowed, v) }) {
			return nil, E(Refused, ReasonScope, "the mandate that is passed on has a narrower condition on %q", name)
		}
	}
	return all, nil
}

// delegates are those to whom it may be passed on further, of two lists of which an empty one is everybody.
func delegates(depth int, a, b []string) (int, []string) {
	switch {
	case depth <= 0:
		return 0, nil
	case len(a) == 0:
		return depth, b
	case len(b) == 0:
		return depth, a
	}
	both := slices.DeleteFunc(slices.Clone(a), func(name string) bool { return !slices.Contains(b, name) })
	if len(both) == 0 {
		return 0, nil
	}
	return depth, both
}

func people(all []PersonKey, one PersonKey) []PersonKey {
	if one == "" || slices.Contains(all, one) {
		return all
	}
	return append(slices.Clip(all), one)
}
