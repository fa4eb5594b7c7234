package agents

import (
	"slices"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// placed registers an agent in a segment.
func (w *world) placed(name, segment, owner string, tasks ...stead.Task) stead.Registration {
	w.t.Helper()
	r := w.registration(stead.Company, stead.LowTier, owner, tasks...)
	r.Segment = segment
	w.Clock.Move(time.Second) // each is later than the one before
	return must(w.Register(w.t.Context(), w.root, authority.NewAgent{Name: name, Registration: withKey(r, name+"'s key")}))
}

// passes has the first agent begin a task, and each hand it on to the next.
func (w *world) passes(id string, names ...string) (by []authority.By, all []stead.Mandate) {
	w.t.Helper()
	for i, name := range names {
		by = append(by, w.run(name, name+" runs in a chain"))
		var m stead.Mandate
		if i == 0 {
			m = must(w.AskTask(w.t.Context(), by[0], authority.TaskAsk{Task: id, Mode: stead.Edit}))
		} else {
			m = must(w.Narrow(w.t.Context(), by[i-1], all[i-1].ID, name, stead.Passing{}))
		}
		all = append(all, must(w.StartTask(w.t.Context(), by[i], m.ID)))
	}
	return by, all
}

func (w *world) under(by authority.By, m stead.Mandate, action stead.Action, payment string) stead.Question {
	q := pays(by, m.ID, action, payment)
	q.Subject = m.Subject
	return q
}

// A11: a chain goes where each of its agents may go by itself, and nowhere else: not where it is passed on, and not at use,
// whatever became of the segments meanwhile.
func TestChainSegments(t *testing.T) {
	w := segmented(t)
	pay := payTask("initiate", "initiate")
	w.placed("head", "finance", "staff/cole", deep(3, pay))
	w.placed("outer", "reporting", "staff/max", deep(2, pay))
	w.placed("inner", "finance", "staff/ida", deep(1, pay))
	w.placed("stranger", "people", "staff/cole", pay)
	if _, _, err := w.begins("outer", "initiate", "k0"); stead.ReasonOf(err) != stead.ReasonSegment {
		t.Fatal("without a flow it asks:", err)
	}
	w.flow("payments", "reporting", "finance", "initiate")
	by, all := w.passes("initiate", "head", "outer", "inner")
	if d := w.does(w.under(by[2], all[2], "initiate", "p1")); !d.Allow {
		t.Fatal(d.Text)
	}
	for i, m := range all {
		_, err := w.Narrow(t.Context(), by[i], m.ID, "stranger", stead.Passing{})
		w.no(err, stead.ReasonSegment)
	}
	w.flow("vault", "finance", "vault")
	moved := *w.Authority.Settings
	moved.Apps = slices.Clone(moved.Apps)
	for i := range moved.Apps {
		if moved.Apps[i].ID == "pay" {
			moved.Apps[i].Segment = "vault" // the first and the last get there, between them one does not
		}
	}
	d := must(w.Authority.Under(&moved).Decide(t.Context(), w.under(by[2], all[2], "initiate", "p1")))
	w.refused(d, stead.ReasonSegment)
	must(w.Isolate(t.Context(), w.root, "reporting", "odd"))
	w.over(all[1].ID, stead.ReasonIsolated)
	w.over(all[2].ID, stead.ReasonAbove)
	if d := w.does(w.under(by[2], all[2], "initiate", "p1")); d.Allow {
		t.Error("it goes on below what was isolated")
	}
	if d := w.does(pays(by[0], all[0].ID, "initiate", "p1")); !d.Allow {
		t.Error("what is above has nothing to do with it:", d.Text)
	}
	_, err := w.Isolate(t.Context(), w.root, "", "everything else")
	w.no(err, stead.ReasonSegment)
}

// A7: who may not do a thing himself does not have it done further down: what speaks against anybody in the chain speaks
// against its use, and against passing it on.
func TestChainDutiesHeld(t *testing.T) {
	w := paying(t)
	approve := payTask("approve", "approve")
	w.placed("head", "reporting", "staff/cole", deep(2, approve))
	w.placed("hand", "reporting", "staff/ida", approve)
	w.placed("payer", "reporting", "staff/max", payTask("initiate", "initiate"))
	w.placed("checker", "reporting", "staff/max", deep(1, approve))
	by, all := w.passes("approve", "head", "checker", "hand")
	if d := w.does(w.under(by[2], all[2], "approve", "p1")); !d.Allow {
		t.Fatal(d.Text)
	}
	w.exclude(apart(""))
	w.refused(w.does(w.under(by[1], all[1], "approve", "p2")), stead.ReasonDuty)
	d := w.does(w.under(by[2], all[2], "approve", "p2"))
	w.refused(d, stead.ReasonDuty)
	w.explains(d, "two-hands")
	_, err := w.Narrow(t.Context(), by[1], all[1].ID, "hand", stead.Passing{})
	w.no(err, stead.ReasonDuty)
	_, err = w.Narrow(t.Context(), by[0], all[0].ID, "checker", stead.Passing{})
	w.no(err, stead.ReasonDuty)
	w.excludedNot(pays(by[0], all[0].ID, "approve", "p2"))
	own, om, err := w.begins("hand", "approve", "for itself")
	if err != nil {
		t.Fatal(err)
	}
	w.excludedNot(pays(own, om, "approve", "p2"))
}

func (w *world) excludedNot(q stead.Question) {
	w.t.Helper()
	if d := w.does(q); !d.Allow {
		w.t.Error("nothing speaks against it in its own right:", d.Text)
	}
}

// A7: what is done below is done by everybody above, and the other way round.
func TestChainDutiesDone(t *testing.T) {
	w := paying(t)
	w.exclude(apart(stead.SameResource))
	w.placed("hand", "reporting", "staff/ida", payTask("initiate", "initiate"), payTask("approve", "approve"))
	w.placed("payer", "reporting", "staff/max", deep(1, payTask("initiate", "initiate")), deep(1, payTask("approve", "approve")))
	by, all := w.passes("initiate", "payer", "hand")
	below, n := by[1], all[1]
	above, am, err := w.begins("payer", "approve", "for itself")
	own, om, err2 := w.begins("hand", "approve", "its own")
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	if d := w.does(w.under(below, n, "initiate", "p1")); !d.Allow {
		t.Fatal(d.Text)
	}
	w.refused(w.does(pays(above, am, "approve", "p1")), stead.ReasonDuty)
	w.refused(w.does(pays(own, om, "approve", "p1")), stead.ReasonDuty)
	if d := w.does(pays(above, am, "approve", "p2")); !d.Allow {
		t.Fatal(d.Text)
	}
	w.refused(w.does(w.under(below, n, "initiate", "p2")), stead.ReasonDuty)
}
