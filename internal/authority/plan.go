package authority

import (
	"context"
	"slices"

	"github.com/steadhq/stead"
)

// A Planned is what would become of people and mandates if the staged policy came into force now.
type Planned struct {
	Problem    string            // why it could not: of its rules or its tests
	Gain, Lose []stead.Principal // who may act for somebody then, or not any more, as far as groups tell; at most MostPlanned
	Gains      int
	Loses      int
	Ends       []stead.Mandate // that may not go on under it
}

// MostPlanned is how many people a plan names, mostJudged how many mandates it looks at.
const (
	MostPlanned = 20
	mostJudged  = 20_000
)

// Plan looks at the staged policy beside the one in force, and changes nothing. Errors: refused, missing.
func (a *Authority) Plan(_ context.Context, by By) (Planned, error) {
	var staged *stead.Bundle
	var p Planned
	if err := a.May(by, Onlookers()...); err != nil {
		return p, err
	}
	a.Store.View().Read(func(s *State) {
		if b := s.Bundle(StagedBundle); b != nil && b.Digest != s.PolicyDigest() {
			staged = b
		}
	})
	if staged == nil {
		return p, stead.E(stead.Missing, stead.ReasonState, "no policy is staged")
	}
	digest, err := a.Policy.Check(staged.Files)
	if err != nil {
		p.Problem = err.Error()
		return p, nil
	}
	var cases []planCase
	a.Store.View().Read(func(s *State) {
		a.planPeople(s, digest, &p)
		s.Mandates(func(m *stead.Mandate) {
			if len(cases) < mostJudged && s.Session(m.Session) != nil {
				cases = append(cases, planCase{*m, a.standing(s, *m)})
			}
		})
	})
	for _, c := range cases { // outside of the view: judging takes its time
		if a.wouldGo(c.actCase, c.facts.Policy) && !a.wouldGo(c.actCase, digest) {
			p.Ends = append(p.Ends, c.Mandate)
		}
	}
	slices.SortFunc(p.Ends, func(m, n stead.Mandate) int { return m.AskedAt.Compare(n.AskedAt) })
	return p, nil
}

// A planCase is a mandate and the question that is asked about it again.
type planCase struct {
	stead.Mandate
	actCase
}

// wouldGo tells whether a mandate might go on under a policy.
func (a *Authority) wouldGo(c actCase, digest string) bool {
	c.facts.Policy = digest
	v := stead.Verdict{Policy: digest}
	if c.Principal != nil && c.Case.Subject != nil && c.App != nil && c.Realm != nil {
		v = a.Policy.Judge(digest, c.Case)
	}
	return stead.Goes(c.facts, v) == stead.ReasonNone
}

func (a *Authority) planPeople(s *State, digest string, p *Planned) {
	var gain, lose []stead.Principal
	s.Principals(func(who *stead.Principal) {
		was, will := a.Policy.LetsAct(s.PolicyDigest(), who), a.Policy.LetsAct(digest, who)
		switch {
		case !who.Active() || was == will:
		case will:
			gain = append(gain, *who)
		default:
			lose = append(lose, *who)
		}
	})
	slices.SortFunc(gain, byName)
	slices.SortFunc(lose, byName)
	p.Gains, p.Loses = len(gain), len(lose)
	p.Gain, p.Lose = gain[:min(len(gain), MostPlanned)], lose[:min(len(lose), MostPlanned)]
}
