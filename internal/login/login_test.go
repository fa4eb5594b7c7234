package login

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// desk stands for the authority: Sam has a password, Omar a code besides.
type desk struct {
	asked []string
	no    map[string]error
}

func (d *desk) note(verb string, args ...any) error {
	d.asked = append(d.asked, strings.TrimSpace(verb+" "+strings.TrimSuffix(fmt.Sprintln(args...), "\n")))
	return d.no[verb]
}

func wrong() error {
	return stead.E(stead.Refused, stead.ReasonBadProof, "name, directory, password or code is wrong")
}

func (d *desk) SignIn(_ context.Context, in authority.SignIn) (authority.Signed, error) {
	if err := d.note("sign-in", in.Directory, in.Name, in.Password, in.Half, in.Code, in.App, in.Path); err != nil {
		return authority.Signed{}, err
	}
	switch in.Half {
	case "":
	case "omar, halfway":
		in.Directory, in.Name, in.Password = "staff", "omar", "secret"
	default:
		return authority.Signed{}, stead.E(stead.Expired, stead.ReasonExpired, "that took too long: begin again")
	}
	by := authority.By{Session: "ses_new", Principal: stead.PrincipalID("prn_" + in.Name), Host: in.Host, Client: in.Client}
	switch {
	case in.Name == "sam" && in.Password == "secret" && in.Directory == "staff":
	case in.Name == "omar" && in.Password == "secret" && in.Code == "":
		return authority.Signed{Half: "omar, halfway"}, stead.E(stead.Refused, stead.ReasonSecondFactor, "give the code of your second factor")
	case in.Name == "omar" && in.Password == "secret" && in.Code == "123456":
	case in.Name == "omar" && in.Password == "secret" && in.Code == "111111":
		return authority.Signed{}, stead.E(stead.Conflict, stead.ReasonUsed, "this was used before")
	default:
		return authority.Signed{}, wrong()
	}
	return authority.Signed{By: by, Secret: "stp_new"}, nil
}

func (d *desk) Present(_ context.Context, p authority.Presented) (authority.By, error) {
	if p.Secret != "stp_old" {
		return authority.By{}, stead.E(stead.Refused, stead.ReasonSignIn, "sign in first")
	}
	return authority.By{Session: "ses_old", Principal: "prn_sam", Host: p.Host, Client: p.Client}, d.no["present"]
}

func (d *desk) StepUp(_ context.Context, by authority.By, code string) (authority.Signed, error) {
	return authority.Signed{By: by, Secret: "stp_new"}, d.note("step-up", code)
}

func (d *desk) SignOut(_ context.Context, by authority.By) error {
	return d.note("sign-out", by.Session)
}

func (d *desk) Hand(_ context.Context, by authority.By, host string) (string, error) {
	return "one-time", d.note("hand", by.Session, host)
}

type bench struct {
	desk *desk
	door *Door
	web  http.Handler
}

func set(t testing.TB) *bench {
	t.Helper()
	b := &bench{desk: &desk{no: map[string]error{}}}
	b.door = &Door{Sessions: b.desk, Hander: b.desk, Cookie: web.Cookie{Name: "stead_8420"},
		Directories: []Directory{{"staff", "Staff"}, {"customers", "Customers"}},
		Places:      []Place{{Host: "127.0.0.1:8421", Origin: "http://127.0.0.1:8421", App: "orders", Label: "Acme Orders"}}}
	var routes web.Routes
	b.door.Mount(&routes)
	mux := http.NewServeMux()
	d := web.Door{Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Form: []string{"http://127.0.0.1:8421"}}
	if err := routes.Mount(mux, d); err != nil {
		t.Fatal(err)
	}
	front := web.Front{NewID: func() string { return "req_1" }, Refuse: d.Refuse}
	b.web = front.Before(web.CrossSite{}.Before(mux, d.Refuse))
	return b
}

