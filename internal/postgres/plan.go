package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead"
)

// A share is what a mandate grants of one table, under one filter.
type share struct {
	resource, schema, table, rows string
	columns                       map[string][]string // by verb; an empty list is all of them
	all                           []string            // columns the table has
	id                            uint32
}

// order is that of the verbs in a GRANT.
var order = []string{"SELECT", "INSERT", "UPDATE", "DELETE"}

// words are what an action comes to in SQL.
var words = map[stead.Action][]string{
	"read": {"SELECT"}, "select": {"SELECT"}, "insert": {"INSERT"}, "update": {"UPDATE"}, "delete": {"DELETE"},
	"write": {"INSERT", "UPDATE", "DELETE"},
}

// plan sorts the grants of a mandate by what they are about.
func (d *Database) plan(m stead.Mandate) (all []*share, err error) {
	for _, e := range m.Scope.Grants {
		if e.System != d.ID {
			continue
		}
		s, err := one(e)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(all, func(o *share) bool { return o.schema == s.schema && o.table == s.table && o.rows == s.rows })
		if i < 0 {
			all = append(all, s)
			continue
		}
		all[i].join(s)
	}
	if len(all) == 0 {
		return nil, stead.E(stead.Invalid, stead.ReasonRequest, "this mandate grants nothing in %s", d.ID)
	}
	for _, s := range all {
		if m.Mode != stead.Edit && s.writes() {
			return nil, stead.E(stead.Refused, stead.ReasonReadOnly, "this mandate is read-only, so %s cannot be written to", s.resource)
		}
	}
	return all, nil
}

func one(e stead.Entitlement) (*share, error) {
	schema, table, ok := parts(e.Resource)
	verbs := words[e.Action]
	switch {
	case !ok:
		return nil, stead.E(stead.Invalid, stead.ReasonRequest, "%q names no table: write SCHEMA.TABLE", e.Resource)
	case verbs == nil:
		return nil, stead.E(stead.Invalid, stead.ReasonRequest, "PostgreSQL knows read, insert, update, delete and write, not %q", e.Action)
	case len(e.Columns) > 0 && e.Action == "delete":
		return nil, stead.E(stead.Invalid, stead.ReasonRequest, "rows of %s are deleted as a whole: leave the columns out", e.Resource)
	case e.Rows != "":
		if err := filter(e.Rows); err != nil {
			return nil, err
		}
	}
	s := &share{resource: e.Resource, schema: schema, table: table, rows: e.Rows, columns: map[string][]string{}}
	for _, v := range verbs {
		if v != "DELETE" || len(e.Columns) == 0 { // to write some columns is not to delete rows
			s.columns[v] = e.Columns
		}
	}
	return s, nil
}

func (s *share) join(o *share) {
	for v, columns := range o.columns {
		had, ok := s.columns[v]
		switch {
		case !ok:
			s.columns[v] = columns
		case len(had) == 0 || len(columns) == 0:
			s.columns[v] = nil
		default:
			s.columns[v] = append(slices.Clone(had), columns...)
		}
	}
}

func (s *share) writes() bool {
	_, reads := s.columns["SELECT"]
	return len(s.columns) > 1 || !reads
}

// shown are the columns that the lease has anything of, in the table's order.
func (s *share) shown() []string {
	for _, v := range order {
		if list, ok := s.columns[v]; ok && len(list) == 0 {
			return s.all
		}
	}
	return slices.DeleteFunc(slices.Clone(s.all), func(c string) bool {
		for _, list := range s.columns {
			if slices.Contains(list, c) {
				return false
			}
		}
		return true
	})
}

// find looks the table up, and says what there is no such column of.
func (s *share) find(ctx context.Context, tx pgx.Tx) error {
	err := tx.QueryRow(ctx, `SELECT c.oid, ARRAY(SELECT attname::text FROM pg_attribute
			WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND `+foreign, s.schema, s.table).Scan(&s.id, &s.all)
	if errors.Is(err, pgx.ErrNoRows) {
		return stead.E(stead.Invalid, stead.ReasonRequest, "there is no table %s in this database", s.resource)
	}
	for _, list := range s.columns {
		for _, c := range list {
			if err == nil && !slices.Contains(s.all, c) {
				return stead.E(stead.Invalid, stead.ReasonRequest, "the table %s has no column %q", s.resource, c)
			}
		}
	}
	return err
}

// grant is the SQL that gives the share on a table or a view of it to a role.
func (s *share) grant(on, to string) string {
	var list []string
	for _, v := range order {
		columns, ok := s.columns[v]
		switch {
		case ok && len(columns) > 0:
			list = append(list, v+" ("+names(columns)+")")
		case ok:
			list = append(list, v)
		}
	}
	return "GRANT " + strings.Join(list, ", ") + " ON " + on + " TO " + to
}

// lacks tells what of the share a role does not have, "" where it has all.
func (s *share) lacks(ctx context.Context, tx pgx.Tx, role string) (string, error) {
	for _, v := range order {
		columns, ok := s.columns[v]
		if !ok {
			continue
		}
		may, err := true, error(nil)
		if len(columns) == 0 || s.rows != "" {
			err = tx.QueryRow(ctx, "SELECT has_table_privilege($1::name, $2::oid, $3)", role, s.id, v).Scan(&may)
		} else {
			err = tx.QueryRow(ctx, "SELECT bool_and(has_column_privilege($1::name, $2::oid, c, $3)) FROM unnest($4::text[]) AS c", role, s.id, v, columns).Scan(&may)
		}
		if err != nil || !may {
			return v, err
		}
	}
	return "", nil
}

// view is the SQL that makes a view of the share's rows. What may only be read is fenced by OFFSET 0, below which the
// planner pushes nothing; what may be written must be a simple view, and takes no row out of its filter or into it.
func (s *share) view(as string) string {
	text := fmt.Sprintf("CREATE VIEW %s WITH (security_barrier) AS SELECT %s FROM %s WHERE (%s\n)", as, names(s.shown()), name(s.schema, s.table), s.rows)
	if s.writes() {
		return text + " WITH CASCADED CHECK OPTION"
	}
	return text + " OFFSET 0"
}
