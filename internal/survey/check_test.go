package survey

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A desk is an application with everything that a check can find; its members turn single things on.
type desk struct {
	host    string // that it believes itself to be at
	deaf    bool   // it takes no name
	kind    bool   // it reads X-Stead-Mode
	visits  int
	strange bool
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.Header.Get("X-Remote-User")
	d.visits++
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	switch {
	case d.deaf:
		fmt.Fprint(w, "<html><body>Welcome, everybody")
	case name == "":
		http.Redirect(w, r, "https://login.elsewhere.test/?back=1", http.StatusFound)
	case r.URL.Path == "/":
		http.Redirect(w, r, "http://"+d.host+"/home", http.StatusFound)
	case r.URL.Path == "/home" && !d.strange:
		fmt.Fprintf(w, `<html><head><title>Desk</title></head><body data-login="%s" data-token="t%dx9"> %s`, strings.ToUpper(name), d.visits, name)
	case r.URL.Path == "/home":
		h.Add("Set-Cookie", "desk=1; Path=/; HttpOnly")
		h.Add("Set-Cookie", "PREFS=wide; Path=/")
		h.Add("Set-Cookie", "plain=1; Path=/")
		h.Set("Content-Security-Policy", "default-src 'self'; script-src 'nonce-a1' 'strict-dynamic'")
		h.Set("Clear-Site-Data", `"cache"`)
		seen := "you were here today"
		if d.kind && r.Header.Get("X-Stead-Mode") == "read-only" {
			seen = ""
		}
		fmt.Fprintf(w, `<html><head><meta http-equiv="Content-Security-Policy" content="form-action 'self'"></head><body data-login="%s">%s
<a href="http://%s/part">part</a> <a href="/feed?list=7&amp;key=0123456789abcdef0123">feed</a> <a href="/act?csrf=c%d0123456789abcdef">act</a>
<a href="/a;v=1/b">odd</a> <a href="https://cdn.elsewhere.test/x">cdn</a> <a href="/logout">out</a> <script src="/app.js"></script> <a href="/away">away</a>
<form method=post action=/login><input name=login><input type=password name=pw></form>`, name, seen, d.host, d.visits)
	case r.URL.Path == "/part":
		fmt.Fprint(w, "<li>one</li>")
	case r.URL.Path == "/app.js":
		h.Set("Content-Type", "text/javascript")
		fmt.Fprint(w, `navigator.serviceWorker.register("/sw.js"); document.cookie = "tz=UTC"; read(document.cookie, "PREFS"); new EventSource("/live")`)
	case r.URL.Path == "/away":
		http.Redirect(w, r, "https://other.test/x", http.StatusFound)
	default:
		http.NotFound(w, r)
	}
}

func check(t *testing.T, d *desk, names ...string) map[string][]Finding {
	t.Helper()
	web := httptest.NewServer(d)
	t.Cleanup(web.Close)
	if d.host == "" {
		d.host = "desk.test"
	}
	at := func(headers ...string) *Visitor {
		v := visitor(t, web.URL, headers...)
		v.Host = "desk.test"
		return v
	}
	c := &Checker{Nobody: at(), Pages: 10}
	for _, n := range names {
		as := "X-Remote-User: " + n
		c.People = append(c.People, Person{n, at(as), at(as), at(as, "X-Stead-Mode: read-only")})
	}
	all, err := c.Check(t.Context(), "/")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]Finding{}
	for _, f := range all {
		out[f.Check] = append(out[f.Check], f)
	}
	return out
}

