package gateway_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

const forwardRules = `
apps:
  - id: orders
    host: %q
    forward_auth: true
    privileged: [admins]
    aware: %v
    target_allows: [";"]
    identity: { headers: { Remote-User: "{subject.name}", X-Really: "{actor.name}" } }
    realms: [ { id: shop, path: /, acting: true } ]
    rules:
      - { id: static, is: public, path: ["/static/**"] }
      - { id: sign-in, is: closed, path: [/login], has: [u] }
      - { id: bye,    is: logout, path: [/look/bye] }
      - { id: look,   is: read,   path: ["/look/**"], only: [a] }
      - { id: search, is: read,   method: [POST], path: [/search], only: [q] }
      - { id: live,   is: read,   path: [/live], socket: true }
`

// A proxyside is where proxies ask about an application that is aware of actors, or is not.
type proxyside struct {
	*gate
	asks *httptest.Server
}

func newProxyside(t testing.TB, aware bool, change ...func(*gate)) *proxyside {
	t.Helper()
	g := newGate(t, http.NotFoundHandler(), func(host, _ string) []byte { return fmt.Appendf(nil, forwardRules, host, aware) }, change...)
	return &proxyside{g, httptest.NewServer(g.gw.ForwardAuth())}
}

// ask asks as a proxy does: at path, with these lines of head. "-Name" leaves out one of the usual.
func (p *proxyside) ask(v *visitor, path string, lines ...string) answer {
	p.t.Helper()
	r, err := http.NewRequest("GET", p.asks.URL+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Host = p.addr
	r.Header = http.Header{"User-Agent": {agent}, "X-Forwarded-Proto": {"http"}, "X-Forwarded-For": {"127.0.0.1"}}
	if v != nil {
		r.AddCookie(&http.Cookie{Name: p.gw.Cookie.Name, Value: v.cookie})
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case name == "Method":
			r.Method = value
		case name == "Host":
			r.Host = value
		case strings.HasPrefix(name, "-"):
			delete(r.Header, name[1:])
		default:
			r.Header[name] = append(r.Header[name], value)
		}
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, _ := io.ReadAll(res.Body)
	return answer{res, string(text)}
}

// about gives the lines by which a dialect tells of a request.
func (p *proxyside) about(dialect, method, target string) (path string, lines []string) {
	switch dialect {
	case "nginx":
		return "/nginx", []string{"X-Original-Method: " + method, "X-Original-Uri: " + target}
	case "envoy":
		return "/envoy" + target, []string{"Method: " + method}
	}
	return "/" + dialect, []string{"X-Forwarded-Method: " + method, "X-Forwarded-Host: " + p.addr, "X-Forwarded-Uri: " + target}
}

var dialects = []string{"nginx", "caddy", "traefik", "envoy"}

// Every dialect gets the same answer about the same request, from whoever asks.
func TestForwardAuth(t *testing.T) {
	p := newProxyside(t, true)
	defer p.asks.Close()
	dana, sam := p.enter("customers/dana"), p.acting()
	for _, tc := range []struct {
		who            *visitor
		method, target string
		status         int
		user           string
	}{
		{dana, "GET", "/look/a?a=1", 200, "dana"},
		{dana, "GET", "/look/a;v=1", 200, "dana"},
		{dana, "POST", "/change", 200, "dana"},
		{nil, "GET", "/look/a", 401, ""},
		{nil, "GET", "/static/a.css", 200, ""},
		{sam, "GET", "/static/a.css", 200, ""},
		{sam, "GET", "/look/a?a=1", 200, "dana"},
		{sam, "HEAD", "/look/a", 200, "dana"},
		{sam, "GET", "/look/a?b=1", 403, ""},
		{sam, "GET", "/change", 403, ""},
		{sam, "POST", "/change", 403, ""},
		{sam, "POST", "/search", 403, ""}, // a body decides, and nobody sees it
		{sam, "GET", "/look/bye", 403, ""},
	} {
		for _, dialect := range dialects {
			path, lines := p.about(dialect, tc.method, tc.target)
			before := p.size()
			a := p.ask(tc.who, path, lines...)
			if a.StatusCode != tc.status || a.Header.Get("Remote-User") != tc.user {
				t.Errorf("%s: %s %s: %s as %q, want %d as %q\n%s", dialect, tc.method, tc.target, a.Status, a.Header.Get("Remote-User"), tc.status, tc.user, a.body)
			}
			var e []authority.StoredEvent
			if tc.user != "" {
				e = p.recorded(before, 2)
			}
			switch really := a.Header.Get("X-Really"); {
			case tc.who == sam && tc.user != "":
				if e[0].Kind != "request.allowed" || e[0].What["path"] != "/look/a" || e[1].Outcome != stead.Unknown {
					t.Errorf("recorded %v: %+v", kindsOf(e), e[0].What)
				}
				if really != "sam" || a.Header.Get("X-Stead-Subject") == "" || a.Header.Get("X-Stead-Assertion") == "" || a.Header.Get("Stead-Acting") == "" {
					t.Errorf("acting: %v", a.Header)
				}
			case really != "":
				t.Errorf("%s %s: the actor is told: %v", tc.method, tc.target, a.Header)
			}
			if c := a.Header.Get("X-Stead-Cookie"); strings.Contains(c, sam.cookie) || strings.Contains(c, dana.cookie) {
				t.Errorf("our own cookie is told on: %q", c)
			}
		}
	}
}

// The assertion is for the request that was asked about, not for the question.
func TestForwardAssertion(t *testing.T) {
	p := newProxyside(t, true)
	defer p.asks.Close()
	path, lines := p.about("caddy", "GET", "/look/a?a=1")
	a := p.ask(p.acting(), path, append(lines, "Cookie: theirs=1")...)
	claims := claimsOf(t, a.Header.Get("X-Stead-Assertion"))
	if claims["htu"] != "http://"+p.addr+"/look/a?a=1" || claims["htm"] != "GET" || a.Header.Get("X-Stead-Cookie") != "theirs=1" {
		t.Errorf("%v, cookie %q", claims, a.Header.Get("X-Stead-Cookie"))
	}
}

// Whoever is not signed in is sent to sign in and come back, as far as the proxy can.
func TestForwardSignIn(t *testing.T) {
	p := newProxyside(t, true)
	defer p.asks.Close()
	for _, dialect := range dialects {
		path, lines := p.about(dialect, "GET", "/look/a?a=1")
		a := p.ask(nil, path, append(lines, "Accept: text/html", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")...)
		status, to := http.StatusSeeOther, a.Header.Get("Location")
		if dialect == "nginx" {
			status, to = http.StatusUnauthorized, a.Header.Get("X-Stead-Location")
		}
		u, err := url.Parse(to)
		if a.StatusCode != status || err != nil || u.Path != "/login" || u.Query().Get("next") != "http://"+p.addr+"/look/a?a=1" {
			t.Errorf("%s: %s to %q", dialect, a.Status, to)
		}
	}
}

// What is odd is a no: names of ours and of proxies' under any spelling, twice, missing, or in another dialect; methods
// and addresses with two readings; hosts that are not asked about here. What is classified is what the application gets.
func TestForwardOdd(t *testing.T) {
	p := newProxyside(t, true)
	defer p.asks.Close()
	dana := p.enter("customers/dana")
	for _, dialect := range dialects {
		path, lines := p.about(dialect, "GET", "/look/a")
		if a := p.ask(dana, path, lines...); a.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %s", dialect, a.Status, a.body)
		}
		for _, line := range []string{
			"X-Stead-Actor: root", "X_Stead_Actor: root", "x.stead.subject: root", "Remote-User: root", "REMOTE_USER: root", "X-Really: root",
			"X-Forwarded-User: root", "X_Forwarded_Method: DELETE", "X-Original-Url: /other", "Forwarded: host=other", "X_Forwarded_Proto: https",
			"Content_Length: 3", "X-Forwarded-Proto: https", "-X-Forwarded-Proto",
		} {
			if a := p.ask(dana, path, append(lines, line)...); a.StatusCode == http.StatusOK {
				t.Errorf("%s with %q: %s", dialect, line, a.Status)
			}
		}
		for _, other := range dialects {
			_, theirs := p.about(other, "GET", "/look/a")
			if other == dialect || strings.HasPrefix(theirs[0], "Method") || dialect+other == "caddytraefik" || dialect+other == "traefikcaddy" {
				continue
			}
			for _, line := range theirs {
				if a := p.ask(dana, path, append(lines, line)...); a.StatusCode == http.StatusOK {
					t.Errorf("%s with %q of %s: %s", dialect, line, other, a.Status)
				}
			}
		}
		for _, target := range []string{"//evil.test/look/a", "/look/../x", "/look/%2e%2e/x", "/look/a%2fb", "/look//a", `/look/\a`, "/look/a%00",
			"/look/a%0d", "/.stead/end", "/.stead/forward-auth", "/look/%zz"} {
			path, lines := p.about(dialect, "GET", target)
			if dialect == "envoy" && strings.Contains(target, "%zz") {
				continue // no client sends it
			}
			if a := p.ask(dana, path, lines...); a.StatusCode == http.StatusOK {
				t.Errorf("%s: %s: %s", dialect, target, a.Status)
			}
		}
		if dialect == "envoy" {
			continue
		}
		for _, target := range []string{"http://" + p.addr + "/look/a", "https://evil.test/look/a", "*", "look/a", "/look/a b", "/look/a#x", ""} {
			path, lines := p.about(dialect, "GET", target)
			if a := p.ask(dana, path, lines...); a.StatusCode == http.StatusOK {
				t.Errorf("%s: %q: %s", dialect, target, a.Status)
			}
		}
		for _, method := range []string{"get", "Get", "CONNECT", "TRACE", "G=T", "GET /x", ""} {
			path, lines := p.about(dialect, method, "/look/a")
			if a := p.ask(dana, path, lines...); a.StatusCode == http.StatusOK {
				t.Errorf("%s: method %q: %s", dialect, method, a.Status)
			}
		}
		for i := range lines {
			if a := p.ask(dana, path, append(lines[:i:i], lines[i+1:]...)...); a.StatusCode == http.StatusOK {
				t.Errorf("%s without %q: %s", dialect, lines[i], a.Status)
			}
			if a := p.ask(dana, path, append(lines, lines[i])...); a.StatusCode == http.StatusOK {
				t.Errorf("%s with %q twice: %s", dialect, lines[i], a.Status)
			}
		}
	}
	for _, host := range []string{"other.test", p.addr + ".", "127.0.0.1", "user@" + p.addr, p.addr + "/x", ""} {
		for _, dialect := range []string{"caddy", "traefik"} {
			if a := p.ask(dana, "/"+dialect, "X-Forwarded-Method: GET", "X-Forwarded-Uri: /look/a", "X-Forwarded-Host: "+host); a.StatusCode == http.StatusOK {
				t.Errorf("%s: host %q: %s", dialect, host, a.Status)
			}
		}
	}
	if a := p.ask(dana, "/nginx", "Host: other.test", "X-Original-Method: GET", "X-Original-Uri: /look/a"); a.StatusCode != http.StatusForbidden {
		t.Errorf("another host: %s", a.Status)
	}
	for _, path := range []string{"/", "/apache", "/nginx2", "/.stead/status"} {
		if a := p.ask(dana, path, "X-Original-Method: GET", "X-Original-Uri: /look/a"); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, a.Status)
		}
	}
}

