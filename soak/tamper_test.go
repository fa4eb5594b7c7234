package soak

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // for database/sql
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/ledger"
	"github.com/steadhq/stead/internal/store"
	"github.com/steadhq/stead/internal/store/pgtest"
	"golang.org/x/mod/sumdb/note"
)

// TestTampering edits, deletes, adds, swaps and rolls back what a house has written: events, tiles, objects and rows of
// the projection, some with the log's own key at hand, some in the files themselves. Whoever kept a checkpoint finds
// every one of them with the code of "stead audit verify". // K1, K2, S-I31
func TestTampering(t *testing.T) {
	t.Parallel()
	trial := newTrial(t, nil)
	for _, kind := range forgeries() {
		each, inFiles := 50, 12
		if os.Getenv("STEAD_SOAK") != "" {
			each, inFiles = 1000, 60
		}
		if kind.forge == nil {
			each, inFiles = inFiles*4, inFiles*4
		}
		kind.sql = append(kind.sql, sqlOfSQLite(kind.name)...)
		trial.all(t, kind, each, inFiles, fmt.Sprintf("tampering: %s, %d of them in the files", kind.name, inFiles))
	}
}

// TestTamperingOnPostgres does in the tables, as their owner, what SQL can do. // K1, K2, S-I31
func TestTamperingOnPostgres(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	trial := newTrial(t, server)
	for _, kind := range forgeries() {
		kind.sql = append(kind.sql, sqlOfPostgres(kind.name)...)
		each := len(kind.sql)
		if os.Getenv("STEAD_SOAK") != "" {
			each = 210
		}
		trial.all(t, kind, each, each, "tampering on PostgreSQL: "+kind.name)
	}
}

// all tries the forgeries of one kind, as many as asked for beside those that nothing can tell.
func (tr *trial) all(t *testing.T, kind forgery, each, inFiles int, name string) {
	t.Helper()
	n, began := 0, time.Now()
	tr.behind, tr.anyway = 0, 0
	for i := 0; i < each+tr.behind; i++ {
		tr.keepHead()
		if i < inFiles {
			n += tr.file(t, kind.sql[i%len(kind.sql)])
		} else {
			n += tr.memory(t, kind.name, i, kind.forge[i%len(kind.forge)])
		}
	}
	text := fmt.Sprintf("%d of %d found, by their index", n, each)
	if tr.behind > 0 {
		text += fmt.Sprintf("; of %d more, signed behind the checkpoint, %d", tr.behind, tr.anyway)
	}
	row(name, each, began, text)
	if n != each {
		t.Errorf("%s: %d were not found", kind.name, each-n)
	}
}

// A trial is a log that is true, and what its owner keeps elsewhere.
type trial struct {
	options store.Options
	server  *pgtest.Server // nil: files of SQLite
	key     note.Verifier
	signer  *ledger.Signer
	head    stead.Head // the checkpoint from elsewhere
	true    *record
	random  *mathrand.Rand

	counters []string          // those that a change must be found of
	counted  map[string]uint64 // last event that counted them
	keys     []int64           // of those who were not erased
	gone     int64             // of him who was
	sealed   map[int64]uint64  // first event that says something under a key, or wrote it
	spoken   map[int64]uint64  // first event that wrote something under a key
	filed    [64]uint64        // first event that is filed in a bucket of words

	behind, anyway int // forgeries that nothing can tell, and those that were told anyway
}

func newTrial(t *testing.T, server *pgtest.Server) *trial {
	t.Helper()
	h := housetest.New(t, func(o *house.Options) {
		if server != nil {
			o.DSN = server.Create(t)
		}
	})
	size := uint64(1290) // five whole tiles, some of which forgeries turn around, and a part of one
	if os.Getenv("STEAD_SOAK") != "" {
		size = 2000
	}
	liveUntil(t, h, size)
	root := h.Login("staff/root", "stead.test")
	if err := h.Erase(t.Context(), root, h.People["partners/dana"].ID); err != nil {
		t.Fatal(err)
	}
	if err := h.SignOut(t.Context(), root); err != nil {
		t.Fatal(err)
	}
	if err := h.Store.Settled(t.Context(), h.Store.Head().Size); err != nil {
		t.Fatal(err)
	}
	tr := &trial{random: random(t), server: server}
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
	tr.options = store.Options{Dir: h.Options.Dir, DSN: h.Options.DSN, Sealer: sealer}
	h.Shut()
	if server != nil {
		server.Edit(t, tr.options.DSN, pgtest.Dialect)
		server.Stop(syscall.SIGINT)
		server.Run(t, "fsync=off") // nothing of the copies must last
	}
	tr.true = readRecord(t, tr.options)
	tr.head = tr.true.st.Head
	tr.learn(t)
	if r := tr.look(t, tr.options); !r.Good() {
		t.Fatalf("before anything was touched: %s", r.First())
	}
	return tr
}

