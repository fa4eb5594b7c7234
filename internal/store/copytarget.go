package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead"
)

// A target is a database that is being filled.
type target struct {
	conn *pgx.Conn
	pool *sql.DB
}

// openTarget connects to a database that keeps what it acknowledges.
func openTarget(ctx context.Context, dsn string) (*target, error) {
	config, err := pgConfig(dsn)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["idle_in_transaction_session_timeout"] = "0" // a slow source is no paused node
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, away(err)
	}
	t := &target{conn: conn, pool: pgPool(config, 1)}
	if err := durable(ctx, t.tables()); err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

func (t *target) close() error {
	return errors.Join(t.conn.Close(context.Background()), t.pool.Close())
}

func (t *target) tables() tables { return tables{queryer: t.pool, numbered: true} }

// fill takes all the steps of a copy.
func (t *target) fill(ctx context.Context, from *Original, what Copy, at place) (done Copied, err error) {
	c := &copying{Copy: what, from: from, to: t}
	if err := c.count(ctx); err != nil {
		return done, stead.Because(err, "read the store")
	}
	if err := t.begin(ctx); err != nil {
		return done, err
	}
	done.Head = at.Head
	for _, table := range copyTables() {
		one, err := c.table(ctx, table)
		if err != nil {
			return done, stead.Because(err, "copy the "+table.name)
		}
		done.Tables = append(done.Tables, one)
	}
	secrets, err := t.secrets(ctx, c.Secrets)
	if err != nil {
		return done, stead.Because(err, "copy the secrets")
	}
	for i, table := range copyTables() {
		if err := c.compare(ctx, table, done.Tables[i]); err != nil {
			return done, stead.Because(err, "compare the "+table.name)
		}
	}
	done.Tables = append(done.Tables, secrets)
	if err := what.Check(ctx, &Store{read: t.tables()}, at.Head); err != nil {
		return done, stead.Because(err, "check the log of the copy")
	}
	c.at("checked")
	return done, stead.Because(t.end(ctx, at), "end the copy")
}

// begin makes the tables of a database that nobody opens from then on, and empties them if a copy has filled them in part.
func (t *target) begin(ctx context.Context) error {
	var mine bool
	if err := t.conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", lockCopy).Scan(&mine); err != nil {
		return away(err)
	}
	if !mine {
		return stead.E(stead.Conflict, stead.ReasonExists, "another copy into this database is under way")
	}
	if err := alone(ctx, t.conn); err != nil {
		return err
	}
	at, broken, err := t.state(ctx)
	if err != nil {
		return err
	}
	const bar = "INSERT INTO public.stead_schema (version, serves, says) VALUES (0, $1, 'a copy is under way') ON CONFLICT DO NOTHING"
	if _, err := t.conn.Exec(ctx, bar, servesNobody); err != nil {
		return stead.Because(err, "close the database until it is copied")
	}
	if _, err := apply(ctx, t.conn, lacking(migrations(), at)); err != nil {
		return err
	}
	if broken {
		_, err = t.conn.Exec(ctx, "TRUNCATE stead.log, stead.objects, stead.tiles, stead.counters, stead.leases, stead.events, stead.blocks, stead.marks, stead.labels, stead.place, stead_keys.keys, stead_keys.secrets")
	}
	if err == nil {
		_, err = t.conn.Exec(ctx, "SELECT pg_advisory_unlock($1)", lockSchema)
	}
	return stead.Because(err, "empty the database")
}

// state tells how far the schema is and whether a copy was broken off. A database that holds anything else is refused.
func (t *target) state(ctx context.Context) (at int, broken bool, err error) {
	var serves int
	err = t.conn.QueryRow(ctx, "SELECT coalesce(max(version), 0), coalesce(max(serves), 0) FROM public.stead_schema").Scan(&at, &serves)
	if err != nil {
		return at, false, stead.Because(err, "read the version of the schema")
	}
	if broken = serves == servesNobody; !broken && at > len(migrations()) {
		_, err = version(ctx, t.conn, len(migrations()))
	}
	if err != nil || at == 0 {
		return at, broken, err
	}
	var size int64
	if err := t.conn.QueryRow(ctx, "SELECT size FROM stead.head").Scan(&size); err != nil {
		return at, broken, stead.Because(err, "read the head of the database")
	}
	var holds bool
	const q = `SELECT EXISTS (SELECT 1 FROM stead.log) OR EXISTS (SELECT 1 FROM stead.objects) OR
		EXISTS (SELECT 1 FROM stead_keys.keys) OR EXISTS (SELECT 1 FROM stead_keys.secrets)`
	if err := t.conn.QueryRow(ctx, q).Scan(&holds); err != nil {
		return at, broken, stead.Because(err, "look into the database")
	}
	if size > 0 || holds && !broken {
		return at, broken, stead.E(stead.Conflict, stead.ReasonExists,
			"the database holds a store already, with %d events: a copy goes into an empty one", size)
	}
	return at, broken, nil
}

// secrets writes what is sealed, and reads it back.
func (t *target) secrets(ctx context.Context, list map[string][]byte) (Table, error) {
	tally := tallyRows()
	err := pgx.BeginFunc(ctx, t.conn, func(tx pgx.Tx) error {
		for _, name := range slices.Sorted(maps.Keys(list)) {
			var back []byte
			const q = "INSERT INTO stead_keys.secrets (name, sealed) VALUES ($1, $2) RETURNING sealed"
			if err := tx.QueryRow(ctx, q, name, list[name]).Scan(&back); err != nil {
				return err
			}
			if !bytes.Equal(back, list[name]) {
				return corrupt("the secret %q was not kept as it is", name)
			}
			tally.rows++
			fmt.Fprintf(tally.hash, "%d %s %d %s", len(name), name, len(back), back)
		}
		return nil
	})
	return tally.table("sealed secrets"), err
}

// end brings the head and lets programs in, in one step.
func (t *target) end(ctx context.Context, at place) error {
	const analyze = "ANALYZE stead.log, stead.objects, stead.tiles, stead.counters, stead_keys.keys"
	if _, err := t.conn.Exec(ctx, analyze); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, t.conn, func(tx pgx.Tx) error {
		var root, note []byte
		const q = `UPDATE stead.head SET size = $1, moved = $2, counted = $3, pruned = $4, clock = $5, root = $6, note = $7
			WHERE size = 0 RETURNING root, note`
		err := tx.QueryRow(ctx, q, int64(at.Size), int64(at.moved), int64(at.counted), int64(at.pruned), at.clock, at.Root[:], at.Note).Scan(&root, &note)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			err = corrupt("somebody wrote into the database meanwhile")
		case err == nil && (!bytes.Equal(root, at.Root[:]) || !bytes.Equal(note, at.Note)):
			err = corrupt("the signed head was not kept as it is")
		}
		if err == nil {
			_, err = tx.Exec(ctx, "DELETE FROM public.stead_schema WHERE version = 0")
		}
		return err
	})
}
