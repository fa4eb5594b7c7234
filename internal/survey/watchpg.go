package survey

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// tables are those of a PostgreSQL database under watch.
type tables struct {
	db    *pgx.Conn
	next  string // number of the next transaction that writes
	known map[string]string
}

// WatchPostgres watches all tables of a database, as the role of the connection string may read them. Whether anything
// was written at all is asked first: then every row is looked at, so it is for a small database of a test.
func WatchPostgres(ctx context.Context, dsn string) (Watch, error) {
	db, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	t := &tables{db: db}
	_, err = t.Changes(ctx)
	return t, err
}

func (t *tables) Changes(ctx context.Context) ([]string, error) {
	var next string
	if err := t.db.QueryRow(ctx, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text").Scan(&next); err != nil {
		return nil, err
	}
	if next == t.next { // only who writes gets a number
		return nil, nil
	}
	now, err := t.look(ctx)
	if err != nil {
		return nil, err
	}
	changed := map[string]bool{}
	for name, mark := range now {
		if t.known[name] != mark {
			changed["table "+name] = true
		}
	}
	for name := range t.known {
		if _, ok := now[name]; !ok {
			changed["table "+name] = true
		}
	}
	t.next, t.known = next, now
	return slices.Sorted(maps.Keys(changed)), nil
}

// look makes a mark of every table: its rows with the transactions that wrote them, so that a row that was written as it
// was is seen too.
func (t *tables) look(ctx context.Context) (map[string]string, error) {
	rows, err := t.db.Query(ctx, `SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND has_table_privilege(c.oid, 'SELECT')`)
	if err != nil {
		return nil, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	marks := map[string]string{}
	for _, n := range names {
		var mark string
		// The name was quoted by the database itself.
		q := strings.Replace("SELECT count(*)::text || ' ' || coalesce(sum(hashtextextended(x.xmin::text || x::text, 0)), 0)::text FROM TABLE_NAME x", "TABLE_NAME", n, 1)
		if err := t.db.QueryRow(ctx, q).Scan(&mark); err != nil {
			return nil, fmt.Errorf("table %s: %w", n, err)
		}
		marks[n] = mark
	}
	return marks, nil
}
