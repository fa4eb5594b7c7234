package house_test

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
)

// A stream of events ends with its session at once, does not hold a server that ends, and goes on after the last event
// that its reader had.
func TestStreamsEnd(t *testing.T) {
	h := housetest.New(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := l.Addr().String()
	doors, err := h.Doors(house.Site{Origin: "http://" + host, Listen: host, Gateway: "orders.test", Ring: ring(t, h), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- h.Run(ctx, slog.New(slog.DiscardHandler), doors, []house.Listening{{Name: "own", Listener: l, Handler: doors.Own}})
	}()
	omar, by := enter(t, h, doors.Own, "staff/omar")
	follow := func(token, last string) *bufio.Scanner {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+"/v1/events?kind=session.", nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{"User-Agent": "stead-test/1", "Authorization": "Bearer " + token, "Accept": "text/event-stream", "Last-Event-ID": last} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = resp.Body.Close() })
		lines := bufio.NewScanner(resp.Body)
		if resp.StatusCode != http.StatusOK || !lines.Scan() || lines.Text() != ": open" || !lines.Scan() || lines.Text() != "retry: 2000" {
			t.Fatalf("%d %s", resp.StatusCode, lines.Text())
		}
		return lines
	}
	first := follow(omar.token, "")
	sam, samBy := enter(t, h, doors.Own, "staff/sam")
	id := ""
	for first.Scan() && id == "" {
		id, _ = strings.CutPrefix(first.Text(), "id: ")
		if !strings.HasPrefix(first.Text(), "id: ") {
			id = ""
		}
	}
	if id == "" {
		t.Fatal("nothing came")
	}
	again := follow(omar.token, "1")
	for again.Scan() && again.Text() != "id: "+id {
	}
	if again.Err() != nil {
		t.Fatal(again.Err())
	}
	own := follow(sam.token, "")
	if err := h.EndSession(t.Context(), by, samBy.Session); err != nil {
		t.Fatal(err)
	}
	for own.Scan() { // it ends
	}
	began := time.Now()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("streams held the server for %s", took)
	}
	for first.Scan() {
	}
	h.House = nil // Run has closed it
}
