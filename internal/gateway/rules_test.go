package gateway

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/steadhq/stead/internal/web"
)

const someRules = `
apps:
  - id: wiki
    host: wiki.test
    upstream: http://127.0.0.1:9
    target_allows: [";", "//", "%2f"]
    rules:
      - { id: assets,  is: public, path: ["/static/**"] }
      - { id: sign-in, is: closed, has: [u, p, "auth*", key] }
      - { id: export,  is: closed, path: [/export] }
      - { id: edit,    is: closed, param: { do: edit } }
      - { id: show,    is: read,   method: [GET], path: ["/item/*"], only: [id, page] }
      - { id: search,  is: read,   method: [GET, POST], path: ["/search/**"], without: ["save*"] }
      - { id: rpc,     is: read,   method: [POST], path: [/api], param: { action: "query|parse" } }
      - { id: opens,   is: mark,   method: [GET], path: [/mail], param: { action: "show|preview" }, only: [id], says: "marks it" }
      - { id: beat,    is: quiet,  param: { action: heartbeat }, answer: "{}", type: application/json }
      - { id: bye,     is: logout, path: [/logout] }
      - { id: all,     is: read,   path: ["/wide/**"] }
`

func wiki(t testing.TB) *App {
	t.Helper()
	apps, err := ParseRules([]byte(someRules))
	if err != nil {
		t.Fatal(err)
	}
	return &apps[0]
}

func request(t testing.TB, method, target, kind, body string) *http.Request {
	t.Helper()
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil
	}
	r := &http.Request{Method: method, URL: u, Header: http.Header{}, ContentLength: int64(len(body)), Body: http.NoBody}
	if body != "" {
		r.Body = io.NopCloser(strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
	}
	return r
}

const urlencoded = "application/x-www-form-urlencoded"

func TestClassify(t *testing.T) { // S-I27
	app := wiki(t)
	big := "q=" + strings.Repeat("x", 1<<20)
	for _, tc := range []struct {
		method, target, kind, body string
		want                       Class
	}{
		{"GET", "/item/7", "", "", Read},
		{"HEAD", "/item/7", "", "", Read},
		{"GET", "/item/7?id=3&page=2", "", "", Read},
		{"GET", "/item/7?id=3;page=2", "", "", Read}, // id="3;page=2", or id and page: both are named
		{"GET", "/item/7?id=3;drop=2", "", "", Write},
		{"GET", "/item/7?id=3&id=4", "", "", Write},
		{"GET", "/item/7?id=3&id[]=4", "", "", Write},
		{"GET", "/item/7?id[x]=4", "", "", Write},
		{"GET", "/item/7?ID=3", "", "", Write},
		{"GET", "/item/7?id=3&other=1", "", "", Write},
		{"GET", "/item/7?id=%zz", "", "", Write},
		{"GET", "/item/7?id=%00", "", "", Write},
		{"GET", "/item/7?i%2564=1", "", "", Write},
		{"GET", "/item/7?id=%ff", "", "", Write},
		{"GET", "/item/7?_method=DELETE", "", "", Write},
		{"GET", "/Item/7", "", "", Write},
		{"GET", "/item/7/", "", "", Write},
		{"GET", "/item//7", "", "", Write},
		{"GET", "/item;x/7", "", "", Write},
		{"GET", "/item/a%2fb", "", "", Write},
		{"GET", "/item/%61", "", "", Write},
		{"GET", "/item/%2561", "", "", Write},
		{"GET", "/item/caf%C3%A9", "", "", Read},
		{"GET", "/item/7", "text/plain", "x", Closed}, // a body where none belongs
		{"DELETE", "/item/7", "", "", Write},
		{"BREW", "/item/7", "", "", Write},
		{"GET", "/nowhere", "", "", Write},
		{"GET", "/wide/x/y", "", "", Read},
		{"GET", "/wide/x?y=1", "", "", Write},
		{"POST", "/search/a", urlencoded, "q=x&n=2", Read},
		{"POST", "/search/a", urlencoded + "; charset=utf-8", "q=x", Read},
		{"POST", "/search/a", urlencoded + "; charset=utf-16", "q=x", Closed},
		{"POST", "/search/a", "multipart/form-data; boundary=x", "--x--", Closed},
		{"POST", "/search/a?q=1", urlencoded, "q=2", Write},
		{"POST", "/search/a", urlencoded, "save=1", Write},
		{"POST", "/search/a", urlencoded, "SaveAll=1", Write},
		{"POST", "/search/a", urlencoded, "save.x=1", Write},
		{"POST", "/search/a", urlencoded, "+save=1", Write},
		{"POST", "/search/a", urlencoded, "\u017fave=1", Write}, // a long s
		{"POST", "/search/a", urlencoded, "q=1;save=1", Write},
		{"POST", "/search/a", urlencoded, "_method=PUT", Write},
		{"POST", "/search/a", urlencoded, big, Closed},
		{"POST", "/api", urlencoded, "action=query", Read},
		{"POST", "/api", urlencoded, "action=queryx", Write},
		{"POST", "/api", urlencoded, "action=QUERY", Write},
		{"POST", "/api", urlencoded, "action=query&action=edit", Write},
		{"POST", "/api?action=query", urlencoded, "action=edit", Write},
		{"POST", "/api", urlencoded, "action=query&x=1", Write},
		{"POST", "/api", "", "", Write},
		{"GET", "/mail?action=show&id=2", "", "", Mark},
		{"GET", "/mail?action=delete&id=2", "", "", Write},
		{"GET", "/item/7?do=edit", "", "", Closed},
		{"GET", "/item/7?do[edit]=1", "", "", Write},
		{"GET", "/item/7?do=EDIT", "", "", Closed},
		{"GET", "/item/7?Do=edit", "", "", Closed},
		{"GET", "/item/7?do=view&do=edit", "", "", Write},
		{"GET", "/item/7?u=omar&p=pw", "", "", Closed},
		{"GET", "/item/7?id=1&U=omar", "", "", Closed},
		{"GET", "/item/7?u=1&u=2", "", "", Closed},
		{"POST", "/search/a", urlencoded, "authToken=1", Closed},
		{"POST", "/search/a", urlencoded, "q=1;key=1", Closed},
		{"GET", "/export", "", "", Closed},
		{"GET", "/EXPORT", "", "", Closed},
		{"GET", "/export/", "", "", Closed},
		{"GET", "//export", "", "", Closed},
		{"GET", "/export;x=1", "", "", Closed},
		{"GET", "/static/a.css?v=3", "", "", Public},
		{"GET", "/static/../x", "", "", Public}, // the front parser refuses it before
		{"GET", "/static/a?u=1", "", "", Public},
		{"POST", "/static/a", urlencoded, "x=1", Write},
		{"GET", "/static/a", urlencoded, "x=1", Write},
		{"GET", "/beat?action=heartbeat", "", "", Quiet},
		{"POST", "/beat", urlencoded, "action=heartbeat&load=3", Quiet},
		{"GET", "/logout", "", "", Logout},
		{"POST", "/logout", "", "", Logout},
	} {
		r := request(t, tc.method, tc.target, tc.kind, tc.body)
		if got := app.Classify(r); got.Class != tc.want {
			t.Errorf("%s %s %.40q is %s (%s), want %s", tc.method, tc.target, tc.body, got.Class, got.Rule, tc.want)
		}
		if left, err := io.ReadAll(r.Body); err != nil || string(left) != tc.body {
			t.Errorf("%s %s: the body was not put back", tc.method, tc.target)
		}
	}
}

