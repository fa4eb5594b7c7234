package login_test

import (
	"encoding/base64"
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

	"github.com/steadhq/stead"
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
	d := &login.Door{Sessions: h.Authority, Hander: h.Authority, Cookie: web.Cookie{Name: "stead_8420"},
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

// half begins a sign-in where a code is asked for.
func half(t *testing.T, h *housetest.House) (string, authority.SignIn) {
	t.Helper()
	in := authority.SignIn{Directory: "staff", Name: "sam", Password: housetest.Password, Host: "a", Address: "127.0.0.1", Client: "firefox", App: "orders", Path: "/admin"}
	signed, err := h.SignIn(t.Context(), in)
	if stead.ReasonOf(err) != stead.ReasonSecondFactor || signed.Half == "" || signed.Secret != "" || signed.By != (authority.By{}) {
		t.Fatalf("%+v, %v", signed, err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(signed.Half)
	if err != nil || strings.Contains(string(raw), housetest.Password) {
		t.Errorf("%q, %v", raw, err)
	}
	in.Directory, in.Name, in.Password, in.Half = "", "", "", signed.Half
	return signed.Half, in
}

// Half a sign-in goes on with a code alone, where it began, for who began it, for three minutes, as long as the
// credentials are the same; and it is no one-time code, nor that one half a sign-in (B13, C3).
func TestHalf(t *testing.T) {
	h := open(t, directory.Cost{KiB: 8, Passes: 1, Lanes: 1}).house
	try := func(change func(*authority.SignIn)) (authority.Signed, error) {
		_, in := half(t, h)
		in.Code = h.Code("staff/sam")
		change(&in)
		return h.SignIn(t.Context(), in)
	}
	root, text := h.Login("staff/root", "stead.test"), "another horse"
	for name, c := range map[string]struct {
		reason stead.Reason
		change func(*authority.SignIn)
	}{
		"right":                            {stead.ReasonNone, func(*authority.SignIn) {}},
		"whatever is besides":              {stead.ReasonNone, func(in *authority.SignIn) { in.Name, in.Password = "maya", "x" }},
		"no code":                          {stead.ReasonSecondFactor, func(in *authority.SignIn) { in.Code = "" }},
		"no code, where none is asked for": {stead.ReasonSecondFactor, func(in *authority.SignIn) { in.Code, in.App, in.Path = "", "", "" }},
		"a wrong code":                     {stead.ReasonBadProof, func(in *authority.SignIn) { in.Code = "000000" }},
		"another client":                   {stead.ReasonExpired, func(in *authority.SignIn) { in.Client = "curl" }},
		"another host":                     {stead.ReasonExpired, func(in *authority.SignIn) { in.Host = "b" }},
		"another's, sealed alike": {stead.ReasonExpired, func(in *authority.SignIn) {
			code, err := h.Hand(t.Context(), h.Login("staff/sam", "a"), "a")
			if err != nil {
				t.Fatal(err)
			}
			in.Half = code
		}},
		"cut off":  {stead.ReasonExpired, func(in *authority.SignIn) { in.Half = in.Half[:40] }},
		"too late": {stead.ReasonExpired, func(*authority.SignIn) { h.Clock.Move(3 * time.Minute) }},
		"a new password": {stead.ReasonExpired, func(*authority.SignIn) {
			if _, err := h.Change(t.Context(), root, h.People["staff/sam"].ID, authority.Edit{Password: &text}); err != nil {
				t.Fatal(err)
			}
			back := housetest.Password
			if _, err := h.Change(t.Context(), root, h.People["staff/sam"].ID, authority.Edit{Password: &back}); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		h.Clock.Move(time.Minute) // past the throttle
		root = h.Login("staff/root", "stead.test")
		signed, err := try(c.change)
		if stead.ReasonOf(err) != c.reason || (signed.Secret != "") != (err == nil) || err == nil && signed.By.Principal != h.People["staff/sam"].ID {
			t.Errorf("%s: %+v, %v", name, signed, err)
		}
	}
	token, in := half(t, h)
	if _, err := h.Redeem(t.Context(), authority.Presented{Secret: token, Host: in.Host, Client: in.Client}); stead.ReasonOf(err) != stead.ReasonBadProof {
		t.Errorf("as a one-time code: %v", err)
	}
	in.Code = h.Code("staff/sam")
	if _, err := h.SignIn(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if _, err := h.SignIn(t.Context(), in); stead.ReasonOf(err) != stead.ReasonUsed {
		t.Errorf("again: %v", err)
	}
}

// Half a sign-in spares nobody the limits: those of guesses at this account from this address, nor those at the code.
func TestHalfIsThrottled(t *testing.T) {
	h := open(t, directory.Cost{KiB: 8, Passes: 1, Lanes: 1}).house
	_, in := half(t, h)
	in.Code = "000000"
	tries := 0
	for ; tries < 20; tries++ {
		if _, err := h.SignIn(t.Context(), in); stead.ReasonOf(err) == stead.ReasonTooMany {
			break
		}
	}
	password := authority.SignIn{Directory: "staff", Name: "sam", Password: "a guess", Host: in.Host, Address: in.Address}
	if _, err := h.SignIn(t.Context(), password); tries > 6 || stead.ReasonOf(err) != stead.ReasonTooMany {
		t.Errorf("%d codes were tried; then a password: %v", tries, err)
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

// C3: unknown, in another directory, disabled and wrong take one time, over the whole way, disk included.
func TestOneTimeForEveryNo(t *testing.T) {
	t.Parallel()
	f := open(t, directory.Cost{KiB: 1024, Passes: 1, Lanes: 1})
	yes := true
	if _, err := f.house.Change(t.Context(), f.house.Login("staff/root", "127.0.0.1:8420"), f.house.People["staff/tess"].ID, authority.Edit{Disabled: &yes}); err != nil {
		t.Fatal(err)
	}
	kinds := []url.Values{sam("password", "wrong horse"), sam("name", "nobody"), sam("directory", "customers"), sam("name", "tess")}
	ask := func(kind int) time.Duration {
		f.house.Clock.Move(time.Minute) // past the throttle
		begin := time.Now()
		res, _ := f.send("POST", "/login", "firefox", "", kinds[kind])
		took := time.Since(begin)
		if res.StatusCode != 401 {
			t.Fatalf("%v: %d", kinds[kind], res.StatusCode)
		}
		return took
	}
	wantAlike(t, len(kinds), ask)
}

// C3: who wants to act for somebody is not told, by word or by time, whether there is no such account or a closed one.
func TestOneTimeForNobody(t *testing.T) {
	t.Parallel()
	f := open(t, directory.Cost{KiB: 8, Passes: 1, Lanes: 1})
	yes, closed := true, f.house.People["customers/erin"].ID
	if _, err := f.house.Change(t.Context(), f.house.Login("staff/root", "127.0.0.1:8420"), closed, authority.Edit{Disabled: &yes}); err != nil {
		t.Fatal(err)
	}
	by := f.house.Login("staff/sam", "127.0.0.1:8420")
	if _, err := f.house.Arm(t.Context(), by, f.house.Code("staff/sam")); err != nil {
		t.Fatal(err)
	}
	purpose := stead.Purpose{Reason: "wrong total", Ticket: "SUP-4711"}
	for name, ask := range map[string]func(kind int) error{
		"find": func(kind int) error {
			_, err := f.house.Find(t.Context(), by, authority.Lookup{Name: []string{"erin", "eric"}[kind]})
			return err
		},
		"ask": func(kind int) error {
			_, err := f.house.Ask(t.Context(), by, authority.Ask{Subject: []stead.PrincipalID{closed, "prn_aaaaaaaaaaaaaaaaaaaaaaaaaa"}[kind], App: "orders", Purpose: purpose})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantAlike(t, 2, func(kind int) time.Duration {
				f.house.Clock.Move(20 * time.Millisecond) // as often as anybody may ask
				begin := time.Now()
				err := ask(kind)
				took := time.Since(begin)
				if err == nil || err.Error() != "nobody by that name may be acted for" {
					t.Fatalf("%d: %v", kind, err)
				}
				return took
			})
		})
	}
}

// wantAlike takes 1,000 times of each kind and compares those of the first with the others', 2,000 at once. A machine
// that is busy makes all of them slower; should it have met one kind alone, it does not do so twice.
func wantAlike(t *testing.T, kinds int, ask func(kind int) time.Duration) {
	t.Helper()
	far := make([]float64, kinds)
	for range 2 {
		took := samples(1000, kinds, ask)
		for i := 1; i < kinds; i++ {
			far[i] = distance(took[0], took[i])
		}
		if t.Logf("distances %.3f", far[1:]); slices.Max(far) <= alike {
			return
		}
	}
	t.Errorf("the times differ: distances %.3f", far[1:])
}

// samples takes n times of each kind, in an order that chance makes anew each time: whatever else the machine does, it
// does to all of them.
func samples(n, kinds int, ask func(kind int) time.Duration) [][]float64 {
	took := make([][]float64, kinds)
	for range n {
		for _, i := range mathrand.Perm(kinds) {
			took[i] = append(took[i], float64(ask(i)))
		}
	}
	return took
}

// alike is the most that two distributions of times may be apart (Kolmogorov-Smirnov). Chance alone passes 0.087 once in
// a thousand times with 1,000 samples of each.
const alike = 0.12

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
