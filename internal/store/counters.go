package store

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// Counters ride in their events and live in memory; the table is written now and then, and what it lacks is read
// from the log when the store opens.
const (
	countersEvery  = 4096       // events between two writings
	countersAtOnce = 1024       // changed counters that force a writing
	sweepEvery     = 60_000_000 // µs of the log's own time between two looks for counters that are over
)

// counts is what the writer knows of counters beside the view.
type counts struct {
	upto  uint64            // number of the event the table has come to
	dirty map[string]uint64 // changed since, by the number of the last event that did
	until map[string]int64  // when a counter may be forgotten, µs
	swept int64
}

// note takes down what the event of a number counted.
func (c *counts) note(list []stead.Count, number uint64) {
	for i := range list {
		c.dirty[list[i].Key] = number
		if !list[i].Until.IsZero() {
			c.until[list[i].Key] = list[i].Until.UnixMicro()
		}
	}
}

// due adds to a page what is to be written to the table of counters: nothing, most of the time.
func (s *Store) due(p *page, b *batch) {
	for i := range b.accepted {
		s.counts.note(b.accepted[i].change.Counts, p.first+uint64(i)+1)
	}
	if len(s.counts.dirty) < countersAtOnce && p.Size-s.counts.upto < countersEvery {
		return
	}
	s.drop(p, b)
	s.counts.settle(p, b.stage.Count)
}

// settle adds every counter that has changed since the table was written.
func (c *counts) settle(p *page, value func(string) int64) {
	for key := range c.dirty {
		p.counters = append(p.counters, counter{key, value(key), c.until[key]})
	}
	p.counted = p.Size
}

// written forgets what others, or this page, have brought into the table.
func (c *counts) written(upto uint64) {
	if upto > c.upto {
		maps.DeleteFunc(c.dirty, func(_ string, last uint64) bool { return last <= upto })
		c.upto = upto
	}
}

// drop forgets single-use marks and budgets whose time is over by the events themselves, so that who reads the log
// knows what may be gone.
func (s *Store) drop(p *page, b *batch) {
	now := b.clock
	if now-s.counts.swept < sweepEvery {
		return
	}
	s.counts.swept = now
	for key, until := range s.counts.until {
		if until > now {
			continue
		}
		b.stage.ForgetCount(key)
		delete(s.counts.until, key)
		delete(s.counts.dirty, key)
		p.dropped = append(p.dropped, key)
	}
}

// loadCounters fills the view from the table and from the events the table has not seen.
func (s *Store) loadCounters(ctx context.Context, v *authority.State, upto, size uint64) error {
	now := s.at.clock
	rows, err := s.read.QueryContext(ctx, "SELECT key, n, until FROM counters")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var c stead.Count
		var until int64
		if err := rows.Scan(&c.Key, &c.N, &until); err != nil {
			return err
		}
		if until != 0 {
			s.counts.until[c.Key], c.Until = until, time.UnixMicro(until).UTC()
		}
		if until == 0 || until > now {
			v.SetCount(c)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return s.replayCounters(ctx, v, upto, size)
}

func (s *Store) replayCounters(ctx context.Context, v *authority.State, upto, size uint64) error {
	for upto < size {
		rows, err := s.rows(ctx, upto, maxBatch)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return fmt.Errorf("the log ends at %d, not at %d", upto, size)
		}
		for i := range rows {
			e, _, _, err := decodeEvent(rows[i].event)
			if err != nil {
				return err
			}
			s.counts.note(e.Counts, upto+1)
			for _, c := range e.Counts {
				v.SetCount(moved(v.Count(c.Key), c))
			}
			upto++
		}
	}
	return nil
}

// moved is a counter after an accepted change of it.
func moved(now int64, c stead.Count) stead.Count {
	switch c.Op {
	case stead.CountAdd:
		c.N += now
	case stead.CountRaise:
		c.N = max(c.N, now)
	}
	return c
}