func TestCheckFinds(t *testing.T) {
	found := check(t, &desk{strange: true, kind: true}, "dana", "omar")
	for _, want := range []Finding{
		{"answers", OK, "/ leads to /home: 200", ""},
		{"identity", Hint, "each gets a page with her own name", `whoami: { match: "data-login=\"([^\"'<>&]+)" }`},
		{"courtesy", OK, "it answers otherwise when X-Stead-Mode says", ""},
		{"banner", OK, "rewrite fits", ""},
		{"policy", OK, "strict-dynamic, nonce: the indicator fits", ""},
		{"policy", Note, "in a meta element: form-action", ""},
		{"cookies", OK, "sets desk (HttpOnly)", ""},
		{"cookies", OK, "sets plain (a script may read it)", ""},
		{"cookies", Hint, "its scripts speak of PREFS, tz", `script_cookies: ["PREFS", tz]`},
		{"redirects", Hint, "/away leads to https://other.test/x", "hosts: [other.test]"},
		{"links", Note, "its pages speak of cdn.elsewhere.test", "hosts: […]"},
		{"own name", OK, "it writes its host 1 times", ""},
		{"service worker", Note, "it registers one", "origin: own"},
		{"clear-site-data", Note, `/home sends "cache"`, "origin: own"},
		{"fragments", Note, "/part", ""},
		{"addresses", Hint, "its pages link to /a;v=1/b", `target_allows: [";"]`},
		{"sign-in", Hint, "a form takes a password", "{ id: sign-in, is: closed, has: [login, pw] }"},
		{"sign-out", Hint, "a link looks like its sign-out", "{ id: sign-out, is: logout, path: [/logout] }, at_end: { get: /logout }"},
		{"streams", Note, "an event stream", ""},
		{"secrets", Hint, "key in links to /feed looks like a key that stays the same", `secrets: ['[?&;]key=\K[0-9A-Za-z_.~-]{16,}']`},
	} {
		if !has(found[want.Check], want) {
			t.Errorf("%s: %v, want %v", want.Check, found[want.Check], want)
		}
	}
	if len(found["secrets"]) != 1 {
		t.Errorf("a token of one visit is no standing secret: %v", found["secrets"])
	}
}

func has(all []Finding, want Finding) bool {
	for _, f := range all {
		if f.Level == want.Level && strings.Contains(f.Found, want.Found) && strings.HasPrefix(f.Write, want.Write) && (want.Write != "" || f.Write == "") {
			return true
		}
	}
	return false
}

func TestCheckIdentity(t *testing.T) {
	for name, tc := range map[string]struct {
		desk  *desk
		names []string
		want  Finding
	}{
		"nothing special":   {&desk{}, []string{"dana", "omar"}, Finding{"policy", OK, "no Content-Security-Policy", ""}},
		"two pages":         {&desk{}, []string{"dana", "omar"}, Finding{"identity", Hint, "each gets a page with her own name", "whoami: "}},
		"one person":        {&desk{}, []string{"dana"}, Finding{"identity", Note, "is not nobody's", ""}},
		"no name is taken":  {&desk{deaf: true}, []string{"dana", "omar"}, Finding{"identity", Bad, "nobody gets the same page as dana", "identity: "}},
		"no courtesy":       {&desk{}, []string{"dana"}, Finding{"courtesy", Note, "changes nothing that can be seen", ""}},
		"sign-in elsewhere": {&desk{}, []string{""}, Finding{"answers", Bad, "it wants people to sign in elsewhere", ""}},
		"unreachable name":  {&desk{host: "127.0.0.1", strange: true}, []string{"dana"}, Finding{"own name", OK, "it writes no host", ""}},
	} {
		found := check(t, tc.desk, tc.names...)
		if !has(found[tc.want.Check], tc.want) {
			t.Errorf("%s: %v, want %v", name, found[tc.want.Check], tc.want)
		}
	}
}

func TestCheckByWhoami(t *testing.T) {
	web := httptest.NewServer(&desk{host: "desk.test"})
	defer web.Close()
	for name, tc := range map[string]struct {
		says string
		same bool
		want string
	}{
		"fits":    {"DANA", true, OK},
		"another": {"OMAR", false, Bad},
		"nothing": {"", false, Bad},
	} {
		at := func(headers ...string) *Visitor {
			v := visitor(t, web.URL, headers...)
			v.Host = "desk.test"
			return v
		}
		as := "X-Remote-User: dana"
		c := &Checker{Nobody: at(), People: []Person{{"dana", at(as), at(as), at(as)}}, Whoami: func([]byte, string) (string, bool) { return tc.says, tc.same }}
		all, err := c.Check(t.Context(), "/")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range all {
			if f.Check == "whoami" && f.Level != tc.want {
				t.Errorf("%s: %v", name, f)
			}
		}
	}
}

func TestCheckUnreachable(t *testing.T) {
	v := visitor(t, "http://127.0.0.1:1")
	_, err := (&Checker{Nobody: v, People: []Person{{"dana", v, v, v}}}).Check(t.Context(), "/")
	if err == nil || !strings.Contains(err.Error(), "http://127.0.0.1:1/ does not answer") {
		t.Errorf("%v", err)
	}
}
