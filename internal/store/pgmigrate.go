package store

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead"
)

// schemaTable remembers which migrations a database has had, and since when; serves is the oldest version of the
// program that may still write.
const schemaTable = `CREATE TABLE IF NOT EXISTS public.stead_schema (
	version INTEGER PRIMARY KEY, serves INTEGER NOT NULL, says TEXT NOT NULL, at TIMESTAMPTZ NOT NULL DEFAULT now())`

// servesNobody is what a database says while it is no store yet: no program, of whatever version, opens it.
const servesNobody = math.MaxInt32

// A Step is a migration that a database lacks.
type Step struct {
	Version int    `json:"version"`
	Says    string `json:"says"`
	SQL     string `json:"sql"`
}

// Pending lists what Migrate, or opening a store, would do to the schema of a database, and does none of it. Errors:
// invalid; refused (a newer program has changed the database, or a copy into it has not ended); broken.
func Pending(ctx context.Context, dsn string) ([]Step, error) {
	config, err := pgConfig(dsn)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, away(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	at, err := version(ctx, conn, len(migrations()))
	return steps(lacking(migrations(), at)), err
}

// Migrate brings the schema of a database up to date and gives what it did. Of several at once, nodes that start among
// them, one does it. Errors: those of Pending.
func Migrate(ctx context.Context, dsn string) ([]Step, error) {
	config, err := pgConfig(dsn)
	if err != nil {
		return nil, err
	}
	return migrate(ctx, config, migrations())
}

func lacking(all []migration, at int) []migration { return all[min(at, len(all)):] }

func steps(list []migration) []Step {
	out := make([]Step, len(list))
	for i, m := range list {
		out[i] = Step{m.version, m.says, m.text}
	}
	return out
}

// version is how far the schema has come. A database that a newer program has changed so that one which knows so many
// migrations could do harm is refused.
func version(ctx context.Context, conn *pgx.Conn, known int) (int, error) {
	var there bool
	if err := conn.QueryRow(ctx, "SELECT to_regclass('public.stead_schema') IS NOT NULL").Scan(&there); err != nil || !there {
		return 0, stead.Because(err, "look for the schema")
	}
	var at, serves int
	err := conn.QueryRow(ctx, "SELECT coalesce(max(version), 0), coalesce(max(serves), 0) FROM public.stead_schema").Scan(&at, &serves)
	switch {
	case err != nil:
		return 0, stead.Because(err, "read the version of the schema")
	case serves == servesNobody:
		return 0, stead.E(stead.Refused, stead.ReasonStale,
			"a copy into this database was begun and has not come to its end: nothing opens it. Begin stead store copy again, or take another database")
	case serves > known:
		return 0, stead.E(stead.Refused, stead.ReasonStale,
			"the database has schema %d, which serves programs that know schema %d; this one knows %d and could do harm: start the newer program", at, serves, known)
	}
	if at > 0 {
		return at, whole(ctx, conn, at)
	}
	return at, nil
}

// whole tells a database to which one of its two dumps was not restored.
func whole(ctx context.Context, conn *pgx.Conn, at int) error {
	var keys bool
	err := conn.QueryRow(ctx, "SELECT count(*) >= 3 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'stead_keys' AND c.relkind = 'r'").Scan(&keys)
	switch {
	case err != nil:
		return stead.Because(err, "look for the keys")
	case at > 0 && !keys:
		return stead.E(stead.Missing, stead.ReasonNone, "the database holds a record, and not the keys of people and the secrets: it was restored "+
			"without them, and nothing opens it. Put the newest dump of them back: pg_restore -d DATABASE keys.dump (docs/guide/postgresql.md)")
	case at == 0 && keys:
		return stead.E(stead.Missing, stead.ReasonNone, "the database holds the keys of people and the secrets, and no record: it was restored "+
			"without. Put the record back before you start: pg_restore -d DATABASE record.dump (docs/guide/postgresql.md)")
	}
	return nil
}

// migrate goes through the migrations that a database lacks, each in a transaction of its own, on one node at a time.
// Where none is lacking nothing is asked for that a role without rights on the schema may not do.
func migrate(ctx context.Context, config *pgx.ConnConfig, all []migration) (done []Step, err error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, away(err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	at, err := version(ctx, conn, len(all))
	if err != nil || at >= len(all) {
		return nil, err
	}
	if err := alone(ctx, conn); err != nil {
		return nil, err
	}
	if at, err = version(ctx, conn, len(all)); err != nil {
		return nil, err
	}
	if err := whole(ctx, conn, at); err != nil {
		return nil, err
	}
	return apply(ctx, conn, lacking(all, at))
}

// alone keeps everybody else from changing the schema until conn ends, however long the others take.
func alone(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, "SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0"); err != nil {
		return away(err)
	}
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", lockSchema); err != nil {
		return away(err)
	}
	_, err := conn.Exec(ctx, schemaTable)
	return stead.Because(err, "make the table of migrations")
}

func apply(ctx context.Context, conn *pgx.Conn, lacking []migration) ([]Step, error) {
	for i, m := range lacking {
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, m.text); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, "INSERT INTO public.stead_schema (version, serves, says) VALUES ($1, $2, $3)", m.version, m.serves, m.says)
			return err
		})
		if err != nil {
			return steps(lacking[:i]), fmt.Errorf("bring the schema to version %d: %w", m.version, err)
		}
	}
	return steps(lacking), nil
}
