package authority

import (
	"context"
	"slices"
	"time"

	"github.com/steadhq/stead"
)

// An Exchange is what a client asks for a token that another gave it (RFC 8693).
type Exchange struct {
	TokenWish               // Mandate is not asked
	Shown     Token         // whose mandate is narrowed
	Actor     Token         // the client's own, where it shows one; the zero Token is none
	Scopes    []string      // of it: these alone, as ACTION:RESOURCE
	Passing   stead.Passing // how much of it
}

// ExchangeToken narrows the mandate of a token that was verified for the calling client, begins it with the key that it
// proves, and gives a token for that: all of it or nothing. The same asked for again is the same mandate. Errors: those of
// IssueToken and Narrow; invalid bad-request where a token that was shown does not count.
func (a *Authority) ExchangeToken(ctx context.Context, by By, x Exchange) (Token, error) {
	out := Token{ID: a.NewID("tok_")}
	x.Passing.ID = stead.MandateID(a.NewID(stead.PrefixMandate))
	id := stead.InstanceID(a.NewID(stead.PrefixInstance))
	t := attempt{verb: "token.issue", by: by, what: with(stead.Fields{"token": out.ID, "exchanged": x.Shown.ID}, "resource", x.Resource)}
	var err error
	for range tries {
		var c actCase
		a.Store.View().Read(func(s *State) {
			m := x.parent(s)
			if p, err := x.part(m); err == nil {
				t.wants = p.Grants
				c = a.passCase(s, m, By{Principal: by.Principal}, p)
			}
		})
		v := a.judge(c.facts, c.Case)
		err = a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
			if err := working(s, by, now); err != nil {
				return nil, err
			}
			if by.Instance != "" {
				return nil, stead.E(stead.Refused, stead.ReasonChain, "an instance asks for no token: its agent does, with its own key")
			}
			if err := a.takes(s, by, x, now); err != nil {
				return nil, err
			}
			return a.exchanged(s.Stage(), by, x, v, id, &out, now)
		})
		if stead.ReasonOf(err) != stead.ReasonStale {
			break
		}
	}
	return done(&out, err)
}

// takes tells whether the tokens that were shown count, and whether the one may be exchanged by who shows it (R39).
func (a *Authority) takes(s *State, by By, x Exchange, now time.Time) error {
	if r := a.distrust(); r != stead.ReasonNone {
		return stead.E(stead.Refused, r, "this server's clock or record is in doubt: no token is issued")
	}
	me := s.Principal(by.Principal)
	if err := a.shown(s, x.Shown, now); err != nil {
		return err
	}
	switch {
	case x.Shown.Mandate == "":
		return stead.E(stead.Invalid, stead.ReasonRequest, "the subject_token stands for no mandate: there is nothing to pass on")
	case x.Shown.MayAct != "" && x.Shown.MayAct != me.String():
		return stead.E(stead.Invalid, stead.ReasonNotYours, "the subject_token says who may act, and that is another")
	case x.Actor.ID == "":
		return nil
	case x.Actor.Client != me.Name || x.Actor.Key != x.Key.Thumbprint:
		return stead.E(stead.Invalid, stead.ReasonNotYours, "the actor_token is not that of the client, or of another key than the one that was proved")
	}
	return a.shown(s, x.Actor, now)
}

func (a *Authority) shown(s *State, t Token, now time.Time) error {
	if t.Key == "" {
		return stead.E(stead.Invalid, stead.ReasonBadProof, "a token that is bound to no key is passed on to nobody")
	}
	by, err := keyed(s, PresentedKey{Agent: t.Client, Thumbprint: t.Key}, now)
	if err == nil {
		err = a.counts(s, by, t, now)
	}
	if err != nil {
		return stead.E(stead.Invalid, stead.ReasonOf(err), "a token that was shown does not count: %w", err)
	}
	return nil
}

