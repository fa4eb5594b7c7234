package console

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// payloads are texts that want to be more than text (B11).
var payloads = []string{
	`<script>alert(1)</script>`, `<ScRiPt>alert(1)</sCrIpT>`, `<script src=//evil.example></script>`, `</script><script>alert(1)</script>`,
	`"><script>alert(1)</script>`, `'><script>alert(1)</script>`, `--><script>alert(1)</script>`, `</textarea><script>alert(1)</script>`,
	`</title><script>alert(1)</script>`, `</option></select><script>alert(1)</script>`, `</style><script>alert(1)</script>`, `]]><script>alert(1)</script>`,
	`<img src=x onerror=alert(1)>`, `"><img src=x onerror=alert(1)>`, `<img src="javascript:alert(1)">`, `<svg onload=alert(1)>`, `<svg/onload=alert(1)>`,
	`"><svg/onload=alert(1)>`, `<svg><script>alert(1)</script></svg>`, `<svg><animate onbegin=alert(1) attributeName=x dur=1s>`, `<math><mtext><img src=x onerror=alert(1)>`,
	`<body onload=alert(1)>`, `<iframe src=javascript:alert(1)>`, `<iframe srcdoc="<script>alert(1)</script>">`, `<object data=javascript:alert(1)>`, `<embed src=javascript:alert(1)>`,
	`<a href=javascript:alert(1)>x</a>`, `<form action=javascript:alert(1)><button>x`, `<button formaction=javascript:alert(1)>x`, `<isindex action=javascript:alert(1)>`,
	`<input autofocus onfocus=alert(1)>`, `" autofocus onfocus=alert(1) x="`, `' onmouseover='alert(1)`, ` onmouseover=alert(1) `, `x" onclick="alert(1)`, "x` onclick=`alert(1)",
	`<details open ontoggle=alert(1)>`, `<video><source onerror=alert(1)>`, `<audio src=x onerror=alert(1)>`, `<marquee onstart=alert(1)>`, `<select onfocus=alert(1) autofocus>`,
	`<base href=//evil.example/>`, `<meta http-equiv=refresh content="0;url=//evil.example">`, `<link rel=stylesheet href=//evil.example>`, `<style>@import '//evil.example'</style>`,
	`javascript:alert(1)`, `JaVaScRiPt:alert(1)`, "java\tscript:alert(1)", `data:text/html,<script>alert(1)</script>`, `vbscript:msgbox(1)`, `//evil.example/x`,
	`&lt;script&gt;alert(1)&lt;/script&gt;`, `&#60;script&#62;alert(1)&#60;/script&#62;`, `\u003cscript\u003ealert(1)\u003c/script\u003e`, `%3Cscript%3Ealert(1)%3C/script%3E`,
	`{{constructor.constructor('alert(1)')()}}`, `${alert(1)}`, `<%= alert(1) %>`, `<!--`, `<![CDATA[`, `<xmp><p title="</xmp><img src=x onerror=alert(1)>">`, "<scr\x00ipt>alert(1)</script>",
	"\u202e<script>alert(1)</script>", `<noscript><p title="</noscript><img src=x onerror=alert(1)>">`, `<template><script>alert(1)</script></template>`,
}

// unseen drops what parsers of HTML drop or replace.
var unseen = strings.NewReplacer("\x00", "", "\uFFFD", "")

// shape is the elements of a page with the names of their attributes, every address in it, and all that is text.
func shape(t *testing.T, body string) (elements, addresses []string, text string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type == html.CommentNode {
			elements = append(elements, "comment")
		}
		if n.Type != html.ElementNode {
			text += n.Data + "\n"
			continue
		}
		s := n.Data
		for _, a := range n.Attr {
			s, text = s+" "+a.Key, text+a.Val+"\n"
			if a.Key == "href" || a.Key == "src" || a.Key == "action" || a.Key == "formaction" {
				addresses = append(addresses, a.Val)
			}
		}
		elements = append(elements, s)
	}
	return elements, addresses, text
}

// poisoned is a house in which every text that anybody can write is x.
func poisoned(x string, state stead.State) *verbs {
	a := house()
	for id, p := range a.people {
		p.Name, p.Shown, p.Directory, p.Groups, p.Attributes = x, x, x, []string{x}, map[string]string{x: x}
		a.people[id] = p
	}
	a.st.Actor = a.people[sam]
	a.found = []stead.Principal{a.people[dana], a.people[dana2]}
	m := wanted(state)
	m.Purpose, m.Target, m.Digest, m.Mode = stead.Purpose{Reason: x, Ticket: x}, x, x, stead.Mode(x)
	m.Rules = []stead.RuleRef{{ID: x, Hash: x}}
	m.Stages, m.Notify = []stead.Stage{{Groups: []string{x}, Count: 1}}, []string{x}
	m.Approvals = []stead.Approval{{By: omar, Yes: true, Comment: x, At: noon}}
	a.mandates["man_1"] = m
	for _, e := range story1() {
		e.Kind = stead.EventKind(string(e.Kind))
		e.What = stead.Fields{"method": x, "path": x, "title": x, "reason": x, "ticket": x, "because": x, "action": x}
		e.Who, e.Reason = stead.Fields{"name": x}, stead.Reason(x)
		a.events = append(a.events, e)
	}
	a.why = authority.Reasoning{Event: a.events[5], Decision: stead.Decision{Text: x, Policy: x, Obligations: stead.Obligations{Advice: []string{x}}},
		Explanation: authority.Explanation{Rules: []authority.RuleTrace{{ID: x, File: x, Effect: x, Failed: []string{x}, Advice: x, Reason: x}}, Errors: []string{x}}}
	a.sessions = []stead.Session{{ID: "ses_1", Principal: a.me}}
	return a
}

