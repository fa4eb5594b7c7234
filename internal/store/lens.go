package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"github.com/steadhq/stead"
)

// A lens is a query as blocks are asked. What it lets through is right but for a text, which only the row can tell.
type lens struct {
	wanted                 []bool // by the number of a label
	refused                []bool
	actor, subject, either uint64
	from, to               int64
	first, last            uint64 // indexes
	bits                   []uint32
	text                   bool
}

// lens translates the query. None: nothing of the log is labelled so.
func (s *search) lens(known labels) (l lens, none bool) {
	q := &s.q
	l = lens{wanted: make([]bool, len(known)+1), refused: make([]bool, len(known)+1),
		actor: hashOf(string(q.Actor)), subject: hashOf(string(q.Subject)), either: hashOf(string(q.Either)),
		from: math.MinInt64, to: math.MaxInt64, first: q.After, last: s.last, text: q.Text != "", bits: bitsOf(q.Text)}
	for _, w := range q.Words {
		l.text, l.bits = true, append(l.bits, bitsOf(w)...)
	}
	if !q.From.IsZero() {
		l.from = q.From.UnixMicro()
	}
	if !q.To.IsZero() {
		l.to = q.To.UnixMicro()
	}
	kinds := slices.DeleteFunc(slices.Clone(q.Kinds), func(k string) bool { return k == "" })
	none = true
	for what, n := range known {
		l.refused[n] = what.outcome == string(stead.No)
		l.wanted[n] = (q.App == "" || string(q.App) == what.app) && (q.Outcome == "" || string(q.Outcome) == what.outcome) &&
			(len(kinds) == 0 || slices.ContainsFunc(kinds, func(k string) bool { return strings.HasPrefix(what.kind, k) }))
		none = none && !l.wanted[n]
	}
	return l, none || l.first >= l.last
}

// blocks goes through the log block by block.
func (s *search) blocks(ctx context.Context, give func([]hit) bool) (whole bool, err error) {
	known, err := labelsOf(ctx, s.db)
	if err != nil {
		return false, err
	}
	l, none := s.lens(known)
	if none {
		return true, nil
	}
	if len(l.bits) > 0 {
		return s.marked(ctx, &l, give)
	}
	rows, err := s.db.QueryContext(ctx, l.columns()+" BETWEEN ? AND ? AND high >= ? AND low < ? ORDER BY block"+s.direction(),
		int64(l.first/blockSize), int64((l.last-1)/blockSize), l.from, l.to)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	return s.through(ctx, &l, rows, nil, give)
}

// marked looks first where a text may be, which leaves few blocks of most texts.
func (s *search) marked(ctx context.Context, l *lens, give func([]hit) bool) (whole bool, err error) {
	rows, err := s.db.QueryContext(ctx, "SELECT block, marks FROM marks WHERE block BETWEEN ? AND ? ORDER BY block"+s.direction(),
		int64(l.first/blockSize), int64((l.last-1)/blockSize))
	if err != nil {
		return false, err
	}
	defer rows.Close()
	for more := true; more; {
		places := map[uint64]uint{}
		for more = rows.Next(); more; more = rows.Next() {
			var number uint64
			var marks sql.RawBytes
			if err := rows.Scan(&number, &marks); err != nil {
				return false, err
			}
			if held := holding(marks, l.bits); held != 0 {
				places[number] = held
			}
			if s.late() || len(places) == blocksAtOnce {
				break
			}
		}
		whole, err := s.some(ctx, l, places, give)
		if err != nil || !whole || s.enough {
			return whole, err
		}
	}
	return !s.late(), rows.Err()
}

const blocksAtOnce = 32

// some reads the blocks of these numbers.
func (s *search) some(ctx context.Context, l *lens, places map[uint64]uint, give func([]hit) bool) (whole bool, err error) {
	if len(places) == 0 || s.late() {
		return !s.late(), nil
	}
	var list []uint64
	for number := range places {
		list = append(list, number)
	}
	rows, err := s.db.QueryContext(ctx, l.columns()+" IN ("+numbered(list)+") AND high >= ? AND low < ? ORDER BY block"+s.direction(), l.from, l.to)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	return s.through(ctx, l, rows, places, give)
}

// through gives the hits of blocks.
func (s *search) through(ctx context.Context, l *lens, rows *sql.Rows, places map[uint64]uint, give func([]hit) bool) (whole bool, err error) {
	var hits []hit
	var b block
	for rows.Next() {
		if s.late() {
			return false, nil
		}
		if err := l.scan(rows, &b); err != nil {
			return false, err
		}
		held := ^uint(0)
		if places != nil {
			held = places[b.number]
		}
		hits = l.hits(&b, held, hits[:0])
		if s.q.Newest {
			slices.Reverse(hits)
		}
		if l.text && len(hits) > 0 {
			if hits, err = s.told(ctx, hits); err != nil {
				return false, err
			}
		}
		if len(hits) > 0 && !give(hits) {
			s.enough = true
			return true, nil
		}
	}
	return true, rows.Err()
}

// columns are those that are needed; the others stay on the disk.
func (l *lens) columns() string {
	what := "SELECT block, whats, times"
	switch {
	case l.subject|l.either != 0:
		what += ", actors, subjects"
	case l.actor != 0:
		what += ", actors"
	}
	return what + " FROM blocks WHERE block"
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

// hits gives the events of a block that the query chooses, of the groups that are held.
func (l *lens) hits(b *block, held uint, hits []hit) []hit {
	first := b.number * blockSize
	from, to := max(first, l.first)-first, min(first+uint64(len(b.times)/8), l.last)
	for slot := from; first+slot < to; slot++ {
		if held&(1<<(slot/groupSize)) == 0 {
			slot |= groupSize - 1
			continue
		}
		what := binary.LittleEndian.Uint32(b.whats[slot*whatSize:])
		if !l.wanted[what] || !l.people(b, slot) {
			continue
		}
		if at := int64(binary.LittleEndian.Uint64(b.times[8*slot:])); at >= l.from && at < l.to {
			hits = append(hits, hit{first + slot, at, l.refused[what]})
		}
	}
	return hits
}

func (l *lens) people(b *block, slot uint64) bool {
	if l.actor|l.subject|l.either == 0 {
		return true
	}
	actor := binary.LittleEndian.Uint64(b.actors[8*slot:])
	if l.actor != 0 && l.actor != actor {
		return false
	}
	if l.subject|l.either == 0 {
		return true
	}
	subject := binary.LittleEndian.Uint64(b.subjects[8*slot:])
	return (l.subject == 0 || l.subject == subject) && (l.either == 0 || l.either == actor || l.either == subject)
}

// told leaves the hits whose rows hold the text.
func (s *search) told(ctx context.Context, hits []hit) ([]hit, error) {
	list := make([]uint64, len(hits))
	for i, h := range hits {
		list[i] = h.index
	}
	return s.rows(ctx, "idx IN ("+numbered(list)+")")
}
