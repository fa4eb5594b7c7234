package store

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A right is something that the role of a node must be able to do with a table, or with some of its columns alone.
type right struct{ what, table, columns string }

func (r right) String() string {
	if r.columns == "" {
		return r.what + " ON " + r.table
	}
	return r.what + " (" + r.columns + ") ON " + r.table
}

// rights are all that a node needs where another role owns the tables. Of an event it may forget the bytes and of an object
// take the mark of what is live; it can neither change nor drop what was written.
func rights() (list []right) {
	for _, t := range []struct{ table, whats, columns string }{
		{"public.stead_schema", "SELECT", ""},
		{"stead.log", "SELECT,INSERT,UPDATE", "event"},
		{"stead.objects", "SELECT,INSERT,UPDATE", "live"},
		{"stead.tiles", "SELECT,INSERT", ""},
		{"stead.counters", "SELECT,INSERT,UPDATE,DELETE", ""},
		{"stead.head", "SELECT,UPDATE", ""},
		{"stead.leases", "SELECT,INSERT,UPDATE,DELETE", ""},
		{"stead.events", "SELECT,INSERT,UPDATE,DELETE,TRUNCATE", ""},
		{"stead.blocks", "SELECT,INSERT,UPDATE,DELETE,TRUNCATE", ""},
		{"stead.marks", "SELECT,INSERT,UPDATE,DELETE,TRUNCATE", ""},
		{"stead.labels", "SELECT,INSERT,TRUNCATE", ""},
		{"stead.place", "SELECT,INSERT,UPDATE,TRUNCATE", ""},
		{"stead_keys.keys", "SELECT,INSERT,UPDATE", "wrapped, erased, erasure"},
		{"stead_keys.erasures", "SELECT,UPDATE", ""},
		{"stead_keys.secrets", "SELECT,INSERT,UPDATE", ""},
	} {
		for what := range strings.SplitSeq(t.whats, ",") {
			r := right{what: what, table: t.table}
			if what == "UPDATE" {
				r.columns = t.columns
			}
			list = append(list, r)
		}
	}
	return list
}

// LeastRights is the SQL by which the owner of the tables gives a role what a node needs, and no more.
func LeastRights(role string) string {
	to := " TO " + pgx.Identifier{role}.Sanitize() + ";\n"
	text := "GRANT USAGE ON SCHEMA stead, stead_keys" + to
	all := rights()
	for i, r := range all {
		what, on, _ := strings.Cut(r.String(), " ON ")
		switch {
		case i == 0 || all[i-1].table != r.table:
			text += "GRANT " + what
		default:
			text += ", " + what
		}
		if i == len(all)-1 || all[i+1].table != r.table {
			text += " ON " + on + to
		}
	}
	return text
}

// lacks lists which of the rights the role of a connection does not have.
func lacks(ctx context.Context, conn *pgx.Conn) (list []string, err error) {
	for _, schema := range []string{"stead", "stead_keys"} {
		var may bool
		if err := conn.QueryRow(ctx, "SELECT has_schema_privilege($1, 'USAGE')", schema).Scan(&may); err != nil {
			return nil, err
		}
		if !may {
			list = append(list, "USAGE ON SCHEMA "+schema)
		}
	}
	if len(list) > 0 {
		return list, nil // nothing within can be asked for
	}
	for _, r := range rights() {
		may, err := r.held(ctx, conn)
		if err != nil {
			return nil, err
		}
		if !may {
			list = append(list, r.String())
		}
	}
	return list, nil
}

func (r right) held(ctx context.Context, conn *pgx.Conn) (may bool, err error) {
	if r.columns == "" {
		err = conn.QueryRow(ctx, "SELECT has_table_privilege($1, $2)", r.table, r.what).Scan(&may)
		return may, err
	}
	const q = "SELECT bool_and(has_column_privilege($1, c, $2)) FROM unnest($3::text[]) AS c"
	err = conn.QueryRow(ctx, q, r.table, r.what, strings.Split(r.columns, ", ")).Scan(&may)
	return may, err
}
