package ledger

import (
	"math/bits"

	"github.com/steadhq/stead"
	"golang.org/x/mod/sumdb/tlog"
)

// LeafHash is the hash of a leaf: of the stored bytes of one event.
func LeafHash(event []byte) stead.Hash { return stead.Hash(tlog.RecordHash(event)) }

func nodeHash(left, right stead.Hash) stead.Hash {
	return stead.Hash(tlog.NodeHash(tlog.Hash(left), tlog.Hash(right)))
}

// maxLevel is more than any tree reaches: sizes are below 2^62.
const maxLevel = 62

// A span is the compact form of the tree over the first size leaves: the roots of its perfect subtrees, the
// largest first. It is all that is needed to know the root and to append.
type span struct {
	size  uint64
	roots []stead.Hash
}

// push appends a perfect subtree of 2^level leaves; the size must be a multiple of that. It gives how many levels
// the subtree rose by merging; trail, where given, receives the root at every level on the way up.
func (s *span) push(level int, h stead.Hash, trail *[maxLevel + 2]stead.Hash) int {
	risen := bits.TrailingZeros64(^(s.size >> level))
	for i := range risen {
		h = nodeHash(s.roots[len(s.roots)-1], h)
		s.roots = s.roots[:len(s.roots)-1]
		if trail != nil {
			trail[level+i+1] = h
		}
	}
	s.roots = append(s.roots, h)
	s.size += 1 << level
	return risen
}

// root is the root hash of the whole; of the empty tree it is the hash of nothing.
func (s *span) root() stead.Hash {
	if len(s.roots) == 0 {
		empty, _ := tlog.TreeHash(0, nil)
		return stead.Hash(empty)
	}
	h := s.roots[len(s.roots)-1]
	for i := len(s.roots) - 2; i >= 0; i-- {
		h = nodeHash(s.roots[i], h)
	}
	return h
}

// A subtree is a perfect one: the leaves [n<<level, (n+1)<<level).
type subtree struct {
	level int
	n     uint64
}

// cover lists the perfect subtrees that make up the leaves [from, to), in order, as large as their place allows.
func cover(from, to uint64) []subtree {
	var parts []subtree
	for from < to {
		level := min(bits.TrailingZeros64(from), bits.Len64(to-from)-1)
		parts = append(parts, subtree{level: level, n: from >> level})
		from += 1 << level
	}
	return parts
}
