package gateway_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/gateway"
)

// A guarded application signs nobody out but by a token that stands in a page of the same session, and is another one
// each time. It moves the session on to another cookie with every page.
type guarded struct {
	mu       sync.Mutex
	n        int
	sessions map[string]string // sid: token
	lacks    bool              // its pages hold no token
	fails    int               // status of its sign-out; 0 is a redirect
}

func (k *guarded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	sid := ""
	if c, err := r.Cookie("sid"); err == nil {
		sid = c.Value
	}
	token, known := k.sessions[sid]
	switch {
	case r.URL.Path == "/out" && k.fails != 0:
		w.WriteHeader(k.fails)
	case r.URL.Path == "/out" && (r.Method != http.MethodPost || !known || r.FormValue("csrf") != token || r.URL.Query().Get("for") != token):
		w.WriteHeader(http.StatusForbidden)
	case r.URL.Path == "/out":
		delete(k.sessions, sid)
		http.Redirect(w, r, "/bye", http.StatusSeeOther)
	default:
		k.n++
		delete(k.sessions, sid)
		token, sid = fmt.Sprintf(`t+%d&"\`, k.n), fmt.Sprintf("s%d", k.n)
		k.sessions[sid] = token
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: sid, Path: "/"})
		w.Header().Set("Content-Type", "text/html")
		if !k.lacks {
			fmt.Fprintf(w, `<html><body><input name="csrf" value="t+%d&amp;&quot;\">`, k.n)
		}
	}
}

func (k *guarded) open() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.sessions)
}

// At the end the gateway takes the token of the sign-out from a page, with the jar as it is by then, and the log says
// how it went: under the mandate, as what the actor's acting for the subject left (GATEWAY 16).
func TestAtEndWithToken(t *testing.T) {
	for name, tc := range map[string]struct {
		app  *guarded
		want string // why it failed
		open int
	}{
		"closed":     {app: &guarded{}},
		"no token":   {&guarded{lacks: true}, "the answer to GET /form holds no token", 1},
		"it refuses": {&guarded{fails: http.StatusForbidden}, "the application answered 403 to POST /out", 1},
	} {
		t.Run(name, func(t *testing.T) {
			k := tc.app
			k.sessions = map[string]string{}
			g := newOwn(t, k, echo, func(g *gate) {
				g.gw.Apps[0].AtEnd = []gateway.Step{
					{Method: "GET", Target: "/form", Take: map[string]*regexp.Regexp{"token": regexp.MustCompile(`name="csrf" value="([^"]+)"`)}},
					{Method: "POST", Target: "/out?for={token}", Form: map[string]string{"csrf": "{token}"}},
				}
			})
			there := g.acting().over().tab()
			there.load("/look/a")
			if k.open() != 1 {
				t.Fatalf("%d sessions while acting", k.open())
			}
			there.post("/.stead/end", url.Values{}, browser...)
			since := g.size()
			g.gw.Sweep(t.Context())
			if err := g.gw.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if k.open() != tc.open {
				t.Errorf("%d sessions are left, want %d", k.open(), tc.open)
			}
			g.toldOfLeaving(since, there.last, tc.want)
		})
	}
}

// What an answer said leads to no other path than the step's, and to nothing where it is nothing; and of an answer that is
// none no more is recorded than a line.
func TestAtEndGoesNowhereElse(t *testing.T) {
	for said, want := range map[string]string{
		"../../orders/7": "what is taken for /sessions/{id} makes no path of it",
		"..":             "what is taken for /sessions/{id} makes no path of it",
		"":               "the answer to GET /form holds no id",
		"7":              (`ask the application for /sessions/{id}: net/http: HTTP/1.x transport connection broken: malformed HTTP response "` + strings.Repeat("x", 200))[:200] + "…",
	} {
		t.Run(said, func(t *testing.T) {
			g := newOwn(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodDelete {
					c, _, err := http.NewResponseController(w).Hijack()
					if err == nil {
						_, _ = c.Write([]byte(strings.Repeat("x", 100_000) + "\r\n\r\n"))
						_ = c.Close()
					}
					return
				}
				http.SetCookie(w, &http.Cookie{Name: "sid", Value: "1", Path: "/"})
				w.Header().Set("Content-Type", "text/html")
				fmt.Fprintf(w, "<p id=%q>", said)
			}), echo, func(g *gate) {
				g.gw.Apps[0].AtEnd = []gateway.Step{
					{Method: "GET", Target: "/form", Take: map[string]*regexp.Regexp{"id": regexp.MustCompile(`id="([^"]*)"`)}},
					{Method: "DELETE", Target: "/sessions/{id}"},
				}
			})
			there := g.acting().over().tab()
			there.load("/look/a")
			there.post("/.stead/end", url.Values{}, browser...)
			since := g.size()
			g.gw.Sweep(t.Context())
			if err := g.gw.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if last := g.up.last(t); (last.Method == http.MethodDelete) != (said == "7") {
				t.Errorf("%s %s", last.Method, last.URL.RequestURI())
			}
			g.toldOfLeaving(since, there.last, want)
		})
	}
}

// toldOfLeaving looks for the one event of an end in the log.
func (g *gate) toldOfLeaving(since uint64, mandate stead.MandateID, failed string) {
	g.t.Helper()
	kind, outcome := stead.EventKind("application.left"), stead.OK
	if failed != "" {
		kind, outcome = "application.leave.refused", stead.No
	}
	var found []authority.StoredEvent
	for _, e := range g.recorded(since, int(g.size()-since)) {
		if strings.HasPrefix(string(e.Kind), "application.") {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		g.t.Fatalf("%d events tell of it: %v", len(found), kindsOf(found))
	}
	e := found[0]
	if e.Kind != kind || e.Outcome != outcome || e.Mandate != mandate || e.App != "orders" || e.Actor != g.People["staff/sam"].ID ||
		e.Subject != g.People["customers/dana"].ID || e.Who["by"] != stead.Server || e.What["because"] != failed {
		g.t.Errorf("%+v", e)
	}
}
