package stead

// A Reason is a code from this closed list: it names why something was refused or ended. Machines read the
// code, people read the text beside it. docs/reference/reasons.md is generated from this table.
type Reason string

const (
	ReasonNone Reason = ""

	// who and as whom
	ReasonUnknown    Reason = "unknown-person"   // nobody by that name, or not yours to know
	ReasonAmbiguous  Reason = "ambiguous-person" // several match: choose one
	ReasonDisabled   Reason = "disabled"         // the account is closed
	ReasonSelf       Reason = "self"             // nobody acts for himself (R5)
	ReasonPrivileged Reason = "privileged"       // the subject holds a privileged mark (R3)
	ReasonUnmarked   Reason = "marks-undeclared" // the application declares no privileged marks (R3)
	ReasonChain      Reason = "chaining"         // who acts for somebody starts nothing (I7)
	ReasonOwnerless  Reason = "ownerless"        // nobody answers for this agent any more
	ReasonNotYours   Reason = "not-yours"        // another one's mandate, session or approval
	ReasonPerson     Reason = "person-only"      // for people in a session of theirs, not for an agent with its key

	// the session it hangs on
	ReasonSignIn       Reason = "sign-in"       // no session, or it is over
	ReasonSessionIdle  Reason = "session-idle"  // the session idled out
	ReasonSessionOver  Reason = "session-over"  // signed out, or its absolute end has come
	ReasonLevel        Reason = "level"         // the realm asks for a stronger sign-in (I9)
	ReasonSecondFactor Reason = "second-factor" // a fresh code is needed
	ReasonBadProof     Reason = "bad-proof"     // wrong name, password or code
	ReasonUsed         Reason = "used"          // a single-use thing was used before
	ReasonTooMany      Reason = "too-many"      // tried too often: wait
	ReasonNotArmed     Reason = "not-armed"     // arm acting first (R10)
	ReasonOtherClient  Reason = "other-client"  // the pass came from another client than it was given to
	ReasonCrossSite    Reason = "cross-site"    // another site sent this request

	// the mandate
	ReasonState      Reason = "state"               // not possible in the state it is in
	ReasonNotStarted Reason = "start-window"        // its start window is over
	ReasonExpired    Reason = "expired"             // its time is over
	ReasonIdle       Reason = "idle"                // nothing was done for too long
	ReasonEnded      Reason = "ended"               // it has ended
	ReasonSuspended  Reason = "suspended"           // it is suspended
	ReasonUnseen     Reason = "end-unseen"          // acting ended and that was not acknowledged yet (R16)
	ReasonWaiting    Reason = "waiting"             // approvals are missing
	ReasonVoid       Reason = "approval-void"       // what was approved is not what is asked now (R31)
	ReasonBarred     Reason = "barred"              // the door says no by itself: a page of another time (R17), a host of an ended mandate
	ReasonActing     Reason = "already-acting"      // one at a time (R14)
	ReasonExtensions Reason = "extensions-used"     // no extension is left
	ReasonReason     Reason = "reason-required"     // say why
	ReasonTicket     Reason = "ticket-required"     // policy wants a ticket of this form
	ReasonScope      Reason = "scope"               // outside what the mandate covers
	ReasonLost       Reason = "instance-lost"       // its instance was not heard of any more
	ReasonGone       Reason = "instance-over"       // its instance has ended
	ReasonAbove      Reason = "above-ended"         // what it was narrowed from has ended
	ReasonBudget     Reason = "budget"              // the budget is spent
	ReasonOwn        Reason = "own-request"         // nobody approves his own request
	ReasonHand       Reason = "one-hand"            // somebody stands behind both of what are to be two people
	ReasonApprover   Reason = "not-an-approver"     // not one of those who may approve
	ReasonPresent    Reason = "subject-acting-self" // reserved to the subject (R8 subject-only)

	// what is to be done
	ReasonReadOnly Reason = "read-only"      // a write in a read-only mandate
	ReasonClosed   Reason = "closed"         // closed for anyone acting for another
	ReasonRealm    Reason = "realm-closed"   // the realm does not open acting (R8)
	ReasonPolicy   Reason = "policy"         // no rule permits it, or one forbids it
	ReasonFailed   Reason = "policy-error"   // a rule failed to evaluate: that is a no
	ReasonNoRoute  Reason = "unknown-route"  // no application or realm is there
	ReasonRequest  Reason = "bad-request"    // ambiguous or malformed
	ReasonRights   Reason = "subject-rights" // the subject may not do it either

	// duties and segments
	ReasonDuty     Reason = "separation-of-duties" // one party never has, or does, both sides of an exclusion
	ReasonSegment  Reason = "segment"              // no flow leads from its segment to that one
	ReasonIsolated Reason = "isolated"             // its segment, or that of the system, is cut off

	// the house
	ReasonBroken  Reason = "broken"        // something of ours failed: nothing was done
	ReasonRecord  Reason = "record-failed" // it could not be recorded, so it was not done
	ReasonDoubt   Reason = "in-doubt"      // it is not known whether it was recorded, and so done: look first
	ReasonStale   Reason = "stale"         // this node cannot prove that it is up to date
	ReasonClock   Reason = "clock"         // the clock jumped: two people must look (R42)
	ReasonExists  Reason = "exists"        // there is one by that name already
	ReasonChanged Reason = "changed"       // it is not at the version that was seen (If-Match)
	ReasonKey     Reason = "key-reused"    // the Idempotency-Key was for another request
	ReasonAuthor  Reason = "own-change"    // policy is applied by another than its author

	// why a mandate ended, beside those above
	ReasonCompleted Reason = "completed" // the task is done
	ReasonRevoked   Reason = "revoked"   // taken back
	ReasonRefused   Reason = "refused"   // an approver said no
	ReasonWithdrawn Reason = "withdrawn" // taken back by who asked
	ReasonReplayed  Reason = "replayed"  // its code or refresh token was shown twice, or by another
)
