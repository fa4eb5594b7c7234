package store

import (
	"sync"
	"time"

	"github.com/steadhq/stead"
)

// A latch keeps the first error for good.
type latch struct {
	mu    sync.Mutex
	cause error
	hung  bool
}

func (l *latch) trip(err error, doing string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause == nil {
		l.cause = &stead.Error{
			Kind: stead.Broken, Reason: stead.ReasonRecord,
			Text: "the store takes nothing until it is started again: it could not " + doing, Err: err,
		}
	}
	return l.cause
}

// watch notes when what begins now takes longer than it may, until done is called. A timer that fires late must not
// say so of what is over: nothing would ever take that back.
func (l *latch) watch(patience time.Duration) (done func()) {
	over := false
	slow := time.AfterFunc(patience, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.hung = !over
	})
	return func() {
		slow.Stop()
		l.mu.Lock()
		defer l.mu.Unlock()
		over, l.hung = true, false
	}
}

func (l *latch) err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause == nil && l.hung {
		return stead.E(stead.Broken, stead.ReasonRecord, "the disk of the store does not answer")
	}
	return l.cause
}

// tripped tells the error that is for good, and not that the disk is slow.
func (l *latch) tripped() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cause
}

// Broken tells why the store takes nothing, nil while it does.
func (s *Store) Broken() error {
	if err := s.latch.err(); err != nil {
		return err
	}
	return s.stale()
}
