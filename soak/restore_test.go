package soak

import (
	"context"
	"crypto/rand"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/ledger"
	"github.com/steadhq/stead/internal/store"
)

// TestOldFiles puts older copies of the files back, all of them and one alone, with the mirrored head there and gone,
// and asks the start, the verifier, and whoever kept a checkpoint. // K2, K14, S-I31, S-I32
func TestOldFiles(t *testing.T) {
	o := newOld(t)
	for _, c := range []struct {
		name    string
		files   []string
		mirror  bool
		refused bool   // the start refuses
		within  string // what the verifier says without a checkpoint from elsewhere; "" good
		outside uint64 // the index it names with one
	}{
		{"all, mirror there", []string{"stead.db", "events.db", "keys.db"}, true, true, "", o.then.Size},
		{"all, mirror gone", []string{"stead.db", "events.db", "keys.db"}, false, false, "", o.then.Size},
		{"the log alone", []string{"stead.db"}, true, true, "no event erased anybody", o.erased},
		{"the log alone, mirror gone", []string{"stead.db"}, false, false, "no event erased anybody", o.erased},
		{"the keys alone", []string{"keys.db"}, true, false, "the projection does not say", o.undone},
		{"the projection alone", []string{"events.db"}, true, false, "", 0}, // it may lag, and follows
	} {
		t.Run(c.name, func(t *testing.T) { o.try(t, c.files, c.mirror, c.refused, c.within, c.outside) })
	}
}

// An old is a house that was copied, lived on, and was copied again.
type old struct {
	options  house.Options
	before   string // the older copy
	now      string
	then     stead.Head // of the older copy
	head     stead.Head
	mirror   []byte
	erased   uint64 // the event that enrolled him who was erased later
	undone   uint64 // the first that says something under his key
	store    store.Options
	verifier string
}

func newOld(t *testing.T) *old {
	t.Helper()
	dir := t.TempDir()
	o := &old{before: filepath.Join(dir, "before"), now: filepath.Join(dir, "now")}
	h := housetest.New(t, func(in *house.Options) { in.Dir, in.Mirror = filepath.Join(dir, "live"), filepath.Join(dir, "head") })
	sam, root := h.Login("staff/sam", "stead.test"), h.Login("staff/root", "stead.test")
	if _, err := h.Act(sam, "staff/sam", "customers/dana", stead.ReadOnly); err != nil {
		t.Fatal(err)
	}
	copied := func(to string) {
		t.Helper()
		h.Shut()
		err := os.CopyFS(to, os.DirFS(h.Options.Dir))
		if err == nil {
			o.mirror, err = os.ReadFile(h.Options.Mirror)
		}
		if err != nil {
			t.Fatal(err)
		}
		h.Open()
	}
	copied(o.before)
	if err := h.Erase(t.Context(), root, h.People["partners/dana"].ID); err != nil {
		t.Fatal(err)
	}
	for range 300 {
		if _, err := h.Decide(t.Context(), h.Question(sam, stead.Mandate{}, stead.ActionRead, "/orders/1")); err != nil {
			t.Fatal(err)
		}
	}
	copied(o.now)
	sealer, err := keys.NewSealer(h.Options.Master, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	o.options, o.verifier, o.store = h.Options, h.Verifier, store.Options{Sealer: sealer}
	h.Shut()
	o.then, o.head = o.standing(t, o.before), o.standing(t, o.now)
	return o
}

func (o *old) standing(t *testing.T, dir string) stead.Head {
	t.Helper()
	in := o.store
	in.Dir = dir
	snap, err := store.TakeSnapshot(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	st, err := snap.Standing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o.learn(t, snap)
	return st.Head
}

// learn reads where him who was erased, the last who was enrolled, is spoken of.
func (o *old) learn(t *testing.T, snap *store.Snapshot) {
	t.Helper()
	objects, err := snap.Objects(t.Context(), 0, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	var key int64
	for _, one := range objects {
		ids := map[int64]uint64{}
		if named(ids, one.Body[1:], 0); one.Kind == stead.KindPrincipal && one.Version == 1 {
			o.erased = one.Index
			for key = range ids {
			}
		}
	}
	events, err := snap.Events(t.Context(), 0, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	first := map[int64]uint64{}
	for _, e := range events {
		for _, part := range sealedParts(t, e.Stored) {
			named(first, part, e.Index)
		}
	}
	o.undone = first[key]
}

func (o *old) try(t *testing.T, files []string, mirror, refused bool, within string, outside uint64) {
	dir := filepath.Join(t.TempDir(), "store")
	if err := os.CopyFS(dir, os.DirFS(o.now)); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(filepath.Join(o.before, f))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, f), raw, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	alone, seen := o.look(t, dir, nil), o.look(t, dir, &o.head)
	if within == "" && !alone.Good() || within != "" && !strings.Contains(alone.First().Text, within) {
		t.Errorf("without a checkpoint: %+v", alone.First())
	}
	if outside == 0 && !seen.Good() || outside != 0 && seen.First().Index != outside {
		t.Errorf("with a checkpoint: %+v, must name %d", seen.First(), outside)
	}
	in := o.options
	in.Dir, in.Mirror = dir, filepath.Join(t.TempDir(), "head")
	if mirror {
		if err := os.WriteFile(in.Mirror, o.mirror, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h, err := house.Open(context.Background(), in)
	if err == nil {
		if err := h.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
	if refused && stead.ReasonOf(err) != stead.ReasonStale || !refused && err != nil {
		t.Errorf("the start says %v", err)
	}
}

func (o *old) look(t *testing.T, dir string, outside *stead.Head) ledger.Report {
	t.Helper()
	v, err := ledger.Verifier(o.verifier)
	if err != nil {
		t.Fatal(err)
	}
	in := o.store
	in.Dir = dir
	snap, err := store.TakeSnapshot(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	r, err := ledger.Verify(t.Context(), ledger.Check{Trail: trail{snap}, Projection: trail{snap}, Rest: snap.Rest(), Key: v, Outside: outside})
	if err != nil {
		t.Fatal(err)
	}
	return r
}
