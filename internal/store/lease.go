package store

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

const takeLease = `INSERT INTO leases (name, holder, until) VALUES (?1, ?2, ?3)
ON CONFLICT (name) DO UPDATE SET holder = ?2, until = ?3 WHERE holder = ?2 OR until <= ?4`

// Lease makes holder the one who does what the name says (sign, run a schedule) for ttl from now, again if he is
// that already. Kind conflict: somebody else is.
func (s *Store) Lease(ctx context.Context, name, holder string, ttl time.Duration) error {
	return s.send(ctx, "take a lease", func() error {
		now := s.o.Now()
		st, err := s.pen.conn.prepare(takeLease, 4)
		if err != nil {
			return err
		}
		defer st.close()
		n, err := st.affect(name, holder, now.Add(ttl).UnixMicro(), now.UnixMicro())
		if err == nil && n == 0 {
			return stead.E(stead.Conflict, stead.ReasonExists, "another node holds %q", name)
		}
		return err
	})
}

// Release gives up a lease before its time. Who does not hold it gives up nothing.
func (s *Store) Release(ctx context.Context, name, holder string) error {
	return s.send(ctx, "give up a lease", func() error {
		st, err := s.pen.conn.prepare("DELETE FROM leases WHERE name = ? AND holder = ?", 2)
		if err != nil {
			return err
		}
		defer st.close()
		return st.exec(name, holder)
	})
}
