package web_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/steadhq/stead/internal/web"
)

// A client that takes nothing of a long answer loses its connection, on plain HTTP and below TLS; one that takes it in
// its own time gets all of it.
func TestPatient(t *testing.T) {
	ended := make(chan error, 1)
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		for n := 0; n < 512 && err == nil; n++ {
			_, err = w.Write(make([]byte, 64<<10))
		}
		ended <- err
	})
	secure := httptest.NewUnstartedServer(app)
	secure.StartTLS()
	defer secure.Close()
	for name, config := range map[string]*tls.Config{"plain": nil, "TLS": {Certificates: secure.TLS.Certificates}} {
		t.Run(name, func(t *testing.T) {
			bare, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			l := web.Patient(bare, 80*time.Millisecond)
			if config != nil {
				l = tls.NewListener(l, config)
			}
			s := web.NewServer(app, slog.New(slog.DiscardHandler))
			go func() { _ = s.Serve(web.Listener(l, nil)) }()
			defer s.Close()
			dial := func() net.Conn {
				c, err := net.Dial("tcp", bare.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				if config != nil {
					c = tls.Client(c, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // of this very test
				}
				fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
				return c
			}
			c := dial()
			defer c.Close()
			if err := <-ended; err == nil {
				t.Error("32 MiB were written for a client that takes nothing")
			}
			taker := dial()
			defer taker.Close()
			if n, err := io.Copy(io.Discard, taker); n < 32<<20 || err != nil {
				t.Errorf("%d bytes, %v", n, err)
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}
