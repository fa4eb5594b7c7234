package tour

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/steadhq/stead/e2e/stage"
)

// axe is the source of axe-core, which make deps puts where the checkout ignores it.
var axe = sync.OnceValues(func() (string, error) {
	raw, err := os.ReadFile(filepath.Join("..", "..", ".deps", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		return "", fmt.Errorf("the tour needs axe-core: make deps installs it: %w", err)
	}
	return string(raw), nil
})

// watch lets every page be looked at from here on. Pictures go to the folder STEAD_SHOTS, where one is named.
func (w *window) watch() {
	w.t.Helper()
	w.watched, w.shots = true, os.Getenv("STEAD_SHOTS")
	if w.shots != "" {
		if err := os.MkdirAll(w.shots, 0o755); err != nil {
			w.t.Fatal(err)
		}
	}
}

const check = `axe.run(document, {runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
	resultTypes: ["violations"], preload: false}).then(r => r.violations.map(v =>
	v.id + ": " + v.nodes.slice(0, 3).map(n => n.target.join(" ") + " " + (n.any[0]?.message ?? n.failureSummary)).join("; ")).join("\n"))`

// wide tells what sticks out of the page to the right.
const wide = `(() => { const d = document.documentElement;
	return d.scrollWidth <= d.clientWidth ? "" : [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > d.clientWidth + 1 && !e.closest(".scroll"))
		.slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join("\n") || d.scrollWidth + " wide" })()`

// looks at the page as it is: at three widths, in light and in dark, by axe, and on a picture.
func (w *window) looks(name string) {
	w.t.Helper()
	if !w.watched {
		return
	}
	source, err := axe()
	if err != nil {
		w.t.Fatal(err)
	}
	w.do(chromedp.Stop()) // a page that comes again by itself does so when it was looked at
	tell[bool](w, source+"; true")
	for _, width := range []int64{320, 768, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			w.dress(width, scheme)
			what := fmt.Sprintf("%s-%d-%s", name, width, scheme)
			if bad := tell[string](w, check); bad != "" {
				w.t.Errorf("%s (%s): axe: %s", what, w.at(), bad)
			}
			if bad := tell[string](w, wide); bad != "" {
				w.t.Errorf("%s: wider than the window: %s", what, bad)
			}
			w.pictures(what)
		}
	}
	if !strings.HasPrefix(name, "shop-") { // what others' pages do is theirs, and e2e/indicator looks at the bar there
		w.contrasts(name)
	}
	w.dress(1280, "light")
}

// contrasts looks at a page as those see it whose machine asks for high contrast, or puts colours of its own in place of
// the page's.
func (w *window) contrasts(name string) {
	w.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		for kind, feature := range map[string]*emulation.MediaFeature{"forced": {Name: "forced-colors", Value: "active"}, "contrast": {Name: "prefers-contrast", Value: "more"}} {
			w.dress(1280, scheme, feature)
			what := fmt.Sprintf("%s-%s-%s", name, kind, scheme)
			if bad := w.faults(scheme == "dark"); bad != "" {
				w.t.Errorf("%s (%s): axe: %s", what, w.at(), bad)
			}
			if bad := tell[string](w, bare); bad != "" {
				w.t.Errorf("%s: what is pressed has no edge: %s", what, bad)
			}
			w.pictures(what)
		}
	}
}

// faults are what axe finds, where it is asked: it takes its time.
func (w *window) faults(ask bool) string {
	w.t.Helper()
	if !ask {
		return ""
	}
	return tell[string](w, check)
}

// bare tells which buttons and fields are seen by their ground alone, which forced colours take away.
const bare = `[...document.querySelectorAll("button, .button, input:not([type=hidden], [type=checkbox], [type=radio]), select, textarea")].filter(e => {
	const s = getComputedStyle(e), r = e.getBoundingClientRect();
	return r.width > 0 && s.borderTopWidth === "0px" && s.outlineStyle === "none" && s.textDecorationLine === "none" }).slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join("\n")`

// dress shows a page at a width, in light or dark, with what else a reader's machine asks for.
func (w *window) dress(width int64, scheme string, more ...*emulation.MediaFeature) {
	w.t.Helper()
	w.do(chromedp.EmulateViewport(width, 800))
	_, err := chromedp.Call(w.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: append(more, &emulation.MediaFeature{Name: "prefers-color-scheme", Value: scheme})})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *window) pictures(name string) {
	w.t.Helper()
	if w.shots == "" {
		return
	}
	raw, err := chromedp.Run(w.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.shots, strings.ReplaceAll(name, "/", "-")+".png"), raw, 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// What looks and listens is itself held to account: each must find what it is there for.
func TestLooksFind(t *testing.T) {
	w := newWindow(t, stage.Chromium(t, ""), "nobody")
	w.gets("data:text/html,<!doctype html><html><meta http-equiv='Content-Security-Policy' content=\"script-src 'none'\"><title>x</title>" +
		"<script>1</script><p style='color:%23ccc;width:2000px'>faint</p><input></html>")
	source, err := axe()
	if err != nil {
		t.Fatal(err)
	}
	tell[bool](w, source+"; true")
	found := tell[string](w, check)
	for _, rule := range []string{"color-contrast", "html-has-lang", "label"} {
		if !strings.Contains(found, rule+":") {
			t.Errorf("axe does not find %s: %s", rule, found)
		}
	}
	if tell[string](w, wide) == "" {
		t.Error("what is too wide is not found")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.noise) == 0 {
		t.Error("a violated policy is not heard")
	}
	w.noise = nil
}
