package indicator

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/steadhq/stead"
)

// tampers is a page's script that turns against whatever comes after it.
const tampers = `(() => {
	const lie = () => { throw new Error("tampered") };
	for (const [of, names] of [[Node.prototype, ["appendChild", "insertBefore", "removeChild"]], [Element.prototype, ["getBoundingClientRect", "matches", "remove", "setAttribute", "removeAttribute", "attachShadow"]],
		[HTMLElement.prototype, ["showPopover", "hidePopover", "focus", "click"]], [Document.prototype, ["elementFromPoint", "createElement", "querySelectorAll", "getElementById"]],
		[EventTarget.prototype, ["addEventListener", "dispatchEvent"]], [HTMLFormElement.prototype, ["submit", "requestSubmit"]], [Array.prototype, ["push", "map", "forEach"]],
		[Function.prototype, ["call", "apply", "bind"]], [CSSStyleSheet.prototype, ["replaceSync"]], [Storage.prototype, ["setItem"]], [String.prototype, ["slice", "startsWith"]]])
		for (const n of names) of[n] = lie;
	for (const n of ["fetch", "setTimeout", "setInterval", "getComputedStyle"]) window[n] = lie;
	for (const n of ["now"]) { Date[n] = () => 0; Performance.prototype[n] = () => 0 }
	JSON.parse = lie; Math.max = () => 0; Math.ceil = () => 7; Object.defineProperty(Node.prototype, "textContent", {set: lie, get: lie});
	Object.defineProperty(Event.prototype, "target", {get: lie}); Object.defineProperty(DOMRectReadOnly.prototype, "width", {get: () => 0});
	return true })()`

// What the page does to the browser's own words after us changes nothing: the bar lives on, ends, and gives nothing away.
func TestTampering(t *testing.T) {
	w := newWorld(t)
	w.act(stead.ReadOnly)
	w.set(func() { w.rehearsal = true })
	w.sees("the bar", func(b *Bar) bool { return b.OnTop })
	tell[bool](w, `(() => { for (const n of ["click", "mousedown", "pointerdown", "keydown", "submit"]) for (const on of [window, document, document.documentElement])
		on.addEventListener(n, e => { window.heard = (window.heard || "") + n; e.preventDefault(); e.stopImmediatePropagation() }, true);
		window.navigation?.addEventListener("navigate", e => e.preventDefault(), true); window.el = document.querySelector("stead-indicator"); window.frames_ = [...document.forms]; return true })()`)
	tell[bool](w, tampers)
	b := w.sees("the bar counts on", func(b *Bar) bool { return b.OnTop && strings.Contains(b.Text, "09:5") })
	w.presses(b)
	if got := tell[string](w, `[window.heard, el.shadowRoot, frames_.length, document.scripts.length, location.href.includes("man_")].join()`); got != ",,0,4,false" {
		t.Errorf("the page learnt %s", got)
	}
	if got := tell[string](w, `(() => { try { return String(el.attachInternals().shadowRoot) } catch (e) { return e.name } })()`); got != "NotSupportedError" {
		t.Errorf("the page looks in: %s", got)
	}
	if got := tell[string](w, `document.documentElement.outerHTML`); strings.Contains(got, string(w.mandate.ID)) {
		t.Error("the mandate stands in the page")
	}
	tell[bool](w, `document.documentElement.replaceChildren(document.body); true`)
	w.sees("the bar again", func(b *Bar) bool { return b.OnTop })
}

// A script of the page's cannot press End unseen: what it sends is known as a script's, and the end stays unseen (R16).
func TestEndByScript(t *testing.T) {
	w := newWorld(t)
	w.act(stead.ReadOnly)
	tell[bool](w, `fetch("/.stead/end", {method: "POST", body: new URLSearchParams({})}).then(() => true, () => true)`)
	st, err := w.house.Status(t.Context(), w.by)
	if err != nil || st.Unseen.Mandate != w.mandate.ID {
		t.Errorf("unseen %+v, %v", st.Unseen, err)
	}
	tell[bool](w, `new BroadcastChannel("stead").postMessage("look"); true`)
	w.covered("Acting for Dana Reyes has ended")
}

// Every printed sheet says who looked, as whom and when; with script and without.
func TestPrint(t *testing.T) {
	w := newWorld(t)
	w.act(stead.ReadOnly)
	for name, script := range map[string]bool{"script": true, "static": false} {
		if _, err := chromedp.Call(w.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !script}); err != nil {
			t.Fatal(err)
		}
		w.opens("/p?scene=plain")
		w.sees("the bar", func(b *Bar) bool { return b.Drawn == script && b.OnTop })
		raw, err := chromedp.Run(w.ctx, chromedp.PrintToPDF(chromedp.PDFPreferCSSPageSize(), chromedp.PDFPrintBackground()))
		if err != nil {
			t.Fatal(err)
		}
		pages, line := sheets(raw), "Viewed by Sam Okafor as Dana Reyes, 2026-03-04T12:0"
		for i, text := range pages {
			if got := strings.Count(text, line); !strings.Contains(text, string(w.mandate.ID)) || script && got < 2 || got < 1 {
				t.Errorf("%s, sheet %d says %d times who looked:\n%s", name, i+1, got, text)
			}
		}
		if len(pages) < 2 {
			t.Errorf("%d sheets", len(pages))
		}
		if dir := os.Getenv("STEAD_SHOTS"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, name+".pdf"), raw, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
