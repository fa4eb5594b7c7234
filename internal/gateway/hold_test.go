package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A slowStore lets the records of requests wait until the test says so.
type slowStore struct {
	authority.Store
	entered chan struct{}
	release chan error
}

func (s *slowStore) Append(ctx context.Context, e authority.Entry) (stead.Receipt, error) {
	if len(e.Changes) == 1 && strings.HasPrefix(string(e.Changes[0].Event.Kind), "request.") {
		s.entered <- struct{}{}
		if err := <-s.release; err != nil {
			return stead.Receipt{}, err
		}
	}
	return s.Store.Append(ctx, e)
}

func (s *slowStore) Submit(ctx context.Context, e authority.Entry) authority.Ticket {
	t := make(slowTicket, 1)
	go func() {
		r, err := s.Append(ctx, e)
		t <- func() (stead.Receipt, error) { return r, err }
	}()
	return t
}

type slowTicket chan func() (stead.Receipt, error)

func (t slowTicket) Wait() (stead.Receipt, error) { return (<-t)() }

func (g *gate) slow() *slowStore {
	s := &slowStore{Store: g.Store, entered: make(chan struct{}, 64), release: make(chan error, 64)}
	g.Authority.Store = s
	return s
}

const echoRules = `
apps:
  - id: orders
    host: %q
    upstream: %q
    privileged: [admins]
    aware: true
    identity: { headers: { Remote-User: "{subject.name}", SM_USER: "{subject.name}", SM_USERIMPERSONATORNAME: "{actor.name}", X-Who: "{actor.display} as {subject.display}" } }
    realms: [ { id: shop, path: /, acting: true } ]
    rules:
      - { id: static, is: public, path: ["/static/**"] }
      - { id: look,   is: read,   path: ["/look/**"], only: [a] }
      - { id: search, is: read,   method: [POST], path: [/search], only: [q] }
      - { id: beat,   is: quiet,  path: [/beat], answer: "{}", type: application/json }
      - { id: bye,    is: logout, path: [/bye] }
      - { id: live,   is: read,   path: [/live], socket: true }
      - { id: shut,   is: closed, path: [/shut] }
`

func echo(host, upstream string) []byte { return fmt.Appendf(nil, echoRules, host, upstream) }

// silent checks that not one byte has come through c.
func silent(t *testing.T, c net.Conn) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(60 * time.Millisecond))
	var b [1]byte
	if n, err := c.Read(b[:]); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("%d bytes (%q) before the record, %v", n, b[:n], err)
	}
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
}

func (v *visitor) dial(t *testing.T, request string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", v.g.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	line, rest, _ := strings.Cut(request, "\r\n")
	fmt.Fprintf(c, "%s\r\nHost: %s\r\nUser-Agent: %s\r\nCookie: %s=%s\r\n%s", line, v.g.addr, agent, v.g.gw.Cookie.Name, v.cookie, rest)
	return c
}

func answerOn(t *testing.T, c net.Conn) (*http.Response, string) {
	t.Helper()
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// Nothing of a read leaves before its record: not early hints, not a head, not a body, not a stream (S-I2).
func TestHoldReads(t *testing.T) {
	wrote := make(chan struct{}, 8)
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</x.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("Content-Type", "text/plain")
		switch r.URL.Path {
		case "/look/large":
			_, _ = w.Write(bytes.Repeat([]byte("x"), 1<<20))
		default:
			_, _ = io.WriteString(w, "one")
			_ = http.NewResponseController(w).Flush()
		}
		wrote <- struct{}{}
	})
	g := newGate(t, app, echo)
	sam := g.acting()
	slow := g.slow()
	for _, path := range []string{"/look/stream", "/look/large"} {
		t.Run(path, func(t *testing.T) {
			c := sam.dial(t, "GET "+path+" HTTP/1.1\r\n\r\n")
			<-slow.entered
			if path == "/look/stream" {
				<-wrote // the application has answered already
			}
			silent(t, c)
			slow.release <- nil
			res, body := answerOn(t, c)
			if res.StatusCode != http.StatusOK || len(body) != map[string]int{"/look/stream": 3, "/look/large": 1 << 20}[path] {
				t.Errorf("%s, %d bytes", res.Status, len(body))
			}
		})
	}
}

// A write is not even sent before its record (S-I2).
func TestHoldWrites(t *testing.T) {
	g := newGate(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }), echo)
	sam := g.edits()
	slow := g.slow()
	c := sam.dial(t, "POST /change HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")
	<-slow.entered
	silent(t, c)
	if n := len(g.up.requests()); n != 0 {
		t.Fatalf("%d requests were sent before the record", n)
	}
	slow.release <- nil
	if res, body := answerOn(t, c); res.StatusCode != http.StatusOK || body != "abc" || len(g.up.requests()) != 1 {
		t.Errorf("%s %q", res.Status, body)
	}
}

// Our own errors wait too.
func TestHoldErrors(t *testing.T) {
	g := newGate(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), echo)
	sam := g.acting()
	slow := g.slow()
	c := sam.dial(t, "GET /look/a HTTP/1.1\r\n\r\n")
	<-slow.entered
	silent(t, c)
	before := g.size()
	slow.release <- nil
	if res, body := answerOn(t, c); res.StatusCode != http.StatusBadGateway || !strings.Contains(body, "did not answer") ||
		res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s %s", res.Status, body)
	}
	if all := g.leaves(before, "request.allowed", "request.served"); all[1].Status != http.StatusBadGateway {
		t.Errorf("outcome %d", all[1].Status)
	}
}

// What cannot be recorded does not happen (S-I3): a write is not sent, and what a read brought is thrown away unseen.
func TestHoldWithoutRecord(t *testing.T) {
	app := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "secret") })
	for _, tc := range []struct {
		request string
		most    int
		who     func(*gate) *visitor
	}{
		{"GET /look/a HTTP/1.1\r\n\r\n", 1, (*gate).acting},
		{"POST /change HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 0, (*gate).edits},
	} {
		g := newGate(t, app, echo)
		who := tc.who(g)
		g.slow().release <- stead.E(stead.Broken, stead.ReasonBroken, "the disk is full")
		res, body := answerOn(t, who.dial(t, tc.request))
		if res.StatusCode != http.StatusServiceUnavailable || strings.Contains(body, "secret") || len(g.up.requests()) > tc.most {
			t.Errorf("%q: %s, %d sent\n%s", tc.request, res.Status, len(g.up.requests()), body)
		}
	}
}

// edits is sam editing for dana, agreed to by maya.
func (g *gate) edits() *visitor {
	g.t.Helper()
	v := g.enter("staff/sam")
	if a := v.act("mode=edit"); a.StatusCode != http.StatusAccepted {
		g.t.Fatalf("ask for editing: %s\n%s", a.Status, a.body)
	}
	by := g.Login("staff/maya", "api")
	ctx := g.t.Context()
	me, err := g.Present(ctx, authority.Presented{Secret: v.cookie, Host: g.addr, Client: mark(), Address: "127.0.0.1"})
	if err != nil {
		g.t.Fatal(err)
	}
	all, err := g.Mandates(ctx, me, false)
	if err != nil || len(all) != 1 {
		g.t.Fatalf("%d mandates, %v", len(all), err)
	}
	if _, err := g.Approve(ctx, by, all[0].ID, all[0].Digest, ""); err != nil {
		g.t.Fatal(err)
	}
	if _, err := g.Start(ctx, me, all[0].ID, ""); err != nil {
		g.t.Fatal(err)
	}
	v.last = all[0].ID
	return v
}
