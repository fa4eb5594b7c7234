package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/store"
)

// A gate is the real store with something that happens before the next request is recorded.
type gate struct {
	*store.Store
	before func() error
}

func (g *gate) Append(ctx context.Context, e authority.Entry) (stead.Receipt, error) {
	if before := g.before; before != nil && len(e.Changes) > 0 && strings.HasPrefix(string(e.Changes[0].Event.Kind), "request.") {
		g.before = nil
		if err := before(); err != nil {
			return stead.Receipt{}, err
		}
	}
	return g.Store.Append(ctx, e)
}

func (g *gate) Submit(ctx context.Context, e authority.Entry) authority.Ticket {
	return land(g.Append(ctx, e))
}

// landed is a ticket whose answer is there.
type landed struct {
	stead.Receipt
	err error
}

func land(r stead.Receipt, err error) landed { return landed{r, err} }

func (l landed) Wait() (stead.Receipt, error) { return l.Receipt, l.err }

// What changes between the look and the record counts: the answer is made again before anything is released
// (S-I13, S-I20). Each row changes one thing in that moment.
func TestFence(t *testing.T) {
	closed, gone := true, []string{}
	marked := []string{"customer", "vip"}
	for name, r := range map[string]struct {
		change func(h *home, ids map[string]stead.PrincipalID, root, sam authority.By, id stead.MandateID) error
		allow  bool
		reason stead.Reason
	}{
		"revoked": {func(h *home, _ map[string]stead.PrincipalID, root, _ authority.By, id stead.MandateID) error {
			return second(h.Revoke(context.Background(), root, id, "no"))
		}, false, stead.ReasonEnded},
		"ended": {func(h *home, _ map[string]stead.PrincipalID, _, sam authority.By, id stead.MandateID) error {
			return second(h.End(context.Background(), sam, id))
		}, false, stead.ReasonEnded},
		"suspended": {func(h *home, _ map[string]stead.PrincipalID, root, _ authority.By, id stead.MandateID) error {
			return second(h.Suspend(context.Background(), root, id, ""))
		}, false, stead.ReasonSuspended},
		"signed out": {func(h *home, _ map[string]stead.PrincipalID, _, sam authority.By, _ stead.MandateID) error {
			return h.SignOut(context.Background(), sam)
		}, false, stead.ReasonSignIn},
		"actor closed": {func(h *home, ids map[string]stead.PrincipalID, root, _ authority.By, _ stead.MandateID) error {
			return second(h.Change(context.Background(), root, ids["sam"], authority.Edit{Disabled: &closed}))
		}, false, stead.ReasonDisabled},
		"actor out of the group": {func(h *home, ids map[string]stead.PrincipalID, root, _ authority.By, _ stead.MandateID) error {
			return second(h.Change(context.Background(), root, ids["sam"], authority.Edit{Groups: &gone}))
		}, false, stead.ReasonEnded},
		"subject promoted": {func(h *home, ids map[string]stead.PrincipalID, root, _ authority.By, _ stead.MandateID) error {
			return second(h.Change(context.Background(), root, ids["dana"], authority.Edit{Groups: &marked}))
		}, false, stead.ReasonEnded},
		"somebody else changed": {func(h *home, ids map[string]stead.PrincipalID, root, _ authority.By, _ stead.MandateID) error {
			return second(h.Change(context.Background(), root, ids["carl"], authority.Edit{Groups: &gone}))
		}, true, ""},
		"nothing can be written": {func(*home, map[string]stead.PrincipalID, authority.By, authority.By, stead.MandateID) error {
			return stead.E(stead.Broken, stead.ReasonRecord, "the disk is full")
		}, false, stead.ReasonRecord},
	} {
		t.Run(name, func(t *testing.T) {
			h, ids, in := open(t, settings())
			root, sam := in("root", true), in("sam", true)
			wants(t, "arm", second(h.Arm(t.Context(), sam, h.fresh())), "", "")
			m := h.ready(t, sam, ids["dana"], stead.ReadOnly)
			wants(t, "start", second(h.Start(t.Context(), sam, m.ID, "")), "", "")
			g := &gate{Store: h.store}
			h.Authority.Store = g
			g.before = func() error { return r.change(h, ids, root, sam, m.ID) }
			d, err := h.Decide(t.Context(), stead.Question{Session: sam.Session, Actor: sam.Principal, Subject: ids["dana"], Mandate: m.ID,
				Action: stead.ActionRead, Resource: stead.Resource{App: "orders", Realm: "shop", Path: "/"}})
			if (err != nil) != (r.reason == stead.ReasonRecord) {
				t.Errorf("%v", err)
			}
			if d.Allow != r.allow || d.Reason != r.reason {
				t.Errorf("%+v, want %v %s", d, r.allow, r.reason)
			}
			if g.before != nil {
				t.Error("nothing was recorded")
			}
			if denied := h.events(t, "request.denied"); err == nil && (denied == 1) == r.allow {
				t.Errorf("%d denials on record", denied)
			}
		})
	}
}
