package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead"
)

// Held lists the mandates that something of is there: a role, or a schema whose role was dropped by hand. Who has none of
// them alive has orphans: Withdraw each. It lists what Stead's role in this database has made, no other Stead's.
func (d *Database) Held(ctx context.Context) ([]stead.MandateID, error) {
	conn, err := d.connect(ctx, "")
	if err != nil {
		return nil, err
	}
	defer hangUp(conn)
	rows, err := conn.Query(ctx, `
		SELECT d.description FROM pg_shdescription d JOIN pg_auth_members m ON m.roleid = d.objoid
			JOIN pg_roles o ON o.oid = m.member AND o.rolname = current_user
		WHERE d.classoid = 'pg_authid'::regclass AND starts_with(d.description, $1)
		UNION SELECT obj_description(n.oid, 'pg_namespace') FROM pg_namespace n JOIN pg_roles o ON o.oid = n.nspowner AND o.rolname = current_user
		WHERE starts_with(obj_description(n.oid, 'pg_namespace'), $1) ORDER BY 1`, d.marks())
	if err != nil {
		return nil, stead.Because(err, "list the leases of "+string(d.ID))
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (id stead.MandateID, err error) {
		var text string
		err = row.Scan(&text)
		return stead.MandateID(strings.TrimPrefix(text, d.marks())), err
	})
	return list, stead.Because(err, "list the leases of "+string(d.ID))
}
