package gateway_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/gateway"
)

func served(text string, head ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		for _, line := range head {
			name, value, _ := strings.Cut(line, ": ")
			w.Header().Set(name, value)
		}
		if w.Header().Get("Content-Encoding") == "gzip" {
			z := gzip.NewWriter(w)
			defer func() { _ = z.Close() }()
			_, _ = io.WriteString(z, text)
			return
		}
		_, _ = io.WriteString(w, text)
	})
}

// An application that takes the request for somebody else's is not shown, and the mandate is over (R21, GATEWAY 7).
func TestWhoami(t *testing.T) {
	match := regexp.MustCompile(`userName":"([^"]+)"`)
	for name, tc := range map[string]struct {
		app  http.Handler
		in   string
		goes bool
	}{
		"the subject":         {app: served(`<p>{"userName":"Dana"}`), goes: true},
		"the actor":           {app: served(`<p>{"userName":"Sam"}`)},
		"the actor, packed":   {app: served(`<p>{"userName":"Sam"}`, "Content-Encoding: gzip")},
		"packed otherwise":    {app: served(`<p>`, "Content-Encoding: br")},
		"the actor, later":    {app: served(strings.Repeat("<p>", 9000) + `{"userName":"Sam"}`)},
		"beyond what is read": {app: served(strings.Repeat("<p>", 30000) + `{"userName":"Sam"}`), goes: true},
		"nobody":              {app: served(`<p>hello`), goes: true},
		"no page":             {app: served(`{"userName":"Sam"}`, "Content-Type: application/json"), goes: true},
		"asked of json":       {app: served(`{"userName":"Sam"}`, "Content-Type: application/json"), in: "json"},
		"an error page": {app: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"userName":"Sam"}`)
		})},
	} {
		t.Run(name, func(t *testing.T) {
			g := newOwn(t, tc.app, echo, func(g *gate) { g.gw.Apps[0].Whoami = &gateway.Whoami{In: tc.in, Match: match, Fold: "first-upper"} })
			there := g.acting().over()
			a := there.get("/look/a", browser...)
			if shown := strings.Contains(a.body, `userName`) || strings.Contains(a.body, "hello"); shown != tc.goes {
				t.Fatalf("%s %s", a.Status, short(a.body))
			}
			if tc.goes || strings.Contains(a.body, "packed") {
				return
			}
			if a.StatusCode != http.StatusForbidden || !strings.Contains(a.body, "whoami") || !strings.Contains(a.body, "Sam") {
				t.Errorf("%s %s", a.Status, a.body)
			}
			if st := there.get("/.stead/status"); !strings.Contains(st.body, `"acting":false`) {
				t.Errorf("%s", st.body)
			}
			reached := len(g.up.requests())
			if a := there.get("/look/a", browser...); a.StatusCode == http.StatusOK || len(g.up.requests()) != reached {
				t.Errorf("it goes on: %s", a.Status)
			}
			if err := g.Store.Settled(t.Context(), g.size()); err != nil {
				t.Fatal(err)
			}
			denied := g.deniedBy("whoami")
			if len(denied) != 1 || denied[0].Mandate != there.last || denied[0].Reason != stead.ReasonClosed {
				t.Errorf("recorded %+v", denied)
			}
		})
	}
}

func short(s string) string { return s[:min(len(s), 300)] }

// Standing secrets are hidden in text and in addresses, whatever the page is called and however it is packed (GATEWAY 21).
func TestSecretsHidden(t *testing.T) {
	secret := regexp.MustCompile(`atom\?key=([0-9a-f]+)`)
	const text = `<link href="/feed.atom?key=00ff00ff"> and <a href=x>`
	for name, tc := range map[string]struct {
		app  http.Handler
		want string
	}{
		"page":    {served(text), "atom?key=xxxxxxxx"},
		"packed":  {served(text, "Content-Encoding: gzip"), "atom?key=xxxxxxxx"},
		"json":    {served(text, "Content-Type: application/vnd.api+json"), "atom?key=xxxxxxxx"},
		"atom":    {served(text, "Content-Type: application/atom+xml"), "atom?key=xxxxxxxx"},
		"script":  {served(text, "Content-Type: text/javascript; charset=utf-8"), "atom?key=xxxxxxxx"},
		"no type": {served(text, "Content-Type: "), "atom?key=xxxxxxxx"},
		"picture": {served(text, "Content-Type: image/png"), "atom?key=00ff00ff"},
		"brotli":  {served(text, "Content-Encoding: br"), "not shown"},
		"utf-16":  {served(text, "Content-Type: text/plain; charset=utf-16"), "not shown"},
		"two types": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = []string{"image/png", "text/html"}
			_, _ = io.WriteString(w, text)
		}), "atom?key=xxxxxxxx"},
		"part": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.Header().Set("Content-Range", "bytes 0-9/20")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, "00ff00ff")
		}), "not shown"},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGate(t, tc.app, echo, func(g *gate) { g.gw.Apps[0].Secrets = []*regexp.Regexp{secret} })
			sam := g.acting()
			a := sam.get("/look/a", append(script, "Range: bytes=20-", "Accept-Encoding: gzip, br")...)
			if !strings.Contains(a.body, tc.want) {
				t.Errorf("%s %v %s", a.Status, a.Header, short(a.body))
			}
			if a.ContentLength >= 0 && int64(len(a.body)) != a.ContentLength {
				t.Errorf("%d bytes, said %d", len(a.body), a.ContentLength)
			}
			if r := g.up.last(t); r.Header.Get("Range") != "" || r.Header.Get("Accept-Encoding") != "identity" {
				t.Errorf("%v", r.Header)
			}
			dana := g.enter("customers/dana")
			if a := dana.get("/look/a"); strings.Contains(a.body, "xxxx") {
				t.Errorf("her own: %s", a.body)
			}
		})
	}
	g := newGate(t, served("", "Location: /feed.atom?key=00ff", `Link: </a.atom?key=00ff>; rel="alternate"`, "X-Feed: atom?key=00ff"), echo,
		func(g *gate) { g.gw.Apps[0].Secrets = []*regexp.Regexp{secret} })
	a := g.acting().get("/look/a", script...)
	for _, name := range []string{"Location", "Link", "X-Feed"} {
		if v := a.Header.Get(name); strings.Contains(v, "00ff") || !strings.Contains(v, "key=xxxx") {
			t.Errorf("%s: %s", name, v)
		}
	}
}

// visited answers who was where, and counts how often it is asked.
type visited struct {
	been  bool
	err   error
	asked int
}

func (v *visited) Visited(_ context.Context, _ stead.PrincipalID, _ stead.AppID) (bool, error) {
	v.asked++
	return v.been, v.err
}

// Who was never in an application has no account made there by somebody else's hand, where the rules say so (GATEWAY 15).
func TestFirstVisit(t *testing.T) {
	for _, tc := range []struct {
		rule   string
		visits visited
		status int
		warned string
		asked  int
	}{
		{"", visited{been: true}, 200, "", 1}, {"", visited{}, 200, "?1", 1}, {"warn", visited{err: errors.New("down")}, 200, "?1", 2},
		{"refuse", visited{been: true}, 200, "", 1}, {"refuse", visited{}, 403, "", 1}, {"refuse", visited{err: errors.New("down")}, 403, "", 2},
		{"allow", visited{}, 200, "", 0},
	} {
		t.Run(fmt.Sprintf("%s %+v", tc.rule, tc.visits), func(t *testing.T) {
			g := newOwn(t, served("hello", "Stead-First-Visit: planted"), echo, func(g *gate) { g.gw.Apps[0].FirstVisit, g.gw.Visits = tc.rule, &tc.visits })
			there := g.acting().over()
			for range 2 {
				a := there.get("/look/a", browser...)
				if a.StatusCode != tc.status || a.Header.Get("Stead-First-Visit") != tc.warned {
					t.Errorf("%s %q", a.Status, a.Header.Get("Stead-First-Visit"))
				}
				if tc.status == 403 && (!strings.Contains(a.body, "first-visit") || !strings.Contains(a.body, "never there") || len(g.up.requests()) != 0) {
					t.Errorf("%s", a.body)
				}
			}
			if tc.visits.asked != tc.asked {
				t.Errorf("asked %d times", tc.visits.asked)
			}
			g.enter("customers/dana").get("/look/a")
			if a := there.get("/look/a", browser...); a.StatusCode != http.StatusOK || a.Header.Get("Stead-First-Visit") != "" {
				t.Errorf("after she was there: %s", a.Status)
			}
		})
	}
}

// The trail tells who was there: her own requests count, those made for her do not.
func TestFirstVisitByTheTrail(t *testing.T) {
	g := newOwn(t, served("hello"), echo, func(g *gate) { g.gw.Apps[0].FirstVisit, g.gw.Visits = "warn", g.House.House })
	dana := g.People["customers/dana"].ID
	been := func(want bool) {
		t.Helper()
		g.Flush()
		if err := g.Store.Settled(t.Context(), g.size()); err != nil {
			t.Fatal(err)
		}
		if got, err := g.House.House.Visited(t.Context(), dana, "orders"); got != want || err != nil {
			t.Errorf("%v %v", got, err)
		}
	}
	been(false)
	there := g.acting().over()
	if a := there.get("/look/a", browser...); a.Header.Get("Stead-First-Visit") != "?1" {
		t.Errorf("%v", a.Header)
	}
	been(false)
	g.enter("customers/dana").get("/look/a")
	been(true)
	if got, err := g.House.House.Visited(t.Context(), dana, "other"); got || err != nil {
		t.Errorf("elsewhere: %v %v", got, err)
	}
}

// Parameters that sign somebody in are closed while acting, unless a rule names them (R22).
func TestTokenParameters(t *testing.T) {
	g := newOwn(t, served("hello"), func(host, upstream string) []byte {
		return fmt.Appendf(nil, `
apps:
  - id: orders
    host: %q
    upstream: %q
    privileged: [admins]
    aware: true
    identity: { header: Remote-User }
    target_allows: [";"]
    realms: [ { id: shop, path: /, acting: true } ]
    rules:
      - { id: named, is: read, path: ["/look/named"], only: [token] }
      - { id: value, is: read, path: ["/look/value"], param: { token: "csrf.*" } }
      - { id: look, is: read, path: ["/look/**"], without: [nothing] }
`, host, upstream)
	})
	there := g.acting().over()
	for path, status := range map[string]int{
		"/look/a?access_token=1": 403, "/look/a?Access-Token=1": 403, "/look/a?b=1;api.key=2": 403, "/look/a?x=1&TOKEN=": 403, "/look/a?PHPSESSID=1": 403,
		"/look/a?%74oken=1": 403, "/look/a?token[x]=1": 403, "/look/a;jsessionid=1": 403, "/look/a?tokens=1": 200, "/look/a?key=1": 200,
		"/look/named?token=1": 200, "/look/value?token=csrf1": 200, "/look/value?token=other": 403,
	} {
		reached := len(g.up.requests())
		a := there.get(path, browser...)
		if a.StatusCode != status || status == 403 && len(g.up.requests()) != reached {
			t.Errorf("%s: %s %s", path, a.Status, short(a.body))
		}
		if status == 403 && !strings.Contains(a.body, "token-parameter") {
			t.Errorf("%s: %s", path, short(a.body))
		}
	}
	dana := g.enter("customers/dana")
	if a := dana.get("/look/a?access_token=1"); a.StatusCode != http.StatusOK {
		t.Errorf("her own: %s", a.Status)
	}
}

// What the subject's own browser says by itself is said again while somebody acts for her (GATEWAY 14).
func TestReplay(t *testing.T) {
	g := newOwn(t, served("hello"), echo, func(g *gate) { g.gw.Apps[0].Replay = []string{"accept-language", "cookie:tz"} })
	dana := g.enter("customers/dana")
	there := g.acting().over()
	facts := func(want string) {
		t.Helper()
		there.get("/look/a", append(browser, "Accept-Language: en", "Cookie: sid=stolen")...)
		r := g.up.last(t)
		if got := r.Header.Get("Accept-Language") + " " + r.Header.Get("Cookie"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	facts("en ")
	dana.get("/look/a", "Accept-Language: pt", "Cookie: tz=Lisbon; sid=hers")
	facts("pt tz=Lisbon")
	dana.get("/look/a", "Accept-Language: "+strings.Repeat("x", 2000), "Cookie: tz="+strings.Repeat("x", 2000))
	facts("en ")
	g.enter("customers/erin").get("/look/a", "Accept-Language: fr")
	facts("en ")
}

// Nothing an application says while somebody acts stays in his browser or clears what is his (GATEWAY 20).
func TestNothingStays(t *testing.T) {
	g := newOwn(t, served("x", "Clear-Site-Data: \"*\"", "Content-Type: image/png", "Cache-Control: public", "Etag: 1"), echo)
	there := g.acting().over()
	a := there.get("/look/a", script...)
	if a.Header.Get("Clear-Site-Data")+a.Header.Get("Etag") != "" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", a.Header)
	}
	reached := len(g.up.requests())
	if a := there.get("/look/sw.js", append(script, "Service-Worker: script")...); a.StatusCode != http.StatusForbidden || len(g.up.requests()) != reached {
		t.Errorf("%s", a.Status)
	}
	a = there.post("/.stead/end", url.Values{}, browser...)
	if c := a.Header.Get("Clear-Site-Data"); strings.Contains(c, "cookies") || strings.Contains(c, "*") {
		t.Errorf("%s", c)
	}
}
