package login

import (
	"encoding/base64"
	"io"
	"sync"
	"time"

	"github.com/steadhq/stead"
)

// A half is a sign-in whose password was right and whose code is still to come.
type half struct {
	directory, name, password string
	client                    string // nobody else may go on with it
	until                     time.Time
}

const (
	halfLife   = 3 * time.Minute
	mostHalves = 4096
)

// halves keep what was typed between the two pages in memory only, so that no page and no cookie holds a password.
// A server that forgets asks again from the start.
type halves struct {
	mu   sync.Mutex
	open map[string]half
}

// keep gives the token to go on with. Errors: broken; refused when too many are on their way.
func (h *halves) keep(random io.Reader, x half, now time.Time) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", stead.Because(err, "draw a token")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open == nil {
		h.open = make(map[string]half)
	}
	for token, old := range h.open {
		if !now.Before(old.until) {
			delete(h.open, token)
		}
	}
	if len(h.open) >= mostHalves {
		return "", stead.E(stead.Refused, stead.ReasonTooMany, "too many people sign in just now: try again in a minute")
	}
	token := base64.RawURLEncoding.EncodeToString(b[:])
	x.until = now.Add(halfLife)
	h.open[token] = x
	return token, nil
}

// find gives what was kept, to the same client and in time.
func (h *halves) find(token, client string, now time.Time) (half, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	x, ok := h.open[token]
	if !ok || x.client != client || !now.Before(x.until) {
		return half{}, false
	}
	return x, true
}

func (h *halves) drop(token string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.open, token)
}
