package demo_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/steadhq/stead/internal/demo"
	"go.yaml.in/yaml/v3"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func shop() *demo.App { return demo.New(func() time.Time { return noon }) }

const (
	dana = "person:customers/dana"
	sam  = "person:staff/sam"
	root = "person:staff/root"
	form = "application/x-www-form-urlencoded"
	js   = "application/json"
)

// ask sends a request as the gateway would, for subject by actor ("" is the subject himself).
func ask(a *demo.App, subject, actor, method, target, kind, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if subject != "" {
		r.Header.Set("X-Stead-Subject", subject)
	}
	if actor != "" {
		r.Header.Set("X-Stead-Actor", actor)
		r.Header.Set("X-Stead-Mandate", "man_1")
		r.Header.Set("X-Stead-Mode", "read-only")
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	return w
}

// Each row: who asks for what, the status, what the answer holds, and the trace that it leaves.
func TestShop(t *testing.T) {
	rows := []struct {
		subject, actor, method, target, kind, body string
		status                                     int
		has, trace                                 string
	}{
		{dana, "", "GET", "/", "", "", 200, "Hello Dana", ""},
		{dana, sam, "GET", "/", "", "", 200, "Hello Dana", ""},
		{dana, dana, "GET", "/", "", "", 200, "Hello Dana", ""},
		{"person:partners/dana", "", "GET", "/", "", "", 200, "Dana Okafor", ""},
		{sam, "", "GET", "/", "", "", 200, "Sam has no customer account here", ""},
		{sam, "", "GET", "/orders", "", "", 403, "no customer account", ""},
		{"", "", "GET", "/", "", "", 401, "nobody is signed in", ""},
		{"", "", "GET", "/api/orders", "", "", 401, `{"error"`, ""},
		{"dana", "", "GET", "/", "", "", 401, "", ""},
		{"person:customers/", "", "GET", "/", "", "", 401, "", ""},
		{" person:customers/dana", "", "GET", "/", "", "", 401, "", ""},
		{dana, "sam", "GET", "/", "", "", 401, "", ""},

		{dana, "", "GET", "/orders", "", "", 200, "Page 1 of 2", ""},
		{dana, "", "GET", "/orders?page=2", "", "", 200, "Page 2 of 2", ""},
		{dana, "", "GET", "/orders?page=999", "", "", 200, "Page 2 of 2", ""},
		{dana, "", "GET", "/orders?page=-1", "", "", 200, "Page 1 of 2", ""},
		{dana, "", "GET", "/orders?q=%3Cscript%3E", "", "", 200, `value="&lt;script&gt;"`, ""},
		{dana, "", "GET", "/orders?q=nothing-like-it", "", "", 200, "No orders here", ""},
		{dana, "", "GET", "/orders/7", "", "", 200, "Please ring twice", ""},
		{dana, "", "GET", "/orders/8", "", "", 404, "no such order", ""},
		{dana, "", "GET", "/orders/07", "", "", 404, "no such order", ""},
		{dana, "", "GET", "/orders/99999999999999999999", "", "", 404, "no such order", ""},
		{dana, "", "GET", "/orders/7/edit", "", "", 200, "Note for the driver", ""},
		{dana, "", "GET", "/orders/8/edit", "", "", 404, "", ""},
		{dana, "", "POST", "/orders/7", form, "ship_to=Elsewhere+1&note=Please+ring+twice", 303, "", "order 7: changed the address"},
		{dana, sam, "POST", "/orders/7", form, "ship_to=Elsewhere+1&note=x", 303, "", "order 7: changed the address and the note"},
		{dana, "", "POST", "/orders/7", form, "ship_to=+&note=x", 422, "Say where it should go", ""},
		{dana, "", "POST", "/orders/7", js, `{}`, 400, "could not be read", ""},
		{dana, "", "POST", "/orders/8", form, "ship_to=x", 404, "", ""},
		{dana, sam, "POST", "/orders/7/cancel", form, "", 303, "", "order 7: cancelled the order"},
		{dana, "", "POST", "/orders/8/cancel", form, "", 404, "", ""},
		{dana, "", "GET", "/orders/export.csv", "", "", 200, "order,placed,status,articles,total_eur,ship_to,note\n140,", ""},

		{dana, "", "GET", "/invoices", "", "", 200, "INV-20014", ""},
		{dana, "", "GET", "/invoices/INV-20014", "", "", 200, "order 14", ""},
		{dana, "", "GET", "/invoices/INV-20008", "", "", 404, "no such invoice", ""},
		{dana, "", "GET", "/messages", "", "", 200, "Messages", ""},
		{dana, "", "GET", "/messages/999", "", "", 404, "no such message", ""},
		{dana, "", "POST", "/messages/1", form, "text=Thanks", 303, "", "thread 1: replied"},
		{dana, "", "POST", "/messages/1", form, "text=+", 422, "Write something", ""},
		{dana, "", "POST", "/messages/11", form, "text=x", 404, "", ""},
		{dana, "", "GET", "/profile", "", "", 200, "dana@mail.example", ""},
		{dana, "", "POST", "/profile", form, "phone=1&address=Here", 303, "", "profile: changed the contact details"},
		{dana, "", "POST", "/profile", form, "phone=1&address=", 422, "Say where you live", ""},
		{dana, "", "POST", "/profile/email", form, "email=d%40e", 303, "", "profile: changed the e-mail address"},
		{dana, "", "POST", "/profile/email", form, "email=de", 422, "no e-mail address", ""},
		{dana, "", "POST", "/profile/password", form, "password=0123456789", 303, "", "profile: changed the password"},
		{dana, "", "POST", "/profile/password", form, "password=short", 422, "at least 10", ""},
		{dana, "", "GET", "/track", "", "", 200, "track.js", ""},
		{dana, "", "GET", "/admin", "", "", 403, "for those who run the shop", ""},
		{root, "", "GET", "/admin", "", "", 200, "Dana Okafor", ""},
		{root, sam, "GET", "/admin", "", "", 403, "", ""},
		{dana, "", "GET", "/nowhere", "", "", 404, "no such page", ""},
		{dana, "", "DELETE", "/orders/7", "", "", 405, "", ""},

		{dana, sam, "GET", "/api/whoami", "", "", 200, `"acting":true,"actor":"person:staff/sam"`, ""},
		{dana, "", "GET", "/api/orders?status=placed", "", "", 200, `"status":"placed"`, ""},
		{dana, "", "GET", "/api/orders/7", "", "", 200, `"note":"Please ring twice"`, ""},
		{dana, "", "GET", "/api/orders/8", "", "", 404, `{"error"`, ""},
		{dana, "", "PATCH", "/api/orders/7", js, `{"note":"n"}`, 200, `"note":"n"`, "order 7: changed the note"},
		{dana, "", "PATCH", "/api/orders/7", js, `{"note":"Please ring twice"}`, 200, "", ""},
		{dana, "", "PATCH", "/api/orders/7", js, `{"total_cents":1}`, 400, "unknown field", ""},
		{dana, "", "PATCH", "/api/orders/7", js, `{"note":"n"} x`, 400, "more than one value", ""},
		{dana, "", "PATCH", "/api/orders/7", "text/plain", `{"note":"n"}`, 400, "application/json", ""},
		{dana, "", "DELETE", "/api/orders/7", "", "", 200, `"status":"cancelled"`, "order 7: cancelled the order"},
		{dana, "", "DELETE", "/api/orders/8", "", "", 404, "", ""},
		{dana, "", "POST", "/api/search", js, `{"q":"ring twice"}`, 200, `"count":1`, ""},
		{dana, "", "POST", "/api/search", form, `q=ring`, 200, `"count":1`, ""},
		{dana, "", "POST", "/api/search", js, `{"x":"y"}`, 400, "no field x", ""},
		{dana, "", "POST", "/api/search", form, `q=a&q=b`, 400, "given twice", ""},
		{dana, "", "POST", "/api/graphql", js, `{"query":"{ orders { id total } }"}`, 200, `"data":{"orders":[{"id":140`, ""},
		{dana, "", "POST", "/api/graphql", form, "query=query+One+%7B+order(id%3A+7)+%7B+id+%7D+%7D", 200, `"id":7`, ""},
		{dana, "", "POST", "/api/graphql", js, `{"query":"{ order(id: 8) { id } }"}`, 200, "no such order", ""},
		{dana, "", "POST", "/api/graphql", js, `{"query":"mutation { cancelOrder(id: 7) { id } }"}`, 200, `"cancelOrder"`, "order 7: cancelled the order"},
		{dana, "", "POST", "/api/graphql", js, `{"query":"{ orders { id } } mutation { cancelOrder(id: 7) { id } }"}`, 400, "errors", ""},
		{dana, "", "POST", "/api/graphql", js, `{"query":"# {\n mutation { cancelOrder(id: 7) { id } }"}`, 400, "errors", ""},
		{"", "", "GET", "/api/heartbeat", "", "", 200, `{"ok":true}`, ""},
		{"", "", "GET", "/static/orders.css", "", "", 200, "--ground", ""},
		{"", "", "GET", "/static/none.css", "", "", 404, "", ""},
		{"", "", "GET", "/static/x/orders.css", "", "", 404, "", ""},
	}
	for _, row := range rows {
		t.Run(fmt.Sprint(row.subject, row.actor, row.method, row.target, row.body), func(t *testing.T) {
			a := shop()
			w := ask(a, row.subject, row.actor, row.method, row.target, row.kind, row.body)
			if w.Code != row.status || !strings.Contains(w.Body.String(), row.has) {
				t.Errorf("%d\n%s", w.Code, w.Body)
			}
			var trace string
			for _, c := range a.Changes() {
				trace += c.What
				wantActor := row.actor
				if wantActor == "" {
					wantActor = row.subject
				}
				if c.Subject != row.subject || c.Actor != wantActor {
					t.Errorf("trace names %s for %s", c.Actor, c.Subject)
				}
			}
			if trace != row.trace {
				t.Errorf("trace %q, want %q", trace, row.trace)
			}
		})
	}
}

// C16, S-I35 in the application's own record: the one who acts is named beside whom he acts for.
func TestHistoryNamesBoth(t *testing.T) {
	a := shop()
	ask(a, dana, sam, "POST", "/orders/7", form, "ship_to=Elsewhere&note=")
	ask(a, dana, "", "POST", "/orders/7", form, "ship_to=Home&note=")
	page := ask(a, dana, "", "GET", "/orders/7", "", "").Body.String()
	for _, want := range []string{"<strong>Sam for Dana</strong> changed the address and the note", "<strong>Dana</strong> changed the address"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not in the history", want)
		}
	}
}

