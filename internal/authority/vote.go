package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// Approve is the caller's yes to a request, to exactly what the digest says. Errors: refused, missing, conflict.
func (a *Authority) Approve(ctx context.Context, by By, id stead.MandateID, digest, comment string) (stead.Mandate, error) {
	return a.vote(ctx, by, id, "mandate.approve", "mandate.approved", func(m stead.Mandate, who stead.Approver, now time.Time) (stead.Mandate, error) {
		return stead.Approve(m, who, digest, comment, now)
	})
}

// Refuse is the caller's no, and the end of the request. Errors: refused, missing, conflict.
func (a *Authority) Refuse(ctx context.Context, by By, id stead.MandateID, digest, comment string) (stead.Mandate, error) {
	return a.vote(ctx, by, id, "mandate.refuse", "mandate.refused", func(m stead.Mandate, who stead.Approver, now time.Time) (stead.Mandate, error) {
		return stead.Refuse(m, who, digest, comment, now)
	})
}

func (a *Authority) vote(ctx context.Context, by By, id stead.MandateID, verb string, kind stead.EventKind,
	cast func(stead.Mandate, stead.Approver, time.Time) (stead.Mandate, error)) (stead.Mandate, error) {
	return a.mandate(ctx, attempt{verb: verb, by: by, mandate: id}, kind, func(s *State, m stead.Mandate, now time.Time) (stead.Mandate, error) {
		voter, err := a.voter(s, by, m, now)
		if err != nil {
			return m, err
		}
		return cast(m, voter, now)
	})
}

// voter is the caller as who agrees to a request, or says no to it.
func (a *Authority) voter(s *State, by By, m stead.Mandate, now time.Time) (voter stead.Approver, err error) {
	if err := a.may(s, by, now); err != nil {
		return voter, err
	}
	if s.Session(by.Session).Level < a.Settings.Level {
		return voter, stead.E(stead.Refused, stead.ReasonLevel, "agreeing asks for a stronger sign-in: prove your second factor")
	}
	who := finder(s)
	voter = stead.Approver{Principal: who(by.Principal), Asker: who(m.Actor), Who: who}
	if r := s.Agent(m.Actor); r != nil {
		voter.Owner, voter.Agent = who(r.Owner), r
	}
	if !a.sees(s, voter.Principal, m) {
		return voter, stead.E(stead.Missing, stead.ReasonNotYours, "there is no such mandate")
	}
	return voter, nil
}

// mandate runs a verb that moves one mandate and asks no policy.
func (a *Authority) mandate(ctx context.Context, t attempt, kind stead.EventKind,
	move func(*State, stead.Mandate, time.Time) (stead.Mandate, error)) (stead.Mandate, error) {
	var out stead.Mandate
	past, err := a.Store.Get(ctx, stead.KindMandate, string(t.mandate), 0)
	if err != nil && stead.KindOf(err) != stead.Missing {
		return out, err
	}
	err = a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		before := s.Mandate(t.mandate)
		if before == nil {
			return nil, a.bygone(s, t.by, past, now)
		}
		if p := s.Principal(t.by.Principal); p == nil || !a.sees(s, *p, *before) {
			return nil, hidden(s, t.by, now)
		}
		m, err := move(s, *before, now)
		if err != nil {
			return nil, err
		}
		out = m
		if m.State == stead.Ended && (t.unseen || t.by.Session != m.Session) {
			c := unasked(s, kind, *before, m)
			c.Counts = append(c.Counts, saidNo(s, m, now)...)
			return []stead.Change{c}, nil
		}
		return []stead.Change{moved(kind, m, m.Why)}, nil
	})
	return done(&out, err)
}

// bygone says of a mandate that is not live whether it has ended or is nobody's business.
func (a *Authority) bygone(s *State, by By, past stead.Record, now time.Time) error {
	m, ok := past.(stead.Mandate)
	p := s.Principal(by.Principal)
	if !ok || p == nil || !a.sees(s, *p, m) {
		return hidden(s, by, now)
	}
	return stead.E(stead.Conflict, or(m.Why, stead.ReasonEnded), "it has ended already: %s", stead.Ending(m.Why))
}

// hidden is what is said of somebody else's business: the same as of what is not there. Who is not signed in is told that.
func hidden(s *State, by By, now time.Time) error {
	if err := presents(s, by, now); err != nil {
		return err
	}
	return stead.E(stead.Missing, stead.ReasonNotYours, "there is no such mandate")
}

// sees tells whose business a mandate is: its actor's, that of who answers for him, its subject's, that of all who may
// agree to it now or later, and the roles'.
func (a *Authority) sees(s *State, p stead.Principal, m stead.Mandate) bool {
	if p.ID == m.Actor || p.ID == m.Subject {
		return true
	}
	if r := s.Agent(m.Actor); r != nil && r.Owner == p.ID {
		return true
	}
	for _, st := range m.Stages {
		if st.Names(p) {
			return true
		}
	}
	if s.aboveIt(p.ID, m) {
		return true
	}
	return a.Settings.Holds(&p, Admin) || a.Settings.Holds(&p, Auditor) || a.Settings.Holds(&p, Security)
}

// finder gives principals by value; nobody is the zero Principal, which is not active.
func finder(s *State) func(stead.PrincipalID) stead.Principal {
	return func(id stead.PrincipalID) stead.Principal {
		if p := s.Principal(id); p != nil {
			return *p
		}
		return stead.Principal{}
	}
}
