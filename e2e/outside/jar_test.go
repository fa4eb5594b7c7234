package outside

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// eaves is an application that keeps what it was sent and plants what it likes.
type eaves struct {
	mu    sync.Mutex
	heard []string
	plant string
}

func (e *eaves) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for name, values := range r.Header {
		e.heard = append(e.heard, fmt.Sprintf("%s: %s", name, values))
	}
	if e.plant != "" {
		w.Header().Set("Set-Cookie", e.plant+"=planted; Path=/")
	}
	_, _ = io.WriteString(w, "hello")
}

// Ports do not separate cookies: a browser shows the gateway the pass of Stead's own pages too. No application gets it,
// and none can plant one.
func TestPassesStayHere(t *testing.T) {
	app := &eaves{}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	shop := &http.Server{Handler: app}
	go func() { _ = shop.Serve(l) }() // until it is closed
	t.Cleanup(func() { _ = shop.Close() })
	w, _, link := serveWith(t, func(gate string) string {
		return fmt.Sprintf("apps:\n  - id: shop\n    host: %q\n    upstream: http://%s\n    privileged: [admins]\n    realms: [ { id: all, path: /, acting: true } ]\n    default: write\n    rules: [ { id: any, is: read, path: [\"/**\"] } ]\n", gate, l.Addr())
	})
	token := strings.TrimPrefix(link, w.Console+"/setup?token=")
	ada := stranger(w)
	first(t, ada, token)
	to := ada.page(t, w.Console+"/login?next="+w.Gateway+"/").is(t, "over to the shop", 303)
	ada.page(t, to.to()).is(t, "arriving", 303)
	gate, own := ada.pass(t, w.Gateway), ada.pass(t, w.Console)
	if gate == nil || own == nil {
		t.Fatalf("passes: %v %v", gate, own)
	}
	ada.get(t, w.Gateway+"/look").is(t, "a page", 200)
	app.mu.Lock()
	heard := strings.Join(app.heard, "\n")
	app.plant = own.Name
	app.mu.Unlock()
	if heard == "" || strings.Contains(heard, own.Value) || strings.Contains(heard, gate.Value) {
		t.Errorf("the application heard:\n%s", heard)
	}
	if a := ada.get(t, w.Gateway+"/look"); a.head.Get("Set-Cookie") != "" {
		t.Errorf("planted: %q", a.head.Get("Set-Cookie"))
	}
	if _, err := os.Stat(filepath.Join(w.data, "log.pub")); err != nil {
		t.Error(err)
	}
}
