package indicator

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/steadhq/stead"
)

const axeTags = `axe.run(document, {runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}, resultTypes: ["violations"], preload: false})
	.then(r => r.violations.map(v => v.id + ": " + v.nodes.map(n => n.target.join(" ") + " " + (n.any[0]?.message ?? n.failureSummary)).join("; ")).join("\n"))`

// passes puts a copy of the closed drawing on a page of its own, where axe can look into it.
func (w *world) passes(what string) {
	w.t.Helper()
	b := w.sees("the bar", func(b *Bar) bool { return b.Drawn })
	html, err := chromedp.Call(w.ctx, dom.GetOuterHTML, dom.GetOuterHTMLParams{BackendNodeID: b.whole.BackendNodeID})
	if err != nil {
		w.t.Fatal(err)
	}
	look, err := os.ReadFile("../../internal/gateway/static/bar/indicator.css")
	if err != nil {
		w.t.Fatal(err)
	}
	axe, err := os.ReadFile("../../.deps/node_modules/axe-core/axe.min.js")
	if err != nil {
		w.t.Fatalf("these tests need axe-core: make deps installs it: %v", err)
	}
	at := tell[string](w, "location.href")
	w.goes("data:text/html,<!doctype html><html lang=en><title>The indicator</title><main></main></html>")
	inner := strings.TrimSuffix(strings.TrimPrefix(html.OuterHTML, "<template shadowrootmode=\"closed\">"), "</template>")
	tell[bool](w, fmt.Sprintf(`(() => { const s = document.createElement("style"); s.textContent = %q; document.head.append(s);
		document.querySelector("main").innerHTML = %q; return true })()`, string(look), inner))
	tell[bool](w, string(axe)+"; true")
	if bad := tell[string](w, axeTags); bad != "" {
		w.t.Errorf("%s: axe: %s", what, bad)
	}
	w.goes(at)
}

// room tells whether the last line of the page can be scrolled to above the bar.
const room = `(() => { scrollTo(0, document.documentElement.scrollHeight); const r = document.getElementById("last").getBoundingClientRect();
	const y = r.bottom; return y })()`

// The bar at every width, in both modes and in the last minute: whole, with room below the page, and without findings.
func TestLook(t *testing.T) {
	w := newWorld(t)
	for mode, want := range map[stead.Mode]string{stead.ReadOnly: "Read-only", stead.Edit: "CAN EDIT — saved as you"} {
		w.act(mode)
		for _, width := range []int64{320, 768, 1280} {
			w.dresses(width, 800)
			w.opens("/p?scene=plain")
			b := w.sees("the bar", func(b *Bar) bool { return b.OnTop && b.Right >= float64(width) })
			if b.Below-b.Y > 134 || !strings.Contains(b.Text, want) || !strings.Contains(b.Text, ":") || !strings.Contains(b.Text, " left") {
				t.Errorf("%d wide: %+v", width, b)
			}
			if last := tell[float64](w, room); last > b.Y+1 {
				t.Errorf("%d wide: the last line ends at %g, under the bar at %g", width, last, b.Y)
			}
			w.pictures(fmt.Sprintf("%s-%d", mode, width))
		}
		w.passes(string(mode))
		w.endsElsewhere(t)
	}
	w.act(stead.ReadOnly)
	w.house.Clock.Move(9*time.Minute + 20*time.Second)
	w.dresses(1280, 800)
	w.opens("/p?scene=plain")
	w.sees("the last minute", func(b *Bar) bool {
		return strings.Contains(b.Text, "Ends in 0:3") && strings.Contains(b.Said, "Acting for Dana Reyes ends in 40 seconds")
	})
	w.pictures("last-1280")
	tell[bool](w, "document.querySelector('[name=note]').focus(); true")
	w.do(chromedp.KeyEvent("late"))
	w.sees("what is not saved", func(b *Bar) bool { return strings.Contains(b.Text, "what you typed is not saved") })
	w.dresses(320, 640)
	w.pictures("last-320")
	w.passes("last")
	w.dresses(1280, 800, &emulation.MediaFeature{Name: "forced-colors", Value: "active"})
	w.opens("/p?scene=plain")
	w.sees("the bar", func(b *Bar) bool { return b.OnTop && b.Frame })
	w.pictures("forced-colors")
}

