package pgtest

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Gate stands before a server and lets its clients through, late or not at all. What goes bad on a network goes bad
// here: connections that hang for ever and look well, that are reset, that are slow.
type Gate struct {
	listener net.Listener
	to       string
	port     int

	mu    sync.Mutex
	hangs func(said []byte) bool // tells of a connection, by what its client has said last
	slow  time.Duration
	open  map[net.Conn]bool
	moved chan struct{} // closed when any of these changes
}

// NewGate opens a gate before a server; it ends with the test.
func NewGate(tb testing.TB, s *Server) *Gate {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	g := &Gate{listener: l, to: fmt.Sprintf("127.0.0.1:%d", s.Port), port: s.Port, open: map[net.Conn]bool{}, moved: make(chan struct{})}
	go g.accept()
	tb.Cleanup(func() {
		_ = l.Close()
		g.set(func() { g.hangs, g.slow = nil, 0 })
		g.Reset()
	})
	return g
}

// DSN is one of the server that leads through the gate.
func (g *Gate) DSN(dsn string) string {
	return strings.Replace(dsn, fmt.Sprintf("127.0.0.1:%d", g.port), g.listener.Addr().String(), 1)
}

func (g *Gate) set(change func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change()
	close(g.moved)
	g.moved = make(chan struct{})
}

// Cut lets nothing through any more, and tells nobody.
func (g *Gate) Cut() { g.Hang(func([]byte) bool { return true }) }

// Hang keeps what clients say of which is tells, and everything on those connections after it.
func (g *Gate) Hang(is func(said []byte) bool) { g.set(func() { g.hangs = is }) }

// Slow lets everything through so much later.
func (g *Gate) Slow(d time.Duration) { g.set(func() { g.slow = d }) }

// Heal lets everything through, what was kept first.
func (g *Gate) Heal() { g.set(func() { g.hangs, g.slow = nil, 0 }) }

// Reset ends all connections as a machine does that has lost its memory.
func (g *Gate) Reset() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.open {
		_ = c.(*net.TCPConn).SetLinger(0)
		_ = c.Close()
	}
}

func (g *Gate) accept() {
	for {
		c, err := g.listener.Accept()
		if err != nil {
			return
		}
		go g.join(c)
	}
}

// join carries what two ends say to each other until one of them hangs up.
func (g *Gate) join(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", g.to)
	if err != nil {
		return
	}
	defer server.Close()
	g.set(func() { g.open[client] = true })
	defer g.set(func() { delete(g.open, client) })
	said := &speech{}
	go func() {
		defer client.Close()
		g.carry(client, server, said, false)
	}()
	g.carry(server, client, said, true)
}

// A speech is what the client of a connection has said last.
type speech struct {
	mu   sync.Mutex
	last []byte
}

func (s *speech) say(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = append(s.last[:0], b...)
}

func (s *speech) is(what func([]byte) bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return what(s.last)
}

func (g *Gate) carry(to io.Writer, from io.Reader, said *speech, asks bool) {
	room := make([]byte, 64<<10)
	for {
		n, err := from.Read(room)
		if asks && n > 0 {
			said.say(room[:n])
		}
		g.wait(said)
		if _, bad := to.Write(room[:n]); err != nil || bad != nil {
			return
		}
	}
}

// wait keeps a connection as long as the gate is closed to it.
func (g *Gate) wait(said *speech) {
	for {
		g.mu.Lock()
		hangs, slow, moved := g.hangs, g.slow, g.moved
		g.mu.Unlock()
		if hangs == nil || !said.is(hangs) {
			time.Sleep(slow)
			return
		}
		<-moved
	}
}
