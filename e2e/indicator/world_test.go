package indicator

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/e2e/stage"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/gateway"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/web"
)

const (
	agent    = "stead-indicator/1"
	patience = 30 * time.Second // for one step, on a busy machine
)

const rules = `
apps:
  - id: orders
    host: %s
    upstream: %s
    privileged: [staff/admins]
    aware: true
    first_visit: allow
    realms: [{ id: shop, path: /, acting: true }]
    rules:
      - { id: assets, is: public, path: ["/app.js", "/favicon.ico"] }
      - { id: look, is: read, path: ["/**"], only: [csp, scene] }
`

// A world is a house whose gateway stands before an application that we write, and a browser in which Sam acts.
type world struct {
	t      *testing.T
	house  *housetest.House
	gw     *gateway.Gateway
	app    string // origin of the application itself
	addr   string // of the gateway
	origin string // where Sam acts
	by     authority.By
	ctx    context.Context

	before map[string]string // what of the application's own scripts runs without us

	mu        sync.Mutex
	mandate   stead.Mandate
	rehearsal bool            // a press of End is heard and goes nowhere
	ends      []url.Values    // heard
	hides     map[string]bool // pages that hid the bar, as was complained of
	extends   int             // asked for
	down      bool            // the network is
}

func newWorld(t *testing.T, change ...func(*house.Options)) *world {
	t.Helper()
	return newWorldBy(t, rules, change...)
}

// newWorldBy is one whose application has these rules.
func newWorldBy(t *testing.T, rules string, change ...func(*house.Options)) *world {
	t.Helper()
	w := &world{t: t, before: map[string]string{}, hides: map[string]bool{}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.addr = l.Addr().String()
	up := httptest.NewServer(http.HandlerFunc(pages))
	t.Cleanup(up.Close)
	w.app = up.URL
	apps, err := gateway.ParseRules(fmt.Appendf(nil, rules, w.addr, up.URL))
	if err != nil {
		t.Fatal(err)
	}
	w.house = housetest.New(t, append(change, func(o *house.Options) { o.Settings.Apps = []stead.App{apps[0].App} })...)
	doors, err := w.house.Doors(house.Site{Origin: "http://127.0.0.1:8420", Listen: "127.0.0.1:8420", Gateway: w.addr, Apps: apps, Ring: w.ring(),
		Log: slog.New(slog.DiscardHandler), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	w.gw = doors.Gateway
	srv := web.NewServer(w.between(doors.Apps), slog.New(slog.DiscardHandler))
	go func() { _ = srv.Serve(web.Listener(l, nil)) }()
	t.Cleanup(func() { _ = errors.Join(srv.Close(), doors.Gateway.Close(context.Background())) })
	w.ctx = stage.Window(t, started)
	in, err := w.house.SignIn(t.Context(), authority.SignIn{Directory: "staff", Name: "sam", Password: housetest.Password,
		Host: "127.0.0.1:8420", Address: "127.0.0.1", Client: mark()})
	if err != nil {
		t.Fatal(err)
	}
	w.by = in.By
	return w
}

func (w *world) ring() *keys.Ring {
	w.t.Helper()
	dir := w.t.TempDir()
	m, err := house.Unlock(w.t.Context(), filepath.Join(dir, "master.key"), house.Cabinet(dir))
	if err != nil {
		w.t.Fatal(err)
	}
	ring, err := keys.OpenRing(w.t.Context(), keys.Signing{Issuer: "http://stead.test", Now: w.house.Now, Rand: rand.Reader, Secrets: m.Secrets, Box: m.Box})
	if err != nil {
		w.t.Fatal(err)
	}
	return ring
}

func mark() string { return web.ClientMark(&http.Request{Header: http.Header{"User-Agent": {agent}}}) }

// between hears ends at a rehearsal, hears complaints, and cuts the network.
func (w *world) between(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		rehearsal, down := w.rehearsal, w.down
		if r.URL.Path == "/.stead/hidden" {
			w.hides[r.Referer()] = true
		}
		if r.URL.Path == "/.stead/extend" && web.ByHand(r) {
			w.extends++
		}
		w.mu.Unlock()
		switch {
		case down:
			panic(http.ErrAbortHandler)
		case rehearsal && r.URL.Path == "/.stead/end" && r.Method == http.MethodPost:
			_ = r.ParseForm()
			if web.ByHand(r) && (web.CrossSite{}).Check(r) == nil {
				w.mu.Lock()
				w.ends = append(w.ends, r.PostForm)
				w.mu.Unlock()
			}
			rw.WriteHeader(http.StatusNoContent)
		default:
			next.ServeHTTP(rw, r)
		}
	})
}

func (w *world) set(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// act lets Sam act for Dana, and brings his browser there.
func (w *world) act(mode stead.Mode) {
	w.t.Helper()
	m, err := w.house.Act(w.by, "staff/sam", "customers/dana", mode)
	if err != nil {
		w.t.Fatal(err)
	}
	if m.State == stead.Asked {
		maya := w.house.Login("staff/maya", "api")
		if _, err := w.house.Approve(w.t.Context(), maya, m.ID, m.Digest, ""); err != nil {
			w.t.Fatal(err)
		}
		if m, err = w.house.Start(w.t.Context(), w.by, m.ID, ""); err != nil {
			w.t.Fatal(err)
		}
	}
	host, origin, err := w.gw.PlaceOf("orders", m.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	w.mandate, w.origin = m, origin
	code, err := w.house.Hand(w.t.Context(), w.by, host)
	if err != nil {
		w.t.Fatal(err)
	}
	w.opens("/.stead/in?" + url.Values{"code": {code}, "next": {"/p?scene=plain"}}.Encode())
}

// TestMain starts the one Chromium of all tests of this package.
func TestMain(m *testing.M) {
	ctx, end, err := stage.StartChromium(agent)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	started = ctx
	code := m.Run()
	end()
	os.Exit(code)
}

// started is the browser, for as long as the tests run.
var started context.Context

func (w *world) do(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) opens(path string) {
	w.t.Helper()
	w.goes(w.origin + path)
}

// goes to an address, until all of the page is there. A way that was begun before and led nowhere may break the first
// try off; where its end is told late, what waits for the page takes it for the page's own.
func (w *world) goes(address string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.Navigate(address))
	if err != nil && strings.Contains(err.Error(), "ERR_ABORTED") {
		err = chromedp.Do(ctx, chromedp.Navigate(address))
	}
	if err != nil {
		w.t.Fatal(err)
	}
	tell[bool](w, `document.readyState === "complete" || new Promise(there => addEventListener("load", () => there(true)))`)
}

func tell[T any](w *world, script string) T {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	v, err := stage.Tell[T](ctx, script)
	if err != nil {
		w.t.Fatalf("%.300s: %v", script, err)
	}
	return v
}

// sees waits until what is seen of the bar is as wanted; it says what was seen last otherwise.
func (w *world) sees(what string, wanted func(*Bar) bool) *Bar {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	return w.waits(ctx, what, wanted)
}

func (w *world) waits(ctx context.Context, what string, wanted func(*Bar) bool) *Bar {
	w.t.Helper()
	for {
		b, err := See(ctx)
		if err == nil && wanted(b) {
			return b
		}
		select {
		case <-ctx.Done():
			w.t.Fatalf("%s: %+v %v; %s", what, b, err, tell[string](w, "[innerWidth, innerHeight, visualViewport.pageTop, visualViewport.offsetTop, visualViewport.scale, scrollY, document.visibilityState].join()"))
		case <-time.After(30 * time.Millisecond):
		}
	}
}