func (b *bench) send(method, target, form, secret string) (*http.Response, string) {
	r := httptest.NewRequest(method, "http://127.0.0.1:8420"+target, strings.NewReader(form))
	r.RequestURI = target
	r.Header.Set("Accept", "text/html")
	r.Header.Set("User-Agent", "Mozilla/5.0 test")
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "http://127.0.0.1:8420")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if secret != "" {
		r.AddCookie(&http.Cookie{Name: "stead_8420", Value: secret})
	}
	return b.answer(r)
}

func (b *bench) answer(r *http.Request) (*http.Response, string) {
	w := httptest.NewRecorder()
	b.web.ServeHTTP(w, r)
	res := w.Result()
	body, _ := io.ReadAll(res.Body)
	return res, string(body)
}

func pass(res *http.Response) string {
	for _, k := range res.Cookies() {
		switch {
		case k.Name == "stead_8420" && k.MaxAge < 0:
			return "gone"
		case k.Name == "stead_8420" && k.HttpOnly && k.SameSite == http.SameSiteLaxMode && k.Domain == "":
			return k.Value
		}
	}
	return ""
}

const (
	app  = "http%3A%2F%2F127.0.0.1%3A8421%2Forders%2F7%3Fx%3D1"
	over = "http://127.0.0.1:8421/.stead/in?code=one-time&next=%2Forders%2F7%3Fx%3D1"
)

