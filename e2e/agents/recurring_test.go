package agents

import (
	"os"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
)

// R37: a purpose that recurs is a rule with a calendar in a zone, which two people have put in force. In its days each run has a mandate of its
// own and nobody is asked; before and after them somebody is, by the clock on the wall there, in summer and in winter.
func TestRecurring(t *testing.T) {
	rules, err := os.ReadFile("../../examples/agents/recurring.cedar")
	if err != nil {
		t.Fatal(err)
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(o *house.Options) {
		o.Settings.Zone = berlin
		delete(o.Files, "agents.cedar")
	})
	w.apply(map[string]string{"recurring.cedar": string(rules)})
	runs := map[stead.MandateID]bool{}
	for i, at := range []struct {
		day, clock string
		asks       bool
	}{
		{"2026-03-31", "23:59", true}, {"2026-04-01", "05:59", true}, {"2026-04-01", "06:00", false}, {"2026-04-01", "12:00", false}, {"2026-04-03", "19:59", false},
		{"2026-04-03", "20:00", true}, {"2026-04-04", "12:00", true}, {"2026-04-30", "12:00", true}, {"2026-11-01", "05:59", true}, {"2026-11-01", "06:00", false},
		{"2027-02-03", "19:00", false}, {"2027-02-11", "12:00", true}, {"2027-03-28", "12:00", true},
	} {
		when, err := time.ParseInLocation("2006-01-02 15:04", at.day+" "+at.clock, berlin)
		if err != nil {
			t.Fatal(err)
		}
		w.Clock.Move(when.Sub(w.Clock.Wall()))
		by := w.run("monthly-report", "k"+string(rune('a'+i)))
		m, err := w.AskTask(t.Context(), by, authority.TaskAsk{Task: "monthly"})
		if err != nil || (m.State == stead.Asked) != at.asks || (m.Standing() == "") != at.asks || runs[m.ID] {
			t.Errorf("%s %s: %s %q, %v", at.day, at.clock, m.State, m.Standing(), err)
			continue
		}
		if runs[m.ID] = true; at.asks {
			continue
		}
		if m, err = w.StartTask(t.Context(), by, m.ID); err == nil {
			_, err = w.Complete(t.Context(), by, m.ID, "sent")
		}
		if err != nil {
			t.Errorf("%s %s: %v", at.day, at.clock, err)
		}
		w.refused(w.reads(by, m.ID, "public.orders"), stead.ReasonEnded)
	}
}

// What was asked for in its days and is begun after them is void: another rule holds then.
func TestRecurringTooLate(t *testing.T) {
	rules, err := os.ReadFile("../../examples/agents/recurring.cedar")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(o *house.Options) { delete(o.Files, "agents.cedar") })
	w.apply(map[string]string{"recurring.cedar": string(rules)})
	w.Clock.Move(time.Date(2026, 4, 3, 19, 59, 0, 0, time.UTC).Sub(w.Clock.Wall()))
	by := w.run("monthly-report", "k1")
	in, err := w.AskTask(t.Context(), by, authority.TaskAsk{Task: "monthly"})
	if err == nil {
		in, err = w.StartTask(t.Context(), by, in.ID)
	}
	late, no := w.AskTask(t.Context(), by, authority.TaskAsk{Task: "monthly"})
	if err != nil || no != nil {
		t.Fatal(err, no)
	}
	w.Clock.Move(2 * time.Minute)
	_, err = w.StartTask(t.Context(), by, late.ID)
	w.no(err, stead.ReasonVoid)
	if d := w.reads(by, in.ID, "public.orders"); !d.Allow {
		t.Errorf("what was begun in time goes on for its time: %s", d.Text)
	}
	w.Clock.Move(4 * time.Hour)
	w.refused(w.reads(by, in.ID, "public.orders"), stead.ReasonExpired)
}
