package gateway_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/demo"
	"github.com/steadhq/stead/internal/house/housetest"
)

// newOwn is a gate at which every mandate has a host of its own.
func newOwn(t testing.TB, app http.Handler, rules func(host, upstream string) []byte, change ...func(*gate)) *gate {
	t.Helper()
	return newGate(t, app, rules, append(change, func(g *gate) {
		_, port, err := net.SplitHostPort(g.addr)
		if err != nil {
			t.Fatal(err)
		}
		g.gw.Acting = "act.localhost:" + port
	})...)
}

func ownShop(t testing.TB) *gate {
	t.Helper()
	return newOwn(t, demo.New(housetest.NewClock().Wall).Handler(), demo.Rules)
}

// over lets the browser of who acts go to his mandate's host, as the console would.
func (v *visitor) over() *visitor {
	v.g.t.Helper()
	return v.overTo("/orders")
}

// overTo also says where the browser must be led first.
func (v *visitor) overTo(first string) *visitor {
	v.g.t.Helper()
	host, _, err := v.g.gw.PlaceOf("orders", v.last)
	if err != nil {
		v.g.t.Fatal(err)
	}
	to := &visitor{g: v.g, who: v.who, host: host, last: v.last}
	a := to.get("/.stead/in?"+url.Values{"code": {v.g.code(v, host)}, "next": {"/orders"}}.Encode(), browser...)
	if a.StatusCode != http.StatusSeeOther || to.cookie == "" || a.Header.Get("Location") != first {
		v.g.t.Fatalf("%s %q %s", a.Status, a.Header.Get("Location"), a.body)
	}
	return to
}

// code carries somebody's session to another host, and pass is what he is given for it there.
func (g *gate) code(v *visitor, host string) string {
	g.t.Helper()
	by, err := g.Present(g.t.Context(), authority.Presented{Secret: v.cookie, Host: g.addr, Client: mark(), Address: "127.0.0.1"})
	if err != nil {
		g.t.Fatal(err)
	}
	code, err := g.Hand(g.t.Context(), by, host)
	if err != nil {
		g.t.Fatal(err)
	}
	return code
}

func (g *gate) pass(v *visitor, host string) string {
	g.t.Helper()
	in, err := g.Redeem(g.t.Context(), authority.Presented{Secret: g.code(v, host), Host: host, Client: mark(), Address: "127.0.0.1"})
	if err != nil {
		g.t.Fatal(err)
	}
	return in.Secret
}

// A browser acts at the host of its mandate and nowhere else; there nobody is ever served as himself (R24, GATEWAY 1).
func TestHostOfMandate(t *testing.T) {
	g := ownShop(t)
	sam := g.acting()
	there := sam.over()

	a := there.get("/orders", browser...)
	if a.StatusCode != http.StatusOK || !strings.Contains(a.body, "Dana") || a.Header.Get("Stead-Acting") != string(sam.last) {
		t.Fatalf("%s %s", a.Status, a.body)
	}
	if r := g.up.last(t); r.Host != g.addr || r.Header.Get("X-Forwarded-Host") != g.addr {
		t.Errorf("the application was told of %q, %q", r.Host, r.Header.Get("X-Forwarded-Host"))
	}
	a = sam.get("/orders?page=1", browser...)
	if to := a.Header.Get("Location"); a.StatusCode != http.StatusSeeOther || to != "http://"+there.host+"/orders?page=1" {
		t.Errorf("at the application's own host: %s %q", a.Status, to)
	}
	reached := len(g.up.requests())
	for name, head := range map[string][]string{"script": script, "form": append([]string{"Origin: http://" + g.addr}, browser...)} {
		if a := sam.do("POST", "/orders/7/note", "text=x", head...); a.StatusCode != http.StatusForbidden || !strings.Contains(a.body, "another address") {
			t.Errorf("%s at the application's own host: %s %s", name, a.Status, a.body)
		}
	}
	if n := len(g.up.requests()); n != reached {
		t.Errorf("%d requests reached the application", n-reached)
	}
	if a := sam.get("/orders"); !strings.Contains(a.body, "Dana") {
		t.Errorf("a program acts where it asked: %s %s", a.Status, a.body)
	}
}

