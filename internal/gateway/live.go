package gateway

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A stream is an answer on its way, or an open socket.
type stream struct {
	by      authority.By
	host    string
	app     stead.AppID
	mandate stead.MandateID // it was opened under; "" when he was himself
	cut     context.CancelFunc
}

// live knows every stream, so that a start or an end cuts those that were opened before (R17, B7).
type live struct {
	mu   sync.Mutex
	open map[*stream]struct{}
	done chan struct{} // somebody waits until none is open
}

func (l *live) add(s *stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == nil {
		l.open = map[*stream]struct{}{}
	}
	l.open[s] = struct{}{}
}

func (l *live) remove(s *stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, s)
	if l.done != nil && len(l.open) == 0 {
		close(l.done)
		l.done = nil
	}
}

// drained is closed when no stream is open.
func (l *live) drained() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	done := make(chan struct{})
	if len(l.open) == 0 {
		close(done)
	} else {
		l.done = done
	}
	return done
}

func (l *live) all() []*stream {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]*stream, 0, len(l.open))
	for s := range l.open {
		list = append(list, s)
	}
	return list
}

// cutEvery is how often open streams are looked at: well within the second that SECURITY promises.
const cutEvery = 250 * time.Millisecond

// Run cuts streams until ctx is done.
func (g *Gateway) Run(ctx context.Context) {
	t := time.NewTicker(cutEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			g.Sweep(ctx)
		}
	}
}

// Close cuts every stream and waits until the outcomes are with the authority, which may be closed then. Servers do not
// wait for sockets, so it is called once, after they were shut down.
func (g *Gateway) Close(ctx context.Context) error {
	for _, s := range g.live.all() {
		s.cut()
	}
	select {
	case <-g.live.drained():
		return nil
	case <-ctx.Done():
		return stead.Because(ctx.Err(), "wait for open streams")
	}
}

// Sweep cuts every stream whose session is over, or acts otherwise than when the stream was opened.
func (g *Gateway) Sweep(ctx context.Context) {
	now := map[stead.SessionID]authority.Status{}
	for _, s := range g.live.all() {
		st, known := now[s.by.Session]
		if !known {
			var err error
			if st, err = g.Ends.Status(ctx, s.by); err != nil {
				st = authority.Status{Unseen: stead.Unseen{Apps: []stead.AppID{s.app}}}
			}
			now[s.by.Session] = st
		}
		if !s.goesOn(st) {
			s.cut()
		}
	}
}

func (s *stream) goesOn(st authority.Status) bool {
	under := stead.MandateID("")
	if st.Acting && st.Mandate.State == stead.Active && slices.Contains(st.Mandate.Scope.Apps, s.app) {
		under = st.Mandate.ID
	}
	return under == s.mandate && !slices.Contains(st.Unseen.Apps, s.app)
}

// cutStreams cuts what a session has open on a host, at once.
func (g *Gateway) cutStreams(by authority.By, host string) {
	for _, s := range g.live.all() {
		if s.by.Session == by.Session && s.host == host {
			s.cut()
		}
	}
}

// tally counts static files under a session until the next page tells of them.
type tally struct {
	mu    sync.Mutex
	count map[stead.SessionID]int
}

// maxTallied bounds how many sessions are counted for; a count is a courtesy to readers of the trail.
const maxTallied = 100_000

func (t *tally) add(id stead.SessionID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.count == nil || len(t.count) > maxTallied {
		t.count = map[stead.SessionID]int{}
	}
	t.count[id]++
}

func (t *tally) take(id stead.SessionID) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.count[id]
	delete(t.count, id)
	return n
}
