package stead

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// AskTask makes a mandate of what an agent wishes for a task it has declared, or says why not. What a wish leaves open the
// task says; more than the task it never is.
func AskTask(w Wish, task string, f Facts, v Verdict, t Terms, now time.Time) (Mandate, error) {
	if err := mayWork(f, now); err != nil {
		return Mandate{}, err
	}
	f.Subject = f.Actor
	return ofTask(w, task, f, v, t, now)
}

// ofTask makes a mandate of a task that is declared, for the subject of the facts.
func ofTask(w Wish, task string, f Facts, v Verdict, t Terms, now time.Time) (Mandate, error) {
	declared := f.Agent.Task(task)
	if declared == nil {
		return Mandate{}, E(Refused, ReasonScope, "%s has not declared a task %s: its owner declares it", f.Actor.Name, task)
	}
	if err := open(f); err != nil {
		return Mandate{}, err
	}
	if w.Mode == "" {
		w.Mode = ReadOnly
	}
	if len(w.Scope.Grants) == 0 {
		w.Scope.Grants = declared.Grants
	}
	if w.Purpose.Reason == "" {
		w.Purpose.Reason = declared.Purpose
	}
	switch {
	case hides(w.Purpose.Reason) || hides(w.Purpose.Ticket):
		return Mandate{}, E(Invalid, ReasonRequest, "the reason or the ticket holds characters that cannot be shown: take them away")
	case w.Scope.wrong() != "":
		return Mandate{}, E(Invalid, ReasonRequest, "%s", w.Scope.wrong())
	case w.Scope.large() || len(w.Budget) > mostGrants:
		return Mandate{}, E(Invalid, ReasonRequest, "a mandate has at most %d grants, columns, conditions or budgets each", mostGrants)
	case wrongCall(w) != "":
		return Mandate{}, E(Invalid, ReasonRequest, "%s", wrongCall(w))
	case w.For < 0:
		return Mandate{}, E(Invalid, ReasonRequest, "a mandate cannot last %s", w.For)
	case wrongBudget(w.Budget) != "":
		return Mandate{}, E(Invalid, ReasonRequest, "%s", wrongBudget(w.Budget))
	case w.Mode != ReadOnly && w.Mode != Edit:
		return Mandate{}, E(Invalid, ReasonRequest, "a mandate is read-only or edit, not %q", w.Mode)
	case w.Mode == Edit && declared.Mode != Edit:
		return Mandate{}, E(Refused, ReasonReadOnly, "the task %s is read-only", task)
	case !declared.Allows(w.Scope.Grants):
		return Mandate{}, E(Refused, ReasonScope, "the task %s does not need all of this, so it is not granted", task)
	}
	if err := apart(f, w.Scope.Grants); err != nil {
		return Mandate{}, err
	}
	if err := permitted(w.Purpose, w.Mode, f, v); err != nil {
		return Mandate{}, err
	}
	w.Scope.Apps = []AppID{f.App.ID}
	m := Mandate{
		ID: w.ID, Version: 1, State: Approved, Actor: f.Actor.ID, Subject: f.Subject.ID, People: about(f.Actor.Person),
		Task: task, Purpose: w.Purpose, Scope: w.Scope, Call: w.Call, Mode: w.Mode, Bounds: declared.bounds(w, v.Obligations, t),
		Rules: v.Rules, Stages: v.Obligations.Approvals, Notify: v.Obligations.Notify, AskedAt: now, StartBy: now.Add(t.StartWindow),
	}
	m.MaxDepth, m.Delegates = delegates(declared.Depth, nil, declared.Delegates)
	if len(m.Stages) > 0 {
		m.State, m.StartBy = Asked, now.Add(t.AskWindow)
	}
	m.Digest = m.Sum()
	return m, nil
}

// bounds is the least of what is asked, declared and permitted. A task has one term.
func (t Task) bounds(w Wish, o Obligations, terms Terms) Bounds {
	length := time.Duration(t.Length)
	if length == 0 {
		length = Day
	}
	for _, most := range []time.Duration{w.For, o.Max} {
		if most > 0 {
			length = min(length, most)
		}
	}
	return Bounds{Length: Duration(length), Start: Duration(terms.StartWindow), Budget: least(t.Budget, w.Budget)}
}

// Calls is the budget that Stead counts by itself, one for each use; of every other, rows, bytes, eur, whoever asks says what a use takes.
const Calls = "calls"

