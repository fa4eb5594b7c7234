package e2e

import (
	"context"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/store"
)

// A fuse is the real store with the power gone right after the entry that holds an event of one kind.
type fuse struct {
	*store.Store
	kind  stead.EventKind
	blown bool
}

func (f *fuse) Append(ctx context.Context, e authority.Entry) (stead.Receipt, error) {
	if f.blown {
		return stead.Receipt{}, stead.E(stead.Broken, stead.ReasonRecord, "the power is gone")
	}
	held := holds(e.Changes, f.kind)
	if decide := e.Decide; decide != nil {
		e.Decide = func(s *authority.State) ([]stead.Change, error) {
			changes, err := decide(s)
			held = holds(changes, f.kind)
			return changes, err
		}
	}
	r, err := f.Store.Append(ctx, e)
	f.blown = held
	return r, err
}

func (f *fuse) Submit(ctx context.Context, e authority.Entry) authority.Ticket {
	return land(f.Append(ctx, e))
}

func (f *fuse) Erase(ctx context.Context, person stead.PersonKey) error {
	if f.blown {
		return stead.E(stead.Broken, stead.ReasonRecord, "the power is gone")
	}
	return f.Store.Erase(ctx, person)
}

func holds(all []stead.Change, kind stead.EventKind) bool {
	for _, c := range all {
		if c.Event.Kind == kind {
			return true
		}
	}
	return false
}

// cut runs a verb with the power gone right after its event, and starts again.
func (h *home) cut(t *testing.T, kind stead.EventKind, verb func() error) {
	t.Helper()
	f := &fuse{Store: h.store, kind: kind}
	h.Authority.Store = f
	if err := verb(); err != nil && stead.KindOf(err) != stead.Broken {
		t.Fatal(err)
	}
	if !f.blown {
		t.Fatalf("no entry held %s", kind)
	}
	if err := h.store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := h.open(); err != nil {
		t.Fatal(err)
	}
}

