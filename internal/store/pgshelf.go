package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5"
)

// A pgShelf is the shelf on PostgreSQL, in a transaction.
type pgShelf struct {
	ctx context.Context
	tx  pgx.Tx
}

var _ shelf = (*pgShelf)(nil)

func (s *pgShelf) exec(text string, args ...any) error {
	_, err := s.tx.Exec(s.ctx, text, args...)
	return err
}

func (s *pgShelf) labelled() (labels, error) {
	rows, err := s.tx.Query(s.ctx, labelRows)
	if err != nil {
		return nil, err
	}
	known := labels{}
	var l label
	var n uint32
	_, err = pgx.ForEachRow(rows, []any{&n, &l.kind, &l.app, &l.outcome}, func() error {
		known[l] = n
		return nil
	})
	return known, err
}

func (s *pgShelf) label(n uint32, l label) error {
	return s.exec("INSERT INTO labels (n, kind, app, outcome) VALUES ($1, $2, $3, $4)", int64(n), l.kind, l.app, l.outcome)
}

func (s *pgShelf) block(number uint64) (*block, error) {
	b := newBlock(number)
	err := s.tx.QueryRow(s.ctx, tables{numbered: true}.text(blockRow), int64(number)).
		Scan(&b.low, &b.high, &b.whats, &b.times, &b.actors, &b.subjects, &b.marks)
	if errors.Is(err, pgx.ErrNoRows) {
		err = sql.ErrNoRows
	}
	return b, err
}

func (s *pgShelf) keep(b *block) error {
	err := s.exec(`INSERT INTO blocks (block, low, high, sums, whats, times, actors, subjects) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (block) DO UPDATE SET low = $2, high = $3, sums = $4, whats = $5, times = $6, actors = $7, subjects = $8`,
		int64(b.number), b.low, b.high, b.sums(), b.whats, b.times, b.actors, b.subjects)
	if err != nil {
		return err
	}
	return s.exec("INSERT INTO marks (block, marks) VALUES ($1, $2) ON CONFLICT (block) DO UPDATE SET marks = $2", int64(b.number), b.marks)
}
