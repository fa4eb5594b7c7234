package agents

import (
	"testing"

	"github.com/steadhq/stead/internal/authority"
)

// What an agent is changed to it is: the groups that policy reads, too.
func TestChangedGroups(t *testing.T) {
	w := newWorld(t)
	for _, groups := range [][]string{{"reporters"}, nil} {
		if _, err := w.ChangeAgent(t.Context(), w.root, w.agent.Principal, authority.NewAgent{Name: "monthly-report", Shown: "The report", Groups: groups, Registration: w.agent}); err != nil {
			t.Fatal(err)
		}
		c, err := w.Card(t.Context(), w.root, "monthly-report")
		if err != nil || c.Account.Shown != "The report" || len(c.Account.Groups) != len(groups) {
			t.Errorf("%+v %v", c.Account, err)
		}
	}
}