// A body that cannot be read may hold what a closed rule names: it is closed there, and a write elsewhere (A3).
func TestUnreadBody(t *testing.T) { // S-I27
	apps, err := ParseRules([]byte(`
apps:
  - id: a
    host: a.test
    upstream: http://127.0.0.1:9
    rules:
      - { id: photo,  is: write,  method: [POST], path: [/account/photo] }
      - { id: list,   is: read,   method: [POST], path: ["/account/**"], only: [page] }
      - { id: leave,  is: closed, path: ["/account/**"], param: { do: "leave|sign" } }
      - { id: sign,   is: closed, path: [/sign], has: ["sig*"] }
      - { id: browse, is: read,   method: [POST], path: ["/club/**"] }
      - { id: quit,   is: closed, path: ["/club/**"], has: [quit] }
      - { id: gone,   is: closed, path: [/gone], only: [x] }
      - { id: public, is: public, path: ["/static/**"] }
      - { id: look,   is: read,   path: ["/look/**"] }
`))
	if err != nil {
		t.Fatal(err)
	}
	multipart := "multipart/form-data; boundary=x"
	part := "--x\r\nContent-Disposition: form-data; name=do\r\n\r\nleave\r\n--x--\r\n"
	for _, tc := range []struct {
		method, target, kind, body string
		want                       Class
		rule                       string
	}{
		{"POST", "/account", multipart, part, Closed, "leave"},
		{"POST", "/Account/", multipart, part, Closed, "leave"},
		{"POST", "/account/x", "text/plain", "do=leave", Closed, "leave"},
		{"GET", "/account/x", urlencoded, "do=leave", Closed, "leave"},
		{"POST", "/club/x", multipart, part, Closed, "quit"}, // what looks lets no parameter through that it does not name
		{"PUT", "/sign", multipart, part, Closed, "sign"},
		{"POST", "/gone", inJSON, "[1]", Closed, "gone"},
		{"POST", "/account/x", urlencoded, "do=leave", Closed, "leave"},
		{"POST", "/account/x", urlencoded, "do=stay", Write, DefaultRule},
		{"POST", "/account/x", urlencoded, "page=1", Read, "list"},
		{"POST", "/account/photo", multipart, part, Write, "photo"}, // whatever it holds, an earlier rule has it
		{"POST", "/other", multipart, part, Write, DefaultRule},
		{"POST", "/look/x", multipart, part, Write, DefaultRule},
		{"POST", "/static/x", multipart, part, Write, DefaultRule},
	} {
		got := apps[0].Classify(request(t, tc.method, tc.target, tc.kind, tc.body))
		if got != (Verdict{tc.want, tc.rule}) {
			t.Errorf("%s %s %s %.30q is %v, want %s (%s)", tc.method, tc.target, tc.kind, tc.body, got, tc.want, tc.rule)
		}
	}
}

