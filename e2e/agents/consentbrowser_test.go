package agents

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/steadhq/stead/e2e/stage"
)

const axeCheck = `axe.run(document, {runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}, preload: false})
	.then(r => r.violations.map(v => v.id + ": " + v.nodes.slice(0, 3).map(n => n.target.join(" ")).join("; ")).join("\n"))`

// In a real browser, by the keyboard: she signs in, comes back to the page, which axe has nothing against at any width, presses Enter, and
// the browser is where the program waits, with a code: the policy of the page lets its form go there.
func TestConsentInBrowser(t *testing.T) {
	w := newLetting(t)
	back := make(chan url.Values, 1)
	program := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cb" {
			back <- r.URL.Query()
		}
	}))
	t.Cleanup(program.Close)
	redirect := program.URL + "/cb"
	raw, err := os.ReadFile(filepath.Join("..", "..", ".deps", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal("make deps installs axe-core:", err)
	}
	window := stage.Window(t, stage.Chromium(t, ""))
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		ctx, stop := context.WithTimeout(window, time.Minute)
		defer stop()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	tell := func(script string) string {
		t.Helper()
		ctx, stop := context.WithTimeout(window, time.Minute)
		defer stop()
		said, err := stage.Tell[string](ctx, script)
		if err != nil {
			t.Fatal(err)
		}
		return said
	}
	do(chromedp.Navigate(w.origin + w.wants("redirect_uri", redirect)))
	tell(`(() => { const f = document.forms[0], d = f.elements.directory ?? f.appendChild(Object.assign(document.createElement("input"), {type: "hidden", name: "directory"}));
		d.value = "customers"; f.elements.name.value = "dana"; f.elements.password.value = "correct horse"; f.elements.password.focus(); return "" })()`)
	if _, err := chromedp.RunResponse(window, chromedp.KeyEvent(kb.Enter)); err != nil {
		t.Fatal(err)
	}
	if title := tell("document.querySelector('h1').textContent"); title != "Let Scheduler act for you?" {
		t.Fatal(title)
	}
	for _, width := range []int64{320, 768, 1280} {
		do(chromedp.EmulateViewport(width, 800))
		if bad := tell(string(raw) + ";" + axeCheck); bad != "" {
			t.Errorf("at %d: %s", width, bad)
		}
		if bad := tell(`document.documentElement.scrollWidth > document.documentElement.clientWidth ? "wider than the window" : ""`); bad != "" {
			t.Errorf("at %d: %s", width, bad)
		}
	}
	tell(`(document.querySelector("button[value=yes]").focus(), "")`)
	if _, err := chromedp.RunResponse(window, chromedp.KeyEvent(kb.Enter)); err != nil {
		t.Fatal(err)
	}
	q := <-back
	if q.Get("code") == "" || q.Get("iss") != w.origin || !strings.HasPrefix(redirect, "http://127.0.0.1:") {
		t.Fatal(q)
	}
	if s := w.takes(w.run, q.Get("code"), "redirect_uri", redirect); s.status != http.StatusOK {
		t.Error(s)
	}
}
