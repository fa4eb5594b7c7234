package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead"
)

// A leasing is a lease in the making.
type leasing struct {
	d      *Database
	tx     pgx.Tx
	role   string
	m      stead.Mandate
	shares []*share
}

func (l leasing) make(ctx context.Context, verifier string) ([]Given, error) {
	open, err := l.d.everybody(ctx, l.tx)
	if err := errors.Join(append(open, err)...); err != nil {
		return nil, err
	}
	for _, s := range l.shares {
		if err := s.find(ctx, l.tx); err != nil {
			return nil, err
		}
	}
	if err := l.create(ctx, verifier); err != nil {
		return nil, err
	}
	tables, err := l.give(ctx)
	if err != nil {
		return nil, err
	}
	if err := l.settings(ctx, tables); err != nil {
		return nil, err
	}
	if l.d.Live != nil {
		return tables, l.d.Live(ctx, l.m.ID)
	}
	return tables, nil
}

func (l leasing) do(ctx context.Context, format string, args ...any) error {
	_, err := l.tx.Exec(ctx, fmt.Sprintf(format, args...))
	return err
}

// create makes the role. Stead's own one becomes a member of it, which is all it needs to end its connections and to drop it.
func (l leasing) create(ctx context.Context, verifier string) error {
	var own, database string
	if err := l.tx.QueryRow(ctx, "SELECT current_user::text, current_database()::text").Scan(&own, &database); err != nil {
		return err
	}
	if err := l.do(ctx, "CREATE ROLE %s LOGIN NOINHERIT CONNECTION LIMIT %d PASSWORD %s VALID UNTIL %s ROLE %s", name(l.role), or(l.d.Connections, 5),
		literal(verifier), literal(l.m.Until.UTC().Format("2006-01-02 15:04:05.999999-07")), name(own)); err != nil {
		return err
	}
	if err := l.do(ctx, "COMMENT ON ROLE %s IS %s", name(l.role), literal(l.d.mark(l.m.ID))); err != nil {
		return err
	}
	return l.need(ctx, "has_database_privilege($1::name, $2, 'CONNECT')", database, "CONNECT ON DATABASE "+name(database))
}

// need grants what the role does not have already, by way of PUBLIC.
func (l leasing) need(ctx context.Context, has, of, what string) error {
	for try := range 2 {
		var may bool
		if err := l.tx.QueryRow(ctx, "SELECT "+has, l.role, of).Scan(&may); err != nil || may {
			return err
		}
		if try == 0 {
			if err := l.do(ctx, "GRANT %s TO %s", what, name(l.role)); err != nil && code(err) != "42501" {
				return err
			} else if err != nil {
				break
			}
		}
	}
	return stead.E(stead.Refused, stead.ReasonRights, "Stead's role may not grant it: GRANT %s TO … WITH GRANT OPTION", what)
}

// give grants the shares: tables as they are, filtered ones as views in a schema of the lease's own.
func (l leasing) give(ctx context.Context) (tables []Given, err error) {
	taken := map[string]bool{}
	for _, s := range l.shares {
		on := name(s.schema, s.table)
		if s.rows == "" {
			err = l.table(ctx, s, on)
		} else {
			on, err = l.filtered(ctx, s, taken)
		}
		if err == nil {
			err = l.sequences(ctx, s)
		}
		if err != nil {
			return nil, err
		}
		tables = append(tables, Given{s.resource, on, s.rows})
	}
	return tables, nil
}

func (l leasing) table(ctx context.Context, s *share, on string) error {
	if err := l.need(ctx, "has_schema_privilege($1::name, $2, 'USAGE')", s.schema, "USAGE ON SCHEMA "+name(s.schema)); err != nil {
		return err
	}
	err := l.do(ctx, "%s", s.grant(on, name(l.role)))
	if code(err) == "42501" {
		return stead.E(stead.Refused, stead.ReasonRights, "Stead's role may not grant all of it: %s WITH GRANT OPTION", s.grant(on, "…"))
	} else if err != nil {
		return err
	}
	// A GRANT that grants nothing is a warning alone.
	missing, err := s.lacks(ctx, l.tx, l.role)
	if missing != "" && err == nil {
		err = stead.E(stead.Refused, stead.ReasonRights, "Stead's role may not grant all of it: GRANT %s ON %s TO … WITH GRANT OPTION", missing, on)
	}
	return err
}

