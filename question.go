package stead

import (
	"slices"
	"time"
)

// An Action is what somebody wants to do, as policies name it.
type Action string

const (
	ActionAct    Action = "act"    // act for the subject at all
	ActionRead   Action = "read"   // see
	ActionMark   Action = "mark"   // see, where seeing leaves a trace
	ActionWrite  Action = "write"  // change
	ActionClosed Action = "closed" // closed for anyone acting for another
	ActionBarred Action = "barred" // the door itself says no, and the resource's rule why: it is never yes
	ActionWatch  Action = "watch"  // open a stream that only shows: server-sent events, a socket that a rule calls reading
	ActionOpen   Action = "open"   // open a socket over which anything may be said
	ActionExport Action = "export" // take data away in bulk
)

// A Resource is what it is done to.
type Resource struct {
	App   AppID
	Realm RealmID
	Path  string
	Rule  string // the application rule that classed the request
	Name  string // of a system: what it calls the thing, "public.orders"
	Type  string // of what Name names, where the policy's schema declares types of an application's own
}

// Wants is what a question asks of a system, as an entitlement to everything of it.
func (q Question) Wants() Entitlement {
	name := q.Resource.Name
	if q.Resource.Type != "" {
		name = q.Resource.Type + ":" + name
	}
	return Entitlement{System: q.Resource.App, Action: q.Action, Resource: name, Columns: q.Columns, Rows: q.Rows}
}

// A Question asks: may it be done now? It is what every door asks, whatever its protocol.
type Question struct {
	Session   SessionID     // the actor's own login
	Actor     PrincipalID   // who really acts
	Via       []PrincipalID // further links between actor and subject, nearest to the actor first (agents)
	Subject   PrincipalID   // for whom; the actor himself when he acts for himself
	Mandate   MandateID     // the authority claimed; empty when he acts for himself
	Key       string        // thumbprint of the key that proved possession (agents)
	Asserted  PrincipalID   // the service whose word it is that the actor asks; empty where he came himself (R40)
	Action    Action
	Resource  Resource
	Arguments map[string]string // parsed and typed by the door, for scope conditions
	Context   Context
	Columns   []string       // of a system's table: which are asked for; none is all of them
	Rows      string         // of a system's table: which, as the entitlement says; none is all of them
	Said      map[string]any // of a thing of a type of its own: what the caller says of it
	Given     map[string]any // and of the action
	Until     time.Time      // of what is handed out, as a login is: it may be used until then
	Activity  bool           // somebody is at the keyboard: moves the idle clocks
}

// Context is who, what, where and when beyond the names. What a caller supplies may only narrow (R7).
type Context struct {
	Method  string
	URL     string
	Address string           // of the client, as the front parser believes it
	Client  string           // what the client says of itself
	Cost    map[string]int64 // what this takes out of the mandate's budget
}

// Facts are what is true at one index of the log, read from the view in one go.
type Facts struct {
	Index    uint64 // of the view
	Actor    *Principal
	Subject  *Principal
	Links    []*Principal  // one for each of Question.Via
	Agent    *Registration // of the actor, where that is an agent
	Owner    *Principal    // who answers for it
	Instance *Instance     // whose key was proved
	Heard    time.Time     // its last sign of life
	Session  *Session
	Seen     time.Time // the session's last own request
	Mandate  *Mandate
	Acted    time.Time // the mandate's last use
	Acting   *Mandate  // what the session acts under now
	App      *App
	Realm    *Realm
	Spent    map[string]int64 // of the mandate's budget
	Above    []Link           // what Mandate was narrowed from, nearest first
	Policy   string           // digest of the bundle in force
	Issuers  []string         // other houses whose word counts here
	Distrust Reason           // why this node must refuse delegated requests, if it must

	Evaluator *Evaluator // the rights of Question.Asserted

	Duties []Duty   // exclusions that the question touches
	Way    Way      // of the agents that ask
	Uses   []string // counters of the entitlements that this would be the first use of in an hour
}

// An Evaluator is a service that may ask what others may do, in the applications named and nowhere else (R40). Where nobody
// acts for anybody, its word that somebody is there stands for a session of a level.
type Evaluator struct {
	ID    PrincipalID // "service:records"
	Apps  []AppID
	Level int  // protection level that its own sign-in counts for
	Keys  bool // it checks proofs of possession, so that a key which it names was proved
}

// Covers tells whether it may ask about all that a scope reaches.
func (e Evaluator) Covers(s Scope) bool {
	return !slices.ContainsFunc(s.Apps, func(id AppID) bool { return !slices.Contains(e.Apps, id) })
}
