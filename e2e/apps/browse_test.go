package apps

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/steadhq/stead/e2e/indicator"
	"github.com/steadhq/stead/e2e/stage"
)

// Whole acting sessions in Chromium: Sam starts on Stead's console and is led to the mandate's own host, where he sees
// what Dana sees, and who he is.
func TestChromium(t *testing.T) {
	t.Parallel()
	b := stage.Chromium(t, "")
	for _, s := range []story{radicaleStory(), dokuwikiStory(), icingaweb2Story(), roundcubeStory(), mediawikiStory()} {
		t.Run(s.app, func(t *testing.T) {
			t.Parallel()
			s.browse(t, b)
		})
	}
}

func (s story) browse(t *testing.T, b context.Context) {
	at := newSite(t, s.app)
	p := s.start(t, at.host)
	w := open(t, s.app, at, p)
	s.looks(w.signs(b, t, "Customers", "dana"), w.site, s.home, s.hers)
	before := s.afreshIn(b, t, w)
	sam := w.signs(b, t, "Staff", "sam")
	s.looks(sam, w.site, s.his, s.himself)

	there := w.starts(sam)
	s.looks(sam, there, s.home, s.hers)
	s.fetches(sam)
	acting, after := s.fetches(sam), s.afreshIn(b, t, w)
	for i, page := range s.pages {
		acting[i].Body = strings.ReplaceAll(acting[i].Body, strings.TrimPrefix(there, "http://"), at.host)
		if bad := same(s.took, acting[i], before[i], after[i]); bad != "" {
			t.Errorf("%s %s is not what she sees: %s", page.method, page.to, bad)
		}
	}
	for i, view := range s.views {
		s.shows(sam, there+view, fmt.Sprintf("%s-%d", s.app, i))
	}
	if s.further != nil {
		s.further(sam, there)
	}
	s.kept(t, w, sam, there)
	s.scripts(t, w, sam)
	s.leaves(t, w, sam, there)
	s.revokedIn(t, w, sam)
}

// afreshIn is what Dana sees in a window that is new, the second time she looks.
func (s story) afreshIn(b context.Context, t *testing.T, w *world) []stage.Answer {
	t.Helper()
	dana := w.signs(b, t, "Customers", "dana")
	s.looks(dana, w.site, s.home, s.hers)
	s.fetches(dana)
	return s.fetches(dana)
}

// signs opens a window for somebody, who signs in from the application.
func (w *world) signs(b context.Context, t *testing.T, directory, name string) *window {
	t.Helper()
	o := newWindow(t, b)
	o.opens(w.site + "/")
	o.types("name", name)
	o.types("directory", directory)
	o.types("password", password)
	o.do(chromedp.Click(chromedp.Search(`//main//button[normalize-space()="Sign in"]`)))
	o.until("no answer", `document.readyState === "complete" && (location.origin !== "`+w.own+`" || !!document.querySelector("[name=code]"))`)
	if strings.HasPrefix(o.at(), w.own) {
		o.types("code", w.codes.Next(t, name, secret))
		o.do(chromedp.Click(chromedp.Search(`//main//button[normalize-space()="Sign in"]`)))
		o.until("no answer", `document.readyState === "complete" && location.origin !== "`+w.own+`"`)
	}
	return o
}

// starts acting for Dana on Stead's console, and gives the origin of the mandate.
func (w *world) starts(sam *window) string {
	t := sam.t
	t.Helper()
	sam.opens(w.own + "/act")
	if tell[bool](sam, `!!document.querySelector("main [name=code]")`) { // he is armed for a while
		sam.types("code", w.codes.Next(t, "sam", secret))
		sam.presses("Arm acting")
	}
	sam.types("name", "Dana")
	sam.presses("Find")
	sam.types("reason", "wrong total")
	sam.types("ticket", "SUP-4711")
	sam.presses("Ask")
	sam.presses("Start")
	u, err := url.Parse(sam.at())
	if err != nil || !strings.HasSuffix(u.Hostname(), "--"+w.app+".act.localhost") {
		t.Fatalf("he started and is at %s: %.600s", sam.at(), sam.text())
	}
	return u.Scheme + "://" + u.Host
}

