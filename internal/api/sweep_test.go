package api

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// L1, S-I29: every operation, for every role, is let in or not as its tag says, and each one has a tag.
func TestEveryOperationHasATagThatHolds(t *testing.T) {
	r := newRig(t)
	if len(r.rows) < 35 {
		t.Fatalf("only %d routes", len(r.rows))
	}
	const ada, aud, sec = "stp_ada ", "stp_aud ", "stp_sec "
	in := map[web.Tag]string{web.Admin: ada, web.Auditor: aud}
	for _, tag := range []web.Tag{web.InSession, web.ActorSelf, web.Approver} {
		in[tag] = "stp_sam " + ada + aud + sec
	}
	wider := map[string]string{ // rows that more than one role may call
		"GET /v1/health": ada + aud + sec, "GET /v1/notices": ada + aud + sec, "GET /v1/policy/staged": ada + aud + sec, "GET /v1/settings": ada + aud + sec, "GET /v1/settings/terms": ada + aud + sec, "GET /v1/config/reload": ada + aud + sec, "GET /v1/settings/timers": ada + aud + sec, "GET /v1/people": ada + aud + sec, "GET /v1/groups": ada + aud + sec, "POST /v1/clock/trust": ada + sec, "POST /v1/keys/rotate": ada + sec, "POST /v1/people/{id}/factor-link/agree": ada + sec, "POST /v1/people/{id}/vouch": ada + sec,
		"POST /v1/policy/stage": ada + sec, "POST /v1/policy/apply": ada + sec, "POST /v1/policy/plan": ada + sec, "POST /v1/policy/try": ada + aud + sec,
	}
	for _, path := range []string{"/v1/exclusions", "/v1/exclusions/{name}", "/v1/clashes", "/v1/segments", "/v1/segments/{name}", "/v1/flows", "/v1/systems", "/v1/systems/{id}", "/v1/templates", "/v1/templates/{name}"} {
		wider["GET "+path] = ada + aud + sec
	}
	for _, row := range []string{"PUT /v1/exclusions/{name}", "DELETE /v1/exclusions/{name}", "PUT /v1/flows/{name}", "DELETE /v1/flows/{name}",
		"POST /v1/segments/{name}/isolate", "POST /v1/segments/{name}/reconnect"} {
		wider[row] = ada + sec
	}
	for _, row := range r.rows {
		method, path, _ := strings.Cut(row.Pattern, " ")
		for _, token := range []string{"", "stp_nobody", "stp_sam", "stp_ada", "stp_aud", "stp_sec"} {
			r.desk.asked = nil
			w := r.do(method, strings.ReplaceAll(path, "{id}", "man_1"), token, "")
			open := row.Tag == web.Public || row.Tag == web.Dev
			out := w.Code == http.StatusUnauthorized || strings.Contains(w.Body.String(), "there is no such thing")
			may := cmp.Or(wider[row.Pattern], in[row.Tag])
			switch {
			case open && out && path != "/v1/login":
				t.Errorf("%s is %s, but says %d", row.Pattern, row.Tag, w.Code)
			case !open && (token != "" && strings.Contains(may, token+" ")) == out:
				t.Errorf("%s (%s) for %q says %d", row.Pattern, row.Tag, token, w.Code)
			case out && len(r.desk.asked) > 0:
				t.Errorf("%s for %q was refused after %v", row.Pattern, token, r.desk.asked)
			}
		}
	}
}

// L2: whatever a body says that was not asked for is refused, and nothing is done.
func TestMassAssignment(t *testing.T) {
	var doc struct {
		Paths map[string]map[string]struct {
			RequestBody *struct {
				Content map[string]any `json:"content"`
			} `json:"requestBody"`
		} `json:"paths"`
	}
	raw, err := newRig(t).api.Document()
	if err == nil {
		err = json.Unmarshal(raw, &doc)
	}
	if err != nil {
		t.Fatal(err)
	}
	bodies, r := 0, newRig(t)
	for path, ops := range doc.Paths {
		for method, op := range ops {
			if op.RequestBody == nil || op.RequestBody.Content["application/json"] == nil {
				continue
			}
			bodies++
			for _, name := range []string{"role", "actor_id", "tenant", "owner", "approved", "session", "state", "id", "Version"} {
				body := `{"` + name + `":"x","name":"n","directory":"d","subject":"dana","app":"orders"}`
				for _, token := range []string{"stp_ada", "stp_sam"} {
					r.desk.asked = nil
					w := r.do(strings.ToUpper(method), strings.ReplaceAll(path, "{id}", "man_1"), token, body)
					if w.Code < 400 || len(r.desk.asked) > 0 {
						t.Errorf("%s %s took %q: %d %v", method, path, name, w.Code, r.desk.asked)
					}
				}
			}
		}
	}
	if bodies < 12 {
		t.Errorf("only %d bodies were tried", bodies)
	}
}

