package indicator

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/steadhq/stead"
)

// ran is what of the application's own scripts ran.
const ran = `(() => { document.getElementById("b").click(); const d = {...document.documentElement.dataset};
	try { new Function("return 1")(); d.eval = "ran" } catch { } return JSON.stringify(Object.entries(d).sort()) })()`

// A scene is something a page does, and how.
type scene struct {
	name, does string // does is a script of the page's
	boxed      bool   // none of ours can run
	modal      bool
}

var scenes = []scene{
	{name: "plain"},
	{name: "spa", does: `history.pushState({}, "", "/orders/7"); const b = document.createElement("body"), p = document.createElement("p");
		p.id = "last"; p.textContent = "Order 7"; b.append(p); document.body.replaceWith(b); for (const e of document.querySelectorAll("stead-indicator")) e.style.display = "none"`},
	{name: "dialog", modal: true, does: `document.getElementById("d").showModal()`},
	{name: "written", does: `document.open();
		try { document.write("<!doctype html><html lang=en><title>New</title><p id=last>All new</p></html>") }
		catch { document.append(document.createElement("html")); document.documentElement.append(document.createElement("body")) } document.close()`},
	{name: "replaced", does: `const h = document.createElement("html"); h.append(document.createElement("body")); document.replaceChild(h, document.documentElement)`},
	{name: "worker", does: `try { await navigator.serviceWorker.register("/sw.js") } catch { }`},
	{name: "packed"},
	{name: "streamed"},
	{name: "meta"},
	{name: "boxed", boxed: true},
}

// Under every policy, whatever the page does: the bar is there, on top, whole and in order, and the application runs
// what it ran before and nothing else (C4, C5).
func TestMatrix(t *testing.T) {
	w := newWorld(t)
	w.act(stead.ReadOnly)
	w.pictures("start")
	w.set(func() { w.rehearsal = true })
	for _, p := range policies {
		for _, s := range scenes {
			t.Run(p.name+"/"+s.name, func(t *testing.T) {
				w.t = t
				w.plays(p, s)
			})
		}
	}
	w.t = t
}

func (w *world) plays(p policy, s scene) {
	w.t.Helper()
	path := "/p?" + url.Values{"csp": {p.text}, "scene": {s.name}}.Encode()
	before := w.alone(p, s)
	w.opens(path)
	if after := tell[string](w, ran); after != before {
		w.t.Errorf("of the application ran\n%s, without us\n%s", after, before)
	}
	if s.does != "" {
		tell[bool](w, "(async () => {"+s.does+"})().then(() => true)")
	}
	b := w.sees("the bar", func(b *Bar) bool { return b.OnTop && b.Frame && b.Drawn != s.boxed })
	if b.X > 0 || b.Right < 1280 || b.Below > 801 || b.Y < 0 {
		w.t.Errorf("not whole in the window: %+v", b)
	}
	for _, want := range []string{"Viewing as Dana Reyes — you are Sam Okafor", "Read-only", "SUP-4711", "End session", "Extend"} {
		if !strings.Contains(b.Text, want) {
			w.t.Errorf("the bar does not say %q: %s", want, b.Text)
		}
	}
	w.presses(b)
}

// alone tells what of the application's own scripts runs without us.
func (w *world) alone(p policy, s scene) string {
	w.t.Helper()
	if s.name != "meta" && s.name != "boxed" {
		s.name = "plain"
	}
	known, there := w.before[p.name+"/"+s.name]
	if !there {
		w.goes(w.app + "/p?" + url.Values{"csp": {p.text}, "scene": {s.name}}.Encode())
		known = tell[string](w, ran)
		w.before[p.name+"/"+s.name] = known
	}
	return known
}

// presses End, which must come to us as a person's own doing, with the mandate and the way back.
func (w *world) presses(b *Bar) {
	w.t.Helper()
	w.set(func() { w.ends = nil })
	back := tell[string](w, "location.pathname + location.search")
	w.do(chromedp.MouseClickXY(b.EndX, b.EndY))
	deadline := time.Now().Add(5 * time.Second)
	for {
		w.mu.Lock()
		ends := w.ends
		w.mu.Unlock()
		if len(ends) > 0 {
			if ends[0].Get("mandate") != string(w.mandate.ID) || b.Drawn && ends[0].Get("return") != back {
				w.t.Errorf("End sent %v from %s", ends[0], back)
			}
			return
		}
		if at := tell[string](w, "location.pathname"); at == "/.stead/end" {
			return // a link leads to the page with the button
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("End did nothing: %+v", b)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
