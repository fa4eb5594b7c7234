package bench

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/gateway"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/web"
)

// BenchmarkGateway is a request through the gateway with everything on: as oneself, and acting for somebody, which is
// on disk before a byte goes out. Beside it, before the same application and in the same minute: a plain
// httputil.ReverseProxy, nginx with auth_request and Caddy with forward_auth, which ask somebody who says yes at once.
// What counts is cpu-µs/req, of the proxy alone, and req/s.
func BenchmarkGateway(b *testing.B) {
	for _, conns := range []int{32, 256} {
		benchOver(b, fmt.Sprintf("1KiB/conns=%d", conns), "/look/a", conns, "", "plain", "nginx", "caddy", "self", "acting")
	}
	const asPage = "Accept: text/html\r\n"
	benchOver(b, "100KiB-bar/conns=32", "/look/page", 32, asPage, "plain", "self", "acting")
	benchOver(b, "100KiB/conns=32", "/look/page", 32, "Accept: */*\r\n", "plain", "self", "acting")
}

// BenchmarkGatewayLatency is one request after the other over one connection, to an application that takes a
// millisecond: what counts is p50-µs less that of direct.
func BenchmarkGatewayLatency(b *testing.B) {
	benchOver(b, "1ms/conns=1", "/look/slow", 1, "", "direct", "plain", "nginx", "caddy", "self", "acting")
}

func benchOver(b *testing.B, name, path string, conns int, extra string, ways ...string) {
	for _, way := range ways {
		b.Run(name+"/"+way, func(b *testing.B) {
			p := newPeer(b)
			l, cookie, settled := load{Conns: conns}, "none=", func() {}
			used := func() time.Duration { return cpu(b) }
			switch way {
			case "direct":
				l.Addr = p.app
			case "plain":
				l.Addr = plainProxy(b, p.app)
			case "nginx", "caddy":
				other := map[string]func(*testing.B, string) proxy{"nginx": nginx, "caddy": caddy}[way](b, p.app)
				l.Addr, used = other.addr, func() time.Duration { return other.cpu(b) }
			default:
				g := newGate(b, p.app)
				l.Addr, cookie, settled = g.addr, g.cookie(b, way == "acting"), g.Flush
			}
			l.Head = "GET " + path + " HTTP/1.1\r\nHost: " + l.Addr + "\r\nUser-Agent: " + agent + "\r\nCookie: " + cookie + "\r\n" + extra + "\r\n"
			l.Each = 4
			p.run(b, l) // connections to the application stand
			settled()
			l.Each = max(1, b.N/conns)
			before := used()
			b.ResetTimer()
			p50 := p.run(b, l)
			b.StopTimer()
			settled()
			n := float64(l.Each * conns)
			b.ReportMetric(float64((used()-before).Microseconds())/n, "cpu-µs/req")
			b.ReportMetric(n/b.Elapsed().Seconds(), "req/s")
			b.ReportMetric(p50, "p50-µs")
		})
	}
}

const agent = "stead-bench/1"

func plainProxy(b *testing.B, app string) string {
	to := &url.URL{Scheme: "http", Host: app}
	s := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(to) }, Transport: gateway.NewTransport()})
	b.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

const rules = `
apps:
  - id: orders
    host: %s
    upstream: http://%s
    identity: { header: Remote-User }
    privileged: [staff/admins]
    realms: [{ id: shop, path: /, acting: true }]
    rules:
      - { id: assets, is: public, path: ["/static/**"] }
      - { id: look,   is: read,   path: ["/look/**"], only: [q, page] }
`

// A gate is a house with its gateway before an application.
type gate struct {
	*housetest.House
	addr string
	name string // of its cookie
}

func newGate(b *testing.B, app string) *gate {
	b.Helper()
	ballast := house.Ballast()
	b.Cleanup(func() { runtime.KeepAlive(ballast) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	addr := l.Addr().String()
	apps, err := gateway.ParseRules(fmt.Appendf(nil, rules, addr, app))
	if err != nil {
		b.Fatal(err)
	}
	h := housetest.New(b, func(o *house.Options) { o.Settings.Apps = []stead.App{apps[0].App} })
	ring := newRing(b, h)
	doors, err := h.Doors(house.Site{Origin: "http://127.0.0.1:8420", Listen: "127.0.0.1:8420", Gateway: addr, Apps: apps, Ring: ring,
		Log: slog.New(slog.DiscardHandler), Version: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	s := web.NewServer(doors.Apps, slog.New(slog.DiscardHandler))
	go func() { _ = s.Serve(web.Listener(l, nil)) }()
	b.Cleanup(func() {
		_ = s.Close()
		_ = doors.Gateway.Close(context.Background())
	})
	return &gate{House: h, addr: addr, name: doors.Gateway.Cookie.Name}
}

func newRing(b *testing.B, h *housetest.House) *keys.Ring {
	b.Helper()
	dir := b.TempDir()
	m, err := house.Unlock(b.Context(), filepath.Join(dir, "master.key"), house.Cabinet(dir))
	if err != nil {
		b.Fatal(err)
	}
	ring, err := keys.OpenRing(b.Context(), keys.Signing{Issuer: "http://stead.test", Now: h.Now, Rand: rand.Reader, Secrets: m.Secrets, Box: m.Box})
	if err != nil {
		b.Fatal(err)
	}
	return ring
}

// cookie is that of dana herself, or of sam acting for her.
func (g *gate) cookie(b *testing.B, acting bool) string {
	b.Helper()
	who := "customers/dana"
	if acting {
		who = "staff/sam"
	}
	account := strings.Split(who, "/")
	in, err := g.SignIn(b.Context(), authority.SignIn{Directory: account[0], Name: account[1], Password: housetest.Password, Host: g.addr,
		Address: "127.0.0.1", Client: web.ClientMark(&http.Request{Header: http.Header{"User-Agent": {agent}}})})
	if err != nil {
		b.Fatal(err)
	}
	if acting {
		if _, err := g.Act(in.By, who, "customers/dana", stead.ReadOnly); err != nil {
			b.Fatal(err)
		}
	}
	return g.name + "=" + in.Secret
}
