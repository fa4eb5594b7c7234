package gateway_test

import (
	"bufio"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// reserved tells what an application could take for our word.
func reserved(name string) bool {
	f := web.FoldHeader(name)
	return strings.HasPrefix(f, "xstead") || slices.Contains([]string{"remoteuser", "smuser", "smuserimpersonatorname", "xwho",
		"xremoteuser", "impersonateuser"}, f)
}

// No alias, no nomination and no trailer of a reserved name reaches the application (A1, A3, A4, A5, S-I25).
func TestReservedHeaders(t *testing.T) {
	g := newGate(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }), echo)
	sam := g.acting()
	names := []string{"X-Stead-Actor", "X_Stead_Actor", "x.stead.actor", "X-STEAD-SUBJECT", "x_stead-mode", "Remote_User", "REMOTE-USER",
		"SM-USER", "sm_user", "Sm.User", "X-Who", "x_who", "X-Remote-User", "Impersonate-User"}
	for _, path := range []string{"/look/a", "/static/a"} {
		for _, name := range names {
			for _, extra := range []string{"", "Connection: " + name + "\r\n", "Connection: close, " + strings.ToLower(name) + "\r\n"} {
				c := sam.dial(t, "GET "+path+" HTTP/1.1\r\n"+name+": person:staff/root\r\n"+name+": two\r\n"+extra+"\r\n")
				res, body := answerOn(t, c)
				if res.StatusCode == http.StatusBadRequest {
					continue
				}
				if res.StatusCode != http.StatusOK {
					t.Fatalf("%s %s: %s %s", path, name, res.Status, body)
				}
				checkReserved(t, path, name, g.up.last(t))
			}
		}
	}
}

func checkReserved(t *testing.T, path, sent string, up *http.Request) {
	t.Helper()
	want := map[string]string{"X-Stead-Subject": "person:customers/dana", "X-Stead-Actor": "person:staff/sam", "X-Stead-Mode": "read-only",
		"X-Who": "Sam Okafor as Dana Reyes", "Remote-User": "dana", "Sm_user": "dana", "Sm_userimpersonatorname": "sam"}
	for name, values := range up.Header {
		switch {
		case !reserved(name):
		case path == "/static/a":
			t.Errorf("%s sent: a public request says %s", sent, name)
		case len(values) != 1 || strings.Contains(values[0], "root"):
			t.Errorf("%s sent: %s = %q", sent, name, values)
		}
	}
	for name, value := range want {
		if got := up.Header[name]; path != "/static/a" && (len(got) != 1 || got[0] != value) {
			t.Errorf("%s sent: %s = %q, want %q", sent, name, got, value)
		}
	}
}

// What a client proves itself with stays here, and so does what it says of itself (A5, S-I22, R22).
func TestWhatIsDropped(t *testing.T) {
	g := newGate(t, http.NotFoundHandler(), echo)
	head := []string{"Authorization: Bearer canary", "Proxy-Authorization: canary", "X-Api-Key: canary", "Private-Token: canary",
		"X-Forwarded-For: 6.6.6.6", "Forwarded: for=6.6.6.6", "X-Forwarded-Host: canary", "X-Real-Ip: 6.6.6.6",
		"X-Original-Url: canary", "X-Override-Url: canary", "X_Override_Url: canary", "Proxy: canary", "Cookie: app=own"}
	for _, name := range []string{"X-HTTP-Method-Override", "X_HTTP_Method_Override", "Method-Override", "X-Method"} {
		g.enter("customers/erin").get("/look/a", name+": canary")
		for sent, values := range g.up.last(t).Header {
			if slices.Contains(values, "canary") {
				t.Errorf("an override reached the application: %s", sent)
			}
		}
	}
	for _, tc := range []struct {
		who    *visitor
		cookie string
	}{{g.enter("customers/dana"), "app=own"}, {g.acting(), ""}} {
		tc.who.post("/change", url.Values{}, append(head, browser...)...)
		tc.who.get("/look/a", head...)
		up := g.up.last(t)
		for name, values := range up.Header {
			for _, v := range values {
				if strings.Contains(v, "canary") || strings.Contains(v, "6.6.6.6") || strings.Contains(v, tc.who.cookie) {
					t.Errorf("%s: %s reached the application", name, v)
				}
			}
		}
		if got := up.Header.Get("Cookie"); got != tc.cookie {
			t.Errorf("Cookie %q, want %q", got, tc.cookie)
		}
		if up.Header.Get("X-Forwarded-For") != "127.0.0.1" || up.Header.Get("X-Forwarded-Host") != g.addr || up.Host != g.addr {
			t.Errorf("%v", up.Header)
		}
	}
}

