package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A copyTable is a table that both engines have, with the columns that must be the same byte for byte.
type copyTable struct {
	name    string // as people call it
	place   pgx.Identifier
	columns []copyColumn
	order   string
	inKeys  bool // it stands in keys.db
}

type copyColumn struct {
	name string
	form form
}

// A form is what a column holds.
type form byte

const (
	isNumber  form = 'i'
	isText    form = 't'
	isBytes   form = 'b'
	mayBeGone form = 'n' // bytes, or NULL where they are gone
)

// copyTables are all that is copied; the head comes last and alone, leases are nobody's any more.
func copyTables() []copyTable {
	return []copyTable{
		{"person keys", pgx.Identifier{"stead_keys", "keys"}, []copyColumn{{"id", isNumber}, {"person", isText}, {"wrapped", mayBeGone}, {"erased", isNumber}}, "id", true},
		{"events", pgx.Identifier{"stead", "log"}, []copyColumn{{"idx", isNumber}, {"event", mayBeGone}, {"leaf", isBytes}}, "idx", false},
		{"tiles", pgx.Identifier{"stead", "tiles"}, []copyColumn{{"level", isNumber}, {"idx", isNumber}, {"body", isBytes}}, "level, idx", false},
		{"objects", pgx.Identifier{"stead", "objects"}, []copyColumn{{"kind", isText}, {"id", isText}, {"version", isNumber}, {"idx", isNumber}, {"live", isNumber}, {"body", isBytes}}, "id, version, kind", false},
		{"counters", pgx.Identifier{"stead", "counters"}, []copyColumn{{"key", isText}, {"n", isNumber}, {"until", isNumber}}, "key", false},
	}
}

func (t copyTable) names() []string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return names
}

// query reads the whole table in an order that is the same on both engines.
func (t copyTable) query(from string) string {
	return "SELECT " + strings.Join(t.names(), ", ") + " FROM " + from + " ORDER BY " + t.order
}

// A copyRow is one row, and where a driver scans it to.
type copyRow struct {
	forms   []copyColumn
	numbers []int64
	texts   []string
	bytes   [][]byte
	to      []any
}

func (t copyTable) row() *copyRow {
	n := len(t.columns)
	r := &copyRow{t.columns, make([]int64, n), make([]string, n), make([][]byte, n), make([]any, n)}
	for i, c := range t.columns {
		switch c.form {
		case isNumber:
			r.to[i] = &r.numbers[i]
		case isText:
			r.to[i] = &r.texts[i]
		default:
			r.to[i] = &r.bytes[i]
		}
	}
	return r
}

// values gives the row as it is written, and about how many bytes it has.
func (r *copyRow) values() (list []any, size int) {
	list = make([]any, len(r.forms))
	for i, c := range r.forms {
		switch {
		case c.form == isNumber:
			list[i] = r.numbers[i]
		case c.form == isText:
			list[i] = r.texts[i]
		case c.form == isBytes || r.bytes[i] != nil:
			list[i] = append([]byte{}, r.bytes[i]...)
		}
		size += 8 + len(r.texts[i]) + len(r.bytes[i])
	}
	return list, size
}

// sum adds a row to a digest, so that no two different rows add the same.
func (r *copyRow) sum(to hash.Hash) {
	var head [9]byte
	for i, c := range r.forms {
		head[0] = byte(c.form)
		part := r.bytes[i]
		switch {
		case c.form == isNumber:
			binary.BigEndian.PutUint64(head[1:], uint64(r.numbers[i]))
			part = nil
		case c.form == isText:
			part = []byte(r.texts[i])
			fallthrough
		default:
			binary.BigEndian.PutUint64(head[1:], uint64(len(part)))
			if c.form == mayBeGone && part == nil {
				head[0] = 0
			}
		}
		to.Write(head[:])
		to.Write(part)
	}
}

// A Table is what a copy made of one table: its rows, and SHA-256 over all of them in order.
type Table struct {
	Name   string `json:"name"`
	Rows   uint64 `json:"rows"`
	Digest string `json:"digest"`
}

// A tallying is a Table under way.
type tallying struct {
	rows uint64
	hash hash.Hash
}

func tallyRows() *tallying { return &tallying{hash: sha256.New()} }

func (t *tallying) add(r *copyRow) {
	t.rows++
	r.sum(t.hash)
}

func (t *tallying) table(name string) Table {
	return Table{Name: name, Rows: t.rows, Digest: hex.EncodeToString(t.hash.Sum(nil))}
}

// written reads a table of the target back.
func (t copyTable) written(ctx context.Context, db *pgx.Conn, each func()) (Table, error) {
	rows, err := db.Query(ctx, t.query(t.place.Sanitize()))
	if err != nil {
		return Table{}, err
	}
	defer rows.Close()
	row, tally := t.row(), tallyRows()
	for rows.Next() {
		if err := rows.Scan(row.to...); err != nil {
			return Table{}, err
		}
		tally.add(row)
		each()
	}
	return tally.table(t.name), rows.Err()
}

// count is how many rows the source has.
func (t copyTable) count(ctx context.Context, db *sql.DB) (n uint64, err error) {
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM "+t.place[1]).Scan(&n)
	return n, err
}
