package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"

	"github.com/steadhq/stead"
)

// A Snapshot is everything that lies on disk at one moment, as it lies there, for whoever verifies it. It keeps nobody
// waiting and writes nothing: it can be taken of a store that is open, of a backup, and by whoever may only read. Ranges
// are half open; from 0 means from the very first row.
type Snapshot struct {
	o      Options
	log    tables
	copy   tables // the projection; of no queryer where what must stand in it can not be told
	dbs    []*sql.DB
	txs    []*sql.Tx
	before *persons // before the log was opened
	keys   *persons // and after
}

// TakeSnapshot opens the store in o.Dir or at o.DSN as it is now; of o it needs one of them, and Sealer where the
// projection is looked at.
func TakeSnapshot(ctx context.Context, o Options) (*Snapshot, error) {
	s := &Snapshot{o: o}
	take, where := s.takeFiles, "the store in "+o.Dir
	if o.DSN != "" {
		take, where = s.takeDatabase, "the store in the database"
	}
	if err := take(ctx); err != nil {
		return nil, errors.Join(stead.Because(err, "read "+where), s.Close())
	}
	return s, nil
}

// takeFiles opens the projection before the log, so that it is never ahead, and reads the keys before, so that one which
// is lost meanwhile is known, and last, so that none is missing.
func (s *Snapshot) takeFiles(ctx context.Context) (err error) {
	if s.before, err = s.persons(ctx); err != nil {
		return err
	}
	if s.o.Sealer != nil && there(s.o, keysFile) && there(s.o, eventsFile) {
		if s.copy.queryer, err = s.readOnly(ctx, eventsFile); err != nil {
			return err
		}
	}
	if s.log.queryer, err = s.readOnly(ctx, mainFile); err != nil {
		return err
	}
	s.keys, err = s.persons(ctx)
	return err
}

func there(o Options, file string) bool {
	_, err := os.Stat(filepath.Join(o.Dir, file))
	return err == nil
}

func (s *Snapshot) readOnly(ctx context.Context, file string) (queryer, error) {
	if !there(s.o, file) {
		return nil, stead.E(stead.Missing, stead.ReasonNone, "there is no %s in %s", file, s.o.Dir)
	}
	db, err := pool(s.o.dsn(file, "query_only(1)"), 1)
	if err != nil {
		return nil, err
	}
	s.dbs = append(s.dbs, db)
	tx, err := s.begin(ctx, db, sql.LevelDefault)
	if err == nil {
		_, err = tx.ExecContext(ctx, "SELECT count(*) FROM sqlite_schema") // fixes the moment
	}
	return tx, err
}

func (s *Snapshot) begin(ctx context.Context, db *sql.DB, level sql.IsolationLevel) (*sql.Tx, error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: level, ReadOnly: true})
	if err == nil {
		s.txs = append(s.txs, tx)
	}
	return tx, err
}

// Close lets go of the files, or of the database.
func (s *Snapshot) Close() error {
	var errs []error
	for _, tx := range s.txs {
		errs = append(errs, tx.Rollback())
	}
	for _, db := range s.dbs {
		errs = append(errs, db.Close())
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

// reachedPlace is how far the projection says it has come.
const reachedPlace = "SELECT coalesce(max(number), 0) FROM place"

// Standing reads the head and counts.
func (s *Snapshot) Standing(ctx context.Context) (Standing, error) {
	var st Standing
	var root []byte
	err := s.log.QueryRowContext(ctx, "SELECT size, pruned, root, note FROM head").Scan(&st.Head.Size, &st.Pruned, &root, &st.Head.Note)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return st, stead.Because(err, "read the head of the log")
	}
	copy(st.Head.Root[:], root)
	for _, c := range []struct {
		to  *uint64
		in  tables
		sql string
	}{
		{&st.Events, s.log, "SELECT count(event) FROM log"}, {&st.Tiles, s.log, "SELECT count(*) FROM tiles"},
		{&st.Objects, s.log, "SELECT count(*) FROM objects"}, {&st.Rows, s.copy, s.countProjected()},
		{&st.Projected, s.copy, reachedPlace},
	} {
		if c.in.queryer == nil {
			continue
		}
		if err := c.in.QueryRowContext(ctx, c.sql).Scan(c.to); err != nil {
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
	return collect(ctx, s.log, "SELECT idx, event, leaf FROM log WHERE idx >= ? AND idx < ? ORDER BY idx", from, to,
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
	const q = "SELECT idx, body FROM tiles WHERE idx >= ? AND idx < ? AND level = ? ORDER BY idx"
	return collect(ctx, s.log, q, from, to, func(rows *sql.Rows) (Tile, error) {
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

// Objects gives the object rows that events [from, to) are said to have written.
func (s *Snapshot) Objects(ctx context.Context, from, to uint64) ([]ObjectRow, error) {
	const q = "SELECT kind, id, version, idx, body FROM objects WHERE idx >= ? AND idx < ? ORDER BY idx, id, version, kind"
	return collect(ctx, s.log, q, from, to, func(rows *sql.Rows) (r ObjectRow, err error) {
		var index, version int64
		err = rows.Scan(&r.Kind, &r.ID, &version, &index, &r.Body)
		r.Version, r.Index = uint64(version), uint64(index)
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
func collect[R any](ctx context.Context, in tables, q string, from, to uint64, scan func(*sql.Rows) (R, error), more ...any) ([]R, error) {
	low := int64(from)
	if from == 0 {
		low = -1 << 63
	}
	rows, err := in.QueryContext(ctx, q, append([]any{low, int64(to)}, more...)...)
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
