package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead"
)

// An Original is an embedded store that is kept from everybody else while it is copied. It is only read.
type Original struct {
	dir        string
	main, keys *sql.DB
	unlock     func() error
}

// A Copy says where a store is copied to, and what goes with it.
type Copy struct {
	DSN     string            // of an empty database
	Secrets map[string][]byte // sealed, by name: what Secrets keeps
	// Check refuses a log that does not hash to its head. It is asked before anybody can open the copy.
	Check    func(ctx context.Context, log Source, head stead.Head) error
	Progress func(doing string, done, all uint64) // after each batch; all is rows
	AtOnce   int                                  // rows in one transaction; 0 = 4096
}

// A Copied tells what was copied.
type Copied struct {
	Head   stead.Head `json:"head"`
	Tables []Table    `json:"tables"`
}

const (
	copyAtOnce = 4096
	copyBytes  = 8 << 20 // a batch ends where it has so many
)

// TakeOriginal keeps a stopped store from being opened until Close. Errors: missing (there is none, or its person keys are
// not with it), conflict (a process has it open), broken.
func TakeOriginal(ctx context.Context, dir string) (*Original, error) {
	for _, file := range []string{mainFile, keysFile} {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			return nil, stead.E(stead.Missing, stead.ReasonNone, "there is no %s in %s: a store is copied with its person keys", file, dir)
		}
	}
	unlock, err := lock(dir)
	if err != nil {
		return nil, err
	}
	o := &Original{dir: dir, unlock: unlock}
	at := Options{Dir: dir}
	if o.main, err = pool(at.dsn(mainFile, "query_only(1)"), 1); err == nil {
		o.keys, err = pool(at.dsn(keysFile, "query_only(1)"), 1)
	}
	if err == nil {
		err = o.main.PingContext(ctx)
	}
	if err != nil {
		return nil, errors.Join(stead.Because(err, "open the store in "+dir), o.Close())
	}
	return o, nil
}

// Close lets others at the store again.
func (o *Original) Close() error {
	var errs []error
	for _, db := range []*sql.DB{o.main, o.keys} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(append(errs, o.unlock())...)
}

func (o *Original) holds(t copyTable) *sql.DB {
	if t.inKeys {
		return o.keys
	}
	return o.main
}

// Copy writes everything into an empty database, batch by batch, reads it back and compares. No program opens the
// database before the last step, which brings the head; a copy that was broken off before can be begun again. Errors:
// invalid; conflict (the database holds something, or another copy is under way); refused; broken.
func (o *Original) Copy(ctx context.Context, c Copy) (Copied, error) {
	if c.AtOnce == 0 {
		c.AtOnce = copyAtOnce
	}
	at, err := o.standing(ctx)
	if err != nil {
		return Copied{}, err
	}
	to, err := openTarget(ctx, c.DSN)
	if err != nil {
		return Copied{}, err
	}
	done, err := to.fill(ctx, o, c, at)
	return done, errors.Join(err, to.close())
}

func (o *Original) standing(ctx context.Context) (place, error) {
	s := Store{read: tables{queryer: o.main}}
	at, err := s.standing(ctx)
	if err == nil && at.Size == 0 {
		err = stead.E(stead.Missing, stead.ReasonNone, "the store in %s holds no events: there is nothing to copy", o.dir)
	}
	return at, stead.Because(err, "read the head of the log")
}

// A copying is one run of a Copy.
type copying struct {
	Copy
	from      *Original
	to        *target
	done, all uint64
}

func (c *copying) at(doing string) {
	if c.Progress != nil {
		c.Progress(doing, c.done, c.all)
	}
}

// table copies one table and gives what was read.
func (c *copying) table(ctx context.Context, t copyTable) (Table, error) {
	rows, err := c.from.holds(t).QueryContext(ctx, t.query(t.place[1]))
	if err != nil {
		return Table{}, err
	}
	defer rows.Close()
	row, tally := t.row(), tallyRows()
	for more := true; more; {
		n, size := 0, 0
		_, err := c.to.conn.CopyFrom(ctx, t.place, t.names(), pgx.CopyFromFunc(func() ([]any, error) {
			if n == c.AtOnce || size >= copyBytes {
				return nil, nil
			}
			if more = rows.Next(); !more {
				return nil, rows.Err()
			}
			if err := rows.Scan(row.to...); err != nil {
				return nil, err
			}
			tally.add(row)
			values, bytes := row.values()
			n, size = n+1, size+bytes
			return values, nil
		}))
		if err != nil {
			return Table{}, err
		}
		c.done += uint64(n)
		c.at("copied")
	}
	return tally.table(t.name), rows.Err()
}

// compare reads a table of the target back and refuses what is not what was read from the source.
func (c *copying) compare(ctx context.Context, t copyTable, want Table) error {
	got, err := t.written(ctx, c.to.conn, func() {
		if c.done++; c.done%copyAtOnce == 0 {
			c.at("compared")
		}
	})
	if err != nil {
		return err
	}
	if got != want {
		return corrupt("the copy of the %s differs: %d rows, digest %.16s; the store has %d, %.16s", t.name, got.Rows, got.Digest, want.Rows, want.Digest)
	}
	return nil
}

func (c *copying) count(ctx context.Context) error {
	for _, t := range copyTables() {
		n, err := t.count(ctx, c.from.holds(t))
		if err != nil {
			return fmt.Errorf("count the %s: %w", t.name, err)
		}
		c.all += 2 * n // copied, and compared
	}
	return nil
}
