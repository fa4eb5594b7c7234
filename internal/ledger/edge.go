package ledger

import (
	"slices"

	"github.com/steadhq/stead"
)

// An Edge is the growing side of the tree: the roots of its perfect subtrees and the hashes of the tiles that are
// not full yet. The zero Edge is the empty log. An Edge is never changed once made and may be shared.
type Edge struct {
	span
	open [][]stead.Hash // per tile level, 0 to 255 hashes
}

// Size is the number of leaves.
func (e Edge) Size() uint64 { return e.size }

// Root is the root hash, the same that tlog.TreeHash gives.
func (e Edge) Root() stead.Hash { return e.root() }

// Roots are those of the perfect subtrees, the largest first: as many as Size has bits set.
func (e Edge) Roots() []stead.Hash { return slices.Clone(e.roots) }

// Partial is the data of the tile at level that is not full yet; its length is a multiple of 32 below TileSize.
func (e Edge) Partial(level int) []byte {
	if level < 0 || level >= len(e.open) {
		return nil
	}
	return pack(e.open[level])
}

// Integrate appends leaves. It gives the tiles that became full, the lower levels first where two fill at once,
// the new edge and its root. It costs one hash per leaf and copies at most one open tile.
func Integrate(e Edge, leaves []stead.Hash) ([]Tile, Edge, stead.Hash) {
	g := grower{edge: Edge{span: span{size: e.size, roots: slices.Clone(e.roots)}, open: slices.Clone(e.open)}}
	for i := range g.edge.open {
		g.edge.open[i] = slices.Clip(g.edge.open[i])
	}
	if len(leaves) > 0 && len(g.edge.open) > 0 {
		g.edge.open[0] = append(make([]stead.Hash, 0, tileWidth), g.edge.open[0]...)
	}
	for _, h := range leaves {
		g.add(h)
	}
	return g.full, g.edge, g.edge.root()
}

// A grower owns the edge it changes.
type grower struct {
	edge  Edge
	full  []Tile
	trail [maxLevel + 2]stead.Hash
}

func (g *grower) add(leaf stead.Hash) {
	g.trail[0] = leaf
	risen := g.edge.push(0, leaf, &g.trail)
	for level := 0; level*tileHeight <= risen; level++ {
		g.put(level, g.trail[level*tileHeight])
	}
}

func (g *grower) put(level int, h stead.Hash) {
	if level == len(g.edge.open) {
		g.edge.open = append(g.edge.open, make([]stead.Hash, 0, tileWidth))
	}
	g.edge.open[level] = append(g.edge.open[level], h)
	if len(g.edge.open[level]) < tileWidth {
		return
	}
	index := g.edge.size>>(tileHeight*(level+1)) - 1
	g.full = append(g.full, Tile{Level: level, Index: index, Data: pack(g.edge.open[level])})
	g.edge.open[level] = make([]stead.Hash, 0, tileWidth)
}
