package store

import (
	"fmt"
	"strings"

	"github.com/steadhq/stead"
)

// rowsPerInsert is how many events one statement takes where there are that many.
const rowsPerInsert = 16

// A pen holds the writer's connection and statements.
type pen struct {
	conn                                      *conn
	begin, end, undo, move                    *statement
	event, events, object, retire, tile, head *statement
	counter, uncount                          *statement
}

func (o Options) pen(c *conn) (*pen, error) {
	p := &pen{conn: c}
	row := "(?, ?, ?)"
	for _, s := range []struct {
		to   **statement
		sql  string
		args int
	}{
		{&p.begin, "BEGIN IMMEDIATE", 0}, {&p.move, "PRAGMA wal_checkpoint(PASSIVE)", 0}, {&p.end, "COMMIT", 0}, {&p.undo, "ROLLBACK", 0},
		{&p.event, insertEvent + row, 3},
		{&p.events, insertEvent + row + strings.Repeat(", "+row, rowsPerInsert-1), 3 * rowsPerInsert},
		{&p.object, insertObject, 6}, {&p.retire, retireObject, 3}, {&p.tile, insertTile, 3},
		{&p.head, putHead, 7}, {&p.counter, putCounter, 3}, {&p.uncount, dropCounter, 1},
	} {
		var err error
		if *s.to, err = c.prepare(s.sql, s.args); err != nil {
			return nil, fmt.Errorf("prepare %q: %w", s.sql, err)
		}
	}
	return p, nil
}

func (p *pen) close() error {
	for _, s := range []*statement{p.begin, p.end, p.undo, p.move, p.event, p.events, p.object, p.retire, p.tile, p.head, p.counter, p.uncount} {
		s.close()
	}
	return p.conn.Close()
}

// commit writes the batch in one transaction. After an error nobody knows what is on disk.
func (s *Store) commit(b *batch) error {
	defer s.latch.watch(s.o.Patience)()
	if err := s.keys.flush(); err != nil {
		return fmt.Errorf("write person keys: %w", err)
	}
	tiles, tree := s.tree.Grow(b.leaves)
	head := stead.Head{Size: tree.Size(), Root: tree.Root()}
	head.Note = s.o.Log.Sign(head.Size, head.Root)
	if err := s.transact(func() error { return s.writeBatch(b, tiles, head) }); err != nil {
		return err
	}
	s.tree = tree
	s.setHead(head)
	return nil
}

// transact runs f in a transaction of the writer's connection.
func (s *Store) transact(f func() error) error {
	if err := s.pen.begin.run(); err != nil {
		return err
	}
	if err := f(); err != nil {
		s.pen.undo.run()
		return err
	}
	return s.pen.end.run()
}

func (s *Store) writeBatch(b *batch, tiles []Tile, head stead.Head) error {
	first := head.Size - uint64(len(b.accepted))
	bytes, err := s.pen.writeEvents(b.accepted, first)
	if err != nil {
		return err
	}
	s.unmoved += bytes
	for i := range b.accepted {
		if err := s.pen.writeObjects(b.accepted[i].records, first+uint64(i)); err != nil {
			return err
		}
	}
	for _, t := range tiles {
		if err := s.pen.tile.exec(int64(t.Level), int64(t.Index), t.Data); err != nil {
			return err
		}
	}
	if err := s.writeCounters(b, head.Size); err != nil {
		return err
	}
	return s.writeHead(head, b.moved, b.clock)
}

func (s *Store) writeHead(h stead.Head, moved uint64, clock int64) error {
	return s.pen.head.exec(int64(h.Size), int64(moved), int64(s.counts.upto), int64(s.Pruned()), clock, h.Root[:], h.Note)
}

func (p *pen) writeEvents(events []prepared, first uint64) (bytes int64, err error) {
	for i := 0; i < len(events); {
		stmt, n := p.event, 1
		if len(events)-i >= rowsPerInsert {
			stmt, n = p.events, rowsPerInsert
		}
		for j := range n {
			e := &events[i+j]
			at := stmt.args[3*j:]
			bytes += int64(len(e.event))
			at[0].Value, at[1].Value, at[2].Value = int64(first)+int64(i+j), e.event, e.leaf[:]
		}
		if err := stmt.run(); err != nil {
			return 0, err
		}
		i += n
	}
	return bytes, nil
}

func (p *pen) writeObjects(records []stored, index uint64) error {
	for i := range records {
		r := &records[i].ref
		if r.Version > 1 {
			if err := p.retire.exec(r.ID, int64(r.Version-1), string(r.Kind)); err != nil {
				return err
			}
		}
		err := p.object.exec(string(r.Kind), r.ID, int64(r.Version), int64(index),
			int64(mark(records[i].live)), records[i].body)
		if err != nil {
			return err
		}
	}
	return nil
}
