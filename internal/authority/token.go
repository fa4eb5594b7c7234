package authority

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// A Token is what an access token says, whoever has signed it.
type Token struct {
	ID       string // unguessable, never twice
	Subject  string // "agent:agents/monthly-report"
	Client   string // its name
	Audience string
	Instance stead.InstanceID
	Key      string          // thumbprint of the key that must be proved beside it; "": none, for one system and its mandate (R39)
	Mandate  stead.MandateID // "": for Stead's own doors alone
	Act      []string        // who acts, where that is not the subject: the current actor, and then those who passed it on to him
	Before   []stead.Hop     // who acts in another house, on whose word this rests
	MayAct   string          // the only one to whom it may be passed on
	Rights   []stead.Entitlement

	Transaction string // the only one that it is for
	Since       time.Time
	Until       time.Time
}

// TokenLife is how long a token lives at most.
const TokenLife = 5 * time.Minute

// A TokenWish is what a client asks a token for.
type TokenWish struct {
	Key      stead.AgentKey  // proved beside: the instance's, or of one that begins with this token
	Run      time.Duration   // how long an instance that begins lives; 0: as the settings say
	Issuer   string          // origin of Stead's own doors
	Resource string          // whom it is for: Issuer, or a system; "": the mandate's, or else Issuer
	Mandate  stead.MandateID // which the token stands for
	Unbound  bool            // to no key: the key of the run that asks proved the client
	Details  []Detail        // of the mandate: these alone
	Once     []Once          // what proved the client: never again
}

// Once is the name of something that counts once, until then.
type Once struct {
	Key   string
	Until time.Time
}

// SystemName is how a system is called where a resource is named (RFC 8707).
func SystemName(issuer string, id stead.AppID) string { return issuer + "/v1/systems/" + string(id) }

// ResourceName is how what is configured is called: by its own address where it has one, else as a system of the issuer's.
func (a *Authority) ResourceName(issuer string, id stead.AppID) string {
	if app := a.Settings.App(id); app != nil && app.Address != "" && app.House == nil { // a token of ours has no other issuer as audience
		return app.Address
	}
	return SystemName(issuer, id)
}

// IssueToken records that the calling client gets a token, and says what it holds. A key that nobody has begins an
// instance. Errors: refused, missing, expired, conflict used; invalid with unknown-route, or refused with scope, where it
// may not be for that resource.
func (a *Authority) IssueToken(ctx context.Context, by By, w TokenWish) (Token, error) {
	out := Token{ID: a.NewID("tok_")}
	id := stead.InstanceID(a.NewID(stead.PrefixInstance))
	t := attempt{verb: "token.issue", by: by, subject: by.Principal, mandate: w.Mandate, what: with(stead.Fields{"token": out.ID}, "resource", w.Resource)}
	err := a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := working(s, by, now); err != nil {
			return nil, err
		}
		if by.Instance != "" && by.Key != w.Key.Thumbprint || w.Unbound && by.Instance == "" {
			return nil, stead.E(stead.Refused, stead.ReasonChain, "an instance asks for tokens of its own key alone")
		}
		if r := a.distrust(); r != stead.ReasonNone {
			return nil, stead.E(stead.Refused, r, "this server's clock or record is in doubt: no token is issued")
		}
		s = s.Stage() // what an instance that is over held is over before the token is weighed
		run, changes, err := a.runs(s, by, w, id, now)
		if err != nil {
			return nil, err
		}
		c, err := a.issued(s, &out, w, run, now)
		return append(changes, c), err
	})
	return done(&out, err)
}

