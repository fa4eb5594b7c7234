package store

import (
	"context"
	"database/sql"
	"slices"

	"github.com/steadhq/stead"
)

// segments lists those that may hold what is looked for, by their times and numbers.
func (s *search) segments(ctx context.Context) ([]int64, error) {
	low, high := "", "\U0010FFFF"
	if !s.q.From.IsZero() {
		low = s.q.From.UTC().Format(stead.TimeForm)
	}
	if !s.q.To.IsZero() {
		high = s.q.To.UTC().Format(stead.TimeForm)
	}
	return numbers(ctx, s.db, "SELECT segment FROM spans WHERE high >= ? AND low < ? AND segment BETWEEN ? AND ?",
		low, high, int64(s.q.After/segmentSize), int64(s.last/segmentSize))
}

// worded lists the rows that are filed under a word.
func (s *search) worded(ctx context.Context, segments []int64, w word) (list []uint64, err error) {
	for some := range slices.Chunk(segments, most) {
		if list, err = s.entries(ctx, list, some, w); err != nil {
			return nil, err
		}
	}
	return list, nil
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
