package outside

import (
	"context"
	"encoding/csv"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/steadhq/stead/e2e/stage"
)

// listens stands in every page before the page's own: whatever runs a script of ours, or would if the page's policy
// let it, is noted. What is typed into the page by the tests themselves is not held by that policy.
const listens = `(() => {
	const heard = what => { try { (top.__heard ||= []).push(what) } catch (e) { document.title = "heard " + what } };
	for (const name of ["alert", "confirm", "prompt", "msgbox", "eval"]) window[name] = () => heard(name + " ran");
	document.addEventListener("securitypolicyviolation", e => heard("policy: " + e.violatedDirective + " " + e.blockedURI + " " + e.sample));
})()`

// provokes does to every element what somebody does who looks around, and tells what was heard and what can be read.
const provokes = `(async () => {
	for (const e of document.querySelectorAll("*")) {
		if (e.tagName === "DETAILS") e.open = true;
		for (const kind of ["mouseover", "mouseenter", "focus", "blur", "toggle", "load", "error", "animationstart", "begin", "start"]) e.dispatchEvent(new Event(kind));
		for (const a of ["href", "src", "action", "formaction", "data", "xlink:href"]) {
			const to = (e.getAttribute(a) || "").trim().toLowerCase();
			if (/^(javascript|data|vbscript):|^[a-z:]*\/\/evil/.test(to)) (top.__heard ||= []).push("leads to " + to);
		}
	}
	await new Promise(r => setTimeout(r, 0));
	const text = document.body ? document.body.innerText + "\n" + [...document.querySelectorAll("input, textarea")].map(e => e.value).join("\n") : "";
	return {Heard: top.__heard || [], Text: text};
})()`

// A reader looks at pages in a real browser, as the caller whose passes it carries.
type reader struct {
	ctx   context.Context
	read  map[string]bool // the payloads that were seen as text
	pages int
}

func (r *reader) as(t *testing.T, c *caller) *reader {
	t.Helper()
	ctx, cancel := chromedp.NewContext(r.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: listens}); err != nil {
		t.Fatal(err)
	}
	own := &reader{ctx: ctx, read: r.read}
	own.carries(t, c)
	return own
}

