package console_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/console"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/login"
	"github.com/steadhq/stead/internal/web"
)

// A building is a whole house with its sign-in and its pages on a port.
type building struct {
	t     *testing.T
	house *housetest.House
	url   string
}

func build(t *testing.T) *building {
	t.Helper()
	h := housetest.New(t)
	cookie := web.Cookie{Name: "stead"}
	var routes web.Routes
	in := &login.Door{Sessions: h.Authority, Hander: h.Authority, Cookie: cookie,
		Directories: []login.Directory{{ID: "staff"}, {ID: "customers"}, {ID: "partners"}}}
	in.Mount(&routes)
	pages := &console.Console{Authority: h.Authority, Cookie: cookie, Now: h.Now, Directories: []console.Directory{{ID: "staff"}, {ID: "customers"}},
		Apps: []console.App{{ID: "orders", Label: "Acme Orders", Origin: "http://orders.test"}},
		Place: func(stead.AppID, stead.MandateID) (host, origin string, err error) {
			return "orders.test", "http://orders.test", nil
		},
		Settled: func(ctx context.Context) error { return h.Store.Settled(ctx, h.Store.Head().Size) }}
	pages.Mount(&routes)
	mux, door := http.NewServeMux(), web.Door{Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Form: []string{"http://orders.test"}}
	if err := routes.Mount(mux, door); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(web.Front{NewID: func() string { return "req_1" }, Refuse: door.Refuse}.Before(web.CrossSite{}.Before(mux, door.Refuse)))
	t.Cleanup(server.Close)
	return &building{t, h, server.URL}
}

// A person sits at a browser of his own.
type person struct {
	b    *building
	http *http.Client
	last string // page
	at   string // address
	code int
}