// mostUnit is how many letters there are in what is counted.
const mostUnit = 32

// wrongBudget tells why nothing can be counted by a budget, "" where it can.
func wrongBudget(budget map[string]int64) string {
	for _, what := range slices.Sorted(maps.Keys(budget)) {
		switch n := budget[what]; {
		case n <= 0:
			return fmt.Sprintf("a budget of %d %s is none: it is more than nothing", n, what)
		case what == "" || len(what) > mostUnit || strings.Trim(what, "abcdefghijklmnopqrstuvwxyz_") != "":
			return fmt.Sprintf("%.40q is nothing that is counted: calls, rows, bytes, eur, any word in small letters", what)
		case what != Calls && what+"s" == Calls:
			return fmt.Sprintf("a budget of %d %s: did you mean %s?", n, what, Calls)
		}
	}
	return ""
}

// least is the budget that is within both.
func least(a, b map[string]int64) map[string]int64 {
	if len(b) == 0 {
		return a
	}
	both := maps.Clone(b)
	for what, n := range a {
		if m, bounded := both[what]; !bounded || n < m {
			both[what] = n
		}
	}
	return both
}

// mayWork holds the laws of agents that no policy can lift. They are asked at ask and at start; Weigh asks them again at
// every use.
func mayWork(f Facts, now time.Time) error {
	switch {
	case f.Actor == nil || f.Actor.Kind != Agent:
		return E(Refused, ReasonSignIn, "prove the key of an agent first")
	case f.Distrust != ReasonNone:
		return E(Refused, f.Distrust, "%s", distrust(f.Distrust))
	}
	if n := registered(f); n != nil {
		return E(Refused, n.reason, "%s", n.text)
	}
	if f.Instance != nil && (f.Instance.Agent != f.Actor.ID || f.Instance.Over(now, f.Heard) != ReasonNone) {
		return E(Refused, ReasonSignIn, "this instance is over: enroll another")
	}
	return nil
}

// open: the system is there, and agents may work in it.
func open(f Facts) error {
	if f.App == nil || f.Realm == nil || !f.Realm.Acting {
		return E(Missing, ReasonNoRoute, "no such system is open for agents")
	}
	return nil
}

// registered: an agent is registered, in use, and somebody answers for it.
func registered(f Facts) *no {
	switch {
	case f.Agent == nil || f.Agent.Principal != f.Actor.ID || f.Agent.Retired || !f.Actor.Active():
		return &no{ReasonDisabled, "this agent is not registered, or was retired", true}
	case f.Agent.Suspended:
		return &no{ReasonSuspended, "this agent is suspended", false}
	case f.Owner == nil || f.Owner.ID != f.Agent.Owner || !f.Owner.Active():
		return &no{ReasonOwnerless, "nobody answers for this agent any more: its owner is gone", true}
	case f.Agent.Kind == Employee && f.Subject != nil && f.Subject.Kind == Person && f.Subject.ID != f.Agent.Owner:
		return &no{ReasonNotYours, "an employee's agent acts for him alone", true}
	}
	return nil
}

