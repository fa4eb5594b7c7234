package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
)

const (
	keepBlock = "INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?)"
	keepMarks = "INSERT OR REPLACE INTO marks VALUES (?, ?)"
	keepLabel = "INSERT INTO labels VALUES (?, ?, ?, ?)"
)

// A tray collects blocks while rows are written. It lives as long as the transaction.
type tray struct {
	p      *projection
	block  *block
	labels labels
}

func (p *projection) tray() (*tray, error) {
	known, err := labelsOf(context.Background(), p.read)
	return &tray{p: p, labels: known}, err
}

func labelsOf(ctx context.Context, db *sql.DB) (labels, error) {
	rows, err := db.QueryContext(ctx, "SELECT n, kind, app, outcome FROM labels")
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
	return n, t.p.label.exec(int64(n), l.kind, l.app, l.outcome)
}

// put counts a row that is about to be written.
func (t *tray) put(r *projected, row []driver.NamedValue) error {
	index := r.number - 1
	if err := t.turn(index / blockSize); err != nil {
		return err
	}
	n, err := t.number(label{string(r.event.Kind), string(r.event.App), string(r.event.Outcome)})
	if err != nil {
		return err
	}
	who, _ := row[16].Value.(string)
	what, _ := row[17].Value.(string)
	t.block.put(index, &r.event, n, who, what)
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
	b := newBlock(number)
	err := t.p.read.QueryRow("SELECT low, high, whats, times, actors, subjects, marks FROM blocks JOIN marks USING (block) WHERE block = ?", int64(number)).
		Scan(&b.low, &b.high, &b.whats, &b.times, &b.actors, &b.subjects, &b.marks)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	t.block = b
	return nil
}

// shut writes the block.
func (t *tray) shut() error {
	b := t.block
	if b == nil {
		return nil
	}
	t.block = nil
	if err := t.p.block.exec(int64(b.number), b.low, b.high, b.whats, b.times, b.actors, b.subjects); err != nil {
		return err
	}
	return t.p.marks.exec(int64(b.number), b.marks)
}

// remark marks anew the groups in which something was wiped: a mark says that a text may be there.
func (p *projection) remark(key int64) error {
	found, err := (&search{db: p.read}).numbers(context.Background(), "SELECT DISTINCT idx / 64 FROM events WHERE k1 = ? OR k2 = ? ORDER BY 1", key, key)
	if err != nil {
		return err
	}
	for at := 0; at < len(found); {
		number := found[at] / groups
		var marks []byte
		if err := p.read.QueryRow("SELECT marks FROM marks WHERE block = ?", number).Scan(&marks); err != nil {
			return err
		}
		for ; at < len(found) && found[at]/groups == number; at++ {
			if err := p.group(marks[found[at]%groups*markSize:][:markSize], found[at]); err != nil {
				return err
			}
		}
		if err := p.marks.exec(number, marks); err != nil {
			return err
		}
	}
	return nil
}

func (p *projection) group(marks []byte, group int64) error {
	clear(marks)
	rows, err := p.read.Query("SELECT ifnull(who, ''), ifnull(what, '') FROM events WHERE idx >= ? AND idx < ?", group*groupSize, (group+1)*groupSize)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var who, what string
		if err := rows.Scan(&who, &what); err != nil {
			return err
		}
		setMarks(marks, who)
		setMarks(marks, what)
	}
	return rows.Err()
}
