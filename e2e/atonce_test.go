package e2e

import (
	"sync"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// open gives a house with its cast, and a way to sign people in.
func open(t *testing.T, set authority.Settings) (*home, map[string]stead.PrincipalID, func(account string, factor bool) authority.By) {
	t.Helper()
	h, err := newHome(t.TempDir(), set)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.close(); err != nil {
			t.Error(err)
		}
	})
	all, err := h.Seed(t.Context(), cast())
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]stead.PrincipalID{}
	for _, p := range all {
		ids[p.Name] = p.ID
	}
	return h, ids, func(account string, factor bool) authority.By {
		t.Helper()
		code := ""
		if factor {
			code = h.fresh()
		}
		out, err := h.SignIn(t.Context(), authority.SignIn{Name: account, Password: "right", Code: code, Host: "h", Address: account})
		if err != nil {
			t.Fatal(err)
		}
		return out.By
	}
}

// atOnce runs f so many times at once and counts the answers by kind.
func atOnce(n int, f func(i int) error) map[stead.Kind]int {
	var mu sync.Mutex
	var all sync.WaitGroup
	kinds := map[stead.Kind]int{}
	gate := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-gate
			err := f(i)
			mu.Lock()
			defer mu.Unlock()
			kinds[stead.KindOf(err)]++
		})
	}
	close(gate)
	all.Wait()
	return kinds
}