// Looking at a message leaves a trace once, marked as such and with the name of who looked.
func TestReadingAMessageMarksIt(t *testing.T) {
	a := shop()
	m := regexp.MustCompile(`href="(/messages/\d+)">[^<]*</a>\s*<span class="status placed">`).
		FindStringSubmatch(ask(a, dana, "", "GET", "/messages", "", "").Body.String())
	if m == nil {
		t.Fatal("nothing is unread")
	}
	for range 2 {
		if page := ask(a, dana, sam, "GET", m[1], "", "").Body.String(); !strings.Contains(page, "Read by Sam for Dana") {
			t.Error("the page does not say who read it")
		}
	}
	if c := a.Changes(); len(c) != 1 || !c[0].Mark || c[0].Mandate != "man_1" || c[0].Actor != sam {
		t.Errorf("%+v", c)
	}
}

func TestSeedIsTheSame(t *testing.T) {
	one, two := shop(), shop()
	sum := 0
	for _, who := range []string{"customers/dana", "customers/erin", "customers/olga", "partners/dana", "customers/finn", "customers/gina",
		"customers/hugo", "customers/iris", "customers/jonas", "customers/kira", "customers/liam", "customers/mona", "customers/nils"} {
		var found struct{ Count int }
		body := ask(one, "person:"+who, "", "GET", "/api/orders", "", "").Body.String()
		if diff := cmp.Diff(body, ask(two, "person:"+who, "", "GET", "/api/orders", "", "").Body.String()); diff != "" {
			t.Error(diff)
		}
		if err := json.Unmarshal([]byte(body), &found); err != nil || found.Count == 0 {
			t.Errorf("%s has %d orders: %v", who, found.Count, err)
		}
		sum += found.Count
	}
	if sum != 140 {
		t.Errorf("%d orders", sum)
	}
}

