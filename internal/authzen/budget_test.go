package authzen_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A budget of whatever is counted is kept to: what a use takes the service says, and where it does not the answer is no. A4
func TestBudgets(t *testing.T) {
	w := newWorld(t, map[string]string{"agents.cedar": agentRules})
	by, _ := w.report()
	for what, budget := range map[string]map[string]int64{"nothing": {"rows": 0}, "less": {"eur": -1}, "a misspelt one": {"call": 2}, "in capitals": {"Calls": 2}, "with a space": {"two rows": 2}, "no name": {"": 1}} {
		if _, err := w.AskTask(t.Context(), by, authority.TaskAsk{Task: "monthly", Budget: budget}); stead.KindOf(err) != stead.Invalid {
			t.Errorf("a budget of %s: %v", what, err)
		}
	}
	m, err := w.AskTask(t.Context(), by, authority.TaskAsk{Task: "monthly", Budget: map[string]int64{"calls": 8, "rows": 100, "eur": 5}})
	if err == nil {
		m, err = w.StartTask(t.Context(), by, m.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	ask := func(cost string) reply {
		return w.send(desk, evaluation, fmt.Sprintf(`{"subject":{"type":"agent","id":"report"},"action":{"name":"read"},"resource":{"type":"object","id":"crm/public.orders",`+
			`"properties":{"columns":["total"]}},"context":{"mandate":%q,"confirmation":{"jkt":"k1"}%s}}`, m.ID, cost))
	}
	w.says("nobody says how much", ask(""), 200, `"reason":"budget"`)
	w.says("of one of two", ask(`,"cost":{"rows":1}`), 200, "nobody says how much: context.cost.eur")
	for what, cost := range map[string]string{"a text": `{"rows":"1"}`, "a part": `{"rows":1.5}`, "too large": `{"rows":9223372036854775808}`, "less than nothing": `{"rows":-1}`, "a list": `[]`, "null": `{"rows":null}`} {
		w.says(what, ask(`,"cost":`+cost), 400, "cost")
	}
	w.says("within it", ask(`,"cost":{"rows":60,"eur":0,"calls":1000,"miles":1000}`), 200, `"decision":true`)
	w.says("too many rows", ask(`,"cost":{"rows":41,"eur":0}`), 200, `"decision":false`)
	w.says("all the rows there can be", ask(`,"cost":{"rows":9223372036854775807,"eur":0}`), 200, `"decision":false`)
	var yes atomic.Int64
	var all sync.WaitGroup
	told := make([]said, 10)
	for i := range told { // at once: 5 eur, and 7 calls, are left
		all.Go(func() {
			a := ask(`,"cost":{"rows":1,"eur":1}`)
			if err := json.Unmarshal([]byte(a.body), &told[i]); err != nil || a.code != 200 {
				t.Errorf("%d %s", a.code, a.body)
			}
			if told[i].yes() {
				yes.Add(1)
			}
		})
	}
	all.Wait()
	for i, s := range told { // who lost the race is on record like everybody else
		reason := stead.ReasonBudget
		if s.yes() {
			reason = ""
		}
		w.explained(fmt.Sprintf("call %d", i), s, reason, "")
	}
	spent, err := w.Spent(t.Context(), by, m.ID)
	if yes.Load() != 5 || err != nil || spent["eur"] != 5 || spent["rows"] != 65 || spent["calls"] != 6 {
		t.Errorf("%d went through: %v, %v", yes.Load(), spent, err)
	}
}
