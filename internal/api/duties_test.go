package api

import (
	"slices"
	"strings"
	"testing"
)

// A7, A11: what the doors of duties and segments take, ask and say.
func TestDuties(t *testing.T) {
	side := `[{"system":"pay","action":"initiate","resource":"*"}]`
	wish := `{"purpose":"apart","first":` + side + `,"second":` + side + `,"same":"resource","within":"24h"}`
	for name, c := range map[string]struct {
		method, path, token, body string
		status                    int
		says, asked               string
	}{
		"list":             {"GET", "/v1/exclusions", "stp_aud", "", 200, `"name":"two-hands"`, "exclusions"},
		"show":             {"GET", "/v1/exclusions/two-hands", "stp_aud", "", 200, `"version":3`, "exclusions"},
		"show none":        {"GET", "/v1/exclusions/none", "stp_aud", "", 404, "no exclusion none", "exclusions"},
		"set":              {"PUT", "/v1/exclusions/one", "stp_sec", wish, 200, `"within":"24h"`, "exclude one resource"},
		"set, misspelt":    {"PUT", "/v1/exclusions/one", "stp_sec", strings.Replace(wish, "initiate", "reed", 1), 200, `"unknown_actions":["reed: did you mean read?"]`, "exclude one resource"},
		"set, no time":     {"PUT", "/v1/exclusions/one", "stp_sec", strings.Replace(wish, "24h", "soon", 1), 400, "", ""},
		"set, one side":    {"PUT", "/v1/exclusions/one", "stp_sec", `{"purpose":"x","first":` + side + `}`, 400, "second", ""},
		"retire":           {"DELETE", "/v1/exclusions/one", "stp_ada", "", 204, "", "include one"},
		"clashes":          {"GET", "/v1/clashes", "stp_aud", "", 200, `"later":{"id":"prn_dana"`, "clashes"},
		"segments":         {"GET", "/v1/segments", "stp_aud", "", 200, `"in_force":true`, "segments"},
		"segment":          {"GET", "/v1/segments/finance", "stp_aud", "", 200, `"to":"people"`, "segments"},
		"no segment":       {"GET", "/v1/segments/none", "stp_aud", "", 404, "", "segments"},
		"isolate":          {"POST", "/v1/segments/finance/isolate", "stp_sec", `{"reason":"odd"}`, 200, `"name":"finance"`, "isolate finance odd"},
		"isolate, no why":  {"POST", "/v1/segments/finance/isolate", "stp_sec", `{}`, 400, "reason", ""},
		"reconnect":        {"POST", "/v1/segments/finance/reconnect", "stp_ada", `{"reason":"seen"}`, 200, "", "reconnect finance seen"},
		"isolate, no role": {"POST", "/v1/segments/finance/isolate", "stp_sam", `{"reason":"odd"}`, 404, "not-yours", ""},
		"flows":            {"GET", "/v1/flows", "stp_aud", "", 200, `"name":"reports"`, "segments"},
		"open":             {"PUT", "/v1/flows/reports", "stp_ada", `{"from":"finance","to":"people","purpose":"p"}`, 200, `"from":"finance"`, "flow reports"},
		"usage":            {"GET", "/v1/agents/monthly-report/usage?days=7", "stp_sam", "", 200, `"unused":1`, "usage monthly-report 1000"},
		"usage, no days":   {"GET", "/v1/agents/monthly-report/usage?days=0", "stp_sam", "", 400, "days", ""},
		"close":            {"DELETE", "/v1/flows/reports", "stp_ada", "", 204, "", "dam reports"},
	} {
		r := newRig(t)
		w := r.do(c.method, c.path, c.token, c.body)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if c.asked != "" && !slices.Contains(r.desk.asked, c.asked) || c.asked == "" && len(r.desk.asked) > 0 {
			t.Errorf("%s: asked %q", name, r.desk.asked)
		}
	}
}
