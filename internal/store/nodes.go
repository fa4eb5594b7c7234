package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// LostAfter is how long a node may be silent before it counts as lost; it is heard hereEach.
const (
	LostAfter = 12 * time.Second
	hereEach  = 3 * time.Second
	forgotten = 30 * 24 * time.Hour // of a node that was not heard for so long nothing is kept
)

// A Heard is a node that has told the store that it runs, and how long ago, by the store's own clock.
type Heard struct {
	Node string
	Ago  time.Duration
}

// Lost tells that it should have been heard since.
func (h Heard) Lost() bool { return h.Ago > LostAfter }

// Nodes lists what was heard of the nodes on this store, the one that asks included. With SQLite it is the only one: its
// lock keeps every other away. Errors: broken.
func (s *Store) Nodes(ctx context.Context) ([]Heard, error) {
	if s.pg == nil {
		return []Heard{{Node: s.o.Node}}, nil
	}
	rows, err := s.read.QueryContext(ctx, `SELECT holder, GREATEST(0, (EXTRACT(EPOCH FROM clock_timestamp()) * 1e6)::bigint - until)
		FROM stead.leases WHERE starts_with(name, ?) ORDER BY holder`, nodePrefix)
	if err != nil {
		return nil, away(err)
	}
	defer rows.Close()
	var all []Heard
	for rows.Next() {
		var h Heard
		var micros int64
		if err := rows.Scan(&h.Node, &micros); err != nil {
			return nil, away(err)
		}
		h.Ago = time.Duration(micros) * time.Microsecond
		all = append(all, h)
	}
	return all, unread(rows.Err())
}

// nodePrefix is of the names of the leases that tell when a node was heard: theirs is over at once, only its time counts.
const nodePrefix = "node "

// here tells the database, by its own clock, that this node runs and takes what is asked of it.
func (s *Store) here(ctx context.Context, conn *pgx.Conn) error {
	if s.o.Node == "" || s.latch.tripped() != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, answersIn)
	defer cancel()
	_, err := conn.Exec(ctx, `INSERT INTO stead.leases (name, holder, until) VALUES ($1, $2, (EXTRACT(EPOCH FROM clock_timestamp()) * 1e6)::bigint)
		ON CONFLICT (name) DO UPDATE SET until = EXCLUDED.until`, nodePrefix+s.o.Node, s.o.Node)
	return err
}

// leave takes back that this node runs, and forgets those that nobody has heard for long.
func (s *Store) leave(ctx context.Context) error {
	if s.o.Node == "" {
		return nil
	}
	conn, err := pgx.ConnectConfig(ctx, s.config)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, `DELETE FROM stead.leases WHERE starts_with(name, $1) AND (holder = $2 OR until < (EXTRACT(EPOCH FROM clock_timestamp()) * 1e6)::bigint - $3)`,
		nodePrefix, s.o.Node, forgotten.Microseconds())
	return errors.Join(err, conn.Close(ctx))
}
