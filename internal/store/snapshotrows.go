package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"encoding/json"
	"slices"
)

// countFiled counts the rows, and beside them what is filed where no row can be.
const countFiled = `SELECT (SELECT count(*) FROM events)
	+ (SELECT count(*) FROM words WHERE place < 0 OR place / 64 > (SELECT ifnull(max(idx), -1) / 4096 FROM events))
	+ (SELECT count(*) FROM spans WHERE segment < 0 OR segment > (SELECT ifnull(max(idx), -1) / 4096 FROM events))
	+ (SELECT count(*) FROM blocks WHERE block < 0 OR block > (SELECT ifnull(max(idx), -1) / 512 FROM events))
	+ (SELECT count(*) FROM marks WHERE block < 0 OR block > (SELECT ifnull(max(idx), -1) / 512 FROM events))`

// countBlocked is the same on PostgreSQL.
const countBlocked = `SELECT (SELECT count(*) FROM events)
	+ (SELECT count(*) FROM blocks WHERE block < 0 OR block > (SELECT coalesce(max(idx), -1) / 512 FROM events))
	+ (SELECT count(*) FROM marks WHERE block < 0 OR block > (SELECT coalesce(max(idx), -1) / 512 FROM events))`

func (s *Snapshot) countProjected() string {
	if s.files() {
		return countFiled
	}
	return countBlocked
}

// files tells whether rows are filed by words; PostgreSQL finds them by indexes of its own.
func (s *Snapshot) files() bool { return !s.copy.numbered }

// A ProjectedRow is a row of the projection, its columns as a JSON list.
type ProjectedRow struct {
	Index uint64
	Row   []byte
}

// Projected tells whether the projection can be read.
func (s *Snapshot) Projected() bool { return s.copy.queryer != nil }

// Rows gives the rows of the events [from, to). A row that a search would not find comes with a text that no event
// accounts for.
func (s *Snapshot) Rows(ctx context.Context, from, to uint64) ([]ProjectedRow, error) {
	filed, err := s.filed(ctx, from, to)
	if err != nil {
		return nil, err
	}
	return collect(ctx, s.copy, "SELECT "+projectedNames+" FROM events WHERE idx >= ? AND idx < ? ORDER BY idx", from, to,
		func(rows *sql.Rows) (r ProjectedRow, err error) {
			values := make([]any, projectedColumns)
			to := make([]any, projectedColumns)
			for i := range values {
				to[i] = &values[i]
			}
			if err := rows.Scan(to...); err != nil {
				return r, err
			}
			index, _ := values[0].(int64)
			r.Index = uint64(index)
			if r.Row, err = json.Marshal(values); err == nil && (s.files() && !filed.has(r.Index, values) || !filed.counts(r.Index, values)) {
				r.Row = append(r.Row, "not filed as it is"...)
			}
			return r, err
		})
}

// Expect tells how the row of an event must be.
func (s *Snapshot) Expect(index uint64, event []byte) ([]byte, error) {
	r, err := s.keys.projected(event)
	if err != nil {
		return nil, err
	}
	r.number = index + 1
	var columns [projectedColumns]driver.NamedValue
	r.columns(columns[:], s.keys)
	values := make([]driver.Value, len(columns))
	for i := range columns {
		values[i] = columns[i].Value
	}
	return json.Marshal(values)
}

// A files is what is filed of some segments.
type files struct {
	words map[uint64][]word // by index
	stray map[uint64]bool   // segments with entries that lead nowhere

	blocks map[uint64]*block
	labels map[uint32]label
}

func (s *Snapshot) filed(ctx context.Context, from, to uint64) (files, error) {
	f := files{words: map[uint64][]word{}, stray: map[uint64]bool{}}
	var projected int64
	if err := s.copy.QueryRowContext(ctx, reachedPlace).Scan(&projected); err != nil {
		return f, err
	}
	if !s.files() {
		return f, s.blocks(ctx, &f, from, to, uint64(projected))
	}
	first, last := from/segmentSize, (max(to, 1)-1)/segmentSize
	_, err := collect(ctx, s.copy, "SELECT place, entries FROM words WHERE place >= ? AND place < ?", first*buckets, (last+1)*buckets,
		func(rows *sql.Rows) (none struct{}, err error) {
			var place int64
			var entries []byte
			if err := rows.Scan(&place, &entries); err == nil && place >= 0 {
				f.add(uint64(place), entries, uint64(projected))
			}
			return none, err
		})
	if err == nil {
		err = s.blocks(ctx, &f, from, to, uint64(projected))
	}
	return f, err
}

// add reads one bucket.
func (f *files) add(place uint64, entries []byte, projected uint64) {
	segment := place / buckets
	if len(entries)%entrySize != 0 {
		f.stray[segment] = true
	}
	for ; len(entries) >= entrySize; entries = entries[entrySize:] {
		w, index := word(binary.BigEndian.Uint32(entries)), segment*segmentSize+uint64(binary.BigEndian.Uint16(entries[4:]))
		if index >= projected || index/segmentSize != segment || uint64(w%buckets) != place%buckets {
			f.stray[segment] = true
			continue
		}
		f.words[index] = append(f.words[index], w)
	}
}

// has tells whether a row is filed under its own words and no others.
func (f *files) has(index uint64, values []any) bool {
	if f.stray[index/segmentSize] {
		return false
	}
	text := func(i int) string {
		t, _ := values[i].(string)
		return t
	}
	want := (&filing{actor: text(4), subject: text(5), mandate: text(6), session: text(7), decision: text(8)}).words(nil)
	slices.Sort(want)
	have := f.words[index]
	slices.Sort(have)
	return slices.Equal(want, have)
}
