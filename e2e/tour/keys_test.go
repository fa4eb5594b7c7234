package tour

import (
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/steadhq/stead/e2e/stage"
)

// byKeys is a window of somebody who has no mouse.
func byKeys(w *window) *window {
	w.keys = true
	return w
}

// goesTo is a shortcut of two keys.
func (w *window) goesTo(key, path string) {
	w.t.Helper()
	w.do(chromedp.KeyEvent("g"))
	w.wants(w.goes("g "+key, chromedp.KeyEvent(key)), 200, "g "+key)
	if tell[string](w, "location.pathname") != path {
		w.t.Fatalf("%s: g %s leads to %s", w.who, key, w.at())
	}
}

// opensItem goes down a list by j until it comes to what is called so, and opens it.
func (w *window) opensItem(text string) {
	w.t.Helper()
	for range 60 {
		w.do(chromedp.KeyEvent("j"))
		if tell[bool](w, `document.activeElement.textContent.includes(`+strconv.Quote(text)+`)`) {
			w.wants(w.goes("open "+text, chromedp.KeyEvent(kb.Enter)), 200, text)
			return
		}
	}
	w.t.Fatalf("%s at %s: j never comes to %q", w.who, w.at(), text)
}

// has tells that something is so.
func (w *window) has(script, what string) {
	w.t.Helper()
	if !tell[bool](w, script) {
		w.t.Errorf("%s at %s: not so: %s", w.who, w.at(), what)
	}
}

// Whoever has no mouse skips what every page begins with, sees the keys, and is put back to where he was.
func TestKeysOfEveryPage(t *testing.T) {
	h, b := dev(t), stage.Chromium(t, "")
	root := byKeys(as(t, b, h, "Root", "staff", "root"))
	for key, path := range map[string]string{"h": "/", "r": "/requests", "m": "/mandates", "n": "/agents", "p": "/people", "l": "/policies", "s": "/settings", "t": "/health", "i": "/me"} {
		root.goesTo(key, path)
		root.do(chromedp.KeyEvent(kb.Tab))
		root.has(`document.activeElement.className === "skip" && document.activeElement.getBoundingClientRect().top >= 0`, "the first Tab comes to the skip link, which shows")
		root.do(chromedp.KeyEvent(kb.Enter))
		root.do(chromedp.KeyEvent(kb.Tab))
		root.has(`!!document.activeElement.closest("main, footer") && !document.activeElement.closest("nav[aria-label=Main]")`, "it skips to the page's own")
		root.do(chromedp.KeyEvent("?"))
		if !tell[bool](root, `/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName) && !document.activeElement.closest("dialog")`) {
			root.has(`document.getElementById("keys").open && document.getElementById("keys").contains(document.activeElement)`, "? shows the keys, and the focus is in them")
			root.do(chromedp.KeyEvent(kb.Escape))
			root.has(`!document.getElementById("keys").open && document.activeElement !== document.body`, "Escape closes them, and the focus is where it was")
		}
		root.has(`(document.activeElement.blur(), true)`, "")
	}
	byKeys(comes(t, b, h)).goesTo("c", "/act") // whom no rule lets act has no such page to go to
}

