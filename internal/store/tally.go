package store

import (
	"context"
	"math"
	"time"

	"github.com/steadhq/stead/internal/authority"
)

// count goes through all that is chosen, the newest first.
func (s *search) count(ctx context.Context, t *graph) (whole bool, err error) {
	if s.sole() {
		return s.tallied(ctx, t)
	}
	whole, err = s.each(ctx, func(hits []hit) bool {
		t.adds(hits)
		return true
	})
	if s.come > 0 {
		t.seen = s.come + 1
	}
	return whole, err
}

// counting makes a search that counts.
func counting(db tables, q authority.EventQuery, pruned uint64) *search {
	q.Newest, q.Limit = true, 0
	return looking(db, q, pruned)
}

// within lets a search take so long; 0: as long as it needs.
func (s *search) within(d time.Duration) *search {
	if d > 0 {
		s.until = time.Now().Add(d)
	}
	return s
}

// sole tells whether what is asked for can be known from labels, times and numbers alone.
func (s *search) sole() bool {
	return len(s.names) == 0 && s.q.Text == "" && len(s.q.Words) == 0
}

// tallied counts blocks by their sums. Those are read that are not meant as a whole, or stand at an end of what is
// counted, or in two spans of time: a few, however long the log is.
func (s *search) tallied(ctx context.Context, t *graph) (whole bool, err error) {
	l, none, err := s.look(ctx)
	if err != nil || none {
		return none, err
	}
	picks, at, err := s.sums(ctx, &l, t)
	if err != nil {
		return false, err
	}
	t.seen = max(at*blockSize, l.first) + 1
	read, rest := ends(picks, &l, t.c.Newer)
	hits, err := s.read(ctx, &l, read)
	if err != nil {
		return false, err
	}
	t.adds(hits)
	var torn []pick
	for i := range rest {
		if !t.sum(&rest[i]) {
			torn = append(torn, rest[i])
		}
		if len(torn) == readMost || i == len(rest)-1 {
			if hits, err = s.read(ctx, &l, torn); err != nil {
				return false, err
			}
			t.adds(hits)
			torn = torn[:0]
			if s.late() && i < len(rest)-1 {
				t.seen = rest[i].number*blockSize + 1
				return false, nil
			}
		}
	}
	return at <= l.first/blockSize, nil
}

// sums reads those of all blocks, for half of the time there is at the most.
func (s *search) sums(ctx context.Context, l *lens, t *graph) (all []pick, at uint64, err error) {
	until := s.until
	if !until.IsZero() {
		s.until = until.Add(-t.c.Within / 2)
	}
	first, end := l.first/blockSize, (l.last-1)/blockSize+1
	for end > first && !s.late() {
		var picks []pick
		if picks, end, err = s.pick(ctx, l, first, end, pickMost); err != nil {
			return nil, 0, err
		}
		all = append(all, picks...)
	}
	s.until = until
	return all, end, nil
}

// ends divides blocks into those that must be read before the others can be counted, and these.
func ends(picks []pick, l *lens, newer uint64) (read, rest []pick) {
	low, high := uint64(math.MaxUint64), uint64(math.MaxUint64)
	var lowest, highest int64
	for _, p := range picks {
		if low == math.MaxUint64 || p.low < lowest {
			low, lowest = p.number, p.low
		}
		if high == math.MaxUint64 || p.high > highest {
			high, highest = p.number, p.high
		}
	}
	for i, p := range picks {
		begin, end := p.number*blockSize, (p.number+1)*blockSize
		part := begin < l.first || end > l.last || p.low < l.from || p.high >= l.to || begin < newer && newer < end
		if part || i == 0 || i == len(picks)-1 || p.number == low || p.number == high {
			read = append(read, p)
		} else {
			rest = append(rest, p)
		}
	}
	return read, rest
}

// adds counts hits one by one.
func (t *graph) adds(hits []hit) {
	for _, h := range hits {
		t.add(h, 1)
	}
}

// sum counts a whole block, if it is within what was counted and in one span of time.
func (t *graph) sum(p *pick) bool {
	if p.low < t.low || p.high > t.high || t.c.Bars > 0 && t.placeOf(p.low) != t.placeOf(p.high) {
		return false
	}
	h := hit{p.number * blockSize, p.low, false}
	t.put(h, p.n-p.refused)
	h.refused = true
	t.put(h, p.refused)
	return true
}
