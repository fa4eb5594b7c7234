package gateway_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

func page(head map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		for k, v := range head {
			w.Header().Set(k, v)
		}
		_, _ = io.WriteString(w, "<!doctype html><html><head><title>Hello</title></head><body><h1>Hello</h1></body></html>")
	})
}

func TestActingAnswers(t *testing.T) {
	g := newGate(t, page(map[string]string{"Set-Cookie": "app=1", "Clear-Site-Data": `"cookies"`, "Etag": `"x"`, "Cache-Control": "public, max-age=3600",
		"Service-Worker-Allowed": "/", "Content-Security-Policy": "default-src 'none'; form-action 'none'"}), echo)
	sam := g.acting()
	a := sam.get("/look/a", append(browser, "If-None-Match: \"x\"", "Range: bytes=0-3")...)
	if set := a.Header.Get("Set-Cookie"); !strings.HasPrefix(set, "stead-jar-") || strings.Contains(set, "app=1;") {
		t.Errorf("not sealed: %s", set)
	}
	for name, want := range map[string]string{"Clear-Site-Data": "", "Etag": "", "Cache-Control": "no-store",
		"Service-Worker-Allowed": "", "Stead-Acting": string(sam.last)} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	origin := "http://" + g.addr
	if csp := a.Header.Get("Content-Security-Policy"); csp != "default-src 'none'; form-action "+origin+"/.stead/ http://127.0.0.1:8420/.stead/; style-src-elem "+origin+"/.stead/static/bar.css; script-src-elem "+
		origin+"/.stead/static/guard.js "+origin+"/.stead/static/bar.js; connect-src "+origin+"/.stead/status "+origin+"/.stead/hidden" {
		t.Errorf("%s", csp)
	}
	for _, want := range []string{`<head><script src="/.stead/static/guard.js?`, `</script><link id="stead-style" rel="stylesheet" href="/.stead/static/bar.css"><title>`, `<body><div id="stead-frame"`, "Viewing as <strong>Dana Reyes</strong>",
		"you are <strong>Sam Okafor</strong>", "Read-only", "SUP-4711", "12:10 UTC", `action="` + origin + `/.stead/end"`} {
		if !strings.Contains(a.body, want) {
			t.Errorf("no %q in\n%s", want, a.body)
		}
	}
	if int64(len(a.body)) != a.ContentLength {
		t.Errorf("%d bytes, Content-Length %d", len(a.body), a.ContentLength)
	}
	up := g.up.last(t)
	if up.Header.Get("If-None-Match")+up.Header.Get("Range") != "" || up.Header.Get("Accept-Encoding") != "identity" {
		t.Errorf("%v", up.Header)
	}
	for _, head := range [][]string{script, {"Accept: text/html", "X-Requested-With: XMLHttpRequest"}, {"Accept: text/html", "Sec-Fetch-Dest: iframe"}} {
		if a := sam.get("/look/a", head...); strings.Contains(a.body, "stead-bar") || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v: a fragment carries the bar, or may be kept", head)
		}
	}
}

func TestOrdinaryAnswersKeepTheirHead(t *testing.T) {
	g := newGate(t, page(map[string]string{"Set-Cookie": "app=1", "Etag": `"x"`, "Stead-Acting": "man_x", "Cache-Control": "max-age=60"}), echo)
	dana := g.enter("customers/dana")
	a := dana.get("/look/a", browser...)
	if a.Header.Get("Set-Cookie") != "app=1" || a.Header.Get("Etag") != `"x"` || a.Header.Get("Stead-Acting") != "" || a.Header.Get("Cache-Control") != "max-age=60" {
		t.Errorf("%v", a.Header)
	}
}

// An application cannot plant our cookie (B2).
func TestPlantedCookie(t *testing.T) {
	var name string
	g := newGate(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Set-Cookie", name+"=planted; Path=/") }), echo)
	for _, name = range []string{"stead_8420", "Stead_1", "__Host-stead", "__Host-stead_443", g.gw.Cookie.Name} { // ports do not separate cookies
		if a := g.enter("customers/dana").get("/look/a"); len(a.Cookies()) != 0 {
			t.Errorf("%v", a.Cookies())
		}
	}
	two := g.enter("customers/dana")
	if a := two.get("/look/a", "Cookie: "+name+"=planted"); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("two of our name: %s", a.Status)
	}
}