// Every page is whole without script, asks no other origin for anything, and names its policy.
func TestPagesStandAlone(t *testing.T) {
	a := shop()
	outside := regexp.MustCompile(`(?:src|href|action)="(?:https?:)?//`)
	for _, target := range []string{"/", "/orders", "/orders/7", "/orders/7/edit", "/invoices", "/invoices/INV-20014", "/messages", "/messages/1", "/profile", "/track"} {
		w := ask(a, dana, "", "GET", target, "", "")
		page := w.Body.String()
		if outside.MatchString(page) || strings.Contains(page, " style=") || strings.Contains(page, "<style") || strings.Contains(page, " onclick") {
			t.Errorf("%s asks for something outside or inline", target)
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src") || (strings.HasPrefix(target, "/invoices/") && !strings.HasPrefix(csp, "default-src 'none'")) {
			t.Errorf("%s: %q", target, csp)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	a := shop()
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			ask(a, dana, "", "PATCH", "/api/orders/7", js, fmt.Sprintf(`{"note":"%d"}`, i))
			ask(a, dana, sam, "GET", "/messages/1", "", "")
			ask(a, dana, "", "GET", "/orders", "", "")
			ask(a, root, "", "GET", "/admin", "", "")
			ask(a, dana, "", "POST", "/profile", form, fmt.Sprint("address=", i))
		})
	}
	wg.Wait()
	writes := 0
	for _, c := range a.Changes() {
		if !c.Mark {
			writes++
		}
	}
	if writes != 80 {
		t.Errorf("%d writes", writes)
	}
}

