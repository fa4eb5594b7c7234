package house

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/report"
)

// makings are the reports that are being made on this node, and those that are ready for who wished for them. Another node
// that is asked the same makes its own: nothing of them is kept anywhere.
type makings struct {
	mu  sync.Mutex
	all map[string]*making
}

// A making is one of them.
type making struct {
	began  time.Time
	events atomic.Int64
	share  atomic.Uint64 // bits of a float64
	idle   *time.Timer   // nobody asks for it any more
	done   chan struct{}
	file   report.File
	err    error
}

const (
	abandoned   = 20 * time.Second
	mostMakings = 4
)

// Making begins to make a report, or finds the one that is being made, and waits for it no longer than that. Take hands it out
// when it is ready, which is recorded before. Errors: those of Report; conflict where too many are being made.
func (r reports) Making(ctx context.Context, by authority.By, w authority.ReportWish, key string, wait time.Duration, take bool) (authority.ReportMaking, error) {
	if err := r.a.MayReport(by, w); err != nil {
		return authority.ReportMaking{}, r.a.Report(ctx, by, authority.ReportMade{ReportWish: w}) // the refusal is on record too
	}
	key = string(by.Principal) + "\n" + key
	m, err := r.m.join(key, r.desk.Now(), func(m *making, ctx context.Context) {
		m.file, m.err = r.desk.Make(ctx, by.Principal, w, func(events int, share float64) {
			m.events.Store(int64(events))
			m.share.Store(math.Float64bits(share))
		})
	})
	if err != nil {
		return authority.ReportMaking{}, err
	}
	late := time.NewTimer(wait)
	defer late.Stop()
	out := authority.ReportMaking{Began: m.began}
	select {
	case <-m.done:
	case <-late.C:
		out.Events, out.Share = int(m.events.Load()), math.Float64frombits(m.share.Load())
		return out, nil
	case <-ctx.Done():
		return out, ctx.Err()
	}
	if m.err != nil {
		r.m.forget(key, m)
		return out, m.err
	}
	out.Ready, out.Share, out.Events = true, 1, m.file.Made.Events
	if !take {
		return out, nil
	}
	if err := r.a.Report(ctx, by, m.file.Made); err != nil {
		return out, err
	}
	r.m.forget(key, m)
	out.Name, out.Type, out.File = m.file.Name, m.file.Type, m.file.Bytes
	return out, nil
}

// join finds the making under a key, or begins it. It is given up when nobody has asked for it for a while.
func (s *makings) join(key string, now time.Time, work func(*making, context.Context)) (*making, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.all[key]; m != nil {
		m.idle.Reset(abandoned)
		return m, nil
	}
	if len(s.all) >= mostMakings {
		return nil, stead.E(stead.Conflict, stead.ReasonTooMany, "%s", fmt.Sprintf("%d reports are being made or wait for who wished for them: try again in a moment", mostMakings))
	}
	ctx, stop := context.WithCancel(context.Background()) // whoever began it may look away meanwhile
	m := &making{began: now, done: make(chan struct{})}
	m.idle = time.AfterFunc(abandoned, func() {
		stop()
		s.forget(key, m)
	})
	if s.all == nil {
		s.all = map[string]*making{}
	}
	s.all[key] = m
	go func() {
		defer stop()
		work(m, ctx)
		close(m.done)
	}()
	return m, nil
}

func (s *makings) forget(key string, m *making) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.idle.Stop(); s.all[key] == m {
		delete(s.all, key)
	}
}
