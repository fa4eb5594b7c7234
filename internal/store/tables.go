package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// A queryer is a pool of connections, or one transaction of one of them.
type queryer interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

// tables are read with the same text on both engines; PostgreSQL wants its arguments numbered.
type tables struct {
	queryer
	numbered bool
}

func (t tables) QueryContext(ctx context.Context, text string, args ...any) (rows *sql.Rows, err error) {
	for range t.tries() {
		if rows, err = t.queryer.QueryContext(ctx, t.text(text), args...); !hungUp(ctx, err) {
			break
		}
	}
	return rows, err
}

func (t tables) QueryRowContext(ctx context.Context, text string, args ...any) (row *sql.Row) {
	for range t.tries() {
		if row = t.queryer.QueryRowContext(ctx, t.text(text), args...); !hungUp(ctx, row.Err()) {
			break
		}
	}
	return row
}

// tries is how often something is read: of a pool each connection may have been lost without anybody having noticed.
func (t tables) tries() int {
	if pool, ok := t.queryer.(*sql.DB); ok && t.numbered {
		return 2 + pool.Stats().MaxOpenConnections
	}
	return 1
}

// hungUp tells whether the server ended a connection, and not that it refused what was asked.
func hungUp(ctx context.Context, err error) bool {
	var said *pgconn.PgError
	switch {
	case err == nil || ctx.Err() != nil || errors.Is(err, sql.ErrNoRows):
		return false
	case errors.As(err, &said):
		return strings.HasPrefix(said.Code, "57P") || strings.HasPrefix(said.Code, "08")
	}
	return true
}

// text writes $1, $2 … for every ?. No text of ours has one in a literal.
func (t tables) text(q string) string {
	if !t.numbered {
		return q
	}
	b := make([]byte, 0, len(q)+16)
	for i, n := 0, 0; i < len(q); i++ {
		if q[i] != '?' {
			b = append(b, q[i])
			continue
		}
		n++
		b = strconv.AppendInt(append(b, '$'), int64(n), 10)
	}
	return string(b)
}

// among says that a column has one of some numbers.
func (t tables) among(column string, list []uint64) (text string, args []any) {
	if t.numbered {
		all := make([]int64, len(list))
		for i, n := range list {
			all[i] = int64(n)
		}
		return column + " = ANY(?)", []any{all}
	}
	return column + " IN (" + numbered(list) + ")", nil
}

// numbered writes a list of numbers.
func numbered(list []uint64) string {
	var b []byte
	for i, n := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, n, 10)
	}
	return string(b)
}
