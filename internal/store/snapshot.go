package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"

	"github.com/steadhq/stead"
)

// A Snapshot is everything that lies on disk at one moment, as it lies there, for whoever verifies it. It takes no
// lock and writes nothing: it can be taken of a store that is open, and of a backup. Ranges are half open; from 0
// means from the very first row.
type Snapshot struct {
	db, events *sql.DB
	tx, etx    *sql.Tx
	keys       *persons
}

// TakeSnapshot opens the store in o.Dir as it is now; of o it needs Dir, and Sealer where the projection is looked at.
func TakeSnapshot(ctx context.Context, o Options) (*Snapshot, error) {
	s := &Snapshot{}
	if err := s.take(ctx, o); err != nil {
		return nil, errors.Join(stead.Because(err, "read the store in "+o.Dir), s.Close())
	}
	return s, nil
}

// take opens the projection before the log, so that it is never ahead, and the keys last, so that none is missing.
func (s *Snapshot) take(ctx context.Context, o Options) (err error) {
	whole := o.Sealer != nil && there(o, keysFile) && there(o, eventsFile)
	if whole {
		if s.events, s.etx, err = readOnly(ctx, o, eventsFile); err != nil {
			return err
		}
	}
	if s.db, s.tx, err = readOnly(ctx, o, mainFile); err != nil {
		return err
	}
	if whole {
		s.keys, err = openPersons(ctx, o)
	}
	return err
}

func there(o Options, file string) bool {
	_, err := os.Stat(filepath.Join(o.Dir, file))
	return err == nil
}

func readOnly(ctx context.Context, o Options, file string) (*sql.DB, *sql.Tx, error) {
	if !there(o, file) {
		return nil, nil, stead.E(stead.Missing, stead.ReasonNone, "there is no %s in %s", file, o.Dir)
	}
	db, err := pool(o.dsn(file, "query_only(1)"), 1)
	if err != nil {
		return nil, nil, err
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err == nil {
		_, err = tx.ExecContext(ctx, "SELECT count(*) FROM sqlite_schema") // fixes the moment
	}
	return db, tx, err
}

// Close lets go of the files.
func (s *Snapshot) Close() error {
	var errs []error
	for _, tx := range []*sql.Tx{s.tx, s.etx} {
		if tx != nil {
			errs = append(errs, tx.Rollback())
		}
	}
	for _, db := range []*sql.DB{s.db, s.events} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.keys != nil {
		errs = append(errs, s.keys.db.Close())
	}
	return errors.Join(errs...)
}

// A Standing is the head row and how many rows the tables have.
type Standing struct {
	Head      stead.Head
	Roots     []stead.Hash // always nil: the edge is not kept but rebuilt
	Pruned    uint64
	Events    uint64
	Tiles     uint64
	Objects   uint64
	Projected uint64
	Rows      uint64
}

// Standing reads the head and counts.
func (s *Snapshot) Standing(ctx context.Context) (Standing, error) {
	var st Standing
	var root []byte
	err := s.tx.QueryRowContext(ctx, "SELECT size, pruned, root, note FROM head").Scan(&st.Head.Size, &st.Pruned, &root, &st.Head.Note)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return st, stead.Because(err, "read the head of the log")
	}
	copy(st.Head.Root[:], root)
	for _, c := range []struct {
		to  *uint64
		tx  *sql.Tx
		sql string
	}{
		{&st.Events, s.tx, "SELECT count(event) FROM log"}, {&st.Tiles, s.tx, "SELECT count(*) FROM tiles"},
		{&st.Objects, s.tx, "SELECT count(*) FROM objects"}, {&st.Rows, s.etx, countProjected},
		{&st.Projected, s.etx, "SELECT ifnull(max(number), 0) FROM place"},
	} {
		if c.tx == nil {
			continue
		}
		if err := c.tx.QueryRowContext(ctx, c.sql).Scan(c.to); err != nil {
			return st, stead.Because(err, "count what the store holds")
		}
	}
	return st, nil
}

// An EventRow is a row of the log.
type EventRow struct {
	Index  uint64
	Stored []byte
	Leaf   stead.Hash
}

