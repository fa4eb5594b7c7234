package tour

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/steadhq/stead/e2e/stage"
)

// becomes waits for what comes to a page by itself.
func (w *window) becomes(script string) {
	w.t.Helper()
	for began := time.Now(); !tell[bool](w, script); time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > patience {
			w.t.Fatalf("%s at %s: never %s\n%s", w.who, w.at(), script, w.text())
		}
	}
}

// Carla watches while Sam goes from page to page, reads the record under a filter, and takes exactly these rows with her.
func TestExplorer(t *testing.T) {
	h, b := dev(t), stage.Chromium(t, "")
	sam := comes(t, b, h)
	sam.acts(h)
	carla := as(t, b, h, "Carla", "staff", "carla")
	carla.watch()
	carla.gets(h.Console + "/mandates?all=1")
	carla.follows("Sam Okafor → Dana Reyes…")
	carla.becomes(`document.documentElement.dataset.watching === "yes"`)
	carla.reads("Watching: what happens comes here by itself", "left · Read-only in Acme Orders")
	began := tell[string](carla, `document.querySelector("[data-until]").textContent`)
	shop := strings.TrimSuffix(sam.at(), "/")
	sam.gets(shop + "/orders/7")
	carla.becomes(`document.getElementById("story").innerText.includes("/orders/7")`)
	carla.becomes(`document.querySelector("[data-until]").textContent !== "` + began + `"`)
	carla.looks("mandate-watched")

	carla.gets(h.Console + "/audit")
	carla.reads("Rows 1–", "Verified up to event", "each bar is")
	carla.becomes(`document.documentElement.dataset.watching === "yes"`)
	sam.gets(shop + "/orders/7/edit")
	sam.types("note", "leave it at the door")
	sam.wants(sam.presses("Save"), 403, "what is read-only")
	carla.becomes(`[...document.querySelectorAll("#rows tr.new")].some(r => r.innerText.includes("POST /orders/7"))`) // the last to come is new, whatever came with it
	carla.looks("audit")

	tell[bool](carla, `(() => {
		const all = document.querySelectorAll(".graph svg a"), say = (type, at) => at.querySelector(".all").dispatchEvent(new PointerEvent(type, {bubbles: true}));
		say("pointerdown", all[0]); say("pointermove", all[1]); say("pointerup", all[1]); return true })()`)
	carla.becomes(`document.readyState === "complete" && document.querySelectorAll(".chips li").length === 2`) // from, to

	carla.types("q", "dana refused")
	carla.follows("Show")
	carla.reads("outcome refused", "text dana", "of ")
	carla.looks("audit-filtered")
	rows := tell[int](carla, `document.querySelectorAll("#rows tr").length`)
	if tell[int](carla, `document.querySelectorAll("svg a[href]").length`) == 0 || rows == 0 {
		t.Fatal("there is nothing to brush over")
	}
	carla.follows("Export these rows")
	carla.reads("Before you export", "Rows "+strings.TrimSpace(tell[string](carla, `document.querySelector("[name=rows]").value`)))
	if n := tell[int](carla, `Number(document.querySelector("[name=rows]").value)`); n != rows {
		t.Errorf("%d rows would be in the file, %d were on the screen", n, rows)
	}
	carla.looks("audit-export")
	sam.gets(shop + "/orders/7/edit")
	sam.types("note", "once more")
	sam.wants(sam.presses("Save"), 403, "what is read-only") // which comes too late for the file
	lines := tell[int](carla, `fetch("/audit/export", {method: "POST", body: new URLSearchParams({...Object.fromEntries(new FormData(document.querySelector("form[data-download]"))), form: "csv"})})
		.then(a => a.text()).then(t => t.trim().split("\n").length - 1)`)
	if lines != rows {
		t.Errorf("%d rows are in the file, %d were on the screen", lines, rows)
	}

	carla.gets(h.Console + "/audit?q=kind:audit.")
	carla.reads("took events out in a file", "Row 1 of 1")
	carla.presses(tell[string](carla, `document.querySelector("[data-item]").textContent`))
	carla.reads("audit.exported", "Leaf hash", "Inclusion proof", "dana outcome:refused")
	carla.looks("audit-event")
	carla.shortcuts(h)
	carla.reports(h)
	carla.gets(h.Console + "/audit?q=zebra")
	carla.reads("No event fits")
	carla.looks("audit-empty")
}

// reports are chosen, counted and taken along; what is in the file stands on record.
func (w *window) reports(h *house) {
	w.t.Helper()
	w.gets(h.Console + "/reports")
	w.reads("Acting, by who acted", "My data was viewed")
	w.looks("reports")
	w.gets(h.Console + "/reports?report=acting-by-person")
	w.reads("1 session of acting, from ", "Download HTML")
	w.looks("reports-counted")
	file := tell[string](w, `fetch("/reports", {method: "POST", body: new URLSearchParams({...Object.fromEntries(new FormData(document.querySelector("form.ready"))), form: "csv"})}).then(a => a.text())`)
	if lines := strings.Split(strings.TrimSpace(file), "\n"); len(lines) != 3 || !strings.Contains(lines[1], "Sam Okafor") || !strings.HasPrefix(lines[2], "# stead-signature ") {
		w.t.Errorf("the report holds %q", file)
	}
	w.gets(h.Console + "/audit?q=kind:report.")
	w.reads("Row 1 of 1")
}

// shortcuts are for who likes them: they move the focus, never while somebody writes, and can be switched off (WCAG 2.1.4).
func (w *window) shortcuts(h *house) {
	w.t.Helper()
	press := func(key string) { w.do(chromedp.KeyEvent(key)) }
	has := func(script, what string) {
		w.t.Helper()
		if !tell[bool](w, script) {
			w.t.Errorf("%s: not so: %s", w.who, what)
		}
	}
	w.gets(h.Console + "/audit")
	press("j")
	press("j")
	has(`document.activeElement === document.querySelectorAll("[data-item]")[1]`, "j goes to the next row")
	press("k")
	has(`document.activeElement === document.querySelector("[data-item]")`, "k goes back")
	press("/")
	has(`document.activeElement.id === "q"`, "/ goes to the search")
	press("j")
	has(`document.activeElement.value.endsWith("j")`, "who writes, writes")
	has(`(document.activeElement.blur(), true)`, "")
	press("?")
	has(`document.getElementById("keys").open`, "? shows the keys")
	w.looks("keys")
	w.do(chromedp.Click(chromedp.Search(`//*[@id="keys-on"]`)))
	press(kb.Escape)
	press("j")
	has(`!document.activeElement.closest("[data-list]")`, "keys are off")
	w.gets(h.Console + "/audit")
	press("j")
	has(`!document.activeElement.closest("[data-list]")`, "and stay off")
	has(`(document.getElementById("keys-on").click(), true)`, "")
	press("g")
	w.wants(w.goes("g m", chromedp.KeyEvent("m")), 200, "g m")
	w.isAt(h.Console + "/mandates")
}
