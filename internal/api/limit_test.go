package api

import (
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A session that asks too much is told so, and for how long; every answer tells how much is left.
func TestRateLimit(t *testing.T) {
	now := noon
	r := newRig(t, func(a *API) {
		a.Limit = &web.Limiter{Every: 10 * time.Second, Burst: 3, Max: 10, Now: func() time.Time { return now }}
	})
	for _, left := range []string{`"session";r=2;t=10`, `"session";r=1;t=20`, `"session";r=0;t=30`} {
		w := r.do("GET", "/v1/whoami", "stp_sam", "")
		if h := w.Header(); w.Code != 200 || h.Get("RateLimit-Policy") != `"session";q=3;w=30` || h.Get("RateLimit") != left {
			t.Errorf("%d %v, want %s", w.Code, h, left)
		}
	}
	r.desk.asked = nil
	w := r.do("POST", "/v1/mandates/man_1/end", "stp_sam", "")
	if h := w.Header(); w.Code != 429 || h.Get("Retry-After") != "10" || !strings.Contains(h.Get("RateLimit"), "r=0") || len(r.desk.asked) > 0 {
		t.Errorf("%d %v after %v", w.Code, h, r.desk.asked)
	}
	if !strings.Contains(w.Body.String(), `"reason_code":"too-many"`) {
		t.Errorf("%s", w.Body)
	}
	now = now.Add(10 * time.Second)
	if w := r.do("GET", "/v1/whoami", "stp_sam", ""); w.Code != 200 {
		t.Errorf("later: %d", w.Code)
	}
	if w := r.do("GET", "/openapi.json", "", ""); w.Code != 200 || w.Header().Get("RateLimit") != "" {
		t.Errorf("who is not signed in: %d %v", w.Code, w.Header())
	}
}

// Who guesses too fast is told how long to wait.
func TestRetryAfter(t *testing.T) {
	r := newRig(t)
	r.desk.err = authority.TooMany(30*time.Second, "too many attempts from here")
	w := r.do("POST", "/v1/login", "", `{"name":"sam","password":"right"}`)
	if w.Code != 429 || w.Header().Get("Retry-After") != "30" || !strings.Contains(w.Body.String(), `"hint":"wait`) {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	r.desk.err = stead.E(stead.Refused, stead.ReasonTooMany, "too many")
	if w := r.do("POST", "/v1/login", "", `{"name":"sam","password":"right"}`); w.Code != 429 || w.Header().Get("Retry-After") != "10" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}
