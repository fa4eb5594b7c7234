package outside

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

var (
	posted = regexp.MustCompile(`(?s)<form[^>]*method="post"[^>]*action="([^"]*)"|<form[^>]*action="([^"]*)"[^>]*method="post"`)
	linked = regexp.MustCompile(`<a [^>]*href="(/[^"]*)"`)
)

// crawl reads pages of a site as somebody, from the first on, and tells them and the forms on them.
func crawl(t *testing.T, c *caller, base, first string) (pages map[string]answer, forms map[string]bool) {
	t.Helper()
	pages, forms = map[string]answer{}, map[string]bool{}
	for todo := []string{first}; len(todo) > 0 && len(pages) < 60; todo = todo[1:] {
		if _, seen := pages[todo[0]]; seen {
			continue
		}
		a := c.page(t, base+todo[0])
		pages[todo[0]] = a
		for _, m := range posted.FindAllStringSubmatch(a.body, -1) {
			forms[strings.ReplaceAll(m[1]+m[2], "&amp;", "&")] = true
		}
		for _, m := range linked.FindAllStringSubmatch(a.body, -1) {
			todo = append(todo, strings.ReplaceAll(m[1], "&amp;", "&"))
		}
	}
	return pages, forms
}

// doors are the unsafe routes of the console: those of the API's own description, those of every form that anybody is
// shown, and those that a form has only in some moment.
func doors(t *testing.T, w *world, who ...*caller) map[string]string {
	t.Helper()
	var api struct {
		Paths map[string]map[string]json.RawMessage
	}
	stranger(w).get(t, w.Console+"/openapi.json").is(t, "openapi", 200).reads(t, &api)
	all := map[string]string{}
	for path, verbs := range api.Paths {
		for verb := range verbs {
			if verb != "get" && path != "/v1/dev/clock" {
				all[w.Console+strings.NewReplacer("{id}", "man_aaaaaaaaaaaaaaaaaaaaaaaaaa").Replace(path)+" "+strings.ToUpper(verb)] = strings.ToUpper(verb)
			}
		}
	}
	for _, c := range who {
		_, forms := crawl(t, c, w.Console, "/")
		for f := range forms {
			all[w.Console+f+" POST"] = "POST"
		}
	}
	for _, p := range []string{"/login", "/logout", "/step-up", "/act/arm", "/act/disarm", "/act/ask", "/act/man_a/start", "/act/man_a/withdraw", "/acting/extend", "/acting/end",
		"/acting/go", "/end/seen", "/requests/man_a/approve", "/requests/man_a/refuse", "/mandates/man_a/revoke", "/me/sessions/ses_a/end", "/setup", "/setup/code"} {
		all[w.Console+p+" POST"] = "POST"
	}
	for _, p := range []string{"/.stead/act", "/.stead/extend", "/.stead/end", "/.stead/out"} {
		all[w.Gateway+p+" POST"] = "POST"
	}
	return all
}

// No page of another site does anything for somebody who is signed in (B4).
func TestCrossSite(t *testing.T) {
	w := dev(t)
	sam, omar, root := w.enter(t, "staff/sam"), w.enter(t, "staff/omar"), w.enter(t, "staff/root")
	sam.acts(t, "staff/sam").is(t, "start", 303)
	mandate := sam.standing(t).Mandate
	all := doors(t, w, sam, omar, root)
	if len(all) < 35 {
		t.Errorf("only %d doors: %v", len(all), all)
	}
	for door := range all {
		to, method, _ := strings.Cut(door, " ")
		own, other := w.Console, w.Gateway
		if strings.HasPrefix(to, w.Gateway) {
			own, other = w.Gateway, w.Console
		}
		for _, x := range []struct{ site, origin string }{
			{"cross-site", "https://evil.example"}, {"cross-site", "null"}, {"cross-site", ""}, {"cross-site", own}, {"same-site", other}, {"same-site", ""},
			{"same-site", own + ".evil.example"}, {"", "https://evil.example"}, {"", "null"}, {"", other}, {"none", "https://evil.example"},
			{"same-origin", "https://evil.example"}, {"", strings.Replace(own, "http:", "https:", 1)}, {"bogus", own},
		} {
			for _, kind := range []string{formType, "text/plain", "application/json"} {
				head := []string{"Content-Type", kind, "Accept", "text/html"}
				if x.site != "" {
					head = append(head, "Sec-Fetch-Site", x.site)
				}
				if x.origin != "" {
					head = append(head, "Origin", x.origin)
				}
				a := sam.send(t, method, to, "mandate="+mandate+"&code=123456", head...)
				elsewhere := a.status == 303 && strings.HasPrefix(a.to(), w.Console+"/act?") && x.site != "" // R11: sent on, nothing read
				if a.status != 403 && a.status != 401 && !elsewhere || a.status == 401 && !strings.Contains(to, "/v1/") {
					t.Errorf("%s %s as %s from %+v: %d %.200s", method, to, kind, x, a.status, a.body)
				}
			}
		}
	}
	if s := sam.standing(t); s.Mandate != mandate {
		t.Errorf("afterwards: %+v", s)
	}
}

