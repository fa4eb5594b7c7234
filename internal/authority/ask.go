package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// Ask is what an actor asks for.
type Ask struct {
	Subject stead.PrincipalID
	App     stead.AppID
	Purpose stead.Purpose
	Mode    stead.Mode    // empty: read-only
	For     time.Duration // 0: the default
	Target  string        // path on the application to land on
}

// tries is how often a verb asks policy again when the policy changed under it.
const tries = 3

// Ask makes a mandate: approved at once, or waiting for those who must agree. Errors: refused, missing, invalid,
// conflict.
func (a *Authority) Ask(ctx context.Context, by By, w Ask) (stead.Mandate, error) {
	w.Mode = or(w.Mode, stead.ReadOnly)
	a.tidy(ctx, by)
	t := attempt{verb: "mandate.ask", by: by, subject: w.Subject, app: w.App,
		mandate: stead.MandateID(a.NewID(stead.PrefixMandate)),
		what:    stead.Fields{"reason": w.Purpose.Reason, "mode": string(w.Mode)}}
	t.what = with(t.what, "ticket", w.Purpose.Ticket)
	return a.judged(ctx, t, func(s *State) actCase {
		return a.actCase(s, by, w.Subject, w.App, w.Target, w.Purpose, w.Mode, w.For)
	}, func(s *State, c actCase, v stead.Verdict, now time.Time) (stead.Mandate, stead.EventKind, error) {
		if err := noAgent(s, by, now); err != nil {
			return stead.Mandate{}, "", err
		}
		wish := stead.Wish{ID: t.mandate, Purpose: w.Purpose, Mode: w.Mode, For: w.For, Target: w.Target,
			Scope: stead.Scope{Apps: []stead.AppID{w.App}}}
		m, err := stead.Ask(wish, c.facts, v, c.terms, now)
		if err == nil {
			err = a.room(s, by, w, c.terms)
		}
		return m, "mandate.asked", err
	})
}

// room keeps to one mandate per session and the caps per actor and, for editing, per subject (R14).
func (a *Authority) room(s *State, by By, w Ask, t stead.Terms) error {
	if s.Acting(by.Session) != nil {
		return stead.E(stead.Conflict, stead.ReasonChain, "this session acts for somebody already: end that first")
	}
	if len(s.MandatesBy(by.Principal)) >= or(t.PerActor, 1) {
		return stead.E(stead.Conflict, stead.ReasonActing, "you hold or await another mandate: end or withdraw that first")
	}
	for _, id := range s.MandatesFor(w.Subject) {
		if m := s.Mandate(id); m.Mode == stead.Edit && w.Mode == stead.Edit {
			return stead.E(stead.Conflict, stead.ReasonActing, "somebody else edits for this person: wait until that ends")
		}
	}
	return nil
}

// An actCase is what policy is asked about acting, and the facts for the laws.
type actCase struct {
	facts stead.Facts
	terms stead.Terms
	Case
}

func (a *Authority) actCase(s *State, by By, subject stead.PrincipalID, app stead.AppID, target string, p stead.Purpose, mode stead.Mode, length time.Duration) actCase {
	c := actCase{facts: stead.Facts{
		Index: s.Index(), Actor: s.Principal(by.Principal), Subject: s.Principal(subject), Session: s.Session(by.Session),
		Seen: s.Seen(by.Session), Acting: s.Acting(by.Session), App: a.Settings.App(app), Policy: s.PolicyDigest(),
		Distrust: a.distrust(),
	}}
	f := &c.facts
	if f.App != nil {
		if r, ok := f.App.RealmAt(or(target, "/")); ok {
			f.Realm = &r
		}
	}
	if f.Actor == nil || f.Realm == nil {
		return c
	}
	c.terms = a.Settings.For(a.timers(s), app, f.Realm.ID, f.Actor)
	c.Case = Case{Action: stead.ActionAct, Capacity: ForOther, Principal: f.Actor, Subject: f.Subject, App: f.App,
		Realm: f.Realm, Path: or(target, "/"), Mode: mode, Purpose: p, Length: or(length, c.terms.Default), Now: a.Now(),
		Zone: a.Settings.Zone, Address: by.Address}
	if f.Session != nil {
		c.Level, c.AMR = f.Session.Level, f.Session.AMR
	}
	return c
}

// distrust tells why delegated requests must be refused here, if they must.
func (a *Authority) distrust() stead.Reason {
	switch {
	case !a.Clock.Trusted():
		return stead.ReasonClock
	case a.Store.Broken() != nil:
		return stead.ReasonRecord
	}
	return stead.ReasonNone
}

// judged runs a verb on a mandate for which policy is asked first, outside of the writer. If the policy changed in
// between, it is asked again.
func (a *Authority) judged(ctx context.Context, t attempt, ask func(*State) actCase,
	decide func(*State, actCase, stead.Verdict, time.Time) (stead.Mandate, stead.EventKind, error)) (stead.Mandate, error) {
	var out stead.Mandate
	var err error
	for range tries {
		var c actCase
		a.Store.View().Read(func(s *State) { c = ask(s) })
		v := a.judge(c.facts, c.Case)
		err = a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
			m, kind, err := decide(s, ask(s), v, now)
			if err != nil {
				return nil, err
			}
			out = m
			change := moved(kind, m, stead.ReasonNone)
			if e := s.Session(t.by.Session); e != nil {
				change = seen(change, *e, now)
			}
			return []stead.Change{change}, nil
		})
		if stead.ReasonOf(err) != stead.ReasonStale {
			break
		}
	}
	return done(&out, err)
}

// judge asks policy; without somebody to ask about there is nothing to ask, and the zero Verdict says no.
func (a *Authority) judge(f stead.Facts, c Case) stead.Verdict {
	if c.Principal == nil || c.Subject == nil || c.App == nil || c.Realm == nil {
		return stead.Verdict{Policy: f.Policy}
	}
	return a.under(f.Policy, c)
}
