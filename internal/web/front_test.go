package web_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// seen is what an application behind the front got.
type seen struct {
	Method, Target, Host, Body string
	Header, Trailer            http.Header
}

// A rig is a real server on loopback with a front and a reverse proxy, and a real application behind it.
type rig struct {
	addr  string
	front *web.Front
	mu    sync.Mutex
	got   []seen
}

func newRig(t *testing.T, change func(*web.Front)) *rig {
	t.Helper()
	g := &rig{}
	up := httptest.NewServer(http.HandlerFunc(g.note))
	t.Cleanup(up.Close)
	target, err := url.Parse(up.URL)
	if err != nil {
		t.Fatal(err)
	}
	door := web.Door{Log: slog.New(slog.DiscardHandler)}
	g.front = &web.Front{Reserved: web.NewNames("Remote-User", "SM_USER"), Refuse: door.Refuse, NewID: func() string { return "req_1" }}
	if change != nil {
		change(g.front)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(target)
		p.Out.Host = p.In.Host
		p.Out.Header.Set("X-Stead-Actor", "ours")
		web.Forward(p.In, p.Out.Header)
	}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := web.NewServer(g.front.Before(proxy), slog.New(slog.DiscardHandler))
	go func() { _ = srv.Serve(web.Listener(l, nil)) }()
	t.Cleanup(func() { _ = srv.Close() })
	g.addr = l.Addr().String()
	return g
}

func (g *rig) note(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.got = append(g.got, seen{r.Method, r.RequestURI, r.Host, string(body), r.Header, r.Trailer})
	fmt.Fprint(w, "ok")
}

func (g *rig) take() []seen {
	g.mu.Lock()
	defer g.mu.Unlock()
	got := g.got
	g.got = nil
	return got
}

