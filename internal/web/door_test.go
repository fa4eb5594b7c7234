package web_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

func quietDoor() web.Door { return web.Door{Log: slog.New(slog.DiscardHandler)} }

func TestStatusOfErrors(t *testing.T) {
	rows := []struct {
		err    error
		status int
	}{
		{nil, 200},
		{stead.E(stead.Invalid, stead.ReasonRequest, "x"), 400},
		{stead.E(stead.Refused, stead.ReasonPolicy, "x"), 403},
		{stead.E(stead.Expired, stead.ReasonExpired, "x"), 410},
		{stead.E(stead.Missing, stead.ReasonUnknown, "x"), 404},
		{stead.E(stead.Conflict, stead.ReasonActing, "x"), 409},
		{stead.E(stead.Broken, stead.ReasonBroken, "x"), 500},
		{stead.E(stead.Broken, stead.ReasonRecord, "x"), 503},
		{stead.E(stead.Broken, stead.ReasonDoubt, "x"), 503},
		{stead.E(stead.Broken, stead.ReasonStale, "x"), 503},
		{stead.E(stead.Refused, stead.ReasonClock, "x"), 503},
		{stead.E(stead.Refused, stead.ReasonSignIn, "x"), 401},
		{stead.E(stead.Expired, stead.ReasonSessionIdle, "x"), 401},
		{stead.E(stead.Expired, stead.ReasonSessionOver, "x"), 401},
		{stead.E(stead.Refused, stead.ReasonBadProof, "x"), 401},
		{stead.E(stead.Refused, stead.ReasonOtherClient, "x"), 401},
		{stead.E(stead.Refused, stead.ReasonTooMany, "x"), 429},
		{errors.New("x"), 500},
		{stead.Because(errors.New("x"), "y"), 500},
		{fmt.Errorf("y: %w", stead.E(stead.Missing, stead.ReasonUnknown, "x")), 404},
		{web.Status(415, stead.E(stead.Invalid, stead.ReasonRequest, "x")), 415},
		{web.Explain(stead.E(stead.Refused, stead.ReasonReadOnly, "x"), "dec_1", "h"), 403},
		{&http.MaxBytesError{Limit: 1}, 413},
		{stead.E("odd", "odd", "x"), 500},
	}
	for _, row := range rows {
		if got := web.StatusOf(row.err); got != row.status {
			t.Errorf("%v: %d, want %d", row.err, got, row.status)
		}
	}
}

