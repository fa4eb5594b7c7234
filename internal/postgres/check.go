package postgres

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead"
)

// apart is how far the clocks may be: the server ends logins by its own.
const apart = 30 * time.Second

// state is what Check looks at first.
type state struct {
	version                         int
	role, database                  string
	standby, makes, inherits, super bool
	schemas, lets                   bool
	now                             time.Time
}

// Check tells all that keeps Stead from giving this database out, or lets a lease do more than it was granted. It is the
// join of errors with one sentence each, which says what to do; nil is none.
func (d *Database) Check(ctx context.Context) error {
	conn, err := d.connect(ctx, "")
	if err != nil {
		return err
	}
	defer hangUp(conn)
	var s state
	err = conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_user::text, current_database()::text, pg_is_in_recovery(),
			rolcreaterole OR rolsuper, rolinherit, rolsuper, has_database_privilege(current_database(), 'CREATE'),
			has_database_privilege('public', current_database(), 'CONNECT') OR has_database_privilege(current_database(), 'CONNECT WITH GRANT OPTION'), clock_timestamp()
		FROM pg_roles WHERE rolname = current_user`).Scan(
		&s.version, &s.role, &s.database, &s.standby, &s.makes, &s.inherits, &s.super, &s.schemas, &s.lets, &s.now)
	if err != nil {
		return stead.Because(err, "look at the server of "+string(d.ID))
	}
	found := d.lacking(s)
	open, err := d.everybody(ctx, conn)
	if err != nil {
		return stead.Because(err, "look at "+string(d.ID))
	}
	tables, err := d.Catalogue(ctx)
	if err != nil {
		return err
	}
	if len(tables) == 0 {
		found = append(found, no("Stead may grant no table: as its owner, GRANT SELECT ON a table TO %s WITH GRANT OPTION, and USAGE ON its SCHEMA likewise", name(s.role)))
	}
	return errors.Join(append(append(found, open...), d.trusting(ctx))...)
}

func no(format string, args ...any) error {
	return stead.E(stead.Refused, stead.ReasonRights, format, args...)
}

func (d *Database) lacking(s state) (found []error) {
	role, database := name(s.role), name(s.database)
	for _, c := range []struct {
		is   bool
		text string
	}{
		{s.version < newest, fmt.Sprintf("the server is older than PostgreSQL %d: use a newer one", newest/10000)},
		{s.standby, "this is a standby, which can make no roles: name the primary in the connection string"},
		{!s.makes, "Stead's role makes no roles: ALTER ROLE " + role + " CREATEROLE"},
		{!s.inherits, "Stead's role has no rights over the roles it makes, so it could not end their connections: ALTER ROLE " + role + " INHERIT"},
		{s.super && !d.accepts("superuser"), "Stead's role is a superuser, and the views of leases would be its own: ALTER ROLE " + role + " NOSUPERUSER; or accept \"superuser\""},
		{!s.schemas, "rows cannot be filtered, for Stead's role makes no schemas: GRANT CREATE ON DATABASE " + database + " TO " + role},
		{!s.lets, "Stead's role can let nobody in: GRANT CONNECT ON DATABASE " + database + " TO " + role + " WITH GRANT OPTION"},
		{s.now.Sub(d.Now()).Abs() > apart, fmt.Sprintf("the clock of the server differs by %s, and it ends logins by its own: set both by NTP", s.now.Sub(d.Now()).Round(time.Second))},
	} {
		if c.is {
			found = append(found, no("%s", c.text))
		}
	}
	return found
}

func (d *Database) accepts(what string) bool { return slices.Contains(d.Accept, what) }

// trusting finds a server that lets Stead's role in with any password: then it asks leases for none either, and neither the
// end of a password nor another one keeps anybody out.
func (d *Database) trusting(ctx context.Context) error {
	c, err := d.config()
	if err != nil || c.Password == "" || d.accepts("trust") {
		return err // by certificate or peer: there is nothing to try
	}
	raw := make([]byte, 16)
	if _, err := io.ReadFull(d.Rand, raw); err != nil {
		return stead.Because(err, "make a wrong password")
	}
	c.Password = hex.EncodeToString(raw)
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return nil // as it should be; whether it answers at all was seen before
	}
	hangUp(conn)
	return no("the server lets Stead's role in with a wrong password, so probably leases as well: write scram-sha-256 in pg_hba.conf in place of trust, and SELECT pg_reload_conf(); or accept \"trust\"")
}
