package gateway_test

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead/internal/authority"
)

// opensSocket is the handshake of a page's script in Chromium: it has an Origin and no Sec-Fetch header.
func (v *visitor) opensSocket(origin string) (status int, body string) {
	v.g.t.Helper()
	res, err := v.g.raw(fmt.Sprintf("GET /live HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nCookie: %s=%s\r\nOrigin: %s\r\n%s", cmp.Or(v.host, v.g.addr), agent,
		v.g.gw.Cookie.Name, v.cookie, origin, upgrade))
	if err != nil {
		v.g.t.Fatal(err)
	}
	raw := make([]byte, 4096)
	n, _ := io.ReadFull(res.Body, raw)
	return res.StatusCode, string(raw[:n])
}

// A browser's socket is a browser's, though it says less of itself: it acts at the mandate's host alone, only for pages of
// that mandate, and is nobody at the keyboard (R15, R24).
func TestSocketsOfBrowsers(t *testing.T) {
	g := newOwn(t, http.NotFoundHandler(), func(host, upstream string) []byte {
		return fmt.Appendf(nil, `
apps:
  - id: orders
    host: %q
    upstream: %q
    privileged: [staff/admins]
    realms: [{id: all, path: /, acting: true}]
    rules: [{id: live, is: read, path: [/live], socket: true}]
`, host, upstream)
	})
	sam := g.acting()
	there := sam.over()
	seen := len(g.up.requests())
	if code, _ := sam.opensSocket("http://" + g.addr); code != http.StatusForbidden {
		t.Errorf("at the application's own host: %d", code)
	}
	other := strings.Replace(there.host, there.host[:16], "aaaaaaaaaaaaaaaa", 1)
	for _, from := range []string{"http://" + other, "http://" + g.addr, "http://evil.test", "null"} {
		if code, body := there.opensSocket(from); code != http.StatusForbidden || !strings.Contains(body, "cross-origin") {
			t.Errorf("for a page of %s: %d %s", from, code, body)
		}
	}
	if n := len(g.up.requests()) - seen; n != 0 {
		t.Errorf("%d reached the application", n)
	}
	there.opensSocket("http://" + there.host)
	if n := len(g.up.requests()) - seen; n != 1 {
		t.Errorf("for a page of its own: %d reached the application", n)
	}
}

// On a shared host a socket says of which time its page is, as a form does (R17).
func TestSocketsOfStalePages(t *testing.T) {
	g := newGate(t, http.NotFoundHandler(), echo)
	sam := g.acting()
	seen := len(g.up.requests())
	if code, body := sam.opensSocket("http://" + g.addr); code != http.StatusConflict || len(g.up.requests()) != seen {
		t.Errorf("without an epoch: %d %s", code, body)
	}
	sam.opensSocket("http://" + g.addr + "\r\nStead-Epoch: " + sam.epoch())
	if len(g.up.requests()) != seen+1 {
		t.Error("with the right one it does not reach the application")
	}
}