// raw sends bytes as they are and reads one status for each request among them, as far as answers come.
func (g *rig) raw(t *testing.T, wire string, answers int) []int {
	t.Helper()
	c, err := net.Dial("tcp", g.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go func() { _, _ = io.WriteString(c, wire) }()
	return statuses(c, answers)
}

func statuses(c net.Conn, answers int) []int {
	br := bufio.NewReader(c)
	var codes []int
	for range answers {
		res, err := http.ReadResponse(br, nil)
		if err != nil {
			break
		}
		_, _ = io.Copy(io.Discard, res.Body)
		codes = append(codes, res.StatusCode)
	}
	return codes
}

func get(target, extra string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: shop.example\r\n" + extra + "\r\n"
}

// A1, A3, A4, A5, H12, S-I25: whatever its spelling, only our value of a reserved name arrives.
func TestReservedHeadersNeverArrive(t *testing.T) {
	g := newRig(t, nil)
	names := web.NewNames("Remote-User", "SM_USER")
	rows := []string{
		"X-Stead-Actor: evil", "x-stead-actor: evil", "X_Stead_Actor: evil", "x.stead.actor: evil", "X-STEAD_ACTOR: evil",
		"XSteadActor: evil", "X--Stead--Actor: evil", "x-stead-anything-at-all: evil", "X-Stead-Actor~: evil", "'X-Stead-Actor: evil",
		"Remote-User: evil", "remote_user: evil", "REMOTE.USER: evil", "SM-USER: evil", "sm_user: evil", "SMUSER: evil",
		"X-Forwarded-For: 9.9.9.9", "X_Forwarded_For: 9.9.9.9", "X-Forwarded-User: evil", "x-forwarded-host: evil",
		"X-Forwarded-Port: 1", "X-Forwarded-Uri: /x", "X-Forwarded-Prefix: /x", "X-Forwarded-Method: PUT", "X-Forwarded: evil",
		"Forwarded: for=9.9.9.9", "X-Real-IP: 9.9.9.9", "x_real_ip: 9.9.9.9", "X-Original-URL: /admin", "X-Rewrite-URL: /admin",
		"X-Original-Uri: /admin", "True-Client-IP: 9.9.9.9", "Content_Length: 3", "Transfer_Encoding: chunked",
		"Coo.kie: a=b", "_Host: evil", "Ori-gin: evil", "X-Stead-Actor: evil\r\nX-Stead-Actor: evil2", "----: evil",
		"Connection: X-Stead-Actor", "Connection: close, x-stead-actor", "Connection: x-stead-actor\r\nConnection: X_Stead_Actor",
		"Connection: keep-alive, X-Forwarded-For, X-Stead-Mandate", "Connection: upgrade, x-stead-actor",
	}
	for _, row := range rows {
		t.Run(row, func(t *testing.T) {
			codes := g.raw(t, get("/", row+"\r\nConnection: close\r\n"), 1)
			got := g.take()
			if len(codes) != 1 || codes[0] != 200 || len(got) != 1 {
				t.Fatalf("codes %v, %d arrived", codes, len(got))
			}
			for name, values := range got[0].Header {
				for _, v := range values {
					if strings.Contains(v, "evil") || strings.Contains(v, "9.9.9.9") || v == "/admin" {
						t.Errorf("%s: %s arrived", name, v)
					}
				}
				if name != "X-Stead-Actor" && names.Reserved(name) && !strings.HasPrefix(name, "X-Forwarded-") && name != "X-Real-Ip" {
					t.Errorf("reserved %s arrived", name)
				}
			}
			if v := got[0].Header.Values("X-Stead-Actor"); len(v) != 1 || v[0] != "ours" {
				t.Errorf("actor is %q", v)
			}
			if v := got[0].Header.Values("X-Forwarded-For"); len(v) != 1 || v[0] != "127.0.0.1" {
				t.Errorf("client address is %q", v)
			}
		})
	}
}

// A1: trailers, announced and not.
func TestReservedTrailersNeverArrive(t *testing.T) {
	g := newRig(t, nil)
	for _, announce := range []string{"", "Trailer: X-Stead-Actor, X_Stead_Mandate, X-Fine\r\n", "Trailer: X-Fine\r\n"} {
		wire := "POST / HTTP/1.1\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\n" + announce + "Connection: close\r\n\r\n" +
			"3\r\nabc\r\n0\r\nX-Stead-Actor: evil\r\nX_Stead_Mandate: evil\r\nX-Fine: yes\r\n\r\n"
		if codes := g.raw(t, wire, 1); len(codes) != 1 || codes[0] != 200 {
			t.Fatalf("codes %v", codes)
		}
		got := g.take()
		if len(got) != 1 || got[0].Body != "abc" {
			t.Fatalf("arrived: %+v", got)
		}
		for name, v := range got[0].Trailer {
			if web.NewNames().Reserved(name) {
				t.Errorf("trailer %s: %v arrived", name, v)
			}
		}
		if v := got[0].Header.Values("X-Stead-Actor"); len(v) != 1 || v[0] != "ours" {
			t.Errorf("actor is %q", v)
		}
	}
}

// A6, A9, A10, A16, A17, S-I26: what could be read in two ways reaches nobody.
func TestAmbiguousRequestsReachNobody(t *testing.T) {
	g := newRig(t, func(f *web.Front) { f.Known = func(h string) bool { return strings.HasPrefix(h, "shop.example") } })
	post := func(head, body string) string {
		return "POST / HTTP/1.1\r\nHost: shop.example\r\n" + head + "\r\n" + body
	}
	rows := []struct {
		name, wire string
		status     int
	}{
		{"absolute form, other authority", get("http://evil.example/", ""), 400},
		{"absolute form, same authority", get("http://shop.example/", ""), 400},
		{"authority form", "CONNECT shop.example:80 HTTP/1.1\r\nHost: shop.example:80\r\n\r\n", 405},
		{"asterisk form", "OPTIONS * HTTP/1.1\r\nHost: shop.example\r\n\r\n", 400},
		{"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
		{"no Host in 1.0", "GET / HTTP/1.0\r\n\r\n", 400},
		{"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
		{"two Hosts", "GET / HTTP/1.1\r\nHost: shop.example\r\nHost: evil.example\r\n\r\n", 400},
		{"the same Host twice", "GET / HTTP/1.1\r\nHost: shop.example\r\nHost: shop.example\r\n\r\n", 400},
		{"Host list", "GET / HTTP/1.1\r\nHost: shop.example, evil.example\r\n\r\n", 400},
		{"Host with user", "GET / HTTP/1.1\r\nHost: a@shop.example\r\n\r\n", 400},
		{"Host with path", "GET / HTTP/1.1\r\nHost: shop.example/x\r\n\r\n", 400},
		{"Host with dot", "GET / HTTP/1.1\r\nHost: shop.example.\r\n\r\n", 400},
		{"Host with port 0", "GET / HTTP/1.1\r\nHost: shop.example:0\r\n\r\n", 400},
		{"unknown Host", "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421},
		{"fragment", get("/secret#/public", ""), 400},
		{"fragment in query", get("/secret?a=b#/public", ""), 400},
		{"dots", get("/public/../admin", ""), 400},
		{"single dot", get("/public/./../admin", ""), 400},
		{"encoded dots", get("/public/%2e%2E/admin", ""), 400},
		{"twice encoded dots", get("/public/%252e%252e/admin", ""), 400},
		{"encoded slash", get("/a%2fb", ""), 400},
		{"backslash", get(`/a\b`, ""), 400},
		{"double slash", get("//admin", ""), 400},
		{"parameter", get("/a;b/c", ""), 400},
		{"NUL", get("/a%00b", ""), 400},
		{"CRLF in path", get("/a%0d%0ab", ""), 400},
		{"raw control byte", get("/a\x01b", ""), 400},
		{"raw high byte", get("/a\xc3\xa9", ""), 400},
		{"tab in target", get("/a\tb", ""), 400},
		{"CL and TE", post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
		{"TE and CL", post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\n"), 400},
		{"CL twice the same", post("Content-Length: 2\r\nContent-Length: 2\r\n", "ab"), 400},
		{"CL twice", post("Content-Length: 2\r\nContent-Length: 3\r\n", "abc"), 400},
		{"CL list", post("Content-Length: 2, 2\r\n", "ab"), 400},
		{"CL plus", post("Content-Length: +2\r\n", "ab"), 400},
		{"CL negative", post("Content-Length: -2\r\n", "ab"), 400},
		{"CL hex", post("Content-Length: 0x2\r\n", "ab"), 400},
		{"TE unknown", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 501},
		{"TE list", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501},
		{"TE twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 501},
		{"TE in 1.0", "POST / HTTP/1.0\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		{"TE with tab", post("Transfer-Encoding:\tchunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"), 400},
		{"blank before colon", get("/", "X-Stead-Actor : evil\r\n"), 400},
		{"folded line", get("/", "X-A: b\r\n X-Stead-Actor: evil\r\n"), 400},
		{"bare line feed", "GET / HTTP/1.1\nHost: shop.example\n\n", 400},
		{"bare line feed in head", "GET / HTTP/1.1\r\nHost: shop.example\r\nX-A: b\nX-Stead-Actor: evil\r\n\r\n", 400},
		{"bare carriage return", get("/", "X-A: b\rX-Stead-Actor: evil\r\n"), 400},
		{"NUL in value", get("/", "X-A: b\x00c\r\n"), 400},
		{"NUL in name", get("/", "X\x00A: b\r\n"), 400},
		{"h2c upgrade", get("/", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"), 400},
		{"h2c upgrade alone", get("/", "Connection: Upgrade\r\nUpgrade: h2c\r\n"), 400},
		{"two upgrades", get("/", "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n"), 400},
		{"upgrade header twice", get("/", "Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n"), 400},
		{"upgrade by POST", "POST / HTTP/1.1\r\nHost: shop.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n", 400},
		{"upgrade unsaid in Connection", get("/", "Upgrade: websocket\r\n"), 400},
		{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
		{"HTTP/0.9", "GET /\r\n\r\n", 400},
		{"HTTP/3.7", "GET / HTTP/3.7\r\nHost: shop.example\r\n\r\n", 505},
		{"TRACE", "TRACE / HTTP/1.1\r\nHost: shop.example\r\n\r\n", 405},
		{"lower case method", "get / HTTP/1.1\r\nHost: shop.example\r\n\r\n", 400},
		{"odd method", "GE(T / HTTP/1.1\r\nHost: shop.example\r\n\r\n", 400},
		{"Connection nominates Origin", get("/", "Origin: http://evil.example\r\nConnection: origin\r\n"), 400},
		{"Connection nominates Sec-Fetch-Site", get("/", "Sec-Fetch-Site: cross-site\r\nConnection: sec-fetch-Site\r\n"), 400},
		{"Connection nominates Cookie", get("/", "Cookie: a=b\r\nConnection: close, Cookie\r\n"), 400},
		{"header of 10 MiB", get("/", "X-A: "+strings.Repeat("a", 10<<20)+"\r\n"), 431},
		{"header of 40 KiB", get("/", "X-A: "+strings.Repeat("a", 40<<10)+"\r\n"), 431},
		{"200 headers", get("/", strings.Repeat("X-A: b\r\n", 200)), 431},
		{"10,000 cookies", get("/", "Cookie: "+strings.Repeat("a;", 10_000)+"\r\n"), 431},
		{"long target", get("/"+strings.Repeat("a", 9<<10), ""), 414},
		{"many parameters", get("/?"+strings.Repeat("a&", 2000), ""), 414},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			codes := g.raw(t, row.wire, 1)
			if got := g.take(); len(got) != 0 {
				t.Errorf("reached the application: %+v", got)
			}
			if len(codes) == 0 || codes[0] != row.status {
				t.Errorf("status %v, want %d", codes, row.status)
			}
		})
	}
}

// What is sent behind an ambiguous request on the same connection is never taken for a request of its own.
func TestNothingIsSmuggledBehind(t *testing.T) {
	g := newRig(t, nil)
	second := get("/smuggled", "")
	rows := []string{
		"POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second,
		"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + second,
		"POST / HTTP/1.0\r\nHost: shop.example\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n" + second,
		"GET /a#b HTTP/1.1\r\nHost: shop.example\r\n\r\n" + second,
		"POST / HTTP/1.1\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n" + second,
	}
	for _, wire := range rows {
		g.raw(t, wire, 2)
		for _, s := range g.take() {
			if s.Target == "/smuggled" {
				t.Errorf("smuggled behind %q", strings.SplitN(wire, "\r\n\r\n", 2)[0])
			}
		}
	}
}

// Ordinary traffic is untouched: pipelining, bodies of both framings, chunk extensions, trailers, HEAD, "?" twice.
func TestOrdinaryRequestsPass(t *testing.T) {
	g := newRig(t, func(f *web.Front) {
		f.Allowed = func(h string) web.Tokens {
			if h == "wiki.example" {
				return web.Tokens{"//", ";", "%2f"}
			}
			return nil
		}
	})
	wire := get("/a%20b/c?x=1?y=2&z=../..", "Accept: */*\r\n") +
		"POST /len HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 11\r\n\r\nGET / HTTP/1" +
		"POST /chunk HTTP/1.1\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\n\r\n4;ext=1\r\nab\r\n\r\n1\r\nc\r\n0\r\nX-T: v\r\n\r\n" +
		"PATCH /p%23q%3Fr HTTP/1.1\r\nHost: Shop.Example:8080\r\nContent-Length: 0\r\n\r\n" +
		"GET /a//b;c/d%2Fe HTTP/1.1\r\nHost: wiki.example\r\n\r\n" +
		"GET /100%25/%C3%A9/file..txt/.well-known/x HTTP/1.1\r\nHost: shop.example\r\nX-Hop: 1\r\nConnection: close, x-hop\r\n\r\n"
	wire = strings.Replace(wire, "Content-Length: 11\r\n\r\nGET / HTTP/1", "Content-Length: 12\r\n\r\nGET / HTTP/1", 1)
	if codes := g.raw(t, wire, 6); len(codes) != 6 {
		t.Fatalf("codes %v", codes)
	}
	want := []string{"/a%20b/c?x=1?y=2&z=../..", "/len", "/chunk", "/p%23q%3Fr", "/a//b;c/d%2Fe", "/100%25/%C3%A9/file..txt/.well-known/x"}
	got := g.take()
	for i, s := range got {
		if s.Target != want[i] {
			t.Errorf("target %d is %s, want %s", i, s.Target, want[i])
		}
	}
	if got[1].Body != "GET / HTTP/1" || got[2].Body != "ab\r\nc" {
		t.Errorf("bodies %q and %q", got[1].Body, got[2].Body)
	}
	if got[5].Header.Get("X-Hop") != "" {
		t.Error("a nominated header went on")
	}
}

// A5: who the client is, by peer and by trusted proxy.
func TestClientAddress(t *testing.T) {
	loop := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
	rows := []struct {
		name    string
		trusted []netip.Prefix
		head    string
		addr    string
		proto   string
	}{
		{"nobody trusted", nil, "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\nX-Real-IP: 8.8.8.8\r\n", "127.0.0.1", "http"},
		{"one hop", loop, "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\n", "9.9.9.9", "https"},
		{"client lies to the left", loop, "X-Forwarded-For: 1.1.1.1, 9.9.9.9, 10.0.0.7\r\n", "9.9.9.9", "http"},
		{"several lines", loop, "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 9.9.9.9\r\n", "9.9.9.9", "http"},
		{"rubbish", loop, "X-Forwarded-For: 1.1.1.1, rubbish\r\n", "127.0.0.1", "http"},
		{"empty", loop, "X-Forwarded-For:\r\n", "127.0.0.1", "http"},
		{"proto twice", loop, "X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n", "127.0.0.1", "http"},
		{"v6", loop, "X-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1", "http"},
		{"v4 in v6", loop, "X-Forwarded-For: ::ffff:9.9.9.9\r\n", "9.9.9.9", "http"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			g := newRig(t, func(f *web.Front) { f.Trusted = row.trusted })
			g.raw(t, get("/", row.head+"Connection: close\r\n"), 1)
			got := g.take()
			if len(got) != 1 {
				t.Fatalf("%d arrived", len(got))
			}
			h := got[0].Header
			if h.Get("X-Forwarded-For") != row.addr || h.Get("X-Forwarded-Proto") != row.proto || h.Get("X-Forwarded-Host") != "shop.example" {
				t.Errorf("for %q proto %q host %q", h["X-Forwarded-For"], h["X-Forwarded-Proto"], h["X-Forwarded-Host"])
			}
		})
	}
}

// HTTP/2 has :authority, and a Host header may come beside it.
func TestAuthorityAndHostAgree(t *testing.T) {
	f := web.Front{Reserved: web.NewNames(), NewID: func() string { return "r" }, Refuse: quietDoor().Refuse}
	for host, want := range map[string]int{"": 200, "shop.example": 200, "evil.example": 400} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = "shop.example"
		if host != "" {
			r.Header["Host"] = []string{host}
		}
		w := httptest.NewRecorder()
		f.Before(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%q: %d", host, w.Code)
		}
	}
}

// A17: what is far too large is refused at once and costs nothing that stays.
func TestOversizedIsRefusedCheaply(t *testing.T) {
	g := newRig(t, nil)
	var before, after runtime.MemStats
	for _, wire := range []string{
		get("/", "X-A: "+strings.Repeat("a", 10<<20)+"\r\n"), get("/", "Cookie: "+strings.Repeat("a;", 10_000)+"\r\n"),
		get("/?"+strings.Repeat("a&", 20_000), ""), get("/"+strings.Repeat("%2e", 2000), ""),
	} {
		runtime.GC()
		runtime.ReadMemStats(&before)
		if codes := g.raw(t, wire, 1); len(codes) != 1 || codes[0] < 400 || codes[0] > 499 {
			t.Errorf("%.20q: %v", wire, codes)
		}
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
			t.Errorf("%.20q allocated %d bytes", wire, grown)
		}
	}
}

// The refusal says why, in the form the client reads, and with the id that leads to the log.
func TestRefusalIsReadable(t *testing.T) {
	g := newRig(t, nil)
	for accept, want := range map[string]string{"text/html": "text/html; charset=utf-8", "application/json": "application/problem+json", "*/*": "application/problem+json"} {
		c, err := net.Dial("tcp", g.addr)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(c, get("/a/../b", "Accept: "+accept+"\r\n"))
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		c.Close()
		if res.Header.Get("Content-Type") != want || res.Header.Get("X-Request-Id") != "req_1" || !res.Close {
			t.Errorf("%s: %v", accept, res.Header)
		}
		if !strings.Contains(string(body), string(stead.ReasonRequest)) || !strings.Contains(string(body), "dot segment") {
			t.Errorf("%s: %s", accept, body)
		}
	}
}

// A WebSocket passes, frames and all, and nothing but it can follow on its connection.
func TestWebSocketPasses(t *testing.T) {
	door := web.Door{Log: slog.New(slog.DiscardHandler)}
	front := web.Front{Reserved: web.NewNames(), Refuse: door.Refuse, NewID: func() string { return "r" }}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := web.NewServer(front.Before(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		fmt.Fprint(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		line, _ := buf.ReadString('\n')
		fmt.Fprint(c, line)
	})), slog.New(slog.DiscardHandler))
	go func() { _ = srv.Serve(web.Listener(l, nil)) }()
	defer srv.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, get("/ws", "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n")+"frame GET / \x00\n")
	all, _ := io.ReadAll(c)
	if !strings.HasSuffix(string(all), "frame GET / \x00\n") {
		t.Errorf("got %q", all)
	}
}

// Over TLS, with HTTP/2 too, the same is stripped and refused; the client is known to be secure.
func TestFrontOverTLS(t *testing.T) {
	var got http.Header
	var secure bool
	f := web.Front{Reserved: web.NewNames(), NewID: func() string { return "r" }, Refuse: quietDoor().Refuse}
	srv := httptest.NewUnstartedServer(f.Before(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, secure = r.Header, web.ClientOf(r).Secure
		fmt.Fprint(w, r.Proto)
	})))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	for target, want := range map[string]int{"/a": 200, "/a/%2e%2e/b": 400, "/a//b": 400} {
		req, err := http.NewRequest("GET", srv.URL+target, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header["x_stead_actor"] = []string{"evil"}
		res, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want || res.ProtoMajor != 2 {
			t.Errorf("%s: %d by HTTP/%d", target, res.StatusCode, res.ProtoMajor)
		}
	}
	for name := range got {
		if web.FoldHeader(name) == "xsteadactor" {
			t.Error("a reserved header arrived")
		}
	}
	if !secure {
		t.Error("the client is not known to be secure")
	}
}