// Ambiguous requests are 400 and reach nobody (A6, A9, A10, S-I26).
func TestAmbiguousRequests(t *testing.T) {
	g := newGate(t, http.NotFoundHandler(), echo)
	sam := g.acting()
	for _, line := range []string{
		"GET /static/../look/a", "GET /static/./../x", "GET /static/%2e%2e/x", "GET /static/..%2fx", "GET /static/%252e%252e/x", "GET /static//x",
		"GET /static/..;/x", `GET /static\..\x`, "GET /look/a#/static/b", "GET http://evil.test/look/a", "GET //evil.test/x", "CONNECT /x", "TRACE /x",
		"GET /look/%00", "get /look/a", "PRI *",
	} {
		if code := statusOn(sam.dial(t, line+" HTTP/1.1\r\nConnection: close\r\n\r\n")); code < 400 || code > http.StatusNotImplemented {
			t.Errorf("%s: %d", line, code)
		}
	}
	for _, head := range []string{"Content-Length: 3\r\nTransfer-Encoding: chunked", "Content-Length: 3\r\nContent-Length: 3",
		"Connection: upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: x", "Transfer-Encoding: identity", "Host: other.test"} {
		if code := statusOn(sam.dial(t, "GET /look/a HTTP/1.1\r\n"+head+"\r\n\r\n0\r\n\r\n")); code < 400 || code > http.StatusNotImplemented {
			t.Errorf("%s: %d", head, code)
		}
	}
	if res, err := g.raw("GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n"); err != nil || res.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("a foreign host: %v %v", res, err)
	}
	if len(g.up.requests()) != 0 {
		t.Errorf("%d reached the application", len(g.up.requests()))
	}
}

// statusOn is the status of the answer on c. A connection that is dropped without one has refused too.
func statusOn(c net.Conn) int {
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return http.StatusBadRequest
	}
	if err != nil {
		return 0
	}
	return res.StatusCode
}

// A closed part stays closed under every spelling of its path, and the record says so.
func TestRealmsUnderOtherSpellings(t *testing.T) {
	g := newShop(t)
	sam := g.acting()
	for path, want := range map[string]stead.Reason{"/admin": stead.ReasonRealm, "/Admin": stead.ReasonClosed, "/ADMIN/x": stead.ReasonClosed,
		"/admin/": stead.ReasonRealm, "/%61dmin": stead.ReasonRealm, "/%2561dmin": stead.ReasonClosed, "/adm%69n/x": stead.ReasonRealm} {
		before := g.size()
		if a := sam.get(path, browser...); a.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s", path, a.Status)
		}
		if e := g.leaves(before, "request.denied")[0]; e.Reason != want {
			t.Errorf("%s: %s, want %s", path, e.Reason, want)
		}
	}
	if len(g.up.requests()) != 0 {
		t.Error("something reached the application")
	}
}

// No address is open because it looks like a probe (A13).
func TestNoProbeIsSpecial(t *testing.T) {
	g := newGate(t, http.NotFoundHandler(), echo)
	for _, path := range []string{"/look/a", "/look/healthz", "/healthz", "/livez", "/readyz", "/metrics", "/favicon.ico", "/.well-known/x"} {
		for _, ua := range []string{"kube-probe/1.30", "ELB-HealthChecker/2.0", "GoogleHC/1.0"} {
			if a := (&visitor{g: g}).get(path, "User-Agent: "+ua); a.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s by %s: %s", path, ua, a.Status)
			}
		}
	}
	if len(g.up.requests()) != 0 {
		t.Error("something reached the application")
	}
}

// Oversized requests cost little (A17).
func TestOversized(t *testing.T) {
	g := newGate(t, http.NotFoundHandler(), echo)
	sam := g.acting()
	for name, request := range map[string]string{
		"header":  "GET /look/a HTTP/1.1\r\nX: " + strings.Repeat("x", 60<<10) + "\r\n\r\n",
		"cookies": "GET /look/a HTTP/1.1\r\nCookie: " + strings.Repeat("a=b; ", 5000) + "c=d\r\n\r\n",
		"params":  "GET /look/a?" + strings.Repeat("a&", 3000) + " HTTP/1.1\r\n\r\n",
	} {
		if res, _ := answerOn(t, sam.dial(t, request)); res.StatusCode < 400 || res.StatusCode >= 500 {
			t.Errorf("%s: %s", name, res.Status)
		}
	}
}

