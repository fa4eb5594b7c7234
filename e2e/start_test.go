package e2e

import (
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// refusals lists the events of one kind, oldest first.
func (h *home) refusals(t *testing.T, kind stead.EventKind) (all []authority.StoredEvent) {
	t.Helper()
	for i := range h.store.Head().Size {
		e, err := h.store.Event(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == kind {
			all = append(all, e)
		}
	}
	return all
}

// A wrong code at a start is refused as one, once, under both names; and whoever names another's mandate leaves nothing
// in his own trail that tells him whom it is about (S-I17, S-I20).
func TestStartRefused(t *testing.T) {
	h, ids, in := open(t, settings())
	ctx := t.Context()
	sam, eve := in("sam", true), in("eve", true)
	wants(t, "arm", second(h.Arm(ctx, sam, h.fresh())), "", "")
	m := h.ready(t, sam, ids["dana"], stead.ReadOnly)
	h.seconds.Add(6 * 60) // the proof at arming does not count any more
	wants(t, "a wrong code", second(h.Start(ctx, sam, m.ID, "wrong")), stead.Refused, stead.ReasonBadProof)
	wants(t, "no code", second(h.Start(ctx, sam, m.ID, "")), stead.Refused, stead.ReasonSecondFactor)
	wants(t, "another's", second(h.Start(ctx, eve, m.ID, "")), stead.Missing, stead.ReasonNotYours)
	all := h.refusals(t, "mandate.start.refused")
	if len(all) != 3 {
		t.Fatalf("%d refusals on record", len(all))
	}
	for i, subject := range []stead.PrincipalID{ids["sam"], ids["dana"], ids["eve"]} {
		if all[i].Subject != subject || all[i].Mandate != m.ID {
			t.Errorf("refusal %d: %+v", i, all[i])
		}
	}
}

// Another's mandate is not there, in whatever state it is; and a code given in a session that is over raises nothing.
func TestStartOfAnothers(t *testing.T) {
	h, ids, in := open(t, settings())
	ctx := t.Context()
	sam, eve := in("sam", true), in("eve", true)
	wants(t, "arm", second(h.Arm(ctx, sam, h.fresh())), "", "")
	m := h.ready(t, sam, ids["dana"], stead.Edit)
	if m.State != stead.Asked {
		t.Fatal(m.State)
	}
	wants(t, "another's that waits", second(h.Start(ctx, eve, m.ID, "")), stead.Missing, stead.ReasonNotYours)
	wants(t, "another's to extend", second(h.Extend(ctx, eve, m.ID, "more", "")), stead.Missing, stead.ReasonNotYours)
	h.seconds.Add(31 * 60)
	raised := h.events(t, "session.raised")
	wants(t, "an idle session", second(h.Start(ctx, sam, m.ID, h.fresh())), stead.Refused, stead.ReasonSessionIdle)
	if h.events(t, "session.raised") != raised {
		t.Error("a session that is over was raised")
	}
}
