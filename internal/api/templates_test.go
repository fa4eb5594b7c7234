package api

import (
	"context"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

func (d *desk) Templates(context.Context, authority.By) ([]authority.TemplateCard, error) {
	return []authority.TemplateCard{{Template: stead.Template{Name: "report", Version: 2, Author: sam.ID, Kind: stead.Company, Tasks: report().Tasks}, Users: []string{"north"}}}, d.note("templates")
}
func (d *desk) SetTemplate(_ context.Context, _ authority.By, t stead.Template) (stead.Template, error) {
	return t, d.note("template " + t.Name + " " + t.Values[0].Name + " " + t.Tasks[0].ID)
}
func (d *desk) RetireTemplate(_ context.Context, _ authority.By, name string) (stead.Template, error) {
	return stead.Template{}, d.note("retire template " + name)
}
func (d *desk) FromTemplate(_ context.Context, _ authority.By, r stead.Registration) (stead.Registration, error) {
	r.Kind, r.Tier, r.Purpose = stead.Company, stead.LowTier, "of "+r.Made.Template+" "+r.Made.Set["team"]
	return r, nil
}

// A3, R38: templates, and agents that are made from them.
func TestTemplates(t *testing.T) {
	r := newRig(t)
	const body = `{"agent_kind":"company","purpose":"reports of ${team}","tier":"low","values":[{"name":"team"}],"tasks":[{"id":"m","purpose":"p","grants":[{"system":"crm","action":"read","resource":"t"}]}]}`
	for _, row := range []struct {
		method, path, body string
		status             int
		asks, says         string
	}{
		{"GET", "/v1/templates", "", 200, "templates", `"users":["north"]`},
		{"GET", "/v1/templates/report", "", 200, "templates", `"version":2`},
		{"GET", "/v1/templates/none", "", 404, "", "there is no template none"},
		{"PUT", "/v1/templates/report", body, 200, "template report team m", `"name":"report"`},
		{"DELETE", "/v1/templates/report", "", 204, "retire template report", ""},
		{"POST", "/v1/agents", `{"name":"north","owner":"prn_sam","template":"report","set":{"team":"north"}}`, 201, "register north", ""},
		{"POST", "/v1/agents", `{"name":"north","owner":"prn_sam","set":{"team":"north"}}`, 400, "", "say which"},
	} {
		r.desk.asked = nil
		w := r.do(row.method, row.path, "stp_ada", row.body)
		if w.Code != row.status || !strings.Contains(strings.Join(r.desk.asked, ";"), row.asks) || !strings.Contains(w.Body.String(), row.says) {
			t.Errorf("%s %s: %d %v %s", row.method, row.path, w.Code, r.desk.asked, w.Body)
		}
	}
	if n := r.desk.agent.Registration; n.Purpose != "of report north" {
		t.Errorf("%+v", n)
	}
}
