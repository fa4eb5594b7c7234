package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// B4: what Sec-Fetch-Site says × what Origin says, for each unsafe verb; and that safe methods pass.
func TestCrossSiteMatrix(t *testing.T) {
	const absent = "-"
	sites := []string{absent, "same-origin", "same-site", "cross-site", "none", "rubbish"}
	origins := []string{absent, "http://127.0.0.1:8420", "http://evil.example", "null"}
	passes := map[[2]string]bool{
		{absent, absent}: true, {absent, origins[1]}: true, {"same-origin", absent}: true, {"same-origin", origins[1]}: true,
		{"same-origin", "null"}: true, {"none", absent}: true, {"none", origins[1]}: true,
	}
	for _, target := range []string{"/.stead/act", "/v1/mandates/m/approve", "/.stead/extend", "/.stead/end"} {
		for _, site := range sites {
			for _, origin := range origins {
				for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "PURGE", "GET", "HEAD"} {
					r := httptest.NewRequest(method, target, nil)
					r.Host = "127.0.0.1:8420"
					if site != absent {
						r.Header.Set("Sec-Fetch-Site", site)
					}
					if origin != absent {
						r.Header.Set("Origin", origin)
					}
					want := passes[[2]string{site, origin}] || method == "GET" || method == "HEAD"
					err := web.CrossSite{}.Check(r)
					if (err == nil) != want {
						t.Errorf("%s from %s, origin %s: %v", method, site, origin, err)
					}
					if err != nil && (stead.ReasonOf(err) != stead.ReasonCrossSite || web.StatusOf(err) != 403) {
						t.Errorf("%v", err)
					}
				}
			}
		}
	}
}

func TestCrossSiteOrigins(t *testing.T) {
	c := web.CrossSite{Trusted: []string{"https://stead.example"}}
	rows := []struct {
		origin, host string
		ok           bool
	}{
		{"http://shop.example", "shop.example", true}, {"http://SHOP.example:80", "shop.example", true}, {"http://shop.example", "shop.example:80", true},
		{"https://shop.example", "shop.example", false}, {"http://shop.example:81", "shop.example", false}, {"http://x.shop.example", "shop.example", false},
		{"http://shop.example.evil", "shop.example", false}, {"http://shop.example@evil", "shop.example", false}, {"http://a@shop.example", "shop.example", false},
		{"https://stead.example", "shop.example", true}, {"https://stead.example.evil", "shop.example", false}, {"", "shop.example", false},
		{"file://", "shop.example", false}, {"shop.example", "shop.example", false}, {"http://shop.example/x", "shop.example", false},
	}
	for _, row := range rows {
		r := httptest.NewRequest("POST", "/", nil)
		r.Host = row.host
		r.Header["Origin"] = []string{row.origin}
		if err := c.Check(r); (err == nil) != row.ok {
			t.Errorf("%q at %q: %v", row.origin, row.host, err)
		}
	}
	for _, name := range []string{"Origin", "Sec-Fetch-Site"} {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header[name] = []string{"same-origin", "cross-site"}
		if c.Check(r) == nil {
			t.Errorf("%s twice passes", name)
		}
	}
}

func TestCrossSiteBefore(t *testing.T) {
	called := 0
	h := web.CrossSite{}.Before(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called++ }), quietDoor().Refuse)
	r := httptest.NewRequest("POST", "/", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil))
	if w.Code != 403 || called != 1 {
		t.Errorf("%d, called %d times", w.Code, called)
	}
}
