package survey

import (
	"bytes"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// A page is what a person could do next on an HTML page.
type page struct {
	links   []string // targets on this host, as GET asks for them
	anchors []string // those of them that people are meant to keep or press
	leaves  []string // addresses elsewhere
	forms   []form
	scripts string   // text of scripts in the page
	metas   []string // policies in meta elements
	whole   bool     // it has an html, head or body of its own
}

type form struct {
	method, action string
	fields         []field
}

type field struct{ name, kind, value string }

// free kinds of fields take what people type: any value.
var free = []string{"text", "search", "number", "date", "datetime-local", "time", "month", "week", "tel", "url", "email", "range", "color", "textarea"}

func (v *Visitor) page(a Answer) page {
	p := page{}
	root, err := html.Parse(bytes.NewReader(a.Body))
	if err != nil {
		return p
	}
	p.whole = bytes.Contains(bytes.ToLower(a.Body[:min(len(a.Body), 4<<10)]), []byte("<html")) || bytes.Contains(bytes.ToLower(a.Body), []byte("<body"))
	at := a.Target
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "base" && attr(n, "href") != "" {
			if to, _ := v.local(at, attr(n, "href")); to != "" {
				at = to
			}
		}
		p.element(v, at, n)
	}
	return p
}

func (p *page) element(v *Visitor, at string, n *html.Node) {
	switch n.Data {
	case "a", "area":
		p.anchor(v, at, attr(n, "href"))
	case "link":
		switch strings.ToLower(attr(n, "rel")) {
		case "preconnect", "dns-prefetch", "canonical":
		case "alternate":
			p.anchor(v, at, attr(n, "href"))
		default:
			p.link(v, at, attr(n, "href"))
		}
	case "script":
		p.link(v, at, attr(n, "src"))
		p.scripts += text(n) + "\n"
	case "img", "iframe", "frame", "embed", "source", "audio", "video", "input":
		p.link(v, at, attr(n, "src"))
	case "meta":
		p.meta(v, at, n)
	case "form":
		p.forms = append(p.forms, v.form(at, n))
	}
	for _, name := range []string{"hx-get", "data-href", "data-url"} {
		p.link(v, at, attr(n, name))
	}
}

func (p *page) meta(v *Visitor, at string, n *html.Node) {
	switch content := attr(n, "content"); strings.ToLower(attr(n, "http-equiv")) {
	case "refresh":
		if _, to, ok := strings.Cut(strings.ToLower(content), "url="); ok {
			p.link(v, at, strings.Trim(content[len(content)-len(to):], ` '"`))
		}
	case "content-security-policy":
		p.metas = append(p.metas, content)
	}
}

func (p *page) anchor(v *Visitor, at, address string) {
	p.link(v, at, address)
	if to, _ := v.local(at, address); to != "" && address != "" {
		p.anchors = append(p.anchors, to)
	}
}

func (p *page) link(v *Visitor, at, address string) {
	if address == "" || strings.HasPrefix(address, "#") {
		return
	}
	to, elsewhere := v.local(at, address)
	switch {
	case to != "" && !slices.Contains(p.links, to):
		p.links = append(p.links, to)
	case elsewhere != "" && !slices.Contains(p.leaves, elsewhere):
		p.leaves = append(p.leaves, elsewhere)
	}
}

func (v *Visitor) form(at string, n *html.Node) form {
	f := form{method: strings.ToUpper(attr(n, "method")), action: at}
	if f.method == "" {
		f.method = "GET"
	}
	if to := attr(n, "action"); to != "" {
		f.action, _ = v.local(at, to)
	}
	for c := range n.Descendants() {
		if c.Type != html.ElementNode || attr(c, "name") == "" {
			continue
		}
		one := field{attr(c, "name"), strings.ToLower(attr(c, "type")), attr(c, "value")}
		switch {
		case c.Data == "textarea", c.Data == "select":
			one.kind = c.Data
			one.value = chosen(c)
		case c.Data != "input" && c.Data != "button":
			continue
		case c.Data == "input" && one.kind == "":
			one.kind = "text"
		}
		f.fields = append(f.fields, one)
	}
	return f
}

// chosen is the value of a select as the page comes.
func chosen(n *html.Node) string {
	first, picked, any := "", "", false
	for c := range n.Descendants() {
		if c.Type != html.ElementNode || c.Data != "option" {
			continue
		}
		value := attr(c, "value")
		if !any {
			first, any = value, true
		}
		if slices.ContainsFunc(c.Attr, func(a html.Attribute) bool { return a.Key == "selected" }) {
			picked = value
		}
	}
	if picked != "" {
		return picked
	}
	return first
}

// target is the form sent by GET as it stands, with something to look for where people type; "" where it is sent
// otherwise.
func (f form) target() string {
	if f.method != "GET" || f.action == "" {
		return ""
	}
	q := url.Values{}
	buttons := 0
	for _, one := range f.fields {
		switch one.kind {
		case "submit", "button", "image", "reset", "file":
			if buttons++; one.kind != "submit" || buttons > 1 {
				continue // a person presses one
			}
		case "checkbox", "radio":
			if q.Has(one.name) {
				continue
			}
		}
		value := one.value
		if value == "" && slices.Contains(free, one.kind) {
			value = "a"
		}
		q.Set(one.name, value)
	}
	path, _, _ := strings.Cut(f.action, "?")
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// secret tells whether a password goes into f.
func (f form) secret() bool {
	return slices.ContainsFunc(f.fields, func(one field) bool { return one.kind == "password" })
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return strings.TrimSpace(a.Val)
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}
