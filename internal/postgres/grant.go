package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead"
)

// Grant makes a role that has exactly what m grants in this database, and shows its password. It is there as a whole or not
// at all. An error after which it could be there, for the answer was lost, is Broken: Withdraw it then.
func (d *Database) Grant(ctx context.Context, m stead.Mandate) (Login, error) {
	role, err := role(m.ID)
	if err != nil {
		return Login{}, err
	}
	if m.State != stead.Active || !d.Now().Before(m.Until) {
		return Login{}, stead.E(stead.Expired, stead.ReasonState, "the mandate is not in force: there is no login for it")
	}
	shares, err := d.plan(m)
	if err != nil {
		return Login{}, err
	}
	secret, verifier, err := password(d.Rand)
	if err != nil {
		return Login{}, stead.Because(err, "make a password")
	}
	conn, err := d.connect(ctx, "")
	if err != nil {
		return Login{}, err
	}
	defer hangUp(conn)
	d.mu.Lock()
	defer d.mu.Unlock()
	var tables []Given
	err = again(ctx, func() error {
		return within(ctx, conn, func(tx pgx.Tx) (err error) {
			l := leasing{d, tx, role, m, shares}
			tables, err = l.make(ctx, verifier)
			return err
		})
	})
	if err != nil {
		return Login{}, stead.Because(d.plainly(err, role), "grant "+role+" in "+string(d.ID))
	}
	c := conn.Config()
	return Login{c.Host, c.Port, c.Database, role, secret, m.Until, tables}, nil
}

// plainly says in words what the server has refused.
func (d *Database) plainly(err error, role string) error {
	var known *stead.Error
	switch {
	case errors.As(err, &known):
		return err
	case code(err) == "42710" || code(err) == "23505":
		return stead.E(stead.Conflict, stead.ReasonExists, "%s is there already: withdraw it first", role)
	case code(err) == "42501":
		return stead.E(stead.Refused, stead.ReasonRights, "Stead's role in %s may not do this; check it, and see docs/guide/postgresql-systems.md: %w", d.ID, err)
	}
	return err
}