// looks fails unless somebody sees the page, and in it the text.
func (s story) looks(b *window, origin, path, text string) {
	b.t.Helper()
	if s.document != "" { // her pages are for programs
		path, text = s.document, ""
	}
	if status := b.opens(origin + path); status != http.StatusOK {
		b.t.Fatalf("%s: %d %.600s", b.at(), status, b.text())
	}
	b.until("no "+text, fmt.Sprintf("document.documentElement.outerHTML.includes(%q) || document.body.innerText.includes(%[1]q)", text))
}

// fetches every page as a script of the page does: what comes is as the application made it.
func (s story) fetches(b *window) (all []stage.Answer) {
	b.t.Helper()
	for _, p := range s.pages {
		all = append(all, b.fetch(p))
	}
	return all
}

func (b *window) fetch(a ask) stage.Answer {
	b.t.Helper()
	head := map[string]string{}
	for i := 0; i+1 < len(a.head); i += 2 {
		head[a.head[i]] = a.head[i+1]
	}
	options := map[string]any{"method": a.method, "headers": head}
	if a.method == "" {
		options["method"] = "GET"
	}
	if a.body != "" {
		options["body"] = a.body
	}
	text, err := json.Marshal(options)
	if err != nil {
		b.t.Fatal(err)
	}
	got := tell[struct {
		Status int
		Body   string
	}](b, fmt.Sprintf(`fetch(%q, %s).then(async r => ({status: r.status, body: await r.text()}), e => ({status: 0, body: String(e)}))`, a.to, text))
	return stage.Answer{Status: got.Status, Head: http.Header{}, Body: got.Body}
}

// shows opens a page while acting: the bar stands over it, whole and on top, at its beginning and at its end.
func (s story) shows(sam *window, address, shot string) {
	t := sam.t
	t.Helper()
	if status := sam.opens(address); status != http.StatusOK {
		t.Errorf("%s: %d %.600s", address, status, sam.text())
		return
	}
	sam.until("it does not end", `document.readyState === "complete"`)
	for _, where := range []string{"top", "end"} {
		if where == "end" {
			tell[bool](sam, "scrollTo(0, document.documentElement.scrollHeight), true")
		}
		bar, err := indicator.See(sam.ctx)
		switch {
		case err != nil:
			t.Errorf("%s, %s: %v", address, where, err)
		case !bar.Drawn || !bar.OnTop || !bar.Frame || bar.X > 0 || bar.Right < 1260:
			t.Errorf("%s, %s: the bar is not seen: %+v", address, where, bar)
		case !strings.Contains(bar.Text, "Dana Reyes") || !strings.Contains(bar.Text, "Sam Okafor") || !strings.Contains(bar.Text, "Read-only"):
			t.Errorf("%s, %s: the bar reads %q", address, where, bar.Text)
		}
		sam.pictures(shot + "-" + where)
	}
}