// R28: nobody acts through another's proxy in an application that is not aware of actors; in one that is, not over
// streams, not with proofs of his own, not with a body where none belongs, and not out of it.
func TestForwardActing(t *testing.T) {
	unaware := newProxyside(t, false)
	defer unaware.asks.Close()
	sam := unaware.acting()
	for _, dialect := range dialects {
		path, lines := unaware.about(dialect, "GET", "/look/a")
		before := unaware.size()
		if a := unaware.ask(sam, path, lines...); a.StatusCode != http.StatusForbidden || a.Header.Get("Remote-User") != "" ||
			a.Header.Get("X-Stead-Reason") != string(stead.ReasonClosed) || a.Header.Get("X-Stead-Decision") == "" {
			t.Errorf("%s: %s %v", dialect, a.Status, a.Header)
		}
		if e := unaware.recorded(before, 1)[0]; e.Kind != "request.denied" || e.What["class"] != "forward-auth" {
			t.Errorf("%s: recorded %s by %q", dialect, e.Kind, e.What["class"])
		}
	}
	aware := newProxyside(t, true)
	defer aware.asks.Close()
	sam = aware.acting()
	dana := aware.enter("customers/dana")
	for _, line := range []string{"Authorization: Basic eA==", "X-Api-Key: 1", "Accept: text/event-stream", "Sec-Websocket-Key: x3JJHMbDL1EzLkh9GBhXDw==",
		"Content-Type: application/x-www-form-urlencoded", "Content-Type: application/json", "X-Original-Body: 3", "X-Original-Body: chunked", "X-Http-Method-Override: DELETE"} {
		path, lines := aware.about("nginx", "GET", "/look/a")
		if a := aware.ask(sam, path, append(lines, line)...); a.StatusCode != http.StatusForbidden {
			t.Errorf("acting with %q: %s", line, a.Status)
		}
		if a := aware.ask(dana, path, append(lines, line)...); a.StatusCode != http.StatusOK {
			t.Errorf("as oneself with %q: %s %s", line, a.Status, a.body)
		}
	}
	stranger := newProxyside(t, true, func(g *gate) { g.gw.Apps[0].FirstVisit, g.gw.Visits = "refuse", g.House.House })
	defer stranger.asks.Close()
	path, lines := stranger.about("nginx", "GET", "/look/a")
	if a := stranger.ask(stranger.acting(), path, lines...); a.StatusCode != http.StatusForbidden {
		t.Errorf("for somebody who never was here: %s", a.Status)
	}
	path, lines = aware.about("nginx", "GET", "/live")
	if a := aware.ask(sam, path, append(lines, "Sec-Websocket-Key: x")...); a.StatusCode != http.StatusForbidden {
		t.Errorf("a socket that is read: %s", a.Status)
	}
	// What has ended is over here too, until its end was seen.
	if _, err := aware.Revoke(t.Context(), aware.Login("staff/omar", "api"), sam.last, "no"); err != nil {
		t.Fatal(err)
	}
	path, lines = aware.about("nginx", "GET", "/look/a")
	if a := aware.ask(sam, path, lines...); a.StatusCode != http.StatusForbidden {
		t.Errorf("after the end: %s as %q", a.Status, a.Header.Get("Remote-User"))
	}
}

