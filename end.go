package stead

import "time"

// End ends m because its actor is done with it: completed. It takes effect with the very next decision.
func End(m Mandate, by PrincipalID, now time.Time) (Mandate, error) {
	switch {
	case m.State == Ended:
		return m, E(Conflict, ReasonEnded, "it has ended already")
	case by != m.Actor:
		return m, E(Missing, ReasonNotYours, "there is no such mandate")
	case m.State == Asked || m.State == Approved:
		return m, E(Conflict, ReasonState, "it has not been started: withdraw it instead")
	}
	return m.end(ReasonCompleted, string(by), now), nil
}

// Withdraw takes a request back before it has begun. Owner is who answers for the agent that asked, "" of a person.
func Withdraw(m Mandate, by, owner PrincipalID, now time.Time) (Mandate, error) {
	switch {
	case m.State == Ended:
		return m, E(Conflict, ReasonEnded, "it has ended already")
	case by != m.Actor && (owner == "" || by != owner):
		return m, E(Missing, ReasonNotYours, "there is no such mandate")
	case m.State != Asked && m.State != Approved:
		return m, E(Conflict, ReasonState, "it has been started: end it instead")
	}
	return m.end(ReasonWithdrawn, string(by), now), nil
}

// Revoke takes m back, whoever holds it, in any state before its end.
func Revoke(m Mandate, by PrincipalID, now time.Time) (Mandate, error) {
	if m.State == Ended {
		return m, E(Conflict, ReasonEnded, "it has ended already")
	}
	return m.end(ReasonRevoked, string(by), now), nil
}

// Cease ends m for a reason that lies outside of it: its time, its session, one of its people.
func Cease(m Mandate, why Reason, now time.Time) (Mandate, error) {
	if m.State == Ended {
		return m, E(Conflict, ReasonEnded, "it has ended already")
	}
	return m.end(why, Server, now), nil
}

// Server is who acts when nobody asked: in events and in EndedBy.
const Server = "stead"

// Suspend stops m without ending it; its time runs on.
func Suspend(m Mandate, now time.Time) (Mandate, error) {
	if r := m.Over(now, time.Time{}); m.State == Ended || r != ReasonNone && r != ReasonIdle {
		return m, E(Conflict, r, "%s", Ending(r))
	}
	if m.State != Active {
		return m, E(Conflict, ReasonState, "only a mandate in force is suspended, this is %s", m.State)
	}
	m.State, m.Version = Suspended, m.Version+1
	return m, nil
}

// Resume puts a suspended m in force again, until when it would have ended anyway.
func Resume(m Mandate, now time.Time) (Mandate, error) {
	if r := m.Over(now, time.Time{}); m.State == Ended || r != ReasonNone && r != ReasonIdle {
		return m, E(Conflict, r, "%s", Ending(r))
	}
	if m.State != Suspended {
		return m, E(Conflict, ReasonState, "only a suspended mandate is resumed, this is %s", m.State)
	}
	m.State, m.Version = Active, m.Version+1
	return m, nil
}

func (m Mandate) end(why Reason, by string, now time.Time) Mandate {
	m.State, m.Why, m.EndedAt, m.EndedBy, m.Version = Ended, why, now, by, m.Version+1
	return m
}
