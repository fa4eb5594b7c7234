package api

import (
	"strings"
	"testing"

	"github.com/steadhq/stead"
)

// A3: an agent is registered with what its needs are in the catalogue, and only as it was looked at.
func TestMappings(t *testing.T) {
	r := newRig(t)
	body := func(needs string) string {
		return `{"name":"north","owner":"prn_sam","kind":"company","tier":"low","purpose":"p","tasks":[{"id":"m","purpose":"p","needs":[` + needs + `]}]}`
	}
	const orders = `"crm read  public.ord*(id)"`
	digest := stead.Mapped(stead.Registration{Owner: sam.ID, Kind: stead.Company, Tier: stead.LowTier, Purpose: "p", Tasks: []stead.Task{{ID: "m", Purpose: "p", Needs: []stead.Need{{Text: "crm read public.ord*(id)", Resources: []string{"public.orders"}}},
		Grants: []stead.Entitlement{{System: "crm", Action: "read", Resource: "public.orders", Columns: []string{"id"}}}}}}).String()
	for _, row := range []struct {
		method, path, who, body string
		status                  int
		asks, says              string
	}{
		{"POST", "/v1/mappings", "stp_ada", body(orders), 200, "", `"mapping":"` + digest + `"`},
		{"POST", "/v1/mappings", "stp_ada", body(orders), 200, "", `"mapped":[{"task":"m","need":"crm read public.ord*(id)","resources":["public.orders"]}]`},
		{"POST", "/v1/mappings", "stp_sam", body(orders), 404, "", ""},
		{"POST", "/v1/mappings", "stp_ada", body(`"crm read public.order"`), 400, "", "did you mean public.orders?"},
		{"POST", "/v1/agents", "stp_ada", body(orders), 201, "register north", ""},
		{"POST", "/v1/agents?mapping=" + digest, "stp_ada", body(orders), 201, "register north", `"drift":["one fits as well"]`},
		{"POST", "/v1/agents?mapping=" + strings.Repeat("ab", 32), "stp_ada", body(orders), 412, "", "look again"},
		{"POST", "/v1/agents?mapping=x", "stp_ada", body(orders), 412, "", ""},
		{"POST", "/v1/agents", "stp_ada", body(`"crm read *"`), 400, "", "behind the name of what that lies in"},
		{"POST", "/v1/agents", "stp_ada", body(`"crm read public.orders\u200b"`), 400, "", "names no system"},
		{"PUT", "/v1/agents/monthly-report?remap=true&mapping=" + strings.Repeat("ab", 32), "stp_ada", body(orders), 412, "", "look again"},
	} {
		r.desk.asked, r.desk.agent.Registration = nil, stead.Registration{}
		w := r.do(row.method, row.path, row.who, row.body)
		asked := strings.Join(r.desk.asked, ";")
		if w.Code != row.status || !strings.Contains(asked, row.asks) || !strings.Contains(w.Body.String(), row.says) || row.asks == "" && strings.Contains(asked, "register") {
			t.Errorf("%s %s %s: %d %v %s", row.method, row.path, row.body, w.Code, r.desk.asked, w.Body)
		}
		if k := r.desk.agent.Registration.Tasks; row.asks != "" && (len(k) != 1 || k[0].Grants[0].Resource != "public.orders" || k[0].Needs[0].Text != "crm read public.ord*(id)") {
			t.Errorf("%+v", k)
		}
	}
}
