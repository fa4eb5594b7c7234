package authority

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/steadhq/stead"
)

// A desk has a view and nothing else.
type desk struct {
	Store
	view *View
}

func (d desk) View() *View { return d.view }

var start = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// crowded gives an authority over n mandates of many actors and a few subjects, and an auditor's pass.
func crowded(tb testing.TB, n int) (*Authority, By) {
	tb.Helper()
	v := &View{}
	by := By{Session: "ses_a", Principal: "prn_a"}
	err := v.Load(func(s *State) error {
		s.Load(stead.Principal{ID: by.Principal, Version: 1, Directory: "staff", Name: "aud", Groups: []string{"auditors"}})
		s.Load(stead.Session{ID: by.Session, Version: 1, Principal: by.Principal, Since: start, Level: 2, IdleAfter: stead.Duration(time.Hour), Until: start.Add(time.Hour)})
		for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(n) {
			s.Load(mandateAt(i, []stead.State{stead.Active, stead.Asked, stead.Approved, stead.Suspended}[i%4]))
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	now := func() time.Time { return start.Add(time.Minute) }
	return &Authority{Store: desk{view: v}, Clock: NewClock(now, func() time.Duration { return time.Hour }, start),
		Settings: &Settings{Roles: map[Role][]string{Auditor: {"staff/auditors"}}}}, by
}

func mandateAt(i int, s stead.State) stead.Mandate {
	m := stead.Mandate{ID: stead.MandateID(fmt.Sprintf("man_%07d", i)), Version: 1, State: s, Actor: stead.PrincipalID(fmt.Sprint("prn_", i%5000)),
		Subject: stead.PrincipalID(fmt.Sprint("prn_s", i%100_000)), AskedAt: start.Add(time.Duration(i/3) * time.Microsecond)}
	m.Scope.Apps = []stead.AppID{stead.AppID([]string{"orders", "wiki"}[i%11/10])}
	return m
}

// all reads page by page, and f is done between two of them.
func all(t *testing.T, a *Authority, by By, q MandateQuery, f func()) []string {
	t.Helper()
	var got []string
	for range 10_000 {
		page, next, err := a.MandatePage(context.Background(), by, q)
		if err != nil || len(page) > q.Limit {
			t.Fatalf("%d: %v", len(page), err)
		}
		for _, m := range page {
			got = append(got, string(m.ID))
		}
		if q.After = next; next == (Place{}) {
			return got
		}
		f()
	}
	t.Fatal("the pages have no end")
	return nil
}

func (v *View) brute(q MandateQuery) []string {
	var list []stead.Mandate
	v.Read(func(s *State) {
		s.Mandates(func(m *stead.Mandate) {
			if q.fits(m) {
				list = append(list, *m)
			}
		})
	})
	slices.SortFunc(list, func(m, n stead.Mandate) int { return cmp.Or(n.AskedAt.Compare(m.AskedAt), cmp.Compare(m.ID, n.ID)) })
	ids := []string{}
	for _, m := range list {
		ids = append(ids, string(m.ID))
	}
	return ids
}

// However mandates have come and gone, pages give every one that fits, once, newest first.
func TestMandatePages(t *testing.T) {
	a, by := crowded(t, 400)
	v, chance := a.Store.View(), rand.New(rand.NewPCG(3, 4))
	next := 400
	for round := range 40 {
		stage := v.Stage()
		for range 30 { // in one batch, some of them more than once
			id := stead.MandateID(fmt.Sprintf("man_%07d", chance.IntN(next)))
			m := stage.Mandate(id)
			if m == nil {
				fresh := mandateAt(next, stead.Asked)
				m, next = &fresh, next+1
				m.Version = 0
			}
			after := *m
			after.Version++
			after.State = []stead.State{stead.Asked, stead.Approved, stead.Active, stead.Suspended, stead.Ended}[chance.IntN(5)]
			if err := stage.Put(stead.Change{Records: []stead.Record{after}}, stage.Index()+1); err != nil {
				t.Fatal(err)
			}
		}
		v.Apply(stage)
		for _, q := range []MandateQuery{{}, {State: stead.Active}, {State: stead.Asked, App: "wiki"}, {Subject: "prn_s3"}, {Actor: "prn_5", State: stead.Approved}} {
			q.All, q.Limit = true, 7
			if got, want := all(t, a, by, q, func() {}), v.brute(q); !slices.Equal(got, want) {
				t.Fatalf("round %d, %+v:\n%v\nwant\n%v", round, q, got, want)
			}
		}
	}
}

// What stays is on one page, whatever comes and goes between two.
func TestPagesWhileThingsChange(t *testing.T) {
	a, by := crowded(t, 60)
	v, next := a.Store.View(), 60
	stays := v.brute(MandateQuery{State: stead.Active})
	got := all(t, a, by, MandateQuery{All: true, Limit: 4}, func() {
		stage := v.Stage()
		for i := range 60 { // all others end, and new ones come
			if m := stage.Mandate(stead.MandateID(fmt.Sprintf("man_%07d", i))); m != nil && m.State != stead.Active && i%3 == next%3 {
				over := *m
				over.State, over.Version = stead.Ended, over.Version+1
				_ = stage.Put(stead.Change{Records: []stead.Record{over}}, stage.Index()+1)
			}
		}
		_ = stage.Put(stead.Change{Records: []stead.Record{mandateAt(next, stead.Asked)}}, stage.Index()+1)
		next++
		v.Apply(stage)
	})
	seen := map[string]int{}
	for _, id := range got {
		seen[id]++
	}
	for _, id := range stays {
		if seen[id] != 1 {
			t.Errorf("%s came %d times", id, seen[id])
		}
	}
}

// Who is no auditor asks for everybody's in vain, and a page looks at no more than it may.
func TestMandatePageRefusals(t *testing.T) {
	a, by := crowded(t, 8)
	a.Settings.Roles = nil
	if _, _, err := a.MandatePage(context.Background(), by, MandateQuery{All: true, Limit: 1}); stead.KindOf(err) != stead.Missing {
		t.Errorf("%v", err)
	}
	if page, _, err := a.MandatePage(context.Background(), by, MandateQuery{Actor: "prn_1", Limit: 9}); err != nil || len(page) != 0 {
		t.Errorf("%v %v", page, err)
	}
	if _, _, err := a.MandatePage(context.Background(), By{}, MandateQuery{Limit: 1}); stead.ReasonOf(err) != stead.ReasonSignIn {
		t.Errorf("%v", err)
	}
	if _, _, err := a.PeoplePage(context.Background(), by, PeopleQuery{Limit: 1}); stead.KindOf(err) != stead.Missing {
		t.Errorf("%v", err)
	}
	if page, _, err := a.SessionPage(context.Background(), by, "prn_b", Place{}, 9); err != nil || len(page) != 0 {
		t.Errorf("%v %v", page, err)
	}
}

func TestPeopleAndSessionPages(t *testing.T) {
	a, by := crowded(t, 0)
	stage := a.Store.View().Stage()
	for i := range 50 {
		p := stead.Principal{ID: stead.PrincipalID(fmt.Sprint("prn_", i)), Version: 1, Directory: []string{"staff", "customers"}[i%2], Name: fmt.Sprintf("p%02d", i)}
		e := stead.Session{ID: stead.SessionID(fmt.Sprintf("ses_%02d", i)), Version: 1, Principal: by.Principal, Since: start.Add(time.Duration(i/4) * time.Second), IdleAfter: stead.Duration(time.Hour), Until: start.Add(time.Hour)}
		if err := stage.Put(stead.Change{Records: []stead.Record{p, e}}, 1); err != nil {
			t.Fatal(err)
		}
	}
	a.Store.View().Apply(stage)
	var people []string
	for q := (PeopleQuery{Limit: 7}); ; {
		page, more, err := a.PeoplePage(context.Background(), by, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page {
			people = append(people, p.Directory+"/"+p.Name)
		}
		if !more {
			break
		}
		q.After = people[len(people)-1]
	}
	if len(people) != 51 || !slices.IsSorted(people) {
		t.Errorf("%d %v", len(people), people)
	}
	seen, after := map[stead.SessionID]bool{}, Place{}
	for {
		page, next, err := a.SessionPage(context.Background(), by, "", after, 6)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			if seen[e.ID] {
				t.Errorf("%s twice", e.ID)
			}
			seen[e.ID] = true
		}
		if after = next; next == (Place{}) {
			break
		}
	}
	if len(seen) != 51 {
		t.Errorf("%d sessions", len(seen))
	}
}

// A page of a million mandates, by the filters there are: what one may wait for it is 100 ms.
func BenchmarkMandatePage(b *testing.B) {
	a, by := crowded(b, 1_000_000)
	for name, q := range map[string]MandateQuery{"all": {}, "state": {State: stead.Suspended}, "app": {App: "wiki"}, "actor": {Actor: "prn_77"},
		"subject": {Subject: "prn_s3"}, "nothing fits": {App: "none"}, "deep": {After: Place{At: start.Add(time.Second / 6), ID: "man_0500000"}}} {
		q.All, q.Limit = true, 100
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := a.MandatePage(context.Background(), by, q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
