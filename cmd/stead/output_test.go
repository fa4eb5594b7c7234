package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/client/admin"
)

func testEnv(t *testing.T) (*env, *bytes.Buffer, *bytes.Buffer) {
	t.Helper()
	var out, err bytes.Buffer
	null, e := os.Open(os.DevNull)
	if e != nil {
		t.Fatal(e)
	}
	t.Cleanup(func() { _ = null.Close() })
	vars := map[string]string{"STEAD_CONFIG_DIR": t.TempDir()}
	return &env{ctx: t.Context(), in: null, out: &out, err: &err, getenv: func(n string) string { return vars[n] },
		now: time.Now, http: http.DefaultClient, format: "table"}, &out, &err
}

func TestTableFits(t *testing.T) {
	tab := &table{columns: []string{"id", "text", "more"}}
	tab.row("man_1", strings.Repeat("ä", 80), "")
	tab.row("man_2", "short", strings.Repeat("y", 30))
	for _, most := range []int{0, 40, 60, 200} {
		var b bytes.Buffer
		tab.write(&b, most)
		for line := range strings.Lines(b.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); most > 0 && n > most {
				t.Errorf("%d columns of %d: %q", n, most, line)
			}
		}
		if cutOff := strings.Contains(b.String(), "…"); cutOff != (most == 40 || most == 60) {
			t.Errorf("at %d: %s", most, b.String())
		}
	}
}

// What others wrote cannot move the cursor, colour the screen or turn the text around.
func TestTableIsClean(t *testing.T) {
	tab := &table{}
	tab.row("a\x1b[31mred\x07", "b\u202eknil\r\nc")
	var b bytes.Buffer
	tab.write(&b, 0)
	if strings.ContainsAny(strings.TrimRight(b.String(), "\n"), "\x1b\x07\u202e\r\n") {
		t.Errorf("%q", b.String())
	}
}

func TestForms(t *testing.T) {
	data := map[string]any{"name": "a, b", "n": 1}
	for form, want := range map[string]string{
		"json": "{\n  \"n\": 1,\n  \"name\": \"a, b\"\n}\n", "yaml": "n: 1\nname: a, b\n", "csv": "name,n\n\"a, b\",1\n", "table": "NAME  N\na, b  1\n",
	} {
		e, out, _ := testEnv(t)
		e.format = form
		err := e.print(data, func(tab *table) { tab.columns = []string{"name", "n"}; tab.row("a, b", "1") })
		if err != nil || out.String() != want {
			t.Errorf("%s: %q %v", form, out, err)
		}
	}
}

func TestExitCodes(t *testing.T) {
	no := func(status int, r stead.Reason) error {
		return &problem{&admin.Problem{Status: int64(status), ReasonCode: admin.ReasonCode(r), Detail: "no"}}
	}
	for _, row := range []struct {
		err  error
		code int
	}{
		{nil, 0}, {io.EOF, 1}, {fail(exitVerify, "", "x"), 7}, {no(400, "bad-request"), 2}, {no(401, "sign-in"), 3}, {no(403, "policy"), 3},
		{no(404, "not-yours"), 4}, {no(409, "exists"), 5}, {no(410, "expired"), 5}, {no(409, "waiting"), 6}, {no(429, "too-many"), 1},
		{no(503, "stale"), 1}, {stead.E(stead.Invalid, "", "x"), 2}, {stead.E(stead.Refused, "", "x"), 3},
	} {
		if got := codeOf(row.err); got != row.code {
			t.Errorf("%v: %d, want %d", row.err, got, row.code)
		}
	}
}

// What to do next names what can be done: a refusal that is no decision has no why.
func TestNext(t *testing.T) {
	for want, p := range map[string]admin.Problem{
		"stead why dec_1":                      {DecisionID: "dec_1"},
		"ask maya":                             {Hint: "ask maya"},
		"stead audit search --outcome refused": {},
	} {
		p.ReasonCode = "policy"
		if got := (&problem{&p}).next(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestFollow(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept"), "text/event-stream") || r.Header.Get("User-Agent") != agent {
			t.Errorf("%v", r.Header)
		}
		_, _ = io.WriteString(w, ": open\n\nid: 3\nevent: mandate.started\ndata: {\"index\":2,\"kind\":\"mandate.started\",\"actor\":{\"id\":\"prn_a\"}}\n\n")
	}))
	defer server.Close()
	e, out, _ := testEnv(t)
	e.addr = server.URL
	c, err := e.client()
	if err != nil {
		t.Fatal(err)
	}
	err = e.follow(t.Context(), c, admin.ListEventsQuery{})
	if codeOf(err) != exitUnreachable || !strings.Contains(out.String(), "mandate.started") || !strings.Contains(out.String(), "prn_a") {
		t.Errorf("%v %s", err, out)
	}
}

func TestProgressSpeaksUpAfterTwoSeconds(t *testing.T) {
	e, _, talk := testEnv(t)
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	e.now = func() time.Time { return now }
	p := e.progress("verified")
	p.at(10, 100, "events")
	if talk.Len() > 0 {
		t.Errorf("it speaks at once: %s", talk)
	}
	now = now.Add(3 * time.Second)
	p.at(30, 100, "events")
	p.at(31, 100, "events")
	now = now.Add(10 * time.Second)
	p.at(90, 100, "events")
	p.done()
	want := "verified 30 events, 10 a second, 30%, 7s left\nverified 90 events, 7 a second, 90%, 1s left\n"
	if talk.String() != want {
		t.Errorf("%q, want %q", talk, want)
	}
}

