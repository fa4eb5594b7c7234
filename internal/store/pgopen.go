package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/steadhq/stead"
)

// Numbers of advisory locks; the database is Stead's alone, or another's who uses no such numbers.
const (
	lockSchema  = 0x57_ea_d0_01
	lockSecrets = 0x57_ea_d0_02
	lockEvents  = 0x57_ea_d0_03
	lockCopy    = 0x57_ea_d0_04
)

// held is how long a node that stops in the middle of a transaction keeps the head from others.
const held = 2 * time.Second

// pgConfig reads a connection string, in the form of a URL or of key=value. What is committed must be on disk, and on
// the standby where one is named.
func pgConfig(dsn string) (*pgx.ConnConfig, error) {
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, stead.E(stead.Invalid, stead.ReasonRequest, "the connection string of the store can not be read: %v", err)
	}
	for name, value := range map[string]string{
		"application_name": "stead", "search_path": "stead,stead_keys", "synchronous_commit": "on", "timezone": "UTC",
		"idle_in_transaction_session_timeout": fmt.Sprint(held.Milliseconds()), "lock_timeout": fmt.Sprint(answersIn.Milliseconds()),
	} {
		if c.RuntimeParams[name] == "" {
			c.RuntimeParams[name] = value
		}
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = held
	}
	new(era).guard(c)
	return c, nil
}

// hangUp gives up a connection: it takes its leave of the server if that is quick.
func hangUp(c *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), tryAgain)
	defer cancel()
	_ = c.Close(ctx) // it is given up either way
}

func pgPool(c *pgx.ConnConfig, size int) *sql.DB {
	db := stdlib.OpenDB(*c, stdlib.OptionResetSession(func(_ context.Context, conn *pgx.Conn) error {
		if bygone(conn.PgConn()) {
			return driver.ErrBadConn
		}
		return nil
	}))
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db
}

// openPostgres connects to the database o.DSN names, and brings its schema up to date.
func (s *Store) openPostgres(ctx context.Context) error {
	config, err := pgConfig(s.o.DSN)
	if err != nil {
		return err
	}
	if _, err := migrate(ctx, config, migrations()); err != nil {
		return err
	}
	s.pool = pgPool(config, 4+2*runtime.GOMAXPROCS(0))
	s.read = tables{queryer: s.pool, numbered: true}
	if err := durable(ctx, s.read); err != nil {
		return err
	}
	if err := s.measureFirst(ctx, config); err != nil {
		return err
	}
	s.keys = newPersons(s.o, s.pool)
	s.keys.shared = &register{db: s.pool, read: s.read}
	if err := s.keys.load(ctx); err != nil {
		return fmt.Errorf("person keys: %w", err)
	}
	s.pg, s.config, s.wake = newPgDesk(config), config, make(chan struct{}, 1)
	s.desk = s.pg
	s.events = &pgEvents{store: s, config: config, pool: s.pool, read: s.read, hurry: make(chan struct{}, 1)}
	return s.atOnce(ctx, s.load)
}

// atOnce lets f read everything as it is at one moment, whoever writes meanwhile.
func (s *Store) atOnce(ctx context.Context, f func(context.Context) error) error {
	tx, err := s.pool.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return away(err)
	}
	defer tx.Rollback()
	now := time.Now()
	all := s.read
	s.read = tables{queryer: tx, numbered: true}
	err = f(ctx)
	s.read = all
	s.hear(now)
	return err
}

// durable refuses a server that does not write what it acknowledges.
func durable(ctx context.Context, db tables) error {
	for _, name := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		var value string
		if err := db.QueryRowContext(ctx, "SELECT current_setting(?)", name).Scan(&value); err != nil {
			return err
		}
		if value == "off" || value == "local" {
			return stead.E(stead.Invalid, stead.ReasonRequest, "the database runs with %s = %s: what it acknowledges could be lost", name, value)
		}
	}
	return nil
}

// hear notes that the head was known at a moment.
func (s *Store) hear(at time.Time) {
	for {
		old := s.heard.Load()
		if old != nil && !at.After(*old) || s.heard.CompareAndSwap(old, &at) {
			return
		}
	}
}
