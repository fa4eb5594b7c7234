package soak

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/ledger"
	"github.com/steadhq/stead/internal/store"
	"golang.org/x/mod/sumdb/note"
)

// TestTampering edits, deletes, adds, swaps and rolls back what a house has written: events, tiles, objects and rows of
// the projection, some with the log's own key at hand, some in the files themselves. Whoever kept a checkpoint finds
// every one of them with the code of "stead audit verify". // K1, K2, S-I31
func TestTampering(t *testing.T) {
	began := time.Now()
	trial := newTrial(t)
	each, inFiles := 50, 12
	if os.Getenv("STEAD_SOAK") != "" {
		each, inFiles = 1000, 60
	}
	found, all := 0, 0
	for _, kind := range forgeries() {
		n, kindBegan := 0, time.Now()
		for i := range each {
			if i < inFiles {
				n += trial.file(t, kind.sql[i%len(kind.sql)])
			} else {
				n += trial.memory(t, kind.name, kind.forge[i%len(kind.forge)])
			}
		}
		row(fmt.Sprintf("tampering: %s, %d of them in the files", kind.name, inFiles), each, kindBegan, fmt.Sprintf("%d found", n))
		found, all = found+n, all+each
	}
	t.Logf("found %d of %d in %s, in a log of %d events", found, all, time.Since(began).Round(time.Second), trial.head.Size)
	if found != all {
		t.Errorf("%d were not found", all-found)
	}
}

// A trial is a log that is true, and what its owner keeps elsewhere.
type trial struct {
	options store.Options
	key     note.Verifier
	signer  *ledger.Signer
	head    stead.Head // the checkpoint from elsewhere
	true    *record
	random  *mathrand.Rand
}

func newTrial(t *testing.T) *trial {
	t.Helper()
	h := housetest.New(t)
	live2000(t, h)
	if err := h.Store.Settled(t.Context(), h.Store.Head().Size); err != nil {
		t.Fatal(err)
	}
	seed := uint64(1)
	if os.Getenv("STEAD_SOAK") != "" {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seed)
	tr := &trial{random: mathrand.New(mathrand.NewPCG(1, seed))}
	var err error
	if tr.key, err = ledger.Verifier(h.Verifier); err != nil {
		t.Fatal(err)
	}
	if tr.signer, err = ledger.NewSigner(h.Options.Origin, ed25519.PrivateKey(h.Options.LogKey)); err != nil {
		t.Fatal(err)
	}
	sealer, err := keys.NewSealer(h.Options.Master, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tr.options = store.Options{Dir: h.Options.Dir, Sealer: sealer}
	h.Shut()
	tr.true = readRecord(t, tr.options)
	tr.head = tr.true.st.Head
	if r := tr.verify(t, tr.true, tr.true); !r.Good() {
		t.Fatalf("before anything was touched: %s", r.First())
	}
	return tr
}

// live2000 lets people sign in, act for each other and be refused until the log has some two thousand events.
func live2000(t *testing.T, h *housetest.House) {
	t.Helper()
	for n := 0; h.Store.Head().Size < 2000; n++ {
		who := []string{"staff/sam", "staff/tess"}[n%2]
		whom := []string{"customers/dana", "customers/erin"}[n/2%2]
		by := h.Login(who, "stead.test")
		m, err := h.Act(by, who, whom, []stead.Mode{stead.ReadOnly, stead.Edit}[n/4%2])
		if err != nil && stead.KindOf(err) != stead.Refused {
			t.Fatal(err)
		}
		actions := []stead.Action{stead.ActionRead, stead.ActionWrite, stead.ActionRead}
		for i := range 60 {
			if _, err := h.Decide(t.Context(), h.Question(by, m, actions[i%3], fmt.Sprintf("/orders/%d", i))); err != nil {
				t.Fatal(err)
			}
		}
		if m.State == stead.Active {
			if _, err := h.End(t.Context(), by, m.ID); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.SignOut(t.Context(), by); err != nil {
			t.Fatal(err)
		}
	}
}

func (tr *trial) verify(t *testing.T, trail ledger.Trail, p ledger.Projection) ledger.Report {
	t.Helper()
	r, err := ledger.Verify(t.Context(), ledger.Check{Trail: trail, Projection: p, Key: tr.key, Outside: &tr.head})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// memory tries a forgery on a copy in memory and gives 1 if it was found.
func (tr *trial) memory(t *testing.T, kind string, forge func(*trial, *record)) int {
	t.Helper()
	bad := tr.true.copy()
	forge(tr, bad)
	bad.count()
	r := tr.verify(t, bad, bad)
	if r.Good() || r.First().Index > bad.st.Head.Size {
		t.Errorf("%s: %+v %d events, %d tiles, %d objects, %d rows", kind, r, len(bad.events), len(bad.tiles[0]), len(bad.objects), len(bad.rows))
		return 0
	}
	return 1
}

// file tries a forgery in the files and gives 1 if it was found.
func (tr *trial) file(t *testing.T, f forgedFile) int {
	t.Helper()
	o := tr.options
	o.Dir = t.TempDir()
	if err := os.CopyFS(o.Dir, os.DirFS(tr.options.Dir)); err != nil {
		t.Fatal(err)
	}
	text := f.run(t, o.Dir, tr)
	snap, err := store.TakeSnapshot(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	r := tr.verify(t, trail{snap}, trail{snap})
	if r.Good() {
		t.Errorf("not found: %s", text)
		return 0
	}
	return 1
}

// trail gives a snapshot to the verifier.
type trail struct{ *store.Snapshot }

func (t trail) Standing(ctx context.Context) (ledger.Standing, error) {
	st, err := t.Snapshot.Standing(ctx)
	return ledger.Standing(st), err
}

func (t trail) Events(ctx context.Context, from, to uint64) ([]ledger.EventRow, error) {
	rows, err := t.Snapshot.Events(ctx, from, to)
	return turn(rows, func(r store.EventRow) ledger.EventRow { return ledger.EventRow(r) }), err
}

func (t trail) Tiles(ctx context.Context, level int, from, to uint64) ([]ledger.Tile, error) {
	rows, err := t.Snapshot.Tiles(ctx, level, from, to)
	return turn(rows, func(r store.Tile) ledger.Tile { return ledger.Tile(r) }), err
}

func (t trail) Objects(ctx context.Context, from, to uint64) ([]ledger.ObjectRow, error) {
	rows, err := t.Snapshot.Objects(ctx, from, to)
	return turn(rows, func(r store.ObjectRow) ledger.ObjectRow { return ledger.ObjectRow(r) }), err
}

func (t trail) Rows(ctx context.Context, from, to uint64) ([]ledger.ProjectedRow, error) {
	rows, err := t.Snapshot.Rows(ctx, from, to)
	return turn(rows, func(r store.ProjectedRow) ledger.ProjectedRow { return ledger.ProjectedRow(r) }), err
}

func turn[A, B any](list []A, f func(A) B) []B {
	out := make([]B, len(list))
	for i := range list {
		out[i] = f(list[i])
	}
	return out
}
