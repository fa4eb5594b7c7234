package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// pgEvents is the projection on PostgreSQL: unlogged tables with ordinary indexes. Every node searches them; the one that
// holds the advisory lock writes them.
type pgEvents struct {
	store  *Store
	config *pgx.ConnConfig
	read   tables
	pool   *sql.DB
	hurry  chan struct{} // somebody waits

	mu     sync.Mutex
	number uint64
	err    error
}

const (
	askForLead = 200 * time.Millisecond
	askSettled = 5 * time.Millisecond
)

var _ searchable = (*pgEvents)(nil)

// follow writes while this node may, and watches while another does.
func (p *pgEvents) follow(ctx context.Context) {
	for ctx.Err() == nil {
		err := p.lead(ctx)
		if ctx.Err() != nil {
			return
		}
		p.note(0, err)
		pause(ctx, askForLead)
	}
}

// pause waits, and tells whether ctx goes on.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// note keeps how far the projection is; 0 keeps the number.
func (p *pgEvents) note(number uint64, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
	if number > 0 {
		p.number = number
	}
}

// lead brings the projection along as long as this node holds its lock; nil: another does. Who leads says something at
// least so often that the server knows that it is not paused, and else gives the lock to another.
func (p *pgEvents) lead(ctx context.Context) error {
	config := p.config.Copy()
	config.RuntimeParams["idle_session_timeout"] = fmt.Sprint(held.Milliseconds())
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer hangUp(conn)
	var leads bool
	if err := p.soon(ctx, func(ctx context.Context) error {
		return conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", lockEvents).Scan(&leads)
	}); err != nil {
		return err
	}
	if !leads {
		number, err := p.at(ctx)
		p.note(number, err)
		return err
	}
	number, err := p.belongs(ctx, conn)
	for err == nil && !bygone(conn.PgConn()) {
		number, err = p.further(ctx, conn, number)
	}
	return err
}

// soon keeps a server that has gone silent from keeping the projection for ever.
func (p *pgEvents) soon(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, reachFor)
	defer cancel()
	return do(ctx)
}

// further writes what has come after a number, and waits a while for it where there is nothing yet.
func (p *pgEvents) further(ctx context.Context, conn *pgx.Conn, number uint64) (uint64, error) {
	wait, cancel := context.WithTimeout(ctx, held/4)
	defer cancel()
	size, err := p.store.beyond(wait, number)
	if err != nil {
		return number, p.soon(ctx, conn.Ping)
	}
	began := time.Now()
	err = p.soon(ctx, func(ctx context.Context) error {
		number, err = p.step(ctx, conn, number, size)
		return err
	})
	if err == nil {
		p.note(number, nil)
		p.rest(ctx, projectEvery-time.Since(began))
	}
	return number, err
}

// rest waits, less long when somebody waits for the projection.
func (p *pgEvents) rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(max(d, 0))
	defer t.Stop()
	select {
	case <-t.C:
	case <-p.hurry:
	case <-ctx.Done():
	}
}

func (p *pgEvents) at(ctx context.Context) (number uint64, err error) {
	err = p.read.QueryRowContext(ctx, "SELECT least(number, blocks) FROM place").Scan(&number)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return number, err
}

// belongs reads where the projection is, and begins it anew where that is no place in this log: after a crash of the
// server it is empty.
func (p *pgEvents) belongs(ctx context.Context, conn *pgx.Conn) (number uint64, err error) {
	var leaf []byte
	var blocks uint64
	err = conn.QueryRow(ctx, "SELECT number, blocks, leaf FROM place").Scan(&number, &blocks, &leaf)
	if err == nil && number > 0 && number == blocks {
		var at []stead.Hash
		at, err = p.store.Leaves(ctx, number-1, 1)
		if err == nil && len(leaf) == len(at[0]) && stead.Hash(leaf) == at[0] {
			return number, nil
		}
	}
	if err != nil && !errors.Is(err, pgx.ErrNoRows) && stead.KindOf(err) != stead.Missing {
		return 0, err
	}
	_, err = conn.Exec(ctx, "TRUNCATE events, blocks, marks, labels, place")
	if err == nil {
		_, err = conn.Exec(ctx, "INSERT INTO place (number, leaf) VALUES (0, '')")
	}
	return 0, err
}

