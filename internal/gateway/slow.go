package gateway

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// slowest is how long a client may send nothing of a body that it announced, or take nothing of an answer.
const slowest = time.Minute

// paced bounds how long r keeps us waiting for its body. stop is called before the connection goes to another request.
func (g *Gateway) paced(w http.ResponseWriter, r *http.Request) (stop func()) {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return func() {}
	}
	p := &pace{ReadCloser: r.Body, on: http.NewResponseController(w), most: g.slowest()}
	r.Body = p
	return p.stop
}

func (g *Gateway) slowest() time.Duration {
	if g.Slowest > 0 {
		return g.Slowest
	}
	return slowest
}

// A pace is a body with a deadline for each piece of it. A slow application does not use it up: the time runs while we
// wait for the client only.
type pace struct {
	io.ReadCloser
	on   *http.ResponseController
	most time.Duration

	mu    sync.Mutex
	whole bool // all of it was read
	over  bool // the deadlines of the connection are the server's again
}

func (p *pace) Read(b []byte) (int, error) {
	p.set(time.Now().Add(p.most), false)
	n, err := p.ReadCloser.Read(b)
	if whole := err == io.EOF; whole || err == nil { //nolint:errorlint // readers give it as it is
		p.set(time.Time{}, whole)
	}
	return n, err
}

func (p *pace) set(until time.Time, whole bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.whole = p.whole || whole; !p.over {
		_ = p.on.SetReadDeadline(until) // a writer without deadlines has no client that could be slow
	}
}

// stop leaves the deadlines to the server, which reads a little of what is left, and waits for that no longer either.
func (p *pace) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over = true; !p.whole {
		_ = p.on.SetReadDeadline(time.Now().Add(p.most))
	}
}

// last bounds what is still to be written when the answer is whole.
func (h *hold) last() {
	if h.slowest > 0 && !h.hijacked {
		_ = http.NewResponseController(h.ResponseWriter).SetWriteDeadline(time.Now().Add(h.slowest))
	}
}

// paced bounds one write to a client. Under HTTP/1 the connection itself does (web.Patient); under HTTP/2 a client may
// take nothing of one answer while it takes others.
func (h *hold) paced(write func() (int, error)) (int, error) {
	if h.slowest == 0 {
		return write()
	}
	on := http.NewResponseController(h.ResponseWriter)
	_ = on.SetWriteDeadline(time.Now().Add(h.slowest))
	n, err := write()
	_ = on.SetWriteDeadline(time.Time{})
	return n, err
}