// After the end the host serves nothing for ever, and who was there is where he was, as himself (R16).
func TestHostAfterTheEnd(t *testing.T) {
	for name, end := range map[string]func(g *gate, there *visitor) answer{
		"by hand": func(_ *gate, there *visitor) answer {
			return there.post("/.stead/end", url.Values{"return": {"/orders?page=1"}}, browser...)
		},
		"by itself": func(g *gate, there *visitor) answer {
			g.Clock.Move(11 * 60e9)
			if a := there.get("/orders", browser...); a.StatusCode != http.StatusForbidden || !strings.Contains(a.body, "/.stead/end") {
				t.Errorf("not acknowledged yet: %s %s", a.Status, a.body)
			}
			return there.post("/.stead/end", url.Values{"return": {"/orders?page=1"}, "mandate": {string(there.last)}}, browser...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := ownShop(t)
			sam := g.acting()
			there := sam.over()
			pass := there.cookie
			a := end(g, there)
			if to := a.Header.Get("Location"); a.StatusCode != http.StatusSeeOther || to != "http://"+g.addr+"/orders?page=1" {
				t.Fatalf("%s %q %s", a.Status, to, a.body)
			}
			if !strings.Contains(a.Header.Get("Clear-Site-Data"), `"storage"`) || there.cookie != "" {
				t.Errorf("left behind: %q %q", a.Header.Get("Clear-Site-Data"), there.cookie)
			}
			there.cookie = pass
			reached, before := len(g.up.requests()), g.size()
			for _, head := range [][]string{browser, script, nil} {
				if a := there.get("/orders", head...); a.StatusCode != http.StatusForbidden {
					t.Errorf("served after the end: %s %s", a.Status, a.body)
				}
			}
			e := g.recorded(before, 1)[0]
			if e.Kind != "request.denied" || e.Reason != stead.ReasonBarred || e.What["class"] != "mandate-host" {
				t.Errorf("recorded %+v", e.Event)
			}
			if err := g.Store.Settled(t.Context(), g.size()); err != nil {
				t.Fatal(err)
			}
			why, err := g.Why(t.Context(), g.Login("staff/omar", "api"), e.Decision)
			if err != nil || !why.Same || why.Event.Mandate != there.last || !strings.Contains(why.Decision.Text, string(there.last)+" ended at 2026-03-04T12:") {
				t.Errorf("why: %q of %q, %v", why.Decision.Text, why.Event.Mandate, err)
			}
			if a := there.do("POST", "/orders/7/note", "text=x", browser...); a.StatusCode != http.StatusForbidden {
				t.Errorf("%s %s", a.Status, a.body)
			}
			if n := len(g.up.requests()); n != reached {
				t.Errorf("%d requests reached the application", n-reached)
			}
			if a := sam.get("/orders", browser...); strings.Contains(a.body, "Dana") || !strings.Contains(a.body, "staff/sam") {
				t.Errorf("as himself: %s %s", a.Status, a.body)
			}
			if a := there.get("/.stead/end", browser...); a.StatusCode != http.StatusOK || !strings.Contains(a.body, "http://"+g.addr+"/") {
				t.Errorf("%s %s", a.Status, a.body)
			}
		})
	}
}