// Clients cannot ask: not at the gateway, and not where proxies do unless they are one.
func TestForwardFromProxiesOnly(t *testing.T) {
	p := newProxyside(t, true)
	defer p.asks.Close()
	dana := p.enter("customers/dana")
	for _, path := range []string{"/nginx", "/.stead/forward-auth", "/look/a"} {
		if a := dana.get(path, "X-Original-Method: GET", "X-Original-Uri: /look/a", "X-Forwarded-Proto: http"); a.StatusCode == http.StatusOK {
			t.Errorf("at the gateway, %s: %s", path, a.Status)
		}
	}
	door := p.gw.ForwardAuth()
	from := func(addr string) int {
		r := httptest.NewRequest("GET", "/nginx", nil)
		r.Host, r.RequestURI, r.RemoteAddr = p.addr, "/nginx", addr
		r.Header = http.Header{"User-Agent": {agent}, "X-Forwarded-Proto": {"http"}, "X-Forwarded-For": {"127.0.0.1"}, "X-Original-Method": {"GET"},
			"X-Original-Uri": {"/look/a"}, "Cookie": {p.gw.Cookie.Name + "=" + dana.cookie}}
		w := httptest.NewRecorder()
		door.ServeHTTP(w, r)
		return w.Code
	}
	p.gw.Trusted = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}
	for addr, want := range map[string]int{"10.1.2.3:4": 200, "[::1]:4": 200, "127.0.0.9:4": 200, "10.2.2.3:4": 403, "[2001:db8::1]:4": 403, "": 403, "@": 403} {
		if got := from(addr); got != want {
			t.Errorf("from %q: %d, want %d", addr, got, want)
		}
	}
}

