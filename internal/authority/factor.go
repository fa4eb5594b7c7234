package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// A NewFactor is a secret for an authenticator, and the proof that it may be used from now on.
type NewFactor struct {
	Secret string // base32
	Code   string // that the new one shows: the secret has arrived
	Proof  string // what the old one shows; of who has none, his password
}

// SetFactor gives the caller a second factor, or another one in place of that he has. Who has only found his session
// open cannot: what he proved himself with before is asked for again. His other sessions end, with the mandates in them:
// who found one of them open is out. Errors: refused, invalid; conflict when he acts for
// somebody, or the credentials changed meanwhile.
func (a *Authority) SetFactor(ctx context.Context, by By, w NewFactor) error {
	t := attempt{verb: "factor.set", by: by, urgent: true}
	p, old, err := a.mine(by)
	if err != nil {
		return a.refuse(ctx, t, err)
	}
	spent, err := a.proveAgain(by, p, old, w.Proof)
	if err != nil {
		return a.refuse(ctx, t, err)
	}
	fresh, step, err := a.arrived(p, w.Secret, w.Code)
	if err != nil {
		return a.refuse(ctx, t, err)
	}
	return a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		e, err := replacing(s, by, old, now)
		switch {
		case err != nil:
			return nil, err
		case spent > 0 && s.Count("totp/"+string(p.ID)) >= spent:
			return nil, stead.E(stead.Refused, stead.ReasonBadProof, "this code was used before: wait for the next one")
		}
		what := stead.Fields{"instead": "none"}
		if old != nil && old.TOTP != "" {
			what["instead"] = "another"
		}
		c := stead.Change{Event: stead.Event{Kind: "factor.set", Who: what}, Records: []stead.Record{renewed(s, *p, fresh)}}
		return signedOut(s, []stead.Change{seen(spend(c, p.ID, max(step, spent)), e, now)}, p.ID, e.ID, now)
	})
}

// mine finds the caller and what he proves himself with.
func (a *Authority) mine(by By) (p *stead.Principal, c *stead.Credentials, err error) {
	a.Store.View().Read(func(s *State) {
		if _, err = own(s, by, a.Now()); err == nil {
			p, c = s.Principal(by.Principal), s.Credentials(by.Principal)
		}
	})
	return p, c, err
}

// proveAgain asks for the code of the factor there is, or else for the password.
func (a *Authority) proveAgain(by By, p *stead.Principal, c *stead.Credentials, proof string) (int64, error) {
	if c != nil && c.TOTP != "" {
		step, err := a.factor(p, c, proof, 2)
		if stead.ReasonOf(err) == stead.ReasonBadProof {
			err = stead.E(stead.Refused, stead.ReasonBadProof, "this is not what the authenticator that you have shows")
		}
		return step, err
	}
	return 0, a.rightPassword(by, p, c, proof)
}
