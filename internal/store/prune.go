package store

import (
	"context"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// segment is how many events are pruned together: those of one tile.
const segment = 256

// Prune forgets the bytes of all whole segments of events below index; their leaf hashes and tiles stay, so that the
// log verifies as before. Said is written first and says that it was done and by whom. It gives the number of events
// that are gone now in all.
func (s *Store) Prune(ctx context.Context, index uint64, said stead.Event) (uint64, error) {
	upto := min(index, s.Head().Size) / segment * segment
	if upto <= s.Pruned() {
		return s.Pruned(), nil
	}
	if _, err := s.Append(ctx, authority.Entry{Changes: []stead.Change{{Event: said}}}); err != nil {
		return s.Pruned(), err
	}
	err := s.send(ctx, "prune the log", func() error { return s.prune(upto) })
	if err == nil {
		err = s.events.prune(upto)
	}
	return s.Pruned(), stead.Because(err, "prune the log")
}

// Pruned is how many events at the beginning of the log are gone.
func (s *Store) Pruned() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pruned
}

func (s *Store) prune(upto uint64) error {
	st, err := s.pen.conn.prepare("UPDATE log SET event = NULL WHERE idx < ? AND event IS NOT NULL", 1)
	if err != nil {
		return err
	}
	defer st.close()
	if err := st.exec(int64(upto)); err != nil {
		return err
	}
	s.mu.Lock()
	s.pruned = upto
	s.mu.Unlock()
	return s.settleCounters() // what the events counted must not be lost with them
}

func (p *projection) prune(upto uint64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range []struct {
		sql  string
		upto uint64
	}{
		{"DELETE FROM events WHERE idx < ?", upto},
		{"DELETE FROM words WHERE place < ?", upto / segmentSize * buckets},
		{"DELETE FROM spans WHERE segment < ?", upto / segmentSize},
	} {
		st, err := p.conn.prepare(d.sql, 1)
		if err != nil {
			return err
		}
		defer st.close()
		if err := st.exec(int64(d.upto)); err != nil {
			return err
		}
	}
	return p.conn.exec("PRAGMA wal_checkpoint(TRUNCATE)")
}
