package authority

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// A MandateQuery chooses mandates that have not ended. Zero members do not narrow.
type MandateQuery struct {
	All            bool // everybody's, for admins, security and auditors; else what is the caller's business
	State          stead.State
	Actor, Subject stead.PrincipalID
	App            stead.AppID
	After          Place // where the page before ended
	Limit          int
}

func (q MandateQuery) fits(m *stead.Mandate) bool {
	return (q.State == "" || q.State == m.State) && (q.Actor == "" || q.Actor == m.Actor) &&
		(q.Subject == "" || q.Subject == m.Subject) && (q.App == "" || slices.Contains(m.Scope.Apps, q.App))
}

// MandatePage gives one page of mandates, newest first, and the place it came to: zero where no more follow. A page may
// hold fewer than it has room for, although more follow. Errors: refused, missing.
func (a *Authority) MandatePage(_ context.Context, by By, q MandateQuery) (page []stead.Mandate, next Place, err error) {
	a.Store.View().Read(func(s *State) {
		now := a.Now()
		if err = presents(s, by, now); err != nil {
			return
		}
		if q.All {
			err = a.may(s, by, now, Onlookers()...)
		}
		if err == nil {
			page, next = s.pageOf(q, by, now)
		}
	})
	return page, next, err
}

func (s *State) pageOf(q MandateQuery, by By, now time.Time) (page []stead.Mandate, next Place) {
	states := []stead.State{stead.Asked, stead.Approved, stead.Active, stead.Suspended}
	if q.State != "" {
		states = []stead.State{q.State}
	}
	take := func(m *stead.Mandate) bool {
		if !q.fits(m) {
			return true
		}
		if len(page) < q.Limit {
			page = append(page, *m)
			return true
		}
		return false
	}
	if q.All && q.Actor == "" && q.Subject == "" {
		next = s.roster(states, q.After, take)
		return page, next
	}
	for _, m := range s.few(q, by, now) {
		if placeOf(m).beyond(q.After) && !take(m) {
			return page, placeOf(&page[len(page)-1])
		}
	}
	return page, Place{}
}

// few are the mandates of those who are named, or else that are the caller's business, newest first.
func (s *State) few(q MandateQuery, by By, now time.Time) []*stead.Mandate {
	all := map[stead.MandateID]*stead.Mandate{}
	note := func(ids []stead.MandateID) {
		for _, id := range ids {
			all[id] = s.Mandate(id)
		}
	}
	switch {
	case q.All && q.Actor != "":
		note(s.MandatesBy(q.Actor))
	case q.All:
		note(s.MandatesFor(q.Subject))
	case by.Key != "":
		note(s.MandatesBy(by.Principal))
	default:
		note(s.MandatesBy(by.Principal))
		note(s.MandatesFor(by.Principal))
		p := *s.Principal(by.Principal)
		s.roster([]stead.State{stead.Asked}, Place{}, func(m *stead.Mandate) bool {
			if waitsFor(s, p, *m, now) {
				all[m.ID] = m
			}
			return true
		})
	}
	list := make([]*stead.Mandate, 0, len(all))
	for _, m := range all {
		list = append(list, m)
	}
	slices.SortFunc(list, func(m, n *stead.Mandate) int {
		return cmp.Or(n.AskedAt.Compare(m.AskedAt), cmp.Compare(m.ID, n.ID))
	})
	return list
}

// A PeopleQuery chooses accounts: those whose names hold a text, in a directory. Limit is at least 1.
type PeopleQuery struct {
	Name, Directory string
	Group           string // "staff/testers", or "testers" of any directory
	Closed          *bool  // disabled ones, or those that are not
	After           string // directory/name of the last account of the page before
	Limit           int
}

