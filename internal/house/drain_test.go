package house_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
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

// A server that is told to end lets answers under way come to their end, cuts what has none, and ends no mandate: after
// the restart the same cookie goes on with it.
func TestDrain(t *testing.T) {
	begun, release := make(chan string, 4), make(chan struct{})
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, "one")
		_ = http.NewResponseController(w).Flush()
		begun <- r.URL.Path
		if r.URL.Path == "/look/events" {
			<-r.Context().Done()
			begun <- "cut"
			return
		}
		<-release
		_, _ = io.WriteString(w, " two")
	}))
	defer app.Close()
	h := housetest.New(t)
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := front.Addr().String()
	apps, err := gateway.ParseRules(fmt.Appendf(nil, `
apps:
  - { id: orders, host: %q, upstream: %q, privileged: [staff/admins], aware: true, realms: [{ id: shop, path: /, acting: true }],
      rules: [{ id: look, is: read, path: ["/look/**"] }] }
`, host, app.URL))
	if err != nil {
		t.Fatal(err)
	}
	serve := func(ctx context.Context, l net.Listener) chan error {
		doors, err := h.Doors(house.Site{Origin: "http://stead.test", Listen: "stead.test", Gateway: host, Apps: apps, Ring: ring(t, h),
			Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() {
			done <- h.Run(ctx, slog.New(slog.DiscardHandler), doors, []house.Listening{{Name: "gateway", Listener: l, Handler: doors.Apps}})
		}()
		return done
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := serve(ctx, front)
	const agent = "stead-test/1"
	in, err := h.SignIn(t.Context(), authority.SignIn{Directory: "staff", Name: "sam", Password: housetest.Password, Host: host, Address: "127.0.0.1",
		Client: web.ClientMark(&http.Request{Header: http.Header{"User-Agent": {agent}}})})
	if err != nil {
		t.Fatal(err)
	}
	m, err := h.Act(in.By, "staff/sam", "customers/dana", stead.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(path, more string) *bufio.Reader {
		c, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nCookie: %s=%s\r\n%s\r\n", path, host, agent,
			web.NewCookie("stead", host, false).Name, in.Secret, more)
		return bufio.NewReader(c)
	}
	answer := ask("/look/a", "")
	events := ask("/look/events", "Accept: text/event-stream\r\n")
	<-begun
	<-begun
	shown, err := http.ReadResponse(events, nil) // it is on record, and out
	if err != nil || shown.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", shown, err)
	}
	start := time.Now()
	stop()
	if what := <-begun; what != "cut" || time.Since(start) > 3*time.Second {
		t.Errorf("the events were %s after %s", what, time.Since(start))
	}
	close(release)
	if status, body, err := read(answer); status != http.StatusOK || body != "one two" || err != nil {
		t.Errorf("under way: %d %q %v", status, body, err)
	}
	if body, err := io.ReadAll(shown.Body); err == nil {
		t.Errorf("events ended as if they were whole: %q", body)
	}
	if err := <-ended; err != nil || time.Since(start) > 3*time.Second {
		t.Errorf("ended after %s: %v", time.Since(start), err)
	}

	h.Open()
	again, err := net.Listen("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop = context.WithCancel(t.Context())
	ended = serve(ctx, again)
	if status, body, err := read(ask("/look/b", "")); status != http.StatusOK || body != "one two" || err != nil {
		t.Errorf("after the restart: %d %q %v", status, body, err)
	}
	if st, err := h.Status(t.Context(), in.By); err != nil || st.Mandate.ID != m.ID || !st.Acting {
		t.Errorf("the mandate: %+v %v", st, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	h.Open() // for who closes it
}

func read(in *bufio.Reader) (status int, body string, err error) {
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		return 0, "", err
	}
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}

func ring(t *testing.T, h *housetest.House) *keys.Ring {
	t.Helper()
	dir := t.TempDir()
	m, err := house.Unlock(t.Context(), filepath.Join(dir, "master.key"), house.Cabinet(dir))
	if err != nil {
		t.Fatal(err)
	}
	r, err := keys.OpenRing(t.Context(), keys.Signing{Issuer: "http://stead.test", Now: h.Now, Rand: rand.Reader, Secrets: m.Secrets, Box: m.Box})
	if err != nil {
		t.Fatal(err)
	}
	return r
}
