package authority

import (
	"context"
	"slices"
	"time"

	"github.com/steadhq/stead"
)

// ended is the change of a mandate that is over.
func ended(kind stead.EventKind, m stead.Mandate) stead.Change {
	return moved(kind, m, m.Why)
}

// moved is the change of a mandate that went on to another state.
func moved(kind stead.EventKind, m stead.Mandate, why stead.Reason) stead.Change {
	e := stead.Event{Kind: kind, Subject: m.Subject, Mandate: m.ID, Reason: why}
	if len(m.Scope.Apps) == 1 {
		e.App = m.Scope.Apps[0]
	}
	e.What = stead.Fields{"mode": string(m.Mode), "reason": m.Purpose.Reason, "holder": string(m.Actor)}
	e.What = with(with(with(e.What, "ticket", m.Purpose.Ticket), "parent", string(m.Parent)), stead.Transaction, m.Scope.Transaction())
	if !m.Until.IsZero() && m.State != stead.Ended {
		e.What = with(e.What, "until", m.Until.UTC().Format(time.RFC3339))
	}
	return stead.Change{Event: e, Records: []stead.Record{m}}
}

// unasked ends a mandate that its actor did not end himself. If it was in force, he must acknowledge the end before
// anything from his session is served there again (R16).
func unasked(s *State, kind stead.EventKind, before, m stead.Mandate) stead.Change {
	c := ended(kind, m)
	e := s.Session(m.Session)
	if e == nil || before.State != stead.Active && before.State != stead.Suspended {
		return c
	}
	after := *e
	after.Unseen, after.Version = stead.Unseen{Mandate: m.ID, Apps: m.Scope.Apps}, after.Version+1
	c.Records = append(c.Records, after)
	return c
}

// cease ends a mandate for a reason outside of it, if it has not ended yet. That its time is over is asked again at the
// head of the log: it may have been started or extended in its last moment.
func (a *Authority) cease(ctx context.Context, id stead.MandateID, why stead.Reason) error {
	t := attempt{verb: "mandate.end", mandate: id, urgent: true}
	return a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		before := s.Mandate(id)
		if before == nil {
			return nil, nil
		}
		switch why {
		case stead.ReasonNotStarted, stead.ReasonExpired, stead.ReasonIdle:
			if why = due(s, *before, now); why == stead.ReasonNone {
				return nil, nil
			}
		}
		m, err := stead.Cease(*before, why, now)
		if err != nil {
			return nil, err
		}
		return []stead.Change{unasked(s, "mandate.ended", *before, m)}, nil
	})
}

// Acknowledge notes that the actor has seen the end of his mandate. Errors: refused; conflict when there is none.
func (a *Authority) Acknowledge(ctx context.Context, by By) error {
	return a.run(ctx, attempt{verb: "mandate.acknowledge", by: by}, func(s *State, now time.Time) ([]stead.Change, error) {
		e, err := own(s, by, now)
		if err != nil {
			return nil, err
		}
		if e.Unseen.IsZero() {
			return nil, stead.E(stead.Conflict, stead.ReasonState, "there is nothing to acknowledge")
		}
		c := stead.Change{Event: stead.Event{Kind: "mandate.acknowledged", Mandate: e.Unseen.Mandate}}
		e.Unseen, e.Version = stead.Unseen{}, e.Version+1
		c.Records = []stead.Record{e}
		return []stead.Change{seen(c, e, now)}, nil
	})
}

// hangs lists the mandates that an account or an agent it answers for holds, or that are held for it, each once.
func hangs(s *State, id stead.PrincipalID) []stead.MandateID {
	all := append(slices.Clone(s.MandatesBy(id)), s.MandatesFor(id)...)
	for _, agent := range s.Owned(id) {
		all = append(all, s.MandatesBy(agent)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
