package gateway_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead/internal/gateway"
)

// The application's session lives in the mandate's jar alone: the browser keeps it sealed, and the actor's own is never sent (R13, R22).
func TestJar(t *testing.T) {
	k := &keeper{}
	g := newOwn(t, k, echo)
	sam := g.enter("staff/sam").tab()
	own := sam.load("/look/a")
	if !strings.Contains(own.body, "secret-1-of-sam") || len(sam.kept("/")) != 1 {
		t.Fatalf("%s %v", own.body, own.Cookies())
	}
	if a := sam.act(); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s", a.Status)
	}
	there := sam.over().tab()
	for i := range 2 {
		a := there.load("/look/a", "Cookie: sid=secret-1-of-sam") // he brings his own along
		if !strings.Contains(a.body, "session secret-2-of-dana") || strings.Contains(a.body, "secret-1-of-sam") {
			t.Errorf("%d: %s", i, a.body)
		}
	}
	kept := there.kept("/")
	if len(kept) != 1 || !strings.HasPrefix(kept[0].Name, "stead-jar-") || !strings.HasSuffix(kept[0].Name, "-sid") || strings.Contains(kept[0].Value, "secret") {
		t.Fatalf("the browser keeps %v", kept)
	}
	if a := sam.load("/look/a", "Sec-Fetch-Dest: image"); a.StatusCode == http.StatusOK && strings.Contains(a.body, "dana") {
		t.Errorf("his own host: %s", a.body)
	}
}

// What the browser keeps says how: out of reach of scripts, for this host, no longer than the mandate.
func TestSealedForm(t *testing.T) {
	k := &keeper{head: []string{
		"a=1; Domain=evil.test", "deep=2; Path=/look/deep; Max-Age=60; SameSite=Strict; Secure", "gone=; Max-Age=0; Path=/x",
		"stead-jar-x=planted", "__Host-stead_9=planted", "php[x]=3; Path=/", "long=" + strings.Repeat("x", 5000), "years=4; Max-Age=99999999; Path=/"}}
	g := newOwn(t, k, echo)
	sam := g.acting()
	there := sam.over().tab()
	a := there.load("/look/a")
	var forms []string
	for _, c := range a.Cookies() {
		if c.Name == g.gw.Cookie.Name {
			continue
		}
		name := c.Name[strings.LastIndexByte(c.Name, '-')+1:]
		forms = append(forms, fmt.Sprintf("%s %s %d %v %v %v %q", name, c.Path, c.MaxAge, c.HttpOnly, c.Secure, c.SameSite, c.Domain))
		if !strings.HasPrefix(c.Name, "stead-jar-") {
			t.Errorf("%s", c.Raw)
		}
	}
	longest := g.longest(sam.last)
	want := []string{
		fmt.Sprintf("sid / %d true false 2 \"\"", longest), "deep /look/deep 60 true false 3 \"\"", "gone /x -1 true false 2 \"\"",
		fmt.Sprintf("~cGhwW3hd / %d true false 2 \"\"", longest), fmt.Sprintf("years / %d true false 2 \"\"", longest)}
	if strings.Join(forms, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(forms, "\n"), strings.Join(want, "\n"))
	}
	k.head = nil
	if a := there.load("/look/deep/b"); !strings.Contains(a.body, "deep=2; sid=secret-1-of-dana; php[x]=3; years=4") {
		t.Errorf("longer paths go first, and names are as they were: %s", a.body)
	}
	if a := there.load("/look/deeper"); strings.Contains(a.body, "deep=2") {
		t.Errorf("another path: %s", a.body)
	}
	for _, c := range there.kept("/look/deep/b") {
		if a := there.get("/look/a", append(browser, "Cookie: "+c.Name+"="+c.Value)...); strings.Contains(a.body, "deep=2") {
			t.Errorf("brought to another path by hand: %s", a.body)
		}
	}
	g.Clock.Move(61 * time.Second)
	if a := there.load("/look/deep/b"); strings.Contains(a.body, "deep=2") || !strings.Contains(a.body, "years=4") {
		t.Errorf("over: %s", a.body)
	}
}

// A cookie that cannot be sealed into one is told of, not lost.
func TestCookieTooLarge(t *testing.T) {
	k := &keeper{head: []string{"bomb=" + strings.Repeat("x", 3500)}}
	g := newOwn(t, k, echo)
	a := g.acting().over().tab().load("/look/a")
	if a.StatusCode != http.StatusConflict || !strings.Contains(a.body, "bomb") || strings.Contains(a.body, "secret") {
		t.Errorf("%s %s", a.Status, a.body)
	}
	k.head = []string{"fits=" + strings.Repeat("x", 2800)}
	there := g.again().tab()
	there.load("/look/a")
	if a := there.load("/look/a"); !strings.Contains(a.body, "fits=xx") {
		t.Errorf("%s", a.Status)
	}
}

