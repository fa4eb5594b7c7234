package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

const (
	mainFile   = "stead.db"
	eventsFile = "events.db"
	keysFile   = "keys.db"
	lockFile   = "lock"
)

// dsn names a database file. Checkpoints are ours alone: SQLite's own swallow the errors they meet.
func (o Options) dsn(file string, pragmas ...string) string {
	q := url.Values{"_pragma": append([]string{"busy_timeout(5000)", "wal_autocheckpoint(0)"}, pragmas...)}
	if o.VFS != "" {
		q.Set("vfs", o.VFS)
	}
	path := url.URL{Path: filepath.Join(o.Dir, file)}
	return "file:" + path.EscapedPath() + "?" + q.Encode()
}

// A conn is one connection used by one goroutine, with its prepared statements.
type conn struct {
	driver.Conn
}

func connect(ctx context.Context, dsn string) (*conn, error) {
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	raw, err := c.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{raw}, nil
}

func (c *conn) exec(sql string) error {
	_, err := c.Conn.(driver.ExecerContext).ExecContext(context.Background(), sql, nil)
	return err
}

// A statement is prepared once; its arguments are bound in place.
type statement struct {
	stmt driver.Stmt
	args []driver.NamedValue
}

func (c *conn) prepare(sql string, args int) (*statement, error) {
	s, err := c.Conn.Prepare(sql)
	if err != nil {
		return nil, err
	}
	st := &statement{stmt: s, args: make([]driver.NamedValue, args)}
	for i := range st.args {
		st.args[i].Ordinal = i + 1
	}
	return st, nil
}

func (s *statement) exec(args ...driver.Value) error {
	for i, v := range args {
		s.args[i].Value = v
	}
	return s.run()
}

// run executes with the arguments that are bound.
func (s *statement) run() error {
	_, err := s.stmt.(driver.StmtExecContext).ExecContext(context.Background(), s.args)
	return err
}

// affect executes and tells how many rows changed.
func (s *statement) affect(args ...driver.Value) (int64, error) {
	for i, v := range args {
		s.args[i].Value = v
	}
	r, err := s.stmt.(driver.StmtExecContext).ExecContext(context.Background(), s.args)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (s *statement) close() {
	if s != nil {
		s.stmt.Close()
	}
}

// pool opens connections for readers.
func pool(dsn string, size int) (*sql.DB, error) {
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

// private makes sure that a file is there with nobody's rights but the owner's: SQLite gives its companions the
// rights of the database file.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := f.Chmod(0o600); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
