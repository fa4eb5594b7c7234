package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/steadhq/stead"
)

// A pgDesk is the desk on PostgreSQL: whoever has locked the row of head is the one who writes, on whichever node.
type pgDesk struct {
	config *pgx.ConnConfig
	conn   *pgx.Conn
	since  time.Time // the head was known at that moment
	moved  uint64    // as the head had it when it was taken
	warned string    // what the server had against the last commit that it confirmed

	awaits  bool    // the server waits for a standby, as it said with the head
	witness *pgDesk // on which a commit of nothing waits for it
}

const (
	answersIn = 5 * time.Second       // one round trip
	takesIn   = 3 * time.Second       // taking the head, the wait for it included
	settlesIn = 3 * time.Second       // finding out what became of a commit
	tryAgain  = 50 * time.Millisecond // between two attempts to connect
)

const (
	pgHead     = "SELECT size, moved, counted, pruned, clock, root, note, current_setting('synchronous_standby_names') <> '' FROM head"
	pgTakeHead = pgHead + " FOR UPDATE"
	// A node that stops in the middle of what it says to the server is not idle, and would hold the head for ever.
	pgEvict = `SELECT count(pg_terminate_backend(a.pid)) FROM pg_stat_activity a WHERE a.wait_event = 'ClientRead'
		AND a.usename = current_user AND a.pid <> pg_backend_pid() AND a.xact_start < clock_timestamp() - $1 * interval '1 ms'
		AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.relation = 'head'::regclass AND l.granted
			AND l.mode IN ('RowShareLock', 'RowExclusiveLock'))`
)

// asked marks the context of those who want a connection.
type asked struct{}

// newPgDesk gives a desk that never asks the server to cancel: a commit that waits for the standby would be made visible
// on this server alone, and be lost with it.
func newPgDesk(config *pgx.ConnConfig) *pgDesk {
	d := &pgDesk{config: config.Copy()}
	d.config.RuntimeParams["lock_timeout"] = fmt.Sprint(held.Milliseconds())
	dial := d.config.DialFunc
	d.config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if ctx.Value(asked{}) == nil {
			return nil, errors.New("nothing is cancelled")
		}
		return dial(ctx, network, addr)
	}
	d.config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if n.SeverityUnlocalized == "WARNING" {
			d.warned = n.Message
		}
	}
	return d
}

func (d *pgDesk) start(place) {}

// take locks the head. A connection that was lost meanwhile is made again once.
func (d *pgDesk) take() (place, error) {
	fresh := d.conn == nil
	p, err := d.lock()
	if err != nil && !fresh {
		p, err = d.lock()
	}
	return p, err
}

// connect makes a connection where there is none to the database as it is now.
func (d *pgDesk) connect() (err error) {
	if d.conn != nil && bygone(d.conn.PgConn()) {
		d.drop()
	}
	if d.conn != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), asked{}, true), answersIn)
	defer cancel()
	if d.conn, err = pgx.ConnectConfig(ctx, d.config); err != nil {
		d.conn = nil
		return away(err)
	}
	return nil
}

func (d *pgDesk) lock() (place, error) {
	if err := d.connect(); err != nil {
		return place{}, err
	}
	p, err := d.head(takesIn, "BEGIN", pgTakeHead)
	var said *pgconn.PgError
	if errors.As(err, &said) && said.Code == "55P03" { // lock_not_available
		d.evict()
	}
	if err != nil {
		d.drop()
		return p, away(err)
	}
	d.moved = p.moved
	return p, nil
}

// peek reads the head without keeping anybody from it.
func (d *pgDesk) peek() (place, error) {
	err := d.connect()
	if err != nil {
		return place{}, err
	}
	p, err := d.head(freshFor, pgHead)
	if err != nil {
		d.drop()
	}
	return p, err
}

// head runs some statements, of which the last reads the head.
func (d *pgDesk) head(within time.Duration, statements ...string) (p place, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	since := time.Now()
	var b pgx.Batch
	var root []byte
	for i, text := range statements {
		q := b.Queue(text)
		if i == len(statements)-1 {
			q.QueryRow(func(row pgx.Row) error {
				return row.Scan(&p.Size, &p.moved, &p.counted, &p.pruned, &p.clock, &root, &p.Note, &d.awaits)
			})
		}
	}
	if err := d.conn.SendBatch(ctx, &b).Close(); err != nil {
		return p, err
	}
	copy(p.Root[:], root)
	d.since = since
	return p, nil
}

// evict ends the sessions that have held the head for too long and say nothing.
func (d *pgDesk) evict() {
	ctx, cancel := context.WithTimeout(context.Background(), held)
	defer cancel()
	if _, err := d.conn.Exec(ctx, "ROLLBACK"); err == nil {
		_, _ = d.conn.Exec(ctx, pgEvict, held.Milliseconds()) // the next attempt tells
	}
}

func (d *pgDesk) leave() {
	if d.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), answersIn)
	defer cancel()
	if _, err := d.conn.Exec(ctx, "ROLLBACK"); err != nil {
		d.drop()
	}
}

// drop gives up the connection; the server ends its transaction.
func (d *pgDesk) drop() {
	if d.conn == nil {
		return
	}
	hangUp(d.conn)
	d.conn = nil
	if d.witness != nil {
		d.witness.drop()
	}
}

func (d *pgDesk) lease(name, holder string, until, now int64) (bool, error) {
	const q = `INSERT INTO leases AS l (name, holder, until) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET holder = $2, until = $3 WHERE l.holder = $2 OR l.until <= $4`
	tag, err := d.exec(q, name, holder, until, now)
	return tag.RowsAffected() > 0, err
}

func (d *pgDesk) release(name, holder string) error {
	_, err := d.exec("DELETE FROM leases WHERE name = $1 AND holder = $2", name, holder)
	return err
}

func (d *pgDesk) forget(index uint64) error {
	_, err := d.exec("UPDATE log SET event = NULL WHERE idx < $1 AND event IS NOT NULL", int64(index))
	return err
}

func (d *pgDesk) exec(q string, args ...any) (pgconn.CommandTag, error) {
	ctx, cancel := context.WithTimeout(context.Background(), answersIn)
	defer cancel()
	tag, err := d.conn.Exec(ctx, q, args...)
	if err != nil {
		return tag, away(err)
	}
	return tag, nil
}

func (d *pgDesk) tidy() error { return nil }

func (d *pgDesk) close() error {
	d.drop()
	return nil
}

var _ desk = (*pgDesk)(nil)

// away is what a caller hears of a database that does not answer.
func away(err error) error {
	return &stead.Error{Kind: stead.Broken, Reason: stead.ReasonRecord,
		Text: "the database does not answer: nothing can be recorded", Err: fmt.Errorf("%w: %w", errAway, err)}
}
