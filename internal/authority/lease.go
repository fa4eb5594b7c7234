package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// A Lease is what an agent enters a connected system with. It is shown once and kept nowhere.
type Lease struct {
	System   stead.AppID
	URL      string // all of it in one line
	Host     string
	Port     uint16
	Database string
	User     string
	Password string
	Until    time.Time
	Given    []Given
}

// A Given says under which name a lease finds what was granted.
type Given struct {
	Resource string // as the entitlement names it
	Name     string // as the system names it
}

// leaseKey counts what became of the lease of a mandate: odd while it is out, even when it is not.
func leaseKey(id stead.MandateID) string { return "lease/" + string(id) }

// Grant records that the calling instance is given a lease in the system of its mandate, before it is made: once, until it is
// withdrawn. Errors: refused, missing, expired; conflict used where it is out.
func (a *Authority) Grant(ctx context.Context, by By, id stead.MandateID) (stead.Mandate, error) {
	var out stead.Mandate
	t := attempt{verb: "system.grant", by: by, mandate: id}
	err := a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := working(s, by, now); err != nil {
			return nil, err
		}
		m := s.Mandate(id)
		if m == nil || m.Actor != by.Principal || m.Task == "" || m.Key != by.Key {
			return nil, stead.E(stead.Missing, stead.ReasonNotYours, "there is no such mandate")
		}
		if err := s.inForce(*m, now); err != nil {
			return nil, err
		}
		n := s.Count(leaseKey(id))
		if n%2 == 1 {
			return nil, stead.E(stead.Conflict, stead.ReasonUsed, "its login was shown before, and is shown once: it is still good")
		}
		out = *m
		c := stead.Change{Event: stead.Event{Kind: "system.granted", App: m.Scope.Apps[0], Mandate: id, What: stead.Fields{"grants": number(len(m.Scope.Grants))}}}
		c.Counts = []stead.Count{{Key: leaseKey(id), Op: stead.CountPass, N: n + 1, Until: m.Until.Add(stead.Day)}}
		c = s.entered(c, *m, now)
		return []stead.Change{c}, nil
	})
	return done(&out, err)
}

func (s *State) inForce(m stead.Mandate, now time.Time) error {
	switch r := m.Over(now, s.Acted(m.ID)); {
	case r != stead.ReasonNone:
		return stead.E(stead.Expired, r, "%s", stead.Ending(r))
	case m.State != stead.Active:
		return stead.E(stead.Conflict, stead.ReasonState, "this mandate is %s, not in force", m.State)
	}
	if r, _ := stead.Upheld(m, s.above(&m), now); r != stead.ReasonNone {
		return stead.E(stead.Expired, r, "%s", stead.Ending(r))
	}
	return nil
}

// MayHold tells whether a mandate may have a lease: it is in force now. Errors: missing, expired, conflict.
func (a *Authority) MayHold(id stead.MandateID) error {
	var err error = stead.E(stead.Missing, stead.ReasonEnded, "there is no such mandate in force")
	a.Store.View().Read(func(s *State) {
		if m := s.Mandate(id); m != nil {
			err = s.inForce(*m, a.Now())
		}
	})
	return err
}

// MayLease tells whether the role of a lease may be made: its mandate is in force, and the grant on record still out. Errors:
// those of MayHold; conflict used.
func (a *Authority) MayLease(id stead.MandateID) error {
	err := a.MayHold(id)
	a.Store.View().Read(func(s *State) {
		if err == nil && s.Count(leaseKey(id))%2 == 0 {
			err = stead.E(stead.Conflict, stead.ReasonUsed, "this login was taken back before it was made: ask again")
		}
	})
	return err
}

// Leased are the mandates in force whose lease in a system is out.
func (a *Authority) Leased(system stead.AppID) (all []stead.MandateID) {
	now := a.Now()
	a.Store.View().Read(func(s *State) {
		s.Mandates(func(m *stead.Mandate) {
			if m.Task != "" && m.Scope.Apps[0] == system && s.Count(leaseKey(m.ID))%2 == 1 && s.inForce(*m, now) == nil {
				all = append(all, m.ID)
			}
		})
	})
	return all
}

// Withdrawn records that a lease is gone from its system, or with an error that it could not be taken back yet. What are the
// times it took.
func (a *Authority) Withdrawn(ctx context.Context, system stead.AppID, id stead.MandateID, what stead.Fields, failed error) error {
	t := attempt{verb: "system.withdraw", mandate: id, app: system, what: what, urgent: true}
	past, err := a.Store.Get(ctx, stead.KindMandate, string(id), 0)
	if err != nil && stead.KindOf(err) != stead.Missing {
		return err
	}
	if m, ok := past.(stead.Mandate); ok {
		t.subject = m.Subject
	}
	err = a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		if failed != nil {
			return nil, failed
		}
		c := stead.Change{Event: stead.Event{Kind: "system.withdrawn"}}
		if n := s.Count(leaseKey(id)); n%2 == 1 {
			c.Counts = []stead.Count{{Key: leaseKey(id), Op: stead.CountPass, N: n + 1, Until: now.Add(stead.Day)}}
		}
		return []stead.Change{c}, nil
	})
	if failed != nil && err == failed { //nolint:errorlint // the very one that was to be recorded
		return nil
	}
	return err
}
