package stead

import (
	"slices"
	"time"
)

// An Approver is who votes, with what the rule must know of him.
type Approver struct {
	Principal
	Acting bool                        // his session acts for somebody
	Asker  Principal                   // whose request it is
	Owner  Principal                   // who answers for the agent whose request it is; nobody is the zero Principal
	Agent  *Registration               // of the agent; nil where a person asks
	Who    func(PrincipalID) Principal // finds who voted before, as they are now
}

// Approve is a yes to m at its current stage, by one human, to exactly what the digest says.
func Approve(m Mandate, by Approver, digest, comment string, now time.Time) (Mandate, error) {
	stage, err := mayVote(m, by, digest, now)
	if err != nil {
		return m, err
	}
	m = m.vote(by, stage, true, comment, now)
	m.Version++
	if m.Stage(by.Who) == len(m.Stages) {
		m.State, m.StartBy = Approved, now.Add(time.Duration(m.Bounds.Start))
	}
	return m, nil
}

// Refuse is a no, and the end of the request.
func Refuse(m Mandate, by Approver, digest, comment string, now time.Time) (Mandate, error) {
	stage, err := mayVote(m, by, digest, now)
	if err != nil {
		return m, err
	}
	return m.vote(by, stage, false, comment, now).end(ReasonRefused, string(by.ID), now), nil
}

func (m Mandate) vote(by Approver, stage int, yes bool, comment string, now time.Time) Mandate {
	m.Approvals = append(slices.Clip(m.Approvals), Approval{
		By: by.ID, Person: by.Person, Stage: stage, Yes: yes, Digest: m.Digest, Comment: comment, At: now,
	})
	return m
}

func mayVote(m Mandate, by Approver, digest string, now time.Time) (int, error) {
	stage := m.Stage(by.Who)
	switch {
	case m.Over(now, time.Time{}) != ReasonNone:
		return 0, E(Conflict, m.Over(now, time.Time{}), "%s", Ending(m.Over(now, time.Time{})))
	case m.State != Asked || stage == len(m.Stages):
		return 0, E(Conflict, ReasonState, "this request does not wait for an approval: it is %s", m.State)
	case m.Lapsed(by.Who, now):
		return 0, E(Conflict, ReasonExpired, "nobody agreed in time, so the request is over")
	case by.Kind == Agent:
		return 0, E(Refused, ReasonApprover, "an agent approves nothing, whoever asks")
	case !by.Active() || by.Kind != Person:
		return 0, E(Refused, ReasonApprover, "only an active person may approve")
	case by.Acting:
		return 0, E(Refused, ReasonChain, "you act for somebody: end that before you approve")
	case by.SameHuman(by.Asker):
		return 0, E(Refused, ReasonOwn, "nobody approves his own request")
	case by.Owner.ID != "" && by.SameHuman(by.Owner):
		return 0, E(Refused, ReasonOwn, "nobody approves a request of an agent that he answers for")
	case slices.ContainsFunc(by.behind(), by.SameHuman):
		return 0, E(Refused, ReasonOwn, "nobody approves a request of an agent that he gave its key, secret or token: he could have asked himself")
	case by.SameHuman(by.Who(m.Subject)):
		return 0, E(Refused, ReasonOwn, "who is acted for does not approve it")
	case !m.Stages[stage].Eligible(by.Principal, m.Waited(stage, now)):
		return 0, E(Refused, ReasonApprover, "this stage is for %s", m.Stages[stage])
	case slices.ContainsFunc(m.Approvals, func(a Approval) bool { return by.SameHuman(Principal{ID: a.By, Person: a.Person}) }):
		return 0, E(Conflict, ReasonUsed, "you have voted on this already")
	case digest != m.Digest:
		return 0, E(Conflict, ReasonVoid, "what you saw is not what is asked now: look again")
	}
	return stage, m.apart(by, m.Stages[stage].voters(m.Waited(stage, now)))
}

// behind are those who could ask as the agent whose request it is.
func (by Approver) behind() []Principal {
	if by.Agent == nil {
		return nil
	}
	return by.Agent.behind(by.Who)
}

// apart refuses a voter who may be the same person as who asked, who answers for him, or who voted before.
func (m Mandate) apart(by Approver, groups []string) error {
	for _, q := range append([]Principal{by.Asker, by.Owner}, by.behind()...) {
		if !Apart(by.Principal, groups, q, nil) {
			return OneHand(by.Principal, q)
		}
	}
	for _, a := range m.Approvals {
		theirs, q := m.Stages[a.Stage].voters(a.At.Sub(m.since(a.Stage, a.At))), by.Who(a.By)
		if q.Active() && len(q.Marks(theirs)) > 0 && !Apart(by.Principal, groups, q, theirs) {
			return OneHand(by.Principal, q)
		}
	}
	return nil
}
