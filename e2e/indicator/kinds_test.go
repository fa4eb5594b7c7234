package indicator

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/steadhq/stead"
)

const runs = `<html><head></head><body><h1>PAGE</h1><script>document.title = "ran"</script></body></html>`

// A kind is a document that is no plain page, and what becomes of it: "" is not shown.
type kind struct {
	kind []string
	text string
	want string
}

var kinds = map[string]kind{
	"/kind/none":      {nil, runs, "bar"},
	"/kind/star":      {[]string{"*/*"}, runs, ""},
	"/kind/html":      {[]string{"html"}, runs, ""},
	"/kind/unknown":   {[]string{"application/unknown"}, runs, ""},
	"/kind/two":       {[]string{"text/plain", "text/html"}, runs, ""},
	"/kind/svg":       {[]string{"image/svg+xml"}, `<svg xmlns="http://www.w3.org/2000/svg"><script>document.documentElement.id = "ran"</script></svg>`, ""},
	"/kind/xml":       {[]string{"text/xml"}, `<html xmlns="http://www.w3.org/1999/xhtml"><body><script>document.title = "ran"</script></body></html>`, ""},
	"/kind/text":      {[]string{"text/plain"}, runs, "text/plain"},
	"/kind/json":      {[]string{"application/json"}, `{"a": "<script>"}`, "application/json"},
	"/kind/jp":        {[]string{"text/html; charset=iso-2022-jp"}, "<!--\x1b$B--><p>\x1b(B-->" + runs, "refused"},
	"/kind/jpmeta":    {[]string{"text/html"}, "<!--\x1b$B--><meta charset=iso-2022-jp>\x1b(B-->" + runs, "refused"},
	"/kind/jpunsaid":  {[]string{"text/html"}, "<!--\x1b$B--><p>\x1b(B-->" + runs + strings.Repeat("<p>\x1b$B$3$s$K$A$O@$3&\x1b(B</p>", 20), "bar"},
	"/kind/csunicode": {[]string{"text/html; charset=csunicode"}, strings.Join(strings.Split(runs, ""), "\x00") + "\x00", "refused"},
}

// Whatever the application says a document is: it shows for whom somebody acts, runs nothing, or is not shown (C4,
// GATEWAY 18).
func TestEveryKindOfDocument(t *testing.T) {
	w := newWorld(t)
	w.act(stead.ReadOnly)
	for path, k := range kinds {
		t.Run(path, func(t *testing.T) {
			w.t = t
			w.opens("/p?scene=plain")
			w.tries(w.origin + path)
			at := tell[string](w, `location.pathname + " " + document.contentType + " " + (document.body ? document.body.innerText : "")`)
			switch k.want {
			case "bar":
				w.sees("the bar", func(b *Bar) bool { return b.OnTop })
			case "refused":
				if !strings.Contains(at, "not shown") {
					t.Error(at)
				}
			case "":
				if !strings.HasPrefix(at, "/p ") {
					t.Errorf("shown: %s", at)
				}
			default:
				if !strings.HasPrefix(at, path+" "+k.want+" ") {
					t.Errorf("%s", at)
				}
			}
		})
	}
	w.t = t
}

// tries to go to an address, which may turn out to be a file.
func (w *world) tries(address string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil && !strings.Contains(err.Error(), "ERR_ABORTED") {
		w.t.Fatal(err)
	}
}

// What a page wrote itself would be a document without an indicator: it does not get this tab. To save it is all right.
func TestOwnWritingGetsNoTab(t *testing.T) {
	w := newWorld(t)
	w.act(stead.ReadOnly)
	const made = `const to = URL.createObjectURL(new Blob(["<h1>BLOB</h1>"], { type: "text/html" })), a = document.createElement("a"); a.href = to; document.body.append(a);
		window.asked = []; navigation.addEventListener("navigate", e => asked.push(e.destination.url)); `
	for name, script := range map[string]string{
		"location": `location = to`, "replace": `location.replace(to)`, "link": `a.click()`, "open": `window.open(to, "_self")`, "blank": `window.open("about:blank", "_self")`, "data": `navigation.navigate("data:text/html,x").finished.catch(() => {})`,
		"refresh":  `document.head.insertAdjacentHTML("beforeend", "<meta http-equiv=refresh content='0; url=" + to + "'>")`,
		"disguise": `Object.defineProperty(NavigateEvent.prototype, "destination", { get: () => ({ url: "/b" }) }); Object.defineProperty(NavigationDestination.prototype, "url", { get: () => "/b" }); location = to`,
		"deaf":     `NavigateEvent.prototype.preventDefault = Event.prototype.preventDefault = () => {}; location = to`,
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			w.opens("/p?scene=plain")
			w.sees("the bar", func(b *Bar) bool { return b.OnTop && b.Drawn })
			w.do(chromedp.Evaluate[chromedp.Void](`(() => {` + made + script + `})()`))
			w.stays()
		})
	}
	w.t = t
	w.opens("/p?scene=plain")
	if asked := tell[int](w, `(() => {`+made+`a.download = "a.html"; a.click(); return asked.length })()`); asked != 1 {
		t.Error("what is saved is not asked of the page")
	}
	w.stays()
}

// stays tells that the tab is where it was after every way had its time.
func (w *world) stays() {
	w.t.Helper()
	for began := time.Now(); time.Since(began) < 700*time.Millisecond; time.Sleep(50 * time.Millisecond) {
		if at := tell[string](w, `location.href`); !strings.HasPrefix(at, w.origin+"/p?") {
			w.t.Fatalf("went to %s", at)
		}
	}
	w.sees("the bar", func(b *Bar) bool { return b.OnTop })
}
