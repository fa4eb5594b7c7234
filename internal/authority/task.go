package authority

import (
	"context"
	"errors"
	"time"

	"github.com/steadhq/stead"
)

// A TaskAsk is what an agent asks for: one of its declared tasks, or less of it.
type TaskAsk struct {
	Task    string
	Purpose stead.Purpose // a missing reason is the task's own purpose
	Mode    stead.Mode    // empty: read-only
	For     time.Duration // 0: as long as the task says
	Grants  []stead.Entitlement

	Conditions map[string][]string // on the arguments of what is done: an argument outside of these is refused
	Budget     map[string]int64    // less than the task's
	Asserted   stead.PrincipalID   // the service through which it is asked
	Call       string              // the one call it is for, where there is one
}

// AskTask makes a mandate for a task of the calling agent: approved at once, or waiting for those who must agree. Errors:
// refused, missing, invalid, conflict.
func (a *Authority) AskTask(ctx context.Context, by By, w TaskAsk) (stead.Mandate, error) {
	w.Mode = or(w.Mode, stead.ReadOnly)
	a.tidy(ctx, by)
	t := attempt{verb: "mandate.ask", by: by, subject: by.Principal, mandate: stead.MandateID(a.NewID(stead.PrefixMandate)), wants: w.Grants,
		what: stead.Fields{"task": w.Task, "mode": string(w.Mode)}}
	t.what = with(with(with(t.what, "reason", w.Purpose.Reason), "ticket", w.Purpose.Ticket), "asserted", string(w.Asserted))
	return a.judged(ctx, t, func(s *State) actCase {
		return a.taskCase(s, by, w.Task, w.Purpose, w.Mode, w.For)
	}, func(s *State, c actCase, v stead.Verdict, now time.Time) (stead.Mandate, stead.EventKind, error) {
		if err := working(s, by, now); err != nil {
			return stead.Mandate{}, "", err
		}
		if len(s.MandatesBy(by.Principal)) >= mostMandates {
			return stead.Mandate{}, "", stead.E(stead.Conflict, stead.ReasonActing, "this agent holds or awaits %d mandates already: complete or withdraw some", mostMandates)
		}
		wish := stead.Wish{ID: t.mandate, Purpose: w.Purpose, Mode: w.Mode, For: w.For, Scope: stead.Scope{Grants: w.Grants, Conditions: w.Conditions}, Budget: w.Budget, Call: w.Call}
		m, err := stead.AskTask(wish, w.Task, c.facts, v, c.terms, now)
		return m, "mandate.asked", err
	})
}

// Requested finds what an agent asked for, for a service that may ask about all that it covers. Errors: missing.
func (a *Authority) Requested(ctx context.Context, by stead.PrincipalID, id stead.MandateID) (stead.Mandate, error) {
	var m *stead.Mandate
	a.Store.View().Read(func(s *State) { m = s.Mandate(id) })
	if m == nil {
		r, err := a.Store.Get(ctx, stead.KindMandate, string(id), 0)
		if err != nil && stead.KindOf(err) != stead.Missing {
			return stead.Mandate{}, err
		}
		if past, ok := r.(stead.Mandate); ok {
			m = &past
		}
	}
	right := a.Settings.Evaluator(by)
	if m == nil || m.Task == "" || right == nil || !right.Covers(m.Scope) {
		return stead.Mandate{}, stead.E(stead.Missing, stead.ReasonNotYours, "there is no such request")
	}
	return *m, nil
}

// WithdrawRequest takes back what an agent asked for and has not begun, for a service that checks keys and may ask about all that it
// covers. With an error comes how the request stands. Errors: missing, expired, conflict.
func (a *Authority) WithdrawRequest(ctx context.Context, by By, id stead.MandateID) (stead.Mandate, error) {
	t := attempt{verb: "mandate.withdraw", by: by, mandate: id, urgent: true}
	m, no := a.Requested(ctx, by.Principal, id)
	if no != nil && stead.KindOf(no) != stead.Missing {
		return m, no
	}
	err := a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		if right := a.Settings.Evaluator(by.Principal); no != nil || right == nil || !right.Keys {
			return nil, stead.E(stead.Missing, stead.ReasonNotYours, "there is no such request")
		}
		live := s.Mandate(id)
		if live == nil {
			return nil, stead.E(stead.Conflict, or(m.Why, stead.ReasonEnded), "it has ended already")
		}
		if live.Over(now, time.Time{}) == stead.ReasonNotStarted {
			return nil, stead.E(stead.Expired, stead.ReasonNotStarted, "its time is over")
		}
		over, err := stead.Withdraw(*live, by.Principal, by.Principal, now)
		if m = over; err != nil {
			return nil, err
		}
		return []stead.Change{ended("mandate.withdrawn", over)}, nil
	})
	return m, err
}

// mostMandates is how many an agent may hold or await at once.
const mostMandates = 1000