func TestDoorAnswers(t *testing.T) {
	secret := errors.New("dial tcp: password=hunter2")
	rows := []struct {
		name, accept string
		serve        web.Handler
		status       int
		kind         string
		has, hasNot  string
	}{
		{"fine", "", func(w http.ResponseWriter, _ *http.Request) error {
			return web.WriteJSON(w, 201, map[string]int{"a": 1})
		}, 201, "application/json", `{"a":1}`, ""},
		{"a no", "application/json", func(http.ResponseWriter, *http.Request) error {
			return web.Explain(stead.E(stead.Refused, stead.ReasonReadOnly, "not saved: this session is read-only"), "dec_9f", "ask for edit rights")
		}, 403, "application/problem+json", `"reason_code":"read-only","decision_id":"dec_9f","hint":"ask for edit rights"`, ""},
		{"a no for a browser", "text/html,application/xhtml+xml,*/*;q=0.8", func(http.ResponseWriter, *http.Request) error {
			return web.Explain(stead.E(stead.Refused, stead.ReasonReadOnly, "not saved: <script>alert(1)</script>"), "dec_9f", "ask <b>")
		}, 403, "text/html; charset=utf-8", "&lt;script&gt;alert(1)", "<script>"},
		{"not recorded", "", func(http.ResponseWriter, *http.Request) error {
			return stead.E(stead.Broken, stead.ReasonRecord, "x")
		}, 503, "application/problem+json", "nothing was done", ""},
		{"in doubt", "", func(http.ResponseWriter, *http.Request) error {
			return stead.Because(stead.E(stead.Broken, stead.ReasonDoubt, "x"), "y")
		}, 503, "application/problem+json", "It is not known whether this was done", "nothing was done"},
		{"broken tells nothing", "", func(http.ResponseWriter, *http.Request) error {
			return stead.Because(secret, "reading people of "+"acme")
		}, 500, "application/problem+json", `"reason_code":"broken"`, "hunter2"},
		{"broken tells browsers nothing", "text/html", func(http.ResponseWriter, *http.Request) error { return secret }, 500, "text/html; charset=utf-8", "Nothing was done", "hunter2"},
		{"panic", "", func(http.ResponseWriter, *http.Request) error { panic("hunter2") }, 500, "application/problem+json", `"status":500`, "hunter2"},
		{"sign in", "", func(http.ResponseWriter, *http.Request) error {
			return stead.E(stead.Refused, stead.ReasonSignIn, "sign in")
		}, 401, "application/problem+json", `"type":"/docs/reference/reasons#sign-in"`, ""},
		{"too often", "", func(http.ResponseWriter, *http.Request) error {
			return stead.E(stead.Refused, stead.ReasonTooMany, "wait")
		}, 429, "application/problem+json", `"title":"Too often"`, ""},
		{"too large", "", func(w http.ResponseWriter, r *http.Request) error {
			var v any
			return web.ReadJSON(w, r, &v)
		}, 413, "application/problem+json", `"reason_code":"bad-request"`, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/", strings.NewReader(`"`+strings.Repeat("a", 2<<20)+`"`))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Accept", row.accept)
			w := httptest.NewRecorder()
			quietDoor().Serve(row.serve).ServeHTTP(w, r)
			body := w.Body.String()
			if w.Code != row.status || w.Header().Get("Content-Type") != row.kind || !strings.Contains(body, row.has) {
				t.Errorf("%d %s\n%s", w.Code, w.Header().Get("Content-Type"), body)
			}
			if row.hasNot != "" && strings.Contains(body, row.hasNot) {
				t.Errorf("%q is in %s", row.hasNot, body)
			}
			guarded(t, w.Header())
		})
	}
}

// B5, B11: every answer of ours, the refusals too.
func guarded(t *testing.T, h http.Header) {
	t.Helper()
	for name, part := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
		"X-Content-Type-Options":  "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store",
		"Cross-Origin-Opener-Policy": "same-origin", "X-Frame-Options": "DENY",
	} {
		if h.Get(name) != part {
			t.Errorf("%s is %q", name, h.Get(name))
		}
	}
}

// S-I28: half an answer must not pass for a whole one.
func TestErrorAfterTheAnswerBeganBreaksItOff(t *testing.T) {
	for _, serve := range []web.Handler{
		func(w http.ResponseWriter, _ *http.Request) error { fmt.Fprint(w, "half"); return errors.New("x") },
		func(w http.ResponseWriter, _ *http.Request) error { fmt.Fprint(w, "half"); panic("x") },
	} {
		srv := httptest.NewServer(quietDoor().Serve(serve))
		res, err := http.Get(srv.URL)
		if err == nil {
			_, err = res.Body.Read(make([]byte, 10))
			if err == nil {
				_, err = res.Body.Read(make([]byte, 10))
			}
			res.Body.Close()
		}
		if err == nil {
			t.Error("the client takes it for whole")
		}
		srv.Close()
	}
}

func TestPrefersHTML(t *testing.T) {
	for accept, want := range map[string]bool{
		"": false, "*/*": false, "text/html": true, "application/json": false, "text/html;q=0": false, "TEXT/HTML": true,
		"text/html,application/json": true, "text/html;q=0.5,application/json": false, "application/json;q=0.5, text/html;q=0.9": true,
		"text/html;q=x": false, "text/plain": false, "text/html;level=1": true, "application/problem+json, text/html;q=0.1": false,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept", accept)
		if web.PrefersHTML(r) != want {
			t.Errorf("%q: %v", accept, !want)
		}
	}
}

