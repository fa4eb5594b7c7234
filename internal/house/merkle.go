package house

import (
	"context"
	"crypto/ed25519"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/ledger"
	"github.com/steadhq/stead/internal/store"
	"golang.org/x/mod/sumdb/note"
)

// A Merkle gives the ledger to the store.
type Merkle struct {
	signer   *ledger.Signer
	verifier note.Verifier
}

// NewMerkle makes the log of an origin, signed by key.
func NewMerkle(origin string, key ed25519.PrivateKey) (Merkle, error) {
	signer, err := ledger.NewSigner(origin, key)
	if err != nil {
		return Merkle{}, err
	}
	text, err := ledger.VerifierKey(origin, key.Public().(ed25519.PublicKey))
	if err != nil {
		return Merkle{}, err
	}
	verifier, err := ledger.Verifier(text)
	return Merkle{signer, verifier}, err
}

// Leaf, Sign, Open and Restore are what store.Log asks for.
func (m Merkle) Leaf(event []byte) stead.Hash             { return ledger.LeafHash(event) }
func (m Merkle) Sign(size uint64, root stead.Hash) []byte { return m.signer.Sign(size, root) }
func (m Merkle) Open(checkpoint []byte) (stead.Head, error) {
	return ledger.Open(checkpoint, m.verifier)
}

func (m Merkle) Restore(ctx context.Context, from store.Source, size uint64) (store.Tree, error) {
	edge, err := ledger.Restore(ctx, from, size)
	return tree{edge}, err
}

type tree struct{ ledger.Edge }

func (t tree) Grow(leaves []stead.Hash) ([]store.Tile, store.Tree) {
	full, edge, _ := ledger.Integrate(t.Edge, leaves)
	tiles := make([]store.Tile, len(full))
	for i, f := range full {
		tiles[i] = store.Tile(f)
	}
	return tiles, tree{edge}
}
