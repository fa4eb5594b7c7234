package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// segment is how many events are pruned together: those of one tile.
const segment = 256

// prunedKey is what the event that says so counts: how many events are gone. It stands there in plain, for whoever
// verifies.
const prunedKey = "log/pruned"

// keptAtOnce is how many counters one event takes over.
const keptAtOnce = 4096

// Prune forgets the bytes of all whole segments of events below index; their leaf hashes and tiles stay, so that the
// log verifies as before. Said is written first and says that it was done and by whom; what the forgotten events
// counted rides in it, so that the counters still follow from the log. It gives the number of events that are gone now
// in all.
func (s *Store) Prune(ctx context.Context, index uint64, said stead.Event) (uint64, error) {
	if err := s.Latest(ctx); err != nil {
		return s.Pruned(), err
	}
	upto := min(index, s.Head().Size) / segment * segment
	if upto <= s.Pruned() {
		return s.Pruned(), nil
	}
	keys, err := s.countedIn(ctx, s.Pruned(), upto)
	if err != nil {
		return s.Pruned(), stead.Because(err, "prune the log")
	}
	kept := func(v *authority.State) ([]stead.Change, error) { return s.kept(v, keys, upto, said), nil }
	if _, err := s.Append(ctx, authority.Entry{Decide: kept}); err != nil {
		return s.Pruned(), err
	}
	err = s.send(ctx, "prune the log", func(p *page) error { return s.prune(p, upto) })
	if err == nil {
		err = s.events.prune(upto)
	}
	return s.Pruned(), stead.Because(err, "prune the log")
}

// countedIn gives the counters that the events [from, to) moved.
func (s *Store) countedIn(ctx context.Context, from, to uint64) ([]string, error) {
	keys := map[string]bool{}
	for from < to {
		rows, err := s.rows(ctx, from, int(min(maxBatch, to-from)))
		if err == nil && len(rows) == 0 {
			err = corrupt("the log has no event %d", from)
		}
		if err != nil {
			return nil, err
		}
		for i := range rows {
			counts, err := countsOf(rows[i].event)
			if err != nil {
				return nil, err
			}
			for _, c := range counts {
				keys[c.Key] = true
			}
		}
		from += uint64(len(rows))
	}
	return slices.Sorted(maps.Keys(keys)), nil
}

// kept are the changes that say the values of counters again: raising a counter to where it stands moves nothing, and
// says all. The writer runs it.
func (s *Store) kept(v *authority.State, keys []string, upto uint64, said stead.Event) []stead.Change {
	all := []stead.Change{{Event: said, Counts: []stead.Count{{Key: prunedKey, Op: stead.CountRaise, N: int64(upto)}}}}
	for _, key := range keys {
		c := stead.Count{Key: key, Op: stead.CountRaise, N: v.Count(key)}
		if until := s.counts.until[key]; until != 0 {
			c.Until = time.UnixMicro(until).UTC()
		}
		if c.N == 0 || key == prunedKey {
			continue // forgotten, or never more than nothing; said already
		}
		last := &all[len(all)-1]
		if len(last.Counts) == keptAtOnce {
			more := said
			more.ID += stead.EventID(fmt.Sprintf(".%d", len(all)))
			all = append(all, stead.Change{Event: more})
			last = &all[len(all)-1]
		}
		last.Counts = append(last.Counts, c)
	}
	return all
}

// Pruned is how many events at the beginning of the log are gone.
func (s *Store) Pruned() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at.pruned
}

func (s *Store) prune(p *page, upto uint64) error {
	if upto <= p.pruned {
		return nil
	}
	p.pruned = upto
	s.settle(p) // what the events counted must not be lost with them
	return s.desk.forget(upto)
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
		{"DELETE FROM blocks WHERE block < ?", upto / blockSize},
		{"DELETE FROM marks WHERE block < ?", upto / blockSize},
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
