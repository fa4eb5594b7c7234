package agents

import (
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// What lasts longer, or may take more, than its task is then declared for ends with the declaration.
func TestNarrowedBounds(t *testing.T) {
	for name, narrow := range map[string]func(*stead.Task){
		"length": func(t *stead.Task) { t.Length = stead.Duration(time.Hour) },
		"budget": func(t *stead.Task) { t.Budget = map[string]int64{"calls": 1} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.t = t
			by, m := w.working("k1")
			r := w.agent
			less := task("monthly", "public.customers", "public.orders")
			narrow(&less)
			r.Tasks = []stead.Task{less}
			if _, err := w.ChangeAgent(t.Context(), w.root, r.Principal, authority.NewAgent{Name: "monthly-report", Registration: r}); err != nil {
				t.Fatal(err)
			}
			w.refused(w.reads(by, m.ID, "public.orders"), stead.ReasonEnded)
		})
	}
}