// A verb that ends more than one thing ends them in one transaction: with the power gone right after its first event
// is on disk, nothing that it ended lives on (S-I20, C7). Each row names the event, and what must be over.
func TestEndsTogether(t *testing.T) {
	type people map[string]stead.PrincipalID
	closed, gone, none, marked, word := true, true, []string{}, []string{"customer", "vip"}, "another"
	edit := func(who string, e authority.Edit) func(*home, people, authority.By, authority.By) error {
		return func(h *home, ids people, root, _ authority.By) error {
			return second(h.Change(context.Background(), root, ids[who], e))
		}
	}
	for name, r := range map[string]struct {
		kind    stead.EventKind
		verb    func(h *home, ids people, root, sam authority.By) error
		session bool // sam's session ends too
		why     stead.Reason
	}{
		"actor disabled":   {"person.changed", edit("sam", authority.Edit{Disabled: &closed}), true, stead.ReasonDisabled},
		"actor deleted":    {"person.changed", edit("sam", authority.Edit{Deleted: &gone}), true, stead.ReasonDisabled},
		"actor demoted":    {"person.changed", edit("sam", authority.Edit{Groups: &none}), false, stead.ReasonPolicy},
		"password changed": {"person.changed", edit("sam", authority.Edit{Password: &word}), true, stead.ReasonDisabled},
		"subject disabled": {"person.changed", edit("dana", authority.Edit{Disabled: &closed}), false, stead.ReasonDisabled},
		"subject deleted":  {"person.changed", edit("dana", authority.Edit{Deleted: &gone}), false, stead.ReasonDisabled},
		"subject promoted": {"person.changed", edit("dana", authority.Edit{Groups: &marked}), false, stead.ReasonPrivileged},
		"subject demoted":  {"person.changed", edit("dana", authority.Edit{Groups: &none}), false, stead.ReasonPolicy},
		"sign-out": {"session.ended", func(h *home, _ people, _, sam authority.By) error {
			return h.SignOut(context.Background(), sam)
		}, true, stead.ReasonSessionOver},
		"session ended by security": {"session.ended", func(h *home, _ people, root, sam authority.By) error {
			return h.EndSession(context.Background(), root, sam.Session)
		}, true, stead.ReasonSessionOver},
		"disarm": {"acting.disarmed", func(h *home, _ people, _, sam authority.By) error {
			return h.Disarm(context.Background(), sam)
		}, false, stead.ReasonCompleted},
		"actor erased": {"person.changed", func(h *home, ids people, root, _ authority.By) error {
			return h.Erase(context.Background(), root, ids["sam"])
		}, true, stead.ReasonDisabled},
		"subject erased": {"person.changed", func(h *home, ids people, root, _ authority.By) error {
			return h.Erase(context.Background(), root, ids["dana"])
		}, false, stead.ReasonDisabled},
	} {
		t.Run(name, func(t *testing.T) {
			h, ids, in := open(t, settings())
			root, sam := in("root", true), in("sam", true)
			wants(t, "arm", second(h.Arm(t.Context(), sam, h.fresh())), "", "")
			m := h.ready(t, sam, ids["dana"], stead.ReadOnly)
			wants(t, "start", second(h.Start(t.Context(), sam, m.ID, "")), "", "")
			h.cut(t, r.kind, func() error { return r.verb(h, ids, root, sam) })
			s := h.still()
			if len(s.Mandates) != 0 {
				t.Errorf("the mandate lives on: %+v", s.Mandates)
			}
			if e, live := s.Sessions[sam.Session]; live == r.session || live && (!e.ArmedTill.IsZero() && name == "disarm") {
				t.Errorf("his session: %v, %+v", live, e)
			}
			got, err := h.store.Get(t.Context(), stead.KindMandate, string(m.ID), 0)
			if over, ok := got.(stead.Mandate); err != nil || !ok || r.why != "" && over.Why != r.why {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// A ruled house's policy says no under one bundle.
type ruled struct {
	*policy
	no string
}

func (r *ruled) Judge(bundle string, c authority.Case) stead.Verdict {
	if bundle == r.no {
		return stead.Verdict{Policy: bundle}
	}
	return r.policy.Judge(bundle, c)
}

// A policy that is applied ends nothing in its own transaction: there may be a million mandates. With the power gone
// right after it nothing is let through all the same, and the next sweep ends what may not go on.
func TestPolicyAppliedAndPowerGone(t *testing.T) {
	h, ids, in := open(t, settings())
	ctx := t.Context()
	wants(t, "found", h.Found(ctx, map[string]string{"x.cedar": "0"}), "", "")
	root, omar, sam := in("root", true), in("omar", true), in("sam", true)
	wants(t, "arm", second(h.Arm(ctx, sam, h.fresh())), "", "")
	m := h.ready(t, sam, ids["dana"], stead.ReadOnly)
	wants(t, "start", second(h.Start(ctx, sam, m.ID, "")), "", "")
	digest, err := h.Stage(ctx, omar, map[string]string{"x.cedar": "1"})
	wants(t, "stage", err, "", "")
	h.cut(t, "policy.applied", func() error { return second(h.Apply(ctx, root, digest)) })
	h.Policy = &ruled{h.policy, digest}
	d, err := h.Decide(ctx, stead.Question{Session: sam.Session, Actor: sam.Principal, Subject: ids["dana"], Mandate: m.ID,
		Action: stead.ActionRead, Resource: stead.Resource{App: "orders", Realm: "shop", Path: "/"}})
	if err != nil || d.Allow || d.Reason != stead.ReasonPolicy {
		t.Errorf("%+v, %v", d, err)
	}
	wants(t, "sweep", h.Sweep(ctx), "", "")
	if got, err := h.Mandate(ctx, sam, m.ID); err != nil || got.Why != stead.ReasonPolicy {
		t.Errorf("%+v, %v", got, err)
	}
}

// Erasing closes every account of a human in one transaction; what a power cut left undone is done by asking again, and
// who was only deleted can be erased later. // C13
func TestEraseIsFinished(t *testing.T) {
	for name, before := range map[string]func(h *home, root authority.By, dana stead.PrincipalID) error{
		"after a power cut": func(h *home, root authority.By, dana stead.PrincipalID) error {
			return h.Erase(context.Background(), root, dana)
		},
		"after a deletion": func(h *home, root authority.By, dana stead.PrincipalID) error {
			gone := true
			return second(h.Change(context.Background(), root, dana, authority.Edit{Deleted: &gone}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h, ids, in := open(t, settings())
			root, dana := in("root", true), in("dana", false)
			h.cut(t, "person.changed", func() error { return before(h, root, ids["dana"]) })
			s := h.still()
			if _, live := s.People[ids["dana"]]; live {
				t.Error("her account lives on")
			}
			if _, live := s.People[ids["dana-inside"]]; live == (name == "after a power cut") {
				t.Errorf("her other account: %v", live)
			}
			wants(t, "erase", h.Erase(t.Context(), root, ids["dana"]), "", "")
			for i := range h.store.Head().Size {
				e, err := h.store.Event(t.Context(), i)
				if err != nil {
					t.Fatal(err)
				}
				if e.Actor == dana.Principal && len(e.Who) != 0 {
					t.Errorf("event %d still says %v", i, e.Who)
				}
			}
			if _, live := h.still().People[ids["dana-inside"]]; live {
				t.Error("her other account lives on")
			}
			wants(t, "erase again", h.Erase(t.Context(), root, ids["dana"]), stead.Missing, stead.ReasonUnknown)
		})
	}
}
