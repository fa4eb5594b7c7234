package indicator

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/house"
)

// framed are the rules of an application whose policies stay as they are.
var framed = strings.Replace(with("    aware: true\n", "    aware: true\n    banner: { csp: frame }\n"), "    rules:\n",
	"    rules:\n      - { id: find, is: read, method: [GET, POST], path: [/found], only: [q, csp] }\n      - { id: away, is: write, path: [/write] }\n", 1)

// ways are pages that lead somewhere.
var ways = map[string]string{
	"/ways": `<!doctype html><html lang="en"><title>Ways</title><style>a, form { display: block; font: 20px/40px sans-serif; margin: 0 } button { font: inherit }</style>
		<body style="margin:0"><a id="on" href="/found?q=on">On</a><a id="top" target="_top" href="/found?q=top">Top</a>
		<form id="get" target="_top" action="/found"><button name="q" value="get">Get</button></form>
		<form id="post" target="_top" method="post" action="/found"><button name="q" value="a&b ü">Post</button></form>
		<form id="file" target="_top" method="post" action="/found" enctype="multipart/form-data"><button name="q" value="x">File</button></form>
		<a id="denied" href="/write">Write</a><a id="boxed" href="/found?q=boxed&csp=sandbox">Boxed</a><p style="height:2000px">%s %s</p><p id="deep">Deep</p>`,
	"/found":  `<!doctype html><html lang="en"><title>Found</title><h1 id="said">%s %s</h1><a id="back" href="/ways">Ways</a>`,
	"/buster": `<!doctype html><html lang="en"><title>Buster</title><script>if (top !== self) top.location = self.location</script><h1>%s %s</h1>`,
}

// within says in the page's own window what is asked.
func within[T any](w *world, script string) T {
	w.t.Helper()
	return tell[T](w, `(w => { const document = w.document, location = w.location, history = w.history; return (`+script+`) })(document.getElementById("stead-app").contentWindow)`)
}

// shows waits until the frame's page and the window's address, title and bar go together.
func (w *world) shows(path, title string) *Bar {
	w.t.Helper()
	w.waitFor(path, func() bool {
		return tell[string](w, `document.readyState + " " + location.pathname + location.search + location.hash + " " + document.title`) == "complete "+path+" "+title &&
			within[string](w, `document.readyState + " " + location.pathname + location.search + location.hash`) == "complete "+path
	})
	return w.sees("the bar", func(b *Bar) bool { return b.OnTop && b.Frame && b.Drawn && b.Cover == "" })
}

// clicks presses what has an id in the frame's page.
func (w *world) clicks(id string) {
	w.t.Helper()
	at := within[[]float64](w, fmt.Sprintf(`(r => [r.left + r.width / 2, r.top + r.height / 2])(document.getElementById(%q).getBoundingClientRect())`, id))
	w.do(chromedp.MouseClickXY(min(at[0], 20)+4, at[1]+4))
}

// The window says where its frame is, whatever leads there: links, the keys of the browser, scripts and forms that want
// the whole window; and it is opened at any address.
func TestFrame(t *testing.T) {
	w := newWorldBy(t, framed)
	w.act(stead.ReadOnly)
	w.opens("/ways")
	w.shows("/ways", "Ways")
	w.pictures("frame-1280")
	w.clicks("on")
	w.shows("/found?q=on", "Found")
	w.clicks("back")
	w.shows("/ways", "Ways")
	for range 2 {
		w.do(chromedp.NavigateBack())
	}
	w.shows("/ways", "Ways")
	w.do(chromedp.NavigateForward())
	w.shows("/found?q=on", "Found")
	w.do(chromedp.Reload())
	w.shows("/found?q=on", "Found")
	w.opens("/ways#deep")
	w.shows("/ways#deep", "Ways")
	if within[float64](w, `w.scrollY`) < 500 {
		t.Error("the deep link does not lead deep")
	}
	within[string](w, `(history.pushState({}, "", "/ways?spa"), document.title = "Inner", "")`)
	w.shows("/ways?spa", "Inner")
	for id, want := range map[string]string{"top": "GET top", "get": "GET get", "post": "POST a&b ü"} {
		w.opens("/ways")
		w.shows("/ways", "Ways")
		w.clicks(id)
		w.waitFor(id, func() bool {
			return tell[string](w, `document.getElementById("stead-app")?.contentDocument?.getElementById("said")?.textContent ?? ""`) == want
		})
		w.sees("the bar", func(b *Bar) bool { return b.OnTop })
	}
	w.opens("/ways")
	w.shows("/ways", "Ways")
	w.clicks("file")
	w.waitFor("what cannot be sent on", func() bool {
		return strings.Contains(tell[string](w, `document.body?.innerText ?? ""`), "nothing was sent")
	})
	w.opens("/buster")
	w.shows("/buster", "Buster")
}

