package survey

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/steadhq/stead/internal/gateway"
)

func visitor(t *testing.T, at string, headers ...string) *Visitor {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		h.Set(name, value)
	}
	return NewVisitor(http.DefaultTransport, u, u.Host, h)
}

// The office has ten pages that look, four that write and one that leaves a trace. Whichever way it is watched, what writes
// is found, and what is proposed holds.
func TestLearn(t *testing.T) {
	o, at, dsn, log := newOffice(t)
	db, err := WatchPostgres(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	fromLog, err := WatchLog(log)
	if err != nil {
		t.Fatal(err)
	}
	files, err := WatchFolder(o.files)
	if err != nil {
		t.Fatal(err)
	}
	both := []string{
		`{ id: static, is: public, path: ["/static/**"] }`,
		`{ id: sign-in, is: closed, has: [account, pass] }`,
		`{ id: sign-out, is: logout, path: [/sub/logout] }`,
		`{ id: home, is: read, path: [/] }`,
		`{ id: items, is: read, path: [/items], only: [page] }`,
		`{ id: items-name, is: read, path: [/items], only: [page], param: { sort: name } }`,
		`{ id: items-views, is: read, path: [/items], param: { sort: views } }`,
		`{ id: refresh-write, is: write, path: [/refresh], has: [id] }`,
		`{ id: refresh, is: read, path: [/refresh] }`,
		`{ id: report-csv-export, is: export, path: [/report.csv] }`,
		`{ id: search-now-all, is: read, path: [/search], only: [q], param: { go: now, in: all } }`,
		`{ id: item-delete-write, is: write, path: ["/item/*"], param: { do: delete } }`,
		`{ id: item, is: read, path: ["/item/*"] }`,
		`{ id: item-print-show, is: read, path: ["/item/*"], param: { do: "print|show" } }`,
		`{ id: item-edit-write, is: write, method: ["POST"], path: ["/item/*/edit"] }`,
		`{ id: mail-mark, is: mark, path: ["/mail/*"] }`,
		`{ id: thumbnail-png-write, is: write, path: ["/thumbnail/*.png"] }`,
	}
	for _, tc := range []struct {
		name  string
		watch Watch
		trace string
	}{
		{"database", Watches{db, files}, "^table public.mails$"},
		{"log", Watches{fromLog, files}, "^UPDATE mails$"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o.do(t.Context(), "UPDATE mails SET unread = true")
			if err := os.RemoveAll(filepath.Join(o.files, "7.small")); err != nil {
				t.Fatal(err)
			}
			l := &Learner{
				Person: visitor(t, at, "X-Remote-User: dana"), Nobody: visitor(t, at), Watch: tc.watch, Trace: regexp.MustCompile(tc.trace),
				Pages: 200, Each: 3, Settle: 40 * time.Millisecond, Say: t.Logf,
			}
			lesson, err := l.Learn(t.Context(), []string{"/"})
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, r := range lesson.Propose() {
				lines = append(lines, r.Text())
			}
			slices.Sort(lines)
			want := slices.Sorted(slices.Values(both))
			if d := cmp.Diff(want, lines); d != "" {
				t.Error(d)
			}
			if len(lesson.Noise) != 1 || !strings.Contains(lesson.Noise[0], "sessions") || lesson.Cut || lesson.Blind {
				t.Errorf("noise %v, cut %v, blind %v", lesson.Noise, lesson.Cut, lesson.Blind)
			}
			holds(t, lesson.Propose())
		})
	}
}

// A watch that looks elsewhere sees nothing at all: that is said, and what is called like a change is no read by it.
func TestLearnBlind(t *testing.T) {
	_, at, _, _ := newOffice(t)
	elsewhere, err := WatchFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l := &Learner{Person: visitor(t, at, "X-Remote-User: dana"), Nobody: visitor(t, at), Watch: elsewhere, Pages: 200, Each: 3, Settle: time.Millisecond, Say: t.Logf}
	lesson, err := l.Learn(t.Context(), []string{"/"})
	if err != nil || !lesson.Blind {
		t.Fatalf("blind %v, %v", lesson.Blind, err)
	}
	reads := ""
	for _, r := range lesson.Propose() {
		if r.Is != "write" {
			reads += r.Text() + "\n"
		}
	}
	if strings.Contains(reads, "delete") || !strings.Contains(reads, `"print|show"`) || !strings.Contains(reads, "path: [/items]") {
		t.Error(reads)
	}
	holds(t, lesson.Propose())
}

// holds has the gateway read the proposal and run its tests.
func holds(t *testing.T, rules []Rule) {
	t.Helper()
	text := "apps:\n  - id: office\n    host: office.test\n    upstream: http://127.0.0.1:9\n    rules:\n"
	for _, r := range rules {
		text += "      - " + r.Text() + "\n"
	}
	text += "    tests:\n"
	for _, r := range rules {
		for _, line := range r.Tests() {
			text += "      - " + line + "\n"
		}
	}
	apps, err := gateway.ParseRules([]byte(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	report := gateway.RunTests(apps)
	if report.Err() != nil || len(report.Unreached) > 0 || len(report.Tests) < len(rules) {
		t.Errorf("%v, not reached: %v in\n%s", report.Err(), report.Unreached, text)
	}
}
