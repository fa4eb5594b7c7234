package gateway

import (
	"context"
	"net/http"
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
	stays   bool            // it has no end of its own: a socket, or events
	cut     func()
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

// lastWords is how long what was cut may take to say so.
const lastWords = 200 * time.Millisecond

// cutter ends a visit's stream when what it was opened under is not so any more. A client that takes nothing cannot
// keep it open.
func (g *Gateway) cutter(w http.ResponseWriter, r *http.Request, v *visit) (context.Context, func()) {
	ctx, cancel := context.WithCancel(r.Context())
	on := http.NewResponseController(w)
	s := &stream{by: v.by, host: hostOf(r), app: v.app.ID, mandate: v.q.Mandate, stays: upgrades(r) || eventStream(r), cut: func() {
		cancel()
		_ = on.SetWriteDeadline(time.Now().Add(lastWords)) // a writer without deadlines does not block
	}}
	g.live.add(s)
	return ctx, func() { g.live.remove(s); cancel() }
}

// cutEvery is how often open streams are looked at: well within the second that SECURITY promises.
const cutEvery = 200 * time.Millisecond

// Run cuts streams until ctx is done, by what the gateway in force says; nil is always g.
func (g *Gateway) Run(ctx context.Context, inForce func() *Gateway) {
	t := time.NewTicker(cutEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if inForce != nil {
				g = inForce()
			}
			g.Sweep(ctx)
		}
	}
}

// Drain cuts what would never end by itself, when no more is let in: whoever listened asks again, somewhere else or later,
// under the same mandate. All other answers may go on to their end.
func (g *Gateway) Drain() {
	for _, s := range g.live.all() {
		if s.stays {
			s.cut()
		}
	}
}

// Close cuts every stream and waits until the outcomes are with the authority, which may be closed then. Servers do not
// wait for sockets, so it is called once, after they were shut down.
func (g *Gateway) Close(ctx context.Context) error {
	for _, s := range g.live.all() {
		s.cut()
	}
	for _, done := range []<-chan struct{}{g.live.drained(), g.jars.closed()} {
		select {
		case <-done:
		case <-ctx.Done():
			return stead.Because(ctx.Err(), "wait for open streams")
		}
	}
	return nil
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
	g.sweepJars(ctx)
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
