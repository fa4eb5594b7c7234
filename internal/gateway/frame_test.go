package gateway_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// inner are the heads of a link that was pressed in a frame.
var inner = []string{"Accept: text/html,application/xhtml+xml", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe", "Sec-Fetch-User: ?1"}

// maxFields is how many fields of a form are read.
const maxFields = 1000

const thePage = "<!doctype html><title>Page</title><p>The page."

// newFramed is an application whose policies stay as they are.
func newFramed(t *testing.T, csp ...string) (*gate, *visitor) {
	t.Helper()
	g := newOwn(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Security-Policy"] = slices.Clone(csp)
		w.Header().Set("X-Frame-Options", "DENY")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(thePage))
	}), func(host, upstream string) []byte {
		return []byte("apps:\n  - id: orders\n    host: " + host + "\n    upstream: " + upstream + "\n    privileged: [staff/admins]\n    banner: { csp: frame }\n" +
			"    realms: [{ id: shop, path: /, acting: true }]\n    rules:\n      - { id: css, is: public, path: [/logo] }\n      - { id: look, is: read, path: [\"/orders\", \"/shown\"] }\n      - { id: find, is: read, method: [POST], path: [/find], only: [q] }\n")
	})
	return g, g.acting().over()
}

// What fills the window is ours, what fills the frame is the application's to the last byte, with its policies but for who
// may stand around it.
func TestFramed(t *testing.T) {
	policies := []string{"sandbox; script-src 'none'; frame-ancestors 'none', default-src 'self'", "frame-ancestors https://x.example"}
	g, sam := newFramed(t, policies...)
	reached, since := len(g.up.requests()), g.size()
	a := sam.get("/orders", browser...)
	if a.StatusCode != http.StatusOK || !strings.Contains(a.body, `src="http://`+sam.host+`/orders"`) || !strings.Contains(a.body, `id="stead-bar"`) || strings.Contains(a.body, "The page.") {
		t.Fatalf("%s %s", a.Status, a.body)
	}
	csp := strings.Join(a.Header["Content-Security-Policy"], ", ")
	if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") ||
		!strings.Contains(csp, "frame-src 'self';") || a.Header.Get("X-Frame-Options") != "DENY" || a.Header.Get("Stead-Acting") != string(sam.last) {
		t.Errorf("around: %v", a.Header)
	}
	if n := len(g.up.requests()); n != reached {
		t.Errorf("the window itself sent %d requests to the application", n-reached)
	}
	if e := g.leaves(since, "request.allowed", "request.served")[1]; e.What["page"] != "frame" || e.Status != http.StatusOK {
		t.Errorf("recorded %+v", e)
	}
	a = sam.get("/orders", inner...)
	if a.body != thePage || a.Header.Get("X-Frame-Options") != "" || a.Header.Get("Stead-Acting") != string(sam.last) {
		t.Errorf("within: %s %v", a.body, a.Header)
	}
	want := []string{"sandbox; script-src 'none'; frame-ancestors 'self', default-src 'self'", "frame-ancestors https://x.example 'self'"}
	if got := a.Header["Content-Security-Policy"]; len(got) != 4 || !slices.Equal(got[:2], want) || got[3] != "frame-ancestors 'self'" {
		t.Errorf("policies within: %q", got)
	}
	if a := sam.get("/orders", "Accept: text/html"); !strings.Contains(a.body, "The page.") || !strings.Contains(a.body, `id="stead-bar"`) {
		t.Errorf("who does not say what is filled: %s", a.body)
	}
	if a := sam.get("/logo", inner...); a.body != thePage || g.up.last(t).Header.Get("X-Stead-Subject") == "" {
		t.Errorf("what fills the frame is nobody's: %v", a.Header)
	}
}