// issued fills in a token for an instance, and is the change that records it.
func (a *Authority) issued(s *State, out *Token, w TokenWish, run stead.Instance, now time.Time) (stead.Change, error) {
	who := s.Principal(run.Agent)
	out.Since, out.Until = now, earlier(now.Add(TokenLife), run.Until)
	out.Subject, out.Client, out.Instance, out.Key = who.String(), who.Name, run.ID, run.Key.Thumbprint
	if err := a.bound(s, out, w, run, now); err != nil {
		return stead.Change{}, err
	}
	if out.Until.Sub(now) < time.Second { // which is as fine as a token's time is
		return stead.Change{}, stead.E(stead.Expired, stead.ReasonExpired, "what this token would stand for is about to end")
	}
	c := stead.Change{Event: stead.Event{Kind: "token.issued", What: stead.Fields{"instance": string(run.ID), "audience": out.Audience}}}
	c.Event.What = with(c.Event.What, "act", strings.Join(out.Act, " < "))
	c.Counts = passing(w.Once)
	if w.Unbound {
		c.Event.What["bound"] = "no"
		out.Key = ""
		c.Records = unboundOnce(*s.Mandate(w.Mandate))
	}
	return c, nil
}

// runs is the instance that has the key of a wish: one that is there, or one that begins. One that is over is ended in s.
func (a *Authority) runs(s *State, by By, w TokenWish, id stead.InstanceID, now time.Time) (stead.Instance, []stead.Change, error) {
	var changes []stead.Change
	switch i := s.Proved(w.Key.Thumbprint); {
	case w.Key.Thumbprint == "" || w.Run < 0 || w.Run > longestRun:
		return stead.Instance{}, nil, stead.E(stead.Invalid, stead.ReasonRequest, "a token is bound to the key of an instance: prove one")
	case i != nil && i.Agent != by.Principal || s.registers(w.Key.Thumbprint, ""):
		return stead.Instance{}, nil, inUse()
	case i != nil && i.Over(now, s.Heard(i.ID)) == stead.ReasonNone:
		return *i, nil, nil
	case i != nil:
		over, err := quitting(s, *i, i.Over(now, s.Heard(i.ID)), now)
		if err != nil {
			return stead.Instance{}, nil, err
		}
		for _, c := range over {
			if err := s.Put(c, s.Index()); err != nil {
				return stead.Instance{}, nil, err
			}
		}
		changes = over
	}
	run := NewInstance{Key: w.Key, For: or(w.Run, a.Settings.run())}.of(s, by, id, now)
	e := stead.Event{Kind: "instance.enrolled", What: stead.Fields{"instance": string(id), "proof": run.Proof}}
	return run, append(changes, stead.Change{Event: e, Records: []stead.Record{run}}), a.roomFor(s, by.Principal)
}

// bound gives a token its audience and, where it stands for a mandate, no more time than that has.
func (a *Authority) bound(s *State, t *Token, w TokenWish, run stead.Instance, now time.Time) error {
	if w.Mandate == "" {
		if w.Unbound {
			return stead.E(stead.Refused, stead.ReasonRights, "a token without a mandate is bound to a key: "+sendProof)
		}
		if len(w.Details) > 0 {
			return stead.E(stead.Refused, stead.ReasonRights, "authorization_details are of a mandate: name one that is in force")
		}
		if t.Audience = or(w.Resource, w.Issuer); t.Audience == w.Issuer {
			return nil
		}
		if a.system(w) == nil {
			return stead.E(stead.Invalid, stead.ReasonNoRoute, "no such resource is known here")
		}
		return stead.E(stead.Refused, stead.ReasonScope, "a token for a system stands for a mandate: name one that is in force there")
	}
	m := s.Mandate(w.Mandate)
	if m == nil || m.Actor != run.Agent || m.Key != run.Key.Thumbprint {
		return stead.E(stead.Missing, stead.ReasonNotYours, "this instance holds no such mandate")
	}
	if err := a.holds(s, *m, now); err != nil {
		return err
	}
	t.Audience = or(w.Resource, a.ResourceName(w.Issuer, m.Scope.Apps[0]))
	if !slices.ContainsFunc(m.Scope.Apps, func(id stead.AppID) bool { return a.ResourceName(w.Issuer, id) == t.Audience }) {
		return stead.E(stead.Refused, stead.ReasonScope, "that mandate is not for this resource")
	}
	if w.Unbound {
		if err := a.mayUnbind(s, *m); err != nil {
			return err
		}
	}
	rights, err := Entitlements(w.Issuer, w.Details, m.Scope.Apps)
	if err != nil {
		return err
	}
	if !(stead.Task{Grants: m.Scope.Grants}).Allows(rights) {
		return stead.E(stead.Refused, stead.ReasonRights, "that mandate does not cover all that was asked for")
	}
	t.Mandate, t.Until, t.Rights = m.ID, earlier(t.Until, m.Until), rights
	t.Subject, t.Act = s.acts(*m)
	t.Before, t.Transaction = m.Word.Act, m.Scope.Transaction()
	if len(m.Delegates) == 1 {
		t.MayAct = agentName(m.Delegates[0])
	}
	return nil
}

