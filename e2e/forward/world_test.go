package forward

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
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
	"github.com/steadhq/stead/internal/web/vacant"
)

// A world is a house with its doors, an application that says what it got, and a real proxy between it and clients.
type world struct {
	*housetest.House
	t       *testing.T
	app     string // address of the application
	host    string // address of the proxy, and so the application's host
	gate    string
	asks    string
	own     string
	cookie  web.Cookie
	plain   bool // the proxy sends everything to the gateway
	trusted bool
	mandate stead.MandateID
}

func newWorld(t *testing.T, aware bool, change ...func(*world)) *world {
	t.Helper()
	w := &world{t: t, own: "http://stead.test"}
	for _, f := range change {
		f(w)
	}
	app := httptest.NewServer(http.HandlerFunc(echo))
	t.Cleanup(app.Close)
	w.app, w.host = app.Listener.Addr().String(), vacant.Address(t)
	way := "forward_auth: true"
	if w.plain {
		way = "upstream: http://" + w.app
	}
	apps, err := gateway.ParseRules(fmt.Appendf(nil, `
apps:
  - id: orders
    host: %q
    %s
    aware: %v
    privileged: [staff/admins]
    identity: { header: Remote-User }
    realms: [ { id: shop, path: /, acting: true } ]
    rules:
      - { id: static, is: public, path: ["/static/**"] }
      - { id: look,   is: read,   path: ["/look/**"], only: [a] }
      - { id: search, is: read,   method: [POST], path: [/search], only: [q] }
`, w.host, way, aware))
	if err != nil {
		t.Fatal(err)
	}
	w.House = housetest.New(t, func(o *house.Options) {
		o.Settings.Apps = []stead.App{apps[0].App}
		for name := range o.Files {
			if strings.HasPrefix(name, "tests/") {
				delete(o.Files, name)
			}
		}
	})
	site := house.Site{Origin: w.own, Listen: "stead.test", Gateway: w.host, Apps: apps, Ring: w.ring(), Log: slog.New(slog.DiscardHandler)}
	if w.trusted {
		site.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	}
	doors, err := w.Doors(site)
	if err != nil {
		t.Fatal(err)
	}
	w.cookie = doors.Gateway.Cookie
	w.gate, w.asks = w.serve(doors.Apps), w.serve(doors.Forward)
	t.Cleanup(func() { _ = doors.Gateway.Close(context.Background()) })
	return w
}

func (w *world) serve(h http.Handler) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	s := web.NewServer(h, slog.New(slog.DiscardHandler))
	go func() { _ = s.Serve(web.Listener(l, nil)) }()
	w.t.Cleanup(func() { _ = s.Close() })
	return l.Addr().String()
}

func (w *world) ring() *keys.Ring {
	dir := w.t.TempDir()
	m, err := house.Unlock(w.t.Context(), filepath.Join(dir, "master.key"), house.Cabinet(dir))
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := keys.OpenRing(w.t.Context(), keys.Signing{Issuer: w.own, Now: w.Now, Rand: rand.Reader, Secrets: m.Secrets, Box: m.Box})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// start runs a proxy until the test is over, and waits until it takes connections.
func (w *world) start(address, dir string, c *exec.Cmd) {
	w.t.Helper()
	out, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		w.t.Fatal(err)
	}
	c.Stdout, c.Stderr = out, out
	if err := c.Start(); err != nil {
		w.t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() { over <- c.Wait() }()
	w.t.Cleanup(func() {
		_ = c.Process.Kill()
		<-over
		_ = out.Close()
	})
	each := time.NewTicker(20 * time.Millisecond)
	defer each.Stop()
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until) && len(over) == 0; <-each.C {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return
		}
	}
	said, _ := os.ReadFile(out.Name())
	w.t.Fatalf("%s does not listen: %s", c.Path, said)
}

// echo tells what the application got.
func echo(rw http.ResponseWriter, r *http.Request) {
	got := map[string]string{"method": r.Method, "target": r.RequestURI, "host": r.Host}
	for name, values := range r.Header {
		got[name] = strings.Join(values, ", ")
	}
	_ = json.NewEncoder(rw).Encode(got)
}

const agent = "stead-test/1"

// enter signs somebody in at the application's host and gives his pass.
func (w *world) enter(who string) string {
	w.t.Helper()
	p := w.People[who]
	in, err := w.SignIn(w.t.Context(), authority.SignIn{Directory: p.Directory, Name: p.Name, Password: housetest.Password, Host: w.host,
		Address: "127.0.0.1", Client: web.ClientMark(&http.Request{Header: http.Header{"User-Agent": {agent}}})})
	if err != nil {
		w.t.Fatal(err)
	}
	return in.Secret
}

func (w *world) by(pass string) authority.By {
	w.t.Helper()
	by, err := w.Present(w.t.Context(), authority.Presented{Secret: pass, Host: w.host, Address: "127.0.0.1",
		Client: web.ClientMark(&http.Request{Header: http.Header{"User-Agent": {agent}}})})
	if err != nil {
		w.t.Fatal(err)
	}
	return by
}

// act is sam acting for dana.
func (w *world) act(pass string) {
	w.t.Helper()
	m, err := w.Act(w.by(pass), "staff/sam", "customers/dana", stead.ReadOnly)
	if err != nil {
		w.t.Fatal(err)
	}
	w.mandate = m.ID
}

func (w *world) endAll() {
	w.t.Helper()
	if _, err := w.Revoke(w.t.Context(), w.Login("staff/omar", "api"), w.mandate, "no"); err != nil {
		w.t.Fatal(err)
	}
}

// An answer is what came back through the proxy; got is what the application got, nil when it got nothing.
type answer struct {
	status   int
	location string
	body     string
	got      map[string]string
}

// do sends one request through the proxy.
func (w *world) do(pass, method, target string, lines ...string) answer {
	w.t.Helper()
	return w.raw(pass, method+" "+target+" HTTP/1.1", lines...)
}

// raw sends a request line as it is.
func (w *world) raw(pass, line string, lines ...string) answer {
	w.t.Helper()
	c, err := net.Dial("tcp", w.host)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	cookies := ""
	if pass != "" {
		cookies = w.cookie.Name + "=" + pass
	}
	var rest strings.Builder
	for _, l := range lines {
		if value, is := strings.CutPrefix(l, "Cookie: "); is {
			cookies = strings.TrimPrefix(cookies+"; "+value, "; ")
			continue
		}
		rest.WriteString(l + "\r\n")
	}
	if cookies != "" {
		rest.WriteString("Cookie: " + cookies + "\r\n")
	}
	if !strings.Contains(rest.String(), "Connection: ") {
		rest.WriteString("Connection: close\r\n")
	}
	fmt.Fprintf(c, "%s\r\nHost: %s\r\nUser-Agent: %s\r\n%s\r\n", line, w.host, agent, rest.String())
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		w.t.Fatalf("%s: %v", line, err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatalf("%s: %v", line, err)
	}
	a := answer{status: res.StatusCode, location: res.Header.Get("Location"), body: string(text)}
	if json.Unmarshal(text, &a.got) != nil || a.got["target"] == "" {
		a.got = nil
	}
	return a
}

// plain is a name of a header as a careless reader takes it.
func plain(name string) string { return web.FoldHeader(name) }
