package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// eventsSchema is the stable view of what happened, for people who read SQL. Empty texts stand for nothing.
const eventsSchema = `
CREATE TABLE IF NOT EXISTS events (
	idx      INTEGER PRIMARY KEY,
	id       TEXT NOT NULL, kind    TEXT NOT NULL, at       TEXT NOT NULL,
	actor    TEXT NOT NULL, subject TEXT NOT NULL, mandate  TEXT NOT NULL,
	session  TEXT NOT NULL, decision TEXT NOT NULL, intent  TEXT NOT NULL,
	outcome  TEXT NOT NULL, reason  TEXT NOT NULL, app      TEXT NOT NULL,
	policy   TEXT NOT NULL, status  INTEGER NOT NULL, size  INTEGER NOT NULL,
	who      TEXT, what TEXT,
	k1       INTEGER NOT NULL, k2 INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS words (place INTEGER PRIMARY KEY, entries BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS spans (segment INTEGER PRIMARY KEY, low TEXT NOT NULL, high TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS blocks (
	block  INTEGER PRIMARY KEY, low INTEGER NOT NULL, high INTEGER NOT NULL, sums BLOB NOT NULL,
	whats  BLOB NOT NULL, times BLOB NOT NULL, actors BLOB NOT NULL, subjects BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS marks (block INTEGER PRIMARY KEY, marks BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS labels (n INTEGER PRIMARY KEY, kind TEXT NOT NULL, app TEXT NOT NULL, outcome TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS place (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL, leaf BLOB NOT NULL);
PRAGMA user_version = 4;
`

const projectionForm = 4 // the user_version of events.db

const (
	projectedColumns = 20
	insertProjected  = "INSERT OR FAIL INTO events VALUES "
	putPlace         = "INSERT OR REPLACE INTO place VALUES (1, ?, ?)"
	projectAtOnce    = 8192
	projectAgain     = time.Second            // after an error
	projectEvery     = 150 * time.Millisecond // at the least: what comes together costs less
)

// A projection is events.db: what the log says, in plain text and with indexes. It follows the log by cursor and
// can be thrown away at any time.
type projection struct {
	store *Store
	read  *sql.DB

	mu     sync.Mutex // held while rows are written or purged
	conn   *conn
	begin  *statement
	end    *statement
	insert *statement // rowsPerInsert rows
	single *statement // one row
	place  *statement
	words  *statement
	span   *statement
	block  *statement
	marks  *statement
	label  *statement
	drawer drawer
	number uint64 // of the last event that is in
	err    error
	moved  chan struct{} // closed when number moves
	hurry  chan struct{} // somebody waits
}

// openProjection opens events.db, or begins it anew where it does not belong to this log.
func openProjection(ctx context.Context, s *Store) (*projection, error) {
	p := &projection{store: s, moved: make(chan struct{}), hurry: make(chan struct{})}
	err := p.open(ctx)
	if err == nil {
		err = p.belongs(ctx)
	}
	if err == nil {
		return p, nil
	}
	p.close()
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(filepath.Join(s.o.Dir, eventsFile+end)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	p = &projection{store: s, moved: make(chan struct{}), hurry: make(chan struct{})}
	return p, p.open(ctx)
}

func (p *projection) open(ctx context.Context) error {
	if err := private(filepath.Join(p.store.o.Dir, eventsFile)); err != nil {
		return err
	}
	dsn := p.store.o.dsn(eventsFile, "journal_mode(wal)", "synchronous(off)", "secure_delete(on)", "wal_autocheckpoint(4000)", "cache_size(-32768)")
	var err error
	if p.conn, err = connect(ctx, dsn); err != nil {
		return err
	}
	if p.read, err = pool(p.store.o.dsn(eventsFile, "query_only(1)"), 4); err != nil {
		return err
	}
	if err := p.known(ctx); err != nil {
		return err
	}
	if err := p.conn.exec(eventsSchema); err != nil {
		return err
	}
	return p.prepare()
}

func (p *projection) prepare() error {
	row := "(?" + strings.Repeat(", ?", projectedColumns-1) + ")"
	for _, s := range []struct {
		to   **statement
		sql  string
		args int
	}{
		{&p.begin, "BEGIN IMMEDIATE", 0}, {&p.end, "COMMIT", 0}, {&p.single, insertProjected + row, projectedColumns},
		{&p.insert, insertProjected + row + strings.Repeat(", "+row, rowsPerInsert-1), rowsPerInsert * projectedColumns},
		{&p.place, putPlace, 2}, {&p.words, fileWords, 2}, {&p.span, fileSpan, 3},
		{&p.block, keepBlock, 8}, {&p.marks, keepMarks, 2}, {&p.label, keepLabel, 4},
	} {
		var err error
		if *s.to, err = p.conn.prepare(s.sql, s.args); err != nil {
			return err
		}
	}
	return nil
}

// known refuses a file that was written in another form, or is there without its place.
func (p *projection) known(ctx context.Context) error {
	var tables, form int
	err := p.read.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM sqlite_schema), user_version FROM pragma_user_version").Scan(&tables, &form)
	if err == nil && tables > 0 && form != projectionForm {
		err = corrupt("the projection is of another form")
	}
	return err
}

