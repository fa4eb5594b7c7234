package agents

import (
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// Nobody's yes counts for an agent that he has come to answer for.
func TestYesOfNewOwner(t *testing.T) {
	w := newWorld(t)
	by := w.run("monthly-report", "k1")
	m, err := w.AskTask(t.Context(), by, authority.TaskAsk{Task: "monthly"})
	for _, who := range []string{"staff/ida", "staff/omar", "staff/cole"} {
		if err == nil {
			m, err = w.agree(who, m)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	r := w.agent
	r.Owner = w.People["staff/ida"].ID
	if _, err := w.ChangeAgent(t.Context(), w.root, r.Principal, authority.NewAgent{Name: "monthly-report", Registration: r}); err != nil {
		t.Fatal(err)
	}
	_, err = w.StartTask(t.Context(), by, m.ID)
	w.no(err, stead.ReasonVoid)
}