func (h *home) events(t *testing.T, kind stead.EventKind) (n int) {
	t.Helper()
	for i := range h.store.Head().Size {
		e, err := h.store.Event(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == kind {
			n++
		}
	}
	return n
}

func (h *home) ready(t *testing.T, by authority.By, subject stead.PrincipalID, mode stead.Mode) stead.Mandate {
	t.Helper()
	m, err := h.Ask(t.Context(), by, authority.Ask{Subject: subject, App: "orders", Mode: mode, Purpose: stead.Purpose{Reason: "she called"}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Fifty starts at once, of fifty mandates in one session: one acts, forty-nine are refused, all are on record (C4, R14).
func TestFiftyStartsAtOnce(t *testing.T) {
	set := settings()
	set.Terms.PerActor = 50
	h, ids, in := open(t, set)
	by := in("sam", true)
	if _, err := h.Arm(t.Context(), by, h.fresh()); err != nil {
		t.Fatal(err)
	}
	var all []stead.Mandate
	for range 50 {
		all = append(all, h.ready(t, by, ids["dana"], stead.ReadOnly))
	}
	kinds := atOnce(50, func(i int) error {
		_, err := h.Start(t.Context(), by, all[i].ID, "")
		return err
	})
	if kinds[""] != 1 || kinds[stead.Conflict] != 49 {
		t.Errorf("%v", kinds)
	}
	if got := h.events(t, "mandate.start.refused"); got != 49 {
		t.Errorf("%d refusals on record", got)
	}
}

// Fifty starts of one mandate: it is started once, its time is set once.
func TestOneMandateFiftyTimes(t *testing.T) {
	h, ids, in := open(t, settings())
	by := in("sam", true)
	if _, err := h.Arm(t.Context(), by, h.fresh()); err != nil {
		t.Fatal(err)
	}
	m := h.ready(t, by, ids["dana"], stead.ReadOnly)
	kinds := atOnce(50, func(int) error { _, err := h.Start(t.Context(), by, m.ID, ""); return err })
	if kinds[""] != 1 || kinds[stead.Conflict] != 49 || h.events(t, "mandate.started") != 1 {
		t.Errorf("%v", kinds)
	}
	kinds = atOnce(50, func(int) error { _, err := h.Extend(t.Context(), by, m.ID, "not done", ""); return err })
	if kinds[""] != 2 || kinds[stead.Refused] != 48 || h.events(t, "mandate.extended") != 2 { // C8
		t.Errorf("extended: %v", kinds)
	}
	kinds = atOnce(40, func(i int) error {
		if i%2 == 0 {
			_, err := h.End(t.Context(), by, m.ID)
			return err
		}
		_, err := h.Extend(t.Context(), by, m.ID, "not done", "")
		return err
	})
	if kinds[""] != 1 || h.events(t, "mandate.ended") != 1 {
		t.Errorf("ended: %v", kinds)
	}
}

// Two hundred approvals by one human through two accounts count one; approve and refuse at once end in one state
// (D4, D5, S-I9).
func TestApprovalsAtOnce(t *testing.T) {
	set := settings()
	h, ids, in := open(t, set)
	by := in("sam", true)
	if _, err := h.Arm(t.Context(), by, h.fresh()); err != nil {
		t.Fatal(err)
	}
	m := h.ready(t, by, ids["dana"], stead.Edit)
	voters := []authority.By{in("omar", false), in("omar-too", false)}
	kinds := atOnce(200, func(i int) error { _, err := h.Approve(t.Context(), voters[i%2], m.ID, m.Digest, ""); return err })
	if kinds[""] != 1 || kinds[stead.Conflict] != 199 {
		t.Errorf("%v", kinds)
	}
	if _, err := h.Start(t.Context(), by, m.ID, ""); stead.ReasonOf(err) != stead.ReasonWaiting {
		t.Errorf("started with one human's yes: %v", err)
	}
	h.seconds.Add(60)
	voters = []authority.By{in("olga", false), in("eve", false)}
	kinds = atOnce(40, func(i int) error {
		if i%2 == 0 {
			_, err := h.Approve(t.Context(), voters[0], m.ID, m.Digest, "")
			return err
		}
		_, err := h.Refuse(t.Context(), voters[1], m.ID, m.Digest, "")
		return err
	})
	if kinds[""] != 1 || h.events(t, "mandate.approved")+h.events(t, "mandate.refused") != 2 {
		t.Errorf("%v", kinds)
	}
}

// A clock that jumps closes acting until two people have looked; own work goes on (R42).
func TestClockJumps(t *testing.T) {
	h, ids, in := open(t, settings())
	by := in("sam", true)
	if _, err := h.Arm(t.Context(), by, h.fresh()); err != nil {
		t.Fatal(err)
	}
	m := h.ready(t, by, ids["dana"], stead.ReadOnly)
	if _, err := h.Start(t.Context(), by, m.ID, ""); err != nil {
		t.Fatal(err)
	}
	ask := func(subject stead.PrincipalID, id stead.MandateID) stead.Decision {
		t.Helper()
		d, err := h.Decide(t.Context(), stead.Question{Session: by.Session, Actor: by.Principal, Subject: subject, Mandate: id,
			Action: stead.ActionRead, Resource: stead.Resource{App: "orders", Realm: "shop", Path: "/"}})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if d := ask(ids["dana"], m.ID); !d.Allow {
		t.Fatal(d)
	}
	for _, jump := range []int64{-7200, 7200, 1e8} {
		before := h.Now()
		h.skew.Store(jump)
		if d := ask(ids["dana"], m.ID); d.Allow || d.Reason != stead.ReasonClock || d.Final {
			t.Errorf("jump of %ds: %+v", jump, d)
		}
		if late := h.Now().Sub(before); late < 0 || late > time.Minute {
			t.Errorf("jump of %ds moved the time that decides by %s", jump, late)
		}
		h.skew.Store(0)
	}
	if d := ask(ids["dana"], m.ID); d.Allow {
		t.Error("the clock is believed again without anybody having looked")
	}
	if _, err := h.Extend(t.Context(), by, m.ID, "not done", ""); stead.ReasonOf(err) != stead.ReasonClock {
		t.Errorf("extended on a clock that jumped: %v", err)
	}
	h.skew.Store(-7200)
	a, b, group := stead.Principal{ID: "a", Person: "per_a", Groups: []string{"admins"}}, stead.Principal{ID: "b", Person: "per_b", Groups: []string{"admins"}}, []string{"admins"}
	if n := h.Clock.Look(a, group); n != 1 || h.Clock.Look(a, group) != 1 || h.Clock.Look(b, group) != 0 {
		t.Errorf("two people must look, one twice is one: %d", n)
	}
	if d := ask(ids["dana"], m.ID); !d.Allow {
		t.Errorf("two people have looked: %+v", d)
	}
	before := h.Now()
	h.seconds.Add(599)
	if got := h.Now().Sub(before); got != 599*time.Second {
		t.Errorf("599 s were %s for the mandates", got)
	}
	if d := ask(ids["dana"], m.ID); d.Allow {
		t.Error("a clock set back made the mandate longer")
	}
}
