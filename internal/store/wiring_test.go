package store_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/ledger"
	"github.com/steadhq/stead/internal/store"
	"golang.org/x/mod/sumdb/note"
)

// merkle gives the ledger to the store.
type merkle struct {
	signer   *ledger.Signer
	verifier note.Verifier
}

func newMerkle(tb testing.TB) merkle {
	tb.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	signer, err := ledger.NewSigner("stead.test/log", key)
	if err != nil {
		tb.Fatal(err)
	}
	text, err := ledger.VerifierKey("stead.test/log", key.Public().(ed25519.PublicKey))
	if err != nil {
		tb.Fatal(err)
	}
	verifier, err := ledger.Verifier(text)
	if err != nil {
		tb.Fatal(err)
	}
	return merkle{signer, verifier}
}

func (m merkle) Leaf(event []byte) stead.Hash             { return ledger.LeafHash(event) }
func (m merkle) Sign(size uint64, root stead.Hash) []byte { return m.signer.Sign(size, root) }
func (m merkle) Open(checkpoint []byte) (stead.Head, error) {
	return ledger.Open(checkpoint, m.verifier)
}
func (m merkle) Restore(ctx context.Context, from store.Source, size uint64) (store.Tree, error) {
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

// gcm seals with AES-256-GCM under the hash of all the keys. Its keys are not wrapped.
type gcm struct{}

func (gcm) NewKey() ([]byte, error) {
	k := make([]byte, 32)
	_, err := rand.Read(k)
	return k, err
}

func (gcm) aead(keys [][]byte) (cipher.AEAD, error) {
	h := sha256.New()
	for _, k := range keys {
		h.Write(k)
	}
	block, err := aes.NewCipher(h.Sum(nil))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (g gcm) Seal(dst, plain []byte, keys ...[]byte) ([]byte, error) {
	a, err := g.aead(keys)
	if err != nil {
		return nil, err
	}
	return a.Seal(dst, nil, plain, nil), nil
}

func (g gcm) Open(dst, sealed []byte, keys ...[]byte) ([]byte, error) {
	a, err := g.aead(keys)
	if err != nil {
		return nil, err
	}
	return a.Open(dst, nil, sealed, nil)
}

// noon is when the tests take place.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func options(tb testing.TB, dir string) store.Options {
	tb.Helper()
	return store.Options{Dir: dir, Patience: time.Minute, Now: func() time.Time { return noon }, Log: newMerkle(tb), Sealer: gcm{}}
}

func open(tb testing.TB, o store.Options) *store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func shut(tb testing.TB, s *store.Store) {
	tb.Helper()
	if err := s.Close(); err != nil {
		tb.Error(err)
	}
}
