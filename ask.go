package stead

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// A Wish is what an actor asks for, before anybody has agreed.
type Wish struct {
	ID      MandateID
	Purpose Purpose
	Mode    Mode
	For     time.Duration // 0: the default
	Target  string
	Scope   Scope
	Budget  map[string]int64 // less than the task's, or what it leaves unbounded
	Call    string           // what the condition Parameters is about; "" where there is none
}

// Terms are what the settings allow where and to whom the wish is asked: the most specific of application, realm
// and role (R4).
type Terms struct {
	Default     time.Duration // length where none is asked for
	Max         time.Duration // longest term
	Extensions  int
	Total       time.Duration // longest of all terms together; 0: Length × (1 + Extensions)
	Idle        time.Duration
	StartWindow time.Duration // how long an approved mandate may wait for its start
	AskWindow   time.Duration // how long an asked one waits for its approvals
	Fresh       time.Duration // how long a proved second factor counts
	PerActor    int           // mandates one actor may hold at once; 0 = 1
}

// Ask makes a mandate of a wish, or says why not. It waits for approvals where the verdict asks for them.
func Ask(w Wish, f Facts, v Verdict, t Terms, now time.Time) (Mandate, error) {
	if err := mayAsk(w, f, now); err != nil {
		return Mandate{}, err
	}
	if err := permitted(w.Purpose, w.Mode, f, v); err != nil {
		return Mandate{}, err
	}
	m := Mandate{
		ID: w.ID, Version: 1, State: Approved, Actor: f.Actor.ID, Subject: f.Subject.ID, Session: f.Session.ID,
		People:  []PersonKey{f.Actor.Person, f.Subject.Person},
		Purpose: w.Purpose, Scope: w.Scope, Mode: w.Mode, Target: w.Target, Bounds: bounds(w.For, v.Obligations, t),
		Rules: v.Rules, Stages: v.Obligations.Approvals, Notify: v.Obligations.Notify,
		AskedAt: now, StartBy: now.Add(t.StartWindow),
	}
	if len(m.Stages) > 0 {
		m.State, m.StartBy = Asked, now.Add(t.AskWindow)
	}
	m.Digest = m.Sum()
	return m, nil
}

func mayAsk(w Wish, f Facts, now time.Time) error {
	if err := maySomeone(f, now); err != nil {
		return err
	}
	switch {
	case f.Acting != nil:
		return E(Conflict, ReasonChain, "this session acts for somebody already: end that first")
	case !f.Session.Armed(now):
		return E(Refused, ReasonNotArmed, "arm acting first: prove your second factor, then choose a person")
	case w.Purpose.Reason == "":
		return E(Invalid, ReasonReason, "say why you need to act for %s", f.Subject.DisplayName())
	case w.Mode != ReadOnly && w.Mode != Edit:
		return E(Invalid, ReasonRequest, "a mandate is read-only or edit, not %q", w.Mode)
	case w.For < 0:
		return E(Invalid, ReasonRequest, "a mandate cannot last %s", w.For)
	case w.Mode == Edit && !f.App.Aware:
		return E(Refused, ReasonReadOnly, "%s would record a change under the wrong name, so editing is closed there", f.App.ID)
	}
	return nil
}

// maySomeone holds the laws of acting for a person that no policy can lift. They are asked at ask, at start and at
// each extension.
func maySomeone(f Facts, now time.Time) error {
	switch {
	case f.Actor == nil || f.Session == nil || f.Session.Principal != f.Actor.ID:
		return E(Refused, ReasonSignIn, "sign in first")
	case f.Session.Over(now, f.Seen) != ReasonNone:
		return E(Refused, f.Session.Over(now, f.Seen), "your session is over: sign in again")
	case f.Distrust != ReasonNone:
		return E(Refused, f.Distrust, "%s", distrust(f.Distrust))
	case !f.Actor.Active():
		return E(Refused, ReasonDisabled, "your account is closed")
	case f.Subject == nil || !f.Subject.Active():
		return E(Missing, ReasonUnknown, "nobody by that name may be acted for")
	case f.Actor.SameHuman(*f.Subject):
		return E(Refused, ReasonSelf, "nobody acts for himself")
	case f.App == nil || f.Realm == nil:
		return E(Missing, ReasonNoRoute, "no such application")
	case len(f.App.Privileged) == 0:
		return E(Refused, ReasonUnmarked, "%s does not say whom it privileges, so nobody acts for others in it", f.App.ID)
	case len(f.Subject.Marks(f.App.Privileged)) > 0:
		return E(Refused, ReasonPrivileged, "a privileged account is never acted for")
	case !f.Realm.Acting || f.Realm.Kind == SubjectOnly:
		return E(Refused, ReasonRealm, "%s does not open acting for others there", f.App.ID)
	case f.Session.Level < f.Realm.ActorLevel:
		return E(Refused, ReasonLevel, "acting there asks for a stronger sign-in: prove your second factor")
	}
	return nil
}