// acts tells for whom a mandate is, and by whom, the current actor first. It is what tokens say of both.
func (s *State) acts(m stead.Mandate) (subject string, by []string) {
	if p := s.Principal(m.Subject); p != nil {
		subject = p.String()
	}
	for _, l := range append([]stead.Link{s.link(&m)}, s.above(&m)...) {
		if l.Actor != nil && l.Actor.ID != m.Subject {
			by = append(by, l.Actor.String())
		}
	}
	return subject, by
}

func agentName(name string) string {
	return stead.Principal{Kind: stead.Agent, Directory: stead.Agents, Name: name}.String()
}

func (a *Authority) system(w TokenWish) *stead.App {
	for i := range a.Settings.Apps {
		if a.ResourceName(w.Issuer, a.Settings.Apps[i].ID) == w.Resource {
			return &a.Settings.Apps[i]
		}
	}
	return nil
}

// holds tells whether a mandate is in force, and whether laws and policy would let it begin now.
func (a *Authority) holds(s *State, m stead.Mandate, now time.Time) error {
	why := m.Over(now, s.Acted(m.ID))
	if why == stead.ReasonNone && m.State == stead.Active {
		why = a.goes(m, a.standing(s, m))
	}
	for _, l := range s.above(&m) {
		if why == stead.ReasonNone {
			why = a.goes(*l.Mandate, a.standing(s, *l.Mandate))
		}
	}
	if why == stead.ReasonNone {
		why, _ = stead.Upheld(m, s.above(&m), now)
	}
	switch {
	case why != stead.ReasonNone:
		return stead.E(stead.Expired, why, "%s", stead.Ending(why))
	case m.State != stead.Active:
		return stead.E(stead.Conflict, stead.ReasonState, "this mandate is not in force")
	}
	return nil
}

// PresentToken tells who shows a token that was verified, with the key that it is bound to: it counts only while its
// instance, agent, owner and mandate do, now. Errors: those of PresentKey; refused, expired.
func (a *Authority) PresentToken(ctx context.Context, t Token, address string) (By, error) {
	key := t.Key
	if key == "" {
		key = a.keyOf(t.Instance)
	}
	by, err := a.PresentKey(ctx, PresentedKey{Agent: t.Client, Thumbprint: key, Address: address})
	if err != nil {
		return By{}, err
	}
	now := a.Now()
	a.Store.View().Read(func(s *State) { err = a.counts(s, by, t, now) })
	if err != nil {
		return By{}, err
	}
	return by, nil
}

// counts tells whether a token still stands for what it says, for who has its key.
func (a *Authority) counts(s *State, by By, t Token, now time.Time) error {
	who := s.Principal(by.Principal)
	subject, act, before := t.Client, []string(nil), []stead.Hop(nil)
	m := s.Mandate(t.Mandate)
	if m != nil {
		before = m.Word.Act
		subject, act = s.acts(*m)
	} else if who != nil {
		subject = who.String()
	}
	switch {
	case who == nil || who.Name != t.Client || by.Instance == "" || by.Instance != t.Instance || !now.Before(t.Until):
		return stead.E(stead.Refused, stead.ReasonSignIn, "this token is over: get another")
	case s.Count(revoked(t)) != 0:
		return stead.E(stead.Refused, stead.ReasonSignIn, "this token was revoked")
	case t.Mandate != "" && (m == nil || m.Actor != by.Principal || m.Key != by.Key), t.Key != "" && t.Key != by.Key, t.Subject != subject, !slices.Equal(t.Act, act), !slices.Equal(t.Before, before):
		return stead.E(stead.Refused, stead.ReasonSignIn, "the mandate of this token is over")
	case t.Mandate == "":
		return nil
	}
	if t.Key == "" {
		if err := a.mayUnbind(s, *m); err != nil {
			return err
		}
	}
	return a.holds(s, *m, now)
}

