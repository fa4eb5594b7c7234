package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// End ends a mandate by its own actor. Errors: missing, conflict.
func (a *Authority) End(ctx context.Context, by By, id stead.MandateID) (stead.Mandate, error) {
	return a.finish(ctx, attempt{verb: "mandate.end", by: by, mandate: id, urgent: true})
}

// EndUnseen is End where a script asked, not a person: the actor must acknowledge it like an end that he did not ask for
// (R16). Errors: missing, conflict.
func (a *Authority) EndUnseen(ctx context.Context, by By, id stead.MandateID) (stead.Mandate, error) {
	return a.finish(ctx, attempt{verb: "mandate.end", by: by, mandate: id, urgent: true, unseen: true})
}

func (a *Authority) finish(ctx context.Context, t attempt) (stead.Mandate, error) {
	return a.mandate(ctx, t, "mandate.ended", func(_ *State, m stead.Mandate, now time.Time) (stead.Mandate, error) {
		return stead.End(m, t.by.Principal, now)
	})
}

// Withdraw takes back what its actor asked for, before it has begun: by him, or by who answers for the agent that asked.
// Errors: missing, conflict, refused.
func (a *Authority) Withdraw(ctx context.Context, by By, id stead.MandateID) (stead.Mandate, error) {
	t := attempt{verb: "mandate.withdraw", by: by, mandate: id, urgent: true}
	return a.mandate(ctx, t, "mandate.withdrawn", func(s *State, m stead.Mandate, now time.Time) (stead.Mandate, error) {
		r := s.Agent(m.Actor)
		if r == nil || by.Principal != r.Owner {
			return stead.Withdraw(m, by.Principal, "", now)
		}
		if _, err := own(s, by, now); err != nil {
			return m, err
		}
		return stead.Withdraw(m, by.Principal, r.Owner, now)
	})
}

// Revoke takes a mandate back: by whom it is about, or by security and admins. Errors: missing, refused, conflict.
func (a *Authority) Revoke(ctx context.Context, by By, id stead.MandateID, reason string) (stead.Mandate, error) {
	t := attempt{verb: "mandate.revoke", by: by, mandate: id, urgent: true, what: stead.Fields{}}
	t.what = with(t.what, "because", reason)
	return a.mandate(ctx, t, "mandate.revoked", func(s *State, m stead.Mandate, now time.Time) (stead.Mandate, error) {
		if err := a.over(s, by, m, now); err != nil {
			return m, err
		}
		return stead.Revoke(m, by.Principal, now)
	})
}

// Suspend stops a mandate without ending it. Errors: missing, refused, conflict.
func (a *Authority) Suspend(ctx context.Context, by By, id stead.MandateID, reason string) (stead.Mandate, error) {
	t := attempt{verb: "mandate.suspend", by: by, mandate: id, urgent: true, what: with(nil, "because", reason)}
	return a.mandate(ctx, t, "mandate.suspended", func(s *State, m stead.Mandate, now time.Time) (stead.Mandate, error) {
		if err := a.over(s, by, m, now); err != nil {
			return m, err
		}
		return stead.Suspend(m, now)
	})
}

// Resume puts a suspended mandate in force again. Errors: missing, refused, conflict.
func (a *Authority) Resume(ctx context.Context, by By, id stead.MandateID, reason string) (stead.Mandate, error) {
	t := attempt{verb: "mandate.resume", by: by, mandate: id, what: with(nil, "because", reason)}
	return a.mandate(ctx, t, "mandate.resumed", func(s *State, m stead.Mandate, now time.Time) (stead.Mandate, error) {
		if m.Actor == by.Principal {
			return m, stead.E(stead.Refused, stead.ReasonOwn, "who is suspended does not resume himself")
		}
		if err := a.may(s, by, now, Security, Admin); err != nil {
			return m, err
		}
		if r := s.Agent(m.Actor); r != nil && finder(s)(r.Owner).SameHuman(*s.Principal(by.Principal)) {
			return m, stead.E(stead.Refused, stead.ReasonOwn, "who answers for an agent does not resume what it holds")
		}
		return stead.Resume(m, now)
	})
}

// over tells who may stop a mandate: whom it is about, who answers for the agent that holds it, who holds or answers for what it
// was narrowed from, and security and admins.
func (a *Authority) over(s *State, by By, m stead.Mandate, now time.Time) error {
	if r := s.Agent(m.Actor); by.Principal == m.Subject && (r == nil || m.Consented()) || r != nil && r.Owner == by.Principal || s.aboveIt(by.Principal, m) {
		return presents(s, by, now)
	}
	return a.may(s, by, now, Security, Admin)
}
