package stead

import "time"

// Start puts m in force. Everything is asked again: the laws, the policy, the approvals, and that what was approved is
// still what is asked. Who already acts for somebody does not start again: chaining is refused.
func Start(m Mandate, f Facts, v Verdict, t Terms, who func(PrincipalID) Principal, now time.Time) (Mandate, error) {
	switch r := m.Over(now, f.Acted); {
	case r != ReasonNone:
		return m, E(Expired, r, "%s: ask again", Ending(r))
	case m.State == Asked:
		return m, E(Conflict, ReasonWaiting, "%s still has to agree", m.Stages[min(m.Stage(who), len(m.Stages)-1)])
	case m.State != Approved:
		return m, E(Conflict, ReasonState, "this mandate is %s already", m.State)
	case f.Acting != nil:
		return m, E(Conflict, ReasonChain, "this session acts for somebody already: end that first")
	case !m.of(f):
		return m, E(Missing, ReasonNotYours, "there is no such mandate")
	}
	if err := maySomeone(f, now); err != nil {
		return m, err
	}
	if err := permitted(m.Purpose, m.Mode, f, v); err != nil {
		return m, err
	}
	if err := proved(f, v, t, now); err != nil {
		return m, err
	}
	again := m
	again.Rules, again.Stages = v.Rules, v.Obligations.Approvals
	if again.Sum() != m.Digest || again.Stage(who) < len(again.Stages) {
		return m, E(Refused, ReasonVoid, "the rules that let you ask have changed: ask again")
	}
	m.State, m.StartedAt, m.Version = Active, now, m.Version+1
	m.Until = earlier(now.Add(time.Duration(m.Bounds.Length)), f.Session.Until)
	return m, nil
}

// of tells whether the facts are about m's own session, actor and subject. A subject that is gone is for the laws.
func (m Mandate) of(f Facts) bool {
	return f.Session != nil && f.Session.ID == m.Session && f.Actor != nil && f.Actor.ID == m.Actor &&
		(f.Subject == nil || f.Subject.ID == m.Subject)
}

// proved: where policy asks for it, the second factor was proved a short while ago.
func proved(f Facts, v Verdict, t Terms, now time.Time) error {
	for _, r := range v.Obligations.Requires {
		if r == "second-factor" && (f.Session.Level < 2 || !now.Before(f.Session.Proved.Add(t.Fresh))) {
			return E(Refused, ReasonSecondFactor, "prove your second factor: give a fresh code")
		}
	}
	return nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// Goes tells whether what is in force may go on: ReasonNone, or why it must end. It asks the laws that a change of
// the people can break, and the policy.
func Goes(f Facts, v Verdict) Reason {
	switch {
	case f.Distrust != ReasonNone || v.Policy != f.Policy:
		return ReasonNone // nothing is served meanwhile, and nothing is decided on it
	case f.Actor == nil || !f.Actor.Active() || f.Subject == nil || !f.Subject.Active():
		return ReasonDisabled
	case f.App == nil || f.Realm == nil || !f.Realm.Acting:
		return ReasonRealm
	case len(f.App.Privileged) == 0 || len(f.Subject.Marks(f.App.Privileged)) > 0:
		return ReasonPrivileged
	case !v.Allow || len(v.Errors) > 0:
		return ReasonPolicy
	}
	return ReasonNone
}

// Claim takes m to another session of its own actor before it has begun: a start that was asked for at the command
// line goes on in a browser. Once: then it hangs on that session.
func Claim(m Mandate, f Facts, now time.Time) (Mandate, error) {
	switch r := m.Over(now, f.Acted); {
	case f.Actor == nil || f.Session == nil || m.Actor != f.Actor.ID || f.Session.Principal != m.Actor:
		return m, E(Missing, ReasonNotYours, "there is no such mandate")
	case m.State == Active || m.State == Suspended:
		return m, E(Conflict, ReasonState, "this mandate is %s already", m.State)
	case r != ReasonNone:
		return m, E(Expired, r, "%s: ask again", Ending(r))
	case f.Acting != nil:
		return m, E(Conflict, ReasonChain, "this session acts for somebody already: end that first")
	case m.Claimed:
		return m, E(Conflict, ReasonUsed, "this link was used already")
	}
	m.Session, m.Claimed, m.Version = f.Session.ID, true, m.Version+1
	return m, nil
}