// Names with control bytes and other letters cannot break out of a header or a page (A16, B11).
func TestOddNames(t *testing.T) {
	app := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html><title>x</title><body><p>hello")
	})
	for _, shown := range []string{"Zoë Ünal", "</section><script>alert(1)</script>", `" onmouseover="alert(1)`, "a\r\nX-Stead-Mode: edit", "x\x00y", "50% off"} {
		g := newGate(t, app, echo)
		dana := g.People["customers/dana"]
		if _, err := g.Change(t.Context(), g.root(), dana.ID, authority.Edit{Shown: &shown}); err != nil {
			if stead.KindOf(err) == stead.Invalid {
				continue // refused at the door it came in by
			}
			t.Fatal(err)
		}
		sam := g.acting()
		a := sam.get("/look/a", browser...)
		if a.StatusCode != http.StatusOK || strings.Contains(a.body, "<script>") || strings.Contains(a.body, `" onmouseover`) {
			t.Errorf("%q: %s\n%s", shown, a.Status, a.body)
		}
		up := g.up.last(t)
		if who := up.Header["X-Who"]; len(who) != 1 || len(up.Header["X-Stead-Mode"]) != 1 || strings.ContainsFunc(who[0], func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q: %q", shown, who)
		}
	}
}

func (g *gate) root() authority.By {
	by := g.Login("staff/root", "api")
	if _, err := g.StepUp(g.t.Context(), by, g.Code("staff/root")); err != nil {
		g.t.Fatal(err)
	}
	return by
}

// Other sites' forms end nothing and start nothing (B4).
func TestCrossSite(t *testing.T) {
	g := newShop(t)
	sam := g.acting()
	for _, path := range []string{"/.stead/end", "/.stead/out", "/.stead/extend", "/.stead/act"} {
		for _, head := range [][]string{
			{"Origin: http://evil.test"}, {"Origin: null"}, {"Sec-Fetch-Site: cross-site"}, {"Sec-Fetch-Site: same-site"},
			{"Origin: http://127.0.0.1:8420"}, {"Origin: http://127.0.0.1:8420", "Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: navigate"},
		} {
			a := sam.do("POST", path, "x=1", append(head, "Content-Type: text/plain")...)
			elsewhere := a.StatusCode == http.StatusSeeOther && strings.HasPrefix(a.Header.Get("Location"), "http://127.0.0.1:8420/act")
			if a.StatusCode != http.StatusForbidden && !elsewhere {
				t.Errorf("%s %v: %s", path, head, a.Status)
			}
		}
	}
	if a := sam.get("/.stead/status"); !strings.Contains(a.body, `"acting":true`) {
		t.Errorf("%s", a.body)
	}
}

// Every page of ours refuses frames and scripts (B5).
func TestOwnPagesAreGuarded(t *testing.T) {
	g := newShop(t)
	sam := g.acting()
	for _, r := range g.gw.Routes().List() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		if method != "GET" || strings.Contains(path, "{") {
			continue
		}
		a := sam.get(path, browser...)
		if a.StatusCode/100 == 3 {
			continue
		}
		if csp := a.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "script-src") {
			t.Errorf("%s: %q", path, csp)
		}
	}
}

// A pass in another client's hands is worth nothing (B1).
func TestStolenCookie(t *testing.T) {
	g := newShop(t)
	sam := g.acting()
	before := g.size()
	if a := sam.get("/", "User-Agent: other/1"); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("%s", a.Status)
	}
	if e := g.recorded(before, 1)[0]; e.Reason != stead.ReasonOtherClient {
		t.Errorf("%s %s", e.Kind, e.Reason)
	}
}