func TestReadJSON(t *testing.T) {
	type want struct {
		Reason string `json:"reason"`
		N      int    `json:"n"`
		In     struct {
			A []int `json:"a"`
		} `json:"in"`
	}
	rows := []struct {
		body, kind string
		status     int
	}{
		{`{"reason":"x","n":1,"in":{"a":[1,2]}}`, "application/json", 200}, {` {"reason":"reason"} `, "application/json; charset=utf-8", 200},
		{`{"in":{"a":[]},"reason":"a"}`, "application/merge-patch+json", 200},
		{`{"reason":"x"}`, "text/plain", 415}, {`{"reason":"x"}`, "", 415},
		{`{"role":"admin"}`, "application/json", 400}, {`{"reason":"x","reason":"y"}`, "application/json", 400},
		{`{"reason":"x","Reason":"y"}`, "application/json", 400}, {`{"in":{"a":[1],"A":[2]}}`, "application/json", 400},
		{`{"reason":"x"}{"reason":"y"}`, "application/json", 400}, {`{"reason":"x"} x`, "application/json", 400}, {``, "application/json", 400},
		{`{"reason":1}`, "application/json", 400}, {`[1]`, "application/json", 400}, {`{"reason":`, "application/json", 400}, {"]", "application/json", 400},
		{strings.Repeat("[", 1_000_000), "application/json", 400},                                   // A17
		{`{"reason":"` + strings.Repeat("a", 1<<20) + `"}`, "application/json", 413},                // A17
		{strings.Repeat(`{"in":`, 1000) + `1` + strings.Repeat("}", 1000), "application/json", 400}, // A17
	}
	for _, row := range rows {
		r := httptest.NewRequest("POST", "/", strings.NewReader(row.body))
		r.Header.Set("Content-Type", row.kind)
		var v want
		if got := web.StatusOf(web.ReadJSON(httptest.NewRecorder(), r, &v)); got != row.status {
			t.Errorf("%.60s as %q: %d, want %d", row.body, row.kind, got, row.status)
		}
	}
}

// What does not fit is told in words of JSON, not of Go.
func TestReadJSONSays(t *testing.T) {
	for body, says := range map[string]string{
		`{"n":"x"}`: "n is of the type string, and a number is wanted", `{"in":{"a":1}}`: "in.a is of the type number, and an array is wanted", `[1]`: "it is of the type array, and an object is wanted",
	} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		var v struct {
			N  int `json:"n"`
			In struct {
				A []int `json:"a"`
			} `json:"in"`
		}
		if err := web.ReadJSON(httptest.NewRecorder(), r, &v); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func FuzzReadJSON(f *testing.F) {
	f.Add(`{"a":{"b":[1,"x",null]},"c":"d"}`)
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		var v any
		if web.ReadJSON(httptest.NewRecorder(), r, &v) == nil && !json.Valid([]byte(body)) {
			t.Fatalf("%q is no JSON", body)
		}
	})
}

func TestReadForm(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	for body, want := range map[string]int{"a=1&b=2": 200, "a=1&a=2": 400, "a=%zz": 400, "": 200, "a=" + strings.Repeat("x", 2<<20): 413} {
		r := httptest.NewRequest("POST", "/?a=query", strings.NewReader(body))
		r.Header.Set("Content-Type", form)
		if got := web.StatusOf(web.ReadForm(httptest.NewRecorder(), r)); got != want {
			t.Errorf("%.20q: %d, want %d", body, got, want)
		}
		if want == 200 && r.PostForm.Get("a") == "query" {
			t.Error("the query was read as the form")
		}
	}
	r := httptest.NewRequest("POST", "/", strings.NewReader("a=1"))
	r.Header.Set("Content-Type", "text/plain")
	if got := web.StatusOf(web.ReadForm(httptest.NewRecorder(), r)); got != 415 {
		t.Errorf("text/plain: %d", got)
	}
}
