package store

import (
	"context"
	"database/sql"
	"errors"
)

// A shelf is where blocks are kept, within the transaction that writes the rows they count.
type shelf interface {
	// labelled gives the numbers that labels have.
	labelled() (labels, error)
	label(n uint32, l label) error
	// block gives one as it was left; sql.ErrNoRows: there is none yet.
	block(number uint64) (*block, error)
	keep(*block) error
}

// A tray collects blocks while rows are written. It lives as long as the transaction.
type tray struct {
	on     shelf
	block  *block
	labels labels
}

func newTray(on shelf) (*tray, error) {
	known, err := on.labelled()
	return &tray{on: on, labels: known}, err
}

const (
	labelRows = "SELECT n, kind, app, outcome FROM labels"
	blockRow  = "SELECT low, high, whats, times, actors, subjects, marks FROM blocks JOIN marks USING (block) WHERE block = ?"
)

func labelsOf(ctx context.Context, db queryer) (labels, error) {
	rows, err := db.QueryContext(ctx, labelRows)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	known := labels{}
	for rows.Next() {
		var l label
		var n uint32
		if err := rows.Scan(&n, &l.kind, &l.app, &l.outcome); err != nil {
			return nil, err
		}
		known[l] = n
	}
	return known, rows.Err()
}

// number gives a label its number.
func (t *tray) number(l label) (uint32, error) {
	if n, known := t.labels[l]; known {
		return n, nil
	}
	n := uint32(len(t.labels) + 1)
	t.labels[l] = n
	return n, t.on.label(n, l)
}

// put counts a row that is about to be written.
func (t *tray) put(r *projected, who, what any) error {
	index := r.number - 1
	if err := t.turn(index / blockSize); err != nil {
		return err
	}
	n, err := t.number(label{string(r.event.Kind), string(r.event.App), string(r.event.Outcome)})
	if err != nil {
		return err
	}
	first, _ := who.(string)
	second, _ := what.(string)
	t.block.put(index, &r.event, n, first, second)
	return nil
}

// turn takes up the block of a number, where it was left.
func (t *tray) turn(number uint64) error {
	if t.block != nil && t.block.number == number {
		return nil
	}
	if err := t.shut(); err != nil {
		return err
	}
	b, err := t.on.block(number)
	if errors.Is(err, sql.ErrNoRows) {
		b, err = newBlock(number), nil
	}
	t.block = b
	return err
}

// shut keeps the block.
func (t *tray) shut() error {
	b := t.block
	if b == nil {
		return nil
	}
	t.block = nil
	return t.on.keep(b)
}
