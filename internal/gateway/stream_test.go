package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// Who asks before he sends gets no answer before the record, not even that he may go on; then it goes on (S-I2).
func TestExpectContinue(t *testing.T) {
	g := newGate(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }), echo)
	sam := g.edits()
	slow := g.slow()
	c := sam.dial(t, "POST /change HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
	<-slow.entered
	silent(t, c)
	slow.release <- nil
	in := bufio.NewReader(c)
	if line, err := in.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("%q %v", line, err)
	}
	_, _ = in.ReadString('\n')
	fmt.Fprint(c, "abc")
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK || string(body) != "abc" {
		t.Errorf("%s %q", res.Status, body)
	}
}

const large = 256 << 20

// live is how much memory is in use, after everything that is not was given back.
func live() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A sampler counts what passes and notes the most memory in use meanwhile.
type sampler struct {
	n, most, next atomic.Uint64
}

func (s *sampler) pass(n int) {
	if s.n.Add(uint64(n)) >= s.next.Load() {
		s.next.Add(large / 4)
		s.most.Store(max(s.most.Load(), live()))
	}
}

func (s *sampler) Write(p []byte) (int, error) { s.pass(len(p)); return len(p), nil }

// Large bodies pass, both ways, and what is held of them at any time is no more than a few buffers.
func TestLargeBodies(t *testing.T) {
	var up sampler
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			n, err := io.Copy(&up, r.Body)
			fmt.Fprintf(w, "%d %v", n, err)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		if r.URL.Path == "/look/sized" {
			w.Header().Set("Content-Length", fmt.Sprint(large))
		}
		_, _ = io.CopyN(w, zeros{}, large)
	})
	g := newGate(t, app, echo)
	dana := g.enter("customers/dana")
	fetch := func(method, path string, body io.Reader) *http.Response {
		r, err := http.NewRequest(method, "http://"+g.addr+path, body)
		if err != nil {
			t.Fatal(err)
		}
		if body != nil {
			r.ContentLength = large
		}
		r.Header.Set("User-Agent", agent)
		r.AddCookie(&http.Cookie{Name: g.gw.Cookie.Name, Value: dana.cookie})
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = res.Body.Close() })
		return res
	}
	before := live()
	flat := func(what string, s *sampler) {
		t.Helper()
		grown := int64(s.most.Load()) - int64(before)
		t.Logf("%s: %d MiB passed, %d KiB more in use at most", what, s.n.Load()>>20, grown>>10)
		if s.n.Load() != large || grown > 4<<20 {
			t.Errorf("%s: %d bytes, %d KiB more in use", what, s.n.Load(), grown>>10)
		}
	}
	for _, path := range []string{"/look/sized", "/look/unsized"} {
		var down sampler
		if n, err := io.Copy(&down, fetch("GET", path, nil).Body); n != large || err != nil {
			t.Errorf("%s: %d bytes, %v", path, n, err)
		}
		flat(path, &down)
	}
	g.up.next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(&up, r.Body)
		fmt.Fprintf(w, "%d %v", n, err)
	})
	g.up.blind.Store(true)
	res := fetch("PUT", "/upload", io.LimitReader(zeros{}, large))
	if text, _ := io.ReadAll(res.Body); string(text) != fmt.Sprintf("%d <nil>", large) {
		t.Errorf("uploaded %q", text)
	}
	flat("upload", &up)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A client that takes nothing makes the application wait: what it has written by then lies in the sockets, not in memory.
// When the client leaves, the application is told so.
func TestBackPressure(t *testing.T) {
	stuck, gone := make(chan int64, 1), make(chan error, 1)
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		on := http.NewResponseController(w)
		var n int64
		piece := make([]byte, 64<<10)
		for n < large {
			_ = on.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
			m, err := w.Write(piece)
			n += int64(m)
			if err != nil {
				break
			}
		}
		stuck <- n
		<-r.Context().Done()
		gone <- r.Context().Err()
	})
	g := newGate(t, app, echo)
	before := live()
	c := g.acting().dial(t, "GET /look/a HTTP/1.1\r\n\r\n")
	if n := <-stuck; n > large/2 {
		t.Errorf("the application wrote %d MiB for a client that reads nothing", n>>20)
	}
	if grown := int64(live()) - int64(before); grown > 4<<20 {
		t.Errorf("%d KiB are held for it", grown>>10)
	}
	_ = c.Close()
	<-gone
}

