package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead"
)

// An opening is something that PUBLIC may do, so every lease: a query of what, and of the statement that closes it.
type opening struct{ name, query string }

// outside says of an object in a schema n that it is no part of the server.
const outside = `n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'`

// openings are all that is looked for. Extensions' own relations count as part of the server.
var openings = []opening{
	{"temp", `SELECT 'make temporary tables', format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database())
		WHERE has_database_privilege('public', current_database(), 'TEMPORARY')`},
	{"create", `SELECT 'make objects in the schema ' || nspname, format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', nspname)
		FROM pg_namespace WHERE has_schema_privilege('public', oid, 'CREATE')
		UNION ALL SELECT 'make schemas', format('REVOKE CREATE ON DATABASE %I FROM PUBLIC', current_database())
		WHERE has_database_privilege('public', current_database(), 'CREATE')`},
	{"tables", `SELECT format('read or change %I.%I', n.nspname, c.relname), CASE c.relkind
			WHEN 'S' THEN format('REVOKE ALL ON SEQUENCE %I.%I FROM PUBLIC', n.nspname, c.relname)
			ELSE format('REVOKE ALL ON %I.%I FROM PUBLIC', n.nspname, c.relname) END
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ` + outside + `
		AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
		AND (EXISTS (SELECT FROM aclexplode(c.relacl) WHERE grantee = 0)
			OR EXISTS (SELECT FROM pg_attribute a, aclexplode(a.attacl) WHERE a.attrelid = c.oid AND grantee = 0))`},
	{"functions", `SELECT 'run ' || p.oid::regprocedure || ', which has the rights of its owner', format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', p.oid::regprocedure)
		FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
		WHERE p.prosecdef AND ` + outside + ` AND has_function_privilege('public', p.oid, 'EXECUTE')
		UNION ALL SELECT 'run ' || p.oid::regprocedure || ', which reaches files of the server', format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', p.oid::regprocedure)
		FROM pg_proc p WHERE has_function_privilege('public', p.oid, 'EXECUTE') AND p.pronamespace = 'pg_catalog'::regnamespace
		AND p.proname IN ('pg_read_file', 'pg_read_binary_file', 'pg_ls_dir', 'pg_ls_logdir', 'pg_ls_waldir', 'pg_stat_file', 'lo_import', 'lo_export')`},
	{"outside", `SELECT 'reach other servers by ' || p.oid::regprocedure, format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', p.oid::regprocedure)
		FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
		JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
		WHERE e.extname IN ('dblink', 'http', 'pg_net', 'pg_background', 'plproxy', 'aws_lambda', 'aws_s3') AND has_function_privilege('public', p.oid, 'EXECUTE')
		AND p.proname NOT IN ('dblink_build_sql_insert', 'dblink_build_sql_delete', 'dblink_build_sql_update', 'dblink_get_pkey', 'dblink_fdw_validator')
		UNION ALL SELECT 'use the foreign server ' || srvname, format('REVOKE USAGE ON FOREIGN SERVER %I FROM PUBLIC', srvname)
		FROM pg_foreign_server WHERE has_server_privilege('public', oid, 'USAGE')`},
	{"databases", `SELECT 'connect to the database ' || datname, format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', datname)
		FROM pg_database WHERE datallowconn AND datname <> current_database() AND has_database_privilege('public', oid, 'CONNECT')`},
	{"large-objects", `SELECT 'make large objects by ' || p.oid::regprocedure, format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', p.oid::regprocedure)
		FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname IN ('lo_creat', 'lo_create', 'lo_from_bytea')
		AND has_function_privilege('public', p.oid, 'EXECUTE')
		UNION ALL SELECT 'use the large object ' || m.oid, format('REVOKE ALL ON LARGE OBJECT %s FROM PUBLIC', m.oid)
		FROM pg_largeobject_metadata m, aclexplode(m.lomacl) WHERE grantee = 0
		UNION ALL SELECT 'use every large object', 'ALTER SYSTEM RESET lo_compat_privileges; SELECT pg_reload_conf()'
		WHERE current_setting('lo_compat_privileges') = 'on'`},
}

// everybody tells, one sentence each, what PUBLIC may do that the operator has not accepted.
func (d *Database) everybody(ctx context.Context, q querier) (found []error, err error) {
	for _, o := range openings {
		if d.accepts(o.name) {
			continue
		}
		rows, err := q.Query(ctx, o.query)
		if err != nil {
			return nil, fmt.Errorf("look at what everybody may do (%s): %w", o.name, err)
		}
		all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ What, Close string }])
		if err != nil {
			return nil, fmt.Errorf("look at what everybody may do (%s): %w", o.name, err)
		}
		for _, pair := range all {
			found = append(found, stead.E(stead.Refused, stead.ReasonRights, "everybody, so every lease, may %s: %s; or accept %q", pair.What, pair.Close, o.name))
		}
	}
	return found, nil
}

// A querier is a connection or a transaction.
type querier interface {
	Query(context.Context, string, ...any) (pgx.Rows, error)
	QueryRow(context.Context, string, ...any) pgx.Row
}