// The host of one mandate is nothing to another, to another person, or to who guesses (S-I21).
func TestHostOfAnother(t *testing.T) {
	g := ownShop(t)
	sam := g.acting()
	there := sam.over()
	there.post("/.stead/end", nil, browser...)
	sam.act("subject=erin")
	next := sam.over()
	old := &visitor{g: g, who: sam.who, host: there.host, cookie: next.cookie}
	if a := old.get("/orders", browser...); a.StatusCode != http.StatusSeeOther || !strings.Contains(a.Header.Get("Location"), "/login") {
		t.Errorf("the pass of another host: %s", a.Status)
	}
	again := &visitor{g: g, who: sam.who, last: there.last, cookie: sam.cookie}
	back := again.over()
	if a := back.get("/orders", browser...); a.StatusCode != http.StatusForbidden {
		t.Errorf("an earlier mandate's host: %s %s", a.Status, a.body)
	}
	if a := back.get("/.stead/status"); !strings.Contains(a.body, `"acting":false`) {
		t.Errorf("%s", a.body)
	}
	for _, host := range []string{"x--orders.act.localhost", strings.Replace(there.host, "--orders", "--other", 1), "act.localhost"} {
		if a := (&visitor{g: g, host: host}).get("/orders"); a.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("%s: %s", host, a.Status)
		}
	}
}

// What names the application's host names the mandate's, and the other way round, wherever it stands (GATEWAY 2).
func TestHostsMapped(t *testing.T) {
	page := func(host string) string {
		return fmt.Sprintf(`<!doctype html><title>x</title><base href="http://%[1]s/"><a href="//%[1]s/a">a</a> {"u":"http:\/\/%[1]s\/b"} `+
			`http%%3A%%2F%%2F%[2]s%%2Fc mail@%[1]s x%[1]s %[1]s.test %[1]s1`, host, strings.Replace(host, ":", "%3A", 1))
	}
	var got struct{ query, body, referer, origin string }
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/go":
			w.Header().Set("Location", "http://"+r.Host+"/orders?x=1")
			w.WriteHeader(http.StatusFound)
		case "/api":
			raw, _ := io.ReadAll(r.Body)
			got.query, got.body, got.referer, got.origin = r.URL.RawQuery, string(raw), r.Referer(), r.Header.Get("Origin")
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Link", "<http://"+r.Host+"/n>; rel=next")
			_, _ = io.WriteString(w, `{"self":"http://`+r.Host+`/api"}`)
		case "/raw":
			w.Header().Set("Content-Type", "application/octet-stream")
			_, _ = io.WriteString(w, "http://"+r.Host+"/")
		default:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			for piece := range strings.SplitSeq(page(r.Host), "") { // one byte at a time
				_, _ = io.WriteString(w, piece)
				_ = http.NewResponseController(w).Flush()
			}
		}
	})
	g := newOwn(t, app, func(host, upstream string) []byte {
		return []byte(fmt.Sprintf(`
apps:
  - id: orders
    host: %q
    upstream: %q
    privileged: [staff/admins]
    realms: [{id: all, path: /, acting: true}]
    rules:
      - {id: api, is: read, method: [GET, POST], path: [/api], only: [next, to]}
      - {id: all, is: read, path: ["/**"]}
`, host, upstream))
	})
	there := g.acting().over()
	a := there.get("/", append([]string{"Accept-Encoding: gzip"}, browser...)...)
	own := g.addr
	want := page(there.host)
	for _, kept := range []string{"mail@%s", "x%s", "%s.test", "%s1"} { // these are other names
		want = strings.Replace(want, fmt.Sprintf(" "+kept, there.host), fmt.Sprintf(" "+kept, own), 1)
	}
	for _, part := range strings.Split(strings.ReplaceAll(want, "<a ", " <a "), " ")[2:] {
		if !strings.Contains(a.body, part) {
			t.Errorf("%q is missing in\n%s", part, a.body)
		}
	}
	if a := there.get("/go", browser...); a.Header.Get("Location") != "/orders?x=1" {
		t.Errorf("Location %q", a.Header.Get("Location"))
	}
	coded := url.QueryEscape("http://" + there.host + "/x")
	a = there.do("POST", "/api?next="+coded, "to="+coded, append([]string{"Content-Type: application/x-www-form-urlencoded",
		"Referer: http://" + there.host + "/a?b", "Origin: http://" + there.host}, script...)...)
	if back := url.QueryEscape("http://" + own + "/x"); got.query != "next="+back || got.body != "to="+back ||
		got.referer != "http://"+own+"/a?b" || got.origin != "http://"+own {
		t.Errorf("the application got %+v", got)
	}
	if a.body != `{"self":"http://`+there.host+`/api"}` || a.Header.Get("Link") != "<http://"+there.host+"/n>; rel=next" {
		t.Errorf("%s %v", a.body, a.Header)
	}
	if a := there.get("/raw", script...); a.body != "http://"+own+"/" {
		t.Errorf("no text, mapped: %s", a.body)
	}
}

