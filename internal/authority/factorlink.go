package authority

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// A FactorLink lets somebody who has lost his authenticator set up another one, and who has no password yet choose his: once,
// until its time is over.
type FactorLink struct {
	Link  string // empty while another person must agree
	Until time.Time
}

// A FactorAsked tells how far a new factor for somebody has come. The zero one says that none is under way.
type FactorAsked struct {
	By    stead.PrincipalID // who asked
	Until time.Time
	Made  bool // the link is made, and was not used yet; otherwise another person must agree
}

// factorAt begins the id of the record of a link, which ends with the account's.
const factorAt = "factor/"

const (
	factorAskLife  = 24 * time.Hour // how long a wish waits for another person's yes
	factorLinkLife = time.Hour
)

// AskFactor makes a link by which somebody sets up another authenticator. What the old one shows counts no more from then
// on, and his sessions end with the mandates in them. Of who has a role in Stead another person must agree first: two
// people are two authenticators. Errors: refused, missing, invalid, conflict.
func (a *Authority) AskFactor(ctx context.Context, by By, id stead.PrincipalID, reason string) (FactorLink, error) {
	return a.linkFactor(ctx, attempt{verb: "factor.ask", by: by, subject: id, urgent: true}, func(s *State, b stead.Bundle, now time.Time) (bool, error) {
		switch err := a.may(s, by, now, Admin); {
		case err != nil:
			return false, err
		case strings.TrimSpace(reason) == "":
			return false, stead.E(stead.Invalid, stead.ReasonReason, "say how you know that it is he who asks")
		}
		return !a.holdsAny(s.Principal(id)), nil
	}, stead.Fields{"reason": reason})
}

// AllowFactor is the other person's yes. Errors: refused, missing, conflict; expired.
func (a *Authority) AllowFactor(ctx context.Context, by By, id stead.PrincipalID) (FactorLink, error) {
	return a.linkFactor(ctx, attempt{verb: "factor.allow", by: by, subject: id, urgent: true}, func(s *State, _ stead.Bundle, now time.Time) (bool, error) {
		return true, a.allows(s, by, id, now)
	}, nil)
}

// allows tells why the caller is not the other person to a new factor that was asked for.
func (a *Authority) allows(s *State, by By, id stead.PrincipalID, now time.Time) error {
	if err := a.may(s, by, now, Admin, Security); err != nil {
		return err
	}
	was := deBundle(s.Bundle(factorAt + string(id)))
	switch {
	case was.Author == "" || was.Applied != "":
		return stead.E(stead.Conflict, stead.ReasonState, "nobody has asked for a new factor here, or the link is made already")
	case !now.Before(was.At.Add(factorAskLife)):
		return stead.E(stead.Expired, stead.ReasonExpired, "this was asked too long ago: ask again")
	case finder(s)(by.Principal).SameHuman(stead.Principal{ID: was.Author, Person: was.Person}):
		return stead.E(stead.Refused, stead.ReasonOwn, "another person than the one who asked agrees to it")
	}
	return a.second(s, by, was.Author)
}

// linkFactor notes a wish for a link, or makes it where may says that it can be made now.
func (a *Authority) linkFactor(ctx context.Context, t attempt, may func(*State, stead.Bundle, time.Time) (bool, error), who stead.Fields) (FactorLink, error) {
	secret := a.NewID("stl_")
	blind, err := a.blind(t.subject, t.by.Principal)
	if err != nil {
		return FactorLink{}, a.refuse(ctx, t, err)
	}
	var out FactorLink
	err = a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		was := deBundle(s.Bundle(factorAt + string(t.subject)))
		made, err := may(s, was, now)
		if err == nil {
			err = linkable(s, t)
		}
		if err != nil {
			return nil, err
		}
		b := stead.Bundle{ID: factorAt + string(t.subject), Version: was.Version + 1, Author: or(was.Author, t.by.Principal), Person: or(was.Person, s.Principal(t.by.Principal).Person), At: now}
		if t.verb == "factor.ask" {
			b.Author, b.Person = t.by.Principal, s.Principal(t.by.Principal).Person
		}
		if !made {
			out = FactorLink{Until: now.Add(factorAskLife)}
			return []stead.Change{{Event: stead.Event{Kind: "factor.asked", Who: who}, Records: []stead.Record{b}}}, nil
		}
		b.Applied, b.Digest = t.by.Principal, sum(secret)
		out = FactorLink{Link: secret + "." + string(t.subject), Until: now.Add(factorLinkLife)}
		p := held(s, held(s, *s.Principal(t.subject), b.Author), t.by.Principal) // whoever has the link may be he
		p.Version++
		c := stead.Change{Event: stead.Event{Kind: "factor.linked", Who: who}, Records: []stead.Record{b, p, renewed(s, p, blind)}}
		return signedOut(s, []stead.Change{c}, t.subject, "", now)
	})
	return done(&out, err)
}

func deBundle(b *stead.Bundle) stead.Bundle {
	if b == nil {
		return stead.Bundle{}
	}
	return *b
}

// blind is a factor that nobody has: with it in place a password alone opens nothing that it did not open before.
func (a *Authority) blind(id, by stead.PrincipalID) (stead.Credentials, error) {
	h := sha256.Sum256([]byte(a.NewID("")))
	sealed, err := a.Prover.Seal(id, base32.StdEncoding.EncodeToString(h[:20]))
	return stead.Credentials{Principal: id, TOTP: sealed, Given: by}, err
}

// linkable refuses a link for who could not use it, and for oneself.
func linkable(s *State, t attempt) error {
	p := s.Principal(t.subject)
	switch {
	case p == nil:
		return stead.E(stead.Missing, stead.ReasonUnknown, "there is no such account")
	case !p.Active():
		return stead.E(stead.Conflict, stead.ReasonDisabled, "this account is closed")
	case finder(s)(t.by.Principal).SameHuman(*p):
		return stead.E(stead.Refused, stead.ReasonOwn, "nobody gives himself a link: another administrator does")
	case p.Kind == stead.Agent:
		return stead.E(stead.Invalid, stead.ReasonRequest, "an agent has no authenticator: it proves itself by its keys")
	}
	return nil
}

// holdsAny tells whether somebody has a role in Stead.
func (a *Authority) holdsAny(p *stead.Principal) bool {
	return a.Settings.Holds(p, Admin) || a.Settings.Holds(p, Security) || a.Settings.Holds(p, Auditor)
}

// signedOut adds the end of somebody's sessions, but for one, and of everything that hangs on them.
func signedOut(s *State, all []stead.Change, id stead.PrincipalID, but stead.SessionID, now time.Time) ([]stead.Change, error) {
	for _, e := range s.SessionsOf(id) {
		if e == but {
			continue
		}
		more, err := closing(s, *s.Session(e), stead.ReasonSessionOver, now)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// FactorAsked tells whether a new factor for somebody is under way. Errors: refused, missing.
func (a *Authority) FactorAsked(_ context.Context, by By, id stead.PrincipalID) (out FactorAsked, err error) {
	now := a.Now()
	a.Store.View().Read(func(s *State) {
		if err = a.may(s, by, now, Onlookers()...); err != nil {
			return
		}
		b := deBundle(s.Bundle(factorAt + string(id)))
		life := factorAskLife
		if b.Applied != "" {
			life = factorLinkLife
		}
		if until := b.At.Add(life); (b.Applied == "" || b.Digest != "") && b.Author != "" && now.Before(until) {
			out = FactorAsked{b.Author, until, b.Applied != ""}
		}
	})
	return out, err
}
