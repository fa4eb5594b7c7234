package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead"
)

// A Table is something that can be entitled to.
type Table struct {
	Resource string         `json:"resource"` // how an entitlement names it: "public.orders"
	Schema   string         `json:"schema"`
	Name     string         `json:"name"`
	Kind     string         `json:"kind"` // table, partitioned, view, materialized, foreign
	Columns  []Column       `json:"columns"`
	Actions  []stead.Action `json:"actions"` // those Stead's role may grant
}

// A Column of a table.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Catalogue lists what Stead's role may grant something of.
func (d *Database) Catalogue(ctx context.Context) ([]Table, error) {
	conn, err := d.connect(ctx, "")
	if err != nil {
		return nil, err
	}
	defer hangUp(conn)
	rows, err := conn.Query(ctx, catalogued)
	if err != nil {
		return nil, stead.Because(err, "list the tables of "+string(d.ID))
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t Table, err error) {
		var columns, types, may []string
		err = row.Scan(&t.Schema, &t.Name, &t.Kind, &columns, &types, &may)
		t.Resource = resource(t.Schema, t.Name)
		for i, c := range columns {
			t.Columns = append(t.Columns, Column{c, types[i]})
		}
		for _, verb := range may {
			t.Actions = append(t.Actions, verbs[verb])
		}
		return t, err
	})
	return all, stead.Because(err, "list the tables of "+string(d.ID))
}

// foreign says of a relation c in a schema n that neither the server nor Stead made it.
const foreign = `n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
	AND NOT (n.nspowner = (SELECT oid FROM pg_roles WHERE rolname = current_user) AND n.nspname LIKE 'stead\_man\_%')`

const catalogued = `
SELECT n.nspname, c.relname,
	CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized' ELSE 'foreign' END,
	ARRAY(SELECT attname::text FROM pg_attribute a WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum),
	ARRAY(SELECT format_type(atttypid, atttypmod) FROM pg_attribute a WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum),
	may
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
	LATERAL (SELECT ARRAY(SELECT v FROM unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) WITH ORDINALITY AS u(v, i)
		WHERE has_table_privilege(c.oid, v || ' WITH GRANT OPTION') ORDER BY i)) AS m(may)
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND ` + foreign + ` AND may <> '{}' ORDER BY 1, 2`

// verbs are PostgreSQL's words for actions, one by one.
var verbs = map[string]stead.Action{"SELECT": "read", "INSERT": "insert", "UPDATE": "update", "DELETE": "delete"}

// resource names a table as entitlements do: parts are quoted where they hold a dot or a quote.
func resource(schema, table string) string {
	for _, p := range []*string{&schema, &table} {
		if strings.ContainsAny(*p, `."`) {
			*p = name(*p)
		}
	}
	return schema + "." + table
}

// parts reads what resource writes. Letters are taken as they stand: nothing is folded.
func parts(resource string) (schema, table string, ok bool) {
	schema, rest, ok1 := part(resource)
	if !ok1 || !strings.HasPrefix(rest, ".") {
		return "", "", false
	}
	table, rest, ok = part(rest[1:])
	return schema, table, ok && rest == "" && !strings.ContainsRune(resource, 0)
}

func part(s string) (text, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, `."`)
		if end < 0 {
			end = len(s)
		}
		return s[:end], s[end:], end > 0
	}
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '"':
		case strings.HasPrefix(s[i:], `""`):
			i++
		default:
			return strings.ReplaceAll(s[1:i], `""`, `"`), s[i+1:], i > 1
		}
	}
	return "", "", false
}
