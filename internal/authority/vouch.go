package authority

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// Vouch says that somebody is a person of his own: nobody has his account in hand any more. Admins and security may, who
// had no part in it. Errors: refused, missing, invalid, conflict.
func (a *Authority) Vouch(ctx context.Context, by By, id stead.PrincipalID, reason string) (stead.Principal, error) {
	return a.vouch(ctx, by, id, reason, func(s *State, now time.Time) (stead.Principal, error) {
		if err := a.may(s, by, now, Admin, Security); err != nil {
			return stead.Principal{}, err
		}
		return *s.Principal(by.Principal), nil
	})
}

// VouchHere is the word of who runs the machine, where there is no second person yet. No door offers it.
func (a *Authority) VouchHere(ctx context.Context, id stead.PrincipalID, reason string) (stead.Principal, error) {
	return a.vouch(ctx, By{}, id, reason, func(*State, time.Time) (stead.Principal, error) { return stead.Principal{}, nil })
}

func (a *Authority) vouch(ctx context.Context, by By, id stead.PrincipalID, reason string,
	who func(*State, time.Time) (stead.Principal, error)) (stead.Principal, error) {
	var out stead.Principal
	err := a.run(ctx, attempt{verb: "person.vouch", by: by, subject: id}, func(s *State, now time.Time) ([]stead.Change, error) {
		voucher, err := who(s, now)
		if err != nil {
			return nil, err
		}
		if s.Principal(id) != nil && strings.TrimSpace(reason) == "" {
			return nil, stead.E(stead.Invalid, stead.ReasonReason, "say how you know that he is a person of his own")
		}
		if out, err = a.vouches(s, voucher, id); err != nil {
			return nil, err
		}
		e := stead.Event{Kind: "person.vouched", Who: stead.Fields{"reason": reason}}
		return []stead.Change{{Event: e, Records: []stead.Record{out}}}, nil
	})
	return done(&out, err)
}

// vouches gives an account as it is once somebody has vouched for it.
func (a *Authority) vouches(s *State, voucher stead.Principal, id stead.PrincipalID) (out stead.Principal, err error) {
	p, c := s.Principal(id), s.Credentials(id)
	if p == nil {
		return out, stead.E(stead.Missing, stead.ReasonUnknown, "there is no such account")
	}
	if out, err = stead.Vouch(*p, voucher, a.rulers()); err != nil {
		return out, err
	}
	if c == nil || c.TOTP == "" || c.Given != "" {
		return out, stead.E(stead.Conflict, stead.ReasonSecondFactor, "%s sets up an authenticator himself first (my account, sign-in): what somebody gave him, that one has too", p)
	}
	return out, nil
}

// rulers are the groups by which somebody counts in what takes two people in Stead itself.
func (a *Authority) rulers() []string {
	return slices.Concat(a.Settings.Roles[Admin], a.Settings.Roles[Security])
}

// second refuses a caller who may be the same person as who did the first half. Of an account that is gone nobody can tell.
func (a *Authority) second(s *State, by By, first stead.PrincipalID) error {
	p, q := s.Principal(by.Principal), s.Principal(first)
	switch {
	case q == nil:
		return stead.E(stead.Conflict, stead.ReasonHand, "the account of who did the first half is gone: do that again, then somebody else agrees")
	case !stead.Apart(*p, a.rulers(), *q, q.Marks(a.rulers())):
		return stead.OneHand(*p, *q)
	}
	return nil
}

// held puts an account into the hand of who asks.
func held(s *State, p stead.Principal, by stead.PrincipalID) stead.Principal {
	if q := s.Principal(by); q != nil {
		p = p.Held(*q, "")
	}
	return p
}
