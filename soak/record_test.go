package soak

import (
	"bytes"
	"context"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/ledger"
	"github.com/steadhq/stead/internal/store"
)

// A record is all that a store keeps of its log, in memory, so that forging it is quick.
type record struct {
	st      ledger.Standing
	events  []ledger.EventRow
	tiles   map[int][]ledger.Tile
	objects []ledger.ObjectRow
	rows    []ledger.ProjectedRow
	expect  [][]byte // the true rows, by index
	stored  [][]byte // of the events they are true of
}

// readRecord reads the store in o.Dir.
func readRecord(t *testing.T, o store.Options) *record {
	t.Helper()
	snap, err := store.TakeSnapshot(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	from, r := trail{snap}, &record{tiles: map[int][]ledger.Tile{}}
	ctx := t.Context()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	r.st, err = from.Standing(ctx)
	must(err)
	r.events, err = from.Events(ctx, 0, math.MaxInt64)
	must(err)
	r.objects, err = from.Objects(ctx, 0, math.MaxInt64)
	must(err)
	r.rows, err = from.Rows(ctx, 0, r.st.Head.Size)
	must(err)
	for level := range 3 {
		r.tiles[level], err = from.Tiles(ctx, level, 0, math.MaxInt64)
		must(err)
	}
	for _, e := range r.events {
		want, err := snap.Expect(e.Index, e.Stored)
		must(err)
		r.expect, r.stored = append(r.expect, want), append(r.stored, e.Stored)
	}
	return r
}

// copy gives a record that can be forged: rows may be replaced, but never written into.
func (r *record) copy() *record {
	c := *r
	c.events, c.objects, c.rows = slices.Clone(r.events), slices.Clone(r.objects), slices.Clone(r.rows)
	c.tiles = maps.Clone(r.tiles)
	for level := range c.tiles {
		c.tiles[level] = slices.Clone(c.tiles[level])
	}
	return &c
}

// count makes the counts of the rows those that a database would tell, and their order that of their indexes.
func (r *record) count() {
	r.st.Events, r.st.Objects, r.st.Rows, r.st.Tiles = uint64(len(r.events)), uint64(len(r.objects)), uint64(len(r.rows)), 0
	for _, list := range r.tiles {
		r.st.Tiles += uint64(len(list))
		slices.SortStableFunc(list, func(a, b ledger.Tile) int { return order(a.Index, b.Index) })
	}
	slices.SortStableFunc(r.events, func(a, b ledger.EventRow) int { return order(a.Index, b.Index) })
	slices.SortStableFunc(r.objects, func(a, b ledger.ObjectRow) int { return order(a.Index, b.Index) })
	slices.SortStableFunc(r.rows, func(a, b ledger.ProjectedRow) int { return order(a.Index, b.Index) })
}

// order compares as a database does, which knows numbers below 0.
func order(a, b uint64) int {
	switch x, y := int64(a), int64(b); {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// between gives what lies in a range; from 0 reaches below 0.
func between[R any](list []R, from, to uint64, index func(R) uint64) (found []R) {
	for _, r := range list {
		if i := index(r); order(i, to) < 0 && (from == 0 || order(i, from) >= 0) {
			found = append(found, r)
		}
	}
	return found
}

func (r *record) Standing(context.Context) (ledger.Standing, error) { return r.st, nil }

func (r *record) Events(_ context.Context, from, to uint64) ([]ledger.EventRow, error) {
	return between(r.events, from, to, func(e ledger.EventRow) uint64 { return e.Index }), nil
}

func (r *record) Tiles(_ context.Context, level int, from, to uint64) ([]ledger.Tile, error) {
	return between(r.tiles[level], from, to, func(t ledger.Tile) uint64 { return t.Index }), nil
}

func (r *record) Objects(_ context.Context, from, to uint64) ([]ledger.ObjectRow, error) {
	return between(r.objects, from, to, func(o ledger.ObjectRow) uint64 { return o.Index }), nil
}

func (r *record) Rows(_ context.Context, from, to uint64) ([]ledger.ProjectedRow, error) {
	return between(r.rows, from, to, func(p ledger.ProjectedRow) uint64 { return p.Index }), nil
}

// Expect knows the rows of the true events; who forges an event forges its row too.
func (r *record) Expect(index uint64, event []byte) ([]byte, error) {
	if index < uint64(len(r.stored)) && bytes.Equal(r.stored[index], event) {
		return r.expect[index], nil
	}
	for _, p := range r.rows {
		if p.Index == index {
			return p.Row, nil
		}
	}
	return nil, nil
}

// resign makes everything fit the events as they are now, with the log's own key: hashes, tiles and head.
func (r *record) resign(s *ledger.Signer) {
	leaves := make([]stead.Hash, len(r.events))
	for i := range r.events {
		r.events[i].Index, r.events[i].Leaf = uint64(i), ledger.LeafHash(r.events[i].Stored)
		leaves[i] = r.events[i].Leaf
	}
	tiles, edge, root := ledger.Integrate(ledger.Edge{}, leaves)
	clear(r.tiles)
	for _, t := range tiles {
		r.tiles[t.Level] = append(r.tiles[t.Level], t)
	}
	r.st.Head = stead.Head{Size: edge.Size(), Root: root, Note: s.Sign(edge.Size(), root)}
	r.st.Projected = min(r.st.Projected, edge.Size())
}
