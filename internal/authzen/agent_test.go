package authzen_test

import (
	"fmt"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

const agentRules = `
@id("report") @owner("data protection")
permit (principal is Agent, action == Action::"act", resource) when { context.app == "crm" };
`

// report is an agent with a mandate in force, held by an instance with the key k1.
func (w *world) report() (authority.By, stead.Mandate) {
	w.t.Helper()
	ctx, root := w.t.Context(), w.Login("staff/root", "stead.test")
	r := stead.Registration{Kind: stead.Company, Tier: stead.LowTier, Owner: w.People["staff/maya"].ID, Purpose: "reports",
		Keys: []stead.AgentKey{{Thumbprint: "own", JWK: "{}"}}, Tasks: []stead.Task{{ID: "monthly", Purpose: "the report",
			Grants: []stead.Entitlement{{System: "crm", Action: stead.ActionRead, Resource: "public.orders", Columns: []string{"id", "total"}}}}}}
	if _, err := w.Register(ctx, root, authority.NewAgent{Name: "report", Registration: r}); err != nil {
		w.t.Fatal(err)
	}
	by, err := w.PresentKey(ctx, authority.PresentedKey{Agent: "report", Thumbprint: "own"})
	if err == nil {
		_, err = w.EnrollInstance(ctx, by, authority.NewInstance{Key: stead.AgentKey{Thumbprint: "k1"}})
	}
	if err == nil {
		_, err = w.EnrollInstance(ctx, by, authority.NewInstance{Key: stead.AgentKey{Thumbprint: "k2"}})
	}
	if err == nil {
		by, err = w.PresentKey(ctx, authority.PresentedKey{Thumbprint: "k1"})
	}
	var m stead.Mandate
	if err == nil {
		m, err = w.AskTask(ctx, by, authority.TaskAsk{Task: "monthly"})
	}
	if err == nil {
		m, err = w.StartTask(ctx, by, m.ID)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return by, m
}

// An agent is answered under its mandate, with the key that holds it, as far as its task goes, and until it is done.
func TestAgent(t *testing.T) {
	w := newWorld(t, map[string]string{"agents.cedar": agentRules})
	by, m := w.report()
	ask := func(secret, properties, context string) said {
		return w.ask(secret, evaluation, `{"subject":{"type":"agent","id":"report"},"action":{"name":"read"},"resource":{"type":"object","id":"crm/public.orders"`+
			properties+`},"context":`+context+`}`)
	}
	held := fmt.Sprintf(`{"mandate":%q,"confirmation":{"jkt":"k1"}}`, m.ID)
	some := `,"properties":{"columns":["total"],"color":"red"}`
	if s := ask(desk, some, held); !s.yes() {
		t.Fatalf("%+v", s)
	}
	for name, r := range map[string]struct {
		properties, context string
		why                 stead.Reason
	}{
		"no key":            {some, fmt.Sprintf(`{"mandate":%q}`, m.ID), stead.ReasonSignIn},
		"another's key":     {some, fmt.Sprintf(`{"mandate":%q,"confirmation":{"jkt":"k2"}}`, m.ID), ""},
		"the agent's own":   {some, fmt.Sprintf(`{"mandate":%q,"confirmation":{"jkt":"own"}}`, m.ID), stead.ReasonSignIn},
		"no mandate":        {some, `{"confirmation":{"jkt":"k1"}}`, stead.ReasonEnded},
		"the whole table":   {"", held, stead.ReasonScope},
		"another column":    {`,"properties":{"columns":["iban"]}`, held, stead.ReasonScope},
		"for somebody":      {some, fmt.Sprintf(`{"mandate":%q,"confirmation":{"jkt":"k1"},"act":{"sub":"staff/sam"}}`, m.ID), stead.ReasonSignIn},
		"bytes as a budget": {some, `{"mandate":"man_x","confirmation":{"jkt":"k1"}}`, stead.ReasonEnded},
	} {
		if s := ask(desk, r.properties, r.context); s.yes() || s.Context.Reason != r.why {
			t.Errorf("%s: %v %q, want %q", name, s.yes(), s.Context.Reason, r.why)
		}
	}
	if a := w.send(desk, evaluation, `{"subject":{"type":"agent","id":"report"},"action":{"name":"read"},"resource":{"type":"object","id":"crm/x","properties":{"columns":"total"}}}`); a.code != 400 {
		t.Errorf("columns that are no list: %d", a.code)
	}
	if s := ask(desk, some, held); !s.yes() {
		t.Fatalf("none of these ended it: %+v", s)
	}
	if _, err := w.Complete(t.Context(), by, m.ID, ""); err != nil {
		t.Fatal(err)
	}
	if s := ask(desk, some, held); s.yes() {
		t.Error("the task is done")
	}
}

// Who does not check keys says nothing of them.
func TestKeyOfNobody(t *testing.T) {
	w := newWorld(t, map[string]string{"agents.cedar": agentRules})
	_, m := w.report()
	w.ask(kiosk, evaluation, fine)
	s := w.one(kiosk, "agent:report", "read", "path:orders/x", fmt.Sprintf(`{"mandate":%q,"confirmation":{"jkt":"k1"}}`, m.ID))
	if s.yes() || s.Context.Reason != stead.ReasonSignIn {
		t.Errorf("%+v", s)
	}
}