// The work of each page, by keys alone: ask, approve, watch, take back, filter, turn pages, export, report.
func TestKeysActAndRead(t *testing.T) {
	h, b := dev(t), stage.Chromium(t, "")
	sam := byKeys(comes(t, b, h))
	sam.arms()
	sam.chooses("edit")
	maya := byKeys(as(t, b, h, "Maya", "staff", "maya"))
	maya.goesTo("r", "/requests")
	maya.opensItem("Sam Okafor → Dana Reyes")
	maya.do(chromedp.KeyEvent("d"))
	maya.has(`document.activeElement.textContent === "Refuse"`, "d comes to Refuse, and presses nothing")
	maya.do(chromedp.KeyEvent("a"))
	maya.wants(maya.goes("approve", chromedp.KeyEvent(kb.Enter)), 200, "approve")
	sam.goesTo("r", "/requests")
	sam.opensItem("Sam Okafor → Dana Reyes")
	sam.follows("Start")
	sam.isActing(h, "/")

	carla := byKeys(as(t, b, h, "Carla", "staff", "carla"))
	carla.gets(h.Console + "/mandates?all=1")
	carla.opensItem("Sam Okafor → Dana Reyes")
	carla.types("reason", "not this customer")
	carla.types("typed", "dana")
	carla.wants(carla.presses("Revoke now"), 400, "another name")
	carla.reads("Type the account name, sam", "Not done")
	carla.has(`document.querySelector("[name=reason]").value === "not this customer"`, "what was written is there still")
	carla.types("typed", "sam")
	carla.follows("Revoke now")
	carla.reads("not this customer")
	carla.goesTo("a", "/audit")
	carla.do(chromedp.KeyEvent("/"))
	carla.do(chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.KeyEvent("kind:session."))
	carla.wants(carla.goes("ask", chromedp.KeyEvent(kb.Enter)), 200, "the filter")
	carla.reads("kind session.")
	carla.gets(carla.at() + "&size=2")
	carla.follows("Older…")
	carla.reads("Rows 3–4")
	carla.follows("Export these rows…")
	carla.reads("Before you export")
	carla.reach(chromedp.Search("//form[@data-download]//button"))
	carla.goesTo("e", "/reports")
	carla.reach(chromedp.Search("//a[starts-with(@href, '/reports?report=acting-by-person')]"))
	carla.wants(carla.goes("a report", chromedp.KeyEvent(kb.Enter)), 200, "a report")
	carla.reads("Download HTML")
	carla.reach(chromedp.Search("//button[starts-with(normalize-space(), 'Download HTML')]"))
}

// Those who run Stead do it by keys: a timer, the policy, an account, one's own authenticator.
func TestKeysAtTheDesk(t *testing.T) {
	h, b := dev(t), stage.Chromium(t, "")
	root := byKeys(as(t, b, h, "Root", "staff", "root"))
	root.goesTo("s", "/settings")
	root.follows("Add a timer")
	root.types("group", "staff/support")
	root.types("max_duration", "2m")
	root.types("reason", "an audit is on")
	root.follows("Save")
	root.reads("an audit is on")
	root.opensItem("Change")
	root.types("max_duration", "3m")
	root.types("reason", "a little more")
	root.follows("Save")
	root.reads("The longest term 3 min")
	root.follows("Undo the last change")
	root.reads("The longest term 2 min", "undone: a little more")

	root.goesTo("p", "/people")
	root.types("name", "Erin")
	root.follows("Find")
	root.has(`(document.activeElement.blur(), true)`, "")
	root.opensItem("Erin Novak")
	root.follows("Disable")
	root.types("typed", "dana")
	root.wants(root.presses("Disable"), 400, "another name")
	root.types("typed", "erin")
	root.follows("Disable")
	root.reads("It is disabled")
	root.follows("Enable")
	root.reach(chromedp.Search("//summary[normalize-space()='Change groups']"))
	root.do(chromedp.KeyEvent(kb.Enter))
	root.types("groups", "customers, testers")
	root.types("typed", "erin")
	root.follows("Save the groups")
	root.reads("testers")

	digest := h.script(t, "staff", "root").stages()
	root.goesTo("l", "/policies")
	root.follows("Try")
	root.types("who", "staff/omar")
	root.types("as", "customers/dana")
	root.follows("Ask the policy")
	root.reads("The policy says no")
	omar := byKeys(as(t, b, h, "Omar", "staff", "omar"))
	omar.follows("Look at it")
	omar.types("typed", digest[:8])
	omar.follows("Apply")
	omar.reads("Support may look, and only look")
	omar.goesTo("i", "/me")
	omar.follows("Replace it")
	omar.types("code", "000000")
	omar.types("proof", "000000")
	omar.presses("Use it from now on")
	omar.reads("authenticator")
	omar.has(`document.querySelector("[role=alert]") !== null`, "what is wrong is said")
}
