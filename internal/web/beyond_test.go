package web

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What is nowhere has the guard and the shape of every other answer.
func TestBeyond(t *testing.T) {
	mux, d := http.NewServeMux(), Door{Log: slog.New(slog.DiscardHandler)}
	mux.Handle("POST /here", d.Serve(func(http.ResponseWriter, *http.Request) error { return nil }))
	for _, c := range []struct {
		method, path, accept string
		status               int
		allow, has           string
	}{
		{"POST", "/here", "", 200, "", ""},
		{"GET", "/here", "", 405, "POST", `"reason_code":"bad-request"`},
		{"GET", "/nowhere", "", 404, "", `"status":404`},
		{"GET", "/nowhere", "text/html", 404, "", "<!doctype html>"},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(c.method, c.path, nil)
		r.Header.Set("Accept", c.accept)
		d.Beyond(mux).ServeHTTP(w, r)
		if w.Code != c.status || w.Header().Get("Allow") != c.allow || !strings.Contains(w.Body.String(), c.has) {
			t.Errorf("%s %s: %d %q\n%s", c.method, c.path, w.Code, w.Header().Get("Allow"), w.Body)
		}
		if w.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%s %s has no guard", c.method, c.path)
		}
	}
}
