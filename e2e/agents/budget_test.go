package agents

import (
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// Who was granted one call gets no login that counts none.
func TestNoLeaseOfBudget(t *testing.T) {
	w, _, _ := connected(t)
	by := w.run("monthly-report", "k1")
	m, err := w.AskTask(t.Context(), by, authority.TaskAsk{Task: "monthly", Budget: map[string]int64{"calls": 1}})
	for _, who := range []string{"staff/ida", "staff/omar", "staff/cole"} {
		if err == nil {
			m, err = w.agree(who, m)
		}
	}
	if err == nil {
		m, err = w.StartTask(t.Context(), by, m.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Lease(t.Context(), by, m.ID)
	w.no(err, stead.ReasonBudget)
}
