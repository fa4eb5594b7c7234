package store

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A waiter is one entry on its way to the log.
type waiter struct {
	entry authority.Entry
	ready []prepared // of an entry that brings its changes: encoded by who asks, not by the writer
	done  chan answer
	timer *time.Timer
	begun atomic.Bool // by who is first: the writer, who then writes it, or who waits no more, and then nobody does
}

// begin tells whether nobody has begun with it before.
func (w *waiter) begin() bool { return w.begun.CompareAndSwap(false, true) }

// recallable: what is urgent ends something, and what brings its changes tells of what goes on or has been: both are written however
// late it is. The rest is not done when nobody could be told any more that it was.
func (w *waiter) recallable() bool { return w.entry.Decide != nil && !w.entry.Urgent }

// free are waiters that got their answer.
type free struct{ sync.Pool }

func (f *free) get(e authority.Entry, patience time.Duration) *waiter {
	w, ok := f.Get().(*waiter)
	if !ok {
		return &waiter{entry: e, done: make(chan answer, 1), timer: time.NewTimer(patience)}
	}
	w.entry = e
	w.begun.Store(false)
	w.timer.Reset(patience)
	return w
}

// put takes back a waiter that nobody else has any more.
func (f *free) put(w *waiter) {
	w.entry, w.ready = authority.Entry{}, nil
	f.Put(w)
}

type answer struct {
	receipt stead.Receipt
	err     error
}

// Append runs the entry at the head of the log; see authority.Store. It waits for Options.Patience at most. Reason in-doubt: it was
// under way then, and may be written yet; record-failed: it never will be.
func (s *Store) Append(ctx context.Context, e authority.Entry) (stead.Receipt, error) {
	w, err := s.submit(ctx, e)
	if err != nil {
		return stead.Receipt{}, err
	}
	return s.await(ctx, w)
}

// Submit is Append that does not wait; see authority.Store. Options.Patience begins now.
func (s *Store) Submit(ctx context.Context, e authority.Entry) authority.Ticket {
	w, err := s.submit(ctx, e)
	return &ticket{s: s, ctx: ctx, w: w, answer: answer{err: err}}
}

// A ticket lets go of its waiter with the answer: that has another entry then.
type ticket struct {
	s   *Store
	ctx context.Context
	w   *waiter
	answer
}

func (t *ticket) Wait() (stead.Receipt, error) {
	if t.w != nil {
		t.receipt, t.err = t.s.await(t.ctx, t.w)
		t.w = nil
	}
	return t.receipt, t.err
}

// submit brings an entry to the writer.
func (s *Store) submit(ctx context.Context, e authority.Entry) (*waiter, error) {
	if err := s.latch.err(); err != nil {
		return nil, err
	}
	var ready []prepared
	if e.Decide == nil {
		var err error
		if ready, err = s.encodeAll(e.Changes); err != nil {
			return nil, err
		}
	}
	w := s.free.get(e, s.o.Patience)
	w.ready = ready
	lane := s.ordinary
	switch {
	case e.Urgent:
		lane = s.urgent
	case e.Patient:
		lane = s.patient
	}
	select {
	case lane <- w:
		return w, nil
	case <-ctx.Done():
		w.timer.Stop()
		return nil, gaveUp(ctx)
	case <-w.timer.C:
		return nil, tooSlow()
	case <-s.over:
		w.timer.Stop()
		return nil, closed()
	}
}

// await prefers the answer: who waits late must not hear that it was late.
func (s *Store) await(ctx context.Context, w *waiter) (stead.Receipt, error) {
	select {
	case a := <-w.done:
		return s.answered(w, a)
	default:
	}
	select {
	case a := <-w.done:
		return s.answered(w, a)
	case <-ctx.Done():
		return stead.Receipt{}, inDoubt(gaveUp(ctx))
	case <-w.timer.C:
		if w.recallable() && w.begin() {
			return stead.Receipt{}, tooSlow()
		}
		return stead.Receipt{}, inDoubt(tooSlow())
	case <-s.over:
	}
	select {
	case a := <-w.done:
		return a.receipt, a.err
	default:
		return stead.Receipt{}, closed()
	}
}

func (s *Store) answered(w *waiter, a answer) (stead.Receipt, error) {
	w.timer.Stop()
	s.free.put(w)
	return a.receipt, a.err
}

func gaveUp(ctx context.Context) error {
	return &stead.Error{Kind: stead.Broken, Reason: stead.ReasonRecord,
		Text: "nobody waited for the record any more", Err: context.Cause(ctx)}
}

func tooSlow() error {
	return stead.E(stead.Broken, stead.ReasonRecord, "it could not be recorded in time")
}

func inDoubt(cause error) error {
	return &stead.Error{Kind: stead.Broken, Reason: stead.ReasonDoubt, Text: "it is not known whether it was recorded", Err: cause}
}

func closed() error {
	return stead.E(stead.Broken, stead.ReasonRecord, "the store is closed")
}

// Waiting is how many entries wait for the writer.
func (s *Store) Waiting() int { return len(s.urgent) + len(s.ordinary) + len(s.patient) }
