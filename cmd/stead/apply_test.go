package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/client/admin"
)

// What takes long says how far it is; what the server calls too fast is tried again; what fails says how much was done.
func TestCarryOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out, talk bytes.Buffer
		e := &env{now: time.Now, err: &talk, out: &out, getenv: func(string) string { return "" }, format: "json"}
		fast, tries := &problem{&admin.Problem{Status: 429, Detail: "wait a moment", ReasonCode: admin.ReasonCode(stead.ReasonTooMany)}}, 0
		slow := func(context.Context) error { time.Sleep(3 * time.Second); return nil }
		p := &planner{Made: 1000, Changed: 2, steps: []planStep{{"a and 499 more", 500, slow}, {"b and 499 more", 500, slow}, {"person staff/c", 1, func(context.Context) error {
			if tries++; tries < 3 {
				return fast
			}
			return nil
		}}, {"person staff/d", 1, func(context.Context) error {
			return &problem{&admin.Problem{Status: 412, Detail: "it was changed meanwhile", ReasonCode: admin.ReasonCode(stead.ReasonChanged)}}
		}}}}
		err := e.carryOut(t.Context(), p)
		e.tell(err)
		if codeOf(err) != exitConflict || tries != 3 {
			t.Errorf("%v after %d tries", err, tries)
		}
		for _, want := range []string{`{"done":500,"of":1002,`, `"progress":"applying"`, "1001 of 1002 were done. The same again does the rest.", "stead: person staff/d: it was changed meanwhile", "next: the same again"} {
			if !strings.Contains(talk.String(), want) {
				t.Errorf("%q is not in it:\n%s", want, talk.String())
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if err := e.patient(ctx, func(context.Context) error { return fast }); reasonOf(err) != stead.ReasonTooMany {
			t.Errorf("given up: %v", err)
		}
	})
}

// A plan fits a screen of 80 columns, and one of thousands is cut there and nowhere else.
func TestShowPlan(t *testing.T) {
	var out, talk bytes.Buffer
	e := &env{out: &out, err: &talk, getenv: func(string) string { return "" }, format: "table"}
	p := &planner{Rows: []*planRow{}}
	for range 300 {
		p.row("person", "customers/somebody.with.quite.a.name@example.com", howChange, fieldChange{"shown", strings.Repeat("before ", 9), strings.Repeat("after ", 9)}, fieldChange{"email", "a", ""})
	}
	if err := e.showPlan(p); err != nil || strings.Count(out.String(), "\n") != mostRows+1 || !strings.Contains(talk.String(), "and 100 more") {
		t.Errorf("%v, %d lines, %s", err, strings.Count(out.String(), "\n"), talk.String())
	}
	narrow := &table{columns: []string{"what", "name", "how", "changes"}}
	narrow.row("person", p.Rows[0].Name, p.Rows[0].How, p.Rows[0].changes())
	out.Reset()
	narrow.write(&out, 80)
	for line := range strings.Lines(out.String()) {
		if len([]rune(strings.TrimSuffix(line, "\n"))) > 80 {
			t.Errorf("%d wide: %s", len(line), line)
		}
	}
	if got := p.Rows[0].changes(); !strings.HasSuffix(got, "email: a -> (none)") {
		t.Error(got)
	}
	e.format = "csv"
	out.Reset()
	if err := e.showPlan(p); err != nil || strings.Count(out.String(), "\n") != 301 {
		t.Errorf("%v, %d lines", err, strings.Count(out.String(), "\n"))
	}
}

