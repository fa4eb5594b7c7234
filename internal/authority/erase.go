package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// Erase deletes every account of the human behind an account, in one transaction, and forgets him: what the log says of
// him becomes unreadable, and every hash stays valid. Who was deleted before can be erased still, so that asking again
// finishes what a crash left undone. Errors: refused, missing, broken.
func (a *Authority) Erase(ctx context.Context, by By, id stead.PrincipalID) error {
	past, err := a.Store.Get(ctx, stead.KindPrincipal, string(id), 0)
	if err != nil && stead.KindOf(err) != stead.Missing {
		return err
	}
	p, _ := past.(stead.Principal)
	err = a.run(ctx, attempt{verb: "person.erase", by: by, urgent: true}, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := a.may(s, by, now, Admin); err != nil {
			return nil, err
		}
		if p.Person == "" {
			return nil, stead.E(stead.Missing, stead.ReasonUnknown, "there is no such account")
		}
		var all []stead.Change
		gone, after := true, s.Stage()
		for _, account := range s.Accounts(p.Person) {
			e, was := Edit{Deleted: &gone}, *s.Principal(account)
			more, err := a.edited(after, was, e.apply(was), e, stead.Credentials{}, now)
			if err != nil {
				return nil, err
			}
			all = append(all, more...)
		}
		return append(all, stead.Change{Event: stead.Event{Kind: "person.erased", Subject: id, Who: stead.Fields{"account": string(id)}}}), nil
	})
	if err != nil {
		return err
	}
	return a.Store.Erase(ctx, p.Person)
}

// TrustClock notes that the caller has compared the clock with the world after it jumped; two people must (R42). It
// gives how many are still needed. Errors: refused, missing.
func (a *Authority) TrustClock(ctx context.Context, by By) (int, error) {
	var who stead.Principal
	err := a.run(ctx, attempt{verb: "clock.trust", by: by}, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := a.may(s, by, now, Security, Admin); err != nil {
			return nil, err
		}
		if d := a.Clock.Skew(); far(d) {
			return nil, stead.E(stead.Conflict, stead.ReasonClock, "this machine's clock is %s away from the database's: set it first", d.Round(time.Second))
		}
		who = *s.Principal(by.Principal)
		if first := a.Clock.first(who, a.rulers()); first != nil {
			return nil, stead.OneHand(who, *first)
		}
		return []stead.Change{{Event: stead.Event{Kind: "clock.trusted"}}}, nil
	})
	if err != nil {
		return 0, err
	}
	return a.Clock.Look(who, a.rulers()), nil
}
