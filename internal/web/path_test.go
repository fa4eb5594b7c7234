package web_test

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/steadhq/stead/internal/web"
)

// dotForms are ways to write "one up" or "here" that some parser believes in (A6).
func dotForms() []string {
	return []string{
		"..", ".", "%2e%2e", "%2E%2E", ".%2e", "%2e.", "%2e", "%252e%252e", "%252e.", "%25252e%25252e", "%252525252e%252525252e",
		"..;", "..;x=1", "%2e%2e;", "..%3b", "..%3bx", "..%2f", "..%5c", `..\`, "%5c..%5c", "..%00", "%00..", "..%20", "%20..", ". .",
		"%2e%2e%20", "...", "....", ".%20", "..%09", "%c0%ae%c0%ae", "%e0%80%ae", "%u002e%u002e", "%uff0e%uff0e", "%ef%bc%8e%ef%bc%8e",
		"%e2%80%a4%e2%80%a4", "%e2%80%a5", "%ef%bc%8e.", "..%ef%bc%8fx", "%2e%2e%ef%bc%bcx", "%25%32%65%25%32%65", "%%32%65%%32%65",
		"..%c0%af", "..%e2%88%95x", "..%0d", "..%0a", "..%7f", "..%c2%a0", "%EF%BD%A1%EF%BD%A1",
	}
}

func TestDotForms(t *testing.T) {
	if n := len(dotForms()); n < 40 {
		t.Fatalf("%d forms", n)
	}
	for _, form := range dotForms() {
		for _, allowed := range []web.Tokens{nil, {"//"}} {
			for _, target := range []string{"/public/" + form + "/admin", "/public/" + form, "/" + form + "/admin", "/" + form + "?x=1"} {
				if web.CheckTarget(target, allowed) == nil {
					t.Errorf("%q passes with %q", target, allowed)
				}
			}
		}
	}
}

func TestTargets(t *testing.T) {
	all := web.Tokens{"//", ";", "%2F"}
	rows := []struct {
		target  string
		allowed web.Tokens
		ok      bool
	}{
		{"/", nil, true}, {"/a/b", nil, true}, {"/a/b/", nil, true}, {"/a.b/c..d/..e/f..", nil, true}, {"/.well-known/x", nil, true},
		{"/a%20b", nil, true}, {"/%C3%A9", nil, true}, {"/100%25", nil, true}, {"/100%25%20off", nil, true}, {"/a+b:c@d,e=f&g!$'()*~", nil, true},
		{"/a?b=../..", nil, true}, {"/a?b?c", nil, true}, {"/a?b//c;d", nil, true}, {"/a?%ff=%zz", nil, true}, {"/a?", nil, true},
		{"", nil, false}, {"*", nil, false}, {"a", nil, false}, {"?a", nil, false}, {"http://x/", nil, false}, {"//x", nil, false},
		{"/a//b", nil, false}, {"/a//b", all, true}, {"/a/", nil, true}, {"/a//", nil, false},
		{"/a;b", nil, false}, {"/a;b", all, true}, {"/a%3bb", nil, false}, {"/a%3bb", all, true},
		{"/a%2fb", nil, false}, {"/a%2Fb", all, true}, {"/a%252fb", nil, false}, {"/a%252fb", all, false}, {"/a%2f%2fb", web.Tokens{"%2f"}, false},
		{"/a%2f..%2fb", all, false}, {"/a%5cb", all, false}, {`/a\b`, all, false}, {"/a%255cb", all, false},
		{"/a%", nil, false}, {"/a%2", nil, false}, {"/a%zz", nil, false}, {"/a%00", all, false}, {"/a%2500", all, false}, {"/a%1f", all, false},
		{"/a%c2%85", all, false}, {"/a%ff", all, false}, {"/a#b", all, false}, {"/a?b#c", all, false}, {"/a b", all, false},
		{"/a?x=%00", all, false}, {"/a?x=\x7f", all, false}, {"/a?\xff", all, false},
	}
	for _, row := range rows {
		if err := web.CheckTarget(row.target, row.allowed); (err == nil) != row.ok {
			t.Errorf("%q with %q: %v", row.target, row.allowed, err)
		}
	}
}

// S-I26: a path that passes means the same to net/url, to path.Clean, and to whoever decodes it once more.
func FuzzCheckTarget(f *testing.F) {
	for _, form := range dotForms() {
		f.Add("/public/" + form + "/admin")
	}
	f.Add("/a%20b?x=1#y")
	f.Fuzz(func(t *testing.T, target string) {
		if web.CheckTarget(target, nil) != nil {
			return
		}
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return // net/http refuses it before
		}
		for p, i := u.Path, 0; i < 8; i++ {
			if c := path.Clean(p); c != strings.TrimSuffix(p, "/") && c != p {
				t.Fatalf("%q: %q is cleaned to %q", target, p, c)
			}
			if strings.ContainsAny(p, "\\\x00\r\n") || strings.Count(p, "/") != strings.Count(u.EscapedPath(), "/") {
				t.Fatalf("%q hides a separator in %q", target, p)
			}
			next, err := url.PathUnescape(p)
			if err != nil || next == p {
				return
			}
			p = next
		}
	})
}

func FuzzFoldHeader(f *testing.F) {
	for _, s := range []string{"X-Stead-Actor", "x_stead.actor", "X\u212aey", "", "--"} {
		f.Add(s)
	}
	names := web.NewNames("Remote-User")
	f.Fuzz(func(t *testing.T, name string) {
		folded := web.FoldHeader(name)
		if strings.Trim(folded, "abcdefghijklmnopqrstuvwxyz0123456789") != "" || web.FoldHeader(folded) != folded {
			t.Fatalf("%q folds to %q", name, folded)
		}
		for _, alias := range []string{strings.ToUpper(folded), "-" + name, name + "_", strings.ReplaceAll(name, "-", ".")} {
			if web.FoldHeader(alias) != folded {
				t.Fatalf("%q and %q fold apart", name, alias)
			}
		}
		h := http.Header{name: {"evil"}, "X-Fine": {"yes"}}
		names.Strip(h)
		for left := range h {
			if l := web.FoldHeader(left); strings.HasPrefix(l, "xstead") || strings.HasPrefix(l, "xforwarded") || l == "remoteuser" {
				t.Fatalf("%q is left", left)
			}
		}
	})
}

func TestHosts(t *testing.T) {
	for host, ok := range map[string]bool{
		"a": true, "a.b": true, "127.0.0.1:8421": true, "[::1]:80": true, "[::1]": true, "A-b_c.d1:65535": true, "xn--bcher-kva.example": true,
		"": false, ":80": false, "a:": false, "a:0": false, "a:080": false, "a:65536": false, "a:b": false, "a:1:2": false, "a.": false, ".a": false,
		"a..b": false, "a b": false, "a/b": false, "a@b": false, "a?b": false, "a#b": false, "a%62": false, "[::1": false, "[::1]x": false,
		"[::1%25eth0]": false, "[1.2.3.4]": false, "::1": false, "bücher": false, "a,b": false, strings.Repeat("a", 64): false,
		strings.Repeat("a.", 130) + "a": false, "[::1]:": false,
	} {
		if err := web.CheckHost(host); (err == nil) != ok {
			t.Errorf("%q: %v", host, err)
		}
	}
}
