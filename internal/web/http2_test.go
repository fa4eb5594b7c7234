package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/steadhq/stead/internal/web"
)

// HTTP/2 has a connection of its own: what speaks of one is refused (RFC 9113 8.2.2). net/http takes some of it.
func TestConnectionFieldsInHTTP2(t *testing.T) {
	f := web.Front{Reserved: web.NewNames(), NewID: func() string { return "r" }, Refuse: quietDoor().Refuse}
	for line, want := range map[string]int{"": 200, "Te: trailers": 200, "Te: gzip": 400, "Te: trailers, deflate": 400, "Connection: keep-alive": 400,
		"Connection: X-A": 400, "Proxy-Connection: keep-alive": 400, "Keep-Alive: 1": 400, "Transfer-Encoding: chunked": 400, "Upgrade: websocket": 400} {
		for version, want := range map[int]int{2: want, 1: 200} {
			r := httptest.NewRequest("GET", "/", nil)
			r.ProtoMajor, r.Host = version, "shop.example"
			if name, value, found := strings.Cut(line, ": "); found {
				r.Header[name] = []string{value}
			}
			if version == 1 && strings.HasPrefix(line, "Upgrade") {
				want = 400 // without Connection
			}
			w := httptest.NewRecorder()
			f.Before(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
			if w.Code != want {
				t.Errorf("HTTP/%d %q: %d, want %d", version, line, w.Code, want)
			}
		}
	}
}
