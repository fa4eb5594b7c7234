package ledger

import (
	"context"

	"github.com/steadhq/stead"
	"golang.org/x/mod/sumdb/tlog"
)

// A Source is where the leaf column and the full tiles are kept.
type Source interface {
	// Leaves gives the hashes of the leaves [from, from+n), exactly n of them.
	Leaves(ctx context.Context, from uint64, n int) ([]stead.Hash, error)
	// Tile gives the TileSize bytes of one full tile; one that is not there is kind missing.
	Tile(ctx context.Context, level int, index uint64) ([]byte, error)
}

// Restore rebuilds the edge of the first size leaves from the leaf column and the tiles. The caller compares its
// root with the signed head: what was read may have been tampered with.
func Restore(ctx context.Context, src Source, size uint64) (Edge, error) {
	e := Edge{span: span{size: size}}
	for level := 0; level == 0 || size>>(tileHeight*level) > 0; level++ {
		open, err := restoreLevel(ctx, src, size, level)
		if err != nil {
			return Edge{}, err
		}
		e.open = append(e.open, open)
	}
	for level := len(e.open) - 1; level >= 0; level-- {
		e.roots = append(e.roots, peaks(e.open[level])...)
	}
	return e, nil
}

func restoreLevel(ctx context.Context, src Source, size uint64, level int) ([]stead.Hash, error) {
	at := size >> (tileHeight * level)
	first, n := at&^(tileWidth-1), int(at&(tileWidth-1))
	if level == 0 {
		leaves, err := src.Leaves(ctx, first, n)
		if err == nil && len(leaves) != n {
			err = broken("the leaf column gave %d hashes from %d on, not %d", len(leaves), first, n)
		}
		return leaves, stead.Because(err, "read the leaf column")
	}
	open := make([]stead.Hash, 0, tileWidth)
	for i := range uint64(n) {
		data, err := readTile(ctx, src, level-1, first+i)
		if err != nil {
			return nil, err
		}
		open = append(open, fold(unpack(data)))
	}
	return open, nil
}

// peaks are the roots of the perfect subtrees over an open tile's hashes, the largest first.
func peaks(hashes []stead.Hash) []stead.Hash {
	var roots []stead.Hash
	for _, part := range cover(0, uint64(len(hashes))) {
		from := part.n << part.level
		roots = append(roots, fold(append([]stead.Hash(nil), hashes[from:from+1<<part.level]...)))
	}
	return roots
}

func readTile(ctx context.Context, src Source, level int, index uint64) ([]byte, error) {
	data, err := src.Tile(ctx, level, index)
	if err == nil && len(data) != TileSize {
		err = broken("tile %d/%d has %d bytes, not %d", level, index, len(data), TileSize)
	}
	return data, stead.Because(err, "read a tile")
}

// A reader gives any hash of the tree: from a full tile, or from the edge where its tile is not full yet.
type reader struct {
	ctx   context.Context
	src   Source
	edge  Edge
	tiles map[[2]uint64][]byte // level and index of what this one proof has read
}

func newReader(ctx context.Context, src Source, edge Edge) *reader {
	return &reader{ctx: ctx, src: src, edge: edge, tiles: make(map[[2]uint64][]byte)}
}

// ReadHashes makes a reader a tlog.HashReader.
func (r *reader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		level, n := tlog.SplitStoredHashIndex(index)
		h, err := r.hash(subtree{level: level, n: uint64(n)})
		if err != nil {
			return nil, err
		}
		hashes[i] = tlog.Hash(h)
	}
	return hashes, nil
}

// hash gives the root of one perfect subtree.
func (r *reader) hash(t subtree) (stead.Hash, error) {
	level, low := t.level/tileHeight, t.level%tileHeight
	first, n := t.n<<low, 1<<low
	index, from := first/tileWidth, int(first%tileWidth)
	if (t.n+1)<<t.level > r.edge.size {
		return stead.Hash{}, broken("subtree %d at level %d is beyond a log of %d", t.n, t.level, r.edge.size)
	}
	if index >= fullTiles(r.edge.size, level) {
		return fold(append([]stead.Hash(nil), r.edge.open[level][from:from+n]...)), nil
	}
	key := [2]uint64{uint64(level), index}
	data, ok := r.tiles[key]
	if !ok {
		var err error
		if data, err = readTile(r.ctx, r.src, level, index); err != nil {
			return stead.Hash{}, err
		}
		r.tiles[key] = data
	}
	return fold(unpack(data[from*len(stead.Hash{}) : (from+n)*len(stead.Hash{})])), nil
}

func broken(format string, args ...any) error {
	return stead.E(stead.Broken, stead.ReasonBroken, format, args...)
}
func invalid(format string, args ...any) error {
	return stead.E(stead.Invalid, stead.ReasonRequest, format, args...)
}
