package indicator

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/steadhq/stead"
)

// with are the rules with other lines in place of one.
func with(line, lines string) string { return strings.Replace(rules, line, lines, 1) }

// The keys are the application's choice, and the bar says which.
func TestOwnKeys(t *testing.T) {
	w := newWorldBy(t, with("    aware: true\n", "    aware: true\n    banner: { keys: { end: Ctrl+Shift+F9, extend: Alt+3 } }\n"))
	w.act(stead.ReadOnly)
	w.set(func() { w.rehearsal = true })
	b := w.sees("the bar", func(b *Bar) bool { return b.OnTop })
	for name, want := range map[string]string{"End session": "Control+Shift+F9", "Extend": "Alt+3"} {
		n := find(b.whole, func(n *cdp.Node) bool { return (n.LocalName == "button" || n.LocalName == "a") && words(n) == name })
		if !named(n, "aria-keyshortcuts", want) || !named(n, "title", strings.Replace(want, "Control", "Ctrl", 1)) {
			t.Errorf("%s: %v", name, n.Attributes)
		}
	}
	w.do(chromedp.KeyEvent("e", chromedp.KeyModifiers(chromedp.ModifierAlt, chromedp.ModifierShift)))
	w.do(chromedp.KeyEvent(kb.F9, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	w.sees("the bar", func(b *Bar) bool { return b.OnTop })
	if w.heard() != 0 {
		t.Error("other keys end it")
	}
	w.do(chromedp.KeyEvent(kb.F9, chromedp.KeyModifiers(chromedp.ModifierCtrl, chromedp.ModifierShift)))
	w.waitFor("Ctrl+Shift+F9", func() bool { return w.heard() == 1 })
	w.do(chromedp.KeyEvent("3", chromedp.KeyModifiers(chromedp.ModifierAlt)))
	w.waitFor("Alt+3", func() bool { return w.extended() })
}

// The bar is at the upper edge where it is to be, drawn and without script, and leaves it where a page has it taken.
func TestAtTheTop(t *testing.T) {
	w := newWorldBy(t, with("    aware: true\n", "    aware: true\n    banner: { position: top }\n"))
	w.act(stead.ReadOnly)
	w.sees("the bar below: the page's own head is fixed above", func(b *Bar) bool { return b.OnTop && b.Y > 600 })
	w.opens("/p?scene=loose")
	for _, width := range []int64{320, 1280} {
		w.dresses(width, 700)
		w.opens("/p?scene=loose")
		b := w.sees("the bar", func(b *Bar) bool { return b.OnTop && b.Drawn && b.Y < 1 })
		if got := tell[string](w, `getComputedStyle(document.documentElement).paddingTop`); got != fmt.Sprintf("%gpx", math.Ceil(b.Below)) {
			t.Errorf("%d wide: %s of room above, bar %+v", width, got, b)
		}
		w.pictures(fmt.Sprintf("top-%d", width))
	}
	w.passes("top")
	if _, err := chromedp.Call(w.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	w.opens("/p?scene=loose")
	w.sees("the bar", func(b *Bar) bool { return b.OnTop && !b.Drawn && b.Y < 1 })
	w.pictures("top-static")
}

// Nobody saw the subject in this application before: the bar says so, until it was read.
func TestFirstVisit(t *testing.T) {
	w := newWorldBy(t, with("    first_visit: allow\n", ""))
	w.act(stead.ReadOnly)
	const said = "First visit: to look may already make an account for Dana Reyes."
	for _, width := range []int64{320, 1280} {
		w.dresses(width, 800)
		w.opens("/p?scene=plain")
		b := w.sees("what is said on a first visit", func(b *Bar) bool { return b.OnTop && strings.Contains(b.Text, said) })
		if last := tell[float64](w, room); last > b.Y+1 {
			t.Errorf("%d wide: the last line ends at %g, under the bar at %g", width, last, b.Y)
		}
		w.pictures(fmt.Sprintf("first-%d", width))
	}
	w.dresses(1280, 800, &emulation.MediaFeature{Name: "prefers-color-scheme", Value: "dark"})
	w.pictures("first-dark")
	w.passes("first visit")
	b := w.sees("the bar", func(b *Bar) bool { return b.OnTop && strings.Contains(b.Text, said) })
	x, y, err := b.Point(w.ctx, "Got it")
	if err != nil {
		t.Fatal(err)
	}
	w.do(chromedp.MouseClickXY(x, y))
	w.sees("the bar without it", func(b *Bar) bool { return b.OnTop && !strings.Contains(b.Text, said) })
	w.opens("/p?scene=plain")
	w.sees("the next page without it", func(b *Bar) bool { return b.OnTop && b.Drawn && !strings.Contains(b.Text, said) })
	if _, err := chromedp.Call(w.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	w.opens("/p?scene=plain")
	w.sees("it without script", func(b *Bar) bool { return b.OnTop && !b.Drawn && strings.Contains(b.Text, said) })
	w.pictures("first-static")
}

// An application that draws its own bar is given its pages as they are, and what to draw by.
func TestHeaderOnly(t *testing.T) {
	w := newWorldBy(t, with("    aware: true\n", "    aware: true\n    banner: { csp: header_only }\n"))
	w.act(stead.ReadOnly)
	w.opens("/p?scene=plain")
	if _, err := See(w.ctx); err == nil {
		t.Error("a bar is on its page")
	}
	got := tell[string](w, `fetch("/.stead/status", {headers: {Accept: "application/json"}}).then(r => r.json()).then(a => [a.acting, a.subject.name, a.actor.name, a.mode, a.extensions_left, Date.parse(a.until) > Date.parse(a.warn_at)].join())`)
	if got != "true,dana,sam,read-only,3,true" {
		t.Errorf("its script is told %s", got)
	}
}
