package housetest_test

import (
	"slices"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house/housetest"
)

// The walk of the spine, behind the doors.
func TestSamActsForDana(t *testing.T) {
	h := housetest.New(t)
	sam := h.Login("staff/sam", "stead.test")
	m, err := h.Act(sam, "staff/sam", "customers/dana", stead.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	if m.State != stead.Active || !m.Until.Equal(h.Clock.Wall().Add(10*time.Minute)) {
		t.Fatalf("started %+v", m)
	}
	d, err := h.Decide(t.Context(), h.Question(sam, m, stead.ActionRead, "/orders/7"))
	if err != nil || !d.Allow {
		t.Fatalf("reading: %+v, %v", d, err)
	}
	d, err = h.Decide(t.Context(), h.Question(sam, m, stead.ActionWrite, "/orders/7"))
	if err != nil || d.Allow || d.Reason != stead.ReasonReadOnly {
		t.Fatalf("writing: %+v, %v", d, err)
	}
	if _, err := h.Act(sam, "staff/sam", "customers/erin", stead.ReadOnly); stead.ReasonOf(err) != stead.ReasonChain {
		t.Fatalf("chaining: %v", err)
	}
	h.Clock.Move(11 * time.Minute)
	d, err = h.Decide(t.Context(), h.Question(sam, m, stead.ActionRead, "/orders/7"))
	if err != nil || d.Allow || d.Reason != stead.ReasonExpired {
		t.Fatalf("after the end: %+v, %v", d, err)
	}
	want := []string{"session.started", "acting.armed", "mandate.asked", "mandate.started", "request.allowed",
		"request.denied", "acting.arm.refused", "request.denied", "mandate.ended"}
	if got := h.Kinds(len(want)); !slices.Equal(got, want) {
		t.Errorf("the trail tells %q", got)
	}
}

// A run that dies leaves requests whose end nobody saw: the next one says so, once (S-I2).
func TestRecover(t *testing.T) {
	h := housetest.New(t)
	sam := h.Login("staff/sam", "stead.test")
	m, err := h.Act(sam, "staff/sam", "customers/dana", stead.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	var seen, unseen stead.Decision
	for _, d := range []*stead.Decision{&seen, &unseen} {
		if *d, err = h.Decide(t.Context(), h.Question(sam, m, stead.ActionRead, "/orders/7")); err != nil || !d.Allow {
			t.Fatalf("%+v, %v", *d, err)
		}
	}
	h.Served(h.Question(sam, m, stead.ActionRead, "/orders/7"), seen, authority.Outcome{Status: 200})
	h.Flush()
	for range 2 {
		if err := h.Store.Close(); err != nil { // and not the authority: the process is gone
			t.Fatal(err)
		}
		h.Open()
	}
	found, err := h.Store.Events(t.Context(), authority.EventQuery{Kinds: []string{"request.served"}})
	if err != nil || len(found) != 2 {
		t.Fatalf("%d outcomes, %v", len(found), err)
	}
	last := found[1]
	if last.Decision != unseen.ID || last.Outcome != stead.Unknown || last.Actor != sam.Principal || last.Subject != m.Subject || last.Mandate != m.ID {
		t.Errorf("%+v", last)
	}
}
