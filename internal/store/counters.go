package store

import (
	"context"
	"fmt"

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
	upto  uint64           // number of the event the table has come to
	dirty map[string]bool  // changed since
	until map[string]int64 // when a counter may be forgotten, µs
	swept int64
}

// note takes down what an event counted.
func (c *counts) note(list []stead.Count) {
	for i := range list {
		c.dirty[list[i].Key] = true
		if !list[i].Until.IsZero() {
			c.until[list[i].Key] = list[i].Until.UnixMicro()
		}
	}
}

func (s *Store) writeCounters(b *batch, size uint64) error {
	for i := range b.accepted {
		s.counts.note(b.accepted[i].change.Counts)
	}
	if len(s.counts.dirty) < countersAtOnce && size-s.counts.upto < countersEvery {
		return nil
	}
	if err := s.dropCounters(b); err != nil {
		return err
	}
	return s.flushCounters(b.stage.Count, size)
}

func (s *Store) flushCounters(value func(string) int64, size uint64) error {
	for key := range s.counts.dirty {
		if err := s.pen.counter.exec(key, value(key), s.counts.until[key]); err != nil {
			return err
		}
	}
	clear(s.counts.dirty)
	s.counts.upto = size
	return nil
}

// dropCounters forgets single-use marks and budgets whose time is over.
func (s *Store) dropCounters(b *batch) error {
	now := max(s.o.Now().UnixMicro(), b.clock)
	if now-s.counts.swept < sweepEvery {
		return nil
	}
	s.counts.swept = now
	for key, until := range s.counts.until {
		if until > now {
			continue
		}
		b.stage.ForgetCount(key)
		delete(s.counts.until, key)
		delete(s.counts.dirty, key)
		if err := s.pen.uncount.exec(key); err != nil {
			return err
		}
	}
	return nil
}

// settleCounters writes the table up to the head.
func (s *Store) settleCounters() (err error) {
	head := s.Head()
	if head.Size == 0 {
		return nil
	}
	s.view.Read(func(v *authority.State) {
		if err = s.flushCounters(v.Count, head.Size); err == nil {
			err = s.writeHead(head, v.Moved(), s.clock)
		}
	})
	return err
}

// loadCounters fills the view from the table and from the events the table has not seen.
func (s *Store) loadCounters(ctx context.Context, v *authority.State, upto, size uint64) error {
	now := s.o.Now().UnixMicro()
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
		if until == 0 || until > now {
			v.SetCount(c)
		}
		if until != 0 {
			s.counts.until[c.Key] = until
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
			s.counts.note(e.Counts)
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