// Nobody is at the keyboard of a socket, or of a frame that loads itself again (R15).
func TestSocketsAreNoActivity(t *testing.T) {
	g := newGate(t, http.NotFoundHandler(), echo)
	sam := g.acting()
	idle := func() string {
		t.Helper()
		_, until, _ := strings.Cut(sam.get("/.stead/status").body, `"until":"`)
		return until[:20]
	}
	_ = idle()
	before := g.lastActed(t, sam)
	g.Clock.Move(10 * time.Second)
	sam.opensSocket("http://" + g.addr + "\r\nStead-Epoch: " + sam.epoch())
	if _, err := g.raw("GET /live HTTP/1.1\r\nHost: " + g.addr + "\r\nUser-Agent: " + agent + "\r\nCookie: " + g.gw.Cookie.Name + "=" + sam.cookie + "\r\n" + upgrade); err != nil {
		t.Fatal(err)
	}
	sam.get("/look/a", "Accept: text/html", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe")
	if after := g.lastActed(t, sam); !after.Equal(before) {
		t.Errorf("sockets and a frame moved the idle clock from %v to %v", before, after)
	}
	sam.get("/look/a")
	if after := g.lastActed(t, sam); !after.After(before) {
		t.Error("a page did not")
	}
}

// lastActed is when the mandate was last used by hand.
func (g *gate) lastActed(t *testing.T, v *visitor) (at time.Time) {
	t.Helper()
	if err := g.Store.Settled(t.Context(), g.Store.Head().Size); err != nil {
		t.Fatal(err)
	}
	g.Store.View().Read(func(s *authority.State) { at = s.Acted(v.last) })
	return at
}

// A service worker would answer for the application after the end, and without the bar: no rule lets its script pass (R11).
func TestWorkerOfAPublicPath(t *testing.T) {
	for name, open := range map[string]func(testing.TB) *gate{"own host": ownShop, "shared host": newShop} {
		t.Run(name, func(t *testing.T) {
			g := open(t)
			sam := g.acting()
			if name == "own host" {
				sam = sam.over()
			}
			reached := len(g.up.requests())
			a := sam.get("/static/orders.css", append([]string{"Service-Worker: script"}, script...)...)
			if a.StatusCode != http.StatusForbidden || len(g.up.requests()) != reached {
				t.Errorf("%s %s", a.Status, a.body)
			}
		})
	}
}

// A page's frames and workers are bounded like the page, whatever class their address has (R24).
func TestNarrowEverywhere(t *testing.T) {
	g := ownShop(t)
	there := g.acting().over()
	frame := []string{"Accept: text/html", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"}
	for path, head := range map[string][]string{"/orders": frame, "/static/orders.css": script, "/api/orders": script} {
		if csp := there.get(path, head...).Header.Values("Content-Security-Policy"); !strings.Contains(strings.Join(csp, ","), "connect-src 'self'") {
			t.Errorf("%s: %v", path, csp)
		}
	}
}

// Only a person signs out.
func TestOutByScript(t *testing.T) {
	g := newShop(t)
	sam := g.enter("staff/sam")
	if a := sam.post("/.stead/out", nil, script...); a.StatusCode != http.StatusForbidden {
		t.Errorf("%s %s", a.Status, a.body)
	}
	if a := sam.get("/.stead/status"); a.StatusCode != http.StatusOK {
		t.Errorf("he is out: %s", a.Status)
	}
}

// What a client may prove itself with reaches no application while somebody acts, under names that nobody listed; tokens
// against forged requests do (R22, GATEWAY 6).
func TestProofsAreDropped(t *testing.T) {
	g := newGate(t, http.NotFoundHandler(), echo)
	sam := g.acting()
	dropped := []string{"X-Redmine-Api-Key", "X-Redmine-Switch-User", "Job-Token", "X-Auth-Key", "X-Vault-Token", "X-Goog-Api-Key",
		"Ocp-Apim-Subscription-Key", "X-Jwt-Assertion", "X-Github-Token", "X-Impersonate"}
	kept := []string{"X-Csrf-Token", "X-Xsrf-Token", "Requesttoken", "X-Atlassian-Token", "X-Wp-Nonce"}
	var head []string
	for _, name := range append(dropped, kept...) {
		head = append(head, name+": x")
	}
	sam.get("/look/a", head...)
	got := g.up.last(t).Header
	for _, name := range dropped {
		if got.Get(name) != "" {
			t.Errorf("%s reached the application", name)
		}
	}
	for _, name := range kept {
		if got.Get(name) == "" {
			t.Errorf("%s is missing", name)
		}
	}
}

// A page of one mandate can neither learn of the next nor send anything to its host.
func TestMandatesApart(t *testing.T) {
	g := newOwn(t, http.NotFoundHandler(), echo)
	there := g.acting().over()
	for _, from := range []string{"http://" + strings.Replace(there.host, there.host[:16], "aaaaaaaaaaaaaaaa", 1), "http://" + g.addr} {
		a := there.do("POST", "/look/a", "x=1", append([]string{"Origin: " + from, "Content-Type: application/x-www-form-urlencoded"}, browser...)...)
		if a.StatusCode != http.StatusForbidden || !strings.Contains(a.body, "cross-origin") {
			t.Errorf("from %s: %s %s", from, a.Status, a.body)
		}
	}
	there.post("/.stead/end", nil, browser...)
	sam := g.enter("staff/sam")
	if a := sam.act("mode=edit"); a.StatusCode != http.StatusAccepted {
		t.Fatal(a.Status, a.body)
	}
	dead := &visitor{g: g, host: there.host, cookie: g.pass(sam, there.host)}
	if a := dead.get("/.stead/status", script...); strings.Contains(a.body, "pending") {
		t.Errorf("a page of an ended mandate is told of the next: %s", a.body)
	}
	if a := sam.get("/.stead/status"); !strings.Contains(a.body, "pending") {
		t.Errorf("he himself is not: %s", a.body)
	}
}

// However a Refresh is written, it leads nowhere else while somebody acts (R21).
func TestRefreshElsewhere(t *testing.T) {
	var line string
	g := newGate(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Refresh", line)
		_, _ = io.WriteString(w, "x")
	}), echo)
	sam := g.acting()
	for _, line = range []string{"0; url=http://evil.test", "0 url=http://evil.test", "0,http://evil.test", "0;http://evil.test", "  0\tURL = 'http://evil.test'", ".5;\"http://evil.test\"", "0;;url=//evil.test"} {
		if a := sam.get("/look/a", browser...); a.StatusCode != http.StatusForbidden {
			t.Errorf("%q: %s %q", line, a.Status, a.Header.Get("Refresh"))
		}
	}
	line = "5"
	if a := sam.get("/look/a", browser...); a.StatusCode != http.StatusOK || a.Header.Get("Refresh") != "5" {
		t.Errorf("%s %q", a.Status, a.Header.Get("Refresh"))
	}
}

// More parameters than applications take are not read: what they might say is a write (A17).
func TestTooManyParameters(t *testing.T) {
	g := newGate(t, http.NotFoundHandler(), func(host, upstream string) []byte {
		return fmt.Appendf(nil, `
apps:
  - id: orders
    host: %q
    upstream: %q
    privileged: [staff/admins]
    realms: [{id: all, path: /, acting: true}]
    rules: [{id: find, is: read, method: [POST], path: [/find], only: ["p*"]}]
`, host, upstream)
	})
	sam := g.acting()
	for n, want := range map[int]int{900: http.StatusNotFound, 1001: http.StatusForbidden} {
		f, members := url.Values{}, []string{}
		for i := range n {
			f.Set(fmt.Sprint("p", i), "1")
			members = append(members, fmt.Sprintf(`"p%d":1`, i))
		}
		if a := sam.post("/find", f); a.StatusCode != want {
			t.Errorf("%d in a form: %s", n, a.Status)
		}
		if a := sam.do("POST", "/find", "{"+strings.Join(members, ",")+"}", "Content-Type: application/json"); a.StatusCode != want {
			t.Errorf("%d in JSON: %s", n, a.Status)
		}
	}
}
