package main

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/ledger"
	"github.com/steadhq/stead/internal/store"
)

// keyFile in the folder of a store holds the verifier key of its log, for whoever has no better source.
const keyFile = "log.pub"

// A snapshot gives a store's rows to the ledger.
type snapshot struct{ *store.Snapshot }

// openSnapshot reads a store as it lies there. With the master key the searchable copy can be checked too.
func openSnapshot(ctx context.Context, dir, master string) (snapshot, error) {
	o := store.Options{Dir: dir, Rand: rand.Reader}
	if inner, err := os.Stat(filepath.Join(dir, "store")); err == nil && inner.IsDir() {
		o.Dir = filepath.Join(dir, "store") // as dev and serve lay it out
	}
	if _, err := os.Stat(o.Dir); err != nil {
		return snapshot{}, fail(exitNotFound, "", "there is no store in %s", dir)
	}
	given := master != ""
	if !given {
		master = filepath.Join(dir, "master.key")
	}
	if inner := filepath.Join(dir, "store"); exists(inner) {
		o.Dir = inner // of stead dev --data and of store.dir, which hold the keys beside it
	}
	m, err := keys.LoadMaster(master)
	switch {
	case err == nil:
		if o.Sealer, err = keys.NewSealer(m, rand.Reader); err != nil {
			return snapshot{}, err
		}
	case given || stead.KindOf(err) != stead.Missing:
		return snapshot{}, err
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