// No frame, no script but the one that is ours, no keeping, on any page (B5).
func TestEveryPageIsGuarded(t *testing.T) {
	w := dev(t)
	sam, omar, root := w.enter(t, "staff/sam"), w.enter(t, "staff/omar"), w.enter(t, "staff/root")
	seen := map[string]answer{}
	for _, c := range []*caller{sam, omar, root, stranger(w)} {
		for _, first := range []string{"/", "/act", "/audit", "/people", "/mandates", "/requests", "/me", "/login", "/step-up", "/nowhere", "/v1/whoami", "/v1/nowhere"} {
			pages, _ := crawl(t, c, w.Console, first)
			for p, a := range pages {
				seen[w.Console+p] = a
			}
		}
		for _, p := range []string{"/.stead/status", "/.stead/end", "/.stead/out", "/.stead/nowhere", "/.stead/in", "/.stead/in?code=x&next=/"} {
			seen[w.Gateway+p] = c.page(t, w.Gateway+p)
		}
	}
	for p, a := range seen {
		csp := a.head.Get("Content-Security-Policy")
		if a.status == 303 && strings.HasPrefix(p, w.Gateway) || strings.Contains(p, "/static/") {
			continue
		}
		if !strings.Contains(csp, "frame-ancestors 'none'") || !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") ||
			a.head.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(a.head.Get("Cache-Control"), "no-store") {
			t.Errorf("%s: %d %q %q", p, a.status, csp, a.head.Get("Cache-Control"))
		}
		if strings.Contains(strings.Replace(a.body, ours, "", 1), "<script") {
			t.Errorf("%s: a script", p)
		}
		if scripts := strings.Contains(csp, "script-src"); scripts != strings.Contains(a.body, ours) && strings.Contains(a.head.Get("Content-Type"), "html") ||
			scripts && !strings.Contains(csp, "script-src 'self';") && !strings.HasSuffix(csp, "script-src 'self'") {
			t.Errorf("%s: lets scripts in by %q", p, csp)
		}
	}
}

// Whatever his role, no page leads its reader to one that is not there or not his.
func TestLinksLeadSomewhere(t *testing.T) {
	w := dev(t)
	sam := w.enter(t, "staff/sam")
	sam.acts(t, "staff/sam").is(t, "start", 303)
	for _, who := range []string{"staff/sam", "staff/root", "staff/omar", "staff/maya", "customers/dana"} {
		c := sam
		if who != "staff/sam" {
			c = w.enter(t, who)
		}
		for _, first := range []string{"/", "/people/" + w.person(t, "staff/tess").ID, "/agents", "/settings", "/mandates/" + sam.standing(t).Mandate} {
			pages, _ := crawl(t, c, w.Console, first)
			for p, a := range pages {
				if p != first && a.status != http.StatusOK && a.status != http.StatusSeeOther {
					t.Errorf("%s: from %s on, a link to %s: %d", who, first, p, a.status)
				}
			}
		}
	}
}

