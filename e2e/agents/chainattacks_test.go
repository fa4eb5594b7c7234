package agents

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// What waits for a yes is no right, by whatever door: not started, not used, not leased (D13).
func TestWaitingIsNoRight(t *testing.T) {
	w, by, m := newHurried(t)
	w.no(second(w.StartTask(t.Context(), by, m.ID)), stead.ReasonWaiting)
	if d := w.reads(by, m.ID, "public.orders"); d.Allow {
		t.Error("used before anybody agreed")
	}
	if err := second(w.Grant(t.Context(), by, m.ID)); err == nil {
		t.Error("leased before anybody agreed")
	}
	if err := w.MayHold(m.ID); err == nil {
		t.Error("a login may be held before anybody agreed")
	}
	m, err := w.agree("staff/ida", m)
	if err != nil {
		t.Fatal(err)
	}
	w.no(second(w.StartTask(t.Context(), by, m.ID)), stead.ReasonWaiting) // one of two stages
}

// The owner, by any of his accounts, agrees to nothing that his agent asks, also when his group steps in (D1, D3).
func TestOwnerStepsInNowhere(t *testing.T) {
	w, _, m := newHurried(t)
	groups := []string{"ai-operations", "compliance"}
	if _, err := w.Change(t.Context(), w.root, w.People["staff/max"].ID, authority.Edit{Groups: &groups}); err != nil {
		t.Fatal(err)
	}
	max := w.Login("staff/max", "console.test")
	for _, at := range []time.Duration{30 * time.Minute, time.Hour + time.Minute} {
		w.at(m, at)
		w.no(second(w.Approve(t.Context(), max, m.ID, m.Digest, "")), stead.ReasonOwn)
		w.no(second(w.Refuse(t.Context(), max, m.ID, m.Digest, "")), stead.ReasonOwn)
	}
}

// A yes, a no, a withdrawal by the agent and by its owner, a comment and the end of the time at once: one end, and no yes
// after it (D5).
func TestEndsAtOnce(t *testing.T) {
	for range 8 {
		w, by, m := newHurried(t)
		ida, cole, max := w.Login("staff/ida", "console.test"), w.Login("staff/cole", "console.test"), w.Login("staff/max", "console.test")
		w.at(m, 2*time.Hour-time.Second)
		var all sync.WaitGroup
		for _, do := range []func(){
			func() { _, _ = w.Approve(t.Context(), ida, m.ID, m.Digest, "") },
			func() { _, _ = w.Refuse(t.Context(), cole, m.ID, m.Digest, "") },
			func() { _, _ = w.Withdraw(t.Context(), by, m.ID) },
			func() { _, _ = w.Withdraw(t.Context(), max, m.ID) },
			func() { _, _ = w.Comment(t.Context(), ida, m.ID, "I approve") },
			func() { w.Clock.Move(time.Second); w.sweep() },
		} {
			all.Go(do)
		}
		all.Wait()
		w.sweep()
		got, err := w.Mandate(t.Context(), w.root, m.ID)
		if err != nil || got.State != stead.Ended {
			t.Fatalf("%v, %+v", err, got)
		}
		if n := w.count(m.ID, "mandate.ended") + w.count(m.ID, "mandate.withdrawn") + countExact(w, m.ID, "mandate.refused"); n != 1 {
			t.Errorf("%d ends", n)
		}
		w.no(second(w.Approve(t.Context(), ida, m.ID, m.Digest, "")), got.Why)
	}
}

// countExact leaves out mandate.refuse.refused and whatever else begins alike.
func countExact(w *world, m stead.MandateID, kind stead.EventKind) (n int) {
	w.t.Helper()
	all, err := w.Store.Events(w.t.Context(), authority.EventQuery{Mandate: m, Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range all {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// A stage's time or who steps in is changed after the yes: it is void, because it stands in what was agreed to (D6, R31).
func TestTimesAreAgreedTo(t *testing.T) {
	for _, change := range [][2]string{{"within 1h then", "within 2h then"}, {"then staff/compliance", "then staff/security"}, {"staff/security within 1h", "staff/security"}} {
		w, by, m := newHurried(t)
		m, err := w.agree("staff/ida", m)
		if err == nil {
			m, err = w.agree("staff/omar", m)
		}
		if err != nil {
			t.Fatal(err)
		}
		w.apply(map[string]string{"agents.cedar": strings.Replace(hurried, change[0], change[1], 1)})
		if err := second(w.StartTask(t.Context(), by, m.ID)); stead.ReasonOf(err) != stead.ReasonVoid {
			t.Errorf("%s: %v", change[1], err)
		}
	}
}

// The house ends between two yeses, between a reminder and the next, and between the last yes and the start: what was
// answered stands, and nothing else (D11).
func TestChainOverRestarts(t *testing.T) {
	w, by, m := newHurried(t)
	restart := func() { w.Shut(); w.Open() }
	w.at(m, 61*time.Minute)
	w.sweep()
	restart()
	w.sweep()
	m, err := w.agree("staff/cole", m)
	if err != nil {
		t.Fatal(err)
	}
	restart()
	if m, err = w.agree("staff/omar", m); err != nil || m.State != stead.Approved || len(m.Approvals) != 2 {
		t.Fatalf("%v, %+v", err, m)
	}
	restart()
	if _, err := w.StartTask(t.Context(), by, m.ID); err != nil {
		t.Error(err)
	}
	if n := w.count(m.ID, "mandate.escalated"); n != 1 {
		t.Errorf("escalated %d times", n)
	}
}

// Who agreed in time leaves: as if he never had, so that the sweep ends what nobody is left for.
func TestLeavesAfterTime(t *testing.T) {
	w, _, m := newHurried(t)
	w.at(m, 110*time.Minute)
	m, err := w.agree("staff/ida", m)
	if err != nil {
		t.Fatal(err)
	}
	w.at(m, 125*time.Minute)
	w.sweep()
	gone := true
	if _, err := w.Change(t.Context(), w.root, w.People["staff/ida"].ID, authority.Edit{Disabled: &gone}); err != nil {
		t.Fatal(err)
	}
	if got, err := w.Mandate(t.Context(), w.root, m.ID); err != nil || got.State != stead.Asked {
		t.Fatalf("%v, %+v", err, got)
	}
	w.sweep()
	if got, err := w.Mandate(t.Context(), w.root, m.ID); err != nil || got.Why != stead.ReasonExpired {
		t.Errorf("%v, %+v", err, got)
	}
}