// Programs are told on stderr, in objects.
func TestProgressForPrograms(t *testing.T) {
	e, _, talk := testEnv(t)
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	e.now, e.format = func() time.Time { return now }, "json"
	p := e.progress("Making the report:")
	now = now.Add(3 * time.Second)
	p.at(30, 100, "events")
	p.at(31, 100, "events")
	p.done()
	if want := `{"done":30,"of":100,"per_second":10,"progress":"Making the report","unit":"events"}` + "\n"; talk.String() != want {
		t.Errorf("%q, want %q", talk, want)
	}
}

// A report that takes its time is asked for until it is made.
func TestReportIsAwaited(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; r.Header.Get("Prefer") != "respond-async" {
			t.Errorf("%v", r.Header)
		}
		if asked < 3 {
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, `{"events":100,"progress":0.25,"began":"2026-03-02T12:00:00Z"}`)
			return
		}
		_, _ = io.WriteString(w, "the file")
	}))
	defer server.Close()
	e, _, talk := testEnv(t)
	e.addr = server.URL
	now := time.Now()
	e.now = func() time.Time { now = now.Add(3 * time.Second); return now }
	c, err := e.client()
	if err != nil {
		t.Fatal(err)
	}
	_, file, err := e.awaitReport(t.Context(), c, "acting-by-app", admin.MakeReportQuery{})
	if err != nil || string(file) != "the file" || asked != 3 || !strings.Contains(talk.String(), "Making the report: 100 events") || !strings.Contains(talk.String(), "25%") {
		t.Errorf("%q after %d times, %v: %s", file, asked, err, talk)
	}
}

// L4: a token is kept for its owner alone, and shown to no other server.
func TestProfile(t *testing.T) {
	e, _, _ := testEnv(t)
	if err := e.keep("work", func(p *profile) {
		*p = profile{Addr: "https://a.test", Token: "stp_secret", Checkpoint: "a\nb\n\n— c\n"}
	}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(e.getenv("STEAD_CONFIG_DIR"), "profiles.yaml"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	_, p, err := e.here()
	if err != nil || p.Token != "stp_secret" || p.Checkpoint != "a\nb\n\n— c\n" {
		t.Errorf("%+v %v", p, err)
	}
	e.addr = "https://b.test"
	if _, p, err = e.here(); err != nil || p.Token != "" || p.Addr != "https://b.test" {
		t.Errorf("the token goes to another server: %+v %v", p, err)
	}
}

func TestWarnsOfPlainHTTP(t *testing.T) {
	for addr, warned := range map[string]bool{"http://stead.example.com": true, "http://127.0.0.1:1": false, "https://stead.example.com": false} {
		e, _, talk := testEnv(t)
		e.addr = addr
		if _, err := e.client(); err != nil || strings.Contains(talk.String(), "not encrypted") != warned {
			t.Errorf("%s: %v %s", addr, err, talk)
		}
	}
}

// A list is a line of JSON for each row; what is no list is one line.
func TestLines(t *testing.T) {
	type row struct {
		N int `json:"n"`
	}
	for _, c := range []struct {
		data any
		want string
	}{
		{many{map[string]any{"rows": 2}, []row{{1}, {2}}}, "{\"n\":1}\n{\"n\":2}\n"}, {many{nil, []row{}}, ""}, {[]row{{3}}, "{\"n\":3}\n"}, {row{4}, "{\"n\":4}\n"},
	} {
		e, out, _ := testEnv(t)
		e.format = "jsonl"
		if err := e.print(c.data, nil); err != nil || out.String() != c.want {
			t.Errorf("%+v: %q %v", c.data, out, err)
		}
	}
	e, out, _ := testEnv(t)
	e.format = "json"
	if err := e.print(many{row{5}, []row{{6}}}, nil); err != nil || out.String() != "{\n  \"n\": 5\n}\n" {
		t.Errorf("the whole: %q %v", out, err)
	}
}

// What is typed again is never cut: where the columns do not fit, each cell has a line, and long text is broken.
func TestBlocks(t *testing.T) {
	tab := &table{columns: []string{"id", "state", "until", "mode", "reason"}}
	id := "man_" + strings.Repeat("x", 26)
	tab.row(id, "active", "2026-03-02 12:00:00", "read-only", "a rather long reason that says why somebody wants this")
	tab.row(id, "asked", "", "edit", "b")
	for most, want := range map[int]string{
		200: "ID                              STATE", 82: "ID                              STATE",
		40: "id      " + id + "\nstate   active\nuntil   2026-03-02 12:00:00\nmode    read-only\nreason  a rather long reason that says\n        why somebody wants this\n\nid      " + id + "\nstate   asked\nmode    edit\nreason  b\n",
	} {
		var b bytes.Buffer
		tab.write(&b, most)
		if !strings.HasPrefix(b.String(), want) || strings.Count(b.String(), id) != 2 {
			t.Errorf("at %d:\n%s", most, b.String())
		}
	}
	pairs := &table{}
	pairs.row("reason", "a rather long reason that says why")
	pairs.row("  +", "    kept as it is")
	var b bytes.Buffer
	if pairs.write(&b, 30); b.String() != "reason  a rather long reason\n        that says why\n  +         kept as it is\n" {
		t.Errorf("%q", b.String())
	}
}
