package stead

import "time"

// A RuleRef names a rule as it was: its id and the SHA-256 of its text, hex.
type RuleRef struct {
	ID     string `json:"id"`
	Hash   string `json:"hash"`
	Reason string `json:"reason,omitempty"` // of a permit: why what it permits is in order, @reason
}

// Obligations are what a permit asks for besides. They combine by the algebra of R4: unions, the least mode, the
// shortest time.
type Obligations struct {
	Requires  []string // "second-factor", "reason", "ticket"
	TicketRE  string   // the form a ticket must have; RE2
	Approvals []Stage
	Notify    []string
	Mode      Mode          // the most that is allowed; empty: no rule narrows it
	Max       time.Duration // 0: no rule shortens it
	Advice    []string
	Winners   map[string]string // "mode", "max" …: the rule that decided
}

// A Verdict is what policy says; it may narrow a yes of the laws, never widen a no. The zero Verdict is no.
type Verdict struct {
	Allow       bool
	Rules       []RuleRef // those that permitted, or those that forbade
	Errors      []string  // rules that failed to evaluate: any is a no
	Obligations Obligations
	Policy      string // digest of the bundle that was asked
	Rights      Rights // whether question (a) was put (R2)
}

// A Decision answers a Question. The zero Decision refuses.
type Decision struct {
	ID      DecisionID
	At      time.Time
	Allow   bool
	Reason  Reason
	Text    string // for the person who caused it: what, why, what next
	Rules   []RuleRef
	Index   uint64 // of the view that decided
	Policy  string // digest of the bundle
	Rights  Rights
	Mandate MandateID
	Final   bool        // the mandate must be ended for this reason
	Law     string      // the exclusion or segment that refuses, where one does
	Beside  PrincipalID // the agent because of which an exclusion does, for those alone who may know of it
	Obligations
}
