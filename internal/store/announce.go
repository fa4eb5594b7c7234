package store

import (
	"context"
	"time"
)

// announce makes known what is on disk now, and wakes those who follow.
func (s *Store) announce(p *page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.Size > s.at.Size {
		s.recent.add(p.events, p.first, p.Size)
	}
	s.at, s.shown = p.place, s.tree
	close(s.moved)
	s.moved = make(chan struct{})
}

// place is how far the store has come.
func (s *Store) place() place {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

// HighWater is the latest time that stands in the log: no clock may go back behind it (S-I14).
func (s *Store) HighWater() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at.clock == 0 {
		return time.Time{}
	}
	return time.UnixMicro(s.at.clock).UTC()
}

// beyond waits until the log is longer than number, and gives its length.
func (s *Store) beyond(ctx context.Context, number uint64) (uint64, error) {
	for {
		s.mu.Lock()
		size, moved := s.at.Size, s.moved
		s.mu.Unlock()
		if size > number {
			return size, nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return size, ctx.Err()
		}
	}
}

// recent are the events that the projection has not fetched yet, as the writer had them, so that it need neither read
// nor decode nor open them. Where it does not keep up they are dropped, and it reads the log until it has.
type recent struct {
	waiting, spare []projected
}

const keepRecent = 32768

// add keeps the events from first on. Where those of others came in between, the log is read.
func (r *recent) add(accepted []prepared, first, size uint64) {
	if len(r.waiting) >= keepRecent || size-first != uint64(len(accepted)) {
		r.waiting = nil
	}
	if size-first != uint64(len(accepted)) {
		return
	}
	number := first + 1
	for i := range accepted {
		p := &accepted[i]
		r.waiting = append(r.waiting, projected{number: number + uint64(i), event: p.change.Event, leaf: p.leaf,
			who: p.who, what: p.what, k1: p.k1, k2: p.k2})
	}
}

// lately hands over all that came after a number, nil when some of it is no longer there.
func (s *Store) lately(number uint64) []projected {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.recent.waiting
	if len(list) == 0 || number+1 < list[0].number || number+1 > list[len(list)-1].number {
		return nil
	}
	s.recent.waiting, s.recent.spare = s.recent.spare, nil
	return list[number+1-list[0].number:]
}

// giveBack lets the room of a list be used again.
func (s *Store) giveBack(list []projected) {
	clear(list)
	s.mu.Lock()
	defer s.mu.Unlock()
	if cap(list) <= keepRecent {
		s.recent.spare = list[:0]
	}
}