// Events gives the event rows [from, to).
func (s *Snapshot) Events(ctx context.Context, from, to uint64) ([]EventRow, error) {
	return collect(ctx, s.tx, "SELECT idx, event, leaf FROM log WHERE idx >= ? AND idx < ? ORDER BY idx", from, to,
		func(rows *sql.Rows) (r EventRow, err error) {
			var index int64
			var leaf []byte
			err = rows.Scan(&index, &r.Stored, &leaf)
			r.Index = uint64(index)
			if copy(r.Leaf[:], leaf) != len(leaf) {
				r.Leaf = stead.Hash{} // longer than a hash is: no leaf of this log
			}
			return r, err
		})
}

// Tiles gives the full tiles [from, to) of a level.
func (s *Snapshot) Tiles(ctx context.Context, level int, from, to uint64) ([]Tile, error) {
	const q = "SELECT idx, body FROM tiles WHERE level = ?3 AND idx >= ?1 AND idx < ?2 ORDER BY idx"
	return collect(ctx, s.tx, q, from, to, func(rows *sql.Rows) (Tile, error) {
		t := Tile{Level: level}
		var index int64
		err := rows.Scan(&index, &t.Data)
		t.Index = uint64(index)
		return t, err
	}, level)
}

// An ObjectRow is one version of one object.
type ObjectRow struct {
	Kind    stead.RecordKind
	ID      string
	Version uint64
	Index   uint64
	Body    []byte
}

// Objects gives the object rows that events [from, to) are said to have written. A row whose mark of being live is
// not what its body and its place among the versions say comes with a body that no digest fits.
func (s *Snapshot) Objects(ctx context.Context, from, to uint64) ([]ObjectRow, error) {
	const q = `SELECT kind, id, version, idx, body, live, version = (SELECT max(version) FROM objects l WHERE l.id = o.id AND l.kind = o.kind)
		FROM objects o WHERE idx >= ? AND idx < ? ORDER BY idx, seq`
	return collect(ctx, s.tx, q, from, to, func(rows *sql.Rows) (r ObjectRow, err error) {
		var index, live, version int64
		var latest bool
		err = rows.Scan(&r.Kind, &r.ID, &version, &index, &r.Body, &live, &latest)
		r.Version, r.Index = uint64(version), uint64(index)
		if want := latest && len(r.Body) > 0 && r.Body[0] == 1; (live == 1) != want || (live != 0 && live != 1) {
			r.Body = append(r.Body, "not live as marked"...)
		}
		return r, err
	})
}

// Leaves and Tile make a snapshot a Source.
func (s *Snapshot) Leaves(ctx context.Context, from uint64, n int) ([]stead.Hash, error) {
	rows, err := s.Events(ctx, from, from+uint64(n))
	if err != nil || len(rows) != n {
		return nil, errors.Join(err, stead.E(stead.Missing, stead.ReasonNone, "the log has no %d leaves from %d on", n, from))
	}
	list := make([]stead.Hash, n)
	for i := range rows {
		list[i] = rows[i].Leaf
	}
	return list, nil
}

// Tile gives one full tile; one that is not there is kind missing.
func (s *Snapshot) Tile(ctx context.Context, level int, index uint64) ([]byte, error) {
	list, err := s.Tiles(ctx, level, index, index+1)
	if err != nil || len(list) == 0 {
		return nil, errors.Join(err, stead.E(stead.Missing, stead.ReasonNone, "there is no tile %d/%d", level, index))
	}
	return list[0].Data, nil
}

// collect reads the rows of a range; from 0 reaches below 0, where nothing should be.
func collect[R any](ctx context.Context, tx *sql.Tx, q string, from, to uint64, scan func(*sql.Rows) (R, error), more ...any) ([]R, error) {
	low := int64(from)
	if from == 0 {
		low = -1 << 63
	}
	rows, err := tx.QueryContext(ctx, q, append([]any{low, int64(to)}, more...)...)
	if err != nil {
		return nil, stead.Because(err, "read the store")
	}
	defer rows.Close()
	var list []R
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, stead.Because(err, "read a row of the store")
		}
		list = append(list, r)
	}
	return list, stead.Because(rows.Err(), "read the store")
}
