package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// routes lists every route of the door, with its pattern filled in.
func routes(t *testing.T, c *Console) []web.Route {
	t.Helper()
	c.Setup = &firstAdmin{}
	var table web.Routes
	c.Mount(&table)
	list := table.List()
	fill := strings.NewReplacer("{number}", "106", "/segments/{name}", "/segments/finance", "/exclusions/{name}", "/exclusions/two-hands", "/flows/{name}", "/flows/reports", "/people/{id}", "/people/prn_dana", "{session}", "ses_7", "{id}", "man_1", "{decision}", "dec_3", "{$}", "")
	for i := range list {
		list[i].Pattern = fill.Replace(list[i].Pattern)
	}
	return list
}

// S-I29: every route says who may call it, and only those of setting up, the sheet and the module are for everybody.
func TestEveryRouteHasATag(t *testing.T) {
	open := []string{"GET " + sheetPath, "GET " + scriptPath, "GET /setup", "POST /setup", "POST /setup/code", "GET /factor", "POST /factor"}
	list := routes(t, house().console())
	if len(list) < 30 {
		t.Fatalf("only %d routes", len(list))
	}
	for _, r := range list {
		if !slices.Contains(web.Tags(), r.Tag) {
			t.Errorf("%s has no tag", r.Pattern)
		}
		if (r.Tag == web.Public) != slices.Contains(open, r.Pattern) {
			t.Errorf("%s is tagged %s", r.Pattern, r.Tag)
		}
	}
}

// S-I28: without a session no route asks a verb.
func TestNobodyReachesAVerb(t *testing.T) {
	for _, route := range routes(t, house().console()) {
		if route.Tag == web.Public {
			continue
		}
		a := house()
		method, path, _ := strings.Cut(route.Pattern, " ")
		r := browse(method, path, url.Values{})
		r.Header.Del("Cookie")
		res, _ := answer(serve(t, a.console()), r)
		if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(res.Header.Get("Location"), "/login") || len(a.asked) > 0 {
			t.Errorf("%s: %d to %q, asked %v", route.Pattern, res.StatusCode, res.Header.Get("Location"), a.asked)
		}
	}
}

// Tags with a role are asked before the page; where several roles will do, each of them does.
func TestRolesAreAsked(t *testing.T) {
	need := map[web.Tag][]authority.Role{web.Admin: {authority.Admin}, web.Auditor: {authority.Auditor}}
	wide := map[string][]authority.Role{"POST /policies/apply": {authority.Admin, authority.Security},
		"POST /people/prn_dana/sessions/ses_7/end": {authority.Admin, authority.Security}, "GET /people/prn_dana/sessions/ses_7/end": {authority.Admin, authority.Security}}
	for _, path := range []string{"/settings", "/policies/staged", "/policies/try", "/policies/history", "/people", "/people/prn_dana", "/people/prn_dana/stopped", "/groups", "/health"} {
		wide["GET "+path] = authority.Onlookers()
	}
	for _, path := range []string{"/templates", "/segments", "/segments/finance", "/exclusions", "/exclusions/two-hands"} {
		wide["GET "+path] = authority.Onlookers()
	}
	for _, path := range []string{"GET /segments/finance/isolate", "POST /segments/finance/isolate", "GET /segments/finance/reconnect", "POST /segments/finance/reconnect",
		"GET /flows/new", "POST /flows", "GET /flows/reports/close", "POST /flows/reports/close",
		"GET /exclusions/new", "POST /exclusions", "GET /exclusions/two-hands/retire", "POST /exclusions/two-hands/retire"} {
		wide[path] = rulers()
	}
	for _, path := range []string{"sign-out", "stop", "vouch", "factor-yes"} {
		for _, method := range []string{"GET", "POST"} {
			wide[method+" /people/prn_dana/"+path] = []authority.Role{authority.Admin, authority.Security}
		}
	}
	for _, route := range routes(t, house().console()) {
		roles, ok := need[route.Tag]
		if several := wide[route.Pattern]; several != nil {
			roles, ok = several, true
		}
		if !ok {
			continue
		}
		method, path, _ := strings.Cut(route.Pattern, " ")
		for _, have := range []authority.Role{"", authority.Admin, authority.Auditor, authority.Security} {
			a := house().is(omar, have).lawed()
			a.events = story1()
			var form url.Values
			if method == http.MethodPost {
				form = url.Values{}
			}
			res, _ := answer(serve(t, a.console()), browse(method, path, form))
			if may := slices.Contains(roles, have); (res.StatusCode == http.StatusNotFound) == may {
				t.Errorf("%s as %q: %d, may be there: %v", route.Pattern, have, res.StatusCode, may)
			}
		}
	}
}

