package authority

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// A Lookup names somebody, with what tells people of one name apart. Name is the account name or the whole shown
// name, whatever the case.
type Lookup struct {
	Name       string
	Directory  string
	Attributes map[string]string
}

func (l Lookup) fits(p *stead.Principal) bool {
	if l.Directory != "" && l.Directory != p.Directory {
		return false
	}
	for k, v := range l.Attributes {
		if p.Attributes[k] != v {
			return false
		}
	}
	return strings.EqualFold(l.Name, p.Name) || strings.EqualFold(l.Name, p.Shown) || l.Name == string(p.ID)
}

// Find lists who could be meant, for somebody who has armed acting. It never guesses: several are all given. Searches
// are recorded (R34). Whom no rule lets act for anybody learns nothing of who there is. Errors: refused; missing when it is
// nobody.
func (a *Authority) Find(ctx context.Context, by By, l Lookup) ([]stead.Principal, error) {
	var found []stead.Principal
	t := attempt{verb: "person.search", by: by}
	err := a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		e, err := own(s, by, now)
		switch {
		case err != nil:
			return nil, err
		case s.Acting(e.ID) != nil:
			return nil, stead.E(stead.Conflict, stead.ReasonChain, "this session acts for somebody already: end that first")
		case !a.letsAct(s, by):
			return nil, stead.E(stead.Refused, stead.ReasonPolicy, "no rule lets you act for anybody")
		case !e.Armed(now):
			return nil, stead.E(stead.Refused, stead.ReasonNotArmed, "arm acting first: prove your second factor")
		}
		found = candidates(s, l)
		if len(found) == 0 {
			return nil, stead.E(stead.Missing, stead.ReasonUnknown, "nobody by that name may be acted for")
		}
		c := stead.Change{Event: stead.Event{Kind: "person.searched", Who: stead.Fields{"found": number(len(found))}}}
		return []stead.Change{seen(c, e, now)}, nil
	})
	return done(&found, err)
}

func candidates(s *State, l Lookup) []stead.Principal {
	var found []stead.Principal
	if strings.TrimSpace(l.Name) == "" {
		return nil
	}
	s.Principals(func(p *stead.Principal) {
		if p.Active() && p.Kind == stead.Person && l.fits(p) {
			found = append(found, *p)
		}
	})
	slices.SortFunc(found, byName)
	return found
}

func byName(a, b stead.Principal) int {
	return cmp.Or(cmp.Compare(a.Directory, b.Directory), cmp.Compare(a.Name, b.Name))
}

// People lists accounts for an admin, security or auditor. An empty name lists all; otherwise those whose names hold
// it. Errors: refused, missing.
func (a *Authority) People(_ context.Context, by By, l Lookup) ([]stead.Principal, error) {
	var found []stead.Principal
	var err error
	part := strings.ToLower(l.Name)
	a.Store.View().Read(func(s *State) {
		if err = a.may(s, by, a.Now(), Onlookers()...); err != nil {
			return
		}
		s.Principals(func(p *stead.Principal) {
			held := strings.Contains(strings.ToLower(p.Name+"\n"+p.Shown+"\n"+string(p.ID)), part)
			if held && (l.Directory == "" || l.Directory == p.Directory) {
				found = append(found, *p)
			}
		})
	})
	slices.SortFunc(found, byName)
	return found, err
}

// Person tells about one account: one's own, or anybody's to admins, security and auditors. Errors: missing, refused.
func (a *Authority) Person(_ context.Context, by By, id stead.PrincipalID) (stead.Principal, error) {
	var p *stead.Principal
	var err error
	a.Store.View().Read(func(s *State) {
		if id != by.Principal {
			err = a.may(s, by, a.Now(), Onlookers()...)
		}
		p = s.Principal(id)
	})
	switch {
	case err != nil:
		return stead.Principal{}, err
	case p == nil:
		return stead.Principal{}, stead.E(stead.Missing, stead.ReasonNotYours, "there is no such account")
	}
	return *p, nil
}

// Name is how a principal is shown to anybody who may see its id; what is not live any more keeps its id.
func (a *Authority) Name(id stead.PrincipalID) (shown, account string) {
	if id == stead.Server {
		return "Stead", "stead"
	}
	shown, account = string(id), string(id)
	a.Store.View().Read(func(s *State) {
		if p := s.Principal(id); p != nil {
			shown, account = p.DisplayName(), p.String()
		}
	})
	return shown, account
}
