package authority

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/steadhq/stead"
)

// mostExclusions bounds what every decision goes through.
const mostExclusions = 500

// SetExclusion puts an exclusion in force, or changes the one of its name: by another human than its author. What is
// there already as it is said stays as it is. By admins and security. Errors: invalid, missing, refused.
func (a *Authority) SetExclusion(ctx context.Context, by By, x stead.Exclusion) (stead.Exclusion, error) {
	var out stead.Exclusion
	t := attempt{verb: "exclusion.set", by: by, urgent: true, what: stead.Fields{"exclusion": x.Name}}
	err := a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := a.may(s, by, now, Admin, Security); err != nil {
			return nil, err
		}
		if err := a.fits(x); err != nil {
			return nil, err
		}
		old := s.Exclusion(x.Name)
		x.Version, x.Author, x.Person, x.At, x.Retired = version(old)+1, by.Principal, finder(s)(by.Principal).Person, now, false
		switch {
		case old == nil && s.exclusions.many(mostExclusions):
			return nil, stead.E(stead.Conflict, stead.ReasonTooMany, "there are %d exclusions already", mostExclusions)
		case old != nil && old.Says(x):
			out = *old
			return nil, nil
		case old != nil && !old.Retired:
			if err := another(s, by, *old); err != nil {
				return nil, err
			}
		}
		out = x
		return []stead.Change{{Event: stead.Event{Kind: "exclusion.set", What: stead.Fields{"exclusion": x.Name, "because": x.Purpose}}, Records: []stead.Record{x}}}, nil
	})
	return done(&out, err)
}

// fits tells whether an exclusion is about what there is.
func (a *Authority) fits(x stead.Exclusion) error {
	if text := x.Wrong(); text != "" {
		return stead.E(stead.Invalid, stead.ReasonRequest, "%s", text)
	}
	for _, r := range slices.Concat(x.First, x.Second) {
		if a.Settings.App(r.System) == nil {
			return stead.E(stead.Missing, stead.ReasonNoRoute, "the exclusion %s names a system %s that is not configured", x.Name, r.System)
		}
	}
	return nil
}

// UnknownActions are the actions of an exclusion that the policy in force does not know, each with what was probably meant:
// nothing is kept apart by what nobody may ever do.
func (a *Authority) UnknownActions(x stead.Exclusion) (all []string) {
	known := a.Policy.Actions(a.InForce())
	for _, r := range slices.Concat(x.First, x.Second) {
		name := string(r.Action)
		if said := name + stead.DidYouMean(name, known); name != "*" && len(known) > 0 && !slices.Contains(known, name) && !slices.Contains(all, said) {
			all = append(all, said)
		}
	}
	return all
}

// another refuses whoever wrote an exclusion: alone he undoes nothing of it.
func another(s *State, by By, x stead.Exclusion) error {
	if finder(s)(by.Principal).SameHuman(stead.Principal{ID: x.Author, Person: x.Person}) {
		return stead.E(stead.Refused, stead.ReasonAuthor, "an exclusion is changed and retired by another person than its author")
	}
	return nil
}

// RetireExclusion takes an exclusion out of force; its name keeps its history. By admins and security, and another human than
// its author. Errors: missing, refused.
func (a *Authority) RetireExclusion(ctx context.Context, by By, name string) (stead.Exclusion, error) {
	var out stead.Exclusion
	t := attempt{verb: "exclusion.retire", by: by, urgent: true, what: stead.Fields{"exclusion": name}}
	err := a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := a.may(s, by, now, Admin, Security); err != nil {
			return nil, err
		}
		old := s.Exclusion(name)
		if old == nil || old.Retired {
			return nil, stead.E(stead.Missing, stead.ReasonNotYours, "there is no exclusion %s", name)
		}
		if err := another(s, by, *old); err != nil {
			return nil, err
		}
		out = *old
		out.Version, out.Author, out.Person, out.At, out.Retired = old.Version+1, by.Principal, finder(s)(by.Principal).Person, now, true
		return []stead.Change{{Event: stead.Event{Kind: "exclusion.retired"}, Records: []stead.Record{out}}}, nil
	})
	return done(&out, err)
}

// AllExclusions lists those in force by name. Errors: refused, missing.
func (a *Authority) AllExclusions(_ context.Context, by By) (all []stead.Exclusion, err error) {
	a.Store.View().Read(func(s *State) {
		if err = a.may(s, by, a.Now(), Onlookers()...); err == nil {
			s.Exclusions(func(x *stead.Exclusion) { all = append(all, *x) })
		}
	})
	slices.SortFunc(all, func(x, y stead.Exclusion) int { return cmp.Compare(x.Name, y.Name) })
	return all, err
}

// A Clash is two agents of one party, or one alone, that hold both sides of an exclusion.
type Clash struct {
	Exclusion stead.Exclusion
	First     stead.PrincipalID // holds the first side
	Second    stead.PrincipalID
	Later     stead.PrincipalID // is refused its side; where both are one, it is refused both
	Owner     stead.PrincipalID // answers for the later one
}

// Clashes lists who holds now what no party may hold. Errors: refused, missing.
func (a *Authority) Clashes(_ context.Context, by By) (all []Clash, err error) {
	a.Store.View().Read(func(s *State) {
		if err = a.may(s, by, a.Now(), Onlookers()...); err == nil {
			s.Exclusions(func(x *stead.Exclusion) {
				if !x.Doing() {
					all = append(all, s.clashes(x)...)
				}
			})
		}
	})
	slices.SortFunc(all, func(c, d Clash) int {
		return cmp.Or(cmp.Compare(c.Exclusion.Name, d.Exclusion.Name), cmp.Compare(c.First, d.First), cmp.Compare(c.Second, d.Second))
	})
	return all, err
}

func (s *State) clashes(x *stead.Exclusion) (all []Clash) {
	s.Agents(func(r *stead.Registration) {
		if s.holding(x, stead.First, r) == "" {
			return
		}
		for _, other := range s.agentsOf(s.party([]stead.PrincipalID{r.Principal}, "")) {
			if s.holding(x, stead.Second, other) == "" {
				continue
			}
			c := Clash{Exclusion: *x, First: r.Principal, Second: other.Principal, Later: r.Principal, Owner: r.Owner}
			if younger(*other, *r) {
				c.Later, c.Owner = other.Principal, other.Owner
			}
			all = append(all, c)
		}
	})
	return all
}
