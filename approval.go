package stead

import (
	"slices"
	"time"
)

// An Approval is one principal's yes or no to one mandate at one stage, bound to the digest of exactly what was
// asked.
type Approval struct {
	By      PrincipalID `json:"by"`
	Person  PersonKey   `json:"person"`
	Stage   int         `json:"stage"`
	Yes     bool        `json:"yes"`
	Digest  string      `json:"digest"`
	Comment string      `json:"comment,omitempty"`
	At      time.Time   `json:"at"`
}

// Stage is the index of the first stage that still lacks a yes, len(m.Stages) when all have theirs. A yes counts
// only for today's digest, by an active principal that is still eligible and apart from who asked, and once per human
// (S-I9): of accounts that are not apart one counts.
func (m Mandate) Stage(who func(PrincipalID) Principal) int {
	for i, s := range m.Stages {
		if m.yeses(i, s, who) < s.Count {
			return i
		}
	}
	return len(m.Stages)
}

func (m Mandate) yeses(stage int, s Stage, who func(PrincipalID) Principal) int {
	type voter struct {
		Principal
		groups []string
	}
	var humans []voter
	for _, a := range m.Approvals {
		p := voter{who(a.By), s.voters(a.At.Sub(m.since(stage, a.At)))}
		if !a.Yes || a.Stage != stage || a.Digest != m.Digest || !p.Active() || len(p.Marks(p.groups)) == 0 {
			continue
		}
		if !Apart(p.Principal, p.groups, who(m.Actor), nil) {
			continue
		}
		if !slices.ContainsFunc(humans, func(q voter) bool { return !Apart(p.Principal, p.groups, q.Principal, q.groups) }) {
			humans = append(humans, p)
		}
	}
	return len(humans)
}
