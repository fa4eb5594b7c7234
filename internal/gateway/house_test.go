package gateway_test

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/demo"
	"github.com/steadhq/stead/internal/gateway"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/web"
)

const agent = "stead-test/1"

// A gate is a gateway over a whole house, before a real application.
type gate struct {
	*housetest.House
	gw   *gateway.Gateway
	ring *keys.Ring
	addr string
	shop *demo.App
	up   *upstream
	t    testing.TB
}

// An upstream notes what reaches the application.
type upstream struct {
	mu   sync.Mutex
	seen []*http.Request
	read []*strings.Builder // what was read of each body
	next http.Handler

	blind atomic.Bool // notes no more: bodies are large
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if u.blind.Load() {
		u.next.ServeHTTP(w, r)
		return
	}
	body := new(strings.Builder)
	u.mu.Lock()
	u.seen = append(u.seen, r.Clone(context.Background()))
	u.read = append(u.read, body)
	u.mu.Unlock()
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.TeeReader(r.Body, body), r.Body}
	u.next.ServeHTTP(w, r)
}

// lastBody is what the application read of the body of the last request, when its answer is there.
func (u *upstream) lastBody() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.read[len(u.read)-1].String()
}

func (u *upstream) requests() []*http.Request {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.seen)
}

// last is the last request that reached the application.
func (u *upstream) last(t testing.TB) *http.Request {
	t.Helper()
	all := u.requests()
	if len(all) == 0 {
		t.Fatal("nothing reached the application")
	}
	return all[len(all)-1]
}

// newShop is a gate before the demo application.
func newShop(t testing.TB) *gate {
	t.Helper()
	clock := housetest.NewClock()
	shop := demo.New(clock.Wall)
	g := newGate(t, shop.Handler(), func(host, upstream string) []byte { return demo.Rules(host, upstream) })
	g.shop = shop
	return g
}

