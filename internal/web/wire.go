package web

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
)

// Listener wraps a listener for plain HTTP so that Front learns how each request was framed. net/http resolves some
// ambiguities silently and leaves no trace for a handler to see: both Content-Length and Transfer-Encoding, the same
// Content-Length twice, folded lines, bare line feeds. Under TLS the server ends the only connection that such a
// request could confuse, and net/http must see the connection itself to speak HTTP/2: such are left alone. Use NewServer
// or ConnContext with it.
//
// What net/http cannot read as a request at all it answers itself; unread, where given, is told of it.
func Listener(l net.Listener, unread Unread) net.Listener { return watched{l, unread} }

// Unread is told where bytes came from that are no request, and the status they were answered with: "400 Bad Request".
type Unread func(from net.Addr, status string)

type watched struct {
	net.Listener
	unread Unread
}

func (l watched) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if _, own := c.(*tls.Conn); own {
		return c, nil
	}
	return &wire{Conn: c, unread: l.unread}, nil
}

type wireKey struct{}

// ConnContext belongs in http.Server.ConnContext beside a Listener.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	if w, ok := c.(*wire); ok {
		return context.WithValue(ctx, wireKey{}, w)
	}
	return ctx
}

// framing asks the connection of r how r was framed.
func framing(r *http.Request) error {
	w, ok := r.Context().Value(wireKey{}).(*wire)
	if !ok || r.ProtoMajor != 1 {
		return nil
	}
	return w.take(r.Method + " " + r.RequestURI)
}

// maxLine bounds what is kept of one line. Only short ones matter for framing.
const maxLine = 16 << 10

// A wire follows the requests on one connection as they are read. After a request that it finds ambiguous, or that
// may switch protocols, it looks no further, and whatever net/http then takes for a request has no verdict and is
// refused.
type wire struct {
	net.Conn
	unread   Unread
	mu       sync.Mutex
	in       part
	line     []byte
	long     bool
	skip     int64 // bytes of a body or chunk still to come
	head     framed
	verdicts []verdict
}

type verdict struct {
	request string // method and target
	err     error
}

// The part of a message the next byte belongs to.
type part int

const (
	inHead part = iota
	inBody
	inChunkSize
	inChunk
	inTrailer
	blind
)

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if n > 0 {
		w.mu.Lock()
		w.follow(p[:n])
		w.mu.Unlock()
	}
	return n, err
}

// ownWords follow the status where net/http speaks for itself; no answer of a handler begins so.
const ownWords = "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"

func (w *wire) Write(p []byte) (int, error) {
	const version = "HTTP/1.1 "
	if at := bytes.Index(p[:min(len(p), 2*len(ownWords))], []byte(ownWords)); w.unread != nil && at > len(version) {
		w.unread(w.RemoteAddr(), string(p[len(version):at]))
	}
	return w.Conn.Write(p)
}

// take gives the verdict on the request that net/http read next.
func (w *wire) take(request string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.verdicts) > 0 {
		v := w.verdicts[0]
		w.verdicts = w.verdicts[1:]
		if v.request == request {
			return v.err
		}
	}
	return bad("the request is not where the connection says it is")
}

func (w *wire) follow(p []byte) {
	for len(p) > 0 && w.in != blind {
		if w.in == inBody || w.in == inChunk {
			p = w.pass(p)
			continue
		}
		at := bytes.IndexByte(p, '\n')
		if at < 0 {
			w.keep(p)
			return
		}
		w.keep(p[:at+1])
		p = p[at+1:]
		w.ended(w.line)
		w.line, w.long = w.line[:0], false
	}
	if w.in == blind {
		w.line = nil
	}
}

func (w *wire) keep(p []byte) {
	if room := maxLine - len(w.line); len(p) > room {
		p, w.long = p[:room], true
	}
	w.line = append(w.line, p...)
}

func (w *wire) pass(p []byte) []byte {
	n := min(int64(len(p)), w.skip)
	w.skip -= n
	if w.skip == 0 {
		if w.in == inChunk {
			w.in = inChunkSize
		} else {
			w.in = inHead
		}
	}
	return p[n:]
}

// ReadFrom and CloseWrite keep what net/http does with a bare TCP connection.
func (w *wire) ReadFrom(r io.Reader) (int64, error) {
	if t, ok := w.Conn.(io.ReaderFrom); ok {
		return t.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{w.Conn}, r)
}

func (w *wire) CloseWrite() error {
	if t, ok := w.Conn.(interface{ CloseWrite() error }); ok {
		return t.CloseWrite()
	}
	return nil
}