// A store that cannot record so many in time may have recorded them all the same: who is there is not added twice, and the rest
// comes in smaller parts.
func TestBringInParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		there, asked := map[string]bool{}, []int{}
		e := &env{now: time.Now, err: io.Discard, getenv: func(string) string { return "" }}
		answers := func(r *http.Request) (int, string) {
			if r.Method == "GET" {
				var list []string
				for name := range there {
					list = append(list, `{"id":"x","directory":"d","account":"`+name+`"}`)
				}
				return 200, `{"people":[` + strings.Join(list, ",") + `]}`
			}
			raw, _ := io.ReadAll(r.Body)
			lines := strings.Split(strings.TrimSpace(string(raw)), "\n")[1:]
			asked = append(asked, len(lines))
			for i, line := range lines {
				name := strings.Split(line, ",")[1]
				if there[name] {
					return 409, `{"detail":"is there already","reason_code":"exists"}`
				}
				if i == 30 { // some came through, the answer did not
					return 503, `{"detail":"in time","reason_code":"in-doubt"}`
				}
				there[name] = true
			}
			return 201, `{"people":[]}`
		}
		c := &client{e: e}
		c.Client = &admin.Client{Addr: "http://stead.test", HTTP: &http.Client{Transport: answering(answers)}, No: c.explain}
		p := &planner{e: e, client: c, progress: e.progress("looking at")}
		var all []admin.EnrollIn
		for i := range 100 {
			all = append(all, admin.EnrollIn{Directory: "d", Name: "p" + number(i)})
		}
		if err := p.bring(t.Context(), all); err != nil || len(there) < 100 {
			t.Errorf("%v: %d are there", err, len(there))
		}
		if got := fmt.Sprint(asked); got != "[100 25 25 20]" {
			t.Error(got)
		}
	})
}

// answering is a server without a wire.
type answering func(*http.Request) (int, string)

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	code, body := a(r)
	return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// What is staged is staged over what was looked at, and over nothing else.
func TestStageIsTied(t *testing.T) {
	var tied []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tied = append(tied, r.Method+" "+r.URL.Path+" "+r.Header.Get("If-Match"))
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"digest":"`+strings.Repeat("a", 64)+`"}`)
	}))
	t.Cleanup(s.Close)
	p := &planner{want: &filed{}, client: &client{Client: &admin.Client{Addr: s.URL, HTTP: s.Client()}}}
	p.stage(admin.PolicyOut{Tag: "3.5", Staged: &admin.Bundle{Author: admin.Who{Directory: "staff", Account: "omar"}}},
		admin.PlanOut{Digest: strings.Repeat("a", 64), Changes: []admin.FileChange{{File: "a.cedar", How: "added", After: []string{"x"}}}}, map[string]string{"a.cedar": "x"}, nil)
	if err := p.steps[0].do(t.Context()); err != nil || len(tied) != 1 || tied[0] != `POST /v1/policy/stage "3.5"` {
		t.Errorf("%v %q", err, tied)
	}
	if got := p.Rows[0].changes(); got != "a.cedar added (+1 -0); replaces what staff/omar staged" {
		t.Error(got)
	}
}

// Things: put beside those that are there, changed, taken away with --prune alone, and never named in two files.
func TestPlanThings(t *testing.T) {
	inForce := func() map[string]string {
		return map[string]string{"a.cedar": "", appliedThings: `[{"uid":{"type":"record","id":"1"},"attrs":{"a":"b"},"parents":[]},{"uid":{"type":"record","id":"2"},"attrs":{},"parents":[]}]`,
			"entities/own.json": `[{"uid":{"type":"record","id":"own"},"attrs":{},"parents":[]}]`}
	}
	one := aThing{Type: "record", ID: "1", Attributes: map[string]any{"a": "b"}}
	for name, r := range map[string]struct {
		things []aThing
		prune  bool
		want   string
	}{
		"as it is":        {[]aThing{one}, false, ""},
		"another":         {[]aThing{one, {Type: "record", ID: "3"}}, false, "record/3 make"},
		"changed":         {[]aThing{{Type: "record", ID: "1", Attributes: map[string]any{"a": "c"}}}, false, `record/1 change`},
		"pruned":          {[]aThing{one}, true, "record/2 take away"},
		"of another file": {[]aThing{{Type: "record", ID: "own"}}, false, "record/own stands in entities/own.json"},
	} {
		files := inForce()
		rows, err := (&planner{want: &filed{things: r.things}, prune: r.prune}).things(files)
		var got []string
		for _, row := range rows {
			got = append(got, row.Name+" "+row.How)
		}
		if err != nil {
			got = append(got, err.Error())
		}
		if text := strings.Join(got, "\n"); text != r.want && (r.want == "" || !strings.Contains(text, r.want)) {
			t.Errorf("%s: %q, want %q", name, text, r.want)
		}
		if changed := files[appliedThings] != inForce()[appliedThings]; changed != (len(rows) > 0) {
			t.Errorf("%s: the file changes: %v", name, changed)
		}
	}
}
