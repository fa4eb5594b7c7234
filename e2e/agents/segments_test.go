package agents

import (
	"fmt"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
)

// segmented is a world in which crm and pay lie in finance, hr in staff, and the report in reporting.
func segmented(t *testing.T, change ...func(*house.Options)) *world {
	t.Helper()
	w := paying(t, append(change, func(o *house.Options) {
		for i := range o.Settings.Apps {
			switch a := &o.Settings.Apps[i]; a.ID {
			case "crm", "pay":
				a.Segment = "finance"
			case "hr":
				a.Segment = "people"
			}
		}
	})...)
	return w
}

func (w *world) flow(name, from, to string, actions ...stead.Action) {
	w.t.Helper()
	must(w.SetFlow(w.t.Context(), w.root, stead.Flow{Name: name, From: from, To: to, Actions: actions, Purpose: "reports"}))
}

// A11: an agent gets nowhere that no flow opens, whatever policy says; where a flow leads for reading it reads alone; when it
// is closed, what went along it ends.
func TestSegment(t *testing.T) {
	w := segmented(t)
	by := w.run("monthly-report", "k1")
	_, err := w.AskTask(t.Context(), by, authority.TaskAsk{Task: "monthly"})
	w.no(err, stead.ReasonSegment)
	w.flow("reports", "reporting", "finance", stead.ActionRead)
	m := w.underway(by)
	if d := w.reads(by, m.ID, "public.orders"); !d.Allow {
		t.Fatal(d.Text)
	}
	writes := w.registration(stead.Company, stead.LowTier, "staff/max", payTask("initiate", "initiate"))
	must(w.Register(t.Context(), w.root, authority.NewAgent{Name: "writer", Registration: withKey(writes, "writer's key")}))
	_, _, err = w.begins("writer", "initiate", "k2")
	w.no(err, stead.ReasonSegment) // the flow is for reading
	must(w.RetireFlow(t.Context(), w.root, "reports"))
	w.over(m.ID, stead.ReasonSegment)
	d := w.reads(by, m.ID, "public.orders")
	w.refused(d, stead.ReasonSegment)
	w.explains(d, "finance")
	writes.Segment = "finance"
	must(w.Register(t.Context(), w.root, authority.NewAgent{Name: "inside", Registration: withKey(writes, "inside's key")}))
	inside, im, err := w.begins("inside", "initiate", "k3")
	if d := w.does(pays(inside, im, "initiate", "p1")); err != nil || !d.Allow {
		t.Error("its own segment:", err, d.Text)
	}
	max := w.Login("staff/max", "console.test")
	self := stead.Question{Session: max.Session, Actor: max.Principal, Subject: max.Principal, Action: "approve", Resource: stead.Resource{App: "pay", Realm: "all", Path: "/", Name: "p1", Type: "payment"}}
	if d := w.does(self); !d.Allow {
		t.Error("a person is in no segment:", d.Text)
	}
}

// A11: an update stops nothing: while no application has a segment, that of an agent is a word.
func TestSegmentNotInForce(t *testing.T) {
	w := newWorld(t)
	by, m := w.working("k1")
	if d := w.reads(by, m.ID, "public.orders"); !d.Allow {
		t.Error(d.Text)
	}
}

func withKey(r stead.Registration, key string) stead.Registration {
	r.Keys = []stead.AgentKey{{Thumbprint: key, JWK: "{}"}}
	return r
}

// over tells that a mandate has ended, and why.
func (w *world) over(id stead.MandateID, why stead.Reason) {
	w.t.Helper()
	r, err := w.Store.Get(w.t.Context(), stead.KindMandate, string(id), 0)
	if m, ok := r.(stead.Mandate); err != nil || !ok || m.State != stead.Ended || m.Why != why {
		w.t.Errorf("%+v, %v", r, err)
	}
}

