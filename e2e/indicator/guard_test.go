package indicator

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"

	"github.com/steadhq/stead"
)

// On a shared host a page that was opened before a start or an end is covered when the other is there, and what it sends
// goes nowhere, by script and by form; what was typed stays (R17, GATEWAY 3).
func TestStaleTabs(t *testing.T) {
	w := newWorldBy(t, strings.Replace(rules, "host:", "origin: shared\n    host:", 1))
	code, err := w.house.Hand(t.Context(), w.by, w.addr)
	if err != nil {
		t.Fatal(err)
	}
	w.origin = "http://" + w.addr
	first := w.tab()
	first.opens("/.stead/in?" + url.Values{"code": {code}, "next": {"/p?scene=form"}}.Encode())
	if said := first.guarded(); said != "" {
		t.Fatal("covered from the beginning: " + said)
	}
	if code := tell[int](first, posted); code != 200 {
		t.Fatalf("as himself: %d", code)
	}
	tell[bool](first, `(() => { window.heard = 0; window.hid = 0; new BroadcastChannel("stead").onmessage = () => { heard = heard || performance.now() };
		new MutationObserver(() => { hid = hid || performance.now() }).observe(document.documentElement, { childList: true }); return true })()`)

	w.act(stead.ReadOnly)
	first.until("a tab from before the start", func(s string) bool { return strings.Contains(s, "This page is out of date") })
	first.pictures("stale")
	if took := tell[float64](first, "hid - heard"); took > 100 {
		t.Errorf("covered after %.0f ms", took)
	}
	if tell[bool](first, copies) {
		t.Error("what is covered can be reached")
	}
	first.looksBeneath()
	if !tell[bool](first, copies) {
		t.Error("what was typed cannot be copied")
	}
	for what, script := range map[string]string{"fetch": posted, "XMLHttpRequest": `new Promise(done => { const x = new XMLHttpRequest();
		x.open("POST", "/p"); x.onload = () => done(x.status); x.send("a=1") })`} {
		if code := tell[int](first, script); code != 409 {
			t.Errorf("%s of a tab from before: %d", what, code)
		}
	}
	first.do(chromedp.Evaluate[chromedp.Void](`document.body.insertAdjacentHTML("beforeend", "<form method=post action=/p><input name=note value=typed></form>")`))
	if got := first.sends(`document.forms[document.forms.length - 1].submit()`); got != 409 {
		t.Errorf("a form of a tab from before: %d", got)
	}

	second := w.tab()
	second.opens("/p?scene=plain")
	w.endsIt()
	deadline, cancel := context.WithTimeout(second.ctx, patience)
	defer cancel()
	second.waits(deadline, "a tab from before the end", func(b *Bar) bool { return b.Cover != "" })
	if code := tell[int](second, posted); code != 409 {
		t.Errorf("a script of a tab from before the end: %d", code)
	}
}

const posted = `fetch("/p", { method: "POST", body: "a=1", headers: { "Content-Type": "application/x-www-form-urlencoded" } }).then(r => r.status)`

// copies tells whether a field of the page can be come to.
const copies = `(() => { const i = document.createElement("input"); document.body.append(i); i.focus(); const can = document.activeElement === i; i.remove(); return can })()`

// looksBeneath presses the button for it.
func (w *world) looksBeneath() {
	w.t.Helper()
	root, err := whole(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	at, err := quad(w.ctx, find(root, func(n *cdp.Node) bool { return n.LocalName == "button" && words(n) == "Look beneath" }))
	if err != nil {
		w.t.Fatal(err)
	}
	w.do(chromedp.MouseClickXY((at[0]+at[4])/2, (at[1]+at[5])/2))
}

// tab is another one of the same browser.
func (w *world) tab() *world {
	w.t.Helper()
	ctx, cancel := chromedp.NewContext(w.ctx)
	w.t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800)); err != nil {
		w.t.Fatal(err)
	}
	return &world{t: w.t, house: w.house, gw: w.gw, app: w.app, addr: w.addr, origin: w.origin, by: w.by, ctx: ctx}
}

// guarded is what stands on the guard's cover; "" where there is none.
func (w *world) guarded() string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	root, err := whole(ctx)
	if err != nil {
		return err.Error() // it loads just now
	}
	if d := find(root, func(n *cdp.Node) bool { return named(n, "aria-label", "This page is out of date") }); d != nil {
		return words(d)
	}
	return ""
}

func (w *world) until(what string, wanted func(string) bool) {
	w.t.Helper()
	for began := time.Now(); ; time.Sleep(30 * time.Millisecond) {
		said := w.guarded()
		if wanted(said) {
			return
		}
		if time.Since(began) > patience {
			w.t.Fatalf("%s: %q", what, said)
		}
	}
}

// sends runs a script that loads another page, and gives its status.
func (w *world) sends(script string) int64 {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	res, err := chromedp.RunResponse(ctx, chromedp.Evaluate[chromedp.Void](script))
	if err != nil || res == nil {
		w.t.Fatal(script, err)
	}
	return res.Status
}
