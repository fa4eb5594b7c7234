package main

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/config"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/ledger"
	"github.com/steadhq/stead/internal/store"
)

// keyFile in the folder of a store holds the verifier key of its log, for whoever has no better source.
const keyFile = "log.pub"

// A snapshot gives a store's rows to the ledger.
type snapshot struct{ *store.Snapshot }

// A lying store is on this machine or in a database. Beside it, or named, lies its master key.
type lying struct {
	dir, dsn string
	master   string // file
	given    bool   // it must be there
}

// lies finds the store that is meant.
func (e *env) lies(w verifyWish) (at lying, err error) {
	at = lying{dir: w.data, master: w.master, given: w.master != ""}
	dsn := w.dsn
	if w.config != "" {
		c, err := config.Load(w.config, e.environ)
		if err != nil {
			return at, err
		}
		at.dir = c.Store.Dir
		if at.master == "" {
			at.master = c.Keys.MasterKeyFile
		}
		if dsn == "" {
			dsn = c.Store.DSN
		}
	}
	if dsn != "" {
		if at.dsn, err = config.Secret(dsn); err != nil {
			return at, err
		}
	}
	if at.dir == "" {
		return at, nil
	}
	if at.dir, err = filepath.Abs(at.dir); err == nil && at.master == "" {
		at.master = filepath.Join(at.dir, "master.key")
	}
	return at, err
}

// openSnapshot reads the store in a folder.
func openSnapshot(ctx context.Context, dir, master string) (snapshot, error) {
	at, err := (&env{}).lies(verifyWish{data: dir, master: master})
	if err != nil {
		return snapshot{}, err
	}
	return at.open(ctx)
}

// open reads a store as it lies there. With the master key the searchable copy can be checked too.
func (at lying) open(ctx context.Context) (snapshot, error) {
	o := store.Options{DSN: at.dsn, Rand: rand.Reader}
	if at.dsn == "" {
		o.Dir = at.dir
		if inner := filepath.Join(at.dir, "store"); exists(inner) {
			o.Dir = inner // of stead dev --data and of store.dir, which hold the keys beside it
		}
		if !exists(o.Dir) {
			return snapshot{}, fail(exitNotFound, "", "there is no store in %s", at.dir)
		}
	}
	if at.master != "" {
		m, err := keys.LoadMaster(at.master)
		switch {
		case err == nil:
			if o.Sealer, err = keys.NewSealer(m, rand.Reader); err != nil {
				return snapshot{}, err
			}
		case at.given || stead.KindOf(err) != stead.Missing:
			return snapshot{}, err
		}
	}
	s, err := store.TakeSnapshot(ctx, o)
	return snapshot{s}, err
}

func (s snapshot) projection() ledger.Projection {
	if !s.Projected() {
		return nil
	}
	return s
}

func (s snapshot) Standing(ctx context.Context) (ledger.Standing, error) {
	st, err := s.Snapshot.Standing(ctx)
	return ledger.Standing(st), err
}

func (s snapshot) Events(ctx context.Context, from, to uint64) ([]ledger.EventRow, error) {
	rows, err := s.Snapshot.Events(ctx, from, to)
	return as(rows, func(r store.EventRow) ledger.EventRow { return ledger.EventRow(r) }), err
}

func (s snapshot) Tiles(ctx context.Context, level int, from, to uint64) ([]ledger.Tile, error) {
	rows, err := s.Snapshot.Tiles(ctx, level, from, to)
	return as(rows, func(r store.Tile) ledger.Tile { return ledger.Tile(r) }), err
}

func (s snapshot) Objects(ctx context.Context, from, to uint64) ([]ledger.ObjectRow, error) {
	rows, err := s.Snapshot.Objects(ctx, from, to)
	return as(rows, func(r store.ObjectRow) ledger.ObjectRow { return ledger.ObjectRow(r) }), err
}

func (s snapshot) Rows(ctx context.Context, from, to uint64) ([]ledger.ProjectedRow, error) {
	rows, err := s.Snapshot.Rows(ctx, from, to)
	return as(rows, func(r store.ProjectedRow) ledger.ProjectedRow { return ledger.ProjectedRow(r) }), err
}

func as[A, B any](list []A, one func(A) B) []B {
	out := make([]B, len(list))
	for i, a := range list {
		out[i] = one(a)
	}
	return out
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
