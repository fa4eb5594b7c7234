package tour

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/steadhq/stead/e2e/indicator"
	"github.com/steadhq/stead/e2e/stage"
)

const patience = 40 * time.Second // for one page, on a busy machine

// A window is one person's browser: his own cookies and cache.
type window struct {
	t       *testing.T
	who     string
	ctx     context.Context
	keys    bool   // he has no mouse
	shots   string // folder for pictures of what he sees; "" for none
	watched bool   // every page is looked at

	mu    sync.Mutex
	noise []noise
	known []string // addresses that were refused on purpose
}

// A noise is something the browser complains of.
type noise struct{ source, text, url string }

// newWindow opens a window of a browser. Whatever it complains of fails the test: errors, and violated policies (CSP).
func newWindow(t *testing.T, ctx context.Context, who string) *window {
	t.Helper()
	ctx, cancel := chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	w := &window{t: t, who: who, ctx: ctx}
	if err := chromedp.Listen(ctx, w.listen); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, audits.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	w.do(chromedp.EmulateViewport(1280, 800))
	t.Cleanup(w.quiet)
	return w
}

func (w *window) listen(event any) {
	var n noise
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelError && e.Entry.Level != log.EntryLevelWarning {
			return
		}
		n = noise{string(e.Entry.Source), e.Entry.Text, e.Entry.URL}
	case *runtime.EventExceptionThrown:
		n = noise{"exception", fmt.Sprint(e.ExceptionDetails.Text, e.ExceptionDetails.Exception), e.ExceptionDetails.URL}
	case *runtime.EventConsoleAPICalled:
		if e.Type != runtime.ConsoleAPICalledTypeError && e.Type != runtime.ConsoleAPICalledTypeWarning && e.Type != runtime.ConsoleAPICalledTypeAssert {
			return
		}
		n = noise{"console", fmt.Sprint(e.Args), ""}
	case *audits.EventIssueAdded:
		if e.Issue.Code == audits.InspectorIssueCodeGenericIssue {
			return // a field called "name" and the like: advice, no complaint
		}
		details, _ := json.Marshal(e.Issue.Details)
		n = noise{"issue", string(e.Issue.Code) + " " + string(details), ""}
	default:
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.noise = append(w.noise, n)
}

// quiet fails the test for whatever the browser complained of. That a page was refused is said by the tests.
func (w *window) quiet() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.noise {
		if n.source == "network" && slices.Contains(w.known, n.url) {
			continue
		}
		w.t.Errorf("%s's browser complains: %s: %s %s", w.who, n.source, n.text, n.url)
	}
}

func (w *window) do(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		w.t.Fatalf("%s at %s: %v", w.who, w.at(), err)
	}
}

// goes does what loads another page, and gives the page's status.
func (w *window) goes(what string, steps ...chromedp.Action[chromedp.Void]) int64 {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	res, err := chromedp.RunResponse(ctx, steps...)
	if err != nil {
		w.t.Fatalf("%s: %s: %v\nat %s\n%s", w.who, what, err, w.at(), w.text())
	}
	if res == nil {
		w.t.Fatalf("%s: %s loaded nothing", w.who, what)
	}
	if res.Status >= 400 {
		w.mu.Lock()
		w.known = append(w.known, res.URL)
		w.mu.Unlock()
	}
	return res.Status
}

func (w *window) opens(address string) int64 {
	w.t.Helper()
	return w.goes("open "+address, chromedp.Navigate(address))
}

// gets opens a page that must be there.
func (w *window) gets(address string) {
	w.t.Helper()
	w.wants(w.opens(address), 200, address)
}

func (w *window) wants(got, want int64, what string) {
	w.t.Helper()
	if got != want {
		w.t.Fatalf("%s: %s: status %d, want %d\n%s", w.who, what, got, want, w.text())
	}
}

// goTo is the button or link of that name, or of one that begins so where it ends with "…".
func goTo(name string) chromedp.Search {
	is := fmt.Sprintf("normalize-space()=%q", name)
	if begins, ok := strings.CutSuffix(name, "…"); ok {
		is = fmt.Sprintf("starts-with(normalize-space(), %q)", begins)
	}
	return chromedp.Search(fmt.Sprintf("//button[%[1]s] | //a[%[1]s]", is))
}

func field(name string) chromedp.Search {
	return chromedp.Search(fmt.Sprintf("//main//*[@name=%q and not(@type='hidden')]", name))
}

// presses a button or follows a link, and gives the status of the page that comes.
func (w *window) presses(name string) int64 {
	w.t.Helper()
	if name == "End session" { // the bar may just then ask whether it goes on, and be told no
		asks := tell[string](w, `location.origin + "/.stead/status"`)
		w.mu.Lock()
		w.known = append(w.known, asks)
		w.mu.Unlock()
	}
	x, y, drawn := w.inBar(name)
	switch {
	case drawn && w.keys && name == "End session":
		return w.goes("press Alt+Shift+E", chromedp.KeyEvent("E", chromedp.KeyModifiers(chromedp.ModifierAlt, chromedp.ModifierShift)))
	case drawn:
		return w.goes("press "+name, chromedp.MouseClickXY(x, y))
	case w.keys:
		w.reach(goTo(name))
		return w.goes("press "+name, chromedp.KeyEvent(kb.Enter))
	}
	return w.goes("press "+name, chromedp.Click(goTo(name)))
}

// follows presses what leads to a page that is there.
func (w *window) follows(name string) {
	w.t.Helper()
	w.wants(w.presses(name), 200, name)
}

