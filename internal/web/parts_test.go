package web_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

func TestCookies(t *testing.T) {
	rows := []struct {
		cookie web.Cookie
		want   string
	}{
		{web.NewCookie("stead", "127.0.0.1:8420", false), "stead_8420=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"},
		{web.NewCookie("stead", "127.0.0.1:8420", true), "__Host-stead_8420=v; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax"},
		{web.NewCookie("stead", "stead.example.com", true), "__Host-stead=v; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax"},
		{web.NewCookie("stead", "", false), "stead=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"},
	}
	for _, row := range rows {
		w := httptest.NewRecorder()
		row.cookie.Set(w, "v", time.Minute)
		row.cookie.Clear(w)
		got := w.Header()["Set-Cookie"]
		if got[0] != row.want || !strings.Contains(got[1], "Max-Age=0") {
			t.Errorf("%q", got)
		}
	}
	c := rows[0].cookie
	for header, want := range map[string]string{"": "", "stead_8420=a": "a", "a=b; stead_8420=c": "c", "stead_8420=a; stead_8420=b": "", "stead_8421=a": ""} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", header)
		if got := c.Read(r); got != want {
			t.Errorf("%q reads %q", header, got)
		}
		c.Hide(r.Header)
		if strings.Contains(r.Header.Get("Cookie"), "stead_") || (strings.Contains(header, "a=b") && r.Header.Get("Cookie") != "a=b") {
			t.Errorf("%q leaves %q", header, r.Header.Get("Cookie"))
		}
	}
}

func TestLimiter(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := &web.Limiter{Every: 10 * time.Second, Burst: 3, Max: 100, Now: func() time.Time { return now }}
	for range 3 {
		if v := l.Take("sam"); !v.OK {
			t.Fatal("refused inside the burst")
		}
	}
	for i := range 5 {
		if v := l.Take("sam"); v.OK || v.Wait != 10*time.Second || v.Suppressed != uint64(i+1) {
			t.Fatalf("%+v", v)
		}
	}
	if v := l.Take("dana"); !v.OK {
		t.Error("one locks out another")
	}
	now = now.Add(10 * time.Second)
	if v := l.Take("sam"); !v.OK || v.Suppressed != 5 {
		t.Errorf("%+v", v)
	}
	if q := l.Suppressed(); len(q) != 0 {
		t.Errorf("told twice: %v", q)
	}
	l.Take("sam")
	if q := l.Suppressed(); q["sam"] != 1 || len(q) != 1 || l.Suppressed() != nil {
		t.Errorf("%v", q)
	}
}

// J6: a flood of names grows nothing and frees nobody who is being slowed.
func TestLimiterIsBounded(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := &web.Limiter{Every: time.Minute, Burst: 2, Max: 50, Now: func() time.Time { return now }}
	for range 3 {
		l.Take("mallory")
	}
	passed := 0
	for i := range 10_000 {
		if l.Take(fmt.Sprint("name", i)).OK {
			passed++
		}
	}
	if l.Len() > 50 || passed > 49+2 {
		t.Errorf("%d remembered, %d passed", l.Len(), passed)
	}
	if l.Take("mallory").OK {
		t.Error("the flood freed mallory")
	}
	if q := l.Suppressed(); len(q) > 51 || q[""] < 9_000 {
		t.Errorf("%d counted by name, %d together", len(q), q[""])
	}
	now = now.Add(time.Hour)
	if v := l.Take("dana"); !v.OK || l.Len() > 50 {
		t.Error("no room is made when all is quiet again")
	}
}

