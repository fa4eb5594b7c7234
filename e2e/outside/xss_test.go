package outside

import (
	"encoding/csv"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// payloads would each run something if a page took them for markup.
var payloads = []string{
	`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `"><svg onload=alert(1)>`, `'><svg/onload=alert(1)>`, `</title><script>alert(1)</script>`,
	`</textarea><script>alert(1)</script>`, `</style><script>alert(1)</script>`, `--><script>alert(1)</script>`, `]]><script>alert(1)</script>`, `<iframe src=javascript:alert(1)>`,
	`javascript:alert(1)`, `JaVaScRiPt:alert(1)`, " javascript:alert(1)", `data:text/html,<script>alert(1)</script>`, `vbscript:msgbox(1)`,
	`" onmouseover="alert(1)`, `' onmouseover='alert(1)`, ` onfocus=alert(1) autofocus `, `" autofocus onfocus="alert(1)" x="`, "`onmouseover=alert(1)`",
	`<a href="javascript:alert(1)">x</a>`, `<form action="javascript:alert(1)"><button>x`, `<button formaction=javascript:alert(1)>x`, `<input onfocus=alert(1) autofocus>`, `<details open ontoggle=alert(1)>`,
	`<video><source onerror=alert(1)>`, `<audio src onerror=alert(1)>`, `<body onload=alert(1)>`, `<object data=javascript:alert(1)>`, `<embed src=javascript:alert(1)>`,
	`<math><mtext><mglyph><style><img src=x onerror=alert(1)>`, `<svg><animate onbegin=alert(1)>`, `<svg><script>alert(1)</script></svg>`, `<svg><a xlink:href="javascript:alert(1)"><text>x`, `<svg><foreignObject><iframe srcdoc="<script>alert(1)</script>">`,
	`<meta http-equiv=refresh content="0;url=javascript:alert(1)">`, `<base href=//evil.example>`, `<link rel=stylesheet href=//evil.example>`, `<style>@import '//evil.example'</style>`, `<div style="background:url(javascript:alert(1))">`,
	`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`, `<template><script>alert(1)</script></template>`, `<marquee onstart=alert(1)>`, `<isindex type=image src=1 onerror=alert(1)>`, `<scr<script>ipt>alert(1)</scr</script>ipt>`,
	`&lt;script&gt;alert(1)&lt;/script&gt;`, `&#60;script&#62;alert(1)&#60;/script&#62;`, `%3Cscript%3Ealert(1)%3C/script%3E`, `\u003cscript\u003ealert(1)\u003c/script\u003e`, `\x3cscript\x3ealert(1)\x3c/script\x3e`,
	`{{constructor.constructor('alert(1)')()}}`, `${alert(1)}`, `<%= alert(1) %>`, `#{alert(1)}`, `[[${alert(1)}]]`,
	`+ADw-script+AD4-alert(1)+ADw-/script+AD4-`, "<img\tsrc=x\tonerror=alert(1)>", "＜script＞alert(1)＜/script＞", "\u202e<script>alert(1)</script>", `<x contenteditable onblur=alert(1)>`,
}

// may are the elements of our own pages; every attribute that runs or loads is looked at besides.
var may = strings.Fields(`html head meta title link body header nav main footer section article aside div span p h1 h2 h3 h4 a ul ol li dl dt dd table caption thead tbody tr th td
	form label input button select option textarea fieldset legend strong em small code pre time abbr br hr img details summary svg path rect b i kbd
	figure figcaption tfoot dialog`)

// ours is the one script that pages of the console load.
const ours = `<script type="module" src="/static/live.js"></script>`

// inert fails where a page holds what was not ours.
func inert(t *testing.T, what, page string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(strings.Replace(page, ours, "", 1)))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		tok := z.Token()
		if !slices.Contains(may, tok.Data) {
			t.Errorf("%s: <%s>", what, tok.Data)
		}
		for _, a := range tok.Attr {
			value := strings.ToLower(strings.TrimSpace(a.Val))
			leads := slices.Contains([]string{"href", "src", "action", "formaction", "data", "poster"}, a.Key)
			foreign := leads && value != "" && !strings.HasPrefix(value, "/") && !strings.HasPrefix(value, "#") && !strings.HasPrefix(value, "?") && !strings.HasPrefix(value, "http://127.0.0.1:")
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcdoc" || foreign || leads && strings.HasPrefix(value, "//") {
				t.Errorf("%s: <%s %s=%q>", what, tok.Data, a.Key, a.Val)
			}
			if tok.Data == "meta" && a.Key == "http-equiv" {
				t.Errorf("%s: <meta %s>", what, a.Val)
			}
		}
	}
}