func (l leasing) filtered(ctx context.Context, s *share, taken map[string]bool) (view string, err error) {
	if len(taken) == 0 {
		if err := l.schema(ctx); err != nil {
			return "", err
		}
	}
	as := s.table
	for n := 2; taken[as]; n++ {
		as = fmt.Sprintf("%.50s_%d", s.table, n)
	}
	taken[as] = true
	view = name(l.role, as)
	var own string
	if err := l.tx.QueryRow(ctx, "SELECT current_user::text").Scan(&own); err != nil {
		return "", err
	}
	missing, err := s.lacks(ctx, l.tx, own)
	if err == nil && missing != "" {
		err = stead.E(stead.Refused, stead.ReasonRights, "rows are filtered by a view of Stead's role, which lacks it: GRANT %s ON %s TO %s",
			missing, name(s.schema, s.table), name(own))
	}
	if err != nil {
		return "", err
	}
	if err := l.do(ctx, "%s", s.view(view)); err != nil {
		return "", badFilter(err, s)
	}
	if err := judge(ctx, l.tx, view, s.rows); err != nil {
		return "", err
	}
	return view, l.do(ctx, "%s", s.grant(view, name(l.role)))
}

func badFilter(err error, s *share) error {
	if class := code(err); len(class) == 5 && slices.Contains([]string{"0A", "22", "42"}, class[:2]) && class != "42501" {
		return stead.E(stead.Invalid, stead.ReasonRequest, "the filter %.200q does not fit %s: %w", s.rows, s.resource, err)
	}
	return err
}

func (l leasing) schema(ctx context.Context) error {
	if err := l.do(ctx, "CREATE SCHEMA %s", name(l.role)); err != nil {
		return err
	}
	if err := l.do(ctx, "COMMENT ON SCHEMA %s IS %s", name(l.role), literal(l.d.mark(l.m.ID))); err != nil {
		return err
	}
	return l.do(ctx, "GRANT USAGE ON SCHEMA %s TO %s", name(l.role), name(l.role))
}

// sequences lets who may insert take the next number: a column that he leaves out takes it by default, as himself.
func (l leasing) sequences(ctx context.Context, s *share) error {
	if _, ok := s.columns["INSERT"]; !ok {
		return nil
	}
	rows, err := l.tx.Query(ctx, `SELECT q.oid::regclass::text FROM pg_depend d JOIN pg_class q ON q.oid = d.objid AND q.relkind = 'S'
		WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.deptype = 'a'`, s.id)
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, q := range all { // regclass has quoted it
		if err := l.need(ctx, "has_sequence_privilege($1::name, $2, 'USAGE')", q, "USAGE ON SEQUENCE "+q); err != nil {
			return err
		}
	}
	return nil
}

// settings are what a session of the role begins with. It can change them: they are defaults, the rights are the fence.
func (l leasing) settings(ctx context.Context, tables []Given) error {
	path, writes := []string{}, false
	for i, s := range l.shares {
		schema := s.schema
		if tables[i].Rows != "" {
			path = append([]string{l.role}, path...)
			schema = ""
		}
		if schema != "" {
			path = append(path, schema)
		}
		writes = writes || s.writes()
	}
	set := map[string]string{"search_path": names(distinct(path)), "statement_timeout": milliseconds(or(l.d.Statement, 5*time.Minute)),
		"idle_in_transaction_session_timeout": milliseconds(or(l.d.Idle, time.Minute))}
	if !writes {
		set["default_transaction_read_only"] = "on"
	}
	for what, value := range set {
		if err := l.do(ctx, "ALTER ROLE %s SET %s = %s", name(l.role), what, value); err != nil {
			return err
		}
	}
	return nil
}

func distinct(list []string) (out []string) {
	seen := map[string]bool{}
	for _, s := range list {
		if !seen[s] {
			out = append(out, s)
		}
		seen[s] = true
	}
	return out
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}