func TestSignIn(t *testing.T) {
	for name, c := range map[string]struct {
		method, target, form string
		old                  string // pass the browser has
		no                   map[string]error
		status               int
		to, pass, has        string
		asked                []string
	}{
		"form":                  {"GET", "/login", "", "", nil, 200, "", "", "Directory", nil},
		"form for an app":       {"GET", "/login?next=" + app, "", "", nil, 200, "", "", "to go on to Acme Orders", nil},
		"signed out":            {"GET", "/login?out=1", "", "", nil, 200, "", "", "You are signed out", nil},
		"signed in already":     {"GET", "/login?next=%2Fme", "", "stp_old", nil, 303, "/me", "", "", nil},
		"on to an app":          {"GET", "/login?next=" + app, "", "stp_old", nil, 303, over, "", "", []string{"hand ses_old 127.0.0.1:8421"}},
		"as somebody else":      {"GET", "/login?again=1", "", "stp_old", nil, 200, "", "", "Password", nil},
		"right":                 {"POST", "/login", "name=sam&directory=staff&password=secret", "", nil, 303, "/", "stp_new", "", []string{"sign-in staff sam secret"}},
		"right, to a page":      {"POST", "/login", "name=sam&directory=staff&password=secret&next=%2Fact%3Fname%3Ddana", "", nil, 303, "/act?name=dana", "stp_new", "", []string{"sign-in staff sam secret"}},
		"right, to an app":      {"POST", "/login", "name=sam&directory=staff&password=secret&next=" + app, "", nil, 303, over, "stp_new", "", []string{"sign-in staff sam secret   orders /orders/7?x=1", "hand ses_new 127.0.0.1:8421"}},
		"a planted pass":        {"POST", "/login", "name=sam&directory=staff&password=secret", "stp_planted", nil, 303, "/", "stp_new", "", []string{"sign-in staff sam secret"}},                 // B2
		"another's session":     {"POST", "/login", "name=sam&directory=staff&password=secret", "stp_old", nil, 303, "/", "stp_new", "", []string{"sign-in staff sam secret", "sign-out ses_old"}}, // B2
		"wrong password":        {"POST", "/login", "name=sam&directory=staff&password=x", "", nil, 401, "", "", "Name, directory, password or code is wrong", []string{"sign-in staff sam x"}},
		"code in one":           {"POST", "/login", "name=omar&directory=staff&password=secret&code=123456", "", nil, 303, "/", "stp_new", "", []string{"sign-in staff omar secret  123456"}},
		"too often":             {"POST", "/login", "name=sam&directory=staff&password=x", "", map[string]error{"sign-in": stead.E(stead.Refused, stead.ReasonTooMany, "wait half a minute")}, 429, "", "", "Wait half a minute", []string{"sign-in staff sam x"}},
		"our own fault":         {"POST", "/login", "name=sam&directory=staff&password=x", "", map[string]error{"sign-in": errors.New("disk")}, 500, "", "", "Nothing was done", []string{"sign-in staff sam x"}},
		"no such step":          {"POST", "/login", "step=guessed&code=123456", "", nil, 410, "", "", "begin again", []string{"sign-in    guessed 123456"}},
		"name twice":            {"POST", "/login", "name=sam&name=root&password=x", "", nil, 400, "", "", "given twice", nil},
		"sign out":              {"POST", "/logout", "", "stp_old", nil, 303, "/login?out=1", "gone", "", []string{"sign-out ses_old"}},
		"sign out, twice":       {"POST", "/logout", "", "stp_gone", nil, 303, "/login?out=1", "gone", "", nil},
		"sign out, not durable": {"POST", "/logout", "", "stp_old", map[string]error{"sign-out": errors.New("disk")}, 500, "", "", "", []string{"sign-out ses_old"}}, // R18
		"step up":               {"GET", "/step-up?next=" + app, "", "stp_old", nil, 200, "", "", "fresh proof", nil},
		"step up, nobody":       {"GET", "/step-up?next=%2Fme", "", "", nil, 303, "/login?next=%2Fstep-up%3Fnext%3D%252Fme", "", "", nil},
		"step up, right":        {"POST", "/step-up", "code=123456&next=" + app, "stp_old", nil, 303, over, "stp_new", "", []string{"step-up 123456", "hand ses_old 127.0.0.1:8421"}},
		"step up, wrong":        {"POST", "/step-up", "code=1", "stp_old", map[string]error{"step-up": wrong()}, 401, "", "", "Each code is taken once", []string{"step-up 1"}},
		"step up, too often":    {"POST", "/step-up", "code=1", "stp_old", map[string]error{"step-up": stead.E(stead.Refused, stead.ReasonTooMany, "too many wrong codes")}, 429, "", "", "Too many wrong codes", []string{"step-up 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := set(t)
			b.desk.no = c.no
			res, body := b.send(c.method, c.target, c.form, c.old)
			if res.StatusCode != c.status || res.Header.Get("Location") != c.to || pass(res) != c.pass {
				t.Fatalf("%d to %q with pass %q, want %d to %q with %q\n%s", res.StatusCode, res.Header.Get("Location"), pass(res), c.status, c.to, c.pass, body)
			}
			if !strings.Contains(body, c.has) {
				t.Errorf("the page lacks %q:\n%s", c.has, body)
			}
			if d := cmp.Diff(c.asked, b.desk.asked); d != "" {
				t.Errorf("verbs: %s", d)
			}
			if c.status == 429 && res.Header.Get("Retry-After") != "30" {
				t.Errorf("Retry-After %q", res.Header.Get("Retry-After"))
			}
			if strings.Contains(body, "secret") {
				t.Error("the password stands on the page")
			}
		})
	}
}

// The code is asked for on a page of its own, which holds no password.
func TestCodePage(t *testing.T) {
	b := set(t)
	res, body := b.send("POST", "/login", "name=omar&directory=staff&password=secret&next=%2Fme", "")
	if res.StatusCode != 403 || !strings.Contains(body, `name="step" value="omar, halfway"`) || strings.Contains(body, "secret") || pass(res) != "" {
		t.Fatalf("%d\n%s", res.StatusCode, body)
	}
	for _, c := range []struct {
		code   string
		status int
		has    string
	}{{"000000", 401, "code is wrong"}, {"111111", 409, "used before"}, {"", 403, ""}} {
		if res, body := b.send("POST", "/login", "step=omar, halfway&code="+c.code, ""); res.StatusCode != c.status || !strings.Contains(body, `value="omar, halfway"`) || !strings.Contains(body, c.has) {
			t.Errorf("code %q: %d\n%s", c.code, res.StatusCode, body)
		}
	}
	if res, _ := b.send("POST", "/login", "step=omar, halfway&code=123456&next=%2Fme", ""); res.StatusCode != 303 || pass(res) != "stp_new" || res.Header.Get("Location") != "/me" {
		t.Errorf("the right code: %d to %s", res.StatusCode, res.Header.Get("Location"))
	}
}