// B5: no page of ours can be framed, runs a script or is kept, whatever it answers.
func TestEveryAnswerIsGuarded(t *testing.T) {
	for _, route := range routes(t, house().console()) {
		method, path, _ := strings.Cut(route.Pattern, " ")
		for name, a := range map[string]*verbs{
			"acting": house().acts(), "armed": house().armed(), "auditor": house().is(omar, authority.Auditor, authority.Admin), "nobody": house().refusing("status", stead.E(stead.Broken, stead.ReasonBroken, "x")),
		} {
			c := a.console()
			c.Setup = &firstAdmin{}
			var form url.Values
			if method == "POST" {
				form = url.Values{}
			}
			res, _ := answer(serve(t, c), browse(method, path, form))
			csp := res.Header.Get("Content-Security-Policy")
			for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "style-src 'self'"} {
				if !strings.Contains(csp, want) {
					t.Errorf("%s as %s: the policy lacks %s: %q", route.Pattern, name, want, csp)
				}
			}
			if i := strings.Index(csp, "script-src"); i >= 0 && csp[i:] != "script-src 'self'; connect-src 'self'" || res.Header.Get("X-Frame-Options") != "DENY" {
				t.Errorf("%s as %s: %q, %q", route.Pattern, name, csp, res.Header.Get("X-Frame-Options"))
			}
			if path != sheetPath && path != scriptPath && res.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s as %s: Cache-Control %q", route.Pattern, name, res.Header.Get("Cache-Control"))
			}
		}
	}
}

// B4: what another site's page sends changes nothing: Sec-Fetch-Site × Origin over every unsafe route.
func TestCrossSite(t *testing.T) {
	sites := []string{"", "none", "same-origin", "same-site", "cross-site", "unheard-of"}
	origins := []string{"", "http://127.0.0.1:8420", "http://127.0.0.1:8421", "null"}
	own := func(site, origin string) bool {
		switch site {
		case "same-origin":
			return origin != origins[2] // null: a page that sends no referrer, and the browser vouches
		case "none", "":
			return origin == "" || origin == origins[1]
		}
		return false
	}
	for _, route := range routes(t, house().console()) {
		method, path, _ := strings.Cut(route.Pattern, " ")
		if method == "GET" {
			continue
		}
		for _, kind := range []string{"application/x-www-form-urlencoded", "text/plain"} {
			for _, site := range sites {
				for _, origin := range origins {
					a := house().acts().is(omar)
					c := a.console()
					c.Setup = &firstAdmin{}
					r := browse(method, path, url.Values{})
					for k, v := range map[string]string{"Sec-Fetch-Site": site, "Origin": origin, "Content-Type": kind} {
						r.Header.Del(k)
						if v != "" {
							r.Header.Set(k, v)
						}
					}
					res, body := answer(serve(t, c), r)
					if refused := res.StatusCode == 403 && strings.Contains(body, "nother site"); refused == own(site, origin) || refused && len(a.asked) > 0 {
						t.Errorf("%s %s, site %q, origin %q: %d, asked %v", route.Pattern, kind, site, origin, res.StatusCode, a.asked)
					}
				}
			}
		}
	}
}

// Nothing is changed by a GET: a link or a picture presses no button.
func TestGetsChangeNothing(t *testing.T) {
	reads := []string{"mandates", "events", "counted", "why", "people", "find", "terms-for", "people-page"}
	for _, route := range routes(t, house().console()) {
		method, path, _ := strings.Cut(route.Pattern, " ")
		if method != "GET" {
			continue
		}
		for _, a := range []*verbs{house().acts(), house().armed(), house().is(omar, authority.Auditor, authority.Admin), ended()} {
			answer(serve(t, a.console()), browse(method, path+"?name=dana&mandate=man_1", nil))
			for _, verb := range a.asked {
				if name, _, _ := strings.Cut(verb, " "); !slices.Contains(reads, name) {
					t.Errorf("%s asked %q", route.Pattern, verb)
				}
			}
		}
	}
}