// types fills a field with text.
func (w *window) types(name, text string) {
	w.t.Helper()
	if w.keys {
		w.reach(field(name))
	} else {
		w.do(chromedp.Click(field(name)))
	}
	w.do(chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.KeyEvent(text))
}

// selects an option of a list by typing how it begins.
func (w *window) selects(name, option string) {
	w.t.Helper()
	if w.keys {
		w.reach(field(name))
		w.do(chromedp.KeyEvent(option))
	} else {
		w.do(chromedp.SendKeys(field(name), option))
	}
	if got := tell[string](w, found(field(name))+".selectedOptions[0].text"); got != option {
		w.t.Fatalf("%s at %s: %q is selected, not %q", w.who, w.at(), got, option)
	}
}

// picks the radio button of a label.
func (w *window) picks(label string) {
	w.t.Helper()
	at := chromedp.Search(fmt.Sprintf("//label[contains(normalize-space(), %q)]//input", label))
	if !w.keys {
		w.do(chromedp.Click(at))
		return
	}
	group := tell[string](w, found(at)+`.name`)
	w.reach(field(group))
	for range 20 {
		if tell[bool](w, found(at)+` === document.activeElement`) {
			w.do(chromedp.KeyEvent(" "))
			return
		}
		w.do(chromedp.KeyEvent(kb.ArrowDown))
	}
	w.t.Fatalf("%s at %s: the arrow keys do not come to %q", w.who, w.at(), label)
}

// found is the element as a script finds it.
func found(at chromedp.Search) string {
	return fmt.Sprintf("document.evaluate(%q, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE).singleNodeValue", string(at))
}

// reach comes to an element by Tab alone. It must be seen there: in the window, and under nothing (WCAG 2.4.11).
func (w *window) reach(at chromedp.Search) {
	w.t.Helper()
	for range 80 {
		if tell[bool](w, fmt.Sprintf(`(() => { const a = document.activeElement, all = document.evaluate(%q, document, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE);
			for (let i = 0; i < all.snapshotLength; i++) if (all.snapshotItem(i) === a) return true; return false })()`, string(at))) {
			if on := tell[string](w, `(() => { const a = document.activeElement, r = a.getBoundingClientRect();
				const top = document.elementFromPoint(r.x + r.width / 2, r.y + Math.min(r.height / 2, 20));
				const look = getComputedStyle(a);
				if (look.outlineStyle === "none" || look.outlineWidth === "0px") return "no outline shows it";
				return top === a || a.contains(top) ? "" : r.x + "," + r.y + " is under " + (top && top.outerHTML.slice(0, 200)) })()`); on != "" {
				w.t.Fatalf("%s at %s: what has the focus cannot be seen: %s %s", w.who, w.at(), at, on)
			}
			return
		}
		w.do(chromedp.KeyEvent(kb.Tab))
	}
	w.t.Fatalf("%s at %s: Tab never comes to %s\n%s", w.who, w.at(), at, w.text())
}

func tell[T any](w *window, script string) T {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	v, err := stage.Tell[T](ctx, script)
	if err != nil {
		w.t.Fatalf("%s: %.300s: %v", w.who, script, err)
	}
	return v
}

func (w *window) at() string {
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	at, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return err.Error()
	}
	return at
}

// text is what can be read on the page, in single spaces: what stands in the bar and on its cover too.
func (w *window) text() string {
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	text, err := stage.Tell[string](ctx, "document.body.innerText")
	if err != nil {
		return err.Error()
	}
	if bar, err := indicator.See(ctx); err == nil && bar.Drawn {
		text += " " + bar.Text + " " + bar.Cover
	}
	return strings.Join(strings.Fields(text), " ")
}

// inBar is where something stands in the bar that its script draws, which no search in the page finds.
func (w *window) inBar(name string) (x, y float64, ok bool) {
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	bar, err := indicator.See(ctx)
	if err != nil || !bar.Drawn {
		return 0, 0, false
	}
	x, y, err = bar.Point(ctx, name)
	return x, y, err == nil
}

// reads tells that all of these stand on the page.
func (w *window) reads(want ...string) {
	w.t.Helper()
	text := w.text()
	for _, s := range want {
		if !strings.Contains(text, s) {
			w.t.Fatalf("%s at %s does not read %q:\n%s", w.who, w.at(), s, text)
		}
	}
}

func (w *window) readsNot(bad ...string) {
	w.t.Helper()
	text := w.text()
	for _, s := range bad {
		if strings.Contains(text, s) {
			w.t.Fatalf("%s at %s reads %q:\n%s", w.who, w.at(), s, text)
		}
	}
}

func (w *window) isAt(want string) {
	w.t.Helper()
	if at := w.at(); at != want {
		w.t.Fatalf("%s is at %s, not at %s\n%s", w.who, at, want, w.text())
	}
}

// isActing tells that he is at a path of the shop, on the host of his mandate.
func (w *window) isActing(h *house, path string) {
	w.t.Helper()
	host := strings.TrimPrefix(h.Gateway, "http://127.0.0.1")
	if at := w.at(); !strings.HasSuffix(at, "--orders.act.localhost"+host+path) {
		w.t.Fatalf("%s is at %s, not at %s of the mandate's host\n%s", w.who, at, path, w.text())
	}
}

var shownCode = regexp.MustCompile(`would show (\d{6})`)

// code types the code that the page shows in place of an authenticator.
func (w *window) code() {
	w.t.Helper()
	m := shownCode.FindStringSubmatch(w.text())
	if m == nil {
		w.t.Fatalf("%s at %s is shown no code:\n%s", w.who, w.at(), w.text())
	}
	w.types("code", m[1])
}
