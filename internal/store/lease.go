package store

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// Lease makes holder the one who does what the name says (sign, run a schedule) for ttl from now, again if he is
// that already. Kind conflict: somebody else is.
func (s *Store) Lease(ctx context.Context, name, holder string, ttl time.Duration) error {
	return s.send(ctx, "take a lease", func(*page) error {
		now := s.o.Now()
		ok, err := s.desk.lease(name, holder, now.Add(ttl).UnixMicro(), now.UnixMicro())
		if err == nil && !ok {
			return stead.E(stead.Conflict, stead.ReasonExists, "another node holds %q", name)
		}
		return err
	})
}

// Release gives up a lease before its time. Who does not hold it gives up nothing.
func (s *Store) Release(ctx context.Context, name, holder string) error {
	return s.send(ctx, "give up a lease", func(*page) error { return s.desk.release(name, holder) })
}