// A sealed cookie opens under its mandate, in its application, at its hosts, under its name, and nowhere else.
func TestSealedCookieElsewhere(t *testing.T) {
	k := &keeper{}
	g := newOwn(t, k, echo)
	sam := g.acting()
	there := sam.over().tab()
	there.load("/look/a")
	c := there.kept("/")[0]
	asks := func(v *visitor, cookie string) string {
		t.Helper()
		v.get("/look/a", append(browser, "Cookie: "+cookie)...)
		return strings.Join(g.up.last(t).Header["Cookie"], ";")
	}
	value := c.Value
	swapped := value[:len(value)-2] + map[bool]string{true: "AA", false: "QQ"}[!strings.HasSuffix(value, "AA")]
	for name, text := range map[string]string{
		"truncated": c.Name + "=" + value[:len(value)-4], "changed": c.Name + "=" + swapped, "not base64": c.Name + "=!!", "empty": c.Name + "=",
		"swapped name":      strings.TrimSuffix(c.Name, "sid") + "admin=" + value,
		"as plain":          "sid=" + value,
		"another prefix":    "stead-jar-aaaaaaaa-sid=" + value,
		"padded":            c.Name + "=" + value + "=",
		"a name in capital": strings.ToUpper(c.Name) + "=" + value,
	} {
		// The node's own memory answers for requests that bring nothing: what was brought must not show.
		if got := asks(there.visitor, text); got != "sid=secret-1-of-dana" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if a := there.post("/.stead/end", url.Values{}, browser...); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s", a.Status)
	}
	back := g.enter("staff/sam")
	if got := asks(back, c.Name+"="+value); got != "" {
		t.Errorf("at the application's own host after the end: %q", got)
	}
	if got := asks(back, "sid="+value); strings.Contains(got, "secret") {
		t.Errorf("as plain: %q", got)
	}
	reached := len(g.up.requests())
	if a := there.get("/look/a", append(browser, "Cookie: "+c.Name+"="+value)...); a.StatusCode == http.StatusOK || len(g.up.requests()) != reached {
		t.Errorf("after the end: %s", a.Status)
	}
	second := g.again()
	again := strings.Replace(c.Name, c.Name[10:18], second.host[:8], 1)
	for _, text := range []string{c.Name + "=" + value, again + "=" + value} {
		if got := asks(second, text); strings.Contains(got, "secret-1-") {
			t.Errorf("under another mandate: %q", got)
		}
	}
}

// Parallel first requests share one session: the first runs alone (GATEWAY 11).
func TestPrimed(t *testing.T) {
	k := &keeper{hold: make(chan struct{}), begun: make(chan struct{})}
	g := newOwn(t, k, echo)
	there := g.acting().over()
	before := g.size()
	answers := make(chan answer, 8)
	ask := func() { answers <- there.get("/look/a", browser...) }
	go ask()
	<-k.begun
	for range 7 {
		go ask()
	}
	g.recorded(before, 8) // all were decided, and are on their way
	close(k.hold)
	for range 8 {
		if a := <-answers; !strings.Contains(a.body, "session secret-1-of-dana") {
			t.Errorf("%s", a.body)
		}
	}
	if k.n != 1 {
		t.Errorf("%d sessions", k.n)
	}
}

// A node that never saw the mandate opens what another has sealed.
func TestJarOfTwoNodes(t *testing.T) {
	k := &keeper{}
	key := []byte("one key that every node has: 32.")
	g := newGate(t, k, echo, func(g *gate) { g.gw.JarKey = key })
	sam := g.acting().tab()
	sam.load("/look/a")
	other := g.node(key)
	c := sam.kept("/")[0]
	if a := sam.via(other, "/look/a", c.Name+"="+c.Value); !strings.Contains(a, "secret-1-of-dana") {
		t.Errorf("%s", a)
	}
	stranger := g.node([]byte("another key that is also of 32 b"))
	if a := sam.via(stranger, "/look/a", c.Name+"="+c.Value); strings.Contains(a, "secret-1-of-dana") {
		t.Errorf("%s", a)
	}
}

// At the end the gateway itself closes the application's session, once, as the subject (GATEWAY 16).
func TestAtEnd(t *testing.T) {
	for name, end := range map[string]func(g *gate, there *tab){
		"by hand": func(_ *gate, there *tab) { there.post("/.stead/end", url.Values{}, browser...) },
		"by time": func(g *gate, _ *tab) { g.Clock.Move(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			k := &keeper{left: make(chan *http.Request, 8)}
			g := newOwn(t, k, echo, func(g *gate) { g.gw.Apps[0].AtEnd = []gateway.Step{{Method: "GET", Target: "/leave"}} })
			there := g.acting().over().tab()
			there.load("/look/a")
			g.gw.Sweep(t.Context())
			end(g, there)
			g.gw.Sweep(t.Context())
			g.gw.Sweep(t.Context())
			r := <-k.left
			if c, err := r.Cookie("sid"); err != nil || c.Value != "secret-1-of-dana" || r.Header.Get("Remote-User") != "dana" || r.Host != g.addr ||
				r.Header.Get("X-Stead-Mandate") != string(there.last) || r.Header.Get("X-Stead-Assertion") == "" {
				t.Errorf("%v", r.Header)
			}
			if err := g.gw.Close(t.Context()); err != nil || len(k.left) != 0 {
				t.Errorf("%d more, %v", len(k.left), err)
			}
		})
	}
}

// There is one session of an application for an actor and a subject: a new one closes the former (GATEWAY 16).
func TestFormerSessionIsClosed(t *testing.T) {
	k := &keeper{left: make(chan *http.Request, 8)}
	g := newOwn(t, k, echo, func(g *gate) { g.gw.Apps[0].AtEnd = []gateway.Step{{Method: "GET", Target: "/leave"}} })
	g.acting().over().tab().load("/look/a")
	second := g.again()
	second.tab().load("/look/a")
	r := <-k.left
	if c, err := r.Cookie("sid"); err != nil || c.Value != "secret-1-of-dana" || r.Header.Get("X-Stead-Mandate") == string(second.last) {
		t.Errorf("%v", r.Header)
	}
	g.gw.Sweep(t.Context())
	if err := g.gw.Close(t.Context()); err != nil || len(k.left) != 0 {
		t.Errorf("%d more, %v", len(k.left), err)
	}
}
