package store

import (
	"context"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// followAtOnce is how many events a follower is read at a time.
const followAtOnce = 256

// Follow calls each for every event after the number given, in order, and waits for more until ctx ends. A
// follower that keeps the number of the last event it has dealt with sees each at least once. Pruned events are
// passed over. An error of each ends it and is returned.
func (s *Store) Follow(ctx context.Context, after uint64, each func(authority.StoredEvent) error) error {
	for {
		size, err := s.beyond(ctx, after)
		if err != nil {
			return err
		}
		for after < size {
			n, err := s.pass(ctx, after, min(size-after, followAtOnce), each)
			after += n
			if err != nil {
				return err
			}
		}
	}
}

// FollowState calls each for the events alone that changed an object: what another view must follow.
func (s *Store) FollowState(ctx context.Context, after uint64, each func(authority.StoredEvent) error) error {
	return s.Follow(ctx, after, func(e authority.StoredEvent) error {
		if len(e.Records) == 0 {
			return nil
		}
		return each(e)
	})
}

// pass gives the next n events to each.
func (s *Store) pass(ctx context.Context, after, n uint64, each func(authority.StoredEvent) error) (uint64, error) {
	list, err := s.rows(ctx, after, int(n))
	if err != nil {
		return 0, stead.Because(err, "follow the log")
	}
	if uint64(len(list)) != n {
		return 0, corrupt("the log has no %d events after %d", n, after)
	}
	for i := range list {
		if list[i].event == nil {
			continue
		}
		e, err := s.opened(after+uint64(i), list[i])
		if err == nil {
			err = each(e)
		}
		if err != nil {
			return uint64(i), err
		}
	}
	return n, nil
}
