package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
)

const twoRules = `
apps:
  - id: orders
    host: %q
    upstream: %q
    privileged: [admins]
    realms: [ { id: shop, path: /, acting: true } ]
    rules: [ { id: look, is: read, path: ["/**"] } ]
  - id: mail
    host: %q
    upstream: %q
    privileged: [admins]
    realms: [ { id: mail, path: / } ]
    rules:
      - { id: static, is: public, path: ["/static/**"] }
      - { id: look,   is: read, path: ["/**"] }
`

func mailHost(addr string) string { return strings.Replace(addr, "127.0.0.1", "localhost", 1) }

// newTwo is a gate before two applications, of which only the first is open for acting.
func newTwo(t *testing.T) *gate {
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"1"`)
		w.Header().Set("Cache-Control", "max-age=600")
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		kind := "text/html; charset=utf-8"
		switch {
		case strings.HasPrefix(r.URL.Path, "/api"):
			kind = "application/json"
		case strings.HasPrefix(r.URL.Path, "/drawing"):
			kind = "image/svg+xml"
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		fmt.Fprint(w, inboxPage)
	})
	return newGate(t, app, func(host, upstream string) []byte {
		return fmt.Appendf(nil, twoRules, host, upstream, mailHost(host), upstream)
	}, func(g *gate) { g.gw.Labels, g.gw.Acting = map[string]string{"orders": "Orders"}, "act.localhost:1" })
}

const inboxPage = "<!doctype html><html lang=en><head><title>Inbox</title></head><body><h1>Inbox</h1></body></html>"

// at is the same session of v at another host.
func (v *visitor) at(host string) *visitor {
	v.g.t.Helper()
	return &visitor{g: v.g, who: v.who, cookie: v.g.pass(v, host), host: host}
}

// While he acts at one application, the pages of another are his own and say so; they are no part of the acting (R14).
func TestNotice(t *testing.T) {
	g := newTwo(t)
	sam := g.enter("staff/sam")
	mail := sam.at(mailHost(g.addr))
	own := func(when string, a answer) {
		t.Helper()
		if a.StatusCode != http.StatusOK || a.body != inboxPage || a.Header.Get("Cache-Control") != "max-age=600" || a.Header.Get("Etag") == "" {
			t.Errorf("%s: %s %v\n%s", when, a.Status, a.Header, a.body)
		}
	}
	own("before", mail.get("/", browser...))
	if a := sam.act(); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s %s", a.Status, a.body)
	}
	before := g.size()
	a := mail.get("/inbox", append([]string{`If-None-Match: "1"`, "Accept-Encoding: gzip"}, browser...)...)
	for _, want := range []string{`<section id="stead-notice" aria-label=`, "You are acting for <strong>Dana Reyes</strong> at <strong>Orders</strong>.",
		"Here you are yourself, <strong>Sam Okafor</strong>.", `<a href="http://` + g.addr + `/">`, "/.stead/static/bar.css", "<h1>Inbox</h1>"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("%q is not in\n%s", want, a.body)
		}
	}
	if a.StatusCode != http.StatusOK || strings.Contains(a.body, "stead-bar\"") || a.Header.Get("Stead-Acting") != "" {
		t.Errorf("%s %v\n%s", a.Status, a.Header, a.body)
	}
	if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Etag") != "" {
		t.Errorf("it would be kept: %v", a.Header)
	}
	if !strings.Contains(a.Header.Get("Content-Security-Policy"), "style-src-elem http://"+mailHost(g.addr)+"/.stead/static/bar.css") {
		t.Errorf("%v", a.Header)
	}
	for _, e := range g.leaves(before, "request.allowed", "request.served") {
		if e.Mandate != "" || e.Actor != g.People["staff/sam"].ID || e.Subject != e.Actor || e.App != "mail" {
			t.Errorf("recorded as acting: %+v", e.Event)
		}
	}
	if got := g.up.last(t).Header; got.Get("X-Stead-Subject") != "person:staff/sam" || got.Get("X-Stead-Mandate") != "" {
		t.Errorf("the application was told %v", got)
	}
	if a := mail.get("/drawing", browser...); a.Header.Get("Content-Disposition") != "attachment" {
		t.Errorf("shown without a notice: %v", a.Header)
	}
	own("data", mail.get("/api/mail", browser...))
	own("what a script fetches", mail.get("/inbox", script...))
	own("what is nobody's", mail.get("/static/a", browser...))
	there := sam.over()
	if a := there.get("/", browser...); strings.Contains(a.body, "stead-notice") || !strings.Contains(a.body, `id="stead-bar"`) {
		t.Errorf("where he acts: %s", a.body)
	}
	if a := there.post("/.stead/end", mandate(sam), browser...); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s %s", a.Status, a.body)
	}
	own("after", mail.get("/inbox", browser...))
}

// What was suspended is no acting, and what has run out neither.
func TestNoticeOnlyInForce(t *testing.T) {
	g := newTwo(t)
	sam := g.enter("staff/sam")
	mail := sam.at(mailHost(g.addr))
	if a := sam.act(); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s %s", a.Status, a.body)
	}
	omar := g.Login("staff/omar", "api")
	if _, err := g.Suspend(t.Context(), omar, sam.last, ""); err != nil {
		t.Fatal(err)
	}
	if a := mail.get("/", browser...); a.body != inboxPage {
		t.Errorf("suspended: %s", a.body)
	}
	if _, err := g.Resume(t.Context(), omar, sam.last, ""); err != nil {
		t.Fatal(err)
	}
	if a := mail.get("/", browser...); a.body == inboxPage {
		t.Error("resumed: no notice")
	}
	g.Clock.Move(11 * time.Minute)
	if a := mail.get("/", browser...); a.body != inboxPage {
		t.Errorf("run out: %s", a.body)
	}
	if _, err := g.Revoke(t.Context(), g.Login("staff/omar", "api"), sam.last, "enough"); err != nil && stead.KindOf(err) != stead.Conflict {
		t.Fatal(err)
	}
	if a := mail.get("/", browser...); a.body != inboxPage {
		t.Errorf("revoked: %s", a.body)
	}
}