// random gives what a seed leads to: one of STEAD_SEED, the time's in a soak run, 1 otherwise.
func random(t *testing.T) *mathrand.Rand {
	t.Helper()
	seed := uint64(1)
	if os.Getenv("STEAD_SOAK") != "" {
		seed = uint64(time.Now().UnixNano())
	}
	if text := os.Getenv("STEAD_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed %d", seed)
	return mathrand.New(mathrand.NewPCG(1, seed))
}

// keepHead keeps another checkpoint elsewhere: that of the end, or one from the middle of the log.
func (tr *trial) keepHead() {
	if tr.head = tr.true.st.Head; tr.random.IntN(2) == 0 {
		return
	}
	leaves := make([]stead.Hash, 1+tr.random.IntN(len(tr.true.events)-1))
	for i := range leaves {
		leaves[i] = tr.true.events[i].Leaf
	}
	_, edge, root := ledger.Integrate(ledger.Edge{}, leaves)
	tr.head = stead.Head{Size: edge.Size(), Root: root}
}

// liveUntil lets people sign in, act for each other and be refused until the log has about as many events as size.
func liveUntil(t *testing.T, h *housetest.House, size uint64) {
	t.Helper()
	for n := 0; h.Store.Head().Size < size; n++ {
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

// memory tries a forgery on a copy in memory and gives 1 if it was found.
func (tr *trial) memory(t *testing.T, kind string, n int, forge func(*trial, *record) want) int {
	t.Helper()
	bad := tr.true.copy()
	w := forge(tr, bad)
	bad.count()
	r, err := ledger.Verify(t.Context(), ledger.Check{Trail: bad, Projection: bad, Key: tr.key, Outside: &tr.head})
	if err != nil {
		t.Fatal(err)
	}
	return tr.judge(t, fmt.Sprintf("%s %d, checkpoint of %d", kind, n, tr.head.Size), r, w)
}

// file tries a forgery in the files, or the tables, and gives 1 if it was found.
func (tr *trial) file(t *testing.T, f forgedFile) int {
	t.Helper()
	o := tr.options
	if tr.server != nil {
		o.DSN = tr.server.Copy(t, o.DSN)
		defer tr.server.Drop(t, o.DSN)
	} else {
		o.Dir = t.TempDir()
		defer os.RemoveAll(o.Dir)
		if err := os.CopyFS(o.Dir, os.DirFS(tr.options.Dir)); err != nil {
			t.Fatal(err)
		}
	}
	db := tr.database(t, o, f.file)
	text, w := f.run(t, db, tr)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return tr.judge(t, text, tr.look(t, o), w)
}

// database opens one file of SQLite's, or the database, with all rights.
func (tr *trial) database(t *testing.T, o store.Options, file string) *sql.DB {
	t.Helper()
	driver, dsn := "sqlite", "file:"+filepath.Join(o.Dir, file)
	if tr.server != nil {
		driver, dsn = "pgx", o.DSN+"&search_path=stead,stead_keys,sqlite"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	return db
}

// look verifies files as "stead audit verify" does.
func (tr *trial) look(t *testing.T, o store.Options) ledger.Report {
	t.Helper()
	snap, err := store.TakeSnapshot(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	r, err := ledger.Verify(t.Context(), ledger.Check{Trail: trail{snap}, Projection: trail{snap}, Rest: snap.Rest(), Key: tr.key, Outside: &tr.head})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// judge compares a report with what must be named.
func (tr *trial) judge(t *testing.T, text string, r ledger.Report, w want) int {
	t.Helper()
	f := r.First()
	if w.unseen {
		tr.behind++
		if !r.Good() {
			tr.anyway++
		}
		return 0
	}
	exact := f.Index == w.index
	held := f.Index <= w.index && w.index < f.To
	late := w.index >= tr.tail() && f.Index >= w.index
	if !r.Good() && (exact || w.vague && (held || late)) {
		return 1
	}
	t.Errorf("%s: must name %d (vague: %v), names %+v (good: %v)", text, w.index, w.vague, f, r.Good())
	return 0
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