func TestPackedPages(t *testing.T) {
	for packing, want := range map[string]int{"gzip": http.StatusOK, "br": http.StatusBadGateway, "deflate": http.StatusBadGateway} {
		g := newGate(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Content-Encoding", packing)
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, "<body>hello")
			_ = z.Close()
		}), echo)
		a := g.acting().get("/look/a", browser...)
		if a.StatusCode != want || want == http.StatusOK && (!strings.Contains(a.body, "stead-bar") || a.Header.Get("Content-Encoding") != "") {
			t.Errorf("%s: %s %v\n%s", packing, a.Status, a.Header, a.body)
		}
	}
	g := newGate(t, page(map[string]string{"Content-Type": "text/html; charset=utf-16"}), echo)
	if a := g.acting().get("/look/a", browser...); a.StatusCode != http.StatusBadGateway || !strings.Contains(a.body, "not shown") {
		t.Errorf("utf-16: %s", a.Status)
	}
}

// Ways that lead off the application are refused while acting (R21), and its other names are brought home.
func TestRedirects(t *testing.T) {
	for _, tc := range []struct{ to, acting, own string }{
		{"/b?c=d", "/b?c=d", "/b?c=d"},
		{"b", "b", "b"},
		{"UPSTREAM/b", "/b", "/b"},
		{"http://127.0.0.1:9/b", "/b", "/b"},
		{"http://HOST/b", "http://HOST/b", "http://HOST/b"},
		{"UPSTREAM//evil.test/b", "/evil.test/b", "/evil.test/b"},
		{"http://127.0.0.1:8420/act", "", "http://127.0.0.1:8420/act"},
		{"https://evil.test/", "", "https://evil.test/"},
		{"//evil.test/", "", "//evil.test/"},
		{`/\evil.test`, "", `/\evil.test`},
		{"javascript:alert(1)", "", "javascript:alert(1)"},
		{"data:text/html,x", "", "data:text/html,x"},
	} {
		var to string
		g := newGate(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("a") == "refresh" {
				w.Header().Set("Refresh", "0; url="+to)
				return
			}
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
		}), echo)
		at := strings.NewReplacer("UPSTREAM", g.gw.Apps[0].Upstream.String(), "HOST", g.addr)
		to = at.Replace(tc.to)
		for who, want := range map[*visitor]string{g.enter("customers/dana"): at.Replace(tc.own), g.acting(): at.Replace(tc.acting)} {
			a, r := who.get("/look/a", browser...), who.get("/look/a?a=refresh", browser...)
			if want == "" {
				if a.StatusCode != http.StatusForbidden || r.StatusCode != http.StatusForbidden {
					t.Errorf("%s while acting: %s, %s", tc.to, a.Status, r.Status)
				}
				continue
			}
			if a.Header.Get("Location") != want || r.Header.Get("Refresh") != "0; url="+want {
				t.Errorf("%s: %q, %q, want %q", tc.to, a.Header.Get("Location"), r.Header.Get("Refresh"), want)
			}
		}
	}
}

// Signing in leads to Stead's own origin and back to a path of this host only.
func TestSignInAndBack(t *testing.T) {
	g := newShop(t)
	nobody := &visitor{g: g}
	a := nobody.get("/orders?page=2", browser...)
	to, _ := url.Parse(a.Header.Get("Location"))
	if a.StatusCode != http.StatusSeeOther || to.Host != "127.0.0.1:8420" || to.Path != "/login" || to.Query().Get("next") != "http://"+g.addr+"/orders?page=2" {
		t.Fatalf("%s %s", a.Status, to)
	}
	if a := nobody.post("/orders/7", nil, browser...); !strings.HasSuffix(a.Header.Get("Location"), url.QueryEscape("http://"+g.addr+"/")) {
		t.Errorf("%s", a.Header.Get("Location"))
	}
	if a := nobody.get("/api/orders", script...); a.StatusCode != http.StatusUnauthorized || a.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s %v", a.Status, a.Header)
	}
	by := g.Login("customers/dana", "127.0.0.1:8420")
	by.Client = mark()
	for next, want := range map[string]string{"/orders": "/orders", "": "/", "//evil.test": "/", `/\evil.test`: "/", "https://evil.test": "/", "/%2e%2e//x": "/",
		"/.stead/out": "/", "javascript:x": "/", "/\tevil": "/"} {
		code, err := g.Hand(t.Context(), by, g.addr)
		if err != nil {
			t.Fatal(err)
		}
		v := &visitor{g: g}
		a := v.get("/.stead/in?"+url.Values{"code": {code}, "next": {next}}.Encode(), browser...)
		if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != want || v.cookie == "" {
			t.Errorf("next %q: %s %q %s", next, a.Status, a.Header.Get("Location"), a.body)
		}
		if a := v.get("/orders", browser...); a.StatusCode != http.StatusOK {
			t.Errorf("%s", a.Status)
		}
		if a := v.get("/.stead/in?code="+code, browser...); a.StatusCode == http.StatusSeeOther {
			t.Error("a code was taken twice") // S-I23
		}
	}
	c := (&visitor{g: g}).get("/.stead/in?code=x", browser...)
	if c.StatusCode != http.StatusUnauthorized || len(c.Cookies()) != 0 {
		t.Errorf("%s", c.Status)
	}
}

