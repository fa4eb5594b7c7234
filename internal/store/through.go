package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"slices"
)

// A pick is a block that may hold what is looked for.
type pick struct {
	number    uint64
	low, high int64 // µs
	n         uint64
	refused   uint64
	held      uint // groups that may have the text
}

const (
	pickFirst = 8    // blocks whose sums are read at first: the newest events are in the newest blocks
	pickMost  = 4096 // and at once, later
	markMost  = 128  // of those whose marks are read too
	readMost  = 32   // blocks that are read at once
)

// blocks goes through the log block by block.
func (s *search) blocks(ctx context.Context, give func([]hit) bool) (whole bool, err error) {
	l, none, err := s.look(ctx)
	if err != nil || none {
		return none, err
	}
	first, end := l.first/blockSize, (l.last-1)/blockSize+1
	for room := pickFirst; first < end; room = min(8*room, pickMost) {
		picks, at, err := s.pick(ctx, &l, first, end, room)
		if err != nil {
			return false, err
		}
		if whole, err = s.through(ctx, &l, picks, give); err != nil || !whole || s.enough {
			return whole, err
		}
		if s.come = at * blockSize; s.q.Newest {
			end = at
		} else {
			first = at
		}
		if s.late() {
			return first >= end, nil
		}
	}
	return true, nil
}

func (s *search) look(ctx context.Context) (l lens, none bool, err error) {
	known, err := labelsOf(ctx, s.db)
	if err != nil {
		return l, false, err
	}
	l, none = s.lens(known)
	return l, none, nil
}

// pick reads the sums, and of a text the marks, of some of the blocks [first, end), and gives those that may hold what is
// looked for, and what the beginning or the end is then.
func (s *search) pick(ctx context.Context, l *lens, first, end uint64, room int) (picks []pick, at uint64, err error) {
	text := "SELECT block, low, high, sums FROM blocks"
	if len(l.bits) > 0 {
		text, room = "SELECT block, low, high, sums, marks FROM blocks JOIN marks USING (block)", min(room, markMost)
	}
	rows, err := s.db.QueryContext(ctx, text+" WHERE block >= ? AND block < ? AND high >= ? AND low < ? ORDER BY block"+s.direction()+" LIMIT ?",
		int64(first), int64(end), l.from, l.to, room)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		p := pick{held: ^uint(0)}
		var sums, marks sql.RawBytes
		to := []any{&p.number, &p.low, &p.high, &sums, &marks}
		if len(l.bits) == 0 {
			to = to[:4]
		}
		if err := rows.Scan(to...); err != nil {
			return nil, 0, err
		}
		if at = p.number; !s.q.Newest {
			at++
		}
		if l.sum(&p, sums); p.n == 0 {
			continue
		}
		if len(l.bits) > 0 {
			p.held = holding(marks, l.bits)
		}
		if p.held != 0 {
			picks = append(picks, p)
		}
		if s.late() {
			return picks, at, nil
		}
	}
	if n < room {
		at = map[bool]uint64{true: first, false: end}[s.q.Newest]
	}
	return picks, at, rows.Err()
}

// sum counts what of a block has a label that is asked for.
func (l *lens) sum(p *pick, sums []byte) {
	for ; len(sums) >= sumSize; sums = sums[sumSize:] {
		if what := binary.LittleEndian.Uint32(sums); l.wants(what) {
			n := uint64(binary.LittleEndian.Uint16(sums[4:]))
			p.n += n
			if l.refused[what] {
				p.refused += n
			}
		}
	}
}

// through gives the hits of blocks: of one first, since most of what is asked for often is in it, then of more at once.
func (s *search) through(ctx context.Context, l *lens, picks []pick, give func([]hit) bool) (whole bool, err error) {
	for n := 1; len(picks) > 0; n = min(2*n, readMost) {
		some := picks[:min(n, len(picks))]
		picks = picks[len(some):]
		hits, err := s.read(ctx, l, some)
		if err != nil {
			return false, err
		}
		if whole, err = s.hand(ctx, l, hits, give); err != nil || !whole || s.enough {
			return whole, err
		}
		if s.come = some[len(some)-1].number * blockSize; !s.q.Newest {
			s.come += blockSize
		}
		if len(picks) > 0 && s.late() {
			return false, nil
		}
	}
	return true, nil
}

// hand gives hits on, of a text those whose rows hold it.
func (s *search) hand(ctx context.Context, l *lens, hits []hit, give func([]hit) bool) (whole bool, err error) {
	if !l.text {
		s.enough = len(hits) > 0 && !give(hits)
		return true, nil
	}
	for some := range slices.Chunk(hits, atOnce) {
		list := make([]uint64, len(some))
		for i, h := range some {
			list[i] = h.index
		}
		told, err := s.these(ctx, list)
		if err != nil {
			return false, err
		}
		if len(told) > 0 && !give(told) {
			s.enough = true
			return true, nil
		}
		if s.passed(list[len(list)-1]); s.late() {
			return false, nil
		}
	}
	return true, nil
}

// read gives the hits of some blocks.
func (s *search) read(ctx context.Context, l *lens, picks []pick) (hits []hit, err error) {
	held, list := map[uint64]uint{}, make([]uint64, len(picks))
	for i, p := range picks {
		held[p.number], list[i] = p.held, p.number
	}
	in, args := s.db.among("block", list)
	rows, err := s.db.QueryContext(ctx, l.columns()+" FROM blocks WHERE "+in+" ORDER BY block"+s.direction(), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var b block
	for rows.Next() {
		if err := l.scan(rows, &b); err != nil {
			return nil, err
		}
		from := len(hits)
		hits = l.hits(&b, held[b.number], hits)
		if s.q.Newest {
			slices.Reverse(hits[from:])
		}
	}
	return hits, rows.Err()
}

// columns are those that are needed; the others stay on the disk.
func (l *lens) columns() string {
	switch {
	case l.subject|l.either != 0:
		return "SELECT block, whats, times, actors, subjects"
	case l.actor != 0:
		return "SELECT block, whats, times, actors"
	}
	return "SELECT block, whats, times"
}

func (l *lens) scan(rows *sql.Rows, b *block) error {
	var raw [4]sql.RawBytes
	to := []any{&b.number, &raw[0], &raw[1], &raw[2], &raw[3]}
	switch {
	case l.actor|l.subject|l.either == 0:
		to = to[:3]
	case l.subject|l.either == 0:
		to = to[:4]
	}
	err := rows.Scan(to...)
	b.whats, b.times, b.actors, b.subjects = raw[0], raw[1], raw[2], raw[3]
	return err
}