// S-I29, L1: a route without a policy tag does not start.
func TestRoutes(t *testing.T) {
	fine := func(w http.ResponseWriter, _ *http.Request) error { fmt.Fprint(w, "fine"); return nil }
	rows := []struct {
		name string
		add  func(*web.Routes)
		err  string
	}{
		{"fine", func(r *web.Routes) { r.Add("GET /a", web.Public, fine); r.Add("POST /a", web.Admin, fine) }, ""},
		{"no tag", func(r *web.Routes) { r.Add("GET /a", "", fine) }, "no policy tag"},
		{"unknown tag", func(r *web.Routes) { r.Add("GET /a", "everybody", fine) }, "no policy tag"},
		{"no method", func(r *web.Routes) { r.Add("/a", web.Public, fine) }, "names no method"},
		{"no handler", func(r *web.Routes) { r.Add("GET /a", web.Public, nil) }, "serves nothing"},
		{"conflict", func(r *web.Routes) { r.Add("GET /{a}/b", web.Public, fine); r.Add("GET /a/{b}", web.Public, fine) }, "conflicts"},
		{"twice", func(r *web.Routes) { r.Add("GET /a", web.Public, fine); r.Add("GET /a", web.Public, fine) }, "conflicts"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var routes web.Routes
			row.add(&routes)
			err := routes.Mount(http.NewServeMux(), quietDoor())
			if (row.err == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), row.err)) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestRoutesAreAdmitted(t *testing.T) {
	routes := web.Routes{Admit: func(_ *http.Request, tag web.Tag) error {
		if tag != web.Public {
			return stead.E(stead.Refused, stead.ReasonSignIn, "sign in")
		}
		return nil
	}}
	for _, tag := range web.Tags() {
		routes.Add("GET /"+string(tag), tag, func(w http.ResponseWriter, _ *http.Request) error { fmt.Fprint(w, "in"); return nil })
	}
	mux := http.NewServeMux()
	if err := routes.Mount(mux, quietDoor()); err != nil {
		t.Fatal(err)
	}
	for _, route := range routes.List() {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", "/"+string(route.Tag), nil))
		if (route.Tag == web.Public) != (w.Code == 200) || (w.Code != 200 && w.Code != 401) {
			t.Errorf("%s: %d", route.Tag, w.Code)
		}
	}
}

func TestStatic(t *testing.T) {
	h := quietDoor().Serve(web.Static)
	rows := map[string]int{"stead.css": 200, "stead.svg": 200, "none.css": 404, "": 404, "x/stead.css": 404}
	for name, want := range rows {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", web.StaticPath+name, nil))
		if w.Code != want {
			t.Errorf("%q: %d", name, w.Code)
		}
		if want != 200 {
			continue
		}
		r := httptest.NewRequest("GET", web.StaticPath+name, nil)
		r.Header.Set("If-None-Match", w.Header().Get("Etag"))
		again := httptest.NewRecorder()
		h.ServeHTTP(again, r)
		if again.Code != 304 || again.Body.Len() != 0 {
			t.Errorf("%q again: %d", name, again.Code)
		}
	}
}

// B11: whatever stands in a field, a name or a cell, it stays text; and our pages need no script and no inline style.
func TestPagesEscape(t *testing.T) {
	const evil = `"'><script>alert(1)</script><img src=x onerror=alert(1)>`
	page := web.Page(web.Shell{Title: evil, Lead: evil, Who: evil, Foot: evil, Nav: []web.Link{{Text: evil, Href: "javascript:alert(1)", Here: true}}})
	var b bytes.Buffer
	for _, c := range []func() error{
		func() error { return page.Render(t.Context(), &b) },
		func() error {
			return web.Field(web.FieldSpec{Name: evil, Label: evil, Value: evil, Hint: evil, Error: evil, Autocomplete: evil}).Render(t.Context(), &b)
		},
		func() error {
			return web.Field(web.FieldSpec{Name: "a", Label: "A", Kind: "textarea", Value: evil}).Render(t.Context(), &b)
		},
		func() error {
			return web.Field(web.FieldSpec{Name: "a", Label: "A", Kind: "select", Options: []web.Option{{Value: evil, Text: evil, Chosen: true}}}).Render(t.Context(), &b)
		},
		func() error { return web.Button(web.Main, evil, evil, evil).Render(t.Context(), &b) },
		func() error { return web.Notice(web.Warning, evil).Render(t.Context(), &b) },
		func() error { return web.Table(evil, []string{evil}, [][]string{{evil}}).Render(t.Context(), &b) },
		func() error { return web.Facts([][2]string{{evil, evil}}).Render(t.Context(), &b) },
	} {
		if err := c(); err != nil {
			t.Fatal(err)
		}
	}
	for _, never := range []string{"<script", "<img src=x", "javascript:", " style=", "<style", " onerror=alert(1)>\""} {
		if strings.Contains(b.String(), never) {
			t.Errorf("%q is in the page", never)
		}
	}
}
