package ledger

import "github.com/steadhq/stead"

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight

	// TileSize is the size of a full tile in bytes.
	TileSize = tileWidth * len(stead.Hash{})
)

// A Tile is a full tile: the 256 hashes at tree level 8×Level that begin at place 256×Index, one after the other,
// as C2SP tlog-tiles serves them.
type Tile struct {
	Level int
	Index uint64
	Data  []byte
}

// at gives one hash of tile data.
func at(data []byte, i int) stead.Hash {
	return stead.Hash(data[i*len(stead.Hash{}) : (i+1)*len(stead.Hash{})])
}

func pack(hashes []stead.Hash) []byte {
	data := make([]byte, 0, len(hashes)*len(stead.Hash{}))
	for i := range hashes {
		data = append(data, hashes[i][:]...)
	}
	return data
}

func unpack(data []byte) []stead.Hash {
	hashes := make([]stead.Hash, len(data)/len(stead.Hash{}))
	for i := range hashes {
		hashes[i] = at(data, i)
	}
	return hashes
}

// fold gives the root of the perfect subtree over hashes, whose number is a power of two. It overwrites them.
func fold(hashes []stead.Hash) stead.Hash {
	for n := len(hashes); n > 1; n /= 2 {
		for i := range n / 2 {
			hashes[i] = nodeHash(hashes[2*i], hashes[2*i+1])
		}
	}
	return hashes[0]
}

// fullTiles is how many full tiles a tree of size has at level.
func fullTiles(size uint64, level int) uint64 {
	shift := tileHeight * (level + 1)
	if shift > maxLevel {
		return 0
	}
	return size >> shift
}

// allTiles is how many full tiles a tree of size has at all levels.
func allTiles(size uint64) uint64 {
	var n uint64
	for level := 0; fullTiles(size, level) > 0; level++ {
		n += fullTiles(size, level)
	}
	return n
}