// A11: a segment is cut off in one act: its agents are refused at the next decision, nobody else comes in, its mandates are
// over, and another human alone reconnects it.
func TestIsolate(t *testing.T) {
	w := segmented(t)
	w.flow("reports", "reporting", "finance")
	by, m := w.working("k1")
	r := w.registration(stead.Company, stead.LowTier, "staff/max", payTask("initiate", "initiate"))
	r.Segment = "finance"
	must(w.Register(t.Context(), w.root, authority.NewAgent{Name: "payer", Registration: withKey(r, "payer's key")}))
	payer, pm, err := w.begins("payer", "initiate", "k2")
	if d := w.does(pays(payer, pm, "initiate", "p1")); err != nil || !d.Allow {
		t.Fatal(err, d.Text)
	}
	ctx, omar, carla := t.Context(), w.Login("staff/omar", "console.test"), w.Login("staff/carla", "console.test")
	began := time.Now()
	must(w.Isolate(ctx, omar, "finance", "odd payments"))
	d := w.does(pays(payer, pm, "initiate", "p2"))
	took := time.Since(began)
	w.refused(d, stead.ReasonIsolated)
	w.over(m.ID, stead.ReasonIsolated) // before anybody asks under it
	t.Logf("from isolating the segment to the refusal: %s", took)
	w.explains(d, "finance")
	w.refused(w.reads(by, m.ID, "public.orders"), stead.ReasonIsolated) // nothing goes in either
	for _, id := range []stead.MandateID{m.ID, pm} {
		w.over(id, stead.ReasonIsolated)
	}
	_, err = w.AskTask(ctx, payer, authority.TaskAsk{Task: "initiate", Mode: stead.Edit})
	w.no(err, stead.ReasonIsolated)
	w.Shut()
	w.Open()
	w.refused(w.does(pays(payer, pm, "initiate", "p2")), stead.ReasonIsolated)
	_, err = w.Isolate(ctx, omar, "finance", "again")
	w.no(err, stead.ReasonState)
	_, err = w.Reconnect(ctx, omar, "finance", "looked")
	w.no(err, stead.ReasonOwn)
	_, err = w.Reconnect(ctx, carla, "finance", " ")
	w.no(err, stead.ReasonReason)
	must(w.Reconnect(ctx, carla, "finance", "looked at all of it"))
	_, err = w.Reconnect(ctx, carla, "finance", "again")
	w.no(err, stead.ReasonState)
	w.refused(w.does(pays(payer, pm, "initiate", "p2")), stead.ReasonEnded) // nothing comes back
	payer, pm, err = w.begins("payer", "initiate", "k3")
	if d := w.does(pays(payer, pm, "initiate", "p2")); err != nil || !d.Allow {
		t.Error("it asks again:", err, d.Text)
	}
	w.recorded(m.ID, "mandate.ended")
	w.recorded("", "segment.isolated", "segment.reconnected", "segment.reconnect.refused", "flow.set")
}

// Who has no part in it neither sees nor moves segments; what is not there is not isolated.
func TestSegmentsAreSecuritys(t *testing.T) {
	w := segmented(t)
	ctx, sam := t.Context(), w.Login("staff/sam", "console.test")
	_, err := w.Isolate(ctx, sam, "finance", "x")
	w.no(err, stead.ReasonNotYours)
	_, err = w.Isolate(ctx, w.by("monthly-report's key"), "finance", "x")
	w.no(err, stead.ReasonPerson)
	_, err = w.SetFlow(ctx, sam, stead.Flow{})
	w.no(err, stead.ReasonNotYours)
	_, err = w.RetireFlow(ctx, sam, "x")
	w.no(err, stead.ReasonNotYours)
	_, _, err = w.Segments(ctx, sam)
	w.no(err, stead.ReasonNotYours)
	_, err = w.Isolate(ctx, w.root, "nowhere", "x")
	w.no(err, stead.ReasonUnknown)
	_, err = w.Isolate(ctx, w.root, "", "x")
	w.no(err, stead.ReasonSegment)
	_, err = w.Isolate(ctx, w.root, "finance", "")
	w.no(err, stead.ReasonReason)
	_, err = w.SetFlow(ctx, w.root, stead.Flow{Name: "x"})
	w.no(err, stead.ReasonRequest)
	_, err = w.RetireFlow(ctx, w.root, "x")
	w.no(err, stead.ReasonNotYours)
	w.flow("reports", "reporting", "finance")
	w.flow("reports", "reporting", "finance") // the same again changes nothing
	all, inForce, err := w.Segments(ctx, w.root)
	if err != nil || !inForce || len(all) != 4 || all[1].Name != "finance" || len(all[1].Systems) != 2 || all[3].Name != "reporting" || all[3].Flows[0].Version != 1 {
		t.Errorf("%+v, %v, %v", all, inForce, err)
	}
}

// A11: a hundred agents at work are cut off in one act, each of them at its next decision.
func TestIsolateMany(t *testing.T) {
	w := segmented(t)
	type at struct {
		by authority.By
		m  stead.MandateID
	}
	var all []at
	for i := range 100 {
		name := fmt.Sprintf("payer-%d", i)
		r := w.registration(stead.Company, stead.LowTier, "staff/max", payTask("initiate", "initiate"))
		r.Segment = "finance"
		must(w.Register(t.Context(), w.root, authority.NewAgent{Name: name, Registration: withKey(r, name+"'s key")}))
		by, m, err := w.begins(name, "initiate", name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, at{by, m})
		w.Clock.Move(time.Second)
	}
	root := w.Login("staff/root", "console.test")
	began := time.Now()
	must(w.Isolate(t.Context(), root, "finance", "odd payments"))
	took := time.Since(began)
	for _, one := range all {
		w.refused(w.does(pays(one.by, one.m, "initiate", "p1")), stead.ReasonIsolated)
		w.over(one.m, stead.ReasonIsolated)
	}
	t.Logf("isolated with %d mandates in %s, all refused after %s", len(all), took, time.Since(began))
}
