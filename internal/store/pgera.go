package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// An era is the timeline of a database: a new one begins whenever a standby takes over. Of two servers that both take
// writes the one of the later era is the database; the other is what it once was, and is neither written to nor believed.
type era struct{ known atomic.Uint64 }

// A stay is the era that a connection is in. It never changes: a server begins another only by becoming one that writes.
type stay struct {
	in *era
	at uint64
}

const pgEra = "SELECT CASE WHEN pg_is_in_recovery() THEN '' ELSE pg_walfile_name(pg_current_wal_lsn()) END"

const eraDigits = 8 // of the name of a write-ahead log file

// guard lets a configuration connect only to a server that takes writes, and to none of an era before the last it has
// met. It asks whatever was asked before, too.
func (e *era) guard(c *pgx.ConnConfig) {
	before := c.ValidateConnect
	c.ValidateConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		if before != nil {
			if err := before(ctx, conn); err != nil {
				return err
			}
		}
		return e.admit(ctx, conn)
	}
}

func (e *era) admit(ctx context.Context, conn *pgconn.PgConn) error {
	said, err := conn.Exec(ctx, pgEra).ReadAll()
	if err != nil {
		return err
	}
	name := string(said[0].Rows[0][0])
	if len(name) < eraDigits {
		return errors.New("this server follows another: the log is not written here")
	}
	at, err := strconv.ParseUint(name[:eraDigits], 16, 64)
	if err != nil {
		return err
	}
	for known := e.known.Load(); ; known = e.known.Load() {
		if at < known {
			return fmt.Errorf("this server is of timeline %d, and the database went on with timeline %d elsewhere", at, known)
		}
		if at == known || e.known.CompareAndSwap(known, at) {
			break
		}
	}
	conn.CustomData()[stayed] = stay{e, at}
	return nil
}

const stayed = "stead.era"

// bygone tells whether the database has gone on elsewhere since this connection was made.
func bygone(conn *pgconn.PgConn) bool {
	s, ok := conn.CustomData()[stayed].(stay)
	return ok && s.at < s.in.known.Load()
}
