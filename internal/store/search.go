package store

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A search goes through the log by segments from one end, more of them at a time the longer it finds nothing.
type search struct {
	db    *sql.DB
	q     authority.EventQuery
	where *clause
	words []word // a row that is looked for is filed under one of these; none: every row is looked at
	found []uint64
}

const (
	firstSegments = 4
	mostSegments  = 256
	atOnce        = 500 // rows that are looked at by number
)

// search gives the indexes of the events that a query asks for.
func (p *projection) search(ctx context.Context, q authority.EventQuery) ([]uint64, error) {
	s := &search{db: p.read, q: q, where: where(q, "LIKE"), words: wordsOf(q)}
	segments, err := s.segments(ctx)
	for n := firstSegments; err == nil && len(segments) > 0 && len(s.found) < q.Limit; n = min(4*n, mostSegments) {
		some := segments[:min(n, len(segments))]
		segments = segments[len(some):]
		if len(s.words) == 0 {
			err = s.through(ctx, some)
		} else {
			err = s.filed(ctx, some)
		}
	}
	return s.found, err
}

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
	low, high, last := "", "\U0010FFFF", int64(math.MaxInt64)
	if !s.q.From.IsZero() {
		low = s.q.From.UTC().Format(stead.TimeForm)
	}
	if !s.q.To.IsZero() {
		high = s.q.To.UTC().Format(stead.TimeForm)
	}
	if s.q.Before > 0 {
		last = int64((s.q.Before - 1) / segmentSize)
	}
	text := "SELECT segment FROM spans WHERE high >= ? AND low < ? AND segment BETWEEN ? AND ? ORDER BY segment"
	return s.numbers(ctx, text+s.direction(), low, high, int64(s.q.After/segmentSize), last)
}

func (s *search) direction() string {
	if s.q.Newest {
		return " DESC"
	}
	return ""
}

// through looks at every row of some segments.
func (s *search) through(ctx context.Context, segments []int64) error {
	from, to := slices.Min(segments)*segmentSize, (slices.Max(segments)+1)*segmentSize
	return s.rows(ctx, "idx >= "+strconv.FormatInt(from, 10)+" AND idx < "+strconv.FormatInt(to, 10))
}

// filed looks at the rows that are filed under a word in some segments.
func (s *search) filed(ctx context.Context, segments []int64) error {
	var list []uint64
	for _, w := range s.words {
		places := make([]uint64, len(segments))
		for i, segment := range segments {
			places[i] = uint64(segment)*buckets + uint64(w%buckets)
		}
		rows, err := s.db.QueryContext(ctx, "SELECT place, entries FROM words WHERE place IN ("+numbered(places)+")")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var place int64
			var entries sql.RawBytes
			if err := rows.Scan(&place, &entries); err != nil {
				return err
			}
			list = placesOf(list, uint64(place), entries, w)
		}
		if err := rows.Err(); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(inOrder(list, s.q.Newest), atOnce) {
		if len(s.found) >= s.q.Limit {
			break
		}
		if err := s.rows(ctx, "idx IN ("+numbered(part)+")"); err != nil {
			return err
		}
	}
	return nil
}

// rows looks at the rows in a range for all that is asked.
func (s *search) rows(ctx context.Context, in string) error {
	text := "SELECT idx FROM events WHERE " + strings.Join(append([]string{in}, s.where.parts...), " AND ") +
		" ORDER BY idx" + s.direction() + " LIMIT ?"
	list, err := s.numbers(ctx, text, append(slices.Clone(s.where.args), s.q.Limit-len(s.found))...)
	for _, index := range list {
		s.found = append(s.found, uint64(index))
	}
	return err
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
