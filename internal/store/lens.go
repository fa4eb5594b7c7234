package store

import (
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
		if !l.wants(what) || !l.people(b, slot) {
			continue
		}
		if at := int64(binary.LittleEndian.Uint64(b.times[8*slot:])); at >= l.from && at < l.to {
			hits = append(hits, hit{first + slot, at, l.refused[what]})
		}
	}
	return hits
}

// wants tells whether a label is asked for. One that is newer than the list of them is of an event that came meanwhile.
func (l *lens) wants(what uint32) bool { return int(what) < len(l.wanted) && l.wanted[what] }

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
