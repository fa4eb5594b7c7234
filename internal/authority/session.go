package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// proof checks the code of somebody who is signed in, before the writer is asked.
func (a *Authority) proof(by By, code string) (int64, error) {
	var p *stead.Principal
	var c *stead.Credentials
	a.Store.View().Read(func(s *State) { p, c = s.Principal(by.Principal), s.Credentials(by.Principal) })
	switch {
	case p == nil:
		return 0, stead.E(stead.Refused, stead.ReasonSignIn, "sign in first")
	case c == nil || c.TOTP == "":
		return 0, stead.E(stead.Refused, stead.ReasonSecondFactor, "you have no second factor yet: enrol one first")
	case code == "":
		return 0, wanted()
	}
	step, err := a.factor(p, c, code, 2)
	if stead.ReasonOf(err) == stead.ReasonBadProof { // who is signed in may know what was wrong
		return 0, stead.E(stead.Refused, stead.ReasonBadProof, "this code is wrong")
	}
	return step, err
}

// noAgent refuses an agent with its key what people do in a session.
func noAgent(s *State, by By, now time.Time) error {
	if by.Key == "" {
		return nil
	}
	if err := working(s, by, now); err != nil {
		return err
	}
	return stead.E(stead.Refused, stead.ReasonPerson, "this is for people: an agent asks for its tasks, and ends what is its own")
}

// own finds the caller's own session, live at now.
func own(s *State, by By, now time.Time) (stead.Session, error) {
	if err := noAgent(s, by, now); err != nil {
		return stead.Session{}, err
	}
	e, p := s.Session(by.Session), s.Principal(by.Principal)
	switch {
	case e == nil || p == nil || e.Principal != p.ID:
		return stead.Session{}, stead.E(stead.Refused, stead.ReasonSignIn, "sign in first")
	case !p.Active():
		return stead.Session{}, stead.E(stead.Refused, stead.ReasonDisabled, "your account is closed")
	}
	if r := e.Over(now, s.Seen(e.ID)); r != stead.ReasonNone {
		return stead.Session{}, stead.E(stead.Refused, r, "your session is over: sign in again")
	}
	return *e, nil
}

// seen moves the idle clock of a session: its owner was there (R15).
func seen(c stead.Change, e stead.Session, now time.Time) stead.Change {
	c.Counts = append(c.Counts, stead.Count{Key: "seen/" + string(e.ID), Op: stead.CountRaise, N: now.UnixMicro(), Until: e.Until})
	return c
}

// Seen notes that the caller was there, which moves the idle clock of his session. It is written at most once a minute,
// and nobody waits for it.
func (a *Authority) Seen(by By) {
	now := a.Now()
	var e stead.Session
	due := false
	a.Store.View().Read(func(s *State) {
		var err error
		e, err = own(s, by, now)
		due = err == nil && now.Sub(s.Seen(e.ID)) >= time.Minute
	})
	if due {
		a.later.add(a.stamp(by, seen(stead.Change{Event: stead.Event{Kind: "session.seen"}}, e, now)))
	}
}

// StepUp proves the second factor in a session and gives it a new pass. Errors: refused.
func (a *Authority) StepUp(ctx context.Context, by By, code string) (Signed, error) {
	t := attempt{verb: "session.raise", by: by}
	step, err := a.proof(by, code)
	if err != nil {
		return Signed{}, a.refuse(ctx, t, err)
	}
	out := Signed{By: by, Secret: a.NewID("stp_")}
	err = a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		e, err := own(s, by, now)
		if err != nil {
			return nil, err
		}
		e = e.Prove(now).WithPass(stead.Pass{Host: by.Host, Hash: sum(out.Secret), Client: by.Client})
		out.Until, out.Level = e.Until, e.Level
		c := stead.Change{Event: stead.Event{Kind: "session.raised"}, Records: []stead.Record{e}}
		return []stead.Change{seen(spend(c, by.Principal, step), e, now)}, nil
	})
	return done(&out, err)
}

// Rotate gives the session a new pass for the caller's host, at the start and at the end of acting. Errors: refused.
func (a *Authority) Rotate(ctx context.Context, by By) (Signed, error) {
	out := Signed{By: by, Secret: a.NewID("stp_")}
	err := a.run(ctx, attempt{verb: "session.pass", by: by}, func(s *State, now time.Time) ([]stead.Change, error) {
		e, err := own(s, by, now)
		if err != nil {
			return nil, err
		}
		e = e.WithPass(stead.Pass{Host: by.Host, Hash: sum(out.Secret), Client: by.Client})
		e.Version++
		out.Until, out.Level = e.Until, e.Level
		return []stead.Change{{Event: stead.Event{Kind: "session.passed"}, Records: []stead.Record{e}}}, nil
	})
	return done(&out, err)
}

// SignOut ends the caller's session, and durably first whatever he does for others in it (R18). Errors: refused.
func (a *Authority) SignOut(ctx context.Context, by By) error {
	return a.endSession(ctx, by, by.Session, func(s *State, now time.Time) error {
		_, err := own(s, by, now)
		return err
	})
}

// EndSession ends a session: one's own, or as admin or security anybody's. Errors: missing, refused.
func (a *Authority) EndSession(ctx context.Context, by By, id stead.SessionID) error {
	return a.endSession(ctx, by, id, func(s *State, now time.Time) error {
		if e := s.Session(id); e != nil && e.Principal == by.Principal {
			_, err := own(s, by, now)
			return err
		}
		return a.may(s, by, now, Admin, Security)
	})
}

func (a *Authority) endSession(ctx context.Context, by By, id stead.SessionID, may func(*State, time.Time) error) error {
	t := attempt{verb: "session.end", by: by, urgent: true}
	return a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := may(s, now); err != nil {
			return nil, err
		}
		e := s.Session(id)
		if e == nil {
			return nil, stead.E(stead.Missing, stead.ReasonNotYours, "there is no such session")
		}
		return closing(s, *e, stead.ReasonSessionOver, now)
	})
}

// closing ends a session and everything that hangs on it: the mandates first.
func closing(s *State, e stead.Session, why stead.Reason, now time.Time) ([]stead.Change, error) {
	var all []stead.Change
	for _, id := range s.MandatesOf(e.ID) {
		m, err := stead.Cease(*s.Mandate(id), why, now)
		if err != nil {
			return nil, err
		}
		all = append(all, ended("mandate.ended", m))
	}
	kind := stead.Event{Kind: "session.ended", Session: e.ID, Subject: e.Principal, Reason: why}
	return append(all, stead.Change{Event: kind, Records: []stead.Record{e.Close(why, now)}}), nil
}
