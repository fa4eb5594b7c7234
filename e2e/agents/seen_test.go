package agents

import (
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// Who answers for an agent reads what it did; who is asked for a yes is told who asks, and after his yes no more; nobody else
// is told anything.
func TestWhoSeesAnAgent(t *testing.T) {
	w := newWorld(t)
	ctx, name := t.Context(), "monthly-report"
	by := w.run(name, "k1")
	m, err := w.AskTask(ctx, by, authority.TaskAsk{Task: "monthly"})
	if err != nil {
		t.Fatal(err)
	}
	w.settled()
	max, ida, sam := w.Login("staff/max", "console.test"), w.Login("staff/ida", "console.test"), w.Login("staff/sam", "console.test")
	for _, q := range []authority.EventQuery{{Actor: by.Principal}, {Mandate: m.ID}} {
		found, err := w.Events(ctx, max, q)
		if err != nil || len(found) == 0 {
			t.Errorf("its owner reads %d events: %v", len(found), err)
		}
		if found, err := w.Events(ctx, sam, q); err != nil || len(found) != 0 {
			t.Errorf("a stranger reads %d events: %v", len(found), err)
		}
	}
	if _, err := w.Events(ctx, max, authority.EventQuery{Actor: w.People["staff/ida"].ID}); err != nil {
		t.Error(err)
	}
	if p, err := w.AgentPast(ctx, ida, by.Principal); err != nil || p.Asked != 1 || p.Agreed != 0 || !p.Whole {
		t.Errorf("who is asked is told %+v, %v", p, err)
	}
	if _, err := w.agree("staff/ida", m); err != nil {
		t.Fatal(err)
	}
	for who, by := range map[string]authority.By{"who has agreed": ida, "a stranger": sam} {
		if _, err := w.AgentPast(ctx, by, w.agent.Principal); stead.KindOf(err) != stead.Missing {
			t.Errorf("%s is told of the agent: %v", who, err)
		}
	}
	if used, err := w.AgentUsed(ctx, max, by.Principal); err != nil || used.IsZero() {
		t.Errorf("last used %s, %v", used, err)
	}
}

// A key keeps its age when the registration changes, and another one begins its own.
func TestKeyAge(t *testing.T) {
	w := newWorld(t)
	first := w.agent.Keys[0].Since
	w.Clock.Move(48 * time.Hour)
	w.root = w.Login("staff/root", "console.test")
	r := w.agent
	r.Keys = []stead.AgentKey{{Thumbprint: "monthly-report's key", JWK: "{}"}, {Thumbprint: "another", JWK: "{}"}}
	got, err := w.ChangeAgent(t.Context(), w.root, w.agent.Principal, authority.NewAgent{Name: "monthly-report", Registration: r})
	if err != nil || !got.Keys[0].Since.Equal(first) || got.Keys[1].Since.Sub(first) < 47*time.Hour {
		t.Errorf("%+v since %s, %v", got.Keys, first, err)
	}
}
