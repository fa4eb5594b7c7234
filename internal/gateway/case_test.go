package gateway

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

const tested = `
apps:
  - id: a
    host: a.test
    upstream: http://127.0.0.1:9
    rules:
      - { id: show, is: read, path: [/note], only: [id] }
      - { id: in,   is: closed, path: [/login], has: [user] }
      - { id: gone, is: read, path: [/gone] }
    tests:
`

func TestRunTests(t *testing.T) {
	for text, want := range map[string]string{
		`{ request: "GET /note?id=7", is: read, rule: show }`:                                             "",
		`{ request: "HEAD /note?id=7", is: read }`:                                                        "",
		`{ request: "GET /note?id=7", is: write }`:                                                        "line 11: test failed: GET /note?id=7: it is read by rule show, not write",
		`{ request: "GET /note?id=7", is: read, rule: gone }`:                                             "line 11: test failed: GET /note?id=7: it is read by rule show, not by gone",
		`{ request: "GET /note?id=7", headers: { X-HTTP-Method-Override: DELETE }, is: write }`:           "",
		`{ request: "POST /login", body: "user=1", is: closed, rule: in }`:                                "",
		`{ request: "POST /login", body: '{"user":1}', type: application/json, is: closed, rule: in }`:    "",
		`{ request: "POST /login", body: '{"user":1}', type: text/plain, is: closed, rule: in }`:          "", // what cannot be read
		`{ request: "POST /login", body: '{"usr":1}', type: application/json, is: write, rule: default }`: "",
		`{ request: "POST /note", body: "id=1", headers: { "A\r\nB": c }, is: read }`:                     "malformed MIME header",
		`{ request: "GET /note;x?id=7", is: read }`:                                                       "line 11: test \"GET /note;x?id=7\": it is a 400",
	} {
		apps, err := ParseRules([]byte(tested + "      - " + text + "\n"))
		if err == nil {
			err = RunTests(apps).Err()
		}
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case want != "" && (err == nil || !strings.Contains(told(err), want)):
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestUnreached(t *testing.T) {
	apps, err := ParseRules([]byte(tested + `      - { request: "GET /note", is: read }
      - { request: "POST /note", is: write }
`))
	if err != nil {
		t.Fatal(err)
	}
	r := RunTests(apps)
	want := Report{Tests: []Tested{{App: "a", Line: 11, Name: "GET /note"}, {App: "a", Line: 12, Name: "POST /note"}}, Rules: 3, Unreached: []string{"a/in", "a/gone"}}
	if d := cmp.Diff(want, r); d != "" || r.Failed() != 0 {
		t.Error(d)
	}
}

const byMethod = `
apps:
  - id: a
    host: a.test
    upstream: http://127.0.0.1:9
    target_allows: ["//", ";", "%2f"]
    default: by-method
    because: looked at
    rules:
      - { id: in,    is: closed, has: [password] }
      - { id: save,  is: write, param: { do: "save|delete" } }
      - { id: purge, is: write, path: [/purge] }
      - { id: rpc,   is: read,  method: [POST], path: [/rpc], param: { op: get } }
`

// By method is a reason for what no rule matches, and for nothing else: every other trick is a write (S-I27).
func TestByMethod(t *testing.T) {
	apps, err := ParseRules([]byte(byMethod))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		method, target, kind, body string
		want                       Class
	}{
		{"GET", "/", "", "", Read},
		{"HEAD", "/any/thing?x=1&y=2", "", "", Read},
		{"POST", "/", "", "", Write},
		{"OPTIONS", "/", "", "", Write},
		{"PROPFIND", "/", "", "", Write},
		{"GETT", "/", "", "", Write},
		{"get", "/", "", "", Write},
		{"GET", "/?do=show", "", "", Read},
		{"GET", "/?do=save", "", "", Write},
		{"GET", "/?DO=SAVE", "", "", Write},
		{"GET", "/?do[]=save", "", "", Write},
		{"GET", "/?do=show&do=save", "", "", Write},
		{"GET", "/?a=1;do=save", "", "", Write},
		{"GET", "/?d%6f=save", "", "", Write},
		{"GET", "/?%2564o=save", "", "", Write},
		{"GET", "/?do=show&x=%zz", "", "", Write},
		{"GET", "/?x=1&x=2", "", "", Write},
		{"GET", "/?_method=DELETE", "", "", Write},
		{"GET", "/?x=1;_method=DELETE", "", "", Write},
		{"GET", "/", urlencoded, "do=save", Closed}, // no body of a GET is read, and it might hold a password
		{"GET", "/purge", "", "", Write},
		{"GET", "/Purge/", "", "", Write},
		{"GET", "//purge", "", "", Write},
		{"GET", "/purge;x", "", "", Write},
		{"GET", "/%70urge", "", "", Write},
		{"GET", "/x%2fpurge", "", "", Read},
		{"GET", "/?Password=1", "", "", Closed},
		{"POST", "/rpc", urlencoded, "op=get", Read},
		{"POST", "/rpc", urlencoded, "op=set", Write},
	} {
		if got := apps[0].Classify(request(t, tc.method, tc.target, tc.kind, tc.body)); got.Class != tc.want {
			t.Errorf("%s %s %q is %s (%s), want %s", tc.method, tc.target, tc.body, got.Class, got.Rule, tc.want)
		}
	}
	for _, name := range []string{"X-Http-Method-Override", "x_method_override", "Upgrade"} {
		r := request(t, "GET", "/", "", "")
		r.Header[name] = []string{"DELETE"}
		if got := apps[0].Classify(r); got.Class != Write {
			t.Errorf("%s: %v", name, got)
		}
	}
	apps[0].Rules = nil
	for _, target := range []string{"/?_method=PUT", "/%41", "/?x=%zz"} {
		if got := apps[0].Classify(request(t, "GET", target, "", "")); got.Class != Write {
			t.Errorf("%s: %v", target, got)
		}
	}
	if got := apps[0].Classify(request(t, "GET", "/", urlencoded, "x=1")); got.Class != Write {
		t.Errorf("a body: %v", got)
	}
}

func TestExplain(t *testing.T) {
	app := wiki(t)
	for _, tc := range []struct{ method, target, kind, body, want string }{
		{"GET", "/item/7?id=1", "", "", "the first rule that matches is show"},
		{"GET", "/item/7?id=1&x=2", "", "", `rule show (read): it does not name the parameter "x"`},
		{"GET", "/item/7?id=1&id=2", "", "", "a parameter stands twice"},
		{"GET", "/item/%41", "", "", "the path is encoded where nothing needs it"},
		{"GET", "/item/7?_method=PUT", "", "", "it asks to be taken for another method"},
		{"POST", "/search/a", urlencoded, "save=1", `rule search (read): the parameter "save" must not be there`},
		{"POST", "/api", urlencoded, "action=drop", "rule rpc (read): a parameter is not there, or has another value"},
		{"POST", "/none", urlencoded, "x=1", `rule sign-in (closed): none of the parameters it asks for is there`},
		{"GET", "/ITEM/7", "", "", "rule show (read): the path matches under another reading only"},
	} {
		_, why := app.Explain(request(t, tc.method, tc.target, tc.kind, tc.body))
		if !strings.Contains(strings.Join(why, "\n"), tc.want) {
			t.Errorf("%s %s: %q, want %s", tc.method, tc.target, why, tc.want)
		}
	}
	app.Rules = nil
	if v, why := app.Explain(request(t, "GET", "/x", "", "")); v.Class != Write || why[0] != "no rule speaks of GET /x" {
		t.Errorf("%v %q", v, why)
	}
	app.ByMethod = "looked at"
	if v, why := app.Explain(request(t, "GET", "/x", "", "")); v.Class != Read || why[1] != "by method it is a read: looked at" {
		t.Errorf("%v %q", v, why)
	}
}

func TestIntroduce(t *testing.T) {
	apps, err := ParseRules([]byte(wholeApp))
	if err != nil {
		t.Fatal(err)
	}
	h := apps[0].Introduce(&stead.Principal{Kind: stead.Person, Directory: "customers", Name: "dana"})
	for name, want := range map[string]string{
		"X-Stead-Subject": "person:customers/dana", "Remote-User": "dana", "Authorization": "Basic ZGFuYTpzM2NyZXQ=", "X-Editor": "", "X-Stead-Mode": "",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	w := apps[0].Whoami
	for body, want := range map[string]string{`{"userName":"Dana"}`: "Dana true", `{"userName":"dana"}`: "dana false", `{"userName":"Omar"}`: "Omar false", "": " false"} {
		if name, same := w.Served([]byte(body), "dana"); fmt.Sprintf("%s %v", name, same) != want {
			t.Errorf("%s: %q %v, want %s", body, name, same, want)
		}
	}
}

// A password of a file is sent as it is, and a file that cannot be read keeps the application from being served.
func TestReadPasswords(t *testing.T) {
	apps, err := ParseRules([]byte(strings.Replace(wholeApp, "password: s3cret", "password_file: all.pw", 1)))
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]string{"all.pw": "{subject.name}:x", "reader.pw": "r"}
	if err := ReadPasswords(apps, func(file string) (string, error) { return read[file], nil }); err != nil {
		t.Fatal(err)
	}
	dana := &stead.Principal{Kind: stead.Person, Directory: "customers", Name: "dana"}
	for mode, want := range map[stead.Mode]string{"": "dana:{subject.name}:x", stead.ReadOnly: "reader:r"} {
		who := served{actor: dana, subject: dana}
		if mode != "" {
			who.mandate = &stead.Mandate{Mode: mode}
		}
		if got, ok := who.basic(apps[0].identity(who).Basic); !ok || got != "Basic "+base64.StdEncoding.EncodeToString([]byte(want)) {
			t.Errorf("%s: %q %v", mode, got, ok)
		}
	}
	err = ReadPasswords(apps, func(string) (string, error) {
		return "", stead.E(stead.Refused, stead.ReasonRequest, "others may read it")
	})
	if err == nil || !strings.Contains(err.Error(), "password of wiki") {
		t.Errorf("%v", err)
	}
}

// FuzzByMethod: what is a read for no rule's sake is one whoever reads the request (S-I27).
func FuzzByMethod(f *testing.F) {
	for _, target := range []string{"/", "/x?do=show&a=1", "/?do=save", "/Purge;x", "/a//purge?b=1;do=delete", "/?%5fmethod=PUT", "/?a=1&a[]=2", "/?password=1"} {
		f.Add("GET", target, "")
		f.Add("HEAD", target, "do=save")
		f.Add("POST", target, "op=get")
	}
	apps, err := ParseRules([]byte(byMethod))
	if err != nil {
		f.Fatal(err)
	}
	app := &apps[0]
	f.Fuzz(func(t *testing.T, method, target, body string) {
		if web.CheckTarget(target, app.Allows) != nil {
			return
		}
		r := request(t, method, target, urlencoded, body)
		if r == nil {
			return
		}
		if v := app.Classify(r); v.Class != Read || v.Rule != DefaultRule {
			return
		}
		if method != "GET" && method != "HEAD" || body != "" {
			t.Errorf("%s with %q is a read", method, body)
		}
		path, _, _ := strings.Cut(r.URL.Path, ";")
		if strings.EqualFold(strings.Trim(path, "/"), "purge") {
			t.Errorf("%s is a read", target)
		}
		for i, read := range readers() {
			seen := map[string]bool{}
			for _, p := range read(r.URL.RawQuery) {
				name := strings.ToLower(p[0])
				if seen[p[0]] || name == "_method" || name == "password" || name == "do" && (strings.EqualFold(p[1], "save") || strings.EqualFold(p[1], "delete")) {
					t.Errorf("reader %d finds %q in a read", i, p)
				}
				seen[p[0]] = true
			}
		}
	})
}