func TestBodiesHaveOneReading(t *testing.T) {
	for _, body := range []string{
		`{"name":"sam","Name":"root","password":"right"}`, `{"name":"sam","name":"root","password":"right"}`,
		`{"name":"sam","password":"right"}{}`, `{"name":"sam","password":"right"`, `[]`, `null`, `"x"`,
		`{"name":["sam"],"password":"right"}`, `{"name":` + strings.Repeat(`{"a":`, 64) + `1` + strings.Repeat("}", 64) + `}`,
	} {
		r := newRig(t)
		if w := r.do("POST", "/v1/login", "", body); w.Code != 400 || len(r.desk.asked) > 0 {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	r := newRig(t)
	if w := r.do("POST", "/v1/login", "", `{"name":"sam","password":"right"}`, "Content-Type", "text/plain"); w.Code != 415 {
		t.Errorf("text/plain: %d %s", w.Code, w.Body)
	}
	if w := r.do("POST", "/v1/login", "", `{"name":"`+strings.Repeat("x", 2<<20)+`"}`); w.Code != 413 {
		t.Errorf("two megabytes: %d", w.Code)
	}
}

// S-I29: a pass is read from one place. A cookie counts only for what Stead's own pages send.
func TestWherePassesAreRead(t *testing.T) {
	const cookie = "stead_8420=stp_sam"
	for _, row := range []struct {
		name, method string
		headers      []string
		status       int
	}{
		{"no pass", "POST", nil, 401},
		{"bearer", "POST", []string{"Authorization", "Bearer stp_sam"}, 204},
		{"lower-case bearer", "POST", []string{"Authorization", "bearer stp_sam"}, 204},
		{"basic", "POST", []string{"Authorization", "Basic stp_sam"}, 401},
		{"a bare secret", "POST", []string{"Authorization", "Bearer sam"}, 401},
		{"in the query", "POST", []string{"X-Query", "1"}, 401},
		{"cookie of a program", "POST", []string{"Cookie", cookie}, 401},
		{"cookie from another site", "POST", []string{"Cookie", cookie, "Sec-Fetch-Site", "cross-site", "Origin", "http://evil.test"}, 401},
		{"cookie from another port", "POST", []string{"Cookie", cookie, "Sec-Fetch-Site", "same-site", "Origin", "http://stead.test:8421"}, 401},
		{"cookie from the own page", "POST", []string{"Cookie", cookie, "Sec-Fetch-Site", "same-origin", "Origin", "http://stead.test"}, 204},
		{"own page by word, another by origin", "POST", []string{"Cookie", cookie, "Sec-Fetch-Site", "same-origin", "Origin", "http://evil.test"}, 401},
		{"two cookies", "POST", []string{"Cookie", cookie + "; " + cookie, "Sec-Fetch-Site", "same-origin"}, 401},
		{"a bad bearer beside a good cookie", "POST", []string{"Authorization", "Bearer stp_x", "Cookie", cookie, "Sec-Fetch-Site", "same-origin"}, 401},
		{"reading by address bar", "GET", []string{"Cookie", cookie, "Sec-Fetch-Site", "none"}, 200},
		{"reading from another port", "GET", []string{"Cookie", cookie, "Sec-Fetch-Site", "same-site"}, 401},
	} {
		t.Run(row.name, func(t *testing.T) {
			target := map[string]string{"POST": "/v1/logout", "GET": "/v1/sessions"}[row.method]
			if row.name == "in the query" {
				target += "?access_token=stp_sam"
			}
			if w := newRig(t).do(row.method, target, "", "", row.headers...); w.Code != row.status {
				t.Errorf("%d %s, want %d", w.Code, w.Body, row.status)
			}
		})
	}
}

func TestNoClockRouteWithoutAHook(t *testing.T) {
	r := newRig(t)
	r.api.Advance = nil
	var routes web.Routes
	if err := r.api.Routes(&routes); err != nil {
		t.Fatal(err)
	}
	for _, row := range routes.List() {
		if row.Tag == web.Dev || strings.Contains(row.Pattern, "/dev/") {
			t.Errorf("%s is there", row.Pattern)
		}
	}
}

func TestAnOperationWithoutATagDoesNotStart(t *testing.T) {
	var routes web.Routes
	a := newRig(t).api
	d := &door{a: a, routes: &routes}
	d.huma = newHuma(d)
	add(d, operation{method: "GET", path: "/v1/secret", id: "secret"}, a.apps)
	if d.err == nil || routes.Mount(http.NewServeMux(), a.Door) == nil {
		t.Error("it started")
	}
	if stead.KindOf(d.err) != stead.Broken {
		t.Errorf("%v", d.err)
	}
}