// kept: what the browser keeps of the application's is of no use to anybody at the application itself.
func (s story) kept(t *testing.T, w *world, sam *window, there string) {
	t.Helper()
	got, err := chromedp.Call(sam.ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{there + "/"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Cookies) == 0 {
		t.Error("the mandate's host keeps nothing, not even a pass")
	}
	var all []string
	for _, c := range got.Cookies {
		if !c.HTTPOnly && !strings.Contains(c.Name, "stead") && !s.open(c.Name) {
			t.Errorf("scripts can read the cookie %s", c.Name)
		}
		all = append(all, c.Name+"="+c.Value)
	}
	stolen := stage.Stranger(t).Get(t, "http://"+w.program.addr+s.home, "Cookie", strings.Join(all, "; "))
	stolen.Lacks(t, "the application, by what his browser keeps", s.hers)
}

// open tells cookies that a script writes.
func (s story) open(name string) bool {
	for _, c := range s.scripted {
		if strings.HasPrefix(name, c) {
			return true
		}
	}
	return false
}

// scripts of the page write as little as he does.
func (s story) scripts(t *testing.T, w *world, sam *window) {
	t.Helper()
	for _, a := range s.writes {
		if a.status != 0 {
			continue
		}
		said, kept := len(w.program.process.Said.Lines()), w.program.kept(t)
		if got := sam.fetch(a); got.Status != http.StatusForbidden {
			t.Errorf("a script: %s %s: %d %.300s", a.method, a.to, got.Status, got.Body)
		}
		if w.program.took(said, a) { // the page itself goes on asking for this and that
			t.Errorf("a script: %s %s reached the application", a.method, a.to)
		}
		if w.program.kept(t) != kept {
			t.Errorf("a script: %s %s changed something", a.method, a.to)
		}
	}
}

// revokedIn ends a mandate while its page is open: the page covers itself, and the next form goes nowhere.
func (s story) revokedIn(t *testing.T, w *world, sam *window) {
	t.Helper()
	there := w.starts(sam)
	sam.opens(there + s.views[0])
	var st standing
	if err := json.Unmarshal([]byte(sam.fetch(ask{to: "/.stead/status"}).Body), &st); err != nil || st.Mandate == "" {
		t.Fatal(st, err)
	}
	w.ada.JSON(t, "POST", w.own+"/v1/mandates/"+st.Mandate+"/revoke", map[string]any{"reason": "enough"}).Is(t, "revoke", http.StatusOK)
	sam.fetch(ask{to: s.home}).Lacks(t, "a poll after the end", s.hers, s.himself)
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		tell[bool](sam, `dispatchEvent(new Event("focus"))`) // he comes back to the window
		bar, err := indicator.See(sam.ctx)
		if err == nil && bar.Cover != "" || err != nil && strings.Contains(sam.text(), "has ended") { // or its own script left, and met the end page
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the page does not cover itself: %+v %v", bar, err)
		}
	}
	sam.pictures(s.app + "-covered")
	s.signsOut(t, w, st.Mandate)
	kept := w.program.kept(t)
	status := sam.loads("a form", chromedp.Evaluate[chromedp.Void](`(() => { const f = document.createElement("form"); f.method = "post"; f.action = "`+s.views[0]+`"; document.body.append(f); f.submit() })()`))
	if text := tell[string](sam, "document.documentElement.outerHTML"); status < 400 || strings.Contains(text, s.hers) {
		t.Errorf("a form after the end: %d %.300s", status, sam.text())
	}
	if w.program.kept(t) != kept {
		t.Error("a form after the end changed something")
	}
}

// leaves presses End on her page, and is where he was: at the application's own host, as himself.
func (s story) leaves(t *testing.T, w *world, sam *window, there string) {
	t.Helper()
	sam.opens(there + s.views[0])
	bar, err := indicator.See(sam.ctx)
	if err != nil {
		t.Fatal(err)
	}
	sam.loads("End session", chromedp.MouseClickXY(bar.EndX, bar.EndY))
	sam.until("he is not back", fmt.Sprintf("location.origin === %q", w.site))
	sam.pictures(s.app + "-after")
	s.looks(sam, w.site, s.his, s.himself)
	if text := tell[string](sam, "document.documentElement.outerHTML"); strings.Contains(text, s.hers) {
		t.Errorf("hers is on his page: %.600s", text)
	}
	if status := sam.opens(there + s.views[0]); status < 400 && strings.Contains(tell[string](sam, "document.documentElement.outerHTML"), s.hers) {
		t.Errorf("the mandate's host is open after its end: %d %.600s", status, sam.text())
	}
	sam.pictures(s.app + "-over")
}
