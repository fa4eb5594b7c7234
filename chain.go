package stead

import "time"

// chained tells whether above is all that m was narrowed from, nearest first, up to what was asked for.
func chained(m Mandate, above []Link) bool {
	parent := m.Parent
	for _, l := range above {
		if l.Mandate == nil || l.Mandate.ID != parent || l.Mandate.Subject != m.Subject {
			return false
		}
		parent = l.Mandate.Parent
	}
	return parent == ""
}

// upheld tells whether everything that m was narrowed from is in force now.
func upheld(m Mandate, above []Link, now time.Time) error {
	if n := holding(m, above, now); n != nil {
		return E(Expired, n.reason, "%s", n.text)
	}
	return nil
}

// Upheld asks the same of who goes on under m: ReasonNone, or why not, and whether m is over with it.
func Upheld(m Mandate, above []Link, now time.Time) (why Reason, over bool) {
	if n := holding(m, above, now); n != nil {
		return n.reason, n.final
	}
	return ReasonNone, false
}

func holding(m Mandate, above []Link, now time.Time) *no {
	if !chained(m, above) {
		return &no{ReasonAbove, Ending(ReasonAbove), true}
	}
	for _, l := range above {
		if n := l.stands(now); n != nil {
			return n
		}
	}
	return nil
}

// stands: the mandate is in force, and who holds it may go on working under it.
func (l Link) stands(now time.Time) *no {
	m, over := l.Mandate, &no{ReasonAbove, Ending(ReasonAbove), true}
	if l.Actor == nil || l.Actor.ID != m.Actor || l.Actor.Kind != Agent {
		return over
	}
	if n := registered(Facts{Actor: l.Actor, Agent: l.Agent, Owner: l.Owner}); n != nil {
		if !n.final {
			return &no{n.reason, "an agent further up the chain is suspended", false}
		}
		return over
	}
	switch i := l.Instance; {
	case i == nil || i.Agent != m.Actor || i.Key.Thumbprint != m.Key || i.Over(now, l.Heard) != ReasonNone:
		return over
	case m.Over(now, l.Acted) != ReasonNone:
		return over
	case m.State == Suspended:
		return &no{ReasonSuspended, "a mandate further up the chain is suspended", false}
	case m.State != Active:
		return over
	case m.Task != "" && !l.Agent.Allows(m.Scope.Grants):
		return over
	}
	return nil
}

// above: of a mandate that was passed on, every link up to the first is in force, and covers this.
func above(q Question, f Facts, now time.Time) *no {
	if !q.Delegated() {
		return nil
	}
	if n := holding(*f.Mandate, f.Above, now); n != nil {
		return n
	}
	for _, l := range f.Above {
		switch m := l.Mandate; {
		case !m.Scope.Covers(q):
			return &no{ReasonScope, "a mandate further up the chain does not cover this", false}
		case changes(q.Action) && m.Mode != Edit:
			return &no{ReasonReadOnly, "a mandate further up the chain is read-only", false}
		}
		if n := affords(*l.Mandate, l.Spent, q.Context.Cost); n != nil {
			return n
		}
	}
	return nil
}
