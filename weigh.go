package stead

import (
	"fmt"
	"slices"
	"time"
)

// Weigh makes the decision: the laws that no policy can lift, and then the verdict, which may only narrow. It is
// a pure function of its arguments. Whatever is unknown is a no.
func Weigh(q Question, f Facts, v Verdict, now time.Time) Decision {
	d := Decision{At: now, Index: f.Index, Policy: f.Policy, Mandate: q.Mandate, Rules: v.Rules, Rights: v.Rights}
	for _, law := range []func(Question, Facts, time.Time) *no{vouched, whole, loggedIn, segmented, forSomebody, place, inForce, above, within, separated} {
		if n := law(q, f, now); n != nil {
			d.Reason, d.Text, d.Final = n.reason, n.text, n.final && claimed(q, f)
			if d.Law = lawOf(f, n.reason); n.reason == ReasonDuty {
				d.Beside = against(f.Duties).Beside
			}
			return d
		}
	}
	d.Obligations = v.Obligations
	switch {
	case len(v.Errors) > 0:
		d.Reason, d.Text = ReasonFailed, "a rule of the policy failed to evaluate, which counts as no: "+v.Errors[0]
	case v.Policy != f.Policy:
		d.Reason, d.Text = ReasonStale, "the policy changed while this was decided: try again"
	case !v.Allow:
		d.Reason, d.Text = ReasonPolicy, "no rule of the policy permits this"
		if len(v.Rules) > 0 {
			d.Text = fmt.Sprintf("the policy's rule %s forbids this", v.Rules[0].ID)
		}
	case q.Delegated() && v.Obligations.Mode == ReadOnly && changes(q.Action):
		d.Reason, d.Text = ReasonReadOnly, "policy allows looking only"
	default:
		d.Allow = true
	}
	return d
}

// Delegated tells whether somebody acts for another, or under a mandate for himself.
func (q Question) Delegated() bool { return q.Mandate != "" || q.Actor != q.Subject || len(q.Via) > 0 }

// claimed tells whether the mandate is the caller's own: nobody ends another's by naming it.
func claimed(q Question, f Facts) bool {
	m := f.Mandate
	return m != nil && m.ID == q.Mandate && m.Actor == q.Actor && m.Subject == q.Subject && m.Session == q.Session && m.Key == q.Key
}

type no struct {
	reason Reason
	text   string
	final  bool
}

// vouched: what a service asks is answered where it was given the right to ask, and nowhere else. Its word is no session of
// anybody's, and no key unless it checks them.
func vouched(q Question, f Facts, _ time.Time) *no {
	switch e := f.Evaluator; {
	case q.Asserted == "":
		return nil
	case e == nil || e.ID != q.Asserted || !slices.Contains(e.Apps, q.Resource.App):
		return &no{ReasonNotYours, "this service may not ask about that", false}
	case q.Key != "" && !e.Keys:
		return &no{ReasonSignIn, "this service checks no keys, so what it says of one counts for nothing", false}
	case q.Session != "" && q.Mandate == "":
		return &no{ReasonSignIn, "a service has nobody's session", false}
	}
	return nil
}

// whole: nothing is missing and everybody may be asked about.
func whole(q Question, f Facts, _ time.Time) *no {
	switch {
	case q.Action == ActionBarred:
		return &no{ReasonBarred, "this is never done here: " + q.Resource.Rule, false}
	case q.Asserted != "" && q.Subject == "":
		return &no{ReasonUnknown, "the subject of this question is unknown here: nobody, or more than one, has that name", false}
	case q.Asserted != "" && q.Actor == "":
		return &no{ReasonUnknown, "who is said to act is unknown here: nobody, or more than one, has that name", false}
	case q.Actor == "" || f.Actor == nil || f.Actor.ID != q.Actor:
		return &no{ReasonSignIn, "nobody is signed in", false}
	case q.Subject == "" || f.Subject == nil || f.Subject.ID != q.Subject:
		return &no{ReasonUnknown, "there is nobody to act for", true}
	case len(f.Links) != len(q.Via):
		return &no{ReasonUnknown, "a link of the chain is unknown", true}
	case f.App == nil || f.Realm == nil || f.App.ID != q.Resource.App || f.Realm.ID != q.Resource.Realm:
		return &no{ReasonNoRoute, "no application is configured there", false}
	case !f.Actor.Active():
		return &no{ReasonDisabled, "your account is closed", true}
	case !f.Subject.Active():
		return &no{ReasonDisabled, "the account acted for is closed", true}
	}
	for _, l := range f.Links {
		if !l.Active() {
			return &no{ReasonDisabled, "an account in the chain is closed", true}
		}
	}
	if q.Delegated() && f.Distrust != ReasonNone {
		return &no{f.Distrust, distrust(f.Distrust), false}
	}
	return nil
}

