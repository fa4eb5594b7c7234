package authority

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// A Letter is what an ID-JAG says, whoever has signed it: which agent acts for which person of the issuer's, at the door of another
// house (draft-ietf-oauth-identity-assertion-authz-grant).
type Letter struct {
	ID       string // unguessable, never twice
	Issuer   string
	Subject  string // as the issuer calls the person
	Audience string // issuer of the house that it is for
	Client   string // how that house calls the agent
	Resource string // what may be asked for there; "": it does not say
	Scopes   []string
	Details  []Detail
	Act      *Actor
	Key      string // thumbprint of the key that must be proved beside; "": any
	Since    time.Time
	Until    time.Time
}

// LetterLife is how long a letter counts at most.
const LetterLife = 5 * time.Minute

// letterType is how a letter is called where it is told from a token.
const letterType = "id-jag"

// A LetterWish is what a client asks a letter for, by a token of its own.
type LetterWish struct {
	TokenWish          // Resource is what may be asked for there, Mandate is not asked
	Shown     Token    // its own, of the mandate that is written under
	Audience  string   // issuer of the other house
	Scopes    []string // of it: these alone, as ACTION:RESOURCE
}

// WriteLetter records that the calling client gets a letter for another house, by which it acts there for who let it, and says what it
// holds. Errors: refused, expired; invalid unknown-route where no such house is known, bad-request where the token does not count.
func (a *Authority) WriteLetter(ctx context.Context, by By, w LetterWish) (Letter, error) {
	out := Letter{ID: a.NewID("let_"), Issuer: w.Issuer}
	t := attempt{verb: "token.issue", by: by, mandate: w.Shown.Mandate, what: stead.Fields{"token": out.ID, "type": letterType, "exchanged": w.Shown.ID}}
	t.what = with(with(t.what, "audience", w.Audience), "resource", w.Resource)
	err := a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := working(s, by, now); err != nil {
			return nil, err
		}
		m, err := a.mayWrite(s, by, w, now)
		if err != nil {
			return nil, err
		}
		if err := a.written(s, &out, m, w, now); err != nil {
			return nil, err
		}
		c := stead.Change{Event: stead.Event{Kind: "token.issued", Subject: m.Subject, App: m.Scope.Apps[0], What: stead.Fields{"digest": m.Digest}}}
		_, act := s.acts(m)
		c.Event.What = with(with(c.Event.What, "act", strings.Join(act, " < ")), "scope", strings.Join(out.Scopes, " "))
		c.Counts = passing(w.Once)
		return []stead.Change{c}, nil
	})
	return done(&out, err)
}

// mayWrite finds the mandate that a letter is written under: a person's own yes, held by who asks, in force as at any use.
func (a *Authority) mayWrite(s *State, by By, w LetterWish, now time.Time) (m stead.Mandate, err error) {
	if r := a.distrust(); r != stead.ReasonNone {
		return m, stead.E(stead.Refused, r, "this server's clock or record is in doubt: no letter is written")
	}
	if err := a.shown(s, w.Shown, now); err != nil {
		return m, err
	}
	me, live := s.Principal(by.Principal), s.Mandate(w.Shown.Mandate)
	switch {
	case s.Agent(by.Principal).Public:
		return m, stead.E(stead.Refused, stead.ReasonSignIn, "a letter is for a client that proves who it is")
	case w.Shown.Client != me.Name || w.Shown.Key != w.Key.Thumbprint:
		return m, stead.E(stead.Invalid, stead.ReasonNotYours, "the subject_token is another's, or of another key than the one that was proved")
	case live == nil:
		return m, stead.E(stead.Invalid, stead.ReasonRequest, "the subject_token stands for no mandate: a letter is of a person who let you act")
	case !live.Consented() || live.Word.Given():
		return m, stead.E(stead.Refused, stead.ReasonChain, "a letter is written where a person of this house has agreed himself: ask him (/oauth/authorize)")
	case live.Counted():
		return m, stead.E(stead.Refused, stead.ReasonBudget, "this mandate has a budget or conditions, which another house would not keep to: no letter is written on it")
	}
	return *live, nil
}

// written fills in a letter: no more than the mandate, no longer, and for the house that the mandate is for.
func (a *Authority) written(s *State, out *Letter, m stead.Mandate, w LetterWish, now time.Time) error {
	app := a.Settings.houseAt(w.Audience)
	switch {
	case app == nil:
		return stead.E(stead.Invalid, stead.ReasonNoRoute, "no such authorization server is known here")
	case !slices.Contains(m.Scope.Apps, app.ID):
		return stead.E(stead.Refused, stead.ReasonScope, "the mandate is not for that authorization server")
	case w.Resource != "" && !slices.Contains(app.House.Resources, w.Resource):
		return stead.E(stead.Invalid, stead.ReasonNoRoute, "no such resource is known of that authorization server")
	}
	out.Client = app.House.Clients[s.Principal(m.Actor).Name]
	if out.Client == "" {
		return stead.E(stead.Refused, stead.ReasonScope, "that authorization server does not know this client: it is registered there first")
	}
	rights, err := Exchange{TokenWish: w.TokenWish, Scopes: w.Scopes}.part(&m)
	if err != nil {
		return err
	}
	if !(stead.Task{Grants: m.Scope.Grants}).Allows(rights.Grants) {
		return stead.E(stead.Refused, stead.ReasonRights, "that mandate does not cover all that was asked for")
	}
	grants := rights.Grants
	if len(grants) == 0 {
		grants = m.Scope.Grants
	}
	var act []string
	out.Subject, act = s.acts(m)
	out.Act, out.Audience, out.Resource, out.Key = ActorOf(w.Issuer, act), app.Address, w.Resource, w.Key.Thumbprint
	out.Scopes, out.Details = scopesOf(grants), detailsElsewhere(grants)
	out.Since, out.Until = now, earlier(now.Add(LetterLife), m.Until)
	if out.Until.Sub(now) < time.Second {
		return stead.E(stead.Expired, stead.ReasonExpired, "what this letter would stand for is about to end")
	}
	return nil
}

// scopesOf names grants as scopes do, where that says all of them: one that is narrower in columns or rows has details alone.
func scopesOf(all []stead.Entitlement) (scopes []string) {
	for _, e := range all {
		scope := string(e.Action) + ":" + e.Resource
		if len(e.Columns) > 0 || e.Rows != "" || strings.ContainsAny(e.Resource, " \"\\") {
			return nil
		}
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// detailsElsewhere writes grants for a house that has names of its own for its systems.
func detailsElsewhere(all []stead.Entitlement) []Detail {
	out := DetailsOf("", all)
	for i := range out {
		out[i].Locations = nil
	}
	return out
}

// houseAt finds another authorization server by its issuer; nil is none.
func (s *Settings) houseAt(issuer string) *stead.App {
	for i := range s.Apps {
		if s.Apps[i].House != nil && issuer != "" && s.Apps[i].Address == issuer {
			return &s.Apps[i]
		}
	}
	return nil
}