// StartTask puts m in force, bound to the key of the instance that starts it. Everything is asked again: the laws, the
// policy, the approvals, and that what was approved is still what is asked.
func StartTask(m Mandate, f Facts, v Verdict, who func(PrincipalID) Principal, now time.Time) (Mandate, error) {
	switch r := m.Over(now, f.Acted); {
	case r != ReasonNone:
		return m, E(Expired, r, "%s: ask again", Ending(r))
	case m.State == Asked:
		return m, E(Conflict, ReasonWaiting, "%s still has to agree", m.Stages[min(m.Stage(who), len(m.Stages)-1)])
	case m.State != Approved:
		return m, E(Conflict, ReasonState, "this mandate is %s already", m.State)
	case f.Actor == nil || f.Actor.ID != m.Actor || f.Subject != nil && f.Subject.ID != m.Subject:
		return m, E(Missing, ReasonNotYours, "there is no such mandate")
	case f.Instance == nil:
		return m, E(Refused, ReasonSignIn, "a task is started by an instance: enroll one, and prove its key")
	}
	if err := mayWork(f, now); err != nil {
		return m, err
	}
	if declared := f.Agent.Task(m.Task); declared == nil || !declared.holds(m) {
		return m, E(Refused, ReasonVoid, "the task %s was narrowed since this was asked: ask again", m.Task)
	}
	if err := open(f); err != nil {
		return m, err
	}
	if err := apart(f, m.Scope.Grants); err != nil {
		return m, err
	}
	if err := m.agreed(f); err != nil {
		return m, err
	}
	if err := permitted(m.Purpose, m.Mode, f, v); err != nil {
		return m, err
	}
	if err := upheld(m, f.Above, now); err != nil {
		return m, err
	}
	again := m
	again.Rules, again.Stages = v.Rules, v.Obligations.Approvals
	if again.Sum() != m.Digest || again.Stage(who) < len(again.Stages) {
		return m, E(Refused, ReasonVoid, "the rules that let you ask have changed: ask again")
	}
	if !m.Consented() && slices.ContainsFunc(m.Approvals, func(a Approval) bool {
		return slices.ContainsFunc(f.Agent.behind(who), func(p Principal) bool {
			return p.SameHuman(Principal{ID: a.By, Person: a.Person}) || !Apart(who(a.By), nil, p, nil)
		})
	}) {
		return m, E(Refused, ReasonVoid, "who agreed to this answers for the agent now, or gave it what it proves itself with: ask again")
	}
	m.State, m.StartedAt, m.Version, m.Key = Active, now, m.Version+1, f.Instance.Key.Thumbprint
	if m.Until = now.Add(time.Duration(m.Bounds.Length)); m.Parent != "" {
		m.Until = earlier(m.Until, f.Above[0].Mandate.Until)
	}
	return m, nil
}

// Works tells whether an agent's mandate in force may go on: ReasonNone, or why it must end.
func Works(m Mandate, f Facts, v Verdict) Reason {
	switch {
	case f.Distrust != ReasonNone || v.Policy != f.Policy:
		return ReasonNone // nothing is served meanwhile, and nothing is decided on it
	case f.Actor == nil || f.App == nil || f.Realm == nil || !f.Realm.Acting:
		return ReasonRealm
	}
	if n := registered(f); n != nil && n.final {
		return n.reason
	}
	if r := f.Way.Closed(f.App, m); r != ReasonNone {
		return r
	}
	if n := actedFor(f); m.Consented() && n != nil {
		return n.reason
	}
	if !m.Word.trusted(f) {
		return ReasonVoid
	}
	switch {
	case f.Agent.Task(m.Task) == nil || !f.Agent.Task(m.Task).holds(m):
		return ReasonScope
	case !v.Allow || len(v.Errors) > 0:
		return ReasonPolicy
	}
	return ReasonNone
}

// holds tells whether m is still within the task: in what, how, how long and how much.
func (t Task) holds(m Mandate) bool {
	length := time.Duration(t.Length)
	if length == 0 {
		length = Day
	}
	for what, n := range t.Budget {
		if had, bounded := m.Bounds.Budget[what]; !bounded || had > n {
			return false
		}
	}
	if m.MaxDepth > t.Depth || m.MaxDepth > 0 && len(t.Delegates) > 0 && (len(m.Delegates) == 0 ||
		slices.ContainsFunc(m.Delegates, func(name string) bool { return !slices.Contains(t.Delegates, name) })) {
		return false
	}
	return t.Allows(m.Scope.Grants) && (m.Mode != Edit || t.Mode == Edit) && time.Duration(m.Bounds.Length) <= length
}

// Complete ends m because its task is done: said by its actor, by whoever runs it, or by who answers for it.
func Complete(m Mandate, by PrincipalID, now time.Time) (Mandate, error) {
	switch {
	case m.State == Ended:
		return m, E(Conflict, ReasonEnded, "it has ended already")
	case m.Task == "":
		return m, E(Conflict, ReasonState, "this mandate has no task to complete: end it")
	case m.State == Asked || m.State == Approved:
		return m, E(Conflict, ReasonState, "it has not been started: withdraw it instead")
	}
	return CompleteTransaction(m, by, now)
}

// CompleteTransaction ends m because the transaction that it is for is over, begun or not.
func CompleteTransaction(m Mandate, by PrincipalID, now time.Time) (Mandate, error) {
	if m.State == Ended {
		return m, E(Conflict, ReasonEnded, "it has ended already")
	}
	return m.end(ReasonCompleted, string(by), now), nil
}
