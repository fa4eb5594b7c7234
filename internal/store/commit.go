package store

import (
	"fmt"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// take brings the writer to the end of the log and keeps everybody else from it.
func (s *Store) take() error {
	if err := s.latch.tripped(); err != nil {
		return err
	}
	at, err := s.desk.take()
	if err == nil && at.Size > s.place().Size+reachAtOnce { // long paused: nobody is to wait for it
		s.desk.leave()
		if err := s.follows(at); err != nil {
			return err
		}
		at, err = s.desk.take()
	}
	if err != nil {
		return s.fail(err, "begin to write")
	}
	if err := s.follows(at); err != nil {
		s.desk.leave()
		return err
	}
	return nil
}

// follows brings the view to where the desk has found the log, and only then is the node up to date.
func (s *Store) follows(at place) error {
	if err := s.reach(at); err != nil {
		return s.fail(err, "follow what others wrote")
	}
	if s.pg != nil {
		s.hear(s.pg.since)
	}
	return nil
}

// fail latches what the store cannot come back from. What passes, a database that cannot be reached, is only told.
func (s *Store) fail(err error, doing string) error {
	if passing(err) {
		return err
	}
	return s.latch.trip(err, doing)
}

// record commits the batch and, when it is on disk, lets the view follow.
func (s *Store) record(b *batch) error {
	if len(b.accepted) == 0 {
		s.desk.leave()
		return nil
	}
	if err := s.keys.flush(); err != nil {
		s.desk.leave()
		return s.fail(fmt.Errorf("write person keys: %w", err), "write person keys")
	}
	p, tree := s.page(b)
	s.due(p, b)
	switch err := s.desk.write(p); {
	case passing(err): // the desk has found out what became of it
		return err
	case err != nil: // some of it may be there at the next start
		return inDoubt(s.latch.trip(err, fmt.Sprintf("write event %d", b.stage.Index())))
	}
	s.tree = tree
	s.counts.written(p.counted)
	s.view.Apply(b.stage)
	s.announce(p)
	return nil
}

// page is what the batch makes of the place the log is at.
func (s *Store) page(b *batch) (*page, Tree) {
	tiles, tree := s.tree.Grow(b.leaves)
	p := &page{place: s.place(), first: s.tree.Size(), events: b.accepted, tiles: tiles}
	p.Head = stead.Head{Size: tree.Size(), Root: tree.Root()}
	p.Note = s.o.Log.Sign(p.Size, p.Root)
	p.moved, p.clock = b.moved, b.clock
	return p, tree
}

// settle brings the table of counters up to the head.
func (s *Store) settle(p *page) {
	s.view.Read(func(v *authority.State) { s.counts.settle(p, v.Count) })
}