// Somebody else's link does not make a browser act as him.
func TestForeignCode(t *testing.T) {
	g := newShop(t)
	by := g.Login("staff/tess", "127.0.0.1:8420")
	by.Client = mark()
	code, err := g.Hand(t.Context(), by, g.addr)
	if err != nil {
		t.Fatal(err)
	}
	sam := g.enter("staff/sam")
	was := sam.cookie
	if a := sam.get("/.stead/in?code="+code, browser...); a.StatusCode != http.StatusConflict || sam.cookie != was {
		t.Errorf("%s %s", a.Status, a.body)
	}
}

func TestAssertion(t *testing.T) {
	g := newGate(t, http.NotFoundHandler(), echo)
	sam := g.acting()
	sam.get("/look/a?a=b", browser...)
	token, err := jwt.ParseSigned(g.up.last(t).Header.Get("X-Stead-Assertion"), []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := g.ring.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(doc, &set); err != nil {
		t.Fatal(err)
	}
	var c stead.Assertion
	if err := token.Claims(set.Key(token.Headers[0].KeyID)[0].Key, &c); err != nil {
		t.Fatal(err)
	}
	if c.Subject != "person:customers/dana" || c.Actor() != "person:staff/sam" || c.Mandate != sam.last || c.Mode != stead.ReadOnly ||
		c.Audience != "orders" || c.Method != "GET" || c.URL != "http://"+g.addr+"/look/a?a=b" || c.Before-c.Issued > 60 || !strings.HasPrefix(c.ID, "dec_") {
		t.Errorf("%+v", c)
	}
}

// Chatter is answered here, service workers are refused, static files carry nobody's identity (GATEWAY 9, 10, 20).
func TestQuietWorkerPublic(t *testing.T) {
	g := newGate(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Set-Cookie", "a=b") }), echo)
	sam := g.acting()
	if a := sam.get("/beat", script...); a.body != "{}" || len(g.up.requests()) != 0 || a.Header.Get("Stead-Acting") == "" {
		t.Errorf("%s %s", a.Status, a.body)
	}
	if a := sam.get("/look/sw.js", append(script, "Service-Worker: script")...); a.StatusCode != http.StatusForbidden || len(g.up.requests()) != 0 {
		t.Errorf("%s", a.Status)
	}
	before := g.size()
	for range 3 {
		if a := (&visitor{g: g, cookie: sam.cookie}).get("/static/a.css", "Cookie: app=1"); a.StatusCode != http.StatusOK || a.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s", a.Status)
		}
	}
	if up := g.up.last(t); up.Header.Get("Cookie")+up.Header.Get("X-Stead-Subject")+up.Header.Get("X-Stead-Assertion") != "" || g.size() != before {
		t.Errorf("%v", up.Header)
	}
	sam.get("/look/a", browser...)
	if served := g.leaves(before, "request.allowed", "request.served")[1]; served.What["assets"] != "3" {
		t.Errorf("%v", served.What)
	}
}

// Whoever has no name is nobody, and then nothing is sent (C11).
func TestNamelessIsNobody(t *testing.T) {
	g := newGate(t, http.NotFoundHandler(), echo, func(g *gate) { g.gw.Ends = nameless{g.Authority} })
	for who := range map[string]bool{"customers/dana": true} {
		if a := g.enter(who).get("/look/a"); a.StatusCode != http.StatusForbidden || len(g.up.requests()) != 0 {
			t.Errorf("%s", a.Status)
		}
	}
}

// nameless loses everybody's name.
type nameless struct{ *authority.Authority }

func (n nameless) Status(ctx context.Context, by authority.By) (authority.Status, error) {
	st, err := n.Authority.Status(ctx, by)
	st.Actor.Name = " \t"
	return st, err
}