// No open redirect: where it leads is here or a configured application, and its own /.stead/in.
func TestNext(t *testing.T) {
	for next, want := range map[string]string{
		"": "/", "/": "/", "/act?name=dana": "/act?name=dana", "/requests/man_1": "/requests/man_1",
		"http://127.0.0.1:8421": "app /", "http://127.0.0.1:8421/orders/7?x=1#y": "app /orders/7?x=1",
		"HTTP://127.0.0.1:8421/": "app /",
		"//evil.example":         "", "//evil.example/%2f..": "", "/\\evil.example": "", "\\\\evil.example": "", "/%5cevil.example": "", "/%2f/evil.example": "",
		"http://evil.example/": "", "https://127.0.0.1:8421/": "", "http://127.0.0.1:8421@evil.example/": "", "http://user@127.0.0.1:8421/": "",
		"http://127.0.0.1:8421.evil.example/": "", "http://127.0.0.1:84210/": "", "http://127.0.0.1:8422/": "", "http://127.0.0.1/": "",
		"http:127.0.0.1:8421/": "", "http:/127.0.0.1:8421/": "", "javascript:alert(1)": "", "data:text/html,x": "", "evil.example": "", "act": "",
		"/\tevil": "", " /": "", "\n//evil.example": "", "http://127.0.0.1:8421//evil.example": "", "http://127.0.0.1:8421/\\evil": "",
		"ftp://127.0.0.1:8421/": "", "http://[::1]:8421/": "", "/a/../b": "", "/a;b": "", "/" + strings.Repeat("x", 5000): "", "http://127.0.0.1:8421:8421/": "",
	} {
		to, err := set(t).door.goal(next)
		got := to.path
		if to.place.Host != "" {
			got = "app " + to.path
		}
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v; want %q", next, got, err, want)
		}
		if want == "" {
			b := set(t)
			if res, _ := b.send("POST", "/login", "name=sam&directory=staff&password=secret&next="+url.QueryEscape(next), ""); res.StatusCode != 400 || len(b.desk.asked) > 0 {
				t.Errorf("%q: %d, asked %v", next, res.StatusCode, b.desk.asked)
			}
		}
	}
}

func FuzzNext(f *testing.F) {
	for _, s := range []string{"/act", "http://127.0.0.1:8421/x", "//evil", "http://127.0.0.1:8421\\@evil/", "/%09/evil"} {
		f.Add(s)
	}
	d := set(f).door
	f.Fuzz(func(t *testing.T, next string) {
		to, err := d.goal(next)
		if err != nil {
			return
		}
		if !strings.HasPrefix(to.path, "/") || strings.HasPrefix(to.path, "//") || strings.ContainsAny(to.path, "\\\r\n\t ") {
			t.Fatalf("%q leads to %q", next, to.path)
		}
	})
}

// C3: whatever is wrong with name, directory or password, the answer is the same but for the name typed.
func TestOneAnswer(t *testing.T) {
	var first string
	for _, form := range []string{"name=sam&directory=staff&password=x", "name=abc&directory=staff&password=secret", "name=abc&directory=nowhere&password=x", "name=&directory=staff&password="} {
		q, err := url.ParseQuery(form)
		if err != nil {
			t.Fatal(err)
		}
		res, body := set(t).send("POST", "/login", form, "")
		body = strings.ReplaceAll(body, `value="`+q.Get("name")+`"`, `value="NAME"`)
		body = strings.NewReplacer(` selected`, "", `value=""`, `value="NAME"`).Replace(body)
		seen := fmt.Sprint(res.StatusCode, res.Header, body)
		if first == "" {
			first = seen
		}
		if seen != first {
			t.Errorf("%s: %s", form, cmp.Diff(first, seen))
		}
	}
}

