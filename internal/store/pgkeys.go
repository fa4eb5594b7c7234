package store

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"

	"github.com/steadhq/stead"
)

// A register is the table of person keys that several nodes share.
type register struct {
	db      *sql.DB
	read    tables
	erasure atomic.Int64 // of the last one this node has heard of
}

// insert puts keys where people have none, and tells know of those they have: of two nodes that make one, one wins.
func (r *register) insert(names []stead.PersonKey, fresh []personKey, know func(stead.PersonKey, personKey)) error {
	ctx, cancel := context.WithTimeout(context.Background(), answersIn)
	defer cancel()
	ids, people, wrapped := make([]int64, len(fresh)), make([]string, len(fresh)), make([][]byte, len(fresh))
	for i, key := range fresh {
		ids[i], people[i], wrapped[i] = key.id, string(names[i]), key.wrapped
	}
	_, err := r.db.ExecContext(ctx, "INSERT INTO keys (id, person, wrapped) SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[]) ON CONFLICT (person) DO NOTHING",
		ids, people, wrapped)
	if err != nil {
		return away(err)
	}
	rows, err := r.db.QueryContext(ctx, "SELECT id, person, wrapped FROM keys WHERE person = ANY($1)", people)
	if err == nil {
		err = eachKey(rows, know)
	}
	if err != nil {
		return away(err)
	}
	return nil
}

// fetch reads the key of an id that another node has made; nobody's name: there is none.
func (r *register) fetch(id int64) (p stead.PersonKey, key personKey, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), answersIn)
	defer cancel()
	err = r.read.QueryRowContext(ctx, "SELECT id, person, wrapped FROM keys WHERE id = ?", id).Scan(&key.id, &p, &key.wrapped)
	if errors.Is(err, sql.ErrNoRows) {
		return "", key, nil
	}
	if err != nil {
		return "", key, away(err)
	}
	return p, key, nil
}

// forget drops the key of a person, and moves the number by which every node learns of it. Erasures go one after the
// other, so that none is passed over.
func (r *register) forget(ctx context.Context, p stead.PersonKey) (key personKey, err error) {
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return key, away(err)
	}
	defer tx.Rollback()
	var n int64
	if err := tx.QueryRowContext(ctx, "UPDATE erasures SET n = n + 1 RETURNING n").Scan(&n); err != nil {
		return key, away(err)
	}
	err = tx.QueryRowContext(ctx, "UPDATE keys SET wrapped = NULL, erased = 1, erasure = $1 WHERE person = $2 AND wrapped IS NOT NULL RETURNING id", n, string(p)).
		Scan(&key.id)
	if errors.Is(err, sql.ErrNoRows) {
		return key, stead.E(stead.Missing, stead.ReasonUnknown, "this person has no key")
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return key, away(err)
	}
	return key, nil
}

// refresh tells lose of everybody who was erased since it was asked last.
func (r *register) refresh(ctx context.Context, lose func(stead.PersonKey, int64)) error {
	ctx, cancel := context.WithTimeout(ctx, answersIn)
	defer cancel()
	var n int64
	if err := r.read.QueryRowContext(ctx, "SELECT n FROM erasures").Scan(&n); err != nil {
		return away(err)
	}
	known := r.erasure.Load()
	if n == known {
		return nil
	}
	rows, err := r.read.QueryContext(ctx, "SELECT id, person FROM keys WHERE erasure > ? AND erasure <= ?", known, n)
	if err != nil {
		return away(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var p stead.PersonKey
		if err := rows.Scan(&id, &p); err != nil {
			return away(err)
		}
		lose(p, id)
	}
	if err := rows.Err(); err != nil {
		return away(err)
	}
	for known < n && !r.erasure.CompareAndSwap(known, n) {
		known = r.erasure.Load()
	}
	return nil
}

// Secrets keeps sealed secrets in the database, for every node (keys.Secrets). Until Close no other node opens them, so
// that two nodes that start at once do not make two keys for one purpose.
type Secrets struct {
	db   *sql.DB
	lock *sql.Conn
}

// OpenSecrets brings the schema up to date and opens the secrets of a database.
func OpenSecrets(ctx context.Context, dsn string) (*Secrets, error) {
	config, err := pgConfig(dsn)
	if err != nil {
		return nil, err
	}
	if _, err := migrate(ctx, config, migrations()); err != nil {
		return nil, err
	}
	s := &Secrets{db: pgPool(config, 2)}
	if s.lock, err = s.db.Conn(ctx); err == nil {
		_, err = s.lock.ExecContext(ctx, "SELECT pg_advisory_lock($1)", lockSecrets)
	}
	if err != nil {
		return nil, errors.Join(away(err), s.db.Close())
	}
	return s, nil
}

// Close lets other nodes in. The secrets can be read and written on.
func (s *Secrets) Close() error {
	_, err := s.lock.ExecContext(context.Background(), "SELECT pg_advisory_unlock($1)", lockSecrets)
	return errors.Join(err, s.lock.Close())
}

// Secret gives what was put under a name. Kind missing: nothing was.
func (s *Secrets) Secret(ctx context.Context, name string) (sealed []byte, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT sealed FROM secrets WHERE name = $1", name).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, stead.E(stead.Missing, stead.ReasonNone, "no secret is kept under %q", name)
	}
	return sealed, stead.Because(err, "read a secret")
}

// PutSecret keeps sealed under a name, in place of was. Kind conflict: another node put something else there.
func (s *Secrets) PutSecret(ctx context.Context, name string, was, sealed []byte) error {
	statement, args := "INSERT INTO secrets (name, sealed) VALUES ($1, $2) ON CONFLICT DO NOTHING", []any{name, sealed}
	if was != nil {
		statement, args = "UPDATE secrets SET sealed = $2 WHERE name = $1 AND sealed = $3", append(args, was)
	}
	done, err := s.db.ExecContext(ctx, statement, args...)
	if err != nil {
		return stead.Because(err, "keep a secret")
	}
	n, err := done.RowsAffected()
	if err == nil && n == 0 {
		return stead.E(stead.Conflict, stead.ReasonStale, "another secret was put under %q meanwhile", name)
	}
	return stead.Because(err, "keep a secret")
}