// An application that is behind the gateway is asked about there, and nowhere else; one that is not is not to be had there.
func TestForwardIsChosen(t *testing.T) {
	behind := &proxyside{gate: newGate(t, http.NotFoundHandler(), echo)}
	behind.asks = httptest.NewServer(behind.gw.ForwardAuth())
	defer behind.asks.Close()
	dana := behind.enter("customers/dana")
	for _, dialect := range dialects {
		path, lines := behind.about(dialect, "GET", "/look/a")
		if a := behind.ask(dana, path, lines...); a.StatusCode == http.StatusOK || a.Header.Get("Remote-User") != "" {
			t.Errorf("%s: %s", dialect, a.Status)
		}
	}
	p := newProxyside(t, true)
	defer p.asks.Close()
	for _, path := range []string{"/look/a", "/static/a.css", "/"} {
		if a := p.enter("customers/dana").get(path); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s at the gateway: %s", path, a.Status)
		}
	}
}

// Without a record nobody goes on (S-I3).
func TestForwardWithoutRecord(t *testing.T) {
	p := newProxyside(t, true)
	defer p.asks.Close()
	sam := p.acting()
	slow := p.slow()
	path, lines := p.about("nginx", "GET", "/look/a")
	got := make(chan answer, 1)
	go func() { got <- p.ask(sam, path, lines...) }()
	<-slow.entered
	select {
	case a := <-got:
		t.Errorf("answered before the record: %s", a.Status)
	case <-time.After(60 * time.Millisecond):
	}
	slow.release <- stead.E(stead.Broken, stead.ReasonBroken, "the disk is full")
	if a := <-got; a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Remote-User") != "" {
		t.Errorf("%s %v", a.Status, a.Header)
	}
}

