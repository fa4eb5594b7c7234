package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// Start puts an approved mandate in force. A code proves the second factor where it was not proved just before; one
// that is not needed is not looked at. Errors: refused, missing, expired, conflict.
func (a *Authority) Start(ctx context.Context, by By, id stead.MandateID, code string) (stead.Mandate, error) {
	return a.again(ctx, by, id, code, "mandate.start",
		func(s *State, m stead.Mandate, c actCase, v stead.Verdict, now time.Time) (stead.Mandate, stead.EventKind, error) {
			m, err := stead.Start(m, c.facts, v, c.terms, finder(s), now)
			return m, "mandate.started", err
		})
}

// Extend gives a mandate one more term. Policy and laws are asked again. Errors: refused, missing, expired, conflict.
func (a *Authority) Extend(ctx context.Context, by By, id stead.MandateID, reason, code string) (stead.Mandate, error) {
	return a.again(ctx, by, id, code, "mandate.extend",
		func(_ *State, m stead.Mandate, c actCase, v stead.Verdict, now time.Time) (stead.Mandate, stead.EventKind, error) {
			m, err := stead.Extend(m, c.facts, v, c.terms, reason, now)
			return m, "mandate.extended", err
		})
}

type again func(*State, stead.Mandate, actCase, stead.Verdict, time.Time) (stead.Mandate, stead.EventKind, error)

// again runs a verb of the actor on his own mandate for which everything is asked once more.
func (a *Authority) again(ctx context.Context, by By, id stead.MandateID, code, verb string, r again) (stead.Mandate, error) {
	t := attempt{verb: verb, by: by, mandate: id}
	if err := a.fresh(ctx, t, code); err != nil {
		return stead.Mandate{}, err
	}
	past, err := a.Store.Get(ctx, stead.KindMandate, string(id), 0)
	if err != nil && stead.KindOf(err) != stead.Missing {
		return stead.Mandate{}, err
	}
	if m, ok := past.(stead.Mandate); ok && m.Actor == by.Principal { // or his own trail would tell him of others'
		t.subject = m.Subject
	}
	return a.judged(ctx, t, func(s *State) actCase {
		m := s.Mandate(id)
		if m == nil {
			return actCase{}
		}
		c := a.actCase(s, by, m.Subject, m.Scope.Apps[0], m.Target, m.Purpose, m.Mode, time.Duration(m.Bounds.Length))
		c.facts.Acted = s.Acted(id)
		return c
	}, func(s *State, c actCase, v stead.Verdict, now time.Time) (stead.Mandate, stead.EventKind, error) {
		m := s.Mandate(id)
		switch {
		case m == nil:
			return stead.Mandate{}, "", a.bygone(s, by, past, now)
		case m.Actor != by.Principal:
			return stead.Mandate{}, "", stead.E(stead.Missing, stead.ReasonNotYours, "there is no such mandate")
		}
		return r(s, *m, c, v, now)
	})
}

// fresh proves the second factor again when a code is given and the last proof does not count any more.
func (a *Authority) fresh(ctx context.Context, t attempt, code string) error {
	var e *stead.Session
	a.Store.View().Read(func(s *State) { e = s.Session(t.by.Session) })
	if code == "" || e == nil || a.Now().Before(e.Proved.Add(a.Settings.Terms.Fresh)) {
		return nil
	}
	step, err := a.proof(t.by, code)
	if err != nil {
		return a.refuse(ctx, t, err)
	}
	return a.run(ctx, attempt{verb: "session.raise", by: t.by.Untied()}, func(s *State, now time.Time) ([]stead.Change, error) {
		e, err := own(s, t.by, now)
		if err != nil {
			return nil, err
		}
		c := stead.Change{Event: stead.Event{Kind: "session.raised"}, Records: []stead.Record{e.Prove(now)}}
		return []stead.Change{seen(spend(c, t.by.Principal, step), e, now)}, nil
	})
}

// Claim takes a mandate that has not begun from the session that asked for it to the caller's, both his own: what was
// asked for at the command line is started in a browser. Errors: missing, expired, conflict.
func (a *Authority) Claim(ctx context.Context, by By, id stead.MandateID) (stead.Mandate, error) {
	t := attempt{verb: "mandate.claim", by: by, mandate: id}
	return a.mandate(ctx, t, "mandate.claimed", func(s *State, m stead.Mandate, now time.Time) (stead.Mandate, error) {
		e, err := own(s, by, now)
		if err != nil {
			return m, err
		}
		if m.Session == by.Session {
			return m, stead.E(stead.Conflict, stead.ReasonState, "it hangs on this session already: start it")
		}
		return stead.Claim(m, stead.Facts{Actor: s.Principal(by.Principal), Session: &e, Acting: s.Acting(e.ID)}, now)
	})
}