// PeoplePage gives one page of accounts in the order of directory and name, for admins, security and auditors, and
// whether more follow. Errors: refused, missing.
func (a *Authority) PeoplePage(_ context.Context, by By, q PeopleQuery) (page []stead.Principal, more bool, err error) {
	part := strings.ToLower(q.Name)
	best := top[stead.Principal]{room: q.Limit + 1, order: func(p, o *stead.Principal) int { return byName(*p, *o) }}
	dir, account, _ := strings.Cut(q.After, "/")
	last := stead.Principal{Directory: dir, Name: account}
	a.Store.View().Read(func(s *State) {
		if err = a.may(s, by, a.Now(), Onlookers()...); err != nil {
			return
		}
		s.Principals(func(p *stead.Principal) {
			if q.fits(p, part) && (q.After == "" || byName(last, *p) < 0) {
				best.offer(p)
			}
		})
	})
	page, more = best.page(q.Limit)
	return page, more, err
}

func (q PeopleQuery) fits(p *stead.Principal, part string) bool {
	return (q.Directory == "" || q.Directory == p.Directory) && (q.Group == "" || len(p.Marks([]string{q.Group})) > 0) &&
		(q.Closed == nil || *q.Closed != p.Active()) && holds(p, part)
}

func holds(p *stead.Principal, part string) bool {
	return part == "" || strings.Contains(strings.ToLower(p.Name+"\n"+p.Shown+"\n"+string(p.ID)), part)
}

// SessionPage gives one page of live sessions, newest first, beyond a place: the caller's own, or everybody's for admins
// and security; of one person where he is named. Errors: refused.
func (a *Authority) SessionPage(_ context.Context, by By, of stead.PrincipalID, after Place, limit int) (page []stead.Session, next Place, err error) {
	best := top[stead.Session]{room: limit + 1, order: func(e, f *stead.Session) int {
		return cmp.Or(f.Since.Compare(e.Since), cmp.Compare(e.ID, f.ID))
	}}
	a.Store.View().Read(func(s *State) {
		now := a.Now()
		if _, err = own(s, by, now); err != nil {
			return
		}
		if a.may(s, by, now, Admin, Security) != nil {
			if of != "" && of != by.Principal {
				return
			}
			of = by.Principal
		}
		s.sessionsOf(of, func(e *stead.Session) {
			if sessionPlace(e).beyond(after) && e.Over(now, s.Seen(e.ID)) == stead.ReasonNone {
				best.offer(e)
			}
		})
	})
	page, more := best.page(limit)
	for i := range page {
		page[i].Passes = nil
	}
	if more {
		next = sessionPlace(&page[limit-1])
	}
	return page, next, err
}

// Session tells about one live session: one's own, or anybody's to admins and security. Errors: missing, refused.
func (a *Authority) Session(_ context.Context, by By, id stead.SessionID) (e stead.Session, err error) {
	a.Store.View().Read(func(s *State) {
		now := a.Now()
		if _, err = own(s, by, now); err != nil {
			return
		}
		found := s.Session(id)
		if found == nil || found.Over(now, s.Seen(id)) != stead.ReasonNone ||
			found.Principal != by.Principal && a.may(s, by, now, Admin, Security) != nil {
			err = stead.E(stead.Missing, stead.ReasonNotYours, "there is no such session")
			return
		}
		e = *found
		e.Passes = nil
	})
	return e, err
}

func sessionPlace(e *stead.Session) Place {
	return Place{e.Since.UTC().Truncate(time.Microsecond), string(e.ID)}
}

// sessionsOf calls f for the live sessions of somebody, or of everybody.
func (s *State) sessionsOf(of stead.PrincipalID, f func(*stead.Session)) {
	if of == "" {
		s.Sessions(f)
		return
	}
	for _, id := range s.SessionsOf(of) {
		f(s.Session(id))
	}
}

// A top keeps the first few of many in an order, and copies no others.
type top[V any] struct {
	room  int
	order func(a, b *V) int
	found []*V
}

func (t *top[V]) offer(v *V) {
	if t.found = append(t.found, v); len(t.found) >= 4*t.room {
		t.cut()
	}
}

func (t *top[V]) cut() {
	slices.SortFunc(t.found, t.order)
	t.found = t.found[:min(len(t.found), t.room)]
}

func (t *top[V]) page(limit int) (page []V, more bool) {
	t.cut()
	for _, v := range t.found[:min(len(t.found), limit)] {
		page = append(page, *v)
	}
	return page, len(t.found) > limit
}
