package storetest

import (
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// One holds a lease; he may renew it, others wait until he gives it up.
func leases(t *testing.T, a, b Store) {
	for range 2 {
		if err := a.Lease(t.Context(), "sign", "node a", time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	wantKind(t, b.Lease(t.Context(), "sign", "node b", time.Minute), stead.Conflict, stead.ReasonExists)
	if err := b.Lease(t.Context(), "count", "node b", time.Minute); err != nil {
		t.Error(err)
	}
	if err := b.Release(t.Context(), "sign", "node b"); err != nil {
		t.Error(err)
	}
	wantKind(t, b.Lease(t.Context(), "sign", "node b", time.Minute), stead.Conflict, stead.ReasonExists)
	if err := a.Release(t.Context(), "sign", "node a"); err != nil {
		t.Error(err)
	}
	if err := b.Lease(t.Context(), "sign", "node b", -time.Minute); err != nil {
		t.Error(err)
	}
	if err := a.Lease(t.Context(), "sign", "node a", time.Minute); err != nil {
		t.Errorf("a lease that is over is not free: %v", err)
	}
}

// Erasing makes what is said of a person unreadable everywhere, keeps what is said of others, and changes no hash.
func erases(t *testing.T, a, b Store) {
	must(t, a, enrol(1))
	must(t, a, enrol(2))
	must(t, b, put(stead.Change{Event: Event("page.seen", 1, 2)}))
	settled(t, a, b)
	before := a.Head()
	if err := b.Erase(t.Context(), Key(2)); err != nil {
		t.Fatal(err)
	}
	for _, s := range []Store{a, b} {
		e, err := s.Event(t.Context(), 2)
		if err != nil || e.What != nil || e.Who["name"] != "p1" || e.Subject != "prn_2" {
			t.Errorf("the event is %+v, %v", e, err)
		}
		if found, err := s.Events(t.Context(), authority.EventQuery{Text: "page 2"}); err != nil || len(found) != 0 {
			t.Errorf("the projection still finds %d events, %v", len(found), err)
		}
		if found, err := s.Events(t.Context(), authority.EventQuery{Text: "p1"}); err != nil || len(found) != 2 {
			t.Errorf("the projection finds %d events of somebody else, %v", len(found), err)
		}
		_, err = s.Get(t.Context(), stead.KindPrincipal, "prn_2", 0)
		wantKind(t, err, stead.Missing, stead.ReasonUnknown)
		if s.Head().Root != before.Root {
			t.Error("erasing changed the log")
		}
	}
	wantKind(t, a.Erase(t.Context(), Key(2)), stead.Missing, stead.ReasonUnknown)
	late := must(t, a, put(stead.Change{Event: Event("page.seen", 2, 2)}))
	if e, err := b.Event(t.Context(), late.Index-1); err != nil || e.Who != nil || e.What != nil {
		t.Errorf("what comes after erasing is kept: %+v, %v", e, err)
	}
}

// Whole segments of events go, their leaves stay.
func prunes(t *testing.T, a, b Store) {
	var all []stead.Change
	for n := range 600 {
		all = append(all, stead.Change{Event: Event("page.seen", 1, n), Counts: []stead.Count{{Key: "n", Op: stead.CountAdd, N: 1}}})
	}
	must(t, a, put(all...))
	gone, err := b.Prune(t.Context(), 599, Event("log.pruned", 1, 1))
	if err != nil || gone != 512 {
		t.Fatalf("%d are gone, %v", gone, err)
	}
	settled(t, a)
	found, err := a.Events(t.Context(), authority.EventQuery{})
	if err != nil || len(found) == 0 || found[0].Index != 512 {
		t.Errorf("the first event left is %v, %v", found, err)
	}
	_, err = a.Event(t.Context(), 511)
	wantKind(t, err, stead.Missing, stead.ReasonNone)
	if e, err := a.Event(t.Context(), 600); err != nil || e.Kind != "log.pruned" {
		t.Errorf("pruning was not recorded: %+v, %v", e, err)
	}
	latest(t, a)
	if again, err := a.Prune(t.Context(), 600, Event("log.pruned", 1, 1)); err != nil || again != 512 || a.Head().Size != 601 {
		t.Errorf("pruning nothing did something: %d, %v", again, err)
	}
}