// A pass is for one browser, one host and one port; nothing that was there before a sign-in counts after it (B1, B2, B13).
func TestPassesOfOthers(t *testing.T) {
	w := dev(t)
	sam := w.enter(t, "staff/sam")
	gate, own := sam.pass(t, w.Gateway), sam.pass(t, w.Console)
	if gate == nil || own == nil || gate.Name == own.Name || gate.Value == own.Value {
		t.Fatalf("passes: %v, %v", gate, own)
	}
	show := func(what, to, cookie, agent string, status int) {
		t.Helper()
		thief := stranger(w)
		thief.agent = agent
		if a := thief.get(t, to, "Cookie", cookie); a.status != status {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	who := w.Gateway + "/api/whoami"
	show("himself", who, gate.Name+"="+gate.Value, agent, 200)
	show("another browser", who, gate.Name+"="+gate.Value, "Mozilla/5.0", 401)
	show("no browser at all", who, gate.Name+"="+gate.Value, "", 401)
	show("the other listener's pass", who, gate.Name+"="+own.Value, agent, 401)
	show("the other listener's name", who, own.Name+"="+gate.Value, agent, 401)
	show("planted beside it", who, gate.Name+"=stp_planted; "+gate.Name+"="+gate.Value, agent, 401)
	show("at the console", w.Console+"/v1/whoami", own.Name+"="+gate.Value, agent, 401)
	stranger(w).get(t, w.Console+"/v1/whoami", "Authorization", "Bearer "+own.Value).is(t, "a cookie as a token", 401)
	stranger(w).get(t, w.Console+"/v1/whoami", "Authorization", "Bearer "+gate.Value).is(t, "a cookie of the gateway as a token", 401)

	// Fixation: what somebody planted before is not what counts after.
	victim := stranger(w)
	u, err := url.Parse(w.Gateway)
	if err != nil {
		t.Fatal(err)
	}
	planted := "stp_aaaaaaaaaaaaaaaaaaaaaaaaaa"
	for _, name := range []string{gate.Name, own.Name} {
		victim.jar.SetCookies(u, []*http.Cookie{{Name: name, Value: planted, Path: "/"}})
	}
	victim.signIn(t, "staff/maya")
	for _, at := range []string{w.Gateway, w.Console} {
		if k := victim.pass(t, at); k == nil || k.Value == planted {
			t.Errorf("the planted pass lives on: %v", k)
		}
	}
	show("the planted pass", who, gate.Name+"="+planted, agent, 401)

	// Every pass of a session is worth nothing after each of its steps.
	old := []string{sam.pass(t, w.Gateway).Value}
	sam.acts(t, "staff/sam").is(t, "start", 303)
	old = append(old, sam.pass(t, w.Gateway).Value)
	sam.form(t, w.Gateway+"/.stead/end")
	old = append(old, sam.pass(t, w.Gateway).Value)
	sam.form(t, w.Gateway+"/.stead/out").is(t, "out", 200)
	for i, v := range old {
		show("pass "+string(rune('0'+i)), who, gate.Name+"="+v, agent, 401)
		for j := range i {
			if old[j] == v {
				t.Errorf("pass %d is pass %d", i, j)
			}
		}
	}
	show("the console's, after", w.Console+"/v1/whoami", own.Name+"="+own.Value, agent, 401)
}

// A one-time code works once, in time, at its host and for its browser.
func TestHandedOnce(t *testing.T) {
	w := dev(t)
	sam := w.enter(t, "staff/sam")
	hand := func() string {
		t.Helper()
		a := sam.page(t, w.Console+"/login?next="+url.QueryEscape(w.Gateway+"/orders")).is(t, "hand over", 303)
		u, err := url.Parse(a.to())
		if err != nil || u.Query().Get("code") == "" {
			t.Fatalf("handed %q", a.to())
		}
		return a.to()
	}
	link := hand()
	thief := stranger(w)
	thief.agent = "thief/1"
	if a := thief.get(t, link); a.status < 400 {
		t.Errorf("another browser: %d", a.status)
	}
	stranger(w).get(t, link).is(t, "in time", 303)
	stranger(w).get(t, link).is(t, "twice", 409)
	sam.get(t, link).is(t, "twice, himself", 409)
	old := hand()
	w.advance(t, 61*time.Second)
	if a := stranger(w).get(t, old); a.status < 400 {
		t.Errorf("too late: %d", a.status)
	}
	link = hand()
	sam.form(t, w.Console+"/logout").is(t, "out", 303)
	if a := stranger(w).get(t, link); a.status < 400 {
		t.Errorf("after signing out: %d", a.status)
	}
	for _, code := range []string{"", "x", strings.Repeat("A", 100), "../..", "%00"} {
		if a := stranger(w).get(t, w.Gateway+"/.stead/in?next=/&code="+url.QueryEscape(code)); a.status < 400 {
			t.Errorf("code %q: %d", code, a.status)
		}
	}
}

// Nobody is led away.
func TestLedAway(t *testing.T) {
	w := dev(t)
	sam := w.enter(t, "staff/sam")
	gate, _ := url.Parse(w.Gateway)
	away := []string{"//evil.example", `\\evil.example`, `/\evil.example`, "https:evil.example", "https:/evil.example", "https://evil.example", "http://evil.example/",
		"///evil.example", "/%2f/evil.example", "/%5cevil.example", "/\t/evil.example", "\t//evil.example", "/\n/evil.example", "javascript:alert(1)", "data:text/html,x", "vbscript:x",
		"//" + gate.Host + "@evil.example", w.Gateway + "@evil.example", w.Gateway + ".evil.example", w.Gateway + `\@evil.example`, "http://evil.example#" + gate.Host,
		"//evil.example/%2f..", "/.//evil.example", "/..//evil.example", "//google%E3%80%82com", "http:///evil.example", "/;@evil.example", "/\x00/evil.example", "?next=//evil.example",
		w.Gateway + "//evil.example", w.Gateway + "/\\evil.example", "http://0x7f000001/", "http://2130706433/", "/.stead/in?code=x", w.Gateway + "/.stead/in?code=x&next=//evil.example"}
	leads := func(what, next string, a answer) {
		t.Helper()
		to := a.to()
		if a.status < 300 || a.status >= 400 {
			return
		}
		ok := strings.HasPrefix(to, w.Console+"/") || strings.HasPrefix(to, w.Gateway+"/") || strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") && !strings.HasPrefix(to, `/\`)
		u, err := url.Parse(to)
		if err != nil || !ok || strings.ContainsAny(to, "\\\t\r\n") {
			t.Errorf("%s %q leads to %q", what, next, to)
			return
		}
		if n := u.Query().Get("next"); u.Path == "/.stead/in" && strings.HasPrefix(n, "//") {
			t.Errorf("%s %q leads to %q", what, next, to)
		}
	}
	for _, next := range away {
		q := url.QueryEscape(next)
		leads("GET login", next, sam.page(t, w.Console+"/login?next="+q))
		leads("GET step-up", next, sam.page(t, w.Console+"/step-up?next="+q))
		leads("GET act", next, sam.page(t, w.Console+"/act?target="+q))
		leads("GET gateway act", next, sam.page(t, w.Gateway+"/.stead/act?target="+q))
		leads("GET in", next, sam.page(t, w.Gateway+"/.stead/in?code=x&next="+q))
		leads("POST login", next, stranger(w).form(t, w.Console+"/login", "name", "sam", "directory", "staff", "password", w.person(t, "staff/sam").Password, "next", next))
		leads("end page", next, sam.page(t, w.Gateway+"/.stead/end?return="+q))
		leads("POST end", next, sam.form(t, w.Gateway+"/.stead/end", "return", next))
		if !strings.ContainsAny(next, "\x00") {
			leads("started", next, sam.acts(t, "staff/sam", "return", next))
			leads("ended", next, sam.form(t, w.Gateway+"/.stead/end", "return", next))
		}
		sam.form(t, w.Gateway+"/.stead/end")
	}
}
