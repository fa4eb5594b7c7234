package postgres

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/steadhq/stead"
)

// drop takes away what the lease has, what it has made and the role. Where somebody gave it more by hand that Stead may not
// take back, the error names it; by then nobody gets in as this role any more.
func (l *lease) drop(ctx context.Context, w *Withdrawn) error {
	l.d.mu.Lock()
	defer l.d.mu.Unlock()
	if l.oid != 0 {
		if err := l.unprepare(ctx); err != nil {
			return err
		}
		if err := l.elsewhere(ctx, w); err != nil {
			return err
		}
	}
	return kept(again(ctx, func() error {
		return within(ctx, l.conn, func(tx pgx.Tx) error { return l.take(ctx, tx, w) })
	}), l.role)
}

func (l *lease) take(ctx context.Context, tx pgx.Tx, w *Withdrawn) error {
	var schema bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner
		WHERE r.rolname = current_user AND obj_description(n.oid, 'pg_namespace') = $1)`, l.d.mark(l.id)).Scan(&schema); err != nil {
		return err
	}
	if schema {
		named, err := role(l.id) // the role may have got another name, its schema has not
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "DROP SCHEMA "+name(named)+" CASCADE"); err != nil {
			return err
		}
	}
	if l.oid == 0 {
		return nil
	}
	if err := l.disown(ctx, tx, w); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "DROP ROLE "+name(l.role))
	return err
}

// disown drops what the lease owns in a database, and all that was granted to it there.
func (l *lease) disown(ctx context.Context, tx pgx.Tx, w *Withdrawn) error {
	rows, err := tx.Query(ctx, `SELECT pg_describe_object(classid, objid, objsubid) FROM pg_shdepend
		WHERE refclassid = 'pg_authid'::regclass AND refobjid = $1 AND deptype = 'o'
		AND dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))`, l.oid)
	if err != nil {
		return err
	}
	owned, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	if err := l.revoke(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "DROP OWNED BY "+name(l.role)); err != nil {
		return err
	}
	for _, o := range owned {
		if o != "" && !slices.Contains(w.Owned, o) {
			w.Owned = append(w.Owned, o)
		}
	}
	return nil
}

// revoke takes back right by right what was granted on relations: DROP OWNED revokes ALL, for which it wants rights over their
// columns that Stead's role does not have where it may give on USAGE or DELETE alone.
func (l *lease) revoke(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `SELECT format('REVOKE %s ON %s %I.%I FROM %I', string_agg(DISTINCT privilege_type, ', '),
			CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, n.nspname, c.relname, $2::text)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl)
		WHERE grantee = $1 GROUP BY c.relkind, n.nspname, c.relname`, l.oid, l.role)
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, text := range all {
		if err == nil {
			_, err = tx.Exec(ctx, text)
		}
	}
	return err
}

// elsewhere does so in the other databases of the server that the lease has left something in.
func (l *lease) elsewhere(ctx context.Context, w *Withdrawn) error {
	return l.each(ctx, `SELECT datname::text FROM pg_database b WHERE datname <> current_database() AND EXISTS (SELECT FROM pg_shdepend
		WHERE dbid = b.oid AND refclassid = 'pg_authid'::regclass AND refobjid = $1)`, l.oid, func(conn *pgx.Conn) error {
		return again(ctx, func() error {
			return within(ctx, conn, func(tx pgx.Tx) error { return l.disown(ctx, tx, w) })
		})
	})
}

// unprepare rolls back what the lease has prepared: it outlives its connection, and holds its locks for ever.
func (l *lease) unprepare(ctx context.Context) error {
	return l.each(ctx, "SELECT DISTINCT database::text FROM pg_prepared_xacts WHERE owner = $1", l.role, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, "SELECT gid FROM pg_prepared_xacts WHERE owner = $1 AND database = current_database()", l.role)
		if err != nil {
			return err
		}
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		for _, gid := range all { // none but its owner may
			for _, text := range []string{"SET ROLE " + name(l.role), "ROLLBACK PREPARED " + literal(gid), "RESET ROLE"} {
				_, e := conn.Exec(ctx, text)
				err = errors.Join(err, e)
			}
		}
		return err
	})
}

// each does something in the databases that a query names.
func (l *lease) each(ctx context.Context, query string, of any, do func(*pgx.Conn) error) error {
	rows, err := l.conn.Query(ctx, query, of)
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, database := range all {
		conn := l.conn
		if database != conn.Config().Database {
			if conn, err = l.d.connect(ctx, database); err != nil {
				return stead.Because(err, l.role+" has left something in the database "+database+", where Stead must get to")
			}
			defer hangUp(conn)
		}
		if err := do(conn); err != nil {
			return err
		}
	}
	return nil
}

// kept says what keeps a role.
func kept(err error, role string) error {
	var e *pgconn.PgError
	if errors.As(err, &e) && (e.Code == "2BP01" || e.Code == "42501") {
		return stead.E(stead.Conflict, stead.ReasonRights, "somebody gave %s more by hand, or built on what it made, and only he or a superuser takes it back "+
			"(nobody gets in as %[1]s meanwhile): %s: %w", role, or(e.Detail, e.Message), err)
	}
	return err
}