// Programs get the no itself, and can give everything at once.
func TestPrograms(t *testing.T) {
	for form, want := range map[string]string{
		"name=omar&directory=staff&password=secret": `"reason_code":"second-factor"`,
		"name=omar&directory=staff&password=x":      `"reason_code":"bad-proof"`,
	} {
		b := set(t)
		r := httptest.NewRequest("POST", "http://127.0.0.1:8420/login", strings.NewReader(form))
		r.RequestURI = "/login"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if res, body := b.answer(r); !strings.Contains(body, want) || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", form, res.StatusCode, body)
		}
	}
}

// S-I29, B4, B5: tags, guarded answers, and no form from another site.
func TestSweep(t *testing.T) {
	var table web.Routes
	set(t).door.Mount(&table)
	for _, route := range table.List() {
		if !slices.Contains(web.Tags(), route.Tag) {
			t.Errorf("%s has no tag", route.Pattern)
		}
		method, path, _ := strings.Cut(route.Pattern, " ")
		res, _ := set(t).send(method, path, "", "stp_old")
		if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") || res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %q", route.Pattern, csp)
		}
		if method == "GET" {
			continue
		}
		for _, site := range []string{"cross-site", "same-site", "none"} {
			for _, origin := range []string{"https://evil.example", "http://127.0.0.1:8421", "null"} {
				b := set(t)
				r := httptest.NewRequest(method, "http://127.0.0.1:8420"+path, strings.NewReader("name=sam&directory=staff&password=secret"))
				r.RequestURI = path
				r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Sec-Fetch-Site": {site}, "Origin": {origin}}
				if res, _ := b.answer(r); res.StatusCode != 403 || len(b.desk.asked) > 0 || pass(res) != "" {
					t.Errorf("%s from %s %s: %d", route.Pattern, site, origin, res.StatusCode)
				}
			}
		}
	}
}

// A picture on another site makes no one-time code.
func TestNoCodeForAPicture(t *testing.T) {
	for dest, want := range map[string]int{"": 303, "document": 303, "image": 200, "iframe": 200, "empty": 200} {
		b := set(t)
		r := httptest.NewRequest("GET", "http://127.0.0.1:8420/login?next="+app, nil)
		r.RequestURI = "/login?next=" + app
		r.Header.Set("Sec-Fetch-Dest", dest)
		r.AddCookie(&http.Cookie{Name: "stead_8420", Value: "stp_old"})
		if res, _ := b.answer(r); res.StatusCode != want || (want == 200) != (len(b.desk.asked) == 0) {
			t.Errorf("%q: %d, asked %v", dest, res.StatusCode, b.desk.asked)
		}
	}
}

type demo struct{}

func (demo) People() []DemoPerson               { return []DemoPerson{{"staff", "sam", "sam-demo", "Support"}} }
func (demo) Code(directory, name string) string { return directory + name }
func (demo) CodeOf(stead.PrincipalID) string    { return "654321" }

func TestDemo(t *testing.T) {
	b := set(t)
	b.door.Demo = demo{}
	for _, c := range []struct{ method, target, form, want string }{
		{"GET", "/login", "", "sam-demo"}, {"POST", "/login", "name=omar&directory=staff&password=secret", "would show staffomar now"}, {"GET", "/step-up", "", "would show 654321 now"},
	} {
		if _, body := b.send(c.method, c.target, c.form, "stp_"+map[bool]string{true: "old"}[c.target == "/step-up"]); !strings.Contains(body, c.want) {
			t.Errorf("%s lacks %q", c.target, c.want)
		}
	}
}

// B11: a name, a directory and an address that want to be more than text stay text.
func TestHostileText(t *testing.T) {
	for _, p := range []string{`"><script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `' autofocus onfocus=alert(1) '`, `</title><script>`, `javascript:alert(1)`} {
		_, body := set(t).send("POST", "/login", url.Values{"name": {p}, "directory": {p}, "password": {"x"}}.Encode(), "")
		if strings.Contains(body, "<script") || strings.Contains(body, "<img src=x") || strings.Contains(body, "' autofocus onfocus") {
			t.Errorf("%q stands unescaped", p)
		}
	}
}
