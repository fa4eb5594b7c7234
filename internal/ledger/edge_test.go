package ledger

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/steadhq/stead"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// TestRoots holds every size up to 2,000 against tlog, one leaf at a time.
func TestRoots(t *testing.T) {
	m := newMemory(t, 2000)
	o := newOracle(t, m)
	var e Edge
	for i := range uint64(2001) {
		if e.Size() != i || e.Root() != o.root(t, i) {
			t.Fatalf("size %d: root differs from tlog's", i)
		}
		if i < 2000 {
			_, e, _ = Integrate(e, []stead.Hash{m.events[i].Leaf})
		}
	}
}

// TestSplits: however the leaves come in batches, tiles, edge and root are the same, and the old edge is untouched.
func TestSplits(t *testing.T) {
	m := newMemory(t, 2000)
	o := newOracle(t, m)
	rapid.Check(t, func(t *rapid.T) {
		var e Edge
		var tiles []Tile
		for e.Size() < 2000 && !rapid.Bool().Draw(t, "stop") {
			n := min(rapid.Uint64Range(0, 700).Draw(t, "batch"), 2000-e.Size())
			leaves := hashesOf(m.events[e.Size() : e.Size()+n])
			before, roots, open := e.Root(), e.Roots(), e.Partial(0)
			other := append([]stead.Hash{{1}}, leaves...)
			Integrate(e, other) // an attempt that is given up
			full, next, root := Integrate(e, leaves)
			if e.Root() != before || !slices.Equal(e.Roots(), roots) || !bytes.Equal(e.Partial(0), open) {
				t.Fatal("Integrate changed the edge it was given")
			}
			if root != next.Root() {
				t.Fatal("the root given is not that of the edge")
			}
			e, tiles = next, append(tiles, full...)
		}
		h, err := tlog.TreeHash(int64(e.Size()), o)
		if err != nil || stead.Hash(h) != e.Root() {
			t.Fatalf("root at %d differs from tlog's", e.Size())
		}
		if got := uint64(len(tiles)); got != allTiles(e.Size()) {
			t.Fatalf("%d tiles, want %d", got, allTiles(e.Size()))
		}
		for _, tile := range tiles {
			want, err := tlog.ReadTileData(tlog.Tile{H: tileHeight, L: tile.Level, N: int64(tile.Index), W: tileWidth}, o)
			if err != nil || !bytes.Equal(want, tile.Data) {
				t.Fatalf("tile %d/%d differs from tlog's", tile.Level, tile.Index)
			}
		}
	})
}

func hashesOf(rows []EventRow) []stead.Hash {
	hashes := make([]stead.Hash, len(rows))
	for i, r := range rows {
		hashes[i] = r.Leaf
	}
	return hashes
}

func TestRestore(t *testing.T) {
	for _, n := range []int{0, 1, 255, 256, 257, 511, 1999, 65535, 65536, 70001} {
		m := newMemory(t, n)
		got, err := Restore(t.Context(), m, uint64(n))
		if err != nil {
			t.Fatal(err)
		}
		if got.Root() != m.edge.Root() || !cmp.Equal(got.Roots(), m.edge.Roots()) {
			t.Errorf("%d leaves: the edge restored is another", n)
		}
		for level := range 4 {
			if !bytes.Equal(got.Partial(level), m.edge.Partial(level)) {
				t.Errorf("%d leaves: the open tile at level %d is another", n, level)
			}
		}
		more := []stead.Hash{{9}}
		_, a, _ := Integrate(got, more)
		_, b, _ := Integrate(m.edge, more)
		if a.Root() != b.Root() {
			t.Errorf("%d leaves: the edge restored grows otherwise", n)
		}
	}
}

func TestRestoreRefuses(t *testing.T) {
	m := newMemory(t, 600)
	m.tiles = m.tiles[1:]
	if _, err := Restore(t.Context(), m, 600); stead.KindOf(err) != stead.Missing {
		t.Errorf("a missing tile: %v", err)
	}
	m = newMemory(t, 600)
	m.tiles[0].Data = m.tiles[0].Data[1:]
	if _, err := Restore(t.Context(), m, 600); stead.KindOf(err) != stead.Broken {
		t.Errorf("a short tile: %v", err)
	}
}

func TestCover(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.Uint64Range(0, 5000).Draw(t, "from")
		to := from + rapid.Uint64Range(0, 5000).Draw(t, "n")
		at := from
		for _, part := range cover(from, to) {
			if part.n<<part.level != at {
				t.Fatalf("%v does not begin at %d", part, at)
			}
			at += 1 << part.level
		}
		if at != to {
			t.Fatalf("covers to %d, want %d", at, to)
		}
	})
}

// BenchmarkIntegrate is one group commit of 100 events.
func BenchmarkIntegrate(b *testing.B) {
	m := newMemory(b, 70000)
	leaves := hashesOf(m.events[:100])
	b.ReportAllocs()
	for b.Loop() {
		Integrate(m.edge, leaves)
	}
}