// carries takes over the passes of the caller as they are now.
func (r *reader) carries(t *testing.T, c *caller) {
	t.Helper()
	for _, at := range []string{c.w.Console, c.w.Gateway} {
		if k := c.pass(t, at); k != nil {
			if _, err := chromedp.Call(r.ctx, network.SetCookie, network.SetCookieParams{Name: k.Name, Value: k.Value, URL: at + "/"}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// looks at one page: nothing runs, nothing would, and what of the payloads can be read is noted.
func (r *reader) looks(t *testing.T, address string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(r.ctx, time.Minute)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Navigate(address)); err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	said, err := chromedp.Run(ctx, chromedp.Evaluate[struct {
		Heard []string
		Text  string
	}](provokes, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	r.pages++
	for _, h := range said.Heard {
		t.Errorf("%s: %s", address, h)
	}
	for _, p := range payloads {
		if strings.Contains(said.Text, strings.TrimSpace(p)) {
			r.read[p] = true
		}
	}
	return said.Text
}

// all looks at these pages, and at four of each kind that links lead to.
func (r *reader) all(t *testing.T, c *caller, these ...string) {
	t.Helper()
	kinds := map[string]int{}
	for _, p := range these {
		r.looks(t, c.w.Console+p)
	}
	pages, _ := crawl(t, c, c.w.Console, "/mandates")
	for p, a := range pages {
		kind, _ := path.Split(strings.TrimSuffix(p, "/"))
		if kinds[kind]++; kinds[kind] <= 4 && !slices.Contains(these, p) && strings.Contains(a.head.Get("Content-Type"), "html") {
			r.looks(t, c.w.Console+p)
		}
	}
}

// What people and applications say runs nowhere: sixty payloads in every field that anybody can fill, every page that
// shows them opened in Chromium (B11). That the policy of the page is never asked shows that they are text, and not
// markup that is held back.
func TestNoScriptRuns(t *testing.T) {
	if len(payloads) != 60 {
		t.Fatalf("%d payloads", len(payloads))
	}
	w := dev(t)
	root, omar, maya, sam, dana := w.enter(t, "staff/root"), w.enter(t, "staff/omar"), w.enter(t, "staff/maya"), w.enter(t, "staff/sam"), w.enter(t, "customers/dana")
	rule(t, w)
	people := enrolled(t, w)
	b := &reader{ctx: stage.Chromium(t, agent), read: map[string]bool{}}
	readers := map[*caller]*reader{}
	for _, c := range []*caller{root, omar, maya, sam, dana, stranger(w)} {
		readers[c] = b.as(t, c)
	}
	as := func(c *caller) *reader { return readers[c] }
	sam.form(t, w.Console+"/act/arm", "code", w.code(t, "staff/sam")).is(t, "arm", 303)
	as(sam).carries(t, sam)
	for i, p := range payloads {
		w.advance(t, 3*time.Second)
		asked(t, i, p, people[i%len(people)], sam, maya, omar, as)
		q := url.QueryEscape(p)
		reflects := []struct {
			c  *caller
			at string
		}{
			{sam, w.Console + "/act?name=" + q + "&reason=" + q + "&ticket=" + q + "&target=" + q + "&app=orders"}, {sam, w.Console + "/login?again=1&next=" + q},
			{sam, w.Gateway + "/orders?q=" + q}, {sam, w.Console + "/requests/" + url.PathEscape(p)}, {root, w.Console + "/why/" + url.PathEscape(p)},
			{root, w.Console + "/audit?text=" + q + "&actor=" + q + "&kind=" + q + "&mandate=" + q}, {root, w.Console + "/people?name=" + q},
		}
		as(reflects[i%7].c).looks(t, reflects[i%7].at)
		if i%6 == 0 {
			strange := stranger(w)
			strange.agent = "odd " + strings.NewReplacer("\t", " ", "\u202e", "").Replace(p)
			strange.send(t, "POST", w.Console+"/login", encode("name", p, "directory", p, "password", p), "Content-Type", formType, "Accept", "text/html")
			strange.json(t, "POST", w.Console+"/v1/login", map[string]any{"directory": "customers", "name": "dana", "password": w.person(t, "customers/dana").Password})
		}
	}
	sam.form(t, w.Console+"/act/disarm").is(t, "disarm", 303)
	for i := range 6 {
		p := payloads[i*7+1]
		sam.form(t, w.Gateway+"/.stead/act", "subject", people[i*5], "reason", p, "code", w.code(t, "staff/sam")).is(t, "start for "+p, 303)
		as(sam).carries(t, sam)
		for _, at := range []string{w.Gateway + "/orders", w.Gateway + "/orders?q=" + url.QueryEscape(p), w.Gateway + "/.stead/end", w.Gateway + "/.stead/out", w.Console + "/", w.Console + "/acting"} {
			as(sam).looks(t, at)
		}
		sam.send(t, "POST", w.Gateway+"/orders/7?q="+url.QueryEscape(p), "note="+url.QueryEscape(p), "Content-Type", formType)
		sam.form(t, w.Gateway+"/.stead/end").is(t, "end", 200)
		as(sam).carries(t, sam)
	}
	for _, c := range []*caller{root, omar, maya, sam, dana} {
		as(c).all(t, c, "/", "/act", "/audit", "/people", "/mandates", "/requests", "/me", "/login?again=1", "/step-up")
	}
	pages := 0
	for _, r := range readers {
		pages += r.pages
	}
	for _, p := range payloads {
		if !b.read[p] {
			t.Errorf("%q was never seen as text: what is not shown proves nothing", p)
		}
	}
	t.Logf("%d pages", pages)
}

// asked lets Sam ask with a payload as his reason, and Maya or Omar say one too.
func asked(t *testing.T, i int, p, subject string, sam, maya, omar *caller, as func(*caller) *reader) {
	t.Helper()
	w := sam.w
	a := sam.form(t, w.Console+"/act/ask", "subject", subject, "app", "orders", "reason", p, "ticket", "SUP-1", "mode", "edit", "target", "/orders?q="+url.QueryEscape(p))
	if a.status != 303 {
		t.Errorf("ask with %q: %d %s", p, a.status, a.body)
		return
	}
	id := strings.TrimPrefix(a.to(), "/act/")
	vote := func(how string) {
		maya.form(t, w.Console+"/requests/"+id+"/"+how, "comment", p, "digest", digestOf(t, maya, id)).is(t, how, 303)
	}
	switch i % 3 {
	case 0:
		as(maya).looks(t, w.Console+"/requests/"+id)
		vote("refuse")
		as(sam).looks(t, w.Console+a.to())
	case 1:
		vote("approve")
		as(sam).looks(t, w.Console+a.to())
		sam.form(t, w.Console+a.to()+"/withdraw").is(t, "withdraw", 303)
		as(maya).looks(t, w.Console+"/mandates/"+id)
	case 2:
		omar.form(t, w.Console+"/mandates/"+id+"/revoke", "reason", p, "typed", "sam").is(t, "revoke", 303)
		as(omar).looks(t, w.Console+"/mandates/"+id)
	}
}

// enrolled are people with a payload for a name, a group and an attribute, half of them from a table.
func enrolled(t *testing.T, w *world) (people []string) {
	t.Helper()
	admin := w.token(t, "staff/root")
	var sheet strings.Builder
	table := csv.NewWriter(&sheet)
	_ = table.Write([]string{"directory", "name", "shown", "groups", "attr.note"})
	for i, p := range payloads {
		name := fmt.Sprintf("y%d", i)
		if i%2 == 0 && !strings.ContainsAny(p, "\t\u202e") && strings.TrimSpace(p) == p {
			_ = table.Write([]string{"customers", name, p, "customers", p})
			continue
		}
		enroll := func(groups ...string) answer {
			return admin.json(t, "POST", w.Console+"/v1/people", map[string]any{"directory": "customers", "name": name, "shown": strings.TrimSpace(p), "groups": groups, "attributes": map[string]string{"note": p}})
		}
		a := enroll("customers", p)
		if a.status != 201 { // no group is called that
			a = enroll("customers")
		}
		var made struct{ ID string }
		if a.status == 201 {
			a.reads(t, &made)
			people = append(people, made.ID)
		}
		admin.json(t, "POST", w.Console+"/v1/people", map[string]any{"directory": "customers", "name": p, "shown": "x", "groups": []string{"customers"}})
	}
	table.Flush()
	admin.send(t, "POST", w.Console+"/v1/people/import", sheet.String(), "Content-Type", "text/csv").is(t, "import", 201)
	if len(people) < 28 {
		t.Fatalf("%d people", len(people))
	}
	return people
}

// rule puts all payloads into the words of the policy, by two people.
func rule(t *testing.T, w *world) {
	t.Helper()
	var policy struct {
		Force struct{ Files map[string]string } `json:"in_force"`
	}
	author, second := w.token(t, "staff/root"), w.token(t, "staff/omar")
	author.get(t, w.Console+"/v1/policy").is(t, "policy", 200).reads(t, &policy)
	words := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\t", `\t`, "\u202e", `\u{202e}`).Replace(strings.Join(payloads, " "))
	changed := 0
	for name, text := range policy.Force.Files {
		if !strings.HasSuffix(name, ".cedar") {
			continue
		}
		lines := strings.Split(text, "\n")
		for i, l := range lines {
			for _, a := range []string{"@advice(", "@owner("} {
				if strings.HasPrefix(l, a) {
					lines[i] = a + `"` + words + `")`
					changed++
				}
			}
		}
		policy.Force.Files[name] = strings.Join(lines, "\n")
	}
	if changed < 10 {
		t.Fatalf("%d words of the policy", changed)
	}
	var staged struct{ Digest string }
	author.json(t, "POST", w.Console+"/v1/policy/stage", map[string]any{"files": policy.Force.Files}).is(t, "stage", 201).reads(t, &staged)
	second.json(t, "POST", w.Console+"/v1/policy/apply", map[string]any{"digest": staged.Digest}).is(t, "apply", 200)
}

// What listens is itself held to account.
func TestScriptsAreHeard(t *testing.T) {
	b := &reader{ctx: stage.Chromium(t, agent), read: map[string]bool{}}
	ctx := b.as(t, stranger(&world{Console: "http://127.0.0.1:1", Gateway: "http://127.0.0.1:2"})).ctx
	for _, c := range []struct{ page, want string }{
		{"<script>alert(1)</script>", "alert ran"},
		{"<img src=x onerror=alert(1)>", "alert ran"},
		{"<p onmouseover=alert(1)>x", "alert ran"},
		{"<a href='javascript:alert(1)'>x", "leads to javascript:alert(1)"},
		{"<meta http-equiv=Content-Security-Policy content=\"script-src 'none'\"><script>alert(1)</script>", "policy: script-src-elem inline "},
	} {
		if _, err := chromedp.RunResponse(ctx, chromedp.Navigate("data:text/html,"+url.PathEscape(c.page))); err != nil {
			t.Fatal(err)
		}
		said, err := chromedp.Run(ctx, chromedp.Evaluate[struct{ Heard []string }](provokes, chromedp.EvalAwaitPromise))
		if err != nil || !slices.Contains(said.Heard, c.want) {
			t.Errorf("%s: %q is heard, %v", c.page, said.Heard, err)
		}
	}
}
