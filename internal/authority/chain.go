package authority

import (
	"context"
	"slices"

	"github.com/steadhq/stead"
)

// mostLinks bounds a chain that is shown.
const mostLinks = 100

// Chain lists the mandates that one was narrowed from, itself, and those that live below it, each after the one it was
// narrowed from: what of them is the caller's business. Errors: refused, missing.
func (a *Authority) Chain(ctx context.Context, by By, id stead.MandateID) ([]stead.Mandate, error) {
	m, err := a.Mandate(ctx, by, id)
	if err != nil {
		return nil, err
	}
	all := []stead.Mandate{m}
	for up := m.Parent; up != "" && len(all) < mostLinks; {
		above, err := a.Mandate(ctx, by, up)
		if stead.KindOf(err) == stead.Missing {
			break
		}
		if err != nil {
			return nil, err
		}
		all, up = append(all, above), above.Parent
	}
	slices.Reverse(all)
	a.Store.View().Read(func(s *State) {
		p := s.Principal(by.Principal)
		for i := len(all) - 1; i < len(all) && len(all) < mostLinks; i++ {
			for _, below := range s.MandatesFor(m.Subject) {
				if n := s.Mandate(below); n.Parent == all[i].ID && p != nil && a.sees(s, *p, *n) {
					all = append(all, *n)
				}
			}
		}
	})
	return all, nil
}

// Answers is how many agents the caller answers for.
func (a *Authority) Answers(by By) (n int) {
	a.Store.View().Read(func(s *State) { n = len(s.Owned(by.Principal)) })
	return n
}
