package store

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A search finds events: the few that are filed under a word by their rows, else by the blocks, and what only rows can
// tell by these.
type search struct {
	db    *sql.DB
	q     authority.EventQuery
	where *clause
	words []word    // a row that is looked for is filed under one of these; none: under any
	last  uint64    // index after the last that is looked at
	until time.Time // it is given up then; zero: never

	enough bool // nobody wants more
}

// A hit is an event that a query chooses.
type hit struct {
	index   uint64
	at      int64 // µs
	refused bool
}

const (
	atOnce = 500  // rows that are looked at by number
	few    = 4000 // rows that are read sooner than blocks
	most   = 1000 // buckets that are read at once
)

// search gives the indexes of the events that a query asks for.
func (p *projection) search(ctx context.Context, q authority.EventQuery) (found []uint64, err error) {
	_, err = p.looking(q).each(ctx, func(hits []hit) bool {
		for _, h := range hits[:min(len(hits), q.Limit-len(found))] {
			found = append(found, h.index)
		}
		return len(found) < q.Limit
	})
	return found, err
}

// looking makes a search. What was pruned may stand in a block still.
func (p *projection) looking(q authority.EventQuery) *search {
	q.After = max(q.After, p.store.Pruned())
	return &search{db: p.read, q: q, where: where(q, "LIKE"), words: wordsOf(q), last: lastOf(q)}
}

func lastOf(q authority.EventQuery) uint64 {
	if q.Before > 0 {
		return q.Before - 1
	}
	return math.MaxInt64
}

// each gives the hits in the order that is asked for, some at a time, until told false. Whole: there were no more, or
// nobody wanted them.
func (s *search) each(ctx context.Context, give func([]hit) bool) (whole bool, err error) {
	if len(s.words) == 0 {
		return s.blocks(ctx, give)
	}
	list, err := s.filed(ctx)
	if err != nil {
		return false, err
	}
	if len(list) > few && s.q.Decision == "" && s.q.Mandate == "" && s.q.Session == "" {
		return s.blocks(ctx, give)
	}
	for part := range slices.Chunk(list, atOnce) {
		hits, err := s.rows(ctx, "idx IN ("+numbered(part)+")")
		if err != nil || s.late() {
			return false, err
		}
		if !give(hits) {
			break
		}
	}
	return true, nil
}

func (s *search) late() bool { return !s.until.IsZero() && time.Now().After(s.until) }

// wordsOf gives the words of what a query names that is the rarest.
func wordsOf(q authority.EventQuery) []word {
	for _, w := range []struct {
		by   byte
		text string
	}{{byDecision, string(q.Decision)}, {byMandate, string(q.Mandate)}, {bySession, string(q.Session)},
		{bySubject, string(q.Subject)}, {byActor, string(q.Actor)}} {
		if w.text != "" {
			return []word{wordOf(w.by, w.text)}
		}
	}
	if q.Either != "" {
		return []word{wordOf(byActor, string(q.Either)), wordOf(bySubject, string(q.Either))}
	}
	var words []word
	for _, k := range q.Kinds {
		stem := stem(k)
		if k != "" && stem == "" {
			return nil
		}
		if k != "" {
			words = append(words, wordOf(byKind, stem))
		}
	}
	return words
}

// segments lists those that may hold what is looked for, by their times and numbers.
func (s *search) segments(ctx context.Context) ([]int64, error) {
	low, high := "", "\U0010FFFF"
	if !s.q.From.IsZero() {
		low = s.q.From.UTC().Format(stead.TimeForm)
	}
	if !s.q.To.IsZero() {
		high = s.q.To.UTC().Format(stead.TimeForm)
	}
	return s.numbers(ctx, "SELECT segment FROM spans WHERE high >= ? AND low < ? AND segment BETWEEN ? AND ?",
		low, high, int64(s.q.After/segmentSize), int64(s.last/segmentSize))
}

func (s *search) direction() string {
	if s.q.Newest {
		return " DESC"
	}
	return ""
}

// filed lists the rows that are filed under one of the words.
func (s *search) filed(ctx context.Context) (list []uint64, err error) {
	segments, err := s.segments(ctx)
	if err != nil {
		return nil, err
	}
	for _, w := range s.words {
		for some := range slices.Chunk(segments, most) {
			if list, err = s.entries(ctx, list, some, w); err != nil {
				return nil, err
			}
		}
	}
	return inOrder(list, s.q.Newest), nil
}

func (s *search) entries(ctx context.Context, list []uint64, segments []int64, w word) ([]uint64, error) {
	places := make([]uint64, len(segments))
	for i, segment := range segments {
		places[i] = uint64(segment)*buckets + uint64(w%buckets)
	}
	rows, err := s.db.QueryContext(ctx, "SELECT place, entries FROM words WHERE place IN ("+numbered(places)+")")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var place int64
		var entries sql.RawBytes
		if err := rows.Scan(&place, &entries); err != nil {
			return nil, err
		}
		list = placesOf(list, uint64(place), entries, w)
	}
	return list, rows.Err()
}

// rows looks at the rows in a range for all that is asked.
func (s *search) rows(ctx context.Context, in string) ([]hit, error) {
	text := "SELECT idx, at, outcome FROM events WHERE " + strings.Join(append([]string{in}, s.where.parts...), " AND ") + " ORDER BY idx" + s.direction()
	rows, err := s.db.QueryContext(ctx, text, s.where.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var hits []hit
	for rows.Next() {
		var h hit
		var at, outcome string
		if err := rows.Scan(&h.index, &at, &outcome); err != nil {
			return nil, err
		}
		when, err := time.Parse(stead.TimeForm, at)
		if err != nil {
			return nil, err
		}
		h.at, h.refused = when.UnixMicro(), outcome == string(stead.No)
		hits = append(hits, h)
	}
	return hits, rows.Err()
}

func (s *search) numbers(ctx context.Context, text string, args ...any) ([]int64, error) {
	rows, err := s.db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, rows.Err()
}

// numbered writes a list of numbers.
func numbered(list []uint64) string {
	var b []byte
	for i, n := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, n, 10)
	}
	return string(b)
}