// The rules are filled in, are one document, and give every rule an id of its own.
func TestRules(t *testing.T) {
	var file struct {
		Apps []struct {
			ID, Host, Upstream, Default string
			Privileged                  []string
			Rules                       []struct{ ID, Is string }
		}
	}
	if err := yaml.Unmarshal(demo.Rules("127.0.0.1:8421", "http://127.0.0.1:9"), &file); err != nil {
		t.Fatal(err)
	}
	app := file.Apps[0]
	if app.ID != "orders" || app.Host != "127.0.0.1:8421" || app.Upstream != "http://127.0.0.1:9" || app.Default != "write" || len(app.Privileged) == 0 {
		t.Errorf("%+v", app)
	}
	ids := map[string]bool{}
	for _, r := range app.Rules {
		if r.ID == "" || ids[r.ID] || r.Is == "" {
			t.Errorf("rule %+v", r)
		}
		ids[r.ID] = true
	}
}

// Spreadsheets take such text for formulas.
func TestExportIsInert(t *testing.T) {
	a := shop()
	ask(a, dana, "", "PATCH", "/api/orders/7", js, `{"note":"=HYPERLINK(\"http://evil\")"}`)
	if csv := ask(a, dana, "", "GET", "/orders/export.csv", "", "").Body.String(); !strings.Contains(csv, `"'=HYPERLINK`) {
		t.Error("a formula is in the export")
	}
}