// step writes the next events. Whom others erase meanwhile waits for the row of place, or is known by then.
func (p *pgEvents) step(ctx context.Context, conn *pgx.Conn, after, size uint64) (uint64, error) {
	list := p.store.lately(after)
	if list == nil {
		var err error
		if list, err = p.store.projectable(ctx, after, min(size-after, projectAtOnce)); err != nil {
			return after, err
		}
	} else {
		defer p.store.giveBack(list)
	}
	last := &list[len(list)-1]
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT number FROM place FOR UPDATE"); err != nil {
			return err
		}
		if err := p.store.keys.refresh(ctx); err != nil {
			return err
		}
		rows, err := p.rows(&pgShelf{ctx, tx}, list)
		if err != nil {
			return err
		}
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{"events"}, strings.Split(projectedNames, ","), pgx.CopyFromRows(rows)); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "UPDATE place SET number = $1, blocks = $1, leaf = $2", int64(last.number), last.leaf[:])
		return err
	})
	if err != nil {
		return after, err
	}
	return last.number, nil
}

const projectedNames = "idx,id,kind,at,actor,subject,mandate,session,decision,intent,outcome,reason,app,policy,status,size,who,what,k1,k2"

// rows gives those of events that have not been pruned, and counts them.
func (p *pgEvents) rows(on shelf, list []projected) ([][]any, error) {
	t, err := newTray(on)
	if err != nil {
		return nil, err
	}
	pruned := p.store.Pruned()
	rows := make([][]any, 0, len(list))
	var columns [projectedColumns]driver.NamedValue
	for i := range list {
		r := &list[i]
		if r.event.Kind == "" || r.number <= pruned {
			continue
		}
		r.columns(columns[:], p.store.keys)
		row := make([]any, projectedColumns)
		for j := range columns {
			row[j] = columns[j].Value
		}
		if err := t.put(r, row[16], row[17]); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, t.shut()
}

func (p *pgEvents) finish() {}

func (p *pgEvents) close() error { return nil }

func (p *pgEvents) reached() (uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.number, p.err
}

func (p *pgEvents) settled(ctx context.Context, number uint64) error {
	for {
		at, err := p.at(ctx)
		if err != nil {
			return stead.Because(err, "look how far the projection is")
		}
		if at >= number {
			return nil
		}
		select {
		case p.hurry <- struct{}{}:
		default:
		}
		if !pause(ctx, askSettled) {
			return ctx.Err()
		}
	}
}

func (p *pgEvents) search(ctx context.Context, q authority.EventQuery) (found []uint64, at uint64, err error) {
	return looking(p.read, q, p.store.Pruned()).find(ctx)
}

func (p *pgEvents) count(ctx context.Context, q authority.EventQuery, t *graph) (whole bool, err error) {
	return counting(p.read, q, p.store.Pruned()).within(t.c.Within).count(ctx, t)
}

// purge overwrites plain text, and the marks of it. What the server keeps of the old rows it gives free with the vacuum.
func (p *pgEvents) purge(key int64) error {
	return p.alone(func(ctx context.Context, tx *sql.Tx) error {
		const wipe = "UPDATE events SET who = CASE WHEN k1 = $1 THEN NULL ELSE who END, what = NULL WHERE k1 = $1 OR k2 = $1"
		if _, err := tx.ExecContext(ctx, wipe, key); err != nil {
			return err
		}
		return remark(ctx, tables{queryer: tx, numbered: true}, key, func(block int64, marks []byte) error {
			_, err := tx.ExecContext(ctx, "UPDATE marks SET marks = $2 WHERE block = $1", block, marks)
			return err
		})
	})
}

func (p *pgEvents) prune(index uint64) error {
	return p.alone(func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM events WHERE idx < $1", int64(index))
		for _, table := range []string{"blocks", "marks"} {
			if err == nil {
				_, err = tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE block < $1", int64(index/blockSize))
			}
		}
		return err
	})
}

// alone changes rows while nobody adds any.
func (p *pgEvents) alone(change func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), reachFor)
	defer cancel()
	db := pgPool(p.config, 1)
	defer db.Close()
	err := within(ctx, db, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "SELECT number FROM place FOR UPDATE"); err != nil {
			return err
		}
		return change(ctx, tx)
	})
	if err == nil {
		_, err = db.ExecContext(ctx, "VACUUM events, blocks, marks, keys")
	}
	if err != nil {
		return away(err)
	}
	return nil
}

// within does something in one transaction.
func within(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
