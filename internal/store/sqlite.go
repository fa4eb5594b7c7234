package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// openSQLite opens the files in o.Dir, and makes them where there are none.
func (s *Store) openSQLite(ctx context.Context) error {
	if err := os.MkdirAll(s.o.Dir, 0o700); err != nil {
		return err
	}
	if err := errors.Join(flush(s.o.Dir), flush(filepath.Dir(s.o.Dir))); err != nil {
		return err
	}
	unlock, err := lock(s.o.Dir)
	if err != nil {
		return err
	}
	s.unlock = unlock
	if err := private(filepath.Join(s.o.Dir, mainFile)); err != nil {
		return err
	}
	if s.keys, err = openPersons(ctx, s.o); err != nil {
		return fmt.Errorf("person keys: %w", err)
	}
	dsn := s.o.dsn(mainFile, "journal_mode(wal)", "synchronous(full)", "journal_size_limit(67108864)", "cache_size(-16384)")
	c, err := connect(ctx, dsn)
	if err != nil {
		return err
	}
	p := &pen{conn: c}
	s.desk = p
	if err := c.exec(schema); err != nil {
		return err
	}
	if err := p.prepare(); err != nil {
		return err
	}
	s.pool, err = pool(s.o.dsn(mainFile, "query_only(1)"), 2+runtime.GOMAXPROCS(0))
	s.read = tables{queryer: s.pool}
	if err != nil {
		return err
	}
	if err := s.load(ctx); err != nil {
		return err
	}
	if s.events, err = openProjection(ctx, s); err != nil {
		return fmt.Errorf("events.db: %w", err)
	}
	return nil
}

// rowsPerInsert is how many events one statement takes where there are that many, rowsOfFew where there are fewer.
const (
	rowsPerInsert = 16
	rowsOfFew     = 4
)

// A pen is the desk on SQLite: the writer's connection and statements.
type pen struct {
	conn                       *conn
	at                         place
	unmoved                    int64 // bytes of events since the last checkpoint
	begin, end, undo, move     *statement
	event, few, events         *statement
	object, retire, tile, head *statement
	counter, uncount           *statement
	grant, giveUp, prune       *statement
}

func (p *pen) prepare() error {
	row := "(?, ?, ?)"
	for _, s := range []struct {
		to   **statement
		sql  string
		args int
	}{
		{&p.begin, "BEGIN IMMEDIATE", 0}, {&p.move, "PRAGMA wal_checkpoint(PASSIVE)", 0}, {&p.end, "COMMIT", 0}, {&p.undo, "ROLLBACK", 0},
		{&p.event, insertEvent + row, 3},
		{&p.few, insertEvent + row + strings.Repeat(", "+row, rowsOfFew-1), 3 * rowsOfFew},
		{&p.events, insertEvent + row + strings.Repeat(", "+row, rowsPerInsert-1), 3 * rowsPerInsert},
		{&p.object, insertObject, 6}, {&p.retire, retireObject, 3}, {&p.tile, insertTile, 3},
		{&p.head, putHead, 7}, {&p.counter, putCounter, 3}, {&p.uncount, dropCounter, 1},
		{&p.grant, takeLease, 4}, {&p.giveUp, dropLease, 2}, {&p.prune, forgetEvents, 1},
	} {
		var err error
		if *s.to, err = p.conn.prepare(s.sql, s.args); err != nil {
			return fmt.Errorf("prepare %q: %w", s.sql, err)
		}
	}
	return nil
}

func (p *pen) close() error {
	for _, s := range []*statement{p.begin, p.end, p.undo, p.move, p.event, p.few, p.events, p.object, p.retire, p.tile, p.head,
		p.counter, p.uncount, p.grant, p.giveUp, p.prune} {
		s.close()
	}
	return p.conn.Close()
}

func (p *pen) start(at place) { p.at = at }

// take finds the log where it was left: no other process has the files.
func (p *pen) take() (place, error) { return p.at, p.begin.run() }

func (p *pen) leave() { p.undo.run() }

func (p *pen) write(g *page) error {
	if err := p.put(g); err != nil {
		p.leave()
		return err
	}
	if err := p.end.run(); err != nil {
		return err
	}
	p.at = g.place
	return nil
}

func (p *pen) put(g *page) error {
	if err := p.writeEvents(g.events, g.first); err != nil {
		return err
	}
	for i := range g.events {
		if err := p.writeObjects(g.events[i].records, g.first+uint64(i)); err != nil {
			return err
		}
	}
	for _, t := range g.tiles {
		if err := p.tile.exec(int64(t.Level), int64(t.Index), t.Data); err != nil {
			return err
		}
	}
	for _, key := range g.dropped {
		if err := p.uncount.exec(key); err != nil {
			return err
		}
	}
	for _, c := range g.counters {
		if err := p.counter.exec(c.key, c.n, c.until); err != nil {
			return err
		}
	}
	if g.Size == 0 {
		return nil
	}
	return p.head.exec(int64(g.Size), int64(g.moved), int64(g.counted), int64(g.pruned), g.clock, g.Root[:], g.Note)
}

func (p *pen) writeEvents(events []prepared, first uint64) error {
	for i := 0; i < len(events); {
		stmt, n := p.event, 1
		switch left := len(events) - i; {
		case left >= rowsPerInsert:
			stmt, n = p.events, rowsPerInsert
		case left >= rowsOfFew:
			stmt, n = p.few, rowsOfFew
		}
		for j := range n {
			e := &events[i+j]
			at := stmt.args[3*j:]
			p.unmoved += int64(len(e.event))
			at[0].Value, at[1].Value, at[2].Value = int64(first)+int64(i+j), e.event, e.leaf[:]
		}
		if err := stmt.run(); err != nil {
			return err
		}
		i += n
	}
	return nil
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

func (p *pen) lease(name, holder string, until, now int64) (bool, error) {
	n, err := p.grant.affect(name, holder, until, now)
	return n > 0, err
}

func (p *pen) release(name, holder string) error { return p.giveUp.exec(name, holder) }

func (p *pen) forget(index uint64) error { return p.prune.exec(int64(index)) }

// checkpointFrom is how many bytes of events make a checkpoint worth its two syncs. Little is better than much: a
// write-ahead log that is used again from its beginning syncs several times faster than one that grows.
const checkpointFrom = 4 << 20

// tidy moves what is committed from the write-ahead log into the database file. SQLite's own checkpoints do the same
// at the same moment, but swallow the errors they meet (K6).
func (p *pen) tidy() error {
	if p.unmoved < checkpointFrom {
		return nil
	}
	p.unmoved = 0
	return p.move.run()
}

var _ desk = (*pen)(nil)
