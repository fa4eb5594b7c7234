package gateway

import (
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/net/html"
)

const testField = `<input type="hidden" name="stead-epoch" value="EPOCH" autocomplete="off">`

func fielded(t testing.TB, src io.Reader) string {
	t.Helper()
	r := httptest.NewRequest("GET", "http://orders.test:8421/p?x=1", nil)
	out, err := io.ReadAll(newFields(io.NopCloser(src), r, "EPOCH"))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// Where * stands the field goes in (R17).
func TestFields(t *testing.T) {
	for _, text := range []string{
		"<form method=post>*<p>", "<FORM METHOD='POST' class=\">\">*</FORM>", "<form action=/x method=\"Post\">*x</form><form method=post>*",
		"<form>", "<form method=get>", "<form method=dialog>", "<form method=' post'>", "<form method=poster>", "<formmethod=post>", "<form data-method=post>",
		"<form method=get method=post>", "<form method='post' method=get>*", "<form\nmethod\n=\npost\n/>*", "<form method=post", "</form method=post>",
		"<form method=&#112;ost>",
		// What is no markup.
		"<!-- <form method=post> -->", "<script>'<form method=post>'</script>", "<style><form method=post></style>", "<title><form method=post></title>",
		"<textarea><form method=post></textarea>", "<xmp><form method=post></xmp>", "<iframe><form method=post></iframe>", "<plaintext><form method=post>",
		"<p title='<form method=post>'>", "<select><form method=post></select><form method=post>*", "<noscript><form method=post>*</form></noscript>",
		"<svg><form method=post></form></svg><form method=post>*", "<svg><![CDATA[ > <form method=post> ]]></svg>", "<svg><style/><title/></svg><form method=post>*",
		// What a browser reads by what stands open: a field would end the value in which it takes the form for text.
		"<svg><title>A</title><style>a{}</style><![CDATA[ a ]]></svg><form method=post>*", "<svg><desc>A</desc></svg><form method=post>*", "<math><mi>x</mi></math><form method=post>*",
		`<svg><title><b title="</title></svg><form method=post><img>">`, `<svg><style><a id="</style></svg><form method=post><img>">`, `<math><style><a id="</style></math><form method=post><img>">`,
		`<svg><p><![CDATA[ > <a title="]]></svg><form method=post><img>">`, `<svg><desc><p></svg></p></desc><style><a id="</style><form method=post><img>">`,
		`<math><annotation-xml><p></math></p></annotation-xml><title><a id="</title><form method=post><img>">`,
		"<svg/><form method=post>*", "<math><svg></math></svg><form method=post>*",
		// One within another is none; in a template each stands for itself.
		"<form method=post>*<form method=post></form><form method=post>*", "<form><form method=post></form>",
		"<template><form method=post>*</template><form method=post>*", "<form method=post>*<template><form method=post>*</form></template><form method=post></form>",
		"<template shadowrootmode=open><form method=post>*<button></form></template>", "<template><form action=//evil.test method=post></template>",
		// Where it leads.
		"<form method=post action>*", "<form method=post action=''>*", "<form method=post action='?a=1'>*", "<form method=post action=x/y:z>*", "<form method=post action=#>*",
		"<form method=post action=http://orders.test:8421/x>*", "<form method=post action='  HTTP://Orders.TEST:8421?x'>*", "<form method=post action=//orders.test:8421>*",
		"<form method=post action='http:\\\\orders.test:8421\\x'>*", "<form method=post action=\"/&#x2f;evil.test/\">", "<form method=post action=//evil.test/>",
		"<form method=post action=http://evil.test/>", "<form method=post action=https://orders.test:8421/>", "<form method=post action=http://orders.test/>",
		"<form method=post action=http://orders.test:8421@evil.test/>", "<form method=post action=http://a@orders.test:8421/>", "<form method=post action='\\\\evil.test'>",
		"<form method=post action='/\t/evil.test'>", "<form method=post action='/&Tab;/evil.test'>", "<form method=post action='ht\ntp://evil.test'>", "<form method=post action=' //evil.test'>",
		"<form method=post action=///evil.test>", "<form method=post action=http:/evil.test>", "<form method=post action=http:evil.test>", "<form method=post action=javascript:x>",
		"<form method=post action=mailto:a@b>", "<form method=post action='&#1;//evil.test'>", "<form method=post action=/x?to=http://evil.test>*",
		// A form of another host is left alone, whatever pretends to begin in it.
		"<form action=//evil.test method=post><form method=post></form><form method=post>*", "<svg><form action=//evil.test><form method=post></form></svg><form method=post>*",
		"<form action=//evil.test method=post><template></form></template><form method=post>",
		// Addresses that a base makes another host's.
		"<base href=//evil.test><form method=post action=/x><form method=post>", "<base href=//evil.test><form method=post>*", "<base href=/in/><form method=post action=x>*",
		"<base target=x><base href=/a><base href=//evil.test><form method=post action=x>*", "<template><base href=//evil.test></template><form method=post action=x>*",
		"<base href=//evil.test><form method=post action=//orders.test:8421/>*",
		// Buttons that make a form post.
		"<form><button formmethod=post>*<b></button><input type=submit formmethod=POST></form><button formmethod=post>",
		"<form><input type=image formmethod=post>*", "<form><input formmethod=post><input type=text formmethod=post>", "<form method=post>*<button formmethod=post>",
		"<form><button formmethod=post formaction=//evil.test><button formmethod=post formaction=/x>*", "<form action=//evil.test><button formmethod=post formaction=/x>",
		"<button form=a formmethod=post><form id=a>*", "<button form=a formmethod=post><form id=a action=//evil.test>", "<button form=b formmethod=post><form id=a>",
	} {
		in, want := strings.ReplaceAll(text, "*", ""), strings.ReplaceAll(text, "*", testField)
		for name, src := range map[string]io.Reader{"whole": strings.NewReader(in), "byte by byte": iotest.OneByteReader(strings.NewReader(in))} {
			if got := fielded(t, src); got != want {
				t.Errorf("%s:\n got %q\nwant %q", name, got, want)
			}
		}
	}
	for in, want := range map[string]string{
		`<form id='a"b'></form><button form='a"b' formmethod=post>`:    ` form="a&#34;b">`,
		`<form id=a></form><input form=a type=submit formmethod=post>`: ` form="a">`,
	} {
		if got := fielded(t, strings.NewReader(in)); got != in+strings.TrimSuffix(testField, ">")+want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// What of a page has come goes on, and of what is still to come nothing is waited for or kept.
func TestFieldsDoNotDelay(t *testing.T) {
	r := httptest.NewRequest("GET", "http://orders.test/", nil)
	f := newFields(io.NopCloser(iotest.OneByteReader(strings.NewReader("a<form method=po"))), r, "E")
	for _, want := range "a<form method=po" {
		buf := make([]byte, 64)
		if n, err := f.Read(buf); err != nil || string(buf[:n]) != string(want) {
			t.Fatalf("%q, %v, want %q", buf[:n], err, want)
		}
	}
	huge := io.MultiReader(strings.NewReader("<form action='"), io.LimitReader(endless('x'), 4<<20), strings.NewReader("' method=post><script>"), io.LimitReader(endless('<'), 4<<20))
	out := newFields(io.NopCloser(huge), r, "E")
	n, err := io.Copy(io.Discard, struct{ io.Reader }{out})
	if err != nil || n < 8<<20 {
		t.Fatal(n, err)
	}
	if kept := cap(out.buf) + cap(out.made) + cap(out.scan.name) + cap(out.scan.attr); kept > 32<<10 {
		t.Errorf("%d bytes are kept", kept)
	}
}

type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

// FuzzFields: without our fields the page is byte for byte what it was, whatever pieces it comes in, and no field stands
// where a browser reads text.
func FuzzFields(f *testing.F) {
	for _, text := range []string{"<form method=post>x</form>", "<svg><form method=post></svg><form method=post action=/x>", "<base href=//a><form action=x method=post>",
		"<select><button form=a formmethod=post></select><form id=a>", "<template><form method=post></template>", "<!--<form method=post>--><script><form method=post></script>",
		"<table><form method=post><tr><td><input></form></table>", "<form action='//evil.test' method=post><form method=post>", "<math><title><form method=post>"} {
		f.Add(text, uint64(3))
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		if strings.Contains(text, "EPOCH") {
			return
		}
		whole := fielded(t, strings.NewReader(text))
		if got := fielded(t, &bits{strings.NewReader(text), rand.New(rand.NewPCG(seed, 1))}); got != whole {
			t.Errorf("%q in pieces, %q whole", got, whole)
		}
		bare := whole
		for at := strings.Index(bare, `<input type="hidden" name="stead-epoch"`); at >= 0; at = strings.Index(bare, `<input type="hidden" name="stead-epoch"`) {
			end := strings.IndexByte(bare[at:], '>') // an id with > in it is the page's own
			if quoted := strings.Index(bare[at:], ` form="`); quoted >= 0 && quoted < end {
				end = strings.Index(bare[at+quoted+7:], `">`) + quoted + 8
			}
			bare = bare[:at] + bare[at+end+1:]
		}
		if bare != text {
			t.Errorf("%q becomes %q", text, whole)
		}
		if strings.Contains(strings.ToLower(text), "<svg") || strings.Contains(strings.ToLower(text), "<math") || strings.Contains(text, "\x00") {
			return // where the parser has its own ways
		}
		if root, err := html.ParseWithOptions(strings.NewReader(whole), html.ParseOptionEnableScripting(false)); err == nil {
			textless(t, root, whole)
		}
	})
}

// textless: no text of the page holds the epoch, and no form that leads elsewhere.
func textless(t *testing.T, n *html.Node, whole string) {
	if n.Type != html.ElementNode && n.Type != html.DocumentNode && strings.Contains(n.Data, "EPOCH") {
		t.Errorf("in text: %q of %q", n.Data, whole)
	}
	for _, a := range n.Attr {
		if strings.Contains(a.Val, "EPOCH") && (n.Data != "input" || a.Key != "value") {
			t.Errorf("in %s %s: %q", n.Data, a.Key, whole)
		}
	}
	for c := range n.ChildNodes() {
		textless(t, c, whole)
	}
}

type bits struct {
	src  io.Reader
	dice *rand.Rand
}

func (p *bits) Read(b []byte) (int, error) { return p.src.Read(b[:1+p.dice.IntN(min(len(b), 9))]) }

func BenchmarkFields(b *testing.B) {
	text := strings.Repeat("<p class=x>some words of a page, <a href='/x?y=z'>a link</a></p>\n<form method=post action=/x><input name=a></form>", 900)
	r := httptest.NewRequest(http.MethodGet, "http://orders.test/", nil)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		_, _ = io.Copy(io.Discard, struct{ io.Reader }{newFields(io.NopCloser(strings.NewReader(text)), r, "E")})
	}
}
