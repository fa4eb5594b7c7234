package ledger_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/ledger"
	"github.com/steadhq/stead/internal/store"
	"golang.org/x/mod/sumdb/note"
)

// snapshot gives what a real store has on disk to Verify.
type snapshot struct{ *store.Snapshot }

func (s snapshot) Standing(ctx context.Context) (ledger.Standing, error) {
	st, err := s.Snapshot.Standing(ctx)
	return ledger.Standing(st), err
}

func (s snapshot) Events(ctx context.Context, from, to uint64) ([]ledger.EventRow, error) {
	rows, err := s.Snapshot.Events(ctx, from, to)
	return convert(rows, func(r store.EventRow) ledger.EventRow { return ledger.EventRow(r) }), err
}

func (s snapshot) Tiles(ctx context.Context, level int, from, to uint64) ([]ledger.Tile, error) {
	rows, err := s.Snapshot.Tiles(ctx, level, from, to)
	return convert(rows, func(r store.Tile) ledger.Tile { return ledger.Tile(r) }), err
}

func (s snapshot) Objects(ctx context.Context, from, to uint64) ([]ledger.ObjectRow, error) {
	rows, err := s.Snapshot.Objects(ctx, from, to)
	return convert(rows, func(r store.ObjectRow) ledger.ObjectRow { return ledger.ObjectRow(r) }), err
}

func (s snapshot) Rows(ctx context.Context, from, to uint64) ([]ledger.ProjectedRow, error) {
	rows, err := s.Snapshot.Rows(ctx, from, to)
	return convert(rows, func(r store.ProjectedRow) ledger.ProjectedRow { return ledger.ProjectedRow(r) }), err
}

func convert[A, B any](list []A, f func(A) B) []B {
	out := make([]B, len(list))
	for i, a := range list {
		out[i] = f(a)
	}
	return out
}

// merkle gives the ledger to the store.
type merkle struct {
	*ledger.Signer
	key note.Verifier
}

func (m merkle) Leaf(event []byte) stead.Hash           { return ledger.LeafHash(event) }
func (m merkle) Open(signed []byte) (stead.Head, error) { return ledger.Open(signed, m.key) }
func (m merkle) Restore(ctx context.Context, from store.Source, size uint64) (store.Tree, error) {
	edge, err := ledger.Restore(ctx, from, size)
	return tree{edge}, err
}

type tree struct{ ledger.Edge }

func (t tree) Grow(leaves []stead.Hash) ([]store.Tile, store.Tree) {
	full, edge, _ := ledger.Integrate(t.Edge, leaves)
	return convert(full, func(f ledger.Tile) store.Tile { return store.Tile(f) }), tree{edge}
}

// TestStore verifies what the real store wrote, sealed by the real sealer.
func TestStore(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	signer, err := ledger.NewSigner("stead.test/log", key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := ledger.VerifierKey("stead.test/log", key.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	v, err := ledger.Verifier(text)
	if err != nil {
		t.Fatal(err)
	}
	master, err := keys.ParseMaster("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := keys.NewSealer(master, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	o := store.Options{Dir: t.TempDir() + "/data", Now: time.Now, Log: merkle{signer, v}, Sealer: sealer, Patience: time.Minute}
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 600 {
		if _, err := s.Append(t.Context(), authority.Entry{Changes: []stead.Change{enrolled(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	snap, err := store.TakeSnapshot(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	r, err := ledger.Verify(t.Context(), ledger.Check{Trail: snapshot{snap}, Projection: snapshot{snap}, Key: v})
	if err != nil || !r.Good() || r.Events < 600 || r.Objects != 600 || r.Projected != r.Events || r.Tiles != 2 {
		t.Errorf("%+v %v", r, err)
	}
}

func enrolled(i int) stead.Change {
	p := stead.Principal{ID: stead.PrincipalID(fmt.Sprint("prn_", i)), Version: 1, Kind: stead.Person, Directory: "staff",
		Name: fmt.Sprint("n", i), Person: stead.PersonKey(fmt.Sprint("per_", i%7))}
	e := stead.Event{ID: stead.EventID(fmt.Sprint("evt_", i)), Kind: "person.enrolled", At: time.Unix(1_800_000_000+int64(i), 0),
		Actor: "prn_0", Subject: p.ID, Outcome: stead.OK, ActorPerson: "per_0", SubjectPerson: p.Person, What: stead.Fields{"name": p.Name}}
	return stead.Change{Event: e, Records: []stead.Record{p}}
}