func distrust(r Reason) string {
	if r == ReasonClock {
		return "the clock jumped: acting is refused until two people have looked (stead doctor)"
	}
	return "this server cannot prove that it is up to date: acting is refused"
}

// loggedIn: people come with a live session of their own, or by the word of a service where nobody acts; agents are registered, and come with the key that their mandate
// is bound to.
func loggedIn(q Question, f Facts, now time.Time) *no {
	if f.Actor.Kind == Agent {
		return working(q, f, now)
	}
	if f.Actor.Kind != Person || q.Asserted != "" && !q.Delegated() {
		return nil
	}
	if f.Session == nil || f.Session.ID != q.Session || f.Session.Principal != q.Actor {
		return &no{ReasonSignIn, "sign in first", q.Mandate != ""}
	}
	switch r := f.Session.Over(now, f.Seen); r {
	case ReasonNone:
		return nil
	case ReasonSessionIdle:
		return &no{r, "you were away too long: sign in again", true}
	default:
		return &no{r, "your session is over: sign in again", true}
	}
}

// working: an agent is registered and somebody answers for it, and a key of its own, or of a live instance, was proved. It
// does nothing without a mandate.
func working(q Question, f Facts, now time.Time) *no {
	if n := registered(f); n != nil {
		return n
	}
	switch {
	case q.Key == "":
		return &no{ReasonSignIn, "prove the key of an instance first", false}
	case f.Instance == nil || f.Instance.Agent != q.Actor || f.Instance.Key.Thumbprint != q.Key:
		return &no{ReasonSignIn, "no instance of this agent has that key", false}
	case f.Instance.Over(now, f.Heard) != ReasonNone:
		return &no{ReasonSignIn, "this instance is over", true}
	case q.Mandate == "":
		return &no{ReasonEnded, "an agent does nothing without a mandate: ask for one", false}
	}
	return nil
}

// forSomebody: a subject other than oneself needs a mandate, and dominance holds on every request (R3).
func forSomebody(q Question, f Facts, _ time.Time) *no {
	switch {
	case !q.Delegated():
		return asHimself(q, f)
	case q.Mandate == "" || f.Mandate == nil || f.Mandate.ID != q.Mandate:
		return &no{ReasonEnded, "there is no such mandate", false}
	case f.Mandate.Actor != q.Actor || f.Mandate.Subject != q.Subject || f.Mandate.Session != q.Session ||
		f.Mandate.Key != q.Key:
		return &no{ReasonNotYours, "there is no such mandate", false}
	case f.Actor.Kind == Person && len(q.Via) > 0:
		return &no{ReasonChain, "who acts for somebody cannot pass that on", false}
	case f.Actor.Kind == Person && f.Actor.SameHuman(*f.Subject):
		return &no{ReasonSelf, "nobody acts for himself", true}
	case f.another() && len(f.App.Privileged) == 0:
		return &no{ReasonUnmarked, "this application does not say whom it privileges, so nobody acts for others in it", false}
	case f.Actor.ID != f.Subject.ID && len(f.Subject.Marks(f.App.Privileged)) > 0:
		return &no{ReasonPrivileged, "a privileged account is never acted for", true}
	}
	return nil
}

// another tells whether somebody acts for a person: what an agent has for itself it may pass on to another agent, and nobody
// is shown there as who he is not.
func (f Facts) another() bool {
	return f.Actor.ID != f.Subject.ID && (f.Actor.Kind != Agent || f.Subject.Kind != Agent)
}

// asHimself: not where the session acts for somebody, and not where it just did and he has not seen the end (R16).
func asHimself(q Question, f Facts) *no {
	switch {
	case f.Session != nil && slices.Contains(f.Session.Unseen.Apps, q.Resource.App):
		return &no{ReasonUnseen, "acting has ended: open the end page and confirm that you have seen it", false}
	case f.Acting != nil && slices.Contains(f.Acting.Scope.Apps, q.Resource.App):
		return &no{ReasonActing, "this session acts for somebody here: end that first", false}
	}
	return nil
}

