package api

import (
	"strings"
	"testing"

	"github.com/steadhq/stead"
)

func TestRows(t *testing.T) {
	yes := strings.Repeat("ab", 32)
	for _, row := range []struct {
		name, method, target, token, body string
		status                            int
		says                              string // part of the body
		asked                             string // the last verb
	}{
		{"sign in", "POST", "/v1/login", "", `{"directory":"staff","name":"sam","password":"right","code":"123456"}`, 200, `"token":"stp_sam"`, "sign-in"},
		{"sign in wrongly", "POST", "/v1/login", "", `{"name":"sam","password":"wrong"}`, 401, `"reason_code":"bad-proof"`, "sign-in"},
		{"sign in without a name", "POST", "/v1/login", "", `{"password":"right"}`, 400, "required property name", ""},
		{"sign out", "POST", "/v1/logout", "stp_sam", "", 204, "", "sign-out"},
		{"who am I", "GET", "/v1/whoami", "stp_aud", "", 200, `"roles":["auditor"]`, ""},
		{"ask and wait", "POST", "/v1/mandates", "stp_sam", `{"subject":"customers/dana","app":"orders","reason":"SUP-1","mode":"edit","start":true}`, 202, `"state":"asked"`, "ask"},
		{"ask and start", "POST", "/v1/mandates", "stp_sam", `{"subject":"dana","directory":"customers","app":"orders","reason":"SUP-1","for":"10m","code":"123456","start":true}`, 201, `"state":"active"`, "start man_1 "},
		{"ask only", "POST", "/v1/mandates", "stp_sam", `{"subject":"person:customers/dana","app":"orders","reason":"SUP-1"}`, 201, `"claim":"http://stead.test/claim/man_1"`, "ask"},
		{"several of the name", "POST", "/v1/mandates", "stp_sam", `{"subject":"dana","app":"orders","reason":"SUP-1"}`, 409, "partners/dana", "find /dana"},
		{"nobody of the name", "POST", "/v1/mandates", "stp_sam", `{"subject":"eve","app":"orders","reason":"SUP-1"}`, 404, "unknown-person", "find /eve"},
		{"for nobody", "POST", "/v1/mandates", "stp_sam", `{"app":"orders","reason":"SUP-1"}`, 400, "say for whom", ""},
		{"for less than nothing", "POST", "/v1/mandates", "stp_sam", `{"subject":"dana","app":"orders","for":"-1m"}`, 400, "more than nothing", ""},
		{"for no duration", "POST", "/v1/mandates", "stp_sam", `{"subject":"dana","app":"orders","for":"soon"}`, 400, "no duration", ""},
		{"list", "GET", "/v1/mandates", "stp_sam", "", 200, `"mandates":[]`, "mandates"},
		{"list all", "GET", "/v1/mandates?all=true&state=active", "stp_sec", "", 200, `"state":"active"`, "mandates all"},
		{"show", "GET", "/v1/mandates/man_1", "stp_sam", "", 200, `"length":"10m"`, "mandate"},
		{"show another's", "GET", "/v1/mandates/man_2", "stp_sam", "", 404, "not-yours", ""},
		{"approve", "POST", "/v1/mandates/man_1/approve", "stp_sec", `{"digest":"` + yes + `","comment":"fine"}`, 200, `"state":"approved"`, "approve man_1 abab fine"},
		{"approve unseen", "POST", "/v1/mandates/man_1/approve", "stp_sec", `{}`, 400, "digest", ""},
		{"refuse", "POST", "/v1/mandates/man_1/refuse", "stp_sec", `{"digest":"` + yes + `"}`, 200, `"state":"ended"`, "refuse man_1 abab "},
		{"comment", "POST", "/v1/mandates/man_1/comment", "stp_sec", `{"text":"which tables?"}`, 200, "", "comment man_1 which tables?"},
		{"an empty comment", "POST", "/v1/mandates/man_1/comment", "stp_sec", `{"text":""}`, 400, "text", ""},
		{"withdraw", "POST", "/v1/mandates/man_1/withdraw", "stp_sam", "", 200, "", "withdraw man_1"},
		{"start with a code", "POST", "/v1/mandates/man_1/start", "stp_sam", `{"code":"123456"}`, 200, `"active"`, "start man_1 "},
		{"start without", "POST", "/v1/mandates/man_1/start", "stp_sam", "", 200, `"active"`, "start man_1 "},
		{"extend", "POST", "/v1/mandates/man_1/extend", "stp_sam", `{"reason":"more","code":"1"}`, 200, `"extensions_left":2`, "extend man_1 more 1"},
		{"end", "POST", "/v1/mandates/man_1/end", "stp_sam", "", 200, `"ended"`, "end man_1"},
		{"revoke", "POST", "/v1/mandates/man_1/revoke", "stp_sec", `{"reason":"abuse"}`, 200, `"ended"`, "revoke man_1 abuse"},
		{"suspend", "POST", "/v1/mandates/man_1/suspend", "stp_sec", `{"reason":"odd"}`, 200, `"suspended"`, "suspend man_1 odd"},
		{"resume", "POST", "/v1/mandates/man_1/resume", "stp_sec", "", 200, `"active"`, "resume man_1"},
		{"look what it needs", "POST", "/v1/acting/preview", "stp_sam", `{"subject":"customers/dana","app":"orders","reason":"SUP-1"}`, 200, `"code":true`, "preview prn_dana"},
		{"look for nobody", "POST", "/v1/acting/preview", "stp_sam", `{"app":"orders"}`, 400, "say for whom", ""},
		{"be not at ease", "POST", "/v1/mandates/man_1/concern", "stp_sam", `{"text":"why?"}`, 204, "", "concern man_1 why?"},
		{"be silent", "POST", "/v1/mandates/man_1/concern", "stp_sam", `{}`, 400, "text", ""},
		{"have a second factor", "PUT", "/v1/factor", "stp_sam", `{"totp_secret":"JBSWY3DPEHPK3PXP","code":"123456","proof":"654321"}`, 204, "", "factor JBSWY3DPEHPK3PXP 123456 654321"},
		{"have one without a proof", "PUT", "/v1/factor", "stp_sam", `{"totp_secret":"JBSWY3DPEHPK3PXP","code":"123456"}`, 400, "proof", ""},
		{"have another password", "PUT", "/v1/password", "stp_sam", `{"password":"correct horse","new":"battery staple battery"}`, 204, "", "password correct horse battery staple battery"},
		{"have none", "PUT", "/v1/password", "stp_sam", `{"password":"correct horse","new":""}`, 400, "new", ""},
		{"ask for a link", "POST", "/v1/people/prn_dana/factor-link", "stp_ada", `{"reason":"seen"}`, 200, `"waits":true`, "ask-factor prn_dana seen"},
		{"ask for one without a reason", "POST", "/v1/people/prn_dana/factor-link", "stp_ada", `{}`, 400, "reason", ""},
		{"vouch", "POST", "/v1/people/prn_dana/vouch", "stp_sec", `{"reason":"met her"}`, 200, `"id":"prn_dana"`, "vouch prn_dana met her"},
		{"agree to a link", "POST", "/v1/people/prn_dana/factor-link/agree", "stp_sec", "", 200, `/factor?link=stl_1.prn_dana"`, "allow-factor prn_dana"},
		{"groups", "GET", "/v1/groups", "stp_aud", "", 200, `{"group":"staff/support","people":2}`, "groups"},
		{"do what is no verb", "POST", "/v1/mandates/man_1/promote", "stp_sec", "", 404, "", ""},
		{"people", "GET", "/v1/people?name=d", "stp_ada", "", 200, `"account":"dana"`, "people d"},
		{"a person", "GET", "/v1/people/prn_dana", "stp_sam", "", 200, `"proofs":["password"],"hands":[{"by":{"id":"prn_sam","kind":"person","directory":"staff","account":"sam","name":"Sam"}},{"by":{"id":"prn_gone"},"gave":"vip"}],"vouched_by":{"id":"stead"},"other_accounts":[{"id":"prn_dana2"`, "person prn_dana"},
		{"enroll", "POST", "/v1/people", "stp_ada", `{"directory":"staff","name":"kim","groups":["support"],"password":"long enough"}`, 201, "", "enroll"},
		{"change", "PATCH", "/v1/people/prn_dana", "stp_ada", `{"disabled":true}`, 200, "", "change prn_dana"},
		{"delete", "DELETE", "/v1/people/prn_dana", "stp_ada", "", 204, "", "change prn_dana"},
		{"erase", "DELETE", "/v1/people/prn_dana?erase=true", "stp_ada", "", 204, "", "erase prn_dana"},
		{"sessions", "GET", "/v1/sessions", "stp_sam", "", 200, `"current":true`, "sessions"},
		{"end a session", "DELETE", "/v1/sessions/ses_9", "stp_sec", "", 204, "", "end-session ses_9"},
		{"apps", "GET", "/v1/apps", "stp_sam", "", 200, `"acting":true`, ""},
		{"policy", "GET", "/v1/policy", "stp_aud", "", 200, `"in_force":{"digest":"` + yes, ""},
		{"policy for who lives under it", "GET", "/v1/policy", "stp_sam", "", 200, `"author":{"id":""}`, ""},
		{"staged, and nothing is", "GET", "/v1/policy/staged", "stp_aud", "", 404, "no policy is staged", ""},
		{"staged for who has no role", "GET", "/v1/policy/staged", "stp_sam", "", 404, "not-yours", ""},
		{"settings", "GET", "/v1/settings", "stp_sec", "", 200, `"admin":["staff/admins"]`, "configured"},
		{"settings for who has no role", "GET", "/v1/settings", "stp_sam", "", 404, "not-yours", ""},
		{"terms", "GET", "/v1/settings/terms?actor=staff/sam&app=orders&realm=all", "stp_aud", "", 200, `{"member":"max_duration","value":"2m","from":"staff/support, orders"}`, "terms prn_sam orders all"},
		{"terms of nobody", "GET", "/v1/settings/terms?actor=staff/eve&app=orders", "stp_aud", "", 404, "unknown-person", ""},
		{"terms nowhere", "GET", "/v1/settings/terms?actor=staff/sam&app=wiki", "stp_aud", "", 404, "unknown-route", ""},
		{"terms in no realm", "GET", "/v1/settings/terms?actor=staff/sam&app=orders&realm=x", "stp_aud", "", 404, "no realm", ""},
		{"terms of whom", "GET", "/v1/settings/terms?app=orders", "stp_aud", "", 400, "actor", ""},
		{"health of a house without", "GET", "/v1/health", "stp_aud", "", 404, "stead doctor", ""},
		{"health for who has no role", "GET", "/v1/health", "stp_sam", "", 404, "not-yours", ""},
		{"check the log", "POST", "/v1/audit/check", "stp_aud", "", 200, `"whole":true`, "check"},
		{"check the log without the role", "POST", "/v1/audit/check", "stp_ada", "", 404, "not-yours", ""},
		{"what a report would hold", "GET", "/v1/reports/acting-by-person/preview?person=staff/sam", "stp_aud", "", 200, `"rows":3,"events":14`, "preview acting-by-person prn_sam"},
		{"what no report would hold", "GET", "/v1/reports/gossip/preview", "stp_aud", "", 404, "gossip", ""},
		{"a report", "GET", "/v1/reports/my-data?form=csv&person=me", "stp_sam", "", 200, "rows", "report my-data prn_sam"},
		{"of no kind", "GET", "/v1/events?kind=mandat.ended", "stp_aud", "", 400, "did you mean mandate.ended?", ""},
		{"count", "GET", "/v1/events/counts?bars=10&kind=mandate.", "stp_aud", "", 200, `"width":"1h"`, ""},
		{"count too finely", "GET", "/v1/events/counts?bars=501", "stp_aud", "", 400, "bars", ""},
		{"count by no clock", "GET", "/v1/events/counts?utc_offset=16h", "stp_aud", "", 400, "no offset to UTC", ""},
		{"count by somebody's name", "GET", "/v1/events/counts?actor=customers/dana", "stp_sam", "", 404, "unknown-person", ""},
		{"stage", "POST", "/v1/policy/stage", "stp_ada", `{"files":{"a.cedar":"x"}}`, 201, yes, "stage"},
		{"stage nothing", "POST", "/v1/policy/stage", "stp_ada", `{"files":{}}`, 400, "", ""},
		{"apply", "POST", "/v1/policy/apply", "stp_ada", `{"digest":"` + yes + `"}`, 200, `"version":2`, "apply"},
		{"plan", "POST", "/v1/policy/plan", "stp_ada", `{"files":{"a.cedar":"one\nthree\n","c.cedar":"c"}}`, 200, `"before":["two"],"after":["three"]`, ""},
		{"plan what is wrong", "POST", "/v1/policy/plan", "stp_ada", `{"files":{"bad.cedar":"x"}}`, 200, `"problem":"bad.cedar:3: no rule"`, ""},
		{"try", "POST", "/v1/policy/try", "stp_ada", `{"actor":"staff/sam","subject":"customers/dana","app":"orders"}`, 200, `"allow":true`, ""},
		{"try, and what it needs", "POST", "/v1/policy/try", "stp_aud", `{"actor":"staff/sam","app":"orders","at":"2026-03-02T03:00:00Z"}`, 200, `"needs":{"requires":["ticket"],"max":"20m","rules":{"max":"short"}}`, ""},
		{"try what is not staged", "POST", "/v1/policy/try", "stp_ada", `{"actor":"staff/sam","app":"orders","policy":"staged"}`, 404, "no policy is staged", ""},
		{"try nowhere", "POST", "/v1/policy/try", "stp_ada", `{"actor":"staff/sam","app":"wiki"}`, 404, "unknown-route", ""},
		{"why", "GET", "/v1/decisions/dec_7", "stp_sam", "", 200, `"support-acts"`, "why dec_7"},
		{"checkpoint", "GET", "/v1/audit/checkpoint", "stp_sam", "", 200, `"key":"log+0+key"`, ""},
		{"proof", "GET", "/v1/audit/proof?index=3", "stp_aud", "", 200, `"proof":"proof"`, ""},
		{"proof of nothing", "GET", "/v1/audit/proof?index=9", "stp_aud", "", 404, "there is no event 9", ""},
		{"proof without index", "GET", "/v1/audit/proof", "stp_aud", "", 400, "index", ""},
		{"export", "GET", "/v1/audit/export?kind=mandate.&app=orders", "stp_aud", "", 200, "app=orders kind=mandate.", "export jsonl 0 app=orders kind=mandate."},
		{"export a sheet", "GET", "/v1/audit/export?form=csv", "stp_aud", "", 200, "number,at,kind", "export csv 0 "},
		{"export without the role", "GET", "/v1/audit/export", "stp_sec", "", 404, "not-yours", ""},
		{"export in no form", "GET", "/v1/audit/export?form=pdf", "stp_aud", "", 400, "form", ""},
		{"trust the clock", "POST", "/v1/clock/trust", "stp_ada", "", 200, `"still_needed":1`, "trust"},
		{"move the clock", "POST", "/v1/dev/clock", "", `{"advance":"24h"}`, 200, `"now":"2026-03-03T12:00:00Z"`, ""},
		{"the description", "GET", "/openapi.json", "", "", 200, `"openapi": "3.1.0"`, ""},
		{"an unknown filter", "GET", "/v1/events?who=sam", "stp_sam", "", 400, "unknown query parameter", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := newRig(t)
			w := r.do(row.method, row.target, row.token, row.body)
			if w.Code != row.status || !strings.Contains(w.Body.String(), row.says) {
				t.Fatalf("%d %s\nwant %d with %s", w.Code, w.Body, row.status, row.says)
			}
			last := ""
			if n := len(r.desk.asked); n > 0 {
				last = r.desk.asked[n-1]
			}
			if row.asked != last {
				t.Errorf("the last verb was %q, want %q", last, row.asked)
			}
			if ct := w.Header().Get("Content-Type"); w.Code >= 400 && w.Code != 404 && ct != "application/problem+json" {
				t.Errorf("a no came as %s", ct)
			}
		})
	}
}

func TestProblem(t *testing.T) {
	r := newRig(t)
	r.desk.err = stead.E(stead.Refused, stead.ReasonNotArmed, "arm acting first")
	w := r.do("POST", "/v1/mandates/man_1/start", "stp_sam", `{}`)
	for _, part := range []string{
		`"status":403`, `"reason_code":"not-armed"`, `"detail":"arm acting first"`, `"request_id":"req_1"`,
		`"hint":"send the current one-time code`, `"type":"/docs/reference/reasons#not-armed"`,
	} {
		if !strings.Contains(w.Body.String(), part) {
			t.Errorf("%s lacks %s", w.Body, part)
		}
	}
	r.desk.err = stead.E(stead.Broken, stead.ReasonBroken, "the disk at /var/secret is full")
	w = r.do("GET", "/v1/sessions", "stp_sam", "")
	if w.Code != 500 || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("%d %s tells what failed inside", w.Code, w.Body)
	}
	r.desk.err = stead.E(stead.Refused, stead.ReasonRecord, "no record")
	if w = r.do("GET", "/v1/audit/export", "stp_aud", ""); w.Code != 503 {
		t.Errorf("an export that cannot begin: %d", w.Code)
	}
}