func TestMethodOverride(t *testing.T) { // S-I27
	app := wiki(t)
	for _, name := range []string{"X-HTTP-Method-Override", "X-Http-Method", "X-Method-Override", "X_HTTP_Method_Override", "x-http-method-override", "Method-Override", "X-Method"} {
		r := request(t, "GET", "/item/7", "", "")
		r.Header[name] = []string{"DELETE"}
		if got := app.Classify(r); got.Class != Write {
			t.Errorf("%s: %s", name, got.Class)
		}
	}
}

func TestABodyThatWaitsForA100IsNotRead(t *testing.T) { // S-I2: a 100 would be an answer before the record
	r := request(t, "POST", "/search/a", urlencoded, "q=1")
	r.Header.Set("Expect", "100-continue")
	if got := wiki(t).Classify(r); got.Class != Closed { // it may hold what is closed anywhere
		t.Errorf("%s", got.Class)
	}
	if left, _ := io.ReadAll(r.Body); string(left) != "q=1" {
		t.Error("the body was read")
	}
}

// A reading of the fuzz test: as some application would take parameters, written without the code under test.
type reader func(raw string) [][2]string

func readers() []reader {
	split := func(seps string, fold func(string) string) reader {
		return func(raw string) (out [][2]string) {
			for _, part := range strings.FieldsFunc(raw, func(r rune) bool { return strings.ContainsRune(seps, r) }) {
				k, v, _ := strings.Cut(part, "=")
				if u, err := url.QueryUnescape(k); err == nil {
					k = u
				}
				if u, err := url.QueryUnescape(v); err == nil {
					v = u
				}
				out = append(out, [2]string{fold(k), v})
			}
			return out
		}
	}
	php := func(k string) string {
		k, _, _ = strings.Cut(strings.TrimLeft(k, " ")+"[", "[")
		return strings.Map(func(r rune) rune {
			if r == '.' || r == ' ' {
				return '_'
			}
			return r
		}, k)
	}
	plain := func(k string) string { return k }
	return []reader{split("&", plain), split("&;", plain), split("&", strings.ToLower), split("&", php), split("&;", php),
		split("&", func(k string) string { return strings.ToLower(php(k)) })}
}

var itemPath = regexp.MustCompile(`^/item/[^/;%]*$`)

// FuzzRead: a verdict of read holds whoever reads the request (S-I27).
func FuzzRead(f *testing.F) {
	for _, s := range []string{"/item/7?id=1&page=2", "/item/7?id=1;page=2", "/api", "/item/%41?id[]=1", "/search/x?save=1", "//item/x", "/item/7?do=edit"} {
		f.Add("GET", s, "", "")
		f.Add("POST", s, urlencoded, "action=query")
		f.Add("POST", s, inJSON, `{"action":"query"}`)
		f.Add("POST", s, inJSON, `{"q":"x","page":2,"save":[1]}`)
	}
	app := wiki(f)
	f.Fuzz(func(t *testing.T, method, target, kind, body string) {
		if web.CheckTarget(target, app.Allows) != nil {
			return
		}
		r := request(t, method, target, kind, body)
		if r == nil {
			return
		}
		v := app.Classify(r)
		if left, _ := io.ReadAll(r.Body); string(left) != body {
			t.Fatalf("the body was changed")
		}
		if v.Class != Read || v.Rule == "all" {
			return
		}
		raw, members := r.URL.RawQuery, [][2]string(nil)
		switch {
		case body != "" && bodyKind(r) == "json":
			members = jsonPairs(t, body)
		case body != "":
			raw += "&" + body
		}
		for i, read := range readers() {
			checkRead(t, i, v.Rule, method, r.URL.Path, append(read(raw), members...))
		}
	})
}

func checkRead(t *testing.T, i int, rule, method, path string, all [][2]string) {
	seen := map[string]bool{}
	for _, p := range all {
		name := strings.ToLower(p[0])
		if seen[p[0]] || slices.Contains([]string{"u", "p", "key", "_method"}, name) || strings.HasPrefix(name, "auth") ||
			strings.HasPrefix(name, "save") && rule == "search" || name == "do" && strings.EqualFold(p[1], "edit") {
			t.Errorf("reader %d finds %q in a read", i, p)
		}
		seen[p[0]] = true
		switch {
		case rule == "show" && name != "id" && name != "page":
			t.Errorf("reader %d finds %q in show", i, p)
		case rule == "rpc" && (name != "action" || p[1] != "query" && p[1] != "parse"):
			t.Errorf("reader %d finds %q in rpc", i, p)
		}
	}
	switch rule {
	case "show":
		if method != "GET" && method != "HEAD" || !itemPath.MatchString(path) {
			t.Errorf("%s %s is show", method, path)
		}
	case "rpc":
		if !seen["action"] || method != "POST" || path != "/api" {
			t.Errorf("%s %s is rpc: %v", method, path, all)
		}
	}
}