// An application's further hosts have hosts of the mandate too: redirects lead between them, and the browser is given a
// pass at each before it begins (R24).
func TestSiblings(t *testing.T) {
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/go" {
			w.Header().Set("Location", "http://files.test/a?b=1")
			w.WriteHeader(http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "at "+r.Host+" see http://files.test/x")
	})
	g := newOwn(t, app, func(host, upstream string) []byte {
		return []byte(fmt.Sprintf(`
apps:
  - id: orders
    host: %q
    hosts: [files.test]
    upstream: %q
    reaches: ["https://maps.example.net"]
    privileged: [staff/admins]
    realms: [{id: all, path: /, acting: true}]
    rules: [{id: all, is: read, path: ["/**"], only: [b]}]
`, host, upstream))
	})
	sam := g.acting()
	first := sam.overTo("/.stead/hop?next=%2Forders")
	second := *first
	second.host = strings.Replace(first.host, "--orders.", "--orders-2.", 1)
	a := first.get("/.stead/hop?next=/orders", browser...)
	want := "http://127.0.0.1:8420/login?next=" + url.QueryEscape("http://"+second.host+"/.stead/hop?next=%2Forders")
	if to := a.Header.Get("Location"); to != want {
		t.Errorf("on to the next: %q, want %q", to, want)
	}
	second.cookie = g.pass(sam, second.host)
	if to := second.get("/.stead/hop?next=/orders", browser...).Header.Get("Location"); to != "http://"+first.host+"/orders" {
		t.Errorf("back to the first: %q", to)
	}
	if to := first.get("/go", browser...).Header.Get("Location"); to != "http://"+second.host+"/a?b=1" {
		t.Errorf("Location %q", to)
	}
	a = second.get("/a", browser...)
	if !strings.Contains(a.body, "http://"+second.host+"/x") || g.up.last(t).Host != "files.test" {
		t.Errorf("%s, the application was at %s", a.body, g.up.last(t).Host)
	}
	if csp := a.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "connect-src 'self' http://"+first.host+" https://maps.example.net ws://"+second.host) {
		t.Errorf("%s", csp)
	}
}

// What fills the window says for whom he acts, also where its path is public; what a page loads does not.
func TestPublicDocument(t *testing.T) {
	g := ownShop(t)
	sam := g.acting()
	there := sam.over()
	before := g.size()
	if a := there.get("/static/acme.svg", browser...); a.StatusCode != http.StatusOK || a.Header.Get("Stead-Acting") != string(sam.last) {
		t.Errorf("%s %v", a.Status, a.Header)
	}
	if e := g.recorded(before, 1)[0]; e.Kind != "request.allowed" || e.Mandate != sam.last {
		t.Errorf("recorded %+v", e.Event)
	}
	if a := there.get("/static/acme.svg", script...); a.StatusCode != http.StatusOK || a.Header.Get("Stead-Acting") != "" {
		t.Errorf("%s %v", a.Status, a.Header)
	}
	nobody := &visitor{g: g}
	if a := nobody.get("/static/acme.svg", browser...); a.StatusCode != http.StatusOK {
		t.Errorf("to nobody: %s", a.Status)
	}
}
