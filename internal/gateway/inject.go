package gateway

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"golang.org/x/net/html"
)

// maxToken bounds one token before the indicator is in: a longer script in the head breaks the answer off rather than
// showing a page without an indicator.
const maxToken = 4 << 20

// An injector passes a page through and puts script and style first into its head and the bar first into its body, where
// a browser would find them to be, tags left out included. It keeps no more than the token it is at, and once the body
// has begun nothing.
type injector struct {
	src        io.ReadCloser
	z          *html.Tokenizer
	style, bar []byte
	out        bytes.Buffer
	rest       io.Reader // once both are in
	raw        []byte    // the token
	styled     bool
	inside     []byte // of an element whose content is no part of the page: script, template …
	depth      int
	err        error
}

func newInjector(src io.ReadCloser, style, bar []byte) *injector {
	in := &injector{src: src, z: html.NewTokenizer(src), style: style, bar: bar}
	in.z.SetMaxBuf(maxToken)
	return in
}

func (in *injector) Close() error { return in.src.Close() }

func (in *injector) Read(p []byte) (int, error) {
	for in.rest == nil && in.err == nil && (in.out.Len() == 0 || in.out.Len() < len(p) && in.ready()) {
		in.step()
	}
	switch {
	case in.out.Len() > 0:
		return in.out.Read(p)
	case in.err != nil:
		return 0, in.err
	}
	return in.rest.Read(p)
}

// ready tells whether the next token is here already. It may be wrong for odd ones, which then wait for more.
func (in *injector) ready() bool {
	b := in.z.Buffered()
	if len(b) > 0 && b[0] == '<' {
		return bytes.IndexByte(b, '>') > 0
	}
	return bytes.IndexByte(b, '<') > 0
}

// step takes one token.
func (in *injector) step() {
	kind := in.z.Next()
	in.raw = append(in.raw[:0], in.z.Raw()...) // to ask for the name changes what it was read from
	raw := in.raw
	if kind == html.ErrorToken {
		in.ended(raw)
		return
	}
	name, _ := in.z.TagName()
	switch in.place(kind, string(name), raw) {
	case outside:
		in.out.Write(raw)
	case headBegins:
		in.out.Write(raw)
		in.putStyle()
	case inHead:
		in.putStyle()
		in.out.Write(raw)
	case bodyBegins:
		in.putStyle()
		in.out.Write(raw)
		in.finish()
	case inBody:
		in.putStyle()
		in.out.Write(in.bar)
		in.bar = nil
		in.out.Write(raw)
		in.finish()
	}
}

func (in *injector) putStyle() {
	if !in.styled {
		in.out.Write(in.style)
		in.styled = true
	}
}

// finish puts the bar in and lets the rest pass untouched.
func (in *injector) finish() {
	in.out.Write(in.bar)
	in.out.Write(in.z.Buffered())
	in.rest = in.src
}

// ended: a page without a body gets its bar at the end.
func (in *injector) ended(raw []byte) {
	in.err = in.z.Err()
	if !errors.Is(in.err, io.EOF) {
		return
	}
	in.out.Write(raw)
	in.putStyle()
	in.out.Write(in.bar)
}

type spot int

const (
	outside    spot = iota // before or beside anything that matters
	headBegins             // <head>
	inHead                 // what belongs into a head
	bodyBegins             // <body>
	inBody                 // what only a body holds: it begins here, unsaid
)

// place tells where a browser is at a token, for as long as the body has not begun (HTML 13.2.6.4.1 to 13.2.6.4.6).
func (in *injector) place(kind html.TokenType, name string, raw []byte) spot {
	if in.depth > 0 {
		in.nest(kind, name)
		return inHead
	}
	switch kind {
	case html.TextToken:
		if len(bytes.TrimLeft(raw, " \t\r\n\f")) > 0 && len(bytes.TrimPrefix(raw, []byte("\uFEFF"))) > 0 {
			return inBody
		}
	case html.StartTagToken, html.SelfClosingTagToken:
		return in.opens(kind, name)
	case html.EndTagToken:
		if name == "body" || name == "html" || name == "br" {
			return inBody
		}
	}
	return outside
}

func (in *injector) opens(kind html.TokenType, name string) spot {
	switch name {
	case "html":
		return outside
	case "head":
		return headBegins
	case "body":
		return bodyBegins
	case "base", "basefont", "bgsound", "link", "meta":
		return inHead
	case "title", "style", "script", "noscript", "noframes", "template":
		in.inside, in.depth = []byte(name), 1 // HTML knows no self-closing script
		return inHead
	}
	return inBody
}

// nest follows an element whose content is no part of the page.
func (in *injector) nest(kind html.TokenType, name string) {
	switch {
	case kind == html.EndTagToken && name == string(in.inside):
		in.depth--
	case kind == html.StartTagToken && name == string(in.inside) && strings.EqualFold(name, "template"):
		in.depth++
	}
}
