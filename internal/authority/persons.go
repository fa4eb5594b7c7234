package authority

import (
	"cmp"
	"context"
	"slices"

	"github.com/steadhq/stead"
)

// A GroupCount is a group and how many active accounts are in it.
type GroupCount struct {
	Group string // "staff/testers"
	N     int
}

// Groups lists the groups that accounts are in, for admins, security and auditors. Errors: refused, missing.
func (a *Authority) Groups(_ context.Context, by By) ([]GroupCount, error) {
	var err error
	counts := map[[2]string]int{}
	a.Store.View().Read(func(s *State) {
		if err = a.may(s, by, a.Now(), Onlookers()...); err != nil {
			return
		}
		s.Principals(func(p *stead.Principal) {
			if p.Active() {
				for _, g := range p.Groups {
					counts[[2]string{p.Directory, g}]++
				}
			}
		})
	})
	all := make([]GroupCount, 0, len(counts))
	for g, n := range counts {
		all = append(all, GroupCount{g[0] + "/" + g[1], n})
	}
	slices.SortFunc(all, func(g, h GroupCount) int { return cmp.Compare(g.Group, h.Group) })
	return all, err
}

// A Holder is who has an account in hand, or gave it a mark and no more. Of one whose account is gone the id is left.
type Holder struct {
	stead.Principal
	Mark string
}

// A Human is one account, with all accounts of whom it belongs to and what he proves himself with.
type Human struct {
	stead.Principal
	Others         []stead.Principal // his other accounts
	Password, Code bool
	Holders        []Holder        // beside whom he is nobody's second person
	Voucher        stead.Principal // who vouched for him last
}

// Human tells about somebody behind an account: oneself, or anybody to admins, security and auditors. Errors: missing,
// refused.
func (a *Authority) Human(ctx context.Context, by By, id stead.PrincipalID) (Human, error) {
	p, err := a.Person(ctx, by, id)
	if err != nil {
		return Human{}, err
	}
	h := Human{Principal: p}
	a.Store.View().Read(func(s *State) {
		if c := s.Credentials(id); c != nil {
			h.Password, h.Code = c.Password != "", c.TOTP != ""
		}
		for _, hand := range p.Hands {
			h.Holders = append(h.Holders, Holder{known(s, hand.By), hand.Mark})
		}
		h.Voucher = known(s, p.Vouched)
		for _, other := range s.Accounts(p.Person) {
			if o := s.Principal(other); o != nil && o.ID != id {
				h.Others = append(h.Others, *o)
			}
		}
	})
	slices.SortFunc(h.Others, byName)
	return h, nil
}

// known finds somebody, or leaves of him what is left.
func known(s *State, id stead.PrincipalID) stead.Principal {
	if p := s.Principal(id); p != nil {
		return *p
	}
	return stead.Principal{ID: id}
}
