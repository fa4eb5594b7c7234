package api

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

func (d *desk) Misfit(context.Context, stead.Entitlement) string { return "there is no such table" }
func (d *desk) Learn(_ context.Context, _ authority.By, id stead.PrincipalID, task, reason string, length time.Duration) (stead.Registration, error) {
	return stead.Registration{}, d.note("learn " + string(id) + " " + task + " " + reason + " " + length.String())
}
func (d *desk) EndLearning(_ context.Context, _ authority.By, id stead.PrincipalID) (stead.Registration, error) {
	return stead.Registration{}, d.note("unlearn " + string(id))
}
func (d *desk) Proposal(_ context.Context, _ authority.By, agent string, since time.Time, most int, misfit func(stead.Entitlement) string) (authority.Card, stead.Proposal, error) {
	c := report()
	e := stead.Entitlement{System: "crm", Action: "read", Resource: "visits", Columns: []string{"id"}}
	return c, stead.Proposal{Since: since, Whole: true, Add: []stead.Addition{{Task: "monthly", Grant: e, Times: 2, First: noon, Last: noon, Events: []stead.EventID{"evt_1"}}},
		Unknown: []stead.Addition{{Grant: e, Why: misfit(e)}}, Remove: []stead.Removal{{Task: "monthly", Grant: c.Tasks[0].Grants[0]}},
		Tasks: []stead.Task{{ID: "monthly", Purpose: "the report", Grants: []stead.Entitlement{e}}}}, d.note("propose " + agent + " " + strconv.Itoa(most))
}

// A3: learn mode and the proposal, as the API has them: the proposal changes nothing and comes with what would be handed in.
func TestLearning(t *testing.T) {
	r := newRig(t)
	for _, row := range []struct {
		method, path, body string
		status             int
		asks               string
		says               []string
	}{
		{"PUT", "/v1/agents/report/learning", `{"reason":"first run","for":"24h","task":"monthly"}`, 200, "learn prn_bot monthly first run 24h0m0s", nil},
		{"PUT", "/v1/agents/report/learning", `{"reason":"first run","for":"soon"}`, 400, "", nil},
		{"PUT", "/v1/agents/report/learning", `{"for":"24h"}`, 400, "", nil},
		{"DELETE", "/v1/agents/report/learning", "", 200, "unlearn prn_bot", nil},
		{"GET", "/v1/agents/report/proposal?days=7", "", 200, "propose report 1000", []string{`"add":[{"task":"monthly"`, `"events":["evt_1"]`, `"why":"there is no such table"`,
			`"remove":[{"task":"monthly"`, `"body":{"name":"report"`, `"tasks":[{"id":"monthly","purpose":"the report","grants":[{"system":"crm","action":"read","resource":"visits","columns":["id"]}]}]`}},
		{"GET", "/v1/agents/report/proposal?days=0", "", 400, "", nil},
		{"GET", "/v1/agents/report/proposal?most=20000", "", 200, "propose report 20000", nil},
		{"GET", "/v1/agents/report/proposal?most=20001", "", 400, "", nil},
		{"GET", "/v1/agents/report/usage", "", 200, "usage report 1000", []string{`"spare":["mail"]`, `"wider":2`, `"requests":3`}},
	} {
		r.desk.asked = nil
		w := r.do(row.method, row.path, "stp_ada", row.body)
		if w.Code != row.status || row.asks != "" && !slices.Contains(r.desk.asked, row.asks) {
			t.Errorf("%s %s: %d %v %s", row.method, row.path, w.Code, r.desk.asked, w.Body)
		}
		for _, text := range row.says {
			if !strings.Contains(w.Body.String(), text) {
				t.Errorf("%s %s says %s, not %s", row.method, row.path, w.Body, text)
			}
		}
	}
}
