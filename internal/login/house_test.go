package login_test

import (
	"crypto/rand"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/directory"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/login"
	"github.com/steadhq/stead/internal/web"
)

// A front is the door before a whole house.
type front struct {
	house *housetest.House
	web   http.Handler
}

func open(t *testing.T, cost directory.Cost) *front {
	t.Helper()
	h := housetest.New(t, func(o *house.Options) { o.Cost = cost })
	d := &login.Door{Sessions: h.Authority, Hander: h.Authority, Cookie: web.Cookie{Name: "stead_8420"}, Rand: rand.Reader, Now: h.Now,
		Directories: []login.Directory{{ID: "staff"}, {ID: "customers"}}}
	var routes web.Routes
	d.Mount(&routes)
	routes.Add("GET /who", web.InSession, func(w http.ResponseWriter, r *http.Request) error {
		c := web.ClientOf(r)
		by, err := h.Present(r.Context(), authority.Presented{Secret: d.Cookie.Read(r), Host: r.Host, Client: c.Mark, Address: c.Addr.String()})
		if err != nil {
			return err
		}
		_, err = io.WriteString(w, string(by.Session))
		return err
	})
	mux, door := http.NewServeMux(), web.Door{Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if err := routes.Mount(mux, door); err != nil {
		t.Fatal(err)
	}
	return &front{h, web.Front{NewID: func() string { return "req_1" }, Refuse: door.Refuse}.Before(mux)}
}

func (f *front) send(method, target, agent, secret string, form url.Values) (*http.Response, string) {
	r := httptest.NewRequest(method, "http://127.0.0.1:8420"+target, strings.NewReader(form.Encode()))
	r.RequestURI = target
	r.Header = http.Header{"Accept": {"text/html"}, "User-Agent": {agent}, "Content-Type": {"application/x-www-form-urlencoded"}}
	if secret != "" {
		r.AddCookie(&http.Cookie{Name: "stead_8420", Value: secret})
	}
	w := httptest.NewRecorder()
	f.web.ServeHTTP(w, r)
	return w.Result(), w.Body.String()
}

func (f *front) signIn(t *testing.T, agent, secret string, form url.Values) (*http.Response, string) {
	t.Helper()
	res, _ := f.send("POST", "/login", agent, secret, form)
	for _, k := range res.Cookies() {
		return res, k.Value
	}
	return res, ""
}

func sam(more ...string) url.Values {
	f := url.Values{"name": {"sam"}, "directory": {"staff"}, "password": {housetest.Password}}
	for i := 0; i < len(more); i += 2 {
		f.Set(more[i], more[i+1])
	}
	return f
}

// B1, B2, B13: a planted pass is not taken over, an older one ends at the next sign-in, another browser's counts
// nothing, and after signing out nothing that was given out does.
func TestPassesOfAHouse(t *testing.T) {
	f := open(t, directory.Cost{KiB: 8, Passes: 1, Lanes: 1})
	res, first := f.signIn(t, "firefox", "stp_planted", sam())
	if res.StatusCode != 303 || first == "" || first == "stp_planted" {
		t.Fatalf("%d, pass %q", res.StatusCode, first)
	}
	who := func(agent, secret string) int {
		res, _ := f.send("GET", "/who", agent, secret, nil)
		return res.StatusCode
	}
	if who("firefox", first) != 200 || who("firefox", "stp_planted") != 401 || who("curl", first) != 401 || who("firefox", "") != 401 {
		t.Error("the wrong passes count")
	}
	_, second := f.signIn(t, "firefox", first, sam())
	if second == first || who("firefox", second) != 200 || who("firefox", first) != 401 {
		t.Error("the older pass lives on")
	}
	res, raised := f.send("POST", "/step-up", "firefox", second, url.Values{"code": {f.house.Code("staff/sam")}})
	if res.StatusCode != 303 || len(res.Cookies()) != 1 {
		t.Fatalf("step up: %d %s", res.StatusCode, raised)
	}
	third := res.Cookies()[0].Value
	if who("firefox", third) != 200 || who("firefox", second) != 401 {
		t.Error("the pass from before the step up lives on")
	}
	if res, _ := f.send("POST", "/logout", "firefox", third, nil); res.StatusCode != 303 {
		t.Errorf("sign out: %d", res.StatusCode)
	}
	for _, old := range []string{first, second, third} {
		if who("firefox", old) != 401 {
			t.Errorf("%s counts after signing out", old)
		}
	}
}

// A code counts once, whatever it was shown for (RFC 6238 5.2).
func TestCodeCountsOnce(t *testing.T) {
	f := open(t, directory.Cost{KiB: 8, Passes: 1, Lanes: 1})
	code := f.house.Code("staff/sam")
	if res, _ := f.signIn(t, "firefox", "", sam("code", code)); res.StatusCode != 303 {
		t.Fatalf("%d", res.StatusCode)
	}
	if res, key := f.signIn(t, "firefox", "", sam("code", code)); res.StatusCode != 409 || key != "" {
		t.Errorf("again: %d", res.StatusCode)
	}
	if res, _ := f.signIn(t, "firefox", "", sam("code", f.house.Code("staff/sam"))); res.StatusCode != 303 {
		t.Errorf("the next one: %d", res.StatusCode)
	}
}

// Who tries too often is told to wait, and somebody elsewhere is not locked out by it.
func TestThrottle(t *testing.T) {
	f := open(t, directory.Cost{KiB: 8, Passes: 1, Lanes: 1})
	last := 0
	for range 12 {
		res, _ := f.signIn(t, "firefox", "", sam("password", "guess"))
		if last = res.StatusCode; last == 429 && res.Header.Get("Retry-After") != "30" {
			t.Errorf("Retry-After %q", res.Header.Get("Retry-After"))
		}
	}
	if last != 429 {
		t.Fatalf("the twelfth guess: %d", last)
	}
	if _, err := f.house.SignIn(t.Context(), authority.SignIn{Directory: "staff", Name: "sam", Password: housetest.Password, Host: "x", Address: "192.0.2.9"}); err != nil {
		t.Errorf("Sam from elsewhere: %v", err)
	}
	f.house.Clock.Move(time.Minute)
	if res, _ := f.signIn(t, "firefox", "", sam()); res.StatusCode != 303 {
		t.Errorf("after a minute: %d", res.StatusCode)
	}
}

// C3: unknown, in another directory, disabled and wrong take one time: Kolmogorov-Smirnov over interleaved samples of
// the whole way, disk included.
func TestOneTimeForEveryNo(t *testing.T) {
	f := open(t, directory.Cost{KiB: 2048, Passes: 1, Lanes: 1})
	yes := true
	if _, err := f.house.Change(t.Context(), f.house.Login("staff/root", "127.0.0.1:8420"), f.house.People["staff/tess"].ID, authority.Edit{Disabled: &yes}); err != nil {
		t.Fatal(err)
	}
	kinds := []url.Values{sam("password", "wrong horse"), sam("name", "nobody"), sam("directory", "customers"), sam("name", "tess")}
	const samples = 150
	took := make([][]float64, len(kinds))
	for range samples {
		for _, i := range mathrand.Perm(len(kinds)) {
			f.house.Clock.Move(time.Minute) // past the throttle
			begin := time.Now()
			res, _ := f.send("POST", "/login", "firefox", "", kinds[i])
			took[i] = append(took[i], float64(time.Since(begin)))
			if res.StatusCode != 401 {
				t.Fatalf("%v: %d", kinds[i], res.StatusCode)
			}
		}
	}
	for i := 1; i < len(kinds); i++ {
		// 1.95·√(2/n) is the border for one false alarm in a thousand; machines are noisy, so twice that.
		if d := distance(took[0], took[i]); d > 0.45 {
			t.Errorf("%v: distance %.3f from a wrong password's times", kinds[i], d)
		} else {
			t.Logf("%v: distance %.3f", kinds[i], d)
		}
	}
}

// distance is the largest one between two empirical distributions.
func distance(a, b []float64) (most float64) {
	slices.Sort(a)
	slices.Sort(b)
	for i, j := 0, 0; i < len(a) && j < len(b); {
		if a[i] <= b[j] {
			i++
		} else {
			j++
		}
		d := float64(i)/float64(len(a)) - float64(j)/float64(len(b))
		most = max(most, d, -d)
	}
	return most
}
