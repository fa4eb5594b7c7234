package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/steadhq/stead/internal/web"
)

// Trailers go both ways. No reserved name comes in by one, under any spelling, announced or not; none that steers or
// proves does, either way (S-I25).
func TestTrailers(t *testing.T) {
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Trailer", "X-Sum, Stead-Acting, Set-Cookie")
		w.Header().Set("X-Got", fmt.Sprintf("%q", r.Trailer["X-Check"]))
		for name := range r.Trailer {
			if name != "X-Check" {
				w.Header().Add("X-Bad", name)
			}
		}
		if r.URL.Path == "/look/flushed" {
			_, _ = io.WriteString(w, "body")
			_ = http.NewResponseController(w).Flush()
		}
		_, _ = io.WriteString(w, "body")
		w.Header().Set("X-Sum", "42")
		w.Header().Set("Stead-Acting", "man_forged")
		w.Header().Set("Set-Cookie", "a=b")
		w.Header().Set(http.TrailerPrefix+"Clear-Site-Data", `"cookies"`)
		w.Header().Set(http.TrailerPrefix+"X-Late", "7")
	})
	g := newGate(t, app, echo)
	for who, v := range map[string]*visitor{"own": g.enter("customers/dana"), "acting": g.acting()} {
		for _, path := range []string{"/look/a", "/look/flushed"} {
			res, body := trailing(t, v, "GET "+path, "")
			if res.StatusCode != http.StatusOK || !strings.Contains(body, "body") || res.Header.Get("X-Sum") != "" {
				t.Errorf("%s %s: %s %q, in the head %q", who, path, res.Status, body, res.Header.Get("X-Sum"))
			}
			if res.Trailer.Get("X-Sum") != "42" || res.Trailer.Get("X-Late") != "7" {
				t.Errorf("%s %s: trailers %v", who, path, res.Trailer)
			}
			for name := range res.Trailer {
				if f := web.FoldHeader(name); f == "steadacting" || f == "setcookie" || f == "clearsitedata" {
					t.Errorf("%s %s: the trailer %s came through", who, path, name)
				}
			}
		}
	}
	v := newGate(t, app, echo).edits()
	forged := []string{"X-Stead-Actor", "x_stead.actor", "Remote-User", "REMOTE_USER", "SM_USER", "Authorization", "Cookie", "X-Forwarded-For", "Content_Length"}
	var names, lines strings.Builder
	for _, name := range forged {
		fmt.Fprintf(&names, ", %s", name)
		fmt.Fprintf(&lines, "%s: evil\r\n", name)
	}
	for _, announced := range []string{"X-Check", "X-Check" + names.String()} {
		res, _ := trailing(t, v, "POST /change", "Trailer: "+announced+"\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Check: ok\r\n"+lines.String()+"\r\n")
		if got := res.Header.Get("X-Got"); got != `["ok"]` || len(res.Header["X-Bad"]) > 0 {
			t.Errorf("announced %q: the application got %s and %q", announced, got, res.Header["X-Bad"])
		}
	}
	// Not announced, not sent on.
	res, _ := trailing(t, v, "POST /change", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Check: ok\r\n"+lines.String()+"\r\n")
	if got := res.Header.Get("X-Got"); got != "[]" || len(res.Header["X-Bad"]) > 0 {
		t.Errorf("not announced: the application got %s and %q", got, res.Header["X-Bad"])
	}
}

// trailing sends one request and reads its answer to the end, trailers too.
func trailing(t *testing.T, v *visitor, line, rest string) (*http.Response, string) {
	t.Helper()
	if rest == "" {
		rest = "\r\n"
	}
	c := v.dial(t, line+" HTTP/1.1\r\nTE: trailers\r\n"+rest)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// The same over HTTP/2 with its trailers.
func TestTrailersOverHTTP2(t *testing.T) {
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum, Stead-Acting")
		_, _ = io.Copy(w, r.Body)
		w.Header().Set("X-Sum", strings.Join(r.Trailer["X-Check"], "")+fmt.Sprint(len(r.Trailer)))
		w.Header().Set("Stead-Acting", "man_forged")
	})
	g := newGate(t, app, echo)
	v := g.edits()
	front := g.overTLS(t)
	r, err := http.NewRequest("POST", front.URL+"/change", io.NopCloser(strings.NewReader("body")))
	if err != nil {
		t.Fatal(err)
	}
	r.Host, r.ContentLength = g.addr, -1
	r.Header.Set("User-Agent", agent)
	r.AddCookie(&http.Cookie{Name: g.gw.Cookie.Name, Value: v.cookie})
	r.Trailer = http.Header{"X-Check": {"ok"}, "X_stead_actor": {"root"}, "Remote_user": {"root"}}
	res, err := front.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || string(body) != "body" || res.ProtoMajor != 2 {
		t.Fatalf("%s by HTTP/%d: %q %v", res.Status, res.ProtoMajor, body, err)
	}
	if len(res.Trailer) != 1 || res.Trailer.Get("X-Sum") != "ok1" {
		t.Errorf("trailers %v", res.Trailer)
	}
}