// A socket is its own action: closed in a read-only mandate (B8), and cut at the end of one that may edit (B7).
func TestSockets(t *testing.T) {
	const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n"
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_ = rw.Flush()
		_, _ = io.Copy(c, rw)
	})
	g := newGate(t, app, echo)
	sam := g.acting()
	if res, _ := answerOn(t, sam.dial(t, "GET /look/a HTTP/1.1\r\n"+upgrade)); res.StatusCode != http.StatusForbidden || len(g.up.requests()) != 0 {
		t.Errorf("read-only: %s", res.Status)
	}
	sam.post("/.stead/end", mandate(sam))

	sam = g.edits()
	c := sam.dial(t, "GET /socket HTTP/1.1\r\n"+upgrade)
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	in := bufio.NewReader(c)
	if res, err := http.ReadResponse(in, nil); err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v %v", res, err)
	}
	ping := func() error {
		_, _ = io.WriteString(c, "ping")
		_, err := io.ReadFull(in, make([]byte, 4))
		return err
	}
	if err := ping(); err != nil {
		t.Fatal(err)
	}
	g.gw.Sweep(t.Context())
	if err := ping(); err != nil {
		t.Fatalf("cut without a reason: %v", err)
	}
	if _, err := g.Revoke(t.Context(), g.Login("staff/omar", "api"), sam.last, "no"); err != nil {
		t.Fatal(err)
	}
	g.gw.Sweep(t.Context())
	for ping() == nil { // what is on its way may arrive
	}
}

// Streams are cut when acting begins and when it ends (R17, B7).
func TestStreamsAreCut(t *testing.T) {
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: 1\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	g := newGate(t, app, echo)
	sam := g.enter("staff/sam")
	open := func() *bufio.Reader {
		c := sam.dial(t, "GET /look/stream HTTP/1.1\r\n\r\n")
		_ = c.SetDeadline(time.Now().Add(5 * time.Second))
		in := bufio.NewReader(c)
		if res, err := http.ReadResponse(in, nil); err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%v %v", res, err)
		}
		return in
	}
	ended := func(in *bufio.Reader) {
		t.Helper()
		if rest, err := io.ReadAll(in); err != nil || strings.Contains(string(rest), "\r\n0\r\n") {
			t.Errorf("not cut, or as if it were whole: %q %v", rest, err)
		}
	}
	own := open()
	if a := sam.act(); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s %s", a.Status, a.body)
	}
	ended(own)
	acting := open()
	before := g.size()
	sam.post("/.stead/end", mandate(sam), browser...)
	ended(acting)
	for _, e := range g.recorded(before, 3) {
		if e.Kind == "request.served" && e.Outcome != stead.Unknown {
			t.Errorf("an answer that was cut has outcome %s", e.Outcome)
		}
	}
}

// What a browser asks for by itself is no attempt of anybody's: it is answered without the application, and not on record.
// What looks like it and is not is refused as ever.
func TestIcon(t *testing.T) {
	g := newGate(t, http.NotFoundHandler(), echo)
	sam := g.acting()
	before := g.size()
	if a := sam.get("/favicon.ico", "Sec-Fetch-Dest: image"); a.StatusCode != http.StatusOK || a.body != "" {
		t.Errorf("%s %q", a.Status, a.body)
	}
	for _, path := range []string{"/favicon.ico?go=1", "/favicon.ico/x", "/favicon.png"} {
		if a := sam.get(path, "Sec-Fetch-Dest: image"); a.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s", path, a.Status)
		}
	}
	if a := sam.get("/favicon.ico"); a.StatusCode != http.StatusForbidden {
		t.Errorf("by hand: %s", a.Status)
	}
	g.leaves(before, "request.denied", "request.denied", "request.denied", "request.denied")
	if n := len(g.up.requests()); n != 0 {
		t.Errorf("%d requests reached the application", n)
	}
}

// The page of a no says what can be done here: no mandate to edit where nobody gets one, and of what no rule names that it is
// not named.
func TestWhatToDoAboutANo(t *testing.T) {
	for _, tc := range []struct {
		aware              bool
		method, path, want string
	}{
		{true, "POST", "/change", "ask for a mandate to edit"},
		{false, "POST", "/change", "Only Dana Reyes changes something here"},
		{true, "GET", "/nowhere/known", "no rule of this application says that this only looks (GET /nowhere/known, rule default)"},
	} {
		g := newGate(t, http.NotFoundHandler(), echo, func(g *gate) { g.gw.Apps[0].Aware = tc.aware })
		a := g.acting().do(tc.method, tc.path, "", browser...)
		if a.StatusCode != http.StatusForbidden || !strings.Contains(html.UnescapeString(a.body), tc.want) {
			t.Errorf("%s %s: %s without %q:\n%s", tc.method, tc.path, a.Status, tc.want, a.body)
		}
	}
}