// StartTask puts an approved mandate of the calling agent in force, for the instance that calls. Errors: refused, missing,
// expired, conflict.
func (a *Authority) StartTask(ctx context.Context, by By, id stead.MandateID) (stead.Mandate, error) {
	t := attempt{verb: "mandate.start", by: by, subject: by.Principal, mandate: id}
	past, err := a.Store.Get(ctx, stead.KindMandate, string(id), 0)
	if err != nil && stead.KindOf(err) != stead.Missing {
		return stead.Mandate{}, err
	}
	return a.judged(ctx, t, func(s *State) actCase {
		m := s.Mandate(id)
		if m == nil || m.Actor != by.Principal {
			return actCase{}
		}
		return a.workCase(s, by, *m)
	}, func(s *State, c actCase, v stead.Verdict, now time.Time) (stead.Mandate, stead.EventKind, error) {
		if err := working(s, by, now); err != nil {
			return stead.Mandate{}, "", err
		}
		m := s.Mandate(id)
		switch {
		case m == nil:
			return stead.Mandate{}, "", a.bygone(s, by, past, now)
		case m.Actor != by.Principal || m.Task == "":
			return stead.Mandate{}, "", stead.E(stead.Missing, stead.ReasonNotYours, "there is no such mandate")
		}
		started, err := stead.StartTask(*m, c.facts, v, finder(s), now)
		return started, "mandate.started", err
	})
}

// Complete ends a mandate because its task is done: said by the agent, by who answers for it, or by an admin. Result is
// what came of it. Errors: refused, missing, conflict.
func (a *Authority) Complete(ctx context.Context, by By, id stead.MandateID, result string) (stead.Mandate, error) {
	t := attempt{verb: "mandate.complete", by: by, mandate: id, urgent: true, what: stead.Fields{}}
	t.what = with(t.what, "result", result)
	return a.mandate(ctx, t, "mandate.completed", func(s *State, m stead.Mandate, now time.Time) (stead.Mandate, error) {
		switch {
		case stead.WrongText("result", result, stead.MostText) != "":
			return m, stead.E(stead.Invalid, stead.ReasonRequest, "%s", stead.WrongText("result", result, stead.MostText))
		case m.Task != "" && by.Principal == m.Actor:
			if err := working(s, by, now); err != nil {
				return m, err
			}
		default:
			if err := a.over(s, by, m, now); err != nil {
				return m, err
			}
		}
		return stead.Complete(m, by.Principal, now)
	})
}

// CompleteTransaction ends the mandates for a transaction, in applications that the calling service may ask about, and tells how
// many: the service says that it is over (R37). Errors: invalid, refused.
func (a *Authority) CompleteTransaction(ctx context.Context, by By, id string) (n int, err error) {
	wrong := stead.WrongTransaction(id)
	t := attempt{verb: "mandate.complete", by: by, urgent: true, what: stead.Fields{}}
	if wrong == "" {
		t.what[stead.Transaction] = id
	}
	err = a.run(ctx, t, func(s *State, now time.Time) (all []stead.Change, err error) {
		right := a.Settings.Evaluator(by.Principal)
		switch {
		case wrong != "":
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "%s", wrong)
		case right == nil:
			return nil, stead.E(stead.Refused, stead.ReasonRights, "who may ask about an application says what is over in it")
		}
		s.Mandates(func(m *stead.Mandate) {
			if m.State == stead.Ended || m.Scope.Transaction() != id || !right.Covers(m.Scope) {
				return
			}
			over, no := stead.CompleteTransaction(*m, by.Principal, now)
			all, err = append(all, unasked(s, "mandate.completed", *m, over)), errors.Join(err, no)
		})
		n = len(all)
		return all, err
	})
	return done(&n, err)
}

// taskCase is what policy is asked about a task, and the facts for the laws: may this agent act for itself in that system?
func (a *Authority) taskCase(s *State, by By, task string, p stead.Purpose, mode stead.Mode, length time.Duration) actCase {
	c := actCase{terms: a.Settings.Terms, facts: stead.Facts{Index: s.Index(), Actor: s.Principal(by.Principal), Policy: s.PolicyDigest(),
		Issuers: a.Settings.trusted(), Distrust: a.distrust()}}
	f := &c.facts
	f.Subject = f.Actor
	s.agented(f, by.Principal, by.Key)
	if f.Actor == nil || f.Agent == nil {
		return c
	}
	declared := f.Agent.Task(task)
	if declared == nil {
		return c
	}
	if f.App = a.Settings.App(declared.Grants[0].System); f.App != nil && len(f.App.Realms) > 0 {
		f.Realm = &f.App.Realms[0]
	}
	a.laws(s, f, declared.Grants)
	p.Reason = or(p.Reason, declared.Purpose)
	c.Case = Case{Action: stead.ActionAct, Capacity: Self, Principal: f.Actor, Subject: f.Actor, App: f.App, Realm: f.Realm, Path: "/",
		Mode: mode, Purpose: p, Task: task, Length: or(length, or(time.Duration(declared.Length), stead.Day)), Now: a.Now(), Zone: a.Settings.Zone,
		Address: by.Address}
	return c
}

// laws sets in the facts what segments and exclusions say of a wish.
func (a *Authority) laws(s *State, f *stead.Facts, grants []stead.Entitlement) {
	who := []stead.PrincipalID{f.Agent.Principal}
	if f.Subject != nil {
		who = append(who, f.Subject.ID)
	}
	a.way(s, f, who...)
	s.wished(f, grants)
}

// inOwnRight asks policy what an agent may do for itself, and for an employee's agent what he may: it never has more.
func (a *Authority) inOwnRight(f stead.Facts, c Case) stead.Verdict {
	c.Capacity, c.Principal = Self, f.Actor
	v := a.under(f.Policy, c)
	if f.Agent != nil && f.Agent.Kind == stead.Employee && f.Owner != nil {
		c.Principal, c.Subject = f.Owner, f.Owner
		v = both(v, a.under(f.Policy, c))
	}
	v.Rights = stead.Evaluated
	return v
}
