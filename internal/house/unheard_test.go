package house

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A notebook is what was written of refusals.
type notebook struct{ all []authority.Unheard }

func (n *notebook) write(u authority.Unheard, _ error) { n.all = append(n.all, u) }

func (n *notebook) sum() (events int, refused uint64) {
	for _, u := range n.all {
		if u.Method != "" {
			refused++
		}
		refused += u.Suppressed
	}
	return len(n.all), refused
}

// front is a door behind which nothing is reached, and the clock of its limit.
func front(n *notebook, now *time.Time) http.Handler {
	u := &unheard{web.Limiter{Every: unheardEach, Burst: unheardBurst, Max: unheardFrom, Now: func() time.Time { return *now }}, n.write}
	door := web.Door{Unheard: u.refused}
	f := web.Front{Reserved: web.NewNames(), Refuse: door.Refuse, NewID: func() string { return "req_1" }}
	return f.Before(web.CrossSite{}.Before(door.Serve(func(_ http.ResponseWriter, r *http.Request) error {
		if r.URL.Path == "/tell" {
			u.tell()
		}
		return stead.E(stead.Refused, stead.ReasonPolicy, "a no of a verb, which records it itself")
	}), door.Refuse))
}

func send(h http.Handler, from, method, target string, head ...string) {
	r := httptest.NewRequestWithContext(context.Background(), method, "/", nil)
	r.RequestURI, r.RemoteAddr = target, from
	if u, err := r.URL.Parse(target); err == nil {
		r.URL = u
	}
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	h.ServeHTTP(httptest.NewRecorder(), r)
}

const here = "192.0.2.1:4711"

// Whoever floods is recorded a few times; how often besides stands in the next event, or in one of its own.
func TestUnheardIsLimited(t *testing.T) {
	now, n := time.Now(), &notebook{}
	h := front(n, &now)
	flood := func(times int) {
		for range times {
			send(h, here, "POST", "/a", "Sec-Fetch-Site", "cross-site")
		}
	}
	if flood(5000); len(n.all) != unheardBurst {
		t.Fatalf("%d events", len(n.all))
	}
	send(h, "192.0.2.2:1", "TRACE", "/a")
	if len(n.all) != unheardBurst+1 {
		t.Error("one address hides another")
	}
	now = now.Add(unheardEach)
	if flood(1); n.all[len(n.all)-1].Suppressed != 5000-unheardBurst {
		t.Errorf("%+v", n.all[len(n.all)-1])
	}
	flood(7)
	send(h, here, "GET", "/tell")
	if last := n.all[len(n.all)-1]; last.Suppressed != 7 || last.Address != "192.0.2.1" || last.Method != "" {
		t.Errorf("%+v", last)
	}
	send(h, here, "GET", "/tell")
	if events, refused := n.sum(); events != unheardBurst+3 || refused != 5009 {
		t.Errorf("%d events tell of %d", events, refused)
	}
}

// A flood from everywhere is bounded too, in events and in memory, and none of it is lost to the count (J6).
func TestUnheardIsBounded(t *testing.T) {
	now, n := time.Now(), &notebook{}
	h := front(n, &now)
	for i := range 50_000 {
		send(h, fmt.Sprintf("[2001:db8:%x:%x::%x]:1", i>>8, i&0xff, i), "TRACE", "/a")
	}
	if most := unheardFrom + unheardBurst; len(n.all) > most {
		t.Errorf("%d events, at most %d", len(n.all), most)
	}
	send(h, here, "GET", "/tell")
	if _, refused := n.sum(); refused != 50_000 {
		t.Errorf("%d of 50000 are told", refused)
	}
	if len(n.all) > 2*unheardFrom {
		t.Errorf("%d events", len(n.all))
	}
}

// One household has as many addresses as it likes, and no more events for that.
func TestUnheardOfAHousehold(t *testing.T) {
	now, n := time.Now(), &notebook{}
	h := front(n, &now)
	for i := range 5000 {
		send(h, fmt.Sprintf("[2001:db8::%x]:1", i), "TRACE", "/a")
	}
	if len(n.all) != unheardBurst || n.all[0].Address != "2001:db8::" {
		t.Errorf("%d events, the first from %q", len(n.all), n.all[0].Address)
	}
}

// What a stranger writes is short, visible, and without anything that may be a secret.
func TestUnheardIsSafe(t *testing.T) {
	long := strings.Repeat("a", 5000)
	for _, c := range []struct{ method, target, head, value, path string }{
		{"TRACE", "/a?token=secret", "", "", "/a"},
		{"TRACE", "/a%3ftoken=secret", "", "", "/a"},
		{"TRACE", "/a%25253Ftoken=secret", "", "", "/a"},
		{"TRACE", "/a;token=secret", "", "", "/a"},
		{"TRACE", "/a%23secret", "", "", "/a"},
		{"GET", "http://me:secret@host/a?secret", "", "", "/a"},
		{"GET", "/%2e%2e/b", "", "", "/%2e%2e/b"},
		{"GET", "/a\x1b[31m\n\xff//", "", "", `/a\x1b[31m\n\xff//`},
		{"GET", "//" + long, "", "", "//" + long[:198]},
		{"GET", "/a", "Connection", "cookie", "/a"},
	} {
		now, n := time.Now(), &notebook{}
		send(front(n, &now), here, c.method, c.target, c.head, c.value)
		if len(n.all) != 1 || n.all[0].Path != c.path {
			t.Errorf("%s %q: %+v", c.method, c.target, n.all)
			continue
		}
		u := n.all[0]
		for _, s := range []string{u.Host, u.Method, u.Path, u.Because} {
			if strings.Contains(s, "secret") || len(s) > 900 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("%q", s)
			}
		}
	}
}

// A no of a verb has its own event and none here.
func TestUnheardOnly(t *testing.T) {
	now, n := time.Now(), &notebook{}
	h := front(n, &now)
	send(h, here, "GET", "/a")
	send(h, here, "POST", "/a", "Sec-Fetch-Site", "same-origin")
	if len(n.all) != 0 {
		t.Errorf("%+v", n.all)
	}
}
