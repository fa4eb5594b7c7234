package tour

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/steadhq/stead/e2e/indicator"
	"github.com/steadhq/stead/e2e/stage"
)

// seenBar measures the bar that stands in the page where no script draws one: whole in the window, on top, nothing of
// the page under it at its end, and the frame drawn.
const seenBar = `(() => {
	const bar = document.getElementById("stead-bar"), end = bar.querySelector("button, a[href='/.stead/end']"), d = document.documentElement;
	const b = bar.getBoundingClientRect(), e = end.getBoundingClientRect(), on = document.elementFromPoint(e.x + e.width / 2, e.y + e.height / 2);
	const say = [];
	if (on !== end) say.push("End cannot be clicked");
	if (b.left > 0 || b.right < d.clientWidth || b.bottom > innerHeight + 1 || b.top < 0) say.push("not whole in the window: " + JSON.stringify(b));
	if (bar.scrollHeight > bar.clientHeight + 1) say.push("its text is cut");
	if (getComputedStyle(document.getElementById("stead-frame")).borderTopWidth !== "4px") say.push("no frame");
	return say.join("; ");
})()`

// covered tells what of the page ends below a line of the window, when it is scrolled to its end.
const covered = `(() => {
	const y = scrollY, say = [];
	scrollTo(0, document.documentElement.scrollHeight);
	for (const n of document.querySelectorAll("body > :not(#stead-bar, #stead-frame)"))
		if (n.getBoundingClientRect().bottom > %v + 1) say.push("covers " + n.tagName + " " + n.getBoundingClientRect().bottom);
	scrollTo(0, y);
	return say.join("; ");
})()`

// showsBar looks at the bar at every width.
func (w *window) showsBar(want ...string) {
	w.t.Helper()
	w.reads(want...)
	for _, width := range []int64{320, 768, 1280} {
		w.dress(width, "light")
		bad := w.barIsWrong(width)
		for began := time.Now(); bad != "" && time.Since(began) < patience; bad = w.barIsWrong(width) { // it is measured anew when the window is
			time.Sleep(50 * time.Millisecond)
		}
		if bad != "" {
			w.t.Errorf("the bar at %s, %d wide: %s", w.at(), width, bad)
		}
	}
}

// barIsWrong says what is amiss with the bar in a window of some width.
func (w *window) barIsWrong(width int64) string {
	w.t.Helper()
	bar, err := indicator.See(w.ctx)
	switch {
	case err != nil:
		return err.Error()
	case !bar.Drawn:
		if bad := tell[string](w, seenBar); bad != "" {
			return bad
		}
	case !bar.OnTop || !bar.Frame || bar.X > 0 || bar.Right < float64(width)-20:
		return fmt.Sprintf("%+v", bar)
	}
	return tell[string](w, fmt.Sprintf(covered, bar.Y))
}

// arms acting for Sam, who is at home.
func (w *window) arms() {
	w.t.Helper()
	w.follows("Act for somebody")
	w.looks("act-arm")
	w.code()
	w.follows("Arm acting")
}

// chooses one of the two Danas, and says why.
func (w *window) chooses(mode string) {
	w.t.Helper()
	w.types("name", "Dana")
	w.follows("Find")
	w.reads("Several are called that. Whom do you mean?", "Dana Reyes", "customers/dana", "Dana Whitfield", "partners/dana")
	if tell[bool](w, `!!document.querySelector("[name=subject]:checked")`) {
		w.t.Error("of two Danas one was chosen for him")
	}
	w.looks("act-candidates")
	w.picks("customers/dana")
	w.types("reason", "wrong total")
	w.types("ticket", "SUP-4711")
	if mode == "edit" {
		w.picks("Edit")
	}
	w.follows("Ask")
}

// comes is Sam, by the link that stead dev prints.
func comes(t *testing.T, b context.Context, h *house) *window {
	w := newWindow(t, b, "Sam")
	w.gets(h.Setup)
	w.isAt(h.Console + "/")
	w.reads("Sam Okafor", "You are yourself", "Four steps to see it all")
	return w
}

