package authority

import (
	"context"
	"slices"
	"time"

	"github.com/steadhq/stead"
)

// A Role is what somebody may do in Stead itself.
type Role string

const (
	Admin    Role = "admin"    // people, settings
	Auditor  Role = "auditor"  // reads everything
	Security Role = "security" // revokes anything, approves policy
)

// Onlookers are the roles that oversee: all there are.
func Onlookers() []Role { return []Role{Admin, Security, Auditor} }

// Settings are what the configuration says. They never change: others are those of another authority (Under).
type Settings struct {
	Apps        []stead.App
	Directories []string          // where accounts are; none: that is not known
	Roles       map[Role][]string // groups: "staff/security"
	Level       int               // protection level that the roles' verbs ask for
	Ordinary    string            // "allow" or "deny" when the record cannot be written (R9)
	Session     Ends              // where no realm says otherwise
	Terms       stead.Terms
	Timers      []Timer // until others are set while it runs
	ArmFor      time.Duration
	Warn        time.Duration  // how long before an end the heads-up comes
	Zone        *time.Location // of local hours in policy

	Evaluators []stead.Evaluator // services that may ask what others may do (R40)
	Issuers    []Issuer          // other houses whose letters count here
	Described  []stead.Task      // what clients that nobody registered may ask people for

	Run       time.Duration // how long an instance of an agent lives where it does not say; 0: an hour
	Instances int           // how many of one agent may live at once; 0: 1000
}

func (s *Settings) run() time.Duration { return or(s.Run, time.Hour) }
func (s *Settings) most() int          { return or(s.Instances, 1000) }

// Ends are the two ends of a session.
type Ends struct{ Idle, Absolute time.Duration }

// A Timer changes terms for an application, a realm, a role, or their combination; empty members match all. The most
// specific one wins member by member: realm before application before group.
type Timer struct {
	App   stead.AppID
	Realm stead.RealmID
	Group string
	Terms stead.Terms // zero members change nothing
}

// App finds an application by id; nil is none.
func (s *Settings) App(id stead.AppID) *stead.App {
	for i := range s.Apps {
		if s.Apps[i].ID == id {
			return &s.Apps[i]
		}
	}
	return nil
}

// Evaluator finds a service that may ask by its id; nil is none.
func (s *Settings) Evaluator(id stead.PrincipalID) *stead.Evaluator {
	for i := range s.Evaluators {
		if s.Evaluators[i].ID == id {
			return &s.Evaluators[i]
		}
	}
	return nil
}

// For gives the terms for an actor in a realm of an application, under the timers in force.
func (s *Settings) For(timers []Timer, app stead.AppID, realm stead.RealmID, actor *stead.Principal) stead.Terms {
	terms := s.Terms
	for _, t := range fitting(timers, app, realm, actor) {
		overlay(&terms, t.Terms)
	}
	return terms
}

// fitting are the timers that speak of an actor in a realm of an application, the most specific one last.
func fitting(timers []Timer, app stead.AppID, realm stead.RealmID, actor *stead.Principal) []Timer {
	fit := slices.DeleteFunc(slices.Clone(timers), func(t Timer) bool {
		return t.App != "" && t.App != app || t.Realm != "" && t.Realm != realm ||
			t.Group != "" && len(actor.Marks([]string{t.Group})) == 0
	})
	slices.SortStableFunc(fit, func(a, b Timer) int { return a.weight() - b.weight() })
	return fit
}

func (t Timer) weight() int {
	w := 0
	if t.Group != "" {
		w++
	}
	if t.App != "" {
		w += 2
	}
	if t.Realm != "" {
		w += 4
	}
	return w
}

func overlay(t *stead.Terms, by stead.Terms) {
	t.Default, t.Max = or(by.Default, t.Default), or(by.Max, t.Max)
	t.Extensions, t.Total = or(by.Extensions, t.Extensions), or(by.Total, t.Total)
	t.Idle, t.StartWindow = or(by.Idle, t.Idle), or(by.StartWindow, t.StartWindow)
	t.AskWindow, t.Fresh = or(by.AskWindow, t.AskWindow), or(by.Fresh, t.Fresh)
	t.PerActor = or(by.PerActor, t.PerActor)
}

// Holds tells whether p has the role.
func (s *Settings) Holds(p *stead.Principal, r Role) bool {
	return p != nil && p.Active() && len(p.Marks(s.Roles[r])) > 0
}

// may refuses whoever lacks all of the roles, or acts for somebody while he asks (R6).
func (a *Authority) may(s *State, by By, now time.Time, roles ...Role) error {
	if err := noAgent(s, by, now); err != nil {
		return err
	}
	p, e := s.Principal(by.Principal), s.Session(by.Session)
	switch {
	case p == nil || e == nil || e.Principal != p.ID || e.Over(now, s.Seen(e.ID)) != stead.ReasonNone:
		return stead.E(stead.Refused, stead.ReasonSignIn, "sign in first")
	case !p.Active():
		return stead.E(stead.Refused, stead.ReasonDisabled, "your account is closed")
	case s.Acting(e.ID) != nil:
		return stead.E(stead.Conflict, stead.ReasonChain, "you act for somebody: end that first")
	case len(roles) == 0:
		return nil
	case !slices.ContainsFunc(roles, func(r Role) bool { return a.Settings.Holds(p, r) }):
		return stead.E(stead.Missing, stead.ReasonNotYours, "there is no such thing, or it is not yours to know")
	case e.Level < a.Settings.Level:
		return stead.E(stead.Refused, stead.ReasonLevel, "this asks for a stronger sign-in: prove your second factor")
	}
	return nil
}

// May tells whether the caller has one of the roles now; nil is yes.
func (a *Authority) May(by By, roles ...Role) error {
	var err error
	a.Store.View().Read(func(s *State) { err = a.may(s, by, a.Now(), roles...) })
	return err
}

// TurnAway records that the caller asked a door for an operation that his roles do not allow, and gives the no back.
func (a *Authority) TurnAway(ctx context.Context, by By, operation string, no error) error {
	return a.refuse(ctx, attempt{verb: "operation.call", by: by, what: stead.Fields{"operation": operation}}, no)
}