// B11: whatever a text is, the page has the same elements and attributes as with a harmless one, and leads nowhere else.
func TestHostileTextIsText(t *testing.T) {
	if len(payloads) < 60 {
		t.Fatalf("only %d payloads", len(payloads))
	}
	for _, page := range []struct {
		name, target string
		state        stead.State
		set          func(*verbs)
	}{
		{"home", "/", stead.Asked, func(*verbs) {}},
		{"home of the subject", "/", stead.Active, func(a *verbs) { a.is(dana) }},
		{"arm", "/act?name=%&reason=%&ticket=%&target=%", stead.Asked, func(*verbs) {}},
		{"choose", "/act?name=%&directory=%&attr=%&reason=%&ticket=%&target=%", stead.Asked, func(a *verbs) { a.armed() }},
		{"nobody", "/act?name=%", stead.Asked, func(a *verbs) { a.armed().refusing("find", errNobody).found = nil }},
		{"ready", "/act/man_1", stead.Approved, func(*verbs) {}},
		{"waits", "/act/man_1", stead.Asked, func(*verbs) {}},
		{"over", "/act/man_1", stead.Ended, func(*verbs) {}},
		{"acting", "/acting", stead.Active, func(a *verbs) { act(a) }},
		{"home, acting", "/", stead.Active, func(a *verbs) { act(a) }},
		{"end", "/end?mandate=man_1", stead.Ended, func(*verbs) {}},
		{"request", "/requests/man_1", stead.Asked, func(a *verbs) { a.is(omar) }},
		{"story", "/mandates/man_1", stead.Active, func(a *verbs) { a.is(dana) }},
		{"me", "/me", stead.Active, func(a *verbs) { a.is(dana) }},
		{"why", "/why/dec_3", stead.Active, func(*verbs) {}},
		{"people", "/people?name=%", stead.Active, func(a *verbs) { a.is(omar, authority.Admin) }},
		{"trail", "/audit?text=%&kind=%&mandate=%", stead.Active, func(a *verbs) { a.is(omar, authority.Auditor) }},
		{"event", "/audit/106", stead.Active, func(a *verbs) { a.is(omar, authority.Auditor) }},
		{"export", "/audit/export?text=%&app=%", stead.Active, func(a *verbs) { a.is(omar, authority.Auditor) }},
		{"trail, fault", "/audit?from=%", stead.Active, func(a *verbs) { a.is(omar, authority.Auditor) }},
	} {
		draw := func(x string) string {
			a := poisoned(x, page.state)
			page.set(a)
			c := a.console()
			c.Apps[0].Label = x
			c.Directories[0].Label = x
			_, body := answer(serve(t, c), browse("GET", strings.ReplaceAll(page.target, "%", url.QueryEscape(x)), nil))
			return body
		}
		plain, _, _ := shape(t, draw("xyz"))
		for _, p := range payloads {
			if strings.Contains(p, "\x00") && strings.Contains(page.target, "%") {
				continue // the front parser refuses that address
			}
			elements, addresses, text := shape(t, draw(p))
			if !strings.Contains(unseen.Replace(text), unseen.Replace(p)) {
				t.Fatalf("%s: %q does not stand on the page", page.name, p)
			}
			if !slices.Equal(elements, plain) {
				t.Fatalf("%s: %q changes the page:\n%v\n%v", page.name, p, elements, plain)
			}
			for _, to := range addresses {
				if !strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "http://127.0.0.1:8421/") && to != "#main" && to != "#badge" || strings.HasPrefix(to, "//") {
					t.Fatalf("%s: %q leads to %q", page.name, p, to)
				}
			}
		}
	}
}

// act puts Sam to work under the mandate that is there.
func act(a *verbs) {
	m := a.mandates["man_1"]
	a.acts()
	a.mandates["man_1"], a.st.Mandate = m, m
}

// What was typed into a form and refused comes back as text too.
func TestHostileFormComesBackAsText(t *testing.T) {
	for _, p := range payloads {
		if strings.Contains(p, "\x00") {
			continue
		}
		form := func(x string) url.Values {
			f := url.Values{"subject": {"prn_dana"}, "app": {x}, "mode": {"read-only"}}
			for _, k := range []string{"name", "directory", "attr", "reason", "ticket", "comment", "digest", "for"} {
				f.Set(k, x)
			}
			return f
		}
		for _, target := range []string{"/act/ask", "/act/arm", "/requests/man_1/approve", "/acting/extend"} {
			draw := func(x string) string {
				a := waiting().armed()
				if target == "/acting/extend" {
					a.acts()
				}
				if strings.HasPrefix(target, "/requests") {
					a.is(omar)
				}
				for _, v := range []string{"ask", "arm", "approve", "extend"} {
					a.refusing(v, stead.E(stead.Refused, stead.ReasonPolicy, "%s", x))
				}
				_, body := answer(serve(t, a.console()), browse("POST", target, form(x)))
				return body
			}
			plain, _, _ := shape(t, draw("xyz"))
			if got, _, _ := shape(t, draw(p)); !slices.Equal(got, plain) {
				t.Fatalf("%s: %q changes the page:\n%v\n%v", target, p, got, plain)
			}
		}
	}
}