// signsIn as somebody, with the password that stead dev tells.
func (h *house) signsIn(w *window, directory, name string) {
	w.t.Helper()
	w.gets(h.Console + "/login")
	w.types("name", name)
	w.selects("directory", map[string]string{"staff": "Acme staff", "customers": "Customers"}[directory])
	w.types("password", h.password(w.t, directory, name))
	w.follows("Sign in")
	if tell[bool](w, `!!document.querySelector("[name=code]")`) {
		w.looks("login-code")
		w.code()
		w.follows("Sign in")
	}
	w.isAt(h.Console + "/")
}

// as opens a window of somebody who signs in by password.
func as(t *testing.T, b context.Context, h *house, who, directory, name string) *window {
	w := newWindow(t, b, who)
	h.signsIn(w, directory, name)
	return w
}

// acts brings Sam from home into the shop as Dana.
func (w *window) acts(h *house) {
	w.t.Helper()
	w.arms()
	w.looks("act-search")
	w.chooses("")
	w.reads("Ready to start", "Dana Reyes (customers/dana)", "wrong total", "SUP-4711", "Read-only")
	w.looks("act-ready")
	w.follows("Start")
	w.isActing(h, "/")
	w.reads("Hello Dana")
}

// The four steps of the README: act as Dana, try to change something, end it, read the trail.
func TestTour(t *testing.T) {
	h, b := dev(t), stage.Chromium(t, "")
	sam := comes(t, b, h)
	sam.watch()
	sam.looks("home")
	sam.acts(h)
	sam.showsBar("Dana Reyes", "Sam Okafor", "Read-only", "SUP-4711", " left", "End session")
	sam.looks("shop-home")
	sam.follows("Orders")
	sam.showsBar("Dana Reyes")
	sam.follows("7")
	sam.reads("Order 7")
	sam.follows("Change delivery")
	sam.showsBar("Dana Reyes")
	sam.looks("shop-edit")
	sam.types("note", "leave it at the door")
	sam.wants(sam.presses("Save"), 403, "Save")
	sam.showsBar("Not allowed", "read-only", "rule order-change", "dec_", "Nothing was sent to the application", "Dana Reyes", "End session")
	sam.looks("shop-blocked")
	sam.follows("Why")
	sam.reads("Why was this refused?", "Sam Okafor → Dana Reyes", "POST /orders/7", "read-only")
	sam.looks("why")
	sam.gets(h.Console + "/")
	sam.reads("Everything you do is written down as Sam Okafor → Dana Reyes")
	sam.looks("home-acting")
	sam.follows("Look at it")
	sam.looks("acting")
	sam.follows("Go to Acme Orders")
	sam.follows("Invoices")
	sam.presses("End session") // back to where he was, which the shop shows to customers only
	sam.isAt(h.Gateway + "/invoices")
	sam.readsNot("Dana Reyes", "End session")
	sam.reads("Sam has no customer account here")
	sam.gets(h.Console + "/")
	sam.reads("You are yourself, and act for nobody.")
	sam.wants(sam.opens(h.Console+"/audit"), 404, "what is not his to know")
	sam.looks("error-404")
	sam.gets(h.Console + "/mandates")
	sam.looks("mandates")
	sam.gets(h.Console + "/requests")
	sam.looks("requests-none")
	sam.gets(h.Gateway + "/")
	sam.looks("shop-staff")

	omar := as(t, b, h, "Omar", "staff", "omar")
	omar.watch()
	omar.follows("Trail")
	omar.reads("Sam Okafor → Dana Reyes", "/orders/7", "refused")
	omar.looks("audit")
	omar.follows("story")
	omar.looks("mandate")

	dana := as(t, b, h, "Dana", "customers", "dana")
	dana.watch()
	dana.follows("My account")
	dana.reads("Sam Okafor → Dana Reyes", "What others did as you")
	dana.looks("me")
}