// exchanged is the change of an exchange. All of it is put into s.
func (a *Authority) exchanged(s *State, by By, x Exchange, v stead.Verdict, id stead.InstanceID, out *Token, now time.Time) ([]stead.Change, error) {
	parent := *x.parent(s)
	if x.Resource != "" && !slices.ContainsFunc(parent.Scope.Apps, func(app stead.AppID) bool { return a.ResourceName(x.Issuer, app) == x.Resource }) {
		return nil, stead.E(stead.Invalid, stead.ReasonNoRoute, "what is passed on is not for this resource")
	}
	run, all, err := a.runs(s, by, x.TokenWish, id, now)
	if err != nil {
		return nil, err
	}
	if s.Instance(run.ID) == nil {
		if err := s.Put(all[len(all)-1], s.Index()); err != nil {
			return nil, err
		}
	}
	p, err := x.part(&parent)
	if err != nil {
		return nil, err
	}
	m, more, err := a.passed(s, parent, run, p, v, now)
	if err != nil {
		return nil, err
	}
	x.TokenWish.Mandate, x.TokenWish.Details = m.ID, DetailsOf(x.Issuer, p.Grants)
	c, err := a.issued(s, out, x.TokenWish, run, now)
	c.Event.Subject, c.Event.Mandate = m.Subject, m.ID
	return append(append(all, more...), c), err
}

// parent is the mandate of the token that was shown, as far as that token goes: who was handed a part of it passes on no more.
func (x Exchange) parent(s *State) *stead.Mandate {
	m := s.Mandate(x.Shown.Mandate)
	if m == nil || len(x.Shown.Rights) == 0 {
		return m
	}
	part := *m
	part.Scope.Grants = x.Shown.Rights
	return &part
}

// part is what is asked for of m, however it is named.
func (x Exchange) part(m *stead.Mandate) (stead.Passing, error) {
	p := x.Passing
	if m == nil {
		return p, nil
	}
	named, err := Entitlements(x.Issuer, x.Details, m.Scope.Apps)
	if err != nil {
		return p, err
	}
	chosen, err := scoped(m.Scope.Grants, x.Scopes)
	p.Grants = append(named, chosen...)
	return p, err
}

// passed is the narrowed mandate of an instance, begun: the one that it has, or another.
func (a *Authority) passed(s *State, parent stead.Mandate, run stead.Instance, p stead.Passing, v stead.Verdict, now time.Time) (stead.Mandate, []stead.Change, error) {
	c := a.passCase(s, &parent, By{Principal: run.Agent, Key: run.Key.Thumbprint}, p)
	made, err := stead.Narrow(parent, p, c.facts, v, c.terms, now)
	if err != nil {
		return made, nil, err
	}
	for _, id := range s.Below(parent.ID) {
		if had := s.Mandate(id); had.Key == run.Key.Thumbprint && had.State == stead.Active && alike(*had, made) {
			return *had, nil, nil
		}
	}
	if err := s.room(parent, run.Agent); err != nil {
		return made, nil, err
	}
	begun, err := stead.StartTask(made, c.facts, v, finder(s), now)
	if err != nil {
		return made, nil, err
	}
	all := []stead.Change{moved("mandate.narrowed", made, stead.ReasonNone), moved("mandate.started", begun, stead.ReasonNone)}
	for _, c := range all {
		if err := s.Put(c, s.Index()); err != nil {
			return made, nil, err
		}
	}
	return begun, all, nil
}

// alike tells whether one mandate does for the other: the same rights, for as long as a token lives. What was agreed to is its
// digest, from before it had a key.
func alike(had, wanted stead.Mandate) bool {
	until := wanted.AskedAt.Add(min(TokenLife, time.Duration(wanted.Bounds.Length)))
	wanted.ID, wanted.Bounds.Length = had.ID, had.Bounds.Length
	return !had.Until.Before(until) && wanted.Sum() == had.Digest
}