// A client that announced a body and does not send it is not waited for, nor is one that takes nothing of its answer.
func TestSlowClients(t *testing.T) {
	read := make(chan error, 1)
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		read <- err
	})
	g := newGate(t, app, echo, func(g *gate) { g.gw.Slowest = 80 * time.Millisecond })
	dana := g.enter("customers/dana")
	before := g.size()
	c := dana.dial(t, "POST /change HTTP/1.1\r\nContent-Length: 30\r\n\r\nabc")
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	if err := <-read; err == nil {
		t.Error("the application read a whole body")
	}
	if _, err := io.Copy(io.Discard, c); err != nil {
		t.Errorf("the connection stays open: %v", err)
	}
	g.leaves(before, "request.allowed", "request.served")
	// A form is read before anything is decided.
	c = dana.dial(t, "POST /search HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 30\r\n\r\nq=")
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.Copy(io.Discard, c); err != nil {
		t.Errorf("the connection of a form stays open: %v", err)
	}
	// One that is slow but comes is waited for, and an application that is slow uses none of it up.
	c = dana.dial(t, "POST /change HTTP/1.1\r\nContent-Length: 6\r\n\r\n")
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for range 6 {
		<-tick.C
		fmt.Fprint(c, "x")
	}
	for len(read) > 1 {
		<-read
	}
	if res, _ := answerOn(t, c); res.StatusCode != http.StatusOK {
		t.Errorf("slow but coming: %s", res.Status)
	}
}

// Under HTTP/2 one answer of many on a connection is not waited for either.
func TestSlowStream(t *testing.T) {
	ended := make(chan struct{})
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/look/small" {
			_, _ = io.WriteString(w, "small")
			return
		}
		_, _ = io.CopyN(w, zeros{}, large)
		<-r.Context().Done()
		close(ended)
	})
	g := newGate(t, app, echo, func(g *gate) { g.gw.Slowest = 80 * time.Millisecond })
	dana := g.enter("customers/dana")
	front := g.overTLS(t)
	get := func(path string) (*http.Response, error) {
		r, err := http.NewRequest("GET", front.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = g.addr
		r.Header.Set("User-Agent", agent)
		r.AddCookie(&http.Cookie{Name: g.gw.Cookie.Name, Value: dana.cookie})
		return front.Client().Do(r)
	}
	res, err := get("/look/a")
	if err != nil || res.ProtoMajor != 2 {
		t.Fatalf("%v %v", res, err)
	}
	<-ended
	other, err := get("/look/small")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(other.Body); err != nil || string(text) != "small" {
		t.Errorf("another answer on that connection: %q %v", text, err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Error("the answer that was not taken ended as if it were whole")
	}
}

// overTLS serves the same gateway over TLS, HTTP/2 first.
func (g *gate) overTLS(t *testing.T) *httptest.Server {
	t.Helper()
	door, err := g.gw.Open()
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(door)
	s.Config = web.NewServer(door, g.gw.Door.Log)
	s.TLS = &tls.Config{NextProtos: []string{"h2", "http/1.1"}}
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// What a request meant when it was opened is looked at again and again: at any end of what it was opened under, streams
// and sockets are cut, whether their client takes anything or not (B7).
func TestCutInTime(t *testing.T) {
	closed := make(chan struct{}, 64)
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { closed <- struct{}{} }()
		if r.Header.Get("Upgrade") != "" {
			pong(w)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		on := http.NewResponseController(w)
		for r.Context().Err() == nil {
			if r.URL.Path == "/look/flood" {
				_, _ = w.Write(make([]byte, 64<<10))
				continue
			}
			_, _ = io.WriteString(w, "data: 1\n\n")
			_ = on.Flush()
		}
	})
	ends := map[string]func(*gate, *visitor){
		"by hand": func(g *gate, v *visitor) { v.post("/.stead/end", mandate(v)) },
		"revoked": func(g *gate, v *visitor) {
			if _, err := g.Revoke(g.t.Context(), g.Login("staff/omar", "api"), v.last, "no"); err != nil {
				g.t.Fatal(err)
			}
		},
		"expired":    func(g *gate, _ *visitor) { g.Clock.Move(11 * time.Minute) },
		"signed out": func(g *gate, v *visitor) { v.post("/.stead/out", nil) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			g := newGate(t, app, echo)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			go g.gw.Run(ctx, nil)
			sam := g.acting()
			stream := sam.dial(t, "GET /look/events HTTP/1.1\r\nAccept: text/event-stream\r\n\r\n")
			socket := sam.dial(t, "GET /live HTTP/1.1\r\n"+upgrade)
			flood := sam.dial(t, "GET /look/flood HTTP/1.1\r\nAccept: text/event-stream\r\n\r\n")
			in := bufio.NewReader(socket)
			if res, err := http.ReadResponse(in, nil); err != nil || res.StatusCode != http.StatusSwitchingProtocols {
				t.Fatalf("%v %v", res, err)
			}
			events := bufio.NewReader(stream)
			if res, err := http.ReadResponse(events, nil); err != nil || res.StatusCode != http.StatusOK {
				t.Fatalf("%v %v", res, err)
			}
			_, _ = flood.Read(make([]byte, 1))
			ping := func() error {
				_, _ = io.WriteString(socket, "ping")
				_, err := io.ReadFull(in, make([]byte, 4))
				return err
			}
			if err := ping(); err != nil {
				t.Fatal(err)
			}
			end(g, sam)
			over := time.Now()
			for range 3 {
				<-closed // the application has heard of each
			}
			took := time.Since(over)
			t.Logf("all three are cut after %s", took)
			if took > time.Second {
				t.Errorf("cut after %s", took)
			}
			for ping() == nil { // what was on its way may arrive
			}
			if _, err := io.Copy(io.Discard, events); err != nil && !strings.Contains(err.Error(), "reset") {
				t.Error(err)
			}
		})
	}
}