func revoked(t Token) string { return "revoked/" + t.ID }

// RevokeToken makes a token count no more: by the agent it was given to. Errors: refused.
func (a *Authority) RevokeToken(ctx context.Context, by By, t Token) error {
	at := attempt{verb: "token.revoke", by: by, subject: by.Principal, mandate: t.Mandate, urgent: true, what: stead.Fields{"token": t.ID}}
	return a.run(ctx, at, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := working(s, by, now); err != nil {
			return nil, err
		}
		if who := s.Principal(by.Principal); who.Name != t.Client || by.Instance != "" && by.Instance != t.Instance {
			return nil, stead.E(stead.Refused, stead.ReasonNotYours, "this token is another's")
		}
		if s.Count(revoked(t)) != 0 {
			return nil, nil
		}
		c := stead.Change{Event: stead.Event{Kind: "token.revoked"}}
		c.Counts = []stead.Count{{Key: revoked(t), Op: stead.CountRaise, N: 1, Until: t.Until}}
		return []stead.Change{c}, nil
	})
}

// Inspects tells whether the caller may learn about a token: the agent it was given to, a service that may ask about all that its
// mandate reaches, and those who run or oversee this house. Errors: refused, missing.
func (a *Authority) Inspects(by By, t Token) error {
	var err error
	asks := a.Settings.Evaluator(by.Principal)
	a.Store.View().Read(func(s *State) {
		if asks != nil {
			if m := s.Mandate(t.Mandate); m == nil || !asks.Covers(m.Scope) {
				err = stead.E(stead.Missing, stead.ReasonNotYours, "there is no such token")
			}
			return
		}
		now := a.Now()
		who := s.Principal(by.Principal)
		if err = presents(s, by, now); err != nil || who == nil {
			return
		}
		if by.Key == "" && who.Kind != stead.Service {
			err = a.may(s, by, now, Onlookers()...)
		} else if by.Key != "" && (who.Name != t.Client || by.Instance != "" && by.Instance != t.Instance) {
			err = stead.E(stead.Missing, stead.ReasonNotYours, "there is no such token")
		}
	})
	return err
}

// Entitled tells the rights that a token stands for at its audience: those that it was narrowed to, else all of its mandate's there.
func (a *Authority) Entitled(issuer string, t Token) (all []stead.Entitlement) {
	if len(t.Rights) > 0 {
		return t.Rights
	}
	a.Store.View().Read(func(s *State) {
		if m := s.Mandate(t.Mandate); m != nil {
			for _, g := range m.Scope.Grants {
				if a.ResourceName(issuer, g.System) == t.Audience {
					all = append(all, g)
				}
			}
		}
	})
	return all
}

// tokenVerbs are what a door may be asked for, by its own word for it.
var tokenVerbs = map[string]string{"issue": "token.issue", "revoke": "token.revoke", "introspect": "token.introspect", "enroll": "instance.enroll",
	"push": "mandate.consent"}

// RefuseToken records that a door gave no token, took none back or told of none, and gives the no back. Client is what the
// caller says he is. What was wrong with a request is on record in words.
func (a *Authority) RefuseToken(ctx context.Context, by By, verb, client string, no error) error {
	what := with(nil, "client", client)
	if e := (*stead.Error)(nil); errors.As(no, &e) && e.Reason == stead.ReasonRequest {
		what = with(what, "because", clipped(no.Error()))
	}
	return a.refuse(ctx, attempt{verb: tokenVerbs[verb], by: by, what: what}, no)
}

// clipped is a text as far as an event holds it.
func clipped(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), stead.MostText)], "")
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