func (b *building) enter(who string) *person {
	b.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	p := &person{b: b, http: &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host == "orders.test" {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
	directory, name, _ := strings.Cut(who, "/")
	p.post("/login", "name", name, "directory", directory, "password", housetest.Password)
	p.sees("Hello, ")
	return p
}

func (p *person) get(path string) *person { return p.send("GET", path, nil) }

func (p *person) post(path string, pairs ...string) *person {
	f := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return p.send("POST", path, f)
}

func (p *person) send(method, path string, form url.Values) *person {
	p.b.t.Helper()
	r, err := http.NewRequestWithContext(p.b.t.Context(), method, p.b.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.b.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := p.http.Do(r)
	if err != nil {
		p.b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.b.t.Fatal(err)
	}
	p.last, p.code, p.at = string(body), res.StatusCode, res.Request.URL.RequestURI()
	if to := res.Header.Get("Location"); to != "" {
		p.at = to
	}
	return p
}

func (p *person) sees(parts ...string) *person {
	p.b.t.Helper()
	for _, part := range parts {
		if !strings.Contains(p.last, part) {
			p.b.t.Fatalf("%d at %s: the page lacks %q:\n%s", p.code, p.at, part, p.last)
		}
	}
	return p
}

// The whole way of Sam, from arming to the trail, over the pages, with everything behind them real.
func TestSamActsForDana(t *testing.T) {
	b := build(t)
	sam := b.enter("staff/sam")
	sam.get("/act").sees("First make sure that it is you")
	sam.post("/act/ask", "subject", string(b.house.People["customers/dana"].ID), "app", "orders", "reason", "x").sees("Arm acting first")
	sam.post("/act/arm", "code", "000000").sees("wrong")
	sam.post("/act/arm", "code", b.house.Code("staff/sam"), "name", "dana").sees("Several are called that", "customers/dana", "partners/dana")
	sam.post("/act/ask", "name", "dana", "app", "orders", "reason", "wrong total").sees("Choose one person")
	sam.post("/act/ask", "subject", string(b.house.People["staff/root"].ID), "name", "root", "app", "orders", "reason", "wrong total", "ticket", "SUP-4711", "mode", "read-only")
	if sam.code != 403 { // C1
		t.Fatalf("for root: %d\n%s", sam.code, sam.last)
	}
	sam.post("/act/ask", "subject", string(b.house.People["customers/dana"].ID), "name", "dana", "app", "orders", "reason", "wrong total", "ticket", "SUP-4711",
		"mode", "read-only", "target", "/orders/7").sees("Ready to start", "SUP-4711")
	id := regexp.MustCompile(`man_[a-z0-9]+`).FindString(sam.at)
	sam.post("/act/" + id + "/start")
	if sam.code == 403 {
		sam.post("/act/"+id+"/start", "code", b.house.Code("staff/sam"))
	}
	if sam.code != 303 || !strings.HasPrefix(sam.at, "http://orders.test/.stead/in?code=") || !strings.Contains(sam.at, "next=%2Forders%2F7") {
		t.Fatalf("start: %d to %s\n%s", sam.code, sam.at, sam.last)
	}
	sam.get("/").sees("Sam Okafor → Dana Reyes", "End acting")
	sam.get("/acting").sees("You act for Dana Reyes", "Go to Acme Orders")
	if sam.get("/audit"); sam.code == 200 {
		t.Error("Sam reads the whole trail")
	}

	dana := b.enter("customers/dana")
	dana.get("/me").sees("Who acts as you now", "Sam Okafor → Dana Reyes", "In force")
	dana.get("/mandates/"+id).sees("wrong total", "started acting", "Revoke now")

	sam.post("/acting/extend", "reason", "not done yet").sees("Extensions left")
	sam.post("/acting/end").sees("You are yourself again", "1 start", "1 extension", "1 end")
	sam.post("/acting/end").sees("You act for nobody now")
	sam.get("/act/" + id).sees("It did not begin")

	omar := b.enter("staff/omar")
	omar.get("/audit?mandate="+id).sees("Sam Okafor → Dana Reyes", "started acting", "ended acting")
	omar.get("/mandates/"+id).sees("Sam Okafor → Dana Reyes", "got more time")
}

// acting is Sam, who acts for Dana under a mandate.
func (b *building) acting() (sam *person, id string) {
	sam = b.enter("staff/sam")
	sam.post("/act/arm", "code", b.house.Code("staff/sam"))
	sam.post("/act/ask", "subject", string(b.house.People["customers/dana"].ID), "name", "dana", "app", "orders", "reason", "wrong total", "ticket", "SUP-4711", "mode", "read-only")
	id = regexp.MustCompile(`man_[a-z0-9]+`).FindString(sam.at)
	return sam.post("/act/"+id+"/start", "code", b.house.Code("staff/sam")), id
}

// The end that comes by itself is shown, and acknowledged (R16).
func TestTheEndIsSeen(t *testing.T) {
	b := build(t)
	sam, id := b.acting()
	b.enter("customers/dana").post("/mandates/"+id+"/revoke", "reason", "not now").sees("The mandate was revoked", "revoked the mandate", "not now")
	sam.get("/acting")
	if strings.Contains(sam.last, "End acting") {
		t.Error("Sam still acts")
	}
	sam.get("/").sees("Acting has ended: Sam Okafor → Dana Reyes", "I have seen it")
	sam.post("/end/seen")
	if strings.Contains(sam.last, "I have seen it") {
		t.Error("it is not seen")
	}
}

// Who acts in one browser ends it from another, and the first one tells him (R16).
func TestEndedFromElsewhere(t *testing.T) {
	b := build(t)
	sam, id := b.acting()
	there := b.enter("staff/sam")
	there.get("/").sees("You act in another session of yours", `href="/mandates/`+id+`"`)
	there.get("/mandates/"+id).sees("End acting", `action="/mandates/`+id+`/end"`)
	if omar := b.enter("staff/omar"); omar.post("/mandates/"+id+"/end").code != 404 {
		t.Errorf("who does not act ends it: %d", omar.code)
	}
	there.post("/mandates/"+id+"/end").sees("You are yourself again", "1 end")
	there.post("/mandates/" + id + "/end").sees("It has ended already")
	sam.get("/").sees("Acting has ended: Sam Okafor → Dana Reyes", "I have seen it")
	sam.get("/end").sees(">Acting has ended</h1>", "I have seen it")
	if strings.Contains(sam.last, "yourself again") {
		t.Error("he is told that he is himself before he has seen the end")
	}
}

// A session that idled out leads to the form, and back.
func TestIdle(t *testing.T) {
	b := build(t)
	sam := b.enter("staff/sam")
	b.house.Clock.Move(time.Hour)
	if sam.get("/requests"); sam.at != "/login?next=%2Frequests" {
		t.Errorf("%d at %s", sam.code, sam.at)
	}
}
