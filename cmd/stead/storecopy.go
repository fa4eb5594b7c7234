package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/ledger"
	"github.com/steadhq/stead/internal/store"
)

type copyWish struct{ from, file, key, master string }

func (e *env) storeCopy() *cobra.Command {
	var w copyWish
	c := &cobra.Command{
		Use: "copy", Short: "Copy a stopped embedded store into an empty PostgreSQL database", Args: cobra.NoArgs,
		Long: "Everything is copied byte for byte: the log with its signed head, all versions of all objects, counters, the keys of people\n" +
			"(of those who were erased, that they were) and the sealed secrets. The store is verified first, as stead audit verify --data does,\n" +
			"and is only read. The copy is read back and compared before any program can open it; one that was broken off is begun again\n" +
			"by the same command. The searchable copy is not copied: the first node builds it.",
		Example: "  stead store copy --from /var/lib/stead --to-dsn-file /etc/stead/dsn",
	}
	f := c.Flags()
	f.StringVar(&w.from, "from", "", "store.dir of a server that is stopped")
	f.StringVar(&w.file, "to-dsn-file", "", "file with the connection string of an empty database")
	f.StringVar(&w.key, "key", "", "verifier key of the log, or a file with it (default: $STEAD_LOG_KEY, then log.pub beside the store)")
	f.StringVar(&w.master, "master-key-file", "", "master key, to see that what is sealed opens (default: master.key in --from, if it is there)")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if w.from == "" {
			return fail(exitUsage, "", "--from is needed: the store.dir of a server that is stopped")
		}
		dsn, err := connection("--to-dsn-file", w.file)
		if err != nil {
			return err
		}
		return e.copyStore(c.Context(), w, dsn)
	}
	return c
}

// copyStore takes the store for itself, so that nothing is added to what it verifies and copies.
func (e *env) copyStore(ctx context.Context, w copyWish, dsn string) (err error) {
	dir, err := filepath.Abs(w.from)
	if err != nil {
		return err
	}
	if filepath.Base(dir) == "store" && !exists(filepath.Join(dir, "store")) {
		dir = filepath.Dir(dir) // the secrets lie beside it
	}
	began := e.now()
	from, err := store.TakeOriginal(ctx, filepath.Join(dir, "store"))
	if stead.KindOf(err) == stead.Conflict {
		return fail(exitConflict, "stop the server, and copy then", "%s", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	sealed, err := house.SealedIn(ctx, filepath.Join(dir, "secrets"), firstLabel)
	if err != nil {
		return err
	}
	if err := vacant(ctx, dsn); err != nil {
		return err
	}
	if err := e.verifyOriginal(ctx, dir, w); err != nil {
		return err
	}
	p := &phases{e: e}
	copied, err := from.Copy(ctx, store.Copy{DSN: dsn, Secrets: sealed, Check: hashes, Progress: p.at})
	p.done()
	if err != nil {
		return brokenOff(ctx, err)
	}
	return e.copied(w, copied, e.now().Sub(began))
}

// vacant refuses early what Copy would refuse after a long look at the store.
func vacant(ctx context.Context, dsn string) error {
	c, err := store.Examine(ctx, dsn)
	switch {
	case err != nil:
		return err
	case c.Size > 0:
		return fail(exitConflict, "make another database: createdb", "the database holds a store already, with %d events: a copy goes into an empty one", c.Size)
	}
	return nil
}

// verifyOriginal refuses a store that is not as it was written: the copy would make it look whole.
func (e *env) verifyOriginal(ctx context.Context, dir string, w copyWish) error {
	wish := verifyWish{data: dir, key: w.key, master: w.master}
	v, err := e.verifier(wish, func() string {
		raw, _ := os.ReadFile(filepath.Join(dir, keyFile))
		return strings.TrimSpace(string(raw))
	})
	if err != nil {
		return err
	}
	s, err := openSnapshot(ctx, dir, w.master)
	if err != nil {
		return err
	}
	defer s.Close()
	if s.projection() == nil {
		e.say("note: without the master key it is not looked at whether what is sealed opens: --master-key-file")
	}
	p := e.progress("verified")
	report, err := ledger.Verify(ctx, ledger.Check{Trail: s, Projection: s.projection(), Rest: s.Rest(), Key: v,
		Progress: func(done, all uint64) { p.at(done, all, "events") }})
	p.done()
	if err != nil {
		return err
	}
	if !report.Good() {
		return fail(exitVerify, "keep everything as it is, and tell who is responsible for the record; stead audit verify --data "+w.from+" tells more",
			"the store does not verify, and is not copied: wrong from event %d on: %s", report.First().Index, report.First())
	}
	e.say("The store verifies: %d events, nothing is wrong.", report.Size)
	return nil
}

// hashes builds the tree over the log of the copy.
func hashes(ctx context.Context, log store.Source, head stead.Head) error {
	edge, err := ledger.Restore(ctx, log, head.Size)
	if err == nil && edge.Root() != head.Root {
		err = stead.E(stead.Broken, stead.ReasonBroken, "the log of the copy does not hash to its signed head")
	}
	return err
}

// brokenOff says what is left behind by a copy that did not come to its end.
func brokenOff(ctx context.Context, err error) error {
	switch {
	case stead.KindOf(err) == stead.Conflict:
		return fail(exitConflict, "make another database: createdb", "%s", err)
	case stead.KindOf(err) == stead.Invalid:
		return err
	case ctx.Err() != nil:
		return fail(exitFailed, "the same command begins it again", "the copy was broken off: no program opens what is in the database now")
	}
	return fail(codeOf(err), "the same command begins it again; no program opens what is in the database now", "%s", err)
}

func (e *env) copied(w copyWish, c store.Copied, took time.Duration) error {
	said := struct {
		From    string        `json:"from"`
		Size    uint64        `json:"size"`
		Root    string        `json:"root"`
		Tables  []store.Table `json:"tables"`
		Seconds float64       `json:"seconds"`
	}{w.from, c.Head.Size, c.Head.Root.String(), c.Tables, took.Round(time.Millisecond).Seconds()}
	err := e.print(said, func(t *table) {
		t.columns = []string{"copied", "rows", "sha-256"}
		for _, one := range c.Tables {
			t.row(one.Name, number(one.Rows), one.Digest)
		}
	})
	if err != nil {
		return err
	}
	e.say("Copied and compared in %s: %d events, root %s, the same signed head.", took.Round(time.Millisecond), said.Size, said.Root)
	file, _ := filepath.Abs(w.file) // who needs the whole path has it; else the one that was given
	e.say("  next: set store.driver: postgres and store.dsn_file: %s in the configuration, and give every node the same master key", file)
	e.say("        (keys.master_key_file, or master.key in its store.dir). Then start it. Keep %s as it is, and never start", w.from)
	e.say("        a server on it again: there would be two records that both claim to be the one.")
	return nil
}

// phases is progress that is told by what is being done.
type phases struct {
	e   *env
	now *progress
}

func (p *phases) at(doing string, done, all uint64) {
	if p.now == nil {
		p.now = p.e.progress(doing)
	}
	p.now.what = doing
	p.now.at(done, all, "rows")
}

func (p *phases) done() {
	if p.now != nil {
		p.now.done()
	}
}