// What is refused is said in the frame, with ways out of it; End, the keys and the last minute are those of every page.
func TestFrameRefusesAndEnds(t *testing.T) {
	w := newWorldBy(t, framed)
	w.act(stead.ReadOnly)
	w.set(func() { w.rehearsal = true })
	w.opens("/ways")
	w.shows("/ways", "Ways")
	w.clicks("denied")
	w.waitFor("the no", func() bool {
		return tell[string](w, `(d => d && [d.body?.innerText.includes("rule away"), d.getElementById("stead-bar") === null, d.querySelector("base")?.target].join())(document.getElementById("stead-app").contentDocument)`) == "true,true,_top"
	})
	b := w.sees("the bar", func(b *Bar) bool { return b.OnTop })
	w.pictures("frame-refused")
	w.presses(b)
	w.opens("/ways")
	w.shows("/ways", "Ways")
	w.do(chromedp.MouseClickXY(600, 400)) // the keys go to the page within
	w.set(func() { w.ends = nil })
	w.do(chromedp.KeyEvent("e", chromedp.KeyModifiers(chromedp.ModifierAlt, chromedp.ModifierShift)))
	w.waitFor("Alt+Shift+E in the frame", func() bool { return w.heard() == 1 })
	w.endsElsewhere(t)
	tell[bool](w, `new BroadcastChannel("stead").postMessage("look"); true`)
	w.sees("the cover", func(b *Bar) bool { return strings.Contains(b.Cover, "Acting for Dana Reyes has ended") })
	if got := tell[string](w, `getComputedStyle(document.getElementById("stead-app")).visibility + document.elementFromPoint(300, 300).localName`); got != "hiddenstead-indicator" {
		t.Errorf("under the cover: %s", got)
	}
	w.pictures("frame-cover")
}

// Idle in a frame is idle in the window, and to press something there is to do something (R15).
func TestFrameOnIdle(t *testing.T) {
	w := newWorldBy(t, framed, func(o *house.Options) { o.Settings.Terms.Idle = 6 * time.Second })
	w.act(stead.ReadOnly)
	w.opens("/ways")
	w.shows("/ways", "Ways")
	w.house.Clock.Move(4 * time.Second)
	w.clicks("on")
	w.shows("/found?q=on", "Found")
	w.house.Clock.Move(4 * time.Second)
	if st, err := w.house.Status(t.Context(), w.by); err != nil || !st.Acting {
		t.Errorf("a link in the frame is no activity: %+v %v", st.Mandate.State, err)
	}
	w.set(func() { w.down = true })
	w.sees("the cover", func(b *Bar) bool { return strings.Contains(b.Cover, "Nothing was done for a while") })
}

// A page in a sandbox tells nothing of itself: its address is known all the same, and the sandbox is as it was.
func TestFrameOfSandbox(t *testing.T) {
	w := newWorldBy(t, framed)
	w.act(stead.ReadOnly)
	path := "/ways?" + url.Values{"csp": {"sandbox allow-top-navigation-by-user-activation"}}.Encode()
	w.opens(path)
	w.sees("the bar", func(b *Bar) bool { return b.OnTop && b.Drawn })
	if got := tell[bool](w, `document.getElementById("stead-app").contentDocument === null`); !got {
		t.Fatal("it is in no sandbox")
	}
	at := func(want string) {
		t.Helper()
		w.waitFor(want, func() bool { return tell[string](w, `location.pathname + location.search`) == want })
		w.sees("the bar", func(b *Bar) bool { return b.OnTop && b.Drawn })
	}
	for link, to := range map[float64]string{24: "/found?q=on", 282: "/found?q=boxed&csp=sandbox"} { // where they are: nobody can ask
		w.waitFor(to, func() bool {
			w.do(chromedp.MouseClickXY(15, link)) // again, where the page is not there yet
			return tell[string](w, `location.pathname + location.search`) == to
		})
		at(to)
		w.do(chromedp.NavigateBack())
		at(path)
	}
	w.pictures("frame-sandbox")
}

