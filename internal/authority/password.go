package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// A NewPassword is a password in place of the one that is known.
type NewPassword struct{ Old, New string }

// SetPassword gives the caller another password. Who has only found his session open cannot: the old one is asked for.
// Who has only the old one cannot either, where there is a second factor: the session must have proved it. His other sessions end, with the mandates in them. Errors: refused, invalid; conflict when he acts for somebody, or the
// credentials changed meanwhile.
func (a *Authority) SetPassword(ctx context.Context, by By, w NewPassword) error {
	t := attempt{verb: "password.set", by: by, urgent: true}
	p, old, err := a.mine(by)
	if err == nil {
		err = a.rightPassword(by, p, old, w.Old)
	}
	if err == nil && w.New == w.Old {
		err = stead.E(stead.Invalid, stead.ReasonRequest, "this is the password that you have: choose another one")
	}
	var fresh stead.Credentials
	if err == nil {
		fresh.Password, err = a.chosen(w.New)
	}
	if err != nil {
		return a.refuse(ctx, t, err)
	}
	return a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		e, err := replacing(s, by, old, now)
		switch {
		case err != nil:
			return nil, err
		case old.TOTP != "" && e.Level < 2:
			return nil, stead.E(stead.Refused, stead.ReasonLevel, "another password asks for a stronger sign-in: prove your second factor")
		}
		c := stead.Change{Event: stead.Event{Kind: "password.set"}, Records: []stead.Record{renewed(s, *p, fresh)}}
		return signedOut(s, []stead.Change{seen(c, e, now)}, p.ID, e.ID, now)
	})
}

// chosen is the stored form of a password that somebody chose.
func (a *Authority) chosen(password string) (string, error) {
	if text := stead.WrongPassword(password); text != "" {
		return "", stead.E(stead.Invalid, stead.ReasonRequest, "%s", text)
	}
	return a.Prover.Hash(password)
}

// rightPassword asks for the password that somebody has.
func (a *Authority) rightPassword(by By, p *stead.Principal, c *stead.Credentials, password string) error {
	if !a.guesses.allow("password/"+string(p.ID), by.Address) {
		return stead.E(stead.Refused, stead.ReasonTooMany, "too many attempts from here: wait half a minute")
	}
	if !a.Prover.Password(c, password) {
		return stead.E(stead.Refused, stead.ReasonBadProof, "this is not your password")
	}
	return nil
}

// replacing is the session in which the caller may replace what he proved himself with: he acts for nobody in it, and what
// he has is still what he showed.
func replacing(s *State, by By, shown *stead.Credentials, now time.Time) (stead.Session, error) {
	e, err := own(s, by, now)
	switch {
	case err != nil:
	case s.Acting(e.ID) != nil:
		err = stead.E(stead.Conflict, stead.ReasonChain, "you act for somebody: end that first")
	case version(s.Credentials(by.Principal)) != version(shown):
		err = stead.E(stead.Conflict, stead.ReasonState, "what you prove yourself with was changed meanwhile: look again")
	}
	return e, err
}
