package e2e

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/e2e/indicator"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/demo"
	"github.com/steadhq/stead/internal/gateway"
	built "github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/web"
)

const chromeAgent = "stead-chromium/1"

// shopGate is the demo shop behind a gateway: the house, and where the gateway listens.
func shopGate(t *testing.T) (*housetest.House, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	shop := httptest.NewServer(demo.New(func() time.Time { return housetest.Noon }).Handler())
	t.Cleanup(shop.Close)
	apps, err := gateway.ParseRules(demo.Rules(addr, shop.URL))
	if err != nil {
		t.Fatal(err)
	}
	h := housetest.New(t, func(o *built.Options) { o.Settings.Apps = []stead.App{apps[0].App} })
	ring, err := keys.OpenRing(t.Context(), keys.Signing{Issuer: "http://stead.test", Now: h.Clock.Wall, Rand: rand.Reader, Secrets: built.Cabinet(t.TempDir()), Box: h.Box})
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway.Gateway{Apps: apps, Passes: h.Authority, Starts: h.Authority, Ends: h.Authority, Decider: h.Authority, Signer: ring,
		Console: &url.URL{Scheme: "http", Host: "127.0.0.1:8420"}, Door: web.Door{Log: slog.New(slog.DiscardHandler)},
		Cookie: web.NewCookie("stead", addr, false), Now: h.Clock.Wall, NewID: h.NewID}
	door, err := g.Open()
	if err != nil {
		t.Fatal(err)
	}
	srv := web.NewServer(door, slog.New(slog.DiscardHandler))
	go func() { _ = srv.Serve(web.Listener(l, nil)) }()
	t.Cleanup(func() { _ = errors.Join(srv.Close(), g.Close(context.Background())) })
	return h, addr
}

// chrome is one browser window.
func chrome(t *testing.T) context.Context {
	t.Helper()
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.UserAgent(chromeAgent), chromedp.WindowSize(1000, 700))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), flags...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

// covered is how far down the page reaches when it is scrolled to its end.
const covered = `(() => {
	window.scrollTo(0, document.documentElement.scrollHeight);
	let last = 0;
	for (const n of document.querySelectorAll("main *, footer *")) last = Math.max(last, n.getBoundingClientRect().bottom);
	return String(Math.floor(last));
})()`

// Sam sees the bar on Dana's pages, and one press ends it.
func TestActingInChromium(t *testing.T) {
	h, addr := shopGate(t)
	mark := web.ClientMark(&http.Request{Header: http.Header{"User-Agent": {chromeAgent}}})
	in, err := h.SignIn(t.Context(), authority.SignIn{Directory: "staff", Name: "sam", Password: housetest.Password,
		Host: "127.0.0.1:8420", Address: "127.0.0.1", Client: mark})
	if err != nil {
		t.Fatal(err)
	}
	code, err := h.Hand(t.Context(), in.By, addr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, origin := chrome(t), "http://"+addr
	show := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	tell := func(script string) string {
		t.Helper()
		v, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	show(chromedp.Navigate(origin + "/.stead/in?" + url.Values{"code": {code}, "next": {"/"}}.Encode()))
	if _, err := indicator.See(ctx); !errors.Is(err, indicator.ErrNone) || tell("location.pathname") != "/" {
		t.Fatalf("as himself: %v", err)
	}
	if _, err := h.Act(in.By, "staff/sam", "customers/dana", stead.ReadOnly); err != nil {
		t.Fatal(err)
	}
	show(chromedp.Navigate(origin + "/orders"))
	var bar *indicator.Bar
	for _, width := range []int64{1000, 320} {
		show(chromedp.EmulateViewport(width, 700))
		var err error
		if bar, err = indicator.See(ctx); err != nil || !bar.Drawn || !bar.OnTop || !bar.Frame || bar.Right < float64(width) {
			t.Fatalf("%d wide: %+v %v", width, bar, err)
		}
		if last, err := strconv.ParseFloat(tell(covered), 64); err != nil || last > bar.Y+1 {
			t.Errorf("%d wide: the page ends at %v, under the bar at %v", width, last, bar.Y)
		}
	}
	for _, want := range []string{"Dana Reyes", "Sam Okafor", "Read-only", "SUP-4711", " left", "End session"} {
		if !strings.Contains(bar.Text, want) {
			t.Errorf("the bar says nothing of %s: %s", want, bar.Text)
		}
	}
	if _, err := chromedp.RunResponse(ctx, chromedp.MouseClickXY(bar.EndX, bar.EndY)); err != nil {
		t.Fatal(err)
	}
	if got := tell("location.href"); got != origin+"/orders" {
		t.Errorf("after the end he is at %s", got)
	}
	if got := tell("document.body.innerText"); strings.Contains(got, "Dana Reyes") {
		t.Errorf("after the end: %s", got)
	}
}