// newGate is a gate before any application.
func newGate(t testing.TB, app http.Handler, rules func(host, upstream string) []byte, change ...func(*gate)) *gate {
	t.Helper()
	g := &gate{up: &upstream{next: app}, t: t}
	up := httptest.NewServer(g.up)
	t.Cleanup(up.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g.addr = l.Addr().String()
	apps, err := gateway.ParseRules(rules(g.addr, up.URL))
	if err != nil {
		t.Fatal(err)
	}
	g.House = housetest.New(t, func(o *house.Options) {
		maps.DeleteFunc(o.Files, func(name, _ string) bool { return strings.HasPrefix(name, "tests/") })
		o.Settings.Apps = nil
		for _, a := range apps {
			o.Settings.Apps = append(o.Settings.Apps, a.App)
		}
	})
	g.build(apps)
	for _, f := range change {
		f(g)
	}
	door, err := g.gw.Open()
	if err != nil {
		t.Fatal(err)
	}
	srv := web.NewServer(door, slog.New(slog.DiscardHandler))
	go func() { _ = srv.Serve(web.Listener(l, nil)) }()
	t.Cleanup(func() {
		_ = srv.Close()
		if err := g.gw.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return g
}

func (g *gate) build(apps []gateway.App) {
	g.t.Helper()
	var err error
	g.ring, err = keys.OpenRing(g.t.Context(), keys.Signing{Issuer: "http://stead.test", Now: g.Clock.Wall, Rand: rand.Reader,
		Secrets: house.Cabinet(g.t.TempDir()), Box: g.Box})
	if err != nil {
		g.t.Fatal(err)
	}
	g.gw = &gateway.Gateway{
		Apps: apps, Passes: g.Authority, Starts: g.Authority, Ends: g.Authority, Decider: g.Authority, Signer: g.ring,
		Console: &url.URL{Scheme: "http", Host: "127.0.0.1:8420"}, Door: web.Door{Log: slog.New(slog.DiscardHandler)},
		Cookie: web.NewCookie("stead", g.addr, false), Now: g.Clock.Wall, NewID: g.NewID,
	}
}

// A visitor is one browser or program with its cookie.
type visitor struct {
	g      *gate
	who    string
	cookie string
	host   string // where he is; "" is the first application
	last   stead.MandateID
	bare   bool // what he sends comes from no page that was just loaded, and says nothing of its epoch
}

// enter signs somebody in at the gate.
func (g *gate) enter(who string) *visitor {
	g.t.Helper()
	p := g.People[who]
	in, err := g.SignIn(g.t.Context(), authority.SignIn{Directory: p.Directory, Name: p.Name, Password: housetest.Password,
		Host: g.addr, Address: "127.0.0.1", Client: mark()})
	if err != nil {
		g.t.Fatalf("sign in %s: %v", who, err)
	}
	return &visitor{g: g, who: who, cookie: in.Secret}
}

func mark() string {
	return web.ClientMark(&http.Request{Header: http.Header{"User-Agent": {agent}}})
}

// An answer is a response read to its end.
type answer struct {
	*http.Response
	body string
}

func (v *visitor) get(path string, head ...string) answer { return v.do("GET", path, "", head...) }

func (v *visitor) post(path string, form url.Values, head ...string) answer {
	return v.do("POST", path, form.Encode(), append([]string{"Content-Type: application/x-www-form-urlencoded"}, head...)...)
}

// do sends one request; head are lines of its head. Redirects are not followed; a new cookie is kept.
func (v *visitor) do(method, path, body string, head ...string) answer {
	v.g.t.Helper()
	r, err := http.NewRequest(method, "http://"+v.g.addr+path, strings.NewReader(body))
	if err != nil {
		v.g.t.Fatal(err)
	}
	r.Host = cmp.Or(v.host, r.Host)
	r.Header.Set("User-Agent", agent)
	if v.cookie != "" {
		r.AddCookie(&http.Cookie{Name: v.g.gw.Cookie.Name, Value: v.cookie})
	}
	for _, line := range head {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Cookie" {
			value = strings.TrimPrefix(r.Header.Get("Cookie")+"; "+value, "; ")
		}
		r.Header[name] = []string{value}
	}
	if v.fromPage(r) {
		r.Header.Set("Stead-Epoch", v.epoch())
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		v.g.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	for _, c := range res.Cookies() {
		if c.Name == v.g.gw.Cookie.Name {
			v.cookie = c.Value
		}
	}
	if err != nil {
		text = append(text, []byte(" [broken off]")...)
	}
	return answer{res, string(text)}
}

// fromPage tells whether r is sent by a page at a shared host.
func (v *visitor) fromPage(r *http.Request) bool {
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead || strings.HasPrefix(r.URL.Path, "/.stead/")
	return !v.bare && !safe && v.cookie != "" && v.g.gw.Acting == "" && web.FromBrowser(r)
}

// epoch is what the status tells a page of this browser; nothing to who is not signed in.
func (v *visitor) epoch() string {
	v.g.t.Helper()
	_, rest, _ := strings.Cut(v.get("/.stead/status").body, `"epoch":"`)
	said, _, _ := strings.Cut(rest, `"`)
	return said
}

// browser are the heads of somebody who pressed a link or a button in a browser.
var browser = []string{"Accept: text/html,application/xhtml+xml", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate",
	"Sec-Fetch-Dest: document", "Sec-Fetch-User: ?1"}

// script are those of a page's script.
var script = []string{"Accept: */*", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}

// act starts acting by the one post that programs use.
func (v *visitor) act(fields ...string) answer {
	v.g.t.Helper()
	f := url.Values{"subject": {"dana"}, "directory": {"customers"}, "reason": {"SUP-4711 the parcel is late"}, "ticket": {"SUP-4711"},
		"code": {v.g.Code(v.who)}}
	for _, kv := range fields {
		k, val, _ := strings.Cut(kv, "=")
		f[k] = []string{val}
	}
	a := v.post("/.stead/act", f)
	v.last = stead.MandateID(a.Header.Get("Stead-Acting"))
	return a
}

// acting is sam acting for dana.
func (g *gate) acting() *visitor {
	g.t.Helper()
	v := g.enter("staff/sam")
	if a := v.act(); a.StatusCode != http.StatusSeeOther {
		g.t.Fatalf("start: %s\n%s", a.Status, a.body)
	}
	return v
}

// size is how long the log is now, with the outcomes that nobody has waited for.
func (g *gate) size() uint64 {
	g.Flush()
	return g.Store.Head().Size
}

// recorded waits for the next events after since and gives as many as are asked for. What is not waited for by anybody
// comes when it comes.
func (g *gate) recorded(since uint64, n int) []authority.StoredEvent {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(g.t.Context(), 10*time.Second)
	defer cancel()
	var all []authority.StoredEvent
	enough := errors.New("enough")
	err := g.Store.Follow(ctx, since, func(e authority.StoredEvent) error {
		all = append(all, e)
		if len(all) >= n {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		g.t.Fatalf("%d events wanted, %d came (%v): %v", n, len(all), kindsOf(all), err)
	}
	return all
}

// leaves checks which kinds of events followed since, and gives them.
func (g *gate) leaves(since uint64, kinds ...string) []authority.StoredEvent {
	g.t.Helper()
	all := g.recorded(since, len(kinds))
	if got := kindsOf(all); !slices.Equal(got, kinds) {
		g.t.Errorf("recorded %v, want %v", got, kinds)
	}
	return all
}

func kindsOf(all []authority.StoredEvent) []string {
	var kinds []string
	for _, e := range all {
		kinds = append(kinds, string(e.Kind))
	}
	return kinds
}

// raw sends bytes as they are and reads one answer.
func (g *gate) raw(text string) (*http.Response, error) {
	g.t.Helper()
	c, err := net.Dial("tcp", g.addr)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		return nil, err
	}
	return http.ReadResponse(bufio.NewReader(c), nil)
}

func itoa(n int) string { return strconv.Itoa(n) }
