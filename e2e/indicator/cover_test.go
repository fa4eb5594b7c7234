package indicator

import (
	"fmt"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/house"
)

// covered waits for the cover and what it says; nothing of the page can be read under it, not by eye, ear or printer.
func (w *world) covered(want ...string) *Bar {
	w.t.Helper()
	b := w.sees("the cover", func(b *Bar) bool { return b.Cover != "" })
	for _, s := range want {
		if !strings.Contains(b.Cover, s) {
			w.t.Errorf("the cover does not say %q: %s", s, b.Cover)
		}
	}
	w.waitFor("the cover above all of the page", func() bool { // which may have shown something over it just now
		got := tell[string](w, `getComputedStyle(document.body).visibility + " " + document.elementFromPoint(300, 300).localName + " " + document.title`)
		return strings.HasPrefix(got, "hidden stead-indicator ") && !strings.Contains(got, "Orders")
	})
	return b
}

// The time runs out while nothing can be reached: the page covers itself, on time, and stays so. What leads on leads to
// the end page, where the end is acknowledged (R16).
func TestCoverWithoutNetwork(t *testing.T) {
	w := newWorld(t)
	w.act(stead.ReadOnly)
	// The house's clock stands still meanwhile: a page that came to its end before the network goes is told that there is
	// time yet. So there is enough for a busy machine, and the page itself says when it was covered.
	w.house.Clock.Move(9*time.Minute + 48*time.Second)
	w.opens("/p?scene=plain")
	w.sees("the last seconds", func(b *Bar) bool { return strings.Contains(b.Text, "Ends in 0:") })
	tell[bool](w, `(() => { new MutationObserver(() => { window.covered = window.covered || performance.now() }).observe(document.querySelector("title"), { childList: true }); return true })()`)
	w.set(func() { w.down = true })
	w.covered("The time to act for Dana Reyes is over", "it is covered", "See what has ended")
	if late := tell[float64](w, `covered - performance.getEntriesByType("navigation")[0].responseStart - 12000`); late < -100 || late > 1500 {
		t.Errorf("covered %.0f ms too late", late)
	}
	w.pictures("cover")
	w.dresses(1280, 800, &emulation.MediaFeature{Name: "prefers-color-scheme", Value: "dark"})
	w.pictures("cover-dark")
	w.dresses(320, 640)
	w.pictures("cover-320")
	w.do(chromedp.KeyEvent(kb.Escape), chromedp.KeyEvent(kb.Escape))
	tell[bool](w, `document.getElementById("d").showModal(); true`)
	b := w.covered("The time to act for Dana Reyes is over")
	w.waitFor("the cover above a dialog", func() bool {
		return tell[bool](w, `document.elementFromPoint(150, 10).localName === "stead-indicator"`)
	})

	w.house.Clock.Move(12 * time.Second)
	w.set(func() { w.down = false })
	x, y, err := b.Point(w.ctx, "See what has ended")
	if err != nil {
		t.Fatal(err)
	}
	w.do(chromedp.MouseClickXY(x, y))
	w.waitFor("the end page", func() bool {
		return tell[string](w, "location.pathname + document.querySelector('h1')?.textContent") == "/.stead/endActing has ended"
	})
	w.pictures("end-page")
}

// What was extended elsewhere is uncovered again, and told to the other pages at once.
func TestExtendedElsewhere(t *testing.T) {
	w := newWorld(t)
	w.act(stead.ReadOnly)
	w.house.Clock.Move(9*time.Minute + 58*time.Second)
	w.opens("/p?scene=plain")
	w.set(func() { w.down = true })
	w.covered("The time to act for Dana Reyes is over")
	if _, err := w.house.Extend(t.Context(), w.by, w.mandate.ID, "not done yet", w.house.Code("staff/sam")); err != nil {
		t.Fatal(err)
	}
	w.set(func() { w.down = false })
	tell[bool](w, `new BroadcastChannel("stead").postMessage("look"); true`)
	b := w.sees("the bar again", func(b *Bar) bool { return b.Cover == "" && b.OnTop })
	if !strings.Contains(b.Text, "10:0") || tell[string](w, `document.title + getComputedStyle(document.body).visibility`) != "Ordersvisible" {
		t.Errorf("after the extension: %+v", b)
	}
	w.endsElsewhere(t)
	tell[bool](w, `new BroadcastChannel("stead").postMessage("look"); true`)
	w.covered("Acting for Dana Reyes has ended")
	w.passes("the cover")
}