// permitted reads the verdict and what it asks for.
func permitted(p Purpose, mode Mode, f Facts, v Verdict) error {
	o := v.Obligations
	switch {
	case v.Policy != f.Policy:
		return E(Conflict, ReasonStale, "the policy changed in the meantime: ask again")
	case len(v.Errors) > 0:
		return E(Refused, ReasonFailed, "a rule of the policy failed to evaluate, which counts as no: %s", v.Errors[0])
	case !v.Allow && len(v.Rules) > 0:
		return E(Refused, ReasonPolicy, "the policy's rule %s forbids this", v.Rules[0].ID)
	case !v.Allow:
		return E(Refused, ReasonPolicy, "no rule of the policy lets you act for %s", f.Subject.DisplayName())
	case mode == Edit && o.Mode == ReadOnly:
		return E(Refused, ReasonReadOnly, "policy lets you look only, not edit (rule %s)", o.Winners["mode"])
	}
	return ticketed(p.Ticket, o)
}

func ticketed(ticket string, o Obligations) error {
	if ticket == "" {
		for _, r := range o.Requires {
			if r == "ticket" {
				return E(Invalid, ReasonTicket, "policy asks for a ticket")
			}
		}
		return nil
	}
	if o.TicketRE == "" {
		return nil
	}
	re, err := regexp.Compile("^(?:" + o.TicketRE + ")$") // the whole ticket has the form, not a part of it
	if err != nil {
		return E(Refused, ReasonFailed, "the policy's form of a ticket cannot be read, which counts as no")
	}
	if !re.MatchString(ticket) {
		return E(Invalid, ReasonTicket, "policy wants a ticket of the form %s", o.TicketRE)
	}
	return nil
}

// bounds is the least of what is asked, set and permitted (R4).
func bounds(asked time.Duration, o Obligations, t Terms) Bounds {
	length := t.Default
	if asked > 0 {
		length = asked
	}
	for _, most := range []time.Duration{t.Max, o.Max} {
		if most > 0 {
			length = min(length, most)
		}
	}
	return Bounds{Length: Duration(length), Extensions: t.Extensions, Total: Duration(t.Total), Idle: Duration(t.Idle),
		Start: Duration(t.StartWindow)}
}

// Sum is the digest that an approval binds: the request and the rules that matched, by id and hash, and not the rest
// of the policy, so that unrelated deployments void nothing (R31). Hex SHA-256 of RFC 8785 JSON.
func (m Mandate) Sum() string {
	f := Fields{
		"id": string(m.ID), "actor": string(m.Actor), "subject": string(m.Subject),
		"key": m.Key, "parent": string(m.Parent), "max_depth": strconv.Itoa(m.MaxDepth),
		"reason": m.Purpose.Reason, "ticket": m.Purpose.Ticket, "mode": string(m.Mode), "target": m.Target,
		"length": time.Duration(m.Bounds.Length).String(), "total": m.Bounds.Longest().String(),
		"extensions": strconv.Itoa(m.Bounds.Extensions), "idle": time.Duration(m.Bounds.Idle).String(),
		"start":  time.Duration(m.Bounds.Start).String(),
		"budget": fmt.Sprint(m.Bounds.Budget), "scope": m.Scope.String(),
	}
	if m.Task != "" {
		f["task"] = m.Task
	}
	if m.Word.Given() {
		f["word"] = m.Word.String()
	}
	if len(m.Delegates) > 0 {
		f["delegates"] = fmt.Sprintf("%q", m.Delegates)
	}
	for i, r := range m.Rules {
		f["rule."+strconv.Itoa(i)] = r.ID + "@" + r.Hash
	}
	for i, s := range m.Stages {
		f["stage."+strconv.Itoa(i)] = s.String()
	}
	var room [1 << 10]byte
	sum := sha256.Sum256(AppendFields(room[:0], f))
	return hex.EncodeToString(sum[:])
}

// String writes a scope in one unambiguous line: every name quoted.
func (s Scope) String() string {
	text := fmt.Sprintf("apps %q realms %q actions %q conditions %q", s.Apps, s.Realms, s.Actions, s.Conditions)
	if len(s.Grants) > 0 {
		text += fmt.Sprintf(" grants %s", s.Grants)
	}
	return text
}
