package store

import (
	"context"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// Counted counts what Events would give; see authority.Store.
func (s *Store) Counted(ctx context.Context, q authority.EventQuery, c authority.Counting) (authority.Counts, error) {
	t := &graph{c: c, width: widths[0], bars: map[int64]*authority.Bar{}}
	whole, err := s.events.count(ctx, q, t)
	if err != nil {
		return authority.Counts{}, stead.Because(err, "count the events")
	}
	return t.done(whole), nil
}

// widths are the spans of time that are shown, each a part of the next; beyond, they double.
var widths = []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour,
	3 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 28 * 24 * time.Hour}

// A graph counts hits by spans of time, as narrow as there are places for.
type graph struct {
	c         authority.Counting
	n         authority.Counts
	low, high int64 // µs
	width     time.Duration
	bars      map[int64]*authority.Bar
	last      *authority.Bar // the one that the last hit was in
	from, to  int64          // µs, of that one
	seen      uint64
}

func (t *graph) add(h hit, n uint64) {
	if t.n.Total == 0 || h.at < t.low {
		t.low = h.at
	}
	if t.n.Total == 0 || h.at > t.high {
		t.high = h.at
	}
	number := h.index + 1
	if t.n.Total == 0 || number < t.n.First {
		t.n.First = number
	}
	t.n.Last = max(t.n.Last, number)
	t.put(h, n)
}

// put counts what is within what was counted before.
func (t *graph) put(h hit, n uint64) {
	if n == 0 {
		return
	}
	t.n.Total += n
	if h.refused {
		t.n.Refused += n
	}
	if h.index >= t.c.Newer {
		t.n.Newer += n
	}
	if t.c.Bars > 0 {
		t.bar(h, n)
	}
}

func (t *graph) bar(h hit, n uint64) {
	if t.last == nil || h.at < t.from || h.at >= t.to {
		t.turn(h.at)
	}
	t.last.N += n
	if h.refused {
		t.last.Refused += n
	}
}

// turn takes up the span that a time is in.
func (t *graph) turn(at int64) {
	place := t.placeOf(at)
	if t.last = t.bars[place]; t.last == nil {
		t.last = &authority.Bar{}
		t.bars[place] = t.last
		t.fit(at)
	}
	t.from = t.start(t.placeOf(at)).UnixMicro()
	t.to = t.from + t.width.Microseconds()
}

// placeOf is the number of the span that a time is in.
func (t *graph) placeOf(at int64) int64 {
	at += t.c.Offset.Microseconds()
	if t.width >= 7*24*time.Hour {
		at += 3 * 24 * time.Hour.Microseconds() // weeks begin on Monday; 1970 began on a Thursday
	}
	w := t.width.Microseconds()
	place := at / w
	if at%w < 0 {
		place--
	}
	return place
}

func (t *graph) start(place int64) time.Time {
	at := place*t.width.Microseconds() - t.c.Offset.Microseconds()
	if t.width >= 7*24*time.Hour {
		at -= 3 * 24 * time.Hour.Microseconds()
	}
	return time.UnixMicro(at).UTC()
}

// fit takes wider spans until there are no more than are wanted.
func (t *graph) fit(at int64) {
	for t.placeOf(t.high)-t.placeOf(t.low) >= int64(t.c.Bars) {
		old := *t
		t.widen()
		t.bars = map[int64]*authority.Bar{}
		for place, b := range old.bars {
			to := t.placeOf(old.start(place).UnixMicro())
			if t.bars[to] == nil {
				t.bars[to] = &authority.Bar{}
			}
			t.bars[to].N, t.bars[to].Refused = t.bars[to].N+b.N, t.bars[to].Refused+b.Refused
		}
		t.last = t.bars[t.placeOf(at)]
	}
}

func (t *graph) widen() {
	for _, w := range widths {
		if w > t.width {
			t.width = w
			return
		}
	}
	t.width *= 2
}

func (t *graph) done(whole bool) authority.Counts {
	n := t.n
	n.Whole = whole
	if !whole {
		n.Looked = t.seen
	}
	if n.Total == 0 {
		return n
	}
	n.Since, n.Until = time.UnixMicro(t.low).UTC(), time.UnixMicro(t.high).UTC()
	if t.c.Bars == 0 {
		return n
	}
	n.Width = t.width
	for place := t.placeOf(t.low); place <= t.placeOf(t.high); place++ {
		bar := authority.Bar{From: t.start(place), To: t.start(place + 1)}
		if b := t.bars[place]; b != nil {
			bar.N, bar.Refused = b.N, b.Refused
		}
		n.Bars = append(n.Bars, bar)
	}
	return n
}
