package gateway_test

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/gateway"
	"github.com/steadhq/stead/internal/web"
)

// A keeper is an application that knows people by a session of its own, one for each cookie "sid".
type keeper struct {
	mu    sync.Mutex
	n     int
	hold  chan struct{} // where it is not nil, the first answer waits for it
	begun chan struct{}
	head  []string // further cookies it sets
	left  chan *http.Request
}

func (k *keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	sid, err := r.Cookie("sid")
	fresh := err != nil
	if fresh {
		k.n++
		sid = &http.Cookie{Name: "sid", Value: fmt.Sprintf("secret-%d-of-%s", k.n, r.Header.Get("Remote-User")), Path: "/", HttpOnly: true}
	}
	n := k.n
	k.mu.Unlock()
	if r.URL.Path == "/leave" {
		k.left <- r
		return
	}
	if fresh && n == 1 && k.hold != nil {
		close(k.begun)
		<-k.hold
	}
	if fresh {
		http.SetCookie(w, sid)
	}
	for _, line := range k.head {
		w.Header().Add("Set-Cookie", line)
	}
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprintf(w, "<html><body>session %s; cookies %q</body></html>", sid.Value, r.Header["Cookie"])
}

// A tab is a browser that keeps cookies as browsers do.
type tab struct {
	*visitor
	jar http.CookieJar
}

func (v *visitor) tab() *tab {
	j, err := cookiejar.New(nil)
	if err != nil {
		v.g.t.Fatal(err)
	}
	return &tab{v, j}
}

func (b *tab) at(path string) *url.URL {
	host := b.host
	if host == "" {
		host = b.g.addr
	}
	u, err := url.Parse("http://" + host + path)
	if err != nil {
		b.g.t.Fatal(err)
	}
	return u
}

func (b *tab) load(path string, head ...string) answer {
	b.g.t.Helper()
	return b.send("GET", path, "", head...)
}

func (b *tab) send(method, path, body string, head ...string) answer {
	b.g.t.Helper()
	u := b.at(path)
	for _, c := range b.jar.Cookies(u) {
		if c.Name != b.g.gw.Cookie.Name {
			head = append(head, "Cookie: "+c.Name+"="+c.Value)
		}
	}
	a := b.do(method, path, body, append(browser, head...)...)
	b.jar.SetCookies(u, a.Cookies())
	return a
}

// kept are the cookies of the application's that the browser has for path.
func (b *tab) kept(path string) (list []*http.Cookie) {
	for _, c := range b.jar.Cookies(b.at(path)) {
		if c.Name != b.g.gw.Cookie.Name {
			list = append(list, c)
		}
	}
	return list
}

// again is a second mandate, when the first is over.
func (g *gate) again() *visitor {
	g.t.Helper()
	g.Clock.Move(2 * time.Hour)
	return g.acting().over()
}

// fresh is sam in a new session, when what was before is over.
func (g *gate) fresh() *visitor {
	g.t.Helper()
	g.Clock.Move(2 * time.Hour)
	return g.enter("staff/sam")
}

// longest is how many seconds a mandate may be in force.
func (g *gate) longest(id stead.MandateID) (n int) {
	g.Store.View().Read(func(s *authority.State) { n = int(s.Mandate(id).Bounds.Longest() / time.Second) })
	return n
}

// node is another node of the same house.
func (g *gate) node(key []byte) http.Handler {
	g.t.Helper()
	gw := &gateway.Gateway{Apps: g.gw.Apps, Passes: g.gw.Passes, Starts: g.gw.Starts, Ends: g.gw.Ends, Decider: g.gw.Decider, Signer: g.gw.Signer,
		Console: g.gw.Console, Door: g.gw.Door, Cookie: g.gw.Cookie, Now: g.gw.Now, NewID: g.gw.NewID, JarKey: key}
	door, err := gw.Open()
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = gw.Close(g.t.Context()) })
	return door
}

// via asks at another node.
func (v *visitor) via(node http.Handler, path, cookie string) string {
	v.g.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		v.g.t.Fatal(err)
	}
	srv := web.NewServer(node, slog.New(slog.DiscardHandler))
	go func() { _ = srv.Serve(web.Listener(l, nil)) }()
	defer func() { _ = srv.Close() }()
	r, err := http.NewRequest("GET", "http://"+l.Addr().String()+path, nil)
	if err != nil {
		v.g.t.Fatal(err)
	}
	r.Host = v.g.addr
	r.Header.Set("User-Agent", agent)
	r.Header.Set("Cookie", v.g.gw.Cookie.Name+"="+v.cookie+"; "+cookie)
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		v.g.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		v.g.t.Fatal(err)
	}
	return string(b)
}

// deniedBy are the refusals of a rule.
func (g *gate) deniedBy(rule string) []authority.StoredEvent {
	g.t.Helper()
	all, err := g.Store.Events(g.t.Context(), authority.EventQuery{Kinds: []string{"request.denied"}})
	if err != nil {
		g.t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(e authority.StoredEvent) bool { return e.What["class"] != rule })
}