// Nothing is done for a while: covered, and said why (R15).
func TestCoverOnIdle(t *testing.T) {
	w := newWorld(t, func(o *house.Options) { o.Settings.Terms.Idle = 4 * time.Second })
	w.act(stead.ReadOnly)
	w.set(func() { w.down = true })
	w.covered("Acting for Dana Reyes has ended", "Nothing was done for a while")
}

// A page that does not let the bar be seen is covered, and we are told once.
func TestHiddenBar(t *testing.T) {
	w := newWorld(t)
	w.act(stead.ReadOnly)
	attacks := map[string]string{
		"removes it":        `setInterval(() => document.querySelector("stead-indicator")?.remove(), 20)`,
		"styles it away":    `setInterval(() => document.querySelector("stead-indicator")?.style.setProperty("opacity", "0", "important"), 20)`,
		"stands on it":      `const o = document.createElement("div"); o.popover = "manual"; o.style = "inset:0;width:100vw;height:100vh"; document.body.append(o); setInterval(() => { o.hidePopover(); o.showPopover() }, 20)`,
		"moves it nowhere":  `const t = document.createElement("div"); t.style.display = "none"; document.body.append(t); setInterval(() => t.append(document.querySelector("stead-indicator")), 20)`,
		"closes its layer":  `setInterval(() => document.querySelector("stead-indicator")?.hidePopover(), 20)`,
		"hides all by rule": `setInterval(() => document.documentElement.style.setProperty("display", "none", "important"), 20)`,
	}
	for name, does := range attacks {
		tab, cancel := chromedp.NewContext(w.ctx)
		defer cancel()
		err := chromedp.Do(tab, chromedp.Navigate(w.origin+"/p?scene="+url.QueryEscape(name)))
		if _, failed := chromedp.Run(tab, chromedp.Evaluate[bool](does+"; true")); err != nil || failed != nil {
			t.Fatal(err, failed)
		}
	}
	told := func() int {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.hides)
	}
	w.waitFor("the complaints", func() bool { return told() == len(attacks) })
	w.sees("the page that does nothing", func(b *Bar) bool { return b.OnTop && b.Cover == "" })
}

// A page that does not bear the cover either is left for one of ours.
func TestHiddenCover(t *testing.T) {
	w := newWorld(t)
	w.act(stead.ReadOnly)
	w.sees("the bar", func(b *Bar) bool { return b.OnTop })
	tell[bool](w, `setInterval(() => document.querySelector("stead-indicator")?.remove(), 20); true`)
	w.waitFor("our page", func() bool { return tell[string](w, "location.pathname") == "/.stead/end" })
}

// One line of a user's or page's style takes nothing away (GATEWAY 19).
func TestStyledAway(t *testing.T) {
	w := newWorld(t)
	w.act(stead.ReadOnly)
	w.sees("the bar", func(b *Bar) bool { return b.OnTop })
	tell[bool](w, `(() => { const s = document.createElement("style"); s.textContent = "stead-indicator, stead-indicator *, html > :not(head, body) {display: none !important; opacity: 0 !important; " +
		"visibility: hidden !important; transform: scale(0) !important; position: static !important} :popover-open {display: none !important}"; document.head.append(s); return true })()`)
	w.sees("the bar", func(b *Bar) bool { return b.OnTop && b.Right >= 1280 && b.Below >= 799 && b.Frame })
}

// Where something of the page's is fixed at the lower edge the bar goes to the upper one.
func TestAside(t *testing.T) {
	for name, of := range map[string]struct {
		width int64
		style string
	}{
		"above":       {1280, "inset:auto 0 0 0;height:56px"},
		"above-strip": {320, "inset:auto 0 0 0;height:20px"},
		"above-help":  {768, "inset:auto 12px 12px auto;width:40px;height:40px"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.dresses(of.width, 800)
			w.act(stead.ReadOnly)
			tell[bool](w, fmt.Sprintf(`(() => { const n = document.createElement("nav"); n.style = "position:fixed;background:#cde;overflow:hidden;%s"; n.textContent = "Home Orders Me";
				document.querySelector("header").style.position = "static"; document.body.append(n); return true })()`, of.style))
			b := w.sees("the bar above", func(b *Bar) bool { return b.OnTop && b.Y < 5 })
			if got := tell[string](w, `getComputedStyle(document.documentElement).paddingTop`); got != fmt.Sprintf("%gpx", math.Ceil(b.Below)) {
				t.Errorf("%s of room above, bar %+v", got, b)
			}
			w.pictures(name)
		})
	}
}
