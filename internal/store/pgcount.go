package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// count groups what a query chooses by hours, and by seconds where all of it was within some days. Where there is not
// time enough nothing is told: the server counts all or nothing.
func (p *pgEvents) count(ctx context.Context, q authority.EventQuery, t *graph) (whole bool, err error) {
	if t.c.Within > 0 {
		within, cancel := context.WithTimeout(ctx, t.c.Within)
		defer cancel()
		whole, err = p.grouped(within, q, t)
		if err != nil && errors.Is(within.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
			*t = graph{c: t.c}
			return false, nil
		}
		return whole, err
	}
	return p.grouped(ctx, q, t)
}

const (
	toHour, toSecond = 13, 19 // letters of a time
	fewDays          = 72 * time.Hour
)

func (p *pgEvents) grouped(ctx context.Context, q authority.EventQuery, t *graph) (whole bool, err error) {
	coarse := *t
	coarse.bars = map[int64]*authority.Bar{}
	if err := p.group(ctx, q, &coarse, toHour); err != nil {
		return false, err
	}
	if t.c.Bars == 0 || coarse.high-coarse.low > fewDays.Microseconds() || coarse.n.Total == 0 {
		*t = coarse
		return true, nil
	}
	q.After, q.Before = coarse.n.First-1, coarse.n.Last+1
	return true, p.group(ctx, q, t, toSecond)
}

func (p *pgEvents) group(ctx context.Context, q authority.EventQuery, t *graph, letters int) error {
	c := where(q, "ILIKE")
	text := `SELECT count(*), count(*) FILTER (WHERE outcome = 'refused'), count(*) FILTER (WHERE idx >= ?),
		min(idx), max(idx), min(at), max(at) FROM events`
	args := append([]any{int64(t.c.Newer)}, c.args...)
	if len(c.parts) > 0 {
		text += " WHERE " + strings.Join(c.parts, " AND ")
	}
	if letters == toHour {
		text += " GROUP BY left(at, 13)"
	} else {
		text += " GROUP BY left(at, 19)"
	}
	rows, err := p.read.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var n, refused, newer, first, last uint64
		var low, high string
		if err := rows.Scan(&n, &refused, &newer, &first, &last, &low, &high); err != nil {
			return err
		}
		if err := t.group(n, refused, newer, [2]uint64{first, last}, [2]string{low, high}); err != nil {
			return err
		}
	}
	return rows.Err()
}

// group counts many at once, at the time of the first of them.
func (t *graph) group(n, refused, newer uint64, numbers [2]uint64, times [2]string) error {
	low, err := time.Parse(stead.TimeForm, times[0])
	if err != nil {
		return err
	}
	high, err := time.Parse(stead.TimeForm, times[1])
	if err != nil {
		return err
	}
	was := t.n.Newer
	if n > refused {
		t.add(hit{numbers[0], low.UnixMicro(), false}, n-refused)
	}
	if refused > 0 {
		t.add(hit{numbers[0], low.UnixMicro(), true}, refused)
	}
	t.n.Newer = was + newer
	t.n.Last, t.high = max(t.n.Last, numbers[1]+1), max(t.high, high.UnixMicro())
	return nil
}
