package authority

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/steadhq/stead"
)

// Mandates lists what has not ended and is the caller's business: what he holds, what is held for him, what waits for
// his yes. All asks for everybody's, for admins, security and auditors. Errors: refused, missing.
func (a *Authority) Mandates(_ context.Context, by By, all bool) ([]stead.Mandate, error) {
	var found []stead.Mandate
	var err error
	a.Store.View().Read(func(s *State) {
		if _, err = own(s, by, a.Now()); err != nil {
			return
		}
		if all {
			if err = a.may(s, by, a.Now(), Onlookers()...); err != nil {
				return
			}
		}
		p := s.Principal(by.Principal)
		s.Mandates(func(m *stead.Mandate) {
			if all || p.ID == m.Actor || p.ID == m.Subject || waitsFor(s, *p, *m, a.Now()) {
				found = append(found, *m)
			}
		})
	})
	slices.SortFunc(found, func(m, n stead.Mandate) int {
		return cmp.Or(n.AskedAt.Compare(m.AskedAt), cmp.Compare(m.ID, n.ID))
	})
	return found, err
}

// waitsFor tells whether a request waits for this one's yes.
func waitsFor(s *State, p stead.Principal, m stead.Mandate, now time.Time) bool {
	if m.State != stead.Asked {
		return false
	}
	stage := m.Stage(finder(s))
	return stage < len(m.Stages) && m.Stages[stage].Eligible(p, m.Waited(stage, now))
}

// Mandate tells about one mandate, ended ones included, to those whose business it is; to an agent about its own. Errors: refused, missing.
func (a *Authority) Mandate(ctx context.Context, by By, id stead.MandateID) (stead.Mandate, error) {
	r, err := a.Store.Get(ctx, stead.KindMandate, string(id), 0)
	if err != nil && stead.KindOf(err) != stead.Missing {
		return stead.Mandate{}, err
	}
	m, ok := r.(stead.Mandate)
	a.Store.View().Read(func(s *State) {
		if err = presents(s, by, a.Now()); err != nil {
			return
		}
		if !ok || by.Key != "" && m.Actor != by.Principal || by.Key == "" && !a.sees(s, *s.Principal(by.Principal), m) {
			err = stead.E(stead.Missing, stead.ReasonNotYours, "there is no such mandate")
		}
	})
	if err != nil {
		return stead.Mandate{}, err
	}
	return m, nil
}

// Sessions lists the caller's live sessions, or everybody's for admins and security. Errors: refused.
func (a *Authority) Sessions(_ context.Context, by By) ([]stead.Session, error) {
	var found []stead.Session
	var err error
	a.Store.View().Read(func(s *State) {
		now := a.Now()
		if _, err = own(s, by, now); err != nil {
			return
		}
		everybody := a.may(s, by, now, Admin, Security) == nil
		s.Sessions(func(e *stead.Session) {
			if (everybody || e.Principal == by.Principal) && e.Over(now, s.Seen(e.ID)) == stead.ReasonNone {
				shown := *e
				shown.Passes = nil
				found = append(found, shown)
			}
		})
	})
	slices.SortFunc(found, func(e, f stead.Session) int { return f.Since.Compare(e.Since) })
	return found, err
}

// Events reads the trail: everything for auditors, security and admins; else what the caller did, what was done for him, and
// what agents did that he answers for. Errors: refused, broken.
func (a *Authority) Events(ctx context.Context, by By, q EventQuery) ([]StoredEvent, error) {
	if err := a.readable(ctx, by, &q); err != nil {
		return nil, err
	}
	return a.Store.Events(ctx, q)
}

// readable narrows a query to what its asker may read.
func (a *Authority) readable(ctx context.Context, by By, q *EventQuery) (err error) {
	doer := q.Actor
	if past, no := a.Store.Get(ctx, stead.KindMandate, string(q.Mandate), 0); q.Mandate != "" && no == nil {
		if m, ok := past.(stead.Mandate); ok {
			doer = m.Actor
		}
	}
	a.Store.View().Read(func(s *State) {
		now := a.Now()
		if _, err = own(s, by, now); err != nil || a.may(s, by, now, Onlookers()...) == nil {
			return
		}
		if r := s.Agent(doer); r != nil && r.Owner == by.Principal {
			return
		}
		if q.Either != "" && q.Either != by.Principal {
			err = stead.E(stead.Refused, stead.ReasonNotYours, "you may read what you did and what was done for you")
		}
		q.Either = by.Principal
	})
	return err
}
