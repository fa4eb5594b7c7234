package gateway_test

import (
	"bytes"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"html"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

var barTag = regexp.MustCompile(`<script src="(/\.stead/static/bar\.js\?v=[0-9a-f]+)" integrity="(sha384-[^"]+)" crossorigin="anonymous" data-stead="([^"]*)"></script>`)

type handed struct {
	Subject, Actor, Look, Mode, Ticket, Mandate, Origin, What, Paper string
	Forms                                                            bool
	Now, Left, Warn                                                  int64
	Extensions                                                       int
}

func (a answer) handed(t *testing.T) (h handed, src, hash string) {
	t.Helper()
	m := barTag.FindStringSubmatch(a.body)
	if m == nil {
		t.Fatalf("no script in\n%s", a.body)
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(m[3])), &h); err != nil {
		t.Fatal(err)
	}
	return h, m[1], html.UnescapeString(m[2])
}

// The page is handed what it needs to know its end by itself: spans, not hours, so that the browser's clock does not
// matter (R16). The script is the very one that is named.
func TestHandedToThePage(t *testing.T) {
	g := newShop(t)
	sam := g.acting()
	g.Clock.Move(time.Minute)
	h, src, hash := sam.get("/", browser...).handed(t)
	want := handed{Subject: "Dana Reyes", Actor: "Sam Okafor", Look: "read", Mode: "Read-only", Ticket: "SUP-4711", Mandate: string(sam.last), Origin: "http://" + g.addr,
		What: "mandate", Paper: "Viewed by Sam Okafor as Dana Reyes", Forms: true, Now: g.Clock.Wall().UnixMilli(), Warn: 60_000, Extensions: 3}
	if h.Left > 9*60_000 || h.Left < 8*60_000 {
		t.Errorf("%d ms are left", h.Left)
	}
	if h.Left = 0; h != want {
		t.Errorf("handed\n%+v, want\n%+v", h, want)
	}
	a := sam.get(src)
	sum := sha512.Sum384([]byte(a.body))
	if got := "sha384-" + base64.StdEncoding.EncodeToString(sum[:]); got != hash || !strings.Contains(a.Header.Get("Cache-Control"), "immutable") ||
		a.Header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("%s %v, hash %s, want %s", a.Status, a.Header, got, hash)
	}
	if a := sam.get("/.stead/static/bar.js?v=0"); a.StatusCode != http.StatusOK || a.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("another version is kept: %v", a.Header)
	}
	for _, bad := range []string{"innerHTML", "eval(", "document.write", "http://", "https://"} {
		if text := strings.ReplaceAll(a.body, "http://www.w3.org/2000/svg", ""); strings.Contains(text, bad) {
			t.Errorf("the script says %s", bad)
		}
	}
}

// What ends first is named. Opening a page is doing something under the mandate, and nothing as oneself (R15).
func TestWhatEndsFirst(t *testing.T) {
	g := newGate(t, page(nil), echo, func(g *gate) { g.Options.Settings.Terms.Idle = 3 * time.Minute })
	sam := g.acting()
	for range 3 {
		g.Clock.Move(2 * time.Minute)
		if h, _, _ := sam.get("/look/a", browser...).handed(t); h.What != "mandate-idle" || h.Left != 180_000 {
			t.Errorf("%+v", h)
		}
	}
	// A page that comes without anybody at the keyboard moves nothing.
	g.Clock.Move(time.Minute)
	if h, _, _ := sam.get("/look/a", "Accept: text/html", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: document").handed(t); h.What != "mandate-idle" || h.Left != 120_000 {
		t.Errorf("nobody there: %+v", h)
	}
	g = newGate(t, page(nil), echo, func(g *gate) { g.Options.Settings.Session.Idle = 5 * time.Minute })
	if h, _, _ := g.acting().get("/look/a", browser...).handed(t); h.What != "session-idle" || h.Left > 300_000 {
		t.Errorf("%+v", h)
	}
}

// A page that hides the bar is told of once in a minute, to whoever runs Stead, and nobody else can tell.
func TestHiddenIsTold(t *testing.T) {
	var said bytes.Buffer
	g := newGate(t, page(nil), echo, func(g *gate) { g.gw.Door.Log = slog.New(slog.NewTextHandler(&said, nil)) })
	sam := g.acting()
	told := func() int { return strings.Count(said.String(), "a page hid the indicator") }
	for _, tc := range []struct {
		head []string
		code int
		told int
	}{
		{[]string{"Sec-Fetch-Site: cross-site", "Origin: http://evil.test"}, http.StatusForbidden, 0},
		{append([]string{"Referer: http://" + g.addr + "/look/a"}, script...), http.StatusNoContent, 1},
		{script, http.StatusNoContent, 1},
	} {
		if a := sam.post("/.stead/hidden", nil, tc.head...); a.StatusCode != tc.code || told() != tc.told {
			t.Errorf("%v: %s, told %d times", tc.head, a.Status, told())
		}
	}
	g.Clock.Move(61 * time.Second)
	if sam.post("/.stead/hidden", nil, script...); told() != 2 {
		t.Errorf("a minute later: told %d times", told())
	}
	if !strings.Contains(said.String(), "mandate="+string(sam.last)) || !strings.Contains(said.String(), "/look/a") {
		t.Errorf("%s", said.String())
	}
	dana := g.enter("customers/dana")
	if a := dana.post("/.stead/hidden", nil, script...); a.StatusCode != http.StatusNoContent || told() != 2 {
		t.Errorf("who acts for nobody: %s, told %d times", a.Status, told())
	}
	stranger := &visitor{g: g}
	if a := stranger.post("/.stead/hidden", nil, script...); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("a stranger: %s", a.Status)
	}
}