// A client that takes nothing cannot keep what was cut open: its outcome is recorded while it still waits.
func TestCutOfStuckClient(t *testing.T) {
	stuck := make(chan struct{})
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		on := http.NewResponseController(w)
		for r.Context().Err() == nil {
			_ = on.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				break
			}
		}
		_ = on.SetWriteDeadline(time.Time{})
		close(stuck)
		<-r.Context().Done()
	})
	g := newGate(t, app, echo)
	sam, omar := g.acting(), g.Login("staff/omar", "api")
	c := sam.dial(t, "GET /look/a HTTP/1.1\r\n\r\n")
	<-stuck
	before := g.size()
	if _, err := g.Revoke(t.Context(), omar, sam.last, "no"); err != nil {
		t.Fatal(err)
	}
	g.gw.Sweep(t.Context())
	for _, e := range g.recorded(before, 2) {
		if e.Kind == "request.served" && e.Outcome != stead.Unknown {
			t.Errorf("outcome %q", e.Outcome)
		}
	}
	_ = c.Close()
}

const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n"

// pong answers everything over a socket with itself.
func pong(w http.ResponseWriter) {
	c, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = c.Close() }()
	fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	_ = rw.Flush()
	_, _ = io.Copy(c, rw)
}

// Streams are actions of their own. A socket can say anything: while reading only it is open where a rule says that what
// is said over it changes nothing, and nowhere else, and what is no socket is not open there (B8, S-I27).
func TestStreamsAsActions(t *testing.T) {
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			pong(w)
			return
		}
		_, _ = io.WriteString(w, "ok")
	})
	g := newGate(t, app, echo)
	sam := g.acting()
	const sse = "Accept: text/event-stream\r\n"
	for _, tc := range []struct {
		line, rest string
		status     int
		action     stead.Action
		rule       string
	}{
		{"GET /live", upgrade, 101, stead.ActionWatch, "live"},
		{"GET /live?a=1", upgrade, 403, stead.ActionOpen, "default"},
		{"GET /live/x", upgrade, 403, stead.ActionOpen, "default"},
		{"GET /LIVE", upgrade, 403, stead.ActionOpen, "default"},
		{"GET /live", "\r\n", 403, stead.ActionWrite, "default"},
		{"GET /look/a", upgrade, 403, stead.ActionOpen, "default"},
		{"GET /static/a.css", upgrade, 403, stead.ActionOpen, "default"},
		{"GET /other", upgrade, 403, stead.ActionOpen, "default"},
		{"GET /shut", upgrade, 403, stead.ActionClosed, "shut"},
		{"GET /look/a", sse + "\r\n", 200, stead.ActionWatch, "look"},
		{"GET /look/a", "Accept: application/json\r\n\r\n", 200, stead.ActionRead, "look"},
		{"GET /other", sse + "\r\n", 403, stead.ActionWrite, "default"},
	} {
		before, sent := g.size(), len(g.up.requests())
		c := sam.dial(t, tc.line+" HTTP/1.1\r\n"+tc.rest)
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || res.StatusCode != tc.status {
			t.Errorf("%s %q: %v %v", tc.line, tc.rest, res, err)
			continue
		}
		if reached := len(g.up.requests()) > sent; reached != (tc.status < 300) {
			t.Errorf("%s %q: reached the application: %v", tc.line, tc.rest, reached)
		}
		e := g.recorded(before, 1)[0]
		if e.What["action"] != string(tc.action) || e.What["class"] != tc.rule {
			t.Errorf("%s %q: recorded as %s by rule %q", tc.line, tc.rest, e.What["action"], e.What["class"])
		}
		_ = c.Close()
		if tc.status < 300 {
			g.recorded(before, 2)
		}
	}
}

// A client that opens no window at all is not waited for either, however small the answer.
func TestClosedWindow(t *testing.T) {
	g := newGate(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "small") }), echo,
		func(g *gate) { g.gw.Slowest = 80 * time.Millisecond })
	dana := g.enter("customers/dana")
	front := g.overTLS(t)
	c, err := tls.Dial("tcp", front.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}) //nolint:gosec // of this very test
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprint(c, http2.ClientPreface)
	f := http2.NewFramer(c, c)
	if err := f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}); err != nil {
		t.Fatal(err)
	}
	var head bytes.Buffer
	enc := hpack.NewEncoder(&head)
	for _, field := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", g.addr}, {":path", "/look/a"}, {"user-agent", agent},
		{"cookie", g.gw.Cookie.Name + "=" + dana.cookie}} {
		if err := enc.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: head.Bytes(), EndStream: true, EndHeaders: true}); err != nil {
		t.Fatal(err)
	}
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			t.Fatalf("nothing came of it: %v", err)
		}
		if reset, ok := frame.(*http2.RSTStreamFrame); ok && reset.StreamID == 1 {
			return
		}
	}
}
