package e2e

import (
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A decision of the past is explained with everything as it was, to those whose business it is (S-I34).
func TestWhy(t *testing.T) {
	h, ids, in := open(t, settings())
	ctx := t.Context()
	wants(t, "found", h.Found(ctx, map[string]string{"x.cedar": "0"}), "", "")
	root, sam, carl := in("root", true), in("sam", true), in("carl", false)
	wants(t, "arm", second(h.Arm(ctx, sam, h.fresh())), "", "")
	m := h.ready(t, sam, ids["dana"], stead.ReadOnly)
	wants(t, "start", second(h.Start(ctx, sam, m.ID, "")), "", "")
	q := stead.Question{Session: sam.Session, Actor: sam.Principal, Subject: ids["dana"], Mandate: m.ID, Action: stead.ActionRead,
		Resource: stead.Resource{App: "orders", Realm: "shop", Path: "/orders/7"}}
	yes, err := h.Decide(ctx, q)
	wants(t, "read", err, "", "")
	q.Action = stead.ActionWrite
	no, err := h.Decide(ctx, q)
	wants(t, "write", err, "", "")
	q.Subject, q.Mandate = sam.Principal, ""
	himself, err := h.Decide(ctx, q)
	wants(t, "as himself while he acts", err, "", "")
	h.Flush()
	marked := []string{"customer", "vip"}
	wants(t, "promote", second(h.Change(ctx, root, ids["dana"], authority.Edit{Groups: &marked})), "", "")
	h.seconds.Add(24 * 60)
	sam = in("sam", true)
	wants(t, "settle", h.store.Settled(ctx, h.store.Head().Size), "", "")
	for name, c := range map[string]struct {
		d      stead.Decision
		allow  bool
		reason stead.Reason
	}{"the yes": {yes, true, ""}, "the no": {no, false, stead.ReasonReadOnly}, "as himself": {himself, false, stead.ReasonActing}} {
		for _, by := range []authority.By{root, sam} {
			r, err := h.Why(ctx, by, c.d.ID)
			if err != nil || !r.Same || r.Decision.Allow != c.allow || r.Decision.Reason != c.reason || r.Subject.In("vip") {
				t.Errorf("%s: %+v, %v", name, r, err)
			}
		}
		wants(t, name+" to a stranger", second(h.Why(ctx, carl, c.d.ID)), stead.Missing, stead.ReasonNotYours)
	}
	wants(t, "another's events", second(h.Events(ctx, carl, authority.EventQuery{Either: ids["sam"]})), stead.Refused, stead.ReasonNotYours)
	mine, err := h.Events(ctx, sam, authority.EventQuery{Kinds: []string{"mandate."}})
	if err != nil || len(mine) != 3 {
		t.Errorf("%d events, %v", len(mine), err)
	}
	for i, e := range mine {
		if e.Number() != e.Index+1 || e.Actor != ids["sam"] && e.Subject != ids["sam"] && e.Subject != ids["dana"] {
			t.Errorf("%d: %+v", i, e)
		}
	}
}

// Who is erased is out, and what the log says of him cannot be read; the log stands (C13).
func TestErase(t *testing.T) {
	h, ids, in := open(t, settings())
	ctx := t.Context()
	root, dana := in("root", true), in("dana", false)
	if got := h.events(t, "person.enrolled"); got != len(cast()) {
		t.Fatalf("%d people enrolled", got)
	}
	size := h.store.Head().Size
	wants(t, "by support", h.Erase(ctx, in("sam", true), ids["dana"]), stead.Missing, stead.ReasonNotYours)
	wants(t, "nobody", h.Erase(ctx, root, "prn_none"), stead.Missing, stead.ReasonUnknown)
	wants(t, "erase", h.Erase(ctx, root, ids["dana"]), "", "")
	s := h.still()
	for _, account := range []string{"dana", "dana-inside"} {
		if _, live := s.People[ids[account]]; live {
			t.Errorf("%s lives on", account)
		}
	}
	wants(t, "her session", second(h.Rotate(ctx, dana)), stead.Refused, stead.ReasonSignIn)
	for i := range size {
		e, err := h.store.Event(ctx, i)
		if err != nil {
			t.Fatal(err)
		}
		if e.Actor == ids["dana"] && len(e.Who) != 0 {
			t.Errorf("event %d still says %v", i, e.Who)
		}
	}
}

// Sixty calls at once on a budget of thirty: the thirty-first is refused, by the writer if not before (S-I14).
func TestBudget(t *testing.T) {
	h, ids, in := open(t, settings())
	ctx := t.Context()
	sam := in("sam", true)
	wants(t, "arm", second(h.Arm(ctx, sam, h.fresh())), "", "")
	m := h.ready(t, sam, ids["dana"], stead.ReadOnly)
	m, err := h.Start(ctx, sam, m.ID, "")
	wants(t, "start", err, "", "")
	m.Bounds.Budget, m.Version = map[string]int64{"calls": 30}, m.Version+1
	_, err = h.store.Append(ctx, authority.Entry{Changes: []stead.Change{{Records: []stead.Record{m},
		Event: stead.Event{ID: "evt_x", Kind: "mandate.bounded", At: h.Now(), Actor: stead.Server, Subject: m.Subject, Outcome: stead.OK}}}})
	wants(t, "bound", err, "", "")
	kinds := map[bool]int{}
	var allowed [60]bool
	atOnce(60, func(i int) error {
		d, err := h.Decide(ctx, stead.Question{Session: sam.Session, Actor: sam.Principal, Subject: m.Subject, Mandate: m.ID,
			Action: stead.ActionRead, Resource: stead.Resource{App: "orders", Realm: "shop", Path: "/"},
			Context: stead.Context{Cost: map[string]int64{"calls": 1}}})
		allowed[i] = err == nil && d.Allow
		return err
	})
	for _, ok := range allowed {
		kinds[ok]++
	}
	if kinds[true] != 30 {
		t.Errorf("%d calls of 30 were allowed", kinds[true])
	}
}

// Everybody sees what is his business: the asker, the subject, those whose yes is missing. The subject may take it back.
func TestWhoseBusiness(t *testing.T) {
	h, ids, in := open(t, settings())
	ctx := t.Context()
	sam, dana, olga, carl := in("sam", true), in("dana", false), in("olga", false), in("carl", false)
	wants(t, "arm", second(h.Arm(ctx, sam, h.fresh())), "", "")
	m := h.ready(t, sam, ids["dana"], stead.Edit)
	for name, c := range map[string]struct {
		by authority.By
		n  int
	}{"asker": {sam, 1}, "subject": {dana, 1}, "approver": {olga, 1}, "stranger": {carl, 0}} {
		if all, err := h.Mandates(ctx, c.by, false); err != nil || len(all) != c.n {
			t.Errorf("%s: %d, %v", name, len(all), err)
		}
	}
	wants(t, "a stranger revokes", second(h.Revoke(ctx, carl, m.ID, "")), stead.Missing, stead.ReasonNotYours)
	wants(t, "the subject revokes", second(h.Revoke(ctx, dana, m.ID, "not me")), "", "")
	wants(t, "a late yes", second(h.Approve(ctx, olga, m.ID, m.Digest, "")), stead.Conflict, stead.ReasonRevoked) // D8
	if got, err := h.Mandate(ctx, dana, m.ID); err != nil || got.Why != stead.ReasonRevoked || got.EndedBy != string(ids["dana"]) {
		t.Errorf("%+v, %v", got, err)
	}
}
