package authority

import (
	"context"
	"errors"
	"time"

	"github.com/steadhq/stead"
)

// Sweep ends what is over: sessions, mandates, and mandates that the laws or the policy do not let go on. Nothing needs
// it to be refused in time: every decision asks the time itself. It makes the ends known.
func (a *Authority) Sweep(ctx context.Context) error {
	now := a.Now()
	var sessions []stead.SessionID
	past := map[stead.MandateID]stead.Reason{}
	var active []stead.MandateID
	var lost []stead.InstanceID
	var turned []stead.MandateID
	a.Store.View().Read(func(s *State) {
		s.Sessions(func(e *stead.Session) {
			if e.Over(now, s.Seen(e.ID)) != stead.ReasonNone {
				sessions = append(sessions, e.ID)
			}
		})
		s.Instances(func(i *stead.Instance) {
			if i.Over(now, s.Heard(i.ID)) != stead.ReasonNone {
				lost = append(lost, i.ID)
			}
		})
		s.Mandates(func(m *stead.Mandate) {
			if r := due(s, *m, now); r != stead.ReasonNone {
				past[m.ID] = r
			} else if _, _, n := turn(s, *m, now); n > 0 {
				turned = append(turned, m.ID)
			} else if m.State == stead.Active {
				active = append(active, m.ID)
			}
		})
	})
	var errs []error
	for id, why := range past {
		errs = append(errs, a.cease(ctx, id, why))
	}
	for _, id := range sessions {
		errs = append(errs, a.overdue(ctx, id))
	}
	for _, id := range turned {
		errs = append(errs, a.tell(ctx, id))
	}
	for _, id := range lost {
		errs = append(errs, a.lost(ctx, id))
	}
	for _, id := range active {
		errs = append(errs, a.recheck(ctx, id))
	}
	return errors.Join(errs...)
}

// tidy ends what of the caller's is over, so that it stands in nobody's way until the next sweep.
func (a *Authority) tidy(ctx context.Context, by By) {
	now := a.Now()
	past := map[stead.MandateID]stead.Reason{}
	a.Store.View().Read(func(s *State) {
		for _, id := range s.MandatesBy(by.Principal) {
			if r := due(s, *s.Mandate(id), now); r != stead.ReasonNone {
				past[id] = r
			}
		}
	})
	for id, why := range past {
		if err := a.cease(ctx, id, why); err != nil {
			a.Alarm("a mandate that is over could not be ended: " + err.Error())
		}
	}
}

// overdue ends a session whose time is over.
func (a *Authority) overdue(ctx context.Context, id stead.SessionID) error {
	return a.run(ctx, attempt{verb: "session.end", urgent: true}, func(s *State, now time.Time) ([]stead.Change, error) {
		e := s.Session(id)
		if e == nil {
			return nil, nil
		}
		why := e.Over(now, s.Seen(id))
		if why == stead.ReasonNone {
			return nil, nil
		}
		return closing(s, *e, why, now)
	})
}

// recheck ends a mandate whose actor might not start it now: he or his subject changed, or the policy did.
func (a *Authority) recheck(ctx context.Context, id stead.MandateID) error {
	var c actCase
	var m stead.Mandate
	leased := false
	a.Store.View().Read(func(s *State) {
		if live := s.Mandate(id); live != nil {
			m, c, leased = *live, a.standing(s, *live), s.Count(leaseKey(id))%2 == 1
		}
	})
	why := a.goes(m, c)
	if why == stead.ReasonNone && leased {
		why = a.keeps(m)
	}
	if why != stead.ReasonNone {
		return a.cease(ctx, id, why)
	}
	return nil
}

// keeps tells whether policy would still let the holder of a lease do all that it was given for: who enters with a login of
// his own is not asked about again.
func (a *Authority) keeps(m stead.Mandate) stead.Reason {
	for _, q := range Uses(m) {
		switch d := a.Consider(q); d.Reason {
		case stead.ReasonPolicy, stead.ReasonFailed, stead.ReasonReadOnly:
			return stead.ReasonPolicy
		case stead.ReasonDuty:
			return d.Reason
		}
	}
	return stead.ReasonNone
}

// Uses are the questions that a lease of m is given on, one for each grant.
func Uses(m stead.Mandate) (all []stead.Question) {
	for _, e := range m.Scope.Grants {
		all = append(all, stead.Question{Actor: m.Actor, Subject: m.Subject, Mandate: m.ID, Key: m.Key, Action: e.Action, Columns: e.Columns, Rows: e.Rows, Until: m.Until,
			Resource: stead.Resource{App: e.System, Realm: "all", Path: "/", Name: e.Resource}})
	}
	return all
}

// standing is the case of a mandate as it would be asked now.
func (a *Authority) standing(s *State, m stead.Mandate) actCase {
	by := By{Session: m.Session, Principal: m.Actor, Key: m.Key}
	if m.Task != "" {
		return a.workCase(s, by, m)
	}
	return a.actCase(s, by, m.Subject, m.Scope.Apps[0], m.Target, m.Purpose, m.Mode, time.Duration(m.Bounds.Length))
}

// goes tells whether a mandate may go on, or why not. One without a session ends with that.
func (a *Authority) goes(m stead.Mandate, c actCase) stead.Reason {
	if m.Task != "" {
		if why, over := stead.Upheld(m, c.facts.Above, a.Now()); over {
			return why
		}
		return stead.Works(m, c.facts, a.judge(c.facts, c.Case))
	}
	if c.facts.Session == nil {
		return stead.ReasonNone
	}
	return stead.Goes(c.facts, a.judge(c.facts, c.Case))
}

// EndAll ends every session and mandate, after the store was brought back from an older copy: what was revoked since
// must not live again.
func (a *Authority) EndAll(ctx context.Context) error {
	var sessions []stead.SessionID
	var mandates []stead.MandateID
	var instances []stead.InstanceID
	a.Store.View().Read(func(s *State) {
		s.Sessions(func(e *stead.Session) { sessions = append(sessions, e.ID) })
		s.Mandates(func(m *stead.Mandate) { mandates = append(mandates, m.ID) })
		s.Instances(func(i *stead.Instance) { instances = append(instances, i.ID) })
	})
	var errs []error
	for _, id := range mandates {
		errs = append(errs, a.cease(ctx, id, stead.ReasonRevoked))
	}
	for _, id := range instances {
		errs = append(errs, a.quit(ctx, id, stead.ReasonRevoked))
	}
	for _, id := range sessions {
		errs = append(errs, a.run(ctx, attempt{verb: "session.end", urgent: true}, func(s *State, now time.Time) ([]stead.Change, error) {
			e := s.Session(id)
			if e == nil {
				return nil, nil
			}
			return closing(s, *e, stead.ReasonRevoked, now)
		}))
	}
	return errors.Join(errs...)
}