// Text of people is text on every page (B11, A16).
func TestTextIsText(t *testing.T) {
	w := dev(t)
	root, omar, maya, sam := w.enter(t, "staff/root"), w.enter(t, "staff/omar"), w.enter(t, "staff/maya"), w.enter(t, "staff/sam")
	admin := w.token(t, "staff/root")
	look := func(what string, a answer) {
		t.Helper()
		if strings.Contains(a.head.Get("Content-Type"), "html") {
			inert(t, what, a.body)
		} else if strings.Contains(a.body, "<script") && !strings.Contains(a.head.Get("Content-Type"), "json") {
			t.Errorf("%s: %s\n%s", what, a.head.Get("Content-Type"), a.body)
		}
	}
	var sheet strings.Builder
	table := csv.NewWriter(&sheet)
	_ = table.Write([]string{"directory", "name", "shown", "groups", "attr.note"})
	var people []string
	for i, p := range payloads {
		if i%2 == 0 && !strings.ContainsAny(p, "\t\u202e") && strings.TrimSpace(p) == p {
			_ = table.Write([]string{"customers", fmt.Sprintf("x%d", i), p, "customers", p})
			continue
		}
		account := map[string]any{"directory": "customers", "name": fmt.Sprintf("x%d", i), "shown": strings.TrimSpace(p), "groups": []string{"customers", p}, "attributes": map[string]string{"note": p}}
		a := admin.json(t, "POST", w.Console+"/v1/people", account)
		if a.status == 400 { // no name of a group
			account["groups"] = []string{"customers"}
			a = admin.json(t, "POST", w.Console+"/v1/people", account)
		}
		var made struct{ ID string }
		if a.status == 201 || a.status == 200 {
			a.reads(t, &made)
			people = append(people, made.ID)
		} else {
			a.is(t, "enrol "+p, 400)
		}
	}
	table.Flush()
	admin.send(t, "POST", w.Console+"/v1/people/import", sheet.String(), "Content-Type", "text/csv").is(t, "import", 201)
	sam.form(t, w.Console+"/act/arm", "code", w.code(t, "staff/sam")).is(t, "arm", 303)
	for i, p := range payloads {
		q := url.QueryEscape(p)
		for _, path := range []string{"/act?name=" + q + "&reason=" + q + "&ticket=" + q + "&target=" + q + "&app=" + q + "&attr=" + q, "/requests/" + url.PathEscape(p), "/why/" + url.PathEscape(p), "/login?again=1&next=" + q,
			"/audit?text=" + q + "&kind=" + q, "/people?name=" + q, "/nowhere/" + url.PathEscape(p), "/v1/people/" + url.PathEscape(p), "/mandates?state=" + q} {
			look("GET "+path, sam.page(t, w.Console+path))
			if i%6 == 0 {
				look("omar GET "+path, omar.page(t, w.Console+path))
			}
		}
		look("sign in", stranger(w).send(t, "POST", w.Console+"/login", encode("name", p, "directory", p, "password", p, "next", "/"), "Content-Type", formType, "Accept", "text/html"))
		look("gateway", sam.page(t, w.Gateway+"/orders?q="+q))
		look("gateway act", sam.send(t, "POST", w.Gateway+"/.stead/act", encode("subject", p, "reason", p, "mode", p, "for", p, "target", p), "Content-Type", formType, "Accept", "text/html"))
		if i >= 12 {
			continue
		}
		dana := w.person(t, "customers/dana").ID
		if i%3 == 1 {
			dana = people[i]
		}
		a := sam.form(t, w.Console+"/act/ask", "subject", dana, "app", "orders", "reason", p, "ticket", "SUP-1", "mode", "edit")
		if a.status != 303 {
			look("asking", a)
			t.Errorf("ask with %q: %d %s", p, a.status, a.body)
			continue
		}
		id := strings.TrimPrefix(a.to(), "/act/")
		look("asked", sam.page(t, w.Console+a.to()))
		look("to agree", maya.page(t, w.Console+"/requests/"+id))
		look("requests", maya.page(t, w.Console+"/requests"))
		look("refused", maya.send(t, "POST", w.Console+"/requests/"+id+"/refuse", encode("comment", p, "digest", digestOf(t, maya, id)), "Content-Type", formType, "Accept", "text/html"))
		look("refused, seen", sam.page(t, w.Console+a.to()))
		look("refused, of all", omar.page(t, w.Console+"/mandates/"+id))
	}
	for _, p := range []string{payloads[1], payloads[15]} {
		sam.form(t, w.Gateway+"/.stead/act", "subject", "dana", "directory", "customers", "reason", p, "code", w.code(t, "staff/sam")).is(t, "start", 303)
		page := sam.page(t, w.Gateway+"/orders").is(t, "a page", 200)
		if strings.Contains(page.body, p) {
			t.Errorf("the bar: %s", page.body)
		}
		holds(t, "the bar", page.body, "stead-bar")
		look("end page", sam.page(t, w.Gateway+"/.stead/end"))
		look("status", sam.page(t, w.Gateway+"/.stead/status"))
		look("acting", sam.page(t, w.Console+"/acting"))
		sam.form(t, w.Gateway+"/.stead/end").is(t, "end", 200)
	}
	for _, c := range []*caller{root, omar, maya, sam} {
		for _, first := range []string{"/", "/audit", "/people", "/mandates", "/requests", "/me"} {
			pages, _ := crawl(t, c, w.Console, first)
			for p, a := range pages {
				look(p, a)
			}
		}
	}
}

func digestOf(t *testing.T, c *caller, id string) string {
	t.Helper()
	a := c.page(t, c.w.Console+"/requests/"+id)
	_, rest, _ := strings.Cut(a.body, `name="digest" value="`)
	digest, _, _ := strings.Cut(rest, `"`)
	return digest
}