// Every policy goes with every page into the frame, and the page runs there what it runs alone.
func TestFrameMatrix(t *testing.T) {
	w := newWorldBy(t, framed)
	w.act(stead.ReadOnly)
	for _, p := range policies {
		for _, s := range []scene{{name: "plain"}, {name: "packed"}, {name: "streamed"}, {name: "meta"}, {name: "boxed", boxed: true}} {
			t.Run(p.name+"/"+s.name, func(t *testing.T) {
				w.t = t
				w.playsFramed(p, s)
			})
		}
	}
	w.t = t
}

const marks = `(d => { d.getElementById("b")?.click(); return JSON.stringify(Object.entries({ ...d.documentElement.dataset }).sort()) })(document)`

func (w *world) playsFramed(p policy, s scene) {
	w.t.Helper()
	path := "/p?" + url.Values{"csp": {p.text}, "scene": {s.name}}.Encode()
	before := strings.NewReplacer(`["eval","ran"],`, "", `,["eval","ran"]`, "", `["eval","ran"]`, "").Replace(w.alone(p, s))
	w.opens(path)
	b := w.sees("the bar", func(b *Bar) bool { return b.OnTop && b.Frame && b.Drawn })
	if b.X > 0 || b.Right < 1280 || b.Below > 801 || !strings.Contains(b.Text, "Viewing as Dana Reyes — you are Sam Okafor") {
		w.t.Errorf("not whole in the window: %+v", b)
	}
	if p.name == "sandbox" && s.name != "meta" { // it has no origin, as before, and nobody looks in
		if !tell[bool](w, `document.getElementById("stead-app").contentDocument === null`) {
			w.t.Error("the sandbox is none")
		}
		return
	}
	if after := w.inFrame(marks); after != before {
		w.t.Errorf("of the application ran\n%s, without us\n%s", after, before)
	}
}

// inFrame asks the frame's page beside its own scripts and policies, whatever its origin.
func (w *world) inFrame(script string) string {
	w.t.Helper()
	said := ""
	w.waitFor("the frame's page", func() bool {
		tree, err := chromedp.Call(w.ctx, page.GetFrameTree, cdp.Empty{})
		if err != nil || len(tree.FrameTree.ChildFrames) != 1 {
			return false
		}
		made, err := chromedp.Call(w.ctx, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: tree.FrameTree.ChildFrames[0].Frame.ID})
		if err != nil {
			return false
		}
		byValue := true
		result, err := chromedp.Call(w.ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: script, ContextID: made.ExecutionContextID, ReturnByValue: &byValue})
		if err != nil || result.ExceptionDetails != nil {
			return false
		}
		err = json.Unmarshal(result.Result.Value, &said)
		return err == nil && said != ""
	})
	return said
}

// Without script the window shows the bar and the frame, and a form for the whole window can be sent on by hand.
func TestFrameWithoutScript(t *testing.T) {
	w := newWorldBy(t, framed)
	w.act(stead.ReadOnly)
	if _, err := chromedp.Call(w.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	for _, width := range []int64{320, 1280} {
		w.dresses(width, 700)
		w.opens("/ways")
		b := w.sees("the bar", func(b *Bar) bool { return !b.Drawn && b.OnTop && b.Frame })
		if below := tell[float64](w, `document.getElementById("stead-app").getBoundingClientRect().bottom`); below > b.Y+1 || below < 300 {
			t.Errorf("%d wide: the frame ends at %g, the bar begins at %g", width, below, b.Y)
		}
		w.pictures(fmt.Sprintf("frame-static-%d", width))
	}
	w.clicks("post")
	w.waitFor("the button", func() bool {
		return strings.Contains(tell[string](w, `document.body?.innerText ?? ""`), "Send it into the frame below")
	})
	w.pictures("frame-static-post")
	w.endsIt()
}

// The window is whole at every width, in the dark too, and axe has nothing to say.
func TestFrameLook(t *testing.T) {
	w := newWorldBy(t, framed)
	w.act(stead.ReadOnly)
	for _, width := range []int64{320, 1280} {
		w.dresses(width, 640)
		w.opens("/ways")
		b := w.shows("/ways", "Ways")
		if below := tell[float64](w, `document.getElementById("stead-app").getBoundingClientRect().bottom`); below > b.Y+1 || below < b.Y-2 {
			t.Errorf("%d wide: the frame ends at %g, the bar begins at %g", width, below, b.Y)
		}
		w.pictures(fmt.Sprintf("frame-%d-640", width))
	}
	w.dresses(1280, 800, &emulation.MediaFeature{Name: "prefers-color-scheme", Value: "dark"})
	w.pictures("frame-dark")
	w.passes("frame")
}
