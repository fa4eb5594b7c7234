package web

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/steadhq/stead"
)

// CrossSite refuses unsafe requests that another site's page sent (B4). Requests with neither Origin nor
// Sec-Fetch-Site come from no browser, so nobody was tricked into them.
type CrossSite struct {
	Trusted []string // origins beside the request's own, such as "https://stead.example.com"
}

// Check refuses r if it came from elsewhere. Safe methods always pass: they change nothing.
func (c CrossSite) Check(r *http.Request) error {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	if err := c.judge(r); err != nil {
		return unheard{err}
	}
	return nil
}

func (c CrossSite) judge(r *http.Request) error {
	origins, site := r.Header["Origin"], r.Header["Sec-Fetch-Site"]
	if len(origins) > 1 || len(site) > 1 {
		return bad("Origin or Sec-Fetch-Site is given twice")
	}
	if len(origins) == 1 && slices.Contains(c.Trusted, origins[0]) {
		return nil
	}
	// The standard library judges what the browser vouches for. Its rule on Origin compares no scheme and is not
	// asked after "none", so ours follows.
	if len(site) == 1 && http.NewCrossOriginProtection().Check(r) != nil {
		return crossSite()
	}
	if len(origins) == 0 || c.own(r, origins[0]) {
		return nil
	}
	// A page that sends no referrer posts to itself with Origin null; the browser still vouches for the site.
	if origins[0] == "null" && r.Header.Get("Sec-Fetch-Site") == "same-origin" {
		return nil
	}
	return crossSite()
}

func (c CrossSite) own(r *http.Request, origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
		return false
	}
	scheme := ClientOf(r).Scheme()
	if r.TLS != nil {
		scheme = "https"
	}
	return u.Scheme == scheme && FoldHost(scheme, u.Host) == FoldHost(scheme, r.Host)
}

func crossSite() error {
	return stead.E(stead.Refused, stead.ReasonCrossSite, "another site sent this request: open the page here and press the button yourself")
}

// Before refuses with refuse what Check refuses, and gives the rest to next.
func (c CrossSite) Before(next http.Handler, refuse func(http.ResponseWriter, *http.Request, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := c.Check(r); err != nil {
			refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}
