package store

import (
	"context"

	"github.com/steadhq/stead"
)

// An errand is something else that only the writer may do: it shares the connection with nobody.
type errand struct {
	run  func(*page) error
	done chan error
}

// send gives the writer an errand and waits for it. An error that the disk may have caused trips the latch; what is
// no error of the store comes as a *stead.Error.
func (s *Store) send(ctx context.Context, doing string, run func(*page) error) error {
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

// attend goes through an errand in a transaction of its own.
func (s *Store) attend(e errand) {
	defer s.latch.watch(s.o.Patience)()
	err := s.take()
	if err == nil {
		err = s.through(e.run)
	}
	e.done <- err
}

// through writes the page that an errand fills. What it refuses leaves no trace.
func (s *Store) through(run func(*page) error) error {
	p := &page{place: s.place(), first: s.tree.Size()}
	err := run(p)
	if err != nil {
		s.desk.leave()
	} else {
		err = s.desk.write(p)
	}
	if err != nil {
		if stead.KindOf(err) == stead.Broken {
			err = s.fail(err, "write what it was asked to")
		}
		return err
	}
	s.counts.written(p.counted)
	s.announce(p)
	return nil
}
