package store

import "context"

const (
	keepBlock = "INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
	keepMarks = "INSERT OR REPLACE INTO marks VALUES (?, ?)"
	keepLabel = "INSERT INTO labels VALUES (?, ?, ?, ?)"
)

// A drawn is the shelf of events.db. It is read by connections that see what was committed, which is all there is of a block
// when the writer comes to it.
type drawn struct{ p *projection }

var _ shelf = drawn{}

func (d drawn) labelled() (labels, error) { return labelsOf(context.Background(), d.p.read) }

func (d drawn) label(n uint32, l label) error {
	return d.p.label.exec(int64(n), l.kind, l.app, l.outcome)
}

func (d drawn) block(number uint64) (*block, error) {
	b := newBlock(number)
	return b, d.p.read.QueryRow(blockRow, int64(number)).Scan(&b.low, &b.high, &b.whats, &b.times, &b.actors, &b.subjects, &b.marks)
}

func (d drawn) keep(b *block) error {
	if err := d.p.block.exec(int64(b.number), b.low, b.high, b.sums(), b.whats, b.times, b.actors, b.subjects); err != nil {
		return err
	}
	return d.p.marks.exec(int64(b.number), b.marks)
}