// FuzzForwardTold: whatever a proxy tells, either it is a no or what was decided about is exactly that.
func FuzzForwardTold(f *testing.F) {
	f.Add("GET", "/look/a?a=1", "X-A", "b")
	f.Add("get", "/look/../x", "X_Stead_Actor", "root")
	f.Add("POST", "//x", "X-Forwarded-Host", "x")
	p := newProxyside(f, true)
	f.Fuzz(func(t *testing.T, method, target, name, value string) {
		r := httptest.NewRequest("GET", "/nginx", nil)
		r.Host, r.RequestURI, r.RemoteAddr = p.addr, "/nginx", "127.0.0.1:1"
		r.Header = http.Header{"X-Forwarded-Proto": {"http"}, "X-Original-Method": {method}, "X-Original-Uri": {target}}
		if len(r.Header[name]) > 0 {
			return
		}
		r.Header[name] = []string{value}
		w := httptest.NewRecorder()
		p.gw.ForwardAuth().ServeHTTP(w, r)
		if w.Code == http.StatusOK && (!strings.HasPrefix(target, "/static/") || web.CheckTarget(target, web.Tokens{";"}) != nil || web.FoldHeader(name) == "xsteadactor") {
			t.Errorf("%q %q with %q: %q goes on", method, target, name, value)
		}
	})
}

// claimsOf reads a token that another test verifies.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no token", token)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{}
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}
