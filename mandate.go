package stead

import (
	"slices"
	"strings"
	"time"
)

// State is where a mandate is in its life. Terminal is terminal; an unknown state is no.
type State string

const (
	Asked     State = "asked"     // approvals are missing
	Approved  State = "approved"  // may be started until StartBy
	Active    State = "active"    // in force until Until
	Suspended State = "suspended" // beside active: in force again when resumed
	Ended     State = "ended"     // over; Why says why
)

// Mode is how much may be done. The zero mode is read-only.
type Mode string

const (
	ReadOnly Mode = "read-only"
	Edit     Mode = "edit"
)

// A Mandate is the authority of one actor to act for one subject. People and agents differ in fields, not in
// types: a person's is bound to his Session and has MaxDepth 0; an agent's is bound to its Key.
type Mandate struct {
	ID      MandateID   `json:"id"`
	Version uint64      `json:"version"`
	State   State       `json:"state"`
	Actor   PrincipalID `json:"actor"`
	Subject PrincipalID `json:"subject"`
	People  []PersonKey `json:"people"` // whom the record speaks of: it is sealed under their keys

	Session  SessionID `json:"session,omitempty"` // a person's: it ends with this session
	Claimed  bool      `json:"claimed,omitempty"` // it was taken to another session of its actor, once
	Key      string    `json:"key,omitempty"`     // an agent's: RFC 7638 thumbprint of the key that started it, and no other uses it
	Unbound  bool      `json:"unbound,omitempty"` // a token was given for it that is bound to no key (R39)
	Parent   MandateID `json:"parent,omitempty"`  // the mandate this one was narrowed from
	MaxDepth int       `json:"max_depth"`         // further links allowed below: 0 for people

	Delegates []string `json:"delegates,omitempty"` // names of the agents it may be passed on to; empty: whose own tasks allow it

	Task    string  `json:"task,omitempty"` // an agent's: which of the tasks it has declared
	Purpose Purpose `json:"purpose"`
	Scope   Scope   `json:"scope"`
	Mode    Mode    `json:"mode"`
	Bounds  Bounds  `json:"bounds"`
	Target  string  `json:"target,omitempty"` // where the actor asked to land, a path on the application
	Call    string  `json:"call,omitempty"`   // an agent's for one call alone: that, in JSON; its condition Parameters is the SHA-256 of it

	Rules     []RuleRef  `json:"rules,omitempty"`  // what permitted it, by id and hash (R31)
	Digest    string     `json:"digest,omitempty"` // what an approval binds: hex SHA-256
	Stages    []Stage    `json:"stages,omitempty"` // who must agree
	Approvals []Approval `json:"approvals,omitempty"`
	Word      Word       `json:"word,omitzero"`      // of another house, in the place of its subject's own yes
	Comments  []Comment  `json:"comments,omitempty"` // of those whose business it is; they decide nothing
	Notify    []string   `json:"notify,omitempty"`

	AskedAt   time.Time `json:"asked_at"`
	StartBy   time.Time `json:"start_by"` // of an asked one: until when it waits
	StartedAt time.Time `json:"started_at,omitzero"`
	Until     time.Time `json:"until,omitzero"`
	Extended  int       `json:"extended,omitempty"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
	Why       Reason    `json:"why,omitempty"`
	EndedBy   string    `json:"ended_by,omitempty"` // a principal id, or "stead"
}

// A Comment is what somebody said about a request.
type Comment struct {
	By   PrincipalID `json:"by"`
	Text string      `json:"text"`
	At   time.Time   `json:"at"`
}

// Purpose is why: a sentence and, where there is one, the ticket.
type Purpose struct {
	Reason string `json:"reason"`
	Ticket string `json:"ticket,omitempty"`
}

// Bounds are how long and how much. All of them stand in the digest that approvers agree to.
type Bounds struct {
	Length     Duration         `json:"length"`           // of one term
	Extensions int              `json:"extensions"`       // how many further terms (R12)
	Total      Duration         `json:"total"`            // of everything together; 0 = Length × (1 + Extensions)
	Idle       Duration         `json:"idle"`             // ends when nothing is done for so long; 0 = never
	Start      Duration         `json:"start,omitempty"`  // how long it may wait for its start once it is approved
	Budget     map[string]int64 `json:"budget,omitempty"` // Calls, and whatever else is counted: at most
}

// Longest is the longest time the mandate may be in force, extensions included.
func (b Bounds) Longest() time.Duration {
	all := time.Duration(b.Length) * time.Duration(1+b.Extensions)
	if t := time.Duration(b.Total); t > 0 && t < all {
		return t
	}
	return all
}

// Counted tells whether it holds what is kept to at each use alone, by Stead: a budget, or conditions. Nothing is handed out on it that is
// used without asking.
func (m Mandate) Counted() bool { return len(m.Bounds.Budget) > 0 || len(m.Scope.Conditions) > 0 }

// Scope is what may be done: actions × resources × conditions. It is a list of what is allowed; empty allows
// nothing.
type Scope struct {
	Apps       []AppID             `json:"apps,omitempty"`
	Realms     []RealmID           `json:"realms,omitempty"`     // empty: every realm that opens acting
	Actions    []Action            `json:"actions,omitempty"`    // empty: what the mode allows
	Conditions map[string][]string `json:"conditions,omitempty"` // argument: allowed values; Transaction: those it is for
	Grants     []Entitlement       `json:"grants,omitempty"`     // of an agent: exactly these in a system; then nothing else
}

// hides tells whether it holds what cannot be seen.
func (s Scope) hides() bool {
	for name, allowed := range s.Conditions {
		if hides(name + strings.Join(allowed, "")) {
			return true
		}
	}
	return slices.ContainsFunc(s.Grants, Entitlement.hides)
}

// large tells whether it says more than anybody would read.
func (s Scope) large() bool {
	n := 0
	for name, allowed := range s.Conditions {
		n += 1 + len(allowed)
		if len(name) > MostText || slices.ContainsFunc(allowed, func(v string) bool { return len(v) > MostText }) {
			return true
		}
	}
	return n > mostGrants || len(s.Grants) > mostGrants || slices.ContainsFunc(s.Grants, func(e Entitlement) bool { return len(e.Columns) > mostGrants })
}

// Covers tells whether the scope holds the action on the resource.
func (s Scope) Covers(q Question) bool {
	switch {
	case !slices.Contains(s.Apps, q.Resource.App):
		return false
	case len(s.Realms) > 0 && !slices.Contains(s.Realms, q.Resource.Realm):
		return false
	case len(s.Actions) > 0 && !slices.Contains(s.Actions, q.Action):
		return false
	}
	if len(s.Grants) > 0 && !slices.ContainsFunc(s.Grants, func(e Entitlement) bool { return e.Covers(q.Wants()) }) {
		return false
	}
	for name, allowed := range s.Conditions {
		if !slices.Contains(allowed, q.Arguments[name]) {
			return false
		}
	}
	return true
}

// Transaction is the argument that says which transaction something is part of.
const Transaction = "transaction"

// Transaction is the only one that the scope is for; "" is none.
func (s Scope) Transaction() string {
	if ids := s.Conditions[Transaction]; len(ids) == 1 {
		return ids[0]
	}
	return ""
}

// lacks says why the scope does not hold what is asked.
func (s Scope) lacks(q Question) string {
	if ids := s.Conditions[Transaction]; len(ids) > 0 && !slices.Contains(ids, q.Arguments[Transaction]) {
		return "the mandate is for one transaction, and this is not said to be part of it"
	}
	return "the mandate does not cover this"
}

// wrong says what is wrong with what is asked for; "" is nothing.
func (s Scope) wrong() string {
	if s.hides() {
		return "what is asked for holds characters that cannot be shown: take them away"
	}
	ids, said := s.Conditions[Transaction]
	switch {
	case !said:
		return ""
	case len(ids) != 1:
		return "a mandate is for one transaction, or for whichever it is used in: name one, once"
	}
	return WrongTransaction(ids[0])
}

// Over tells whether m has ended or must count as ended at now: ReasonNone, or why. Acted is its last own use.
// Expiry needs no sweeper: the time decides, whatever the state still says.
func (m Mandate) Over(now, acted time.Time) Reason {
	switch {
	case m.State == Ended && m.Why != ReasonNone:
		return m.Why
	case m.State == Ended:
		return ReasonEnded
	case m.State == Asked || m.State == Approved:
		if !now.Before(m.StartBy) {
			return ReasonNotStarted
		}
		if m.State == Asked && m.timed() && m.lapsed(m.Voted(), now) {
			return ReasonExpired
		}
		return ReasonNone
	case !now.Before(m.Until):
		return ReasonExpired
	case m.Bounds.Idle > 0 && !now.Before(m.IdleEnd(acted)):
		return ReasonIdle
	}
	return ReasonNone
}

// IdleEnd is when an active mandate ends if nothing more is done under it.
func (m Mandate) IdleEnd(acted time.Time) time.Time {
	if acted.Before(m.StartedAt) {
		acted = m.StartedAt
	}
	return acted.Add(time.Duration(m.Bounds.Idle))
}

// ExtensionsLeft tells how many further terms may still be asked for.
func (m Mandate) ExtensionsLeft() int { return max(0, m.Bounds.Extensions-m.Extended) }
