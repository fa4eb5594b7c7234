package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead"
)

// Withdrawn is what was done to end a lease. Times count from the call.
type Withdrawn struct {
	Role        string        `json:"role,omitempty"`  // "" where there was none any more
	Refused     time.Duration `json:"refused"`         // from here on no login was possible
	Gone        time.Duration `json:"gone"`            // its last connection was gone
	Dropped     time.Duration `json:"dropped"`         // nothing of it was left
	Connections int           `json:"connections"`     // how many were ended
	Owned       []string      `json:"owned,omitempty"` // what it had made, which went with it
}

// A lease is a role that was found.
type lease struct {
	d    *Database
	conn *pgx.Conn
	id   stead.MandateID
	oid  uint32
	role string
	last string          // a password that nobody knows, as its verifier
	seen map[string]bool // the connections that were ended
}

// Withdraw ends the lease of a mandate. Once it returns nil there is no connection and no role, nor will a Grant that had
// begun before bring one. Where it returns an error all before it has been done: call it again. Twice is fine.
func (d *Database) Withdraw(ctx context.Context, id stead.MandateID) (Withdrawn, error) {
	w, err := d.withdraw(ctx, id)
	if code(err) == "42704" { // what was there is not any more: one that was cut off before it could answer has done it
		w, err = d.withdraw(ctx, id)
	}
	return w, err
}

func (d *Database) withdraw(ctx context.Context, id stead.MandateID) (w Withdrawn, err error) {
	began := d.Now()
	role, err := role(id)
	if err != nil {
		return w, err
	}
	conn, err := d.connect(ctx, "")
	if err != nil {
		return w, err
	}
	defer hangUp(conn)
	_, last, err := password(d.Rand)
	if err != nil {
		return w, stead.Because(err, "make a password")
	}
	l := &lease{d: d, conn: conn, id: id, role: role, last: last, seen: map[string]bool{}}
	if err := l.find(ctx); err != nil {
		return w, stead.Because(err, "withdraw "+role+" in "+string(d.ID))
	}
	if l.oid != 0 {
		w.Role = l.role
	}
	for _, step := range []struct {
		what string
		took *time.Duration
		do   func(context.Context, *Withdrawn) error
	}{
		{"close the door to ", &w.Refused, l.shut}, {"end the connections of ", &w.Gone, l.end}, {"drop ", &w.Dropped, l.drop},
	} {
		if err := step.do(ctx, &w); err != nil {
			return w, stead.Because(err, step.what+role+" in "+string(d.ID))
		}
		*step.took = d.Now().Sub(began)
	}
	return w, nil
}

// errNotThere undoes the role that was made to see that there was none.
var errNotThere = errors.New("there is no such role")

// find looks the lease up by its mark. Where there is none it makes sure that no Grant is about to commit one: the name is
// taken as soon as that has made its role, and to take it is to wait for how that ends.
func (l *lease) find(ctx context.Context) error {
	return again(ctx, func() error {
		for range 2 {
			if found, err := l.look(ctx); found || err != nil {
				return err
			}
			err := within(ctx, l.conn, func(tx pgx.Tx) error {
				if _, err := tx.Exec(ctx, "CREATE ROLE "+name(l.role)); err != nil {
					return err
				}
				return errNotThere
			})
			if errors.Is(err, errNotThere) {
				return nil
			}
			if code(err) != "42710" && code(err) != "23505" {
				return err
			}
		}
		return stead.E(stead.Conflict, stead.ReasonExists, "there is a role %s without Stead's mark, so it is not touched: if it is a lease, "+
			"COMMENT ON ROLE %s IS %s", l.role, name(l.role), literal(l.d.mark(l.id)))
	})
}

func (l *lease) look(ctx context.Context) (found bool, err error) {
	var own string
	var member bool
	err = l.conn.QueryRow(ctx, `SELECT r.oid, r.rolname::text, current_user::text,
			EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles o ON o.oid = m.member WHERE m.roleid = r.oid AND o.rolname = current_user)
		FROM pg_roles r JOIN pg_shdescription d ON d.objoid = r.oid AND d.classoid = 'pg_authid'::regclass
		WHERE d.description = $1`, l.d.mark(l.id)).Scan(&l.oid, &l.role, &own, &member)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, nil
	case err == nil && !member: // somebody took it away, and without it nothing can be ended
		_, err = l.conn.Exec(ctx, "GRANT "+name(l.role)+" TO "+name(own))
	}
	return true, err
}

// who names a connection; the number of a process comes back.
const who = "pid || ' ' || coalesce(backend_start::text, '')"

// shut lets no new login in: from here on the role may not, and its password is another. A lease can hold its own row, as
// by changing its password in a transaction; who does is ended in the same breath.
func (l *lease) shut(ctx context.Context, _ *Withdrawn) error {
	if l.oid == 0 {
		return nil
	}
	text := fmt.Sprintf("SET lock_timeout = %s; SELECT "+who+", pg_terminate_backend(pid) FROM pg_stat_activity WHERE usesysid = %d; ALTER ROLE %s NOLOGIN CONNECTION LIMIT 0 PASSWORD %s VALID UNTIL '-infinity'",
		milliseconds(shortLock), l.oid, name(l.role), literal(l.last))
	err := again(ctx, func() error {
		all, err := l.conn.PgConn().Exec(ctx, text).ReadAll()
		for _, r := range all {
			for _, row := range r.Rows {
				l.seen[string(row[0])] = true
			}
		}
		if collides(err) {
			if err := l.unprepare(ctx); err != nil {
				return err
			}
		}
		return err
	})
	if err == nil {
		_, err = l.conn.Exec(ctx, "SET lock_timeout = "+milliseconds(longLock))
	}
	return err
}
