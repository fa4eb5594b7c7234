package survey

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestShapeOf(t *testing.T) {
	for target, want := range map[string]string{
		"/":                             "/",
		"/item/7":                       "/item/*",
		"/item/7/":                      "/item/*/",
		"/2026-11-22/x.html":            "/*/x.html",
		"/pic/0001.png":                 "/pic/*.png",
		"/b/3f2a9c1d77e0/raw":           "/b/*/raw",
		"/u/6e1a2b3c-0000-4000-8000-1":  "/u/*",
		"/feed":                         "/feed",
		"/deadbeef":                     "/deadbeef", // a word as well as a number: it is taken as it is
		"/x?id=7&do=show":               "/x id do=show",
		"/x?t=ab12cd34ef56&q=two+words": "/x q t",
		"/x?typed=word":                 "/x typed",
		"/x?do=show&do=edit":            "",
		"/x?=1":                         "",
		"/x?a=1&A=2":                    "",
		"/x?do[save]=1&do=show":         "",
		"/x?1795338199=":                "",
		"/x?user_action=7":              "/x user_action=7",
		"/a*b":                          "",
		"/a//b":                         "",
		"/a;b":                          "",
		"/x?a=%zz":                      "",
		"no path":                       "",
	} {
		s, ok := shapeOf(target, map[string]bool{"typed": true})
		got := strings.ReplaceAll(s.key(), "\x00", " ")
		if ok != (want != "") || ok && got != want {
			t.Errorf("%s is %q (%v), want %q", target, got, ok, want)
		}
	}
}

// runs are the words a, aa, aaa …
func runs(n int) (out []string) {
	for i := range n {
		out = append(out, strings.Repeat("a", i+1))
	}
	return out
}

// seen makes a lesson of lines "TARGET" with what they changed, a trace if it begins with "~".
func seen(t *testing.T, lines ...string) Lesson {
	t.Helper()
	l := Lesson{}
	for _, line := range lines {
		target, change, wrote := strings.Cut(line, " ")
		s, ok := shapeOf(target, nil)
		if !ok {
			t.Fatalf("%s has no shape", target)
		}
		e := &Evidence{shape: s, Requests: 1, Answered: 1, Examples: []string{target}}
		if wrote {
			e.Wrote, e.Changes, e.Trace = 1, []string{strings.TrimPrefix(change, "~")}, strings.HasPrefix(change, "~")
		}
		l.Evidence = append(l.Evidence, e)
	}
	return l
}

func TestPropose(t *testing.T) {
	many := func(format string, n int) (lines []string) {
		for i := range n {
			lines = append(lines, fmt.Sprintf(format, strings.Repeat("a", i+1)))
		}
		return lines
	}
	for name, tc := range map[string]struct {
		seen, want []string
	}{
		"names are joined, verbs are not": {
			[]string{"/x?id=1&do=show", "/x?page=2&id=1&do=show", "/x?do=print&id=1", "/x?do=edit&id=1 t"},
			[]string{`{ id: x-edit-write, is: write, path: [/x], param: { do: edit } }`,
				`{ id: x-show, is: read, path: [/x], only: [id, page], param: { do: show } }`,
				`{ id: x-print, is: read, path: [/x], only: [id], param: { do: print } }`},
		},
		"a word of many values is a name": {
			many("/wiki?page=%s&rev=1", 31), []string{`{ id: wiki, is: read, path: [/wiki], only: [page, rev] }`},
		},
		"but not where one of them writes": {
			append(many("/wiki?page=%s", 31), "/wiki?page=save t"),
			[]string{`{ id: wiki-save-write, is: write, path: [/wiki], param: { page: save } }`,
				`{ id: wiki-` + strings.Join(runs(31), "-")[:35] + `, is: read, path: [/wiki], param: { page: "` + strings.Join(runs(31), "|") + `" } }`},
		},
		"nor where its name says that it is a verb": {
			many("/wiki?do=%s", 31), []string{`{ id: wiki-` + strings.Join(runs(31), "-")[:35] + `, is: read, path: [/wiki], param: { do: "` + strings.Join(runs(31), "|") + `" } }`},
		},
		"a verb is one by number too": {
			[]string{"/x?action=1", "/x?action=2", "/x?action=3"}, []string{`{ id: x-1-2-3, is: read, path: [/x], param: { action: "1|2|3" } }`},
		},
		"what is a name once is one": {
			[]string{"/p?id=start", "/p?id=wiki:syntax", "/p?id=a:b", "/p?id=c:d"}, []string{`{ id: p, is: read, path: [/p], only: [id] }`},
		},
		"but not by two": {
			[]string{"/p?id=start", "/p?id=wiki:syntax"}, []string{`{ id: p-start, is: read, path: [/p], param: { id: start } }`, `{ id: p, is: read, path: [/p], only: [id] }`},
		},
		"what writes as one of many is a write": {
			[]string{"/p?id=start t", "/p?id=wiki:syntax", "/p?id=a:b", "/p?id=c:d"}, []string{`{ id: p-write, is: write, path: [/p], has: [id] }`},
		},
		"writes of one kind are one line": {
			[]string{"/x?id=1&do=edit t", "/x?id=1&do=drop t"}, []string{`{ id: x-drop-edit-write, is: write, path: [/x], has: [id], param: { do: "drop|edit" } }`},
		},
		"what an earlier line calls a mark is one": {
			[]string{"/x?q=1&id=1 ~t", "/x?id=1"}, []string{`{ id: x-mark, is: mark, path: [/x], only: [id, q] }`},
		},
		"many paths side by side are names": {
			many("/page/%s", 31), []string{`{ id: page, is: read, path: ["/page/*"] }`},
		},
		"few are not": {
			many("/page/%s", 2), []string{`{ id: page-a, is: read, path: [/page/a] }`, `{ id: page-aa, is: read, path: [/page/aa] }`},
		},
		"nor where one of them writes": {
			append(many("/page/%s", 2), "/page/new t"), []string{`{ id: page-a, is: read, path: [/page/a] }`, `{ id: page-aa, is: read, path: [/page/aa] }`, `{ id: page-new-write, is: write, path: [/page/new] }`},
		},
		"what cannot be told from a write is one": {
			[]string{"/x?id=1 t", "/x", "/x?id=1&page=2"},
			[]string{`{ id: x-write, is: write, path: [/x], has: [id] }`, `{ id: x, is: read, path: [/x] }`},
		},
		"a trace is a mark": {
			[]string{"/m/1 ~recent", "/m/list"}, []string{`{ id: m-list, is: read, path: [/m/list] }`, `{ id: m-mark, is: mark, path: ["/m/*"] }`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			rules := seen(t, tc.seen...).Propose()
			var got []string
			for _, r := range rules {
				got = append(got, r.Text())
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Error(d)
			}
			holds(t, rules)
		})
	}
}

