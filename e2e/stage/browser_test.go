package stage

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// A page that goes while it is asked is no failure: the next one answers.
func TestTellWhileThePageGoes(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<title>" + r.URL.Path + "</title>"))
	}))
	defer s.Close()
	ctx, cancel := context.WithTimeout(Window(t, Chromium(t, "")), 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(s.URL+"/one")); err != nil {
		t.Fatal(err)
	}
	const asked = `location.pathname === "/one" ? new Promise(() => { location = "/two" }) : location.pathname`
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[string](asked, chromedp.EvalAwaitPromise)); !Gone(err) {
		t.Errorf("asked once: %v", err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(s.URL+"/one")); err != nil {
		t.Fatal(err)
	}
	if got, err := Tell[string](ctx, asked); err != nil || got != "/two" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := Tell[string](ctx, `nothing.there`); err == nil || Gone(err) {
		t.Errorf("a mistake in the script: %v", err)
	}
}
