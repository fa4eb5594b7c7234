package store

import (
	"context"

	"github.com/steadhq/stead"
)

// An errand is something else that only the writer may do: it shares the connection with nobody.
type errand struct {
	run  func() error
	done chan error
}

// send gives the writer an errand and waits for it. An error that the disk may have caused trips the latch; what is
// no error of the store comes as a *stead.Error.
func (s *Store) send(ctx context.Context, doing string, run func() error) error {
	if err := s.latch.err(); err != nil {
		return err
	}
	e := errand{run: run, done: make(chan error, 1)}
	select {
	case s.errands <- e:
	case <-ctx.Done():
		return gaveUp(ctx)
	case <-s.over:
		return closed()
	}
	select {
	case err := <-e.done:
		return stead.Because(err, doing)
	case <-ctx.Done():
		return gaveUp(ctx)
	case <-s.over:
		return closed()
	}
}

// go through an errand in a transaction of its own.
func (s *Store) attend(e errand) {
	err := s.latch.tripped()
	if err == nil {
		err = s.transact(e.run)
		if err != nil && stead.KindOf(err) == stead.Broken {
			err = s.latch.trip(err, "write what it was asked to")
		}
	}
	e.done <- err
}
