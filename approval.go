package stead

import (
	"slices"
	"time"
)

// A Stage is one step of agreement: so many humans out of these groups.
type Stage struct {
	Groups []string `json:"groups"` // "security" or "staff/security"; one of them is enough
	Count  int      `json:"count"`  // distinct humans
}

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

// Eligible tells whether p may vote in the stage.
func (s Stage) Eligible(p Principal) bool {
	return slices.ContainsFunc(s.Groups, func(g string) bool { return len(p.Marks([]string{g})) > 0 })
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
	var humans []Principal
	for _, a := range m.Approvals {
		p := who(a.By)
		if !a.Yes || a.Stage != stage || a.Digest != m.Digest || !p.Active() || !s.Eligible(p) {
			continue
		}
		if !Apart(p, s.Groups, who(m.Actor), nil) {
			continue
		}
		if !slices.ContainsFunc(humans, func(q Principal) bool { return !Apart(p, s.Groups, q, s.Groups) }) {
			humans = append(humans, p)
		}
	}
	return len(humans)
}
