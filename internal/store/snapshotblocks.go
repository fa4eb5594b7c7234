package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"math"
	"time"

	"github.com/steadhq/stead"
)

// blocks reads what is counted of the events [from, to), to be compared with their rows.
func (s *Snapshot) blocks(ctx context.Context, f *files, from, to, projected uint64) error {
	f.labels = map[uint32]label{}
	if _, err := collect(ctx, s.copy, "SELECT n, kind, app, outcome FROM labels WHERE n >= ? AND n < ?", 0, math.MaxInt64,
		func(rows *sql.Rows) (none struct{}, err error) {
			var n uint32
			var l label
			if err = rows.Scan(&n, &l.kind, &l.app, &l.outcome); err == nil {
				f.labels[n] = l
			}
			return none, err
		}); err != nil {
		return err
	}
	f.blocks = map[uint64]*block{}
	_, err := collect(ctx, s.copy, `SELECT block, low, high, sums, whats, times, actors, subjects, marks FROM blocks JOIN marks USING (block)
		WHERE block >= ? AND block < ?`, from/blockSize, (max(to, 1)-1)/blockSize+1, func(rows *sql.Rows) (none struct{}, err error) {
		b := &block{}
		var sums []byte
		if err = rows.Scan(&b.number, &b.low, &b.high, &sums, &b.whats, &b.times, &b.actors, &b.subjects, &b.marks); err == nil && b.whole(projected) && bytes.Equal(sums, b.sums()) {
			f.blocks[b.number] = b
		}
		return none, err
	})
	return err
}

// whole tells whether a block has the form of one, and nothing of events that there are not.
func (b *block) whole(projected uint64) bool {
	n := len(b.times) / 8
	if len(b.whats) != whatSize*n || len(b.times) != 8*n || len(b.actors) != 8*n || len(b.subjects) != 8*n || len(b.marks) != groups*markSize ||
		n > blockSize || n > 0 && b.number*blockSize+uint64(n) > projected {
		return false
	}
	low, high := int64(math.MaxInt64), int64(math.MinInt64)
	for slot := range n {
		if binary.LittleEndian.Uint32(b.whats[slot*whatSize:]) != 0 {
			at := int64(binary.LittleEndian.Uint64(b.times[8*slot:]))
			low, high = min(low, at), max(high, at)
		}
	}
	return b.low == low && b.high == high
}

// counts tells whether an event is counted as its row is.
func (f *files) counts(index uint64, values []any) bool {
	b, slot := f.blocks[index/blockSize], int(index%blockSize)
	text := func(i int) string {
		t, _ := values[i].(string)
		return t
	}
	at, err := time.Parse(stead.TimeForm, text(3))
	if b == nil || err != nil || len(b.times) < 8*(slot+1) {
		return false
	}
	if f.labels[binary.LittleEndian.Uint32(b.whats[slot*whatSize:])] != (label{text(2), text(12), text(10)}) {
		return false
	}
	for _, c := range []struct {
		column []byte
		want   uint64
	}{{b.times, uint64(at.UnixMicro())}, {b.actors, hashOf(text(4))}, {b.subjects, hashOf(text(5))}} {
		if binary.LittleEndian.Uint64(c.column[8*slot:]) != c.want {
			return false
		}
	}
	marks := b.marks[slot/groupSize*markSize:][:markSize]
	return holding(marks, append(bitsOf(text(16)), bitsOf(text(17))...)) != 0
}
