package pgtest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"
)

// A Gate stands before a server and lets its clients through, late or not at all. What goes bad on a network goes bad
// here: connections that hang for ever and look well, that are lost, that are slow.
type Gate struct {
	proxy *toxiproxy.Proxy

	mu    sync.Mutex
	hangs func(said []byte) bool // tells of a connection, by what its client says
	slow  time.Duration
	moved chan struct{} // closed when any of these changes
}

// NewGate opens a gate before a server; it ends with the test.
func NewGate(tb testing.TB, s *Server) *Gate {
	tb.Helper()
	toxics.Register("gate", &toxic{})
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	g := &Gate{proxy: toxiproxy.NewProxy(server, "gate", "127.0.0.1:0", fmt.Sprintf("127.0.0.1:%d", s.Port)), moved: make(chan struct{})}
	for _, way := range []string{"upstream", "downstream"} {
		w, err := g.proxy.Toxics.AddToxicJson(strings.NewReader(`{"type": "gate", "stream": "` + way + `"}`))
		if err != nil {
			tb.Fatal(err)
		}
		w.Toxic.(*toxic).gate, w.Toxic.(*toxic).asks = g, way == "upstream"
	}
	if err := g.proxy.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		g.Heal()
		g.proxy.Stop()
	})
	return g
}

// DSN is one of the server that leads through the gate.
func (g *Gate) DSN(dsn string) string {
	return strings.Replace(dsn, g.proxy.Upstream, g.proxy.Listen, 1)
}

func (g *Gate) set(hangs func([]byte) bool, slow time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.moved)
	g.hangs, g.slow, g.moved = hangs, slow, make(chan struct{})
}

// Cut lets nothing through any more, and tells nobody.
func (g *Gate) Cut() { g.Hang(func([]byte) bool { return true }) }

// Hang keeps what clients say of which is tells, and everything they say on those connections after it.
func (g *Gate) Hang(is func(said []byte) bool) { g.set(is, 0) }

// Slow lets everything through so much later.
func (g *Gate) Slow(d time.Duration) { g.set(nil, d) }

// Heal lets everything through, what was kept first.
func (g *Gate) Heal() { g.set(nil, 0) }

// Reset ends all connections.
func (g *Gate) Reset(tb testing.TB) {
	tb.Helper()
	g.proxy.Stop()
	if err := g.proxy.Start(); err != nil {
		tb.Fatal(err)
	}
}

// A toxic is what a gate does to one direction of its connections. It is there from the start: toxiproxy can stop for ever
// when a toxic comes to connections that end at that moment, and its own ones lose what they keep.
type toxic struct {
	gate *Gate
	asks bool // what clients say, not what they are told
}

// Pipe carries what is said.
func (t *toxic) Pipe(s *toxics.ToxicStub) {
	for said := range s.Input {
		t.gate.wait(t, said)
		s.Output <- said
	}
	s.Close()
}

// wait keeps what is said as long as the gate is closed to it.
func (g *Gate) wait(t *toxic, said *stream.StreamChunk) {
	for {
		g.mu.Lock()
		hangs, slow, moved := g.hangs, g.slow, g.moved
		g.mu.Unlock()
		var words []byte // of an answer nothing is known but that it is one
		if t.asks {
			words = said.Data
		}
		if hangs == nil || !hangs(words) {
			time.Sleep(slow)
			return
		}
		<-moved
	}
}