// place: the realm must be open, and strong enough a sign-in. Levels are not asked again while acting (I9).
func place(q Question, f Facts, _ time.Time) *no {
	switch {
	case !q.Delegated():
		if f.Session != nil && f.Session.Level < f.Realm.Level || q.Asserted != "" && f.Evaluator.Level < f.Realm.Level {
			return &no{ReasonLevel, "this part asks for a stronger sign-in: prove your second factor", false}
		}
	case f.Realm.Kind == SubjectOnly:
		return &no{ReasonPresent, "only the person in question can do this", false}
	case !f.Realm.Acting:
		return &no{ReasonRealm, "this part is closed for anyone acting for another", false}
	case f.Session != nil && f.Session.Level < f.Realm.ActorLevel:
		return &no{ReasonLevel, "acting here asks for a stronger sign-in: prove your second factor", false}
	}
	return nil
}

// inForce: the mandate is active, now.
func inForce(q Question, f Facts, now time.Time) *no {
	if !q.Delegated() {
		return nil
	}
	switch r := f.Mandate.Over(now, f.Acted); {
	case r != ReasonNone:
		return &no{r, Ending(r), f.Mandate.State != Ended}
	case f.Mandate.State == Suspended:
		return &no{ReasonSuspended, "this mandate is suspended", false}
	case f.Mandate.State != Active:
		return &no{ReasonState, "this mandate has not been started", false}
	case !f.Mandate.Word.trusted(f):
		return &no{ReasonVoid, untrusted, true}
	}
	return nil
}

// within: scope, mode, and what is left of the budget.
func within(q Question, f Facts, _ time.Time) *no {
	if !q.Delegated() {
		return nil
	}
	m := f.Mandate
	switch {
	case !m.Scope.Covers(q):
		return &no{ReasonScope, m.Scope.lacks(q), false}
	case q.Action == ActionClosed:
		return &no{ReasonClosed, "this is closed for anyone acting for another", false}
	case changes(q.Action) && m.Mode != Edit:
		return &no{ReasonReadOnly, "this mandate is read-only: nothing was changed. Editing needs a mandate of its own", false}
	case changes(q.Action) && f.another() && !f.App.Aware:
		return &no{ReasonReadOnly, "this application would record the change under the wrong name, so editing is closed", false}
	}
	if m.Task != "" && (f.Agent == nil || !f.Agent.Allows(m.Scope.Grants)) {
		return &no{ReasonScope, "the agent's tasks were narrowed: this mandate goes beyond them", true}
	}
	return affords(*m, f.Spent, q.Context.Cost)
}

// affords: what is left of the budget is enough.
func affords(m Mandate, spent, cost map[string]int64) *no {
	for what, n := range cost {
		most, bounded := m.Bounds.Budget[what]
		switch {
		case !bounded:
		case n < 0:
			return &no{ReasonBudget, fmt.Sprintf("this takes of a budget of %d %s, and nobody says how much: context.cost.%s", most, what, what), false}
		case n > most-spent[what]:
			return &no{ReasonBudget, fmt.Sprintf("the budget of %d %s is spent", most, what), false}
		}
	}
	return nil
}

// changes tells writes from looking. An action that is not known to look changes.
func changes(a Action) bool {
	switch a {
	case ActionAct, ActionRead, ActionMark, ActionWatch, ActionExport:
		return false
	}
	return true
}

// Ending says in words why a mandate is over.
func Ending(r Reason) string {
	switch r {
	case ReasonExpired:
		return "the time of this mandate is over"
	case ReasonIdle:
		return "nothing was done under this mandate for too long, so it ended"
	case ReasonNotStarted:
		return "the mandate was not started in time"
	case ReasonSessionOver, ReasonSessionIdle:
		return "the mandate ended with your session"
	case ReasonRevoked:
		return "the mandate was revoked"
	case ReasonLost, ReasonGone:
		return "the mandate ended with the instance that held it"
	case ReasonIsolated:
		return "the mandate ended when its segment was isolated"
	case ReasonOwnerless:
		return "nobody answers for this agent any more, so its mandates ended"
	case ReasonAbove:
		return "what this mandate was narrowed from has ended"
	case ReasonRefused:
		return "an approver said no"
	case ReasonWithdrawn:
		return "the request was withdrawn"
	case ReasonReplayed:
		return "what this was handed over with was shown twice, or by another, so it ended"
	case ReasonCompleted:
		return "the mandate has ended"
	}
	return "the mandate has ended (" + string(r) + ")"
}