// A no in the frame can be shown there and leads out of it; what was sent to the window is sent on once, and from nowhere
// else; without a pass only our own page asks again.
func TestFramedRefusals(t *testing.T) {
	g, sam := newFramed(t)
	a := sam.get("/closed", inner...)
	if a.StatusCode != http.StatusForbidden || !strings.Contains(a.body, `<base target="_top"`) || strings.Contains(a.body, `id="stead-bar"`) ||
		a.Header.Get("X-Frame-Options") != "" || !strings.Contains(a.Header.Get("Content-Security-Policy"), "frame-ancestors 'self'") {
		t.Errorf("%s %v %s", a.Status, a.Header, a.body)
	}
	form := append([]string{"Content-Type: application/x-www-form-urlencoded", "Origin: http://" + sam.host}, browser...)
	reached := len(g.up.requests())
	a = sam.do("POST", "/find", "q=a%26%22b&q=2", form...)
	if a.StatusCode != http.StatusOK || !strings.Contains(a.body, `name="q" value="a&amp;&#34;b"`) || !strings.Contains(a.body, `name="q" value="2"`) || !strings.Contains(a.body, `target="stead-app"`) {
		t.Errorf("%s %s", a.Status, a.body)
	}
	if a := sam.do("POST", "/find", "--x", append(form, "Content-Type: multipart/form-data; boundary=x")...); a.StatusCode != http.StatusConflict || !strings.Contains(a.body, "nothing was sent") {
		t.Errorf("what no page can send on: %s %s", a.Status, a.body)
	}
	if a := sam.do("POST", "/find", "q=1", append(form, "Origin: http://evil.example", "Sec-Fetch-Site: cross-site")...); a.StatusCode != http.StatusForbidden || strings.Contains(a.body, "stead-again") {
		t.Errorf("another site's form is sent on: %s %s", a.Status, a.body)
	}
	since := g.size()
	if a := sam.do("POST", "/find", strings.Repeat("a&", maxFields+1), form...); a.StatusCode != http.StatusBadRequest || !strings.Contains(a.body, "nothing was sent") {
		t.Errorf("more fields than any form has: %s, %d bytes", a.Status, len(a.body))
	}
	if e := g.leaves(since, "request.allowed", "request.served")[1]; e.Status != http.StatusBadRequest {
		t.Errorf("recorded %+v", e)
	}
	if n := len(g.up.requests()); n != reached {
		t.Errorf("%d requests reached the application", n-reached)
	}
	stranger := &visitor{g: g, host: sam.host}
	away := append(slices.Clone(inner), "Sec-Fetch-Site: cross-site")
	if a := stranger.get("/orders", away...); !strings.Contains(a.body, `http-equiv="refresh" content="0"`) || !strings.Contains(strings.Join(a.Header["Content-Security-Policy"], ","), "frame-ancestors 'self'") {
		t.Errorf("a link of a page in a sandbox: %s %s", a.Status, a.body)
	}
	byItself := slices.DeleteFunc(away, func(h string) bool { return h == "Sec-Fetch-User: ?1" })
	if a := stranger.get("/orders", byItself...); strings.Contains(a.body, "refresh") || !strings.Contains(a.body, `<a href="">`) {
		t.Errorf("what nobody pressed is asked for again and again: %s %s", a.Status, a.body)
	}
	if a := stranger.get("/orders", inner...); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("asked again: %s", a.Status)
	}
}

// Only of a page that can say nothing of itself is its address noted.
func TestFramedNote(t *testing.T) {
	for csp, want := range map[string]string{"sandbox allow-scripts": "%2Forders", "sandbox allow-same-origin": "", "default-src 'self'": ""} {
		_, sam := newFramed(t, csp)
		got := ""
		for _, c := range sam.get("/orders", inner...).Cookies() {
			if c.Name == "stead-at" {
				got = c.Value
			}
		}
		if got != want {
			t.Errorf("%s: noted %q", csp, got)
		}
	}
}

// An application that draws itself gets its pages as they are, and what to draw by.
func TestHeaderOnly(t *testing.T) {
	g := newOwn(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(thePage))
	}), func(host, upstream string) []byte {
		return []byte("apps:\n  - id: orders\n    host: " + host + "\n    upstream: " + upstream + "\n    privileged: [staff/admins]\n    aware: true\n    banner: { csp: header_only }\n" +
			"    realms: [{ id: shop, path: /, acting: true }]\n    rules: [{ id: look, is: read, path: [\"/orders\"] }]\n")
	})
	sam := g.acting().over()
	a := sam.get("/orders", browser...)
	told := g.up.last(t).Header
	if a.body != thePage || a.Header.Get("Stead-Acting") != string(sam.last) || !strings.Contains(a.Header.Get("Cache-Control"), "no-store") ||
		told.Get("X-Stead-Subject") == "" || told.Get("X-Stead-Actor") == "" || told.Get("X-Stead-Mode") != "read-only" || told.Get("X-Stead-Mandate") != string(sam.last) {
		t.Errorf("%v %s, told %v", a.Header, a.body, told)
	}
	if a := sam.get("/closed", browser...); a.StatusCode != http.StatusForbidden || !strings.Contains(a.body, `id="stead-bar"`) {
		t.Errorf("a page of Stead's own: %s", a.Status)
	}
}
