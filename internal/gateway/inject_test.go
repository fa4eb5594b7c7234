package gateway

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/net/html"
)

const (
	testStyle = `<link id="stead-style" rel="stylesheet" href="/.stead/static/bar.css">`
	testBar   = `<div id="stead-frame"></div><section id="stead-bar">bar</section>`
)

func injected(t testing.TB, src io.Reader) string {
	t.Helper()
	out, err := io.ReadAll(newInjector(io.NopCloser(src), []byte(testStyle), []byte(testBar)))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestInjectorFindsTheBody(t *testing.T) {
	const s, b = "[style]", "[bar]"
	mark := strings.NewReplacer(testStyle, s, testBar, b)
	for in, want := range map[string]string{
		"<!doctype html><html><head><title>a</title></head><body class=x>hi": "<!doctype html><html><head>" + s + "<title>a</title></head><body class=x>" + b + "hi",
		"<BODY ID='>'>hi":      s + "<BODY ID='>'>" + b + "hi",
		"hi":                   s + b + "hi",
		"":                     s + b,
		"<!-- <body> --><p>hi": "<!-- <body> -->" + s + b + "<p>hi",
		"<head><script>'<body>'</script></head>\n<p>":              "<head>" + s + "<script>'<body>'</script></head>\n" + b + "<p>",
		"<title><body></title><body>":                              s + "<title><body></title><body>" + b,
		"<template><body><p>x</template><body>":                    s + "<template><body><p>x</template><body>" + b,
		"<noscript><p><body></noscript><body>x":                    s + "<noscript><p><body></noscript><body>" + b + "x",
		"<meta charset=utf-8><link rel=x><style>b{}</style><main>": s + "<meta charset=utf-8><link rel=x><style>b{}</style>" + b + "<main>",
		"<html><frameset><frame></frameset>":                       "<html>" + s + b + "<frameset><frame></frameset>",
		"<head></head></body>":                                     "<head>" + s + "</head>" + b + "</body>",
		"<svg><body>":                                              s + b + "<svg><body>",
		"\ufeff<!doctype html><body>":                              "\ufeff<!doctype html>" + s + "<body>" + b,
		"<script>unfinished":                                       s + "<script>unfinished" + b,
		"<body":                                                    "<body" + s + b,
	} {
		for name, src := range map[string]io.Reader{"whole": strings.NewReader(in), "byte by byte": iotest.OneByteReader(strings.NewReader(in))} {
			if got := mark.Replace(injected(t, src)); got != want {
				t.Errorf("%s, %q:\n got %s\nwant %s", name, in, got, want)
			}
		}
	}
}

// What has come is passed on, although the rest of the page is still to come.
func TestInjectorDoesNotDelay(t *testing.T) {
	r, w := io.Pipe()
	in := newInjector(r, []byte(testStyle), []byte(testBar))
	go func() { _, _ = io.WriteString(w, "<!doctype html><html><head><title>a</title></head>\n<body>now") }()
	var got bytes.Buffer
	buf := make([]byte, 64)
	for !strings.HasSuffix(got.String(), "now") {
		n, err := in.Read(buf)
		got.Write(buf[:n])
		if err != nil {
			t.Fatal(err)
		}
	}
	_ = w.Close()
}

func TestInjectorBreaksOffRatherThanHide(t *testing.T) {
	huge := "<head><script>" + strings.Repeat("x", 5<<20) + "</script><body>"
	_, err := io.Copy(io.Discard, newInjector(io.NopCloser(strings.NewReader(huge)), []byte(testStyle), []byte(testBar)))
	if err == nil {
		t.Error("a page went out whose indicator could not be placed")
	}
	_, err = io.Copy(io.Discard, newInjector(io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF)), nil, nil))
	if err == nil {
		t.Error("half a page looks whole")
	}
}

// FuzzInjector: nothing of the page is lost, both parts go in exactly once, and where a browser shows a body the bar is
// in it, before everything else.
func FuzzInjector(f *testing.F) {
	for _, s := range []string{"<body>x", "<p>", "<template><body></template>", "<head><script></script>x", "<!--<body", "<frameset>", "</body>", "<title>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, page string) {
		if strings.Contains(page, "stead-") || len(page) > 1<<16 {
			return
		}
		out := injected(t, strings.NewReader(page))
		if strings.Count(out, testStyle) != 1 || strings.Count(out, testBar) != 1 {
			t.Fatalf("%q -> %q", page, out)
		}
		if rest := strings.Replace(strings.Replace(out, testBar, "", 1), testStyle, "", 1); rest != page {
			t.Fatalf("%q became %q", page, rest)
		}
	})
}

// first is the first element in the body of a page.
func first(t *testing.T, page string) string {
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "body" {
			for c := range n.ChildNodes() {
				if c.Type == html.ElementNode && len(c.Attr) > 0 {
					return c.Attr[0].Val
				}
			}
		}
	}
	return ""
}

func TestBrowsersFindTheBarFirst(t *testing.T) {
	for _, page := range []string{"<!doctype html><body><p>x", "<p>x", "x", "<head><title>a</title></head>x", "<html><head><script>a</script></html>x",
		"<head><noscript><style>a</style></noscript></head><body>", "<!doctype html><html><body><script></script>"} {
		if got := first(t, injected(t, strings.NewReader(page))); got != "stead-frame" {
			t.Errorf("%q: the body begins with %q", page, got)
		}
	}
}

func TestLocalPath(t *testing.T) {
	for next, want := range map[string]string{"/": "/", "/a?b=c": "/a?b=c", "": "/", "a": "/", "//a": "/", "/\\a": "/", "http://a": "/", "/../a": "/",
		"/a\r\nb": "/", "/a b": "/", "/%2e%2e/a": "/", "/a//b": "/", "/.stead": "/", "/.stead/end": "/", "/.steady": "/.steady", "/a#b": "/", "/%5ca": "/"} {
		if got := localPath(next); got != want {
			t.Errorf("%q: %q, want %q", next, got, want)
		}
	}
}

func TestTitle(t *testing.T) {
	long := strings.Repeat("ä", 300)
	for in, want := range map[string]string{"<title> a \n b </title>": "a b", "<title>&lt;b&gt;</title>": "<b>", "<p>x": "", "<script><title>x</title></script>": "",
		"<title></title><title>b</title>": "b", "<title>" + long + "</title>": long[:400] + "…", "<title>\xff</title>": "\ufffd"} {
		p := &page{ReadCloser: io.NopCloser(strings.NewReader(in))}
		_, _ = io.Copy(io.Discard, p)
		if got := p.title(); got != want && !(want == "\ufffd" && got == "") {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
