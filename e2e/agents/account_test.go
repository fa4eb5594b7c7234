package agents

import (
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house/housetest"
)

// Who erases an employee erases his agents with him: nothing of them is left that could not be ended any more.
func TestErasedWithOwner(t *testing.T) {
	w := newWorld(t)
	his := w.register("helper", stead.Employee, stead.LowTier, "staff/max", task("tidy", "public.orders"))
	by := w.run("helper", "h1")
	if err := w.Erase(t.Context(), w.root, w.People["staff/max"].ID); err != nil {
		t.Fatal(err)
	}
	w.Store.View().Read(func(s *authority.State) {
		if s.Agent(his.Principal) != nil || s.Instance(by.Instance) != nil {
			t.Error("the agent or its instance is still live")
		}
	})
	_, err := w.RetireAgent(t.Context(), w.root, his.Principal)
	w.no(err, stead.ReasonNotYours)
}

// An agent gets nothing to sign in with: what people may never flows into one.
func TestNoPasswordForAgents(t *testing.T) {
	w := newWorld(t)
	password := housetest.Password
	_, err := w.Change(t.Context(), w.root, w.agent.Principal, authority.Edit{Password: &password})
	w.no(err, stead.ReasonRequest)
	_, err = w.AskFactor(t.Context(), w.root, w.agent.Principal, "lost")
	w.no(err, stead.ReasonRequest)
	tier := map[string]string{"tier": "low"}
	_, err = w.Change(t.Context(), w.root, w.agent.Principal, authority.Edit{Attributes: &tier})
	w.no(err, stead.ReasonRequest)
}
