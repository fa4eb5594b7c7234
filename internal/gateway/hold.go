package gateway

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/steadhq/stead"
)

// maxHeld is how much of an answer waits in memory for the record; beyond that the application waits too.
const maxHeld = 32 << 10

var errHeld = errors.New("the decision did not let the answer out")

// A hold keeps an answer back, head and all, until its decision is on record. Not a 1xx, not a header, not an error of
// our own gets out before. It is used by one goroutine at a time, as every ResponseWriter is.
type hold struct {
	http.ResponseWriter
	wait   func() (stead.Decision, error)    // gives the decision that counts
	refuse func(d stead.Decision, err error) // writes the no instead of the answer

	buffers  *buffers // of maxHeld each
	head     http.Header
	code     int
	held     []byte
	whole    bool // the application said how long its answer is: it does not come bit by bit
	settled  bool
	no       bool
	hijacked bool
	size     atomic.Int64
	slowest  time.Duration // a client may take nothing for so long; 0 where the connection sees to that itself
}

// Header is the head being prepared, and after its release the real one, for trailers.
func (h *hold) Header() http.Header {
	if h.settled {
		return h.ResponseWriter.Header()
	}
	return h.head
}

// WriteHeader notes the status. What announces more to come (1xx) is dropped: it is news of the answer before the
// answer, and says nothing that the answer does not.
func (h *hold) WriteHeader(code int) {
	switch {
	case h.no || h.code != 0:
	case code == http.StatusSwitchingProtocols:
		h.code = code
		h.settle()
	case code < 200:
	default:
		h.code = code
		if h.settled {
			h.ResponseWriter.WriteHeader(code)
		}
	}
}

func (h *hold) Write(p []byte) (int, error) {
	if h.code == 0 {
		h.WriteHeader(http.StatusOK)
	}
	if !h.settled && len(h.held)+len(p) <= maxHeld {
		if h.held == nil {
			h.held = h.buffers.Get()[:0]
		}
		h.held = append(h.held, p...)
		h.size.Add(int64(len(p)))
		return len(p), nil
	}
	if h.settle(); h.no {
		return 0, errHeld
	}
	n, err := h.paced(func() (int, error) { return h.ResponseWriter.Write(p) })
	h.size.Add(int64(n))
	return n, err
}

// FlushError waits for the record, then sends what there is. Of an answer that does not come bit by bit more is sent at
// a time.
func (h *hold) FlushError() error {
	if h.whole {
		return nil
	}
	if h.settle(); h.no {
		return errHeld
	}
	_, err := h.paced(func() (int, error) { return 0, http.NewResponseController(h.ResponseWriter).Flush() })
	return err
}

// Hijack waits for the record, then hands over the connection.
func (h *hold) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if h.settle(); h.no {
		return nil, nil, errHeld
	}
	c, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	h.hijacked = err == nil
	return c, rw, err
}

// settle waits for the record, once, and lets go what was held or refuses.
func (h *hold) settle() {
	if h.settled {
		return
	}
	h.settled = true
	d, err := h.wait()
	defer h.drop()
	if err != nil || !d.Allow {
		h.no = true
		h.drop()
		h.refuse(d, err)
		return
	}
	to := h.ResponseWriter.Header()
	for name, values := range h.head {
		to[name] = values
	}
	if h.code == 0 || h.code == http.StatusSwitchingProtocols {
		return // the connection's new owner writes the head
	}
	if _, said := to["Content-Type"]; !said {
		to["Content-Type"] = nil // else the server guesses one, and makes a page of what the application said is none
	}
	h.ResponseWriter.WriteHeader(h.code)
	if len(h.held) > 0 {
		_, _ = h.paced(func() (int, error) { return h.ResponseWriter.Write(h.held) }) // a client that is gone is noticed by the next write
	}
}

// drop gives back what was held in.
func (h *hold) drop() {
	if h.held != nil {
		h.buffers.Put(h.held[:cap(h.held)])
		h.held = nil
	}
}

// finish lets go of an answer that is complete.
func (h *hold) finish() {
	if h.code == 0 && !h.settled {
		h.WriteHeader(http.StatusOK)
	}
	if h.whole && !h.settled && len(h.held) > 0 && h.head.Get("Trailer") == "" {
		h.head.Set("Content-Length", strconv.Itoa(len(h.held)))
	}
	h.settle()
	h.last()
}
