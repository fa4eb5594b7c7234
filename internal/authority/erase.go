package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// Erase deletes an account and forgets the human behind it: what the log says of him becomes unreadable, and every hash
// stays valid. All his accounts must be deleted or go with it. Errors: refused, missing, broken.
func (a *Authority) Erase(ctx context.Context, by By, id stead.PrincipalID) error {
	var person stead.PersonKey
	var accounts []stead.PrincipalID
	a.Store.View().Read(func(s *State) {
		if p := s.Principal(id); p != nil {
			person = p.Person
			accounts = append(accounts, s.Accounts(person)...)
		}
	})
	gone := true
	for _, account := range accounts {
		if _, err := a.Change(ctx, by, account, Edit{Deleted: &gone}); err != nil {
			return err
		}
	}
	err := a.run(ctx, attempt{verb: "person.erase", by: by}, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := a.may(s, by, now, Admin); err != nil {
			return nil, err
		}
		if person == "" {
			return nil, stead.E(stead.Missing, stead.ReasonUnknown, "there is no such account")
		}
		return []stead.Change{{Event: stead.Event{Kind: "person.erased", Who: stead.Fields{"account": string(id)}}}}, nil
	})
	if err != nil {
		return err
	}
	return a.Store.Erase(ctx, person)
}

// TrustClock notes that the caller has compared the clock with the world after it jumped; two people must (R42). It
// gives how many are still needed. Errors: refused, missing.
func (a *Authority) TrustClock(ctx context.Context, by By) (int, error) {
	var who stead.PersonKey
	err := a.run(ctx, attempt{verb: "clock.trust", by: by}, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := a.may(s, by, now, Security, Admin); err != nil {
			return nil, err
		}
		who = s.Principal(by.Principal).Person
		return []stead.Change{{Event: stead.Event{Kind: "clock.trusted"}}}, nil
	})
	if err != nil {
		return 0, err
	}
	return a.Clock.Look(who), nil
}