func TestProposeSignOutByParameter(t *testing.T) {
	l := Lesson{Logouts: []string{"/index?do=logout&key=1", "/index?do=logout&key=2", "/user/log_off"}, SignIns: [][]string{{"u", "p"}}}
	var got []string
	for _, r := range l.Propose() {
		got = append(got, r.Text())
	}
	want := []string{`{ id: sign-in, is: closed, has: [u, p] }`, `{ id: sign-out, is: logout, path: [/index], param: { do: logout } }`, `{ id: sign-out-2, is: logout, path: [/user/log_off] }`}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{"a-b": "a-b", "/x.y": "/x.y", "yes": `"yes"`, "A": `"A"`, "a b": `"a b"`, "*": `"*"`, "": `""`, "7": `"7"`, `a"\b`: `"a\"\\b"`} {
		if got := plain(in); got != want {
			t.Errorf("%q is %s, want %s", in, got, want)
		}
	}
}

type silent struct{ err error }

func (s silent) Changes(context.Context) ([]string, error) { return nil, s.err }

// The walk keeps to its bounds, and what is not to be asked for is not.
func TestLearnKeepsToItsBounds(t *testing.T) {
	var mu sync.Mutex // a request whose answer was broken off may still be under way
	asked := map[string]int{}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked[r.URL.Path]++
		mu.Unlock()
		w.Header().Set("Content-Type", "text/html")
		switch r.URL.Path {
		case "/":
			fmt.Fprint(w, `<a href="/secret/x"><a href="/known"><a href="/logout"><a href="/broken"><a href="http://elsewhere.test/"><a href="/loop/1"><a href="/refused">`)
		case "/broken":
			panic(http.ErrAbortHandler)
		case "/refused":
			w.WriteHeader(http.StatusForbidden)
		default:
			fmt.Fprintf(w, `<a href="%s1">`, r.URL.Path)
		}
	}))
	defer web.Close()
	learner := func() *Learner {
		return &Learner{Person: visitor(t, web.URL), Nobody: visitor(t, web.URL), Watch: silent{}, Pages: 30, Each: 4, Settle: time.Microsecond, Say: t.Logf,
			Skip: regexp.MustCompile("^/secret"), Closed: func(target string) bool { return target == "/known" }}
	}
	lesson, err := learner().Learn(t.Context(), []string{"/"})
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	once := maps.Clone(asked)
	mu.Unlock()
	for _, path := range []string{"/secret/x", "/known", "/logout"} {
		if once[path] > 0 {
			t.Errorf("%s was asked for", path)
		}
	}
	for _, r := range lesson.Propose() {
		if r.Is == "read" && (r.Path == "/broken" || r.Path == "/refused") {
			t.Errorf("what brought no page is no evidence: %s", r.Text())
		}
	}
	if once["/loop/1"] != 1 || once["/loop/11111"] > 0 || lesson.Cut {
		t.Errorf("%v, cut %v", once, lesson.Cut)
	}
	few := learner()
	few.Pages = 2
	if lesson, err := few.Learn(t.Context(), []string{"/"}); err != nil || lesson.Requests != 2 || !lesson.Cut {
		t.Errorf("%d requests, cut %v, %v", lesson.Requests, lesson.Cut, err)
	}
	blind := learner()
	blind.Watch = silent{errors.New("gone")}
	if _, err := blind.Learn(t.Context(), []string{"/"}); err == nil || !strings.Contains(err.Error(), "the watch sees nothing any more") {
		t.Errorf("%v", err)
	}
	if _, err := learner().Learn(t.Context(), nil); err == nil {
		t.Error("nothing to begin with")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	slow := learner()
	slow.Settle, slow.Each = 9*time.Millisecond, 1000
	slow.Pages = 1000
	if lesson, err := slow.Learn(ctx, []string{"/"}); err != nil && ctx.Err() == nil || err == nil && !lesson.Cut {
		t.Errorf("%v, cut %v", err, lesson.Cut)
	}
}

// Where one of many paths side by side writes, none of them stands for the others.
func TestProposeStarsNothingBesideAWrite(t *testing.T) {
	var lines []string
	for _, w := range runs(31) {
		lines = append(lines, "/page/"+w)
	}
	rules := seen(t, append(lines, "/page/new t")...).Propose()
	if len(rules) != 32 {
		t.Errorf("%d rules", len(rules))
	}
	for _, r := range rules {
		if strings.Contains(r.Path, "*") {
			t.Errorf("%s", r.Text())
		}
	}
}
