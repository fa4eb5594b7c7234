package postgres

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/steadhq/stead"
)

// A Database is one that Stead gives out in leases. docs/guide/postgresql-systems.md has the rights its role needs.
type Database struct {
	ID          stead.AppID
	DSN         string                                       // of Stead's own role, by URL or key=value
	Connections int                                          // that a lease may have at once; 0 is 5
	Statement   time.Duration                                // how long its statements may take until it says otherwise; 0 is 5 min
	Idle        time.Duration                                // how long it may idle in a transaction until it says otherwise; 0 is 1 min
	Accept      []string                                     // openings that are known and accepted: "temp", "databases" …; see openings
	Live        func(context.Context, stead.MandateID) error // is asked before a lease is committed: an error undoes it; nil asks nobody
	Now         func() time.Time
	Rand        io.Reader
	Dial        pgconn.DialFunc // nil is the network's own

	mu sync.Mutex // over what changes rows of the catalog that leases share, so that they do not collide needlessly
}

const (
	newest    = 150000 // the oldest server that is served, as server_version_num
	shortLock = 250 * time.Millisecond
	longLock  = 5 * time.Second
	oneAnswer = 30 * time.Second
	starting  = time.Second     // longest that a login takes to show itself, or it is ended
	stalling  = 2 * time.Second // longest that one is waited for which has not been let in
	pause     = 3 * time.Millisecond
	most      = 50 // tries where others change the same rows of the catalog
)

func (d *Database) config() (*pgx.ConnConfig, error) {
	c, err := pgx.ParseConfig(d.DSN)
	if err != nil {
		return nil, stead.E(stead.Invalid, stead.ReasonRequest, "the connection string of %s can not be read: write postgres://ROLE:PASSWORD@HOST:PORT/DATABASE", d.ID)
	}
	// Nothing that others made is found by a bare name, and text is read in one way whatever the server's settings are.
	for name, value := range map[string]string{
		"application_name": "stead", "search_path": "pg_catalog", "standard_conforming_strings": "on", "timezone": "UTC",
		"datestyle": "ISO", "lock_timeout": milliseconds(longLock), "statement_timeout": milliseconds(oneAnswer),
		"idle_in_transaction_session_timeout": milliseconds(oneAnswer),
	} {
		c.RuntimeParams[name] = value
	}
	c.DefaultQueryExecMode = pgx.QueryExecModeExec
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = oneAnswer
	}
	if d.Dial != nil {
		c.DialFunc = d.Dial
	}
	return c, nil
}

// connect opens a connection to a database of the server, "" is the one of the DSN.
func (d *Database) connect(ctx context.Context, database string) (*pgx.Conn, error) {
	c, err := d.config()
	if err != nil {
		return nil, err
	}
	if database != "" {
		c.Database = database
	}
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return nil, stead.E(stead.Broken, stead.ReasonBroken, "%s does not let Stead in: %w", d.ID, err)
	}
	return conn, nil
}

func hangUp(c *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), shortLock)
	defer cancel()
	_ = c.Close(ctx) // it is given up either way
}

// role is what the lease of a mandate is called.
func role(id stead.MandateID) (string, error) {
	rest, ok := strings.CutPrefix(string(id), stead.PrefixMandate)
	if !ok || rest == "" || len(rest) > 40 || strings.Trim(strings.ToLower(rest), "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
		return "", stead.E(stead.Invalid, stead.ReasonRequest, "%q is no id of a mandate", id)
	}
	return "stead_" + string(id), nil
}

// mark is the comment that tells whose a role or schema is.
func (d *Database) mark(id stead.MandateID) string { return d.marks() + string(id) }

func (d *Database) marks() string { return "stead lease of " + string(d.ID) + ": " }

func name(parts ...string) string { return pgx.Identifier(parts).Sanitize() }

// literal quotes a text; standard_conforming_strings is on.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func names(list []string) string {
	quoted := make([]string, len(list))
	for i, n := range list {
		quoted[i] = name(n)
	}
	return strings.Join(quoted, ", ")
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// code is the SQLSTATE of an error, "" where it is none of the server's.
func code(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// collides tells of an error that goes away by trying again: somebody else changed the same row of the catalog.
func collides(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (slices.Contains([]string{"55P03", "40P01", "40001"}, e.Code) ||
		e.Code == "XX000" && strings.Contains(e.Message, "concurrently"))
}

// again does it until it no longer collides with somebody.
func again(ctx context.Context, do func() error) (err error) {
	for range most {
		if err = do(); !collides(err) {
			return err
		}
		if wait(ctx) != nil {
			break
		}
	}
	return err
}

func wait(ctx context.Context) error {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// within does it in a transaction.
func within(ctx context.Context, conn *pgx.Conn, do func(pgx.Tx) error) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, undo(ctx, tx))
	}
	return tx.Commit(ctx)
}

// undo rolls back; a connection that is gone has done so.
func undo(ctx context.Context, tx pgx.Tx) error {
	if err := tx.Rollback(ctx); err != nil && !tx.Conn().IsClosed() {
		return err
	}
	return nil
}