// belongs reads how far the projection is and whether that is a place in this log.
func (p *projection) belongs(ctx context.Context) error {
	var leaf []byte
	err := p.read.QueryRowContext(ctx, "SELECT number, leaf FROM place").Scan(&p.number, &leaf)
	if errors.Is(err, sql.ErrNoRows) {
		return p.empty(ctx)
	}
	if err != nil || p.number == 0 {
		return err
	}
	at, err := p.store.Leaves(ctx, p.number-1, 1)
	if err != nil {
		return err
	}
	if stead.Hash(leaf) != at[0] {
		return corrupt("the projection is of another log")
	}
	return nil
}

// empty refuses rows that nobody knows the number of.
func (p *projection) empty(ctx context.Context) error {
	var n int
	err := p.read.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM words)").Scan(&n)
	if err == nil && n > 0 {
		err = corrupt("the projection has lost its place")
	}
	return err
}

func (p *projection) close() error {
	for _, s := range []*statement{p.begin, p.end, p.insert, p.single, p.place, p.words, p.span, p.block, p.marks, p.label} {
		s.close()
	}
	var errs []error
	if p.read != nil {
		errs = append(errs, p.read.Close())
	}
	if p.conn != nil {
		errs = append(errs, p.conn.Close())
	}
	return errors.Join(errs...)
}

// follow brings the projection up to the log until ctx ends. Where it is so far behind that it must read the log it
// takes no more than half of one processor from those who wait for a record. What goes wrong here harms no record:
// it is tried again.
func (p *projection) follow(ctx context.Context) {
	for {
		size, err := p.store.beyond(ctx, p.at())
		if err != nil {
			return
		}
		began := time.Now()
		late, err := p.step(ctx, size)
		pause := max(0, projectEvery-time.Since(began))
		switch {
		case err != nil:
			pause = projectAgain
		case late:
			pause = time.Since(began)
		}
		if !p.rest(ctx, pause) {
			return
		}
	}
}

// rest waits, less long when somebody waits for the projection. False: ctx has ended.
func (p *projection) rest(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.hurry:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

func (p *projection) at() uint64 {
	number, _ := p.reached()
	return number
}

func (p *projection) reached() (uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.number, p.err
}

// settled hurries the follower along.
func (p *projection) settled(ctx context.Context, number uint64) error {
	for {
		p.mu.Lock()
		reached, moved := p.number, p.moved
		p.mu.Unlock()
		if reached >= number {
			return nil
		}
		select {
		case p.hurry <- struct{}{}:
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// step brings in the next events. Late: they had to be read from the log.
func (p *projection) step(ctx context.Context, size uint64) (late bool, err error) {
	after := p.at()
	list := p.store.lately(after)
	if late = list == nil; late {
		list, err = p.store.projectable(ctx, after, min(size-after, projectAtOnce))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		err = p.write(list)
	}
	if !late {
		p.store.giveBack(list)
	}
	p.err = err
	return late, err
}

// finish brings in what the writer still holds, so that a store at rest is not behind. What is far behind stays so
// until the next start, and what fails too.
func (p *projection) finish() {
	if list := p.store.lately(p.at()); list != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.err = p.write(list)
	}
}

func (p *projection) write(list []projected) error {
	if err := p.begin.run(); err != nil {
		return err
	}
	last := &list[len(list)-1]
	t, err := newTray(drawn{p})
	if err == nil {
		err = p.rows(t, list)
	}
	if err == nil {
		err = t.shut()
	}
	if err == nil {
		err = p.drawer.shut(p.words, p.span)
	}
	if err == nil {
		err = p.place.exec(int64(last.number), last.leaf[:])
	}
	if err == nil {
		err = p.end.run()
	}
	if err != nil {
		p.drawer = drawer{}
		return errors.Join(err, p.conn.exec("ROLLBACK"))
	}
	p.number = last.number
	close(p.moved)
	p.moved = make(chan struct{})
	return nil
}

// rows writes and files the rows of those events that have not been pruned.
func (p *projection) rows(t *tray, list []projected) error {
	pruned, n := p.store.Pruned(), 0
	for i := range list {
		r := &list[i]
		if r.event.Kind == "" || r.number <= pruned {
			continue
		}
		to := p.insert.args[n*projectedColumns : (n+1)*projectedColumns]
		r.columns(to, p.store.keys)
		if segment := (r.number - 1) / segmentSize; segment != p.drawer.segment {
			if err := p.drawer.shut(p.words, p.span); err != nil {
				return err
			}
			p.drawer.segment = segment
		}
		p.drawer.file(r.number-1, to[3].Value.(string), r.filing())
		if err := t.put(r, to[16].Value, to[17].Value); err != nil {
			return err
		}
		if n++; n == rowsPerInsert {
			n = 0
			if err := p.insert.run(); err != nil {
				return err
			}
		}
	}
	return p.remaining(n)
}

// remaining writes the rows that were bound and do not fill a statement.
func (p *projection) remaining(n int) error {
	for i := range n {
		for j := range p.single.args {
			p.single.args[j].Value = p.insert.args[i*projectedColumns+j].Value
		}
		if err := p.single.run(); err != nil {
			return err
		}
	}
	return nil
}

func (p *projection) tables() tables { return tables{queryer: p.read} }

func (p *projection) search(ctx context.Context, q authority.EventQuery) (found []uint64, at uint64, err error) {
	return looking(p.tables(), q, p.store.Pruned()).find(ctx)
}

func (p *projection) count(ctx context.Context, q authority.EventQuery, t *graph) (whole bool, err error) {
	return counting(p.tables(), q, p.store.Pruned()).within(t.c.Within).count(ctx, t)
}