// endsElsewhere ends the session from elsewhere.
func (w *world) endsElsewhere(t *testing.T) {
	t.Helper()
	if _, err := w.house.End(t.Context(), w.by, w.mandate.ID); err != nil {
		t.Fatal(err)
	}
}

// Without script the bar stands in the page and cannot be scrolled away, and End works.
func TestWithoutScript(t *testing.T) {
	w := newWorld(t)
	w.act(stead.ReadOnly)
	if _, err := chromedp.Call(w.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	for _, width := range []int64{320, 1280} {
		w.dresses(width, 700)
		w.opens("/p?scene=plain")
		w.pictures(fmt.Sprintf("static-%d", width))
		b := w.sees("the bar", func(b *Bar) bool { return !b.Drawn && b.OnTop && b.Frame })
		w.do(chromedp.KeyEvent(kb.End))
		after := w.sees("the bar", func(b *Bar) bool { return b.OnTop })
		if after.Y != b.Y || after.Below < 699 || !strings.Contains(b.Text, "until 12:10 UTC") {
			t.Errorf("%d wide: %+v, scrolled %+v", width, b, after)
		}
	}
	w.endsIt()
}

// endsIt clicks End where it is seen until nobody is acted for: again, where the page was not there yet.
func (w *world) endsIt() {
	w.t.Helper()
	var clicked time.Time
	w.waitFor("the end", func() bool {
		if b, err := See(w.ctx); err == nil && b.OnTop && b.Cover == "" && time.Since(clicked) > 3*time.Second && !w.left() {
			clicked = time.Now()
			w.do(chromedp.MouseClickXY(b.EndX, b.EndY))
		}
		return w.left()
	})
}

// left tells whether nobody is acted for any more.
func (w *world) left() bool {
	st, err := w.house.Status(w.t.Context(), w.by)
	return err == nil && st.Mandate.ID == ""
}

func (w *world) waitFor(what string, done func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(30 * time.Millisecond) {
		if time.Now().After(deadline) {
			b, err := See(w.ctx)
			w.t.Fatalf("%s: %+v %v", what, b, err)
		}
	}
}

// By keyboard: the bar comes first, and two keys end and extend. It can be made small, and then the frame stays.
func TestKeys(t *testing.T) {
	w := newWorld(t)
	w.act(stead.ReadOnly)
	w.set(func() { w.rehearsal = true })
	w.opens("/p?scene=plain")
	w.sees("the bar", func(b *Bar) bool { return b.OnTop })
	w.do(chromedp.KeyEvent(kb.Tab))
	if at := tell[string](w, "document.activeElement.localName"); at != "stead-indicator" {
		t.Errorf("Tab comes to %s first", at)
	}
	w.do(chromedp.KeyEvent(kb.Tab))
	w.pictures("focus")
	w.do(chromedp.KeyEvent(kb.Enter))
	w.waitFor("Enter on End", func() bool { return w.heard() == 1 })
	w.do(chromedp.KeyEvent("e", chromedp.KeyModifiers(chromedp.ModifierAlt, chromedp.ModifierShift)))
	w.waitFor("Alt+Shift+E", func() bool { return w.heard() == 2 })
	b := w.sees("the bar", func(b *Bar) bool { return b.OnTop })
	x, y, err := b.Point(w.ctx, "Make the bar small")
	if err != nil {
		t.Fatal(err)
	}
	w.do(chromedp.MouseClickXY(x, y))
	w.waitFor("small", func() bool { return !w.laid("bar") && w.laid("pill") && w.laid("frame") })
	w.pictures("pill")
	w.opens("/p?scene=plain")
	w.waitFor("small on the next page too", func() bool { return !w.laid("bar") && w.laid("pill") && w.laid("frame") })
	w.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	w.sees("the bar", func(b *Bar) bool { return b.OnTop })
	w.do(chromedp.KeyEvent("x", chromedp.KeyModifiers(chromedp.ModifierAlt, chromedp.ModifierShift)))
	w.waitFor("Alt+Shift+X", func() bool { return w.extended() })
}

func (w *world) heard() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.ends)
}

func (w *world) extended() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.extends > 0
}

// laid tells whether a part of the drawing has a box.
func (w *world) laid(part string) bool {
	b, err := See(w.ctx)
	if b == nil || b.whole == nil {
		return false
	}
	_ = err
	_, err = quad(w.ctx, find(b.whole, func(n *cdp.Node) bool { return named(n, "class", part) }))
	return err == nil
}
