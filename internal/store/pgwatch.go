package store

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead"
)

const (
	listenFor  = 250 * time.Millisecond // silence after which the head is asked for
	freshFor   = 2 * time.Second        // what was heard longer ago proves nothing
	listenSoon = 100 * time.Millisecond // after a connection was lost

	measureEach = 10 * time.Second // how often the clocks are compared
	measureIn   = time.Second      // what took longer compares nothing
)

// watch wakes the writer when another node has changed state, and when nothing was heard for a while, until ctx ends.
func (s *Store) watch(ctx context.Context, config *pgx.ConnConfig) {
	for ctx.Err() == nil {
		s.listen(ctx, config)
		s.nudge()
		pause(ctx, listenSoon)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answersIn)
	defer cancel()
	_ = s.leave(ctx) // else it counts as lost after a while, which it is
}

// listen hears of changes until the connection is lost.
func (s *Store) listen(ctx context.Context, config *pgx.ConnConfig) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return
	}
	defer hangUp(conn)
	begin, cancel := context.WithTimeout(ctx, answersIn)
	_, err = conn.Exec(begin, "LISTEN stead")
	cancel()
	if err != nil {
		return
	}
	s.nudge() // for what was said before anybody listened
	var measured, told time.Time
	for ctx.Err() == nil && !bygone(conn.PgConn()) {
		if time.Since(told) > hereEach {
			if told = time.Now(); s.here(ctx, conn) != nil && conn.IsClosed() {
				return // where it may not write, others take it for lost; what they say is heard all the same
			}
		}
		if time.Since(measured) > measureEach {
			if measured = time.Now(); s.measure(ctx, conn) != nil {
				return
			}
		}
		wait, cancel := context.WithTimeout(ctx, listenFor)
		n, err := conn.WaitForNotification(wait)
		over := wait.Err() != nil
		cancel()
		switch {
		case err == nil:
			if size, err := strconv.ParseUint(n.Payload, 10, 64); err != nil || size > s.Head().Size {
				s.nudge()
			}
		case !over:
			return
		default:
			s.nudge()
		}
	}
}

// measure notes how far this machine's clock is ahead of the database's. An answer that took long says too little: the
// clock was read at some moment in between.
func (s *Store) measure(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, answersIn)
	defer cancel()
	var there time.Time
	began := time.Now()
	before := s.o.Now()
	if err := conn.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&there); err != nil {
		return err
	}
	if took := time.Since(began); took < measureIn {
		s.skew.Store(int64(before.Add(took / 2).Sub(there)))
	}
	return nil
}

// measureFirst compares the clocks before anything is written by this one's time.
func (s *Store) measureFirst(ctx context.Context, config *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return away(err)
	}
	return errors.Join(s.measure(ctx, conn), conn.Close(ctx))
}

// Skew is how far this node's wall clock was ahead of the database's when they were compared last, 0 with SQLite.
func (s *Store) Skew() time.Duration { return time.Duration(s.skew.Load()) }

// nudge asks the writer to look at the head, unless it was asked already.
func (s *Store) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// look follows the log to where it is now, without keeping anybody from it.
func (s *Store) look() {
	if s.latch.tripped() != nil {
		return
	}
	if at, err := s.pg.peek(); err == nil {
		_ = s.follows(at) // else nothing is heard, and that tells
	}
}

// stale tells that the head of the log has not been heard of for so long that what is known may be over.
func (s *Store) stale() error {
	if at := s.heard.Load(); at != nil && time.Since(*at) > freshFor {
		return stead.E(stead.Broken, stead.ReasonStale, "the database has not answered for %s: what is known here may be over",
			time.Since(*at).Round(100*time.Millisecond))
	}
	return nil
}
