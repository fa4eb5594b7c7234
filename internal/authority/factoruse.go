package authority

import (
	"context"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// A LinkedFactor is a secret for an authenticator by somebody who has lost the one before, or has none yet, and what proves
// that it is he: the link that he was given, and his password.
type LinkedFactor struct {
	Link     string
	Password string // of an account that has none: the one it has from then on
	Secret   string // base32
	Code     string // that the new one shows
	Host     string
	Address  string
	Client   string
}

// Linked is whose a link is.
type Linked struct {
	Account stead.Principal
	Chooses bool // it has no password: the link sets one
}

// FactorLinked tells whose a link is. Errors: expired, whatever is wrong with it.
func (a *Authority) FactorLinked(_ context.Context, link string) (out Linked, err error) {
	a.Store.View().Read(func(s *State) {
		var who *stead.Principal
		if who, _, err = linked(s, link, a.Now()); err == nil {
			out = Linked{*who, passwordless(s.Credentials(who.ID))}
		}
	})
	return out, err
}

func passwordless(c *stead.Credentials) bool { return c == nil || c.Password == "" }

// linked finds the account of a link that counts still, and its record.
func linked(s *State, link string, now time.Time) (*stead.Principal, stead.Bundle, error) {
	secret, id, _ := strings.Cut(link, ".")
	p, b := s.Principal(stead.PrincipalID(id)), deBundle(s.Bundle(factorAt+id))
	if p == nil || !p.Active() || b.Digest == "" || b.Digest != sum(secret) || !now.Before(b.At.Add(factorLinkLife)) {
		return nil, b, stead.E(stead.Expired, stead.ReasonExpired, "this link does not count: it was used, is too old, or another one was made since. Ask for a new one")
	}
	return p, b, nil
}

// UseFactorLink sets up another authenticator by a link. It ends what sessions there are, and the link with them. Errors:
// expired, whatever is wrong with the link; refused.
func (a *Authority) UseFactorLink(ctx context.Context, in LinkedFactor) error {
	t := attempt{verb: "factor.set", by: By{Host: in.Host, Address: in.Address, Client: in.Client}, what: stead.Fields{"instead": "link"}, urgent: true}
	_, id, _ := strings.Cut(in.Link, ".")
	if !a.guesses.allow("link/"+id, in.Address) {
		return a.refuse(ctx, t, TooMany(oneMore, "too many attempts from here: wait half a minute"))
	}
	var p *stead.Principal
	var c *stead.Credentials
	var err error
	a.Store.View().Read(func(s *State) {
		if p, _, err = linked(s, in.Link, a.Now()); err == nil {
			c = s.Credentials(p.ID)
		}
	})
	if err != nil {
		return a.refuse(ctx, t, err)
	}
	t.by.Principal = p.ID
	fresh, step, err := a.linkProved(p, c, in)
	if err != nil {
		return a.refuse(ctx, t, err)
	}
	err = a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		who, b, err := linked(s, in.Link, now)
		switch {
		case err != nil:
			return nil, err
		case version(s.Credentials(p.ID)) != version(c):
			return nil, stead.E(stead.Conflict, stead.ReasonState, "what you prove yourself with was changed meanwhile: look again")
		}
		b.Version, b.Digest, b.At = b.Version+1, "", now
		set := stead.Change{Event: stead.Event{Kind: "factor.set", What: passwordSet(fresh)}, Records: []stead.Record{b, renewed(s, *who, fresh)}}
		return signedOut(s, []stead.Change{spend(set, p.ID, step)}, p.ID, "", now)
	})
	if err == nil {
		a.guesses.clear("link/"+id, in.Address)
	}
	return err
}

// passwordSet notes that new credentials hold a password.
func passwordSet(fresh stead.Credentials) stead.Fields {
	if fresh.Password == "" {
		return nil
	}
	return stead.Fields{"password": "set"}
}

// linkProved asks for the password, or takes the first one, and for a code of the new authenticator. It gives the new
// credentials.
func (a *Authority) linkProved(p *stead.Principal, c *stead.Credentials, in LinkedFactor) (fresh stead.Credentials, step int64, err error) {
	var first string
	switch {
	case passwordless(c):
		first, err = a.chosen(in.Password)
	case !a.Prover.Password(c, in.Password):
		err = stead.E(stead.Refused, stead.ReasonBadProof, "this is not your password")
	}
	if err != nil {
		return fresh, 0, err
	}
	fresh, step, err = a.arrived(p, in.Secret, in.Code)
	fresh.Password = first
	return fresh, step, err
}

// arrived seals a secret, and sees by a code that the authenticator has it.
func (a *Authority) arrived(p *stead.Principal, secret, code string) (fresh stead.Credentials, step int64, err error) {
	fresh = stead.Credentials{Principal: p.ID}
	if fresh.TOTP, err = a.Prover.Seal(p.ID, secret); err != nil {
		return fresh, 0, err
	}
	step, err = a.factor(p, &fresh, code, 2)
	switch {
	case stead.ReasonOf(err) == stead.ReasonBadProof:
		err = stead.E(stead.Refused, stead.ReasonSecondFactor, "this is not what the new authenticator shows: see that its clock is right")
	case err == nil && step == 0:
		err = wanted()
	}
	return fresh, step, err
}
