package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/client/admin"
	"github.com/steadhq/stead/internal/ledger"
	"golang.org/x/mod/sumdb/note"
)

type verifyWish struct {
	data, dsn, config, file, checkpoint, key, master string
}

func (e *env) auditVerify() *cobra.Command {
	var w verifyWish
	c := &cobra.Command{
		Use: "verify", Short: "Check that nothing in the record was changed, left out, put in or rolled back", Args: cobra.NoArgs,
		Long: "Check the record of the running server, of a store on this machine (--data), in a PostgreSQL database (--dsn-file,\n" +
			"or --config where the configuration names one), or of an export (--file).\n\n" +
			"Of a store everything that somebody with its files or tables could edit is compared with the signed log, as it is at one\n" +
			"moment: events, hashes, objects and which of them are live, counters, keys of people, the searchable copy, and the form of\n" +
			"the files or tables themselves. Of a server and of an export it is the events. For a database the right to read suffices:\n" +
			"USAGE on the schemas stead and stead_keys, SELECT on the tables of stead, on stead_keys.keys and stead_keys.erasures, and\n" +
			"on public.stead_schema. That events were pruned must be said by an event.\n\n" +
			"A key and a checkpoint from elsewhere are what makes it strong: who can write the store can also write a key beside it.\n" +
			"The key comes from --key, $STEAD_LOG_KEY or --profile; the one beside the record is said to be that, unless you have logged\n" +
			"in to its server, which kept it. The exit code is 7 when something is wrong, and the first bad index is named.",
		Example: "  stead audit verify\n  stead audit verify --data /var/lib/stead --checkpoint last.note --key \"$(cat log.pub)\"\n  stead audit verify --dsn-file reader.dsn --key log.pub --checkpoint last.note\n  stead audit verify --file export.jsonl --checkpoint last.note",
	}
	f := c.Flags()
	f.StringVar(&w.data, "data", "", "folder of a store; it is only read")
	f.StringVar(&w.dsn, "dsn-file", "", "file with the connection string of a store's database; it is only read")
	f.StringVar(&w.config, "config", "", "configuration of a server: its store, with its master key")
	f.StringVar(&w.file, "file", "", "an export, - for stdin")
	f.StringVar(&w.checkpoint, "checkpoint", "", "file with a checkpoint that was kept elsewhere")
	f.StringVar(&w.key, "key", "", "verifier key of the log, or a file with it")
	f.StringVar(&w.master, "master-key-file", "", "master key of a store, to check the searchable copy too")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if w.data != "" && w.file != "" || (w.data != "" || w.file != "") && (w.dsn != "" || w.config != "") {
			return fail(exitUsage, "", "one of --data, --dsn-file or --config, and --file")
		}
		return e.verify(c.Context(), w)
	}
	return c
}

func (e *env) verify(ctx context.Context, w verifyWish) error {
	switch {
	case w.data != "" || w.dsn != "" || w.config != "":
		return e.verifyStore(ctx, w)
	case w.file == "-":
		return e.verifyExport(e.in, w, false)
	case w.file != "":
		f, err := os.Open(w.file)
		if err != nil {
			return fail(exitNotFound, "", "%s cannot be read: %s", w.file, unwrapped(err))
		}
		defer f.Close()
		return e.verifyExport(f, w, false)
	}
	return e.verifyServer(ctx, w)
}

// verifyServer reads the whole log from the server and checks it here. What it led to is kept and compared the next
// time.
func (e *env) verifyServer(ctx context.Context, w verifyWish) error {
	c, err := e.client()
	if err != nil {
		return err
	}
	if w.key == "" && e.getenv("STEAD_LOG_KEY") == "" {
		w.key = c.profile.Key
	}
	resp, err := c.ExportAuditRaw(ctx, admin.ExportAuditQuery{})
	if codeOf(err) == exitNotFound {
		return fail(exitDenied, "sign in as an auditor, or verify an export: --file", "only auditors read the whole record")
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	tail := &lastLine{}
	err = e.verifyExport(io.TeeReader(resp.Body, tail), w, c.profile.Checkpoint != "" && w.checkpoint == "")
	if err != nil {
		return err
	}
	var end struct {
		Checkpoint string `json:"checkpoint"`
	}
	if json.Unmarshal(tail.line, &end) != nil || end.Checkpoint == "" || c.profile.Token == "" {
		return nil
	}
	return e.keep(c.name, func(p *profile) { p.Checkpoint = end.Checkpoint })
}

// lastLine keeps the last whole line written to it.
type lastLine struct{ line, part []byte }

func (l *lastLine) Write(p []byte) (int, error) {
	for _, b := range p {
		if b == '\n' {
			l.line, l.part = append(l.line[:0], l.part...), l.part[:0]
			continue
		}
		l.part = append(l.part, b)
	}
	return len(p), nil
}

func (e *env) verifyExport(r io.Reader, w verifyWish, own bool) error {
	in := bufio.NewReaderSize(r, 1<<16)
	v, err := e.verifier(w, func() string { return headerKey(in) })
	if err != nil {
		return err
	}
	outside, err := e.outside(w, v, own)
	if err != nil {
		return err
	}
	p := e.progress("verified")
	report, head, err := ledger.VerifyExport(in, ledger.ExportCheck{Key: v, Outside: outside, Progress: func(n uint64) { p.at(n, 0, "lines") }})
	p.done()
	if err != nil {
		return err
	}
	if w.file == "" {
		return e.verdict(report, "the record", asIs)
	}
	if err := e.verdict(report, w.file, "ask for the file again, and compare the key with one that came another way"); err != nil {
		return err
	}
	query := head.Query
	if query == "" {
		query = "everything"
	}
	e.say("It was asked for by %s on %s: %s", head.By, when(head.At), query)
	return nil
}

// headerKey is the key that an export names itself, without taking the line away.
func headerKey(in *bufio.Reader) string {
	head, _ := in.Peek(4096)
	line, _, _ := strings.Cut(string(head), "\n")
	var h ledger.ExportHeader
	if json.Unmarshal([]byte(line), &h) != nil {
		return ""
	}
	return h.Key
}

// verifier gets the key: from the flag, the environment or, with a warning, from where the record itself lies.
func (e *env) verifier(w verifyWish, beside func() string) (note.Verifier, error) {
	text := w.key
	if text == "" {
		text = e.getenv("STEAD_LOG_KEY")
	}
	if raw, err := os.ReadFile(text); err == nil && text != "" {
		text = strings.TrimSpace(string(raw))
	}
	if text == "" && (w.data != "" || w.dsn != "" || w.config != "" || w.file != "") {
		if _, p, err := e.here(); err == nil && p.Key != "" && e.getenv("STEAD_ADDR") == "" && e.profile != "" {
			text = p.Key
		}
	}
	if text == "" {
		if text = beside(); text != "" && !e.keeps(text) {
			e.say("note: checked by the key that lies beside the record (%s). Whoever could write the record could write that too: give --key.", text)
		}
	}
	if text == "" {
		return nil, fail(exitUsage, "give --key: stead audit checkpoint prints it", "there is no verifier key to check with")
	}
	return ledger.Verifier(text)
}

// keeps tells whether a key is that of a server that was logged in to.
func (e *env) keeps(key string) bool {
	kept, err := e.profiles()
	if err != nil {
		return false
	}
	for _, p := range kept.Profiles {
		if p.Key == key {
			return true
		}
	}
	return false
}

// outside is a checkpoint from elsewhere: a file, or the one that this profile verified last.
func (e *env) outside(w verifyWish, v note.Verifier, own bool) (*stead.Head, error) {
	var raw []byte
	switch {
	case w.checkpoint != "":
		var err error
		if raw, err = os.ReadFile(w.checkpoint); err != nil {
			return nil, fail(exitNotFound, "", "%s cannot be read: %s", w.checkpoint, unwrapped(err))
		}
	case own:
		_, p, err := e.here()
		if err != nil {
			return nil, err
		}
		raw = []byte(p.Checkpoint)
	default:
		return nil, nil
	}
	head, err := ledger.Open(raw, v)
	if err != nil {
		return nil, fail(exitVerify, "is it of this log, and is the key right?", "the checkpoint does not hold: %s", err)
	}
	return &head, nil
}

func (e *env) verifyStore(ctx context.Context, w verifyWish) error {
	at, err := e.lies(w)
	if err != nil {
		return err
	}
	v, err := e.verifier(w, func() string {
		if at.dir == "" {
			return ""
		}
		raw, _ := os.ReadFile(filepath.Join(at.dir, keyFile))
		return strings.TrimSpace(string(raw))
	})
	if err != nil {
		return err
	}
	outside, err := e.outside(w, v, false)
	if err != nil {
		return err
	}
	s, err := at.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	if s.projection() == nil {
		e.say("note: without the master key and what it opens the searchable copy is not looked at, nor whether what is sealed opens.")
	}
	p := e.progress("verified")
	report, err := ledger.Verify(ctx, ledger.Check{
		Trail: s, Projection: s.projection(), Rest: s.Rest(), Key: v, Outside: outside,
		Progress: func(done, all uint64) { p.at(done, all, "events") },
	})
	p.done()
	if err != nil {
		return err
	}
	return e.verdict(report, "the record", asIs)
}

// asIs is what to do when a record is wrong.
const asIs = "keep everything as it is, and tell who is responsible for the record"

// verdict prints a report on what was checked. Something wrong is exit code 7, with the first bad index and what to do next.
func (e *env) verdict(r ledger.Report, what, next string) error {
	err := e.print(r, func(t *table) {
		t.row("log", r.Origin)
		t.row("size", number(r.Size))
		t.row("root", r.Root.String())
		t.row("events read", number(r.Events))
		for _, one := range []struct {
			name string
			n    uint64
		}{{"left out", r.Skipped}, {"pruned", r.Pruned}, {"objects", r.Objects}, {"tiles", r.Tiles}, {"searchable", r.Projected}, {"checkpoint from elsewhere", r.Outside}} {
			if one.n > 0 {
				t.row(one.name, number(one.n))
			}
		}
		for _, f := range r.Faults {
			t.row("WRONG", f.String())
		}
	})
	if err != nil || r.Good() {
		if err == nil {
			e.say("Nothing is wrong.")
		}
		return err
	}
	if r.First().What == "export" {
		return fail(exitVerify, next, "%s: %s", what, r.First())
	}
	return fail(exitVerify, next, "%s is wrong from event %d on: %s", what, r.First().Index, r.First())
}

func (e *env) auditProve() *cobra.Command {
	var out, key string
	c := &cobra.Command{
		Use: "prove INDEX", Short: "Prove to a stranger that one event is in the log", Args: cobra.ExactArgs(1),
		Long: "Fetch an event with its proof (C2SP tlog-proof), check both, and print the proof. Event and proof together with the\nverifier key are all that a stranger needs.",
		RunE: func(c *cobra.Command, args []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			var in inclusion
			index, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return fail(exitUsage, "stead audit search tells it", "%q is no place in the log", args[0])
			}
			p, err := client.ProveEvent(c.Context(), admin.ProveEventQuery{Index: index})
			if err != nil {
				return err
			}
			in.Index, in.Event, in.Proof, in.Key = uint64(p.Index), p.Event, p.Proof, p.Key
			if key == "" {
				key = client.profile.Key
			}
			if err := e.prove(&in, key); err != nil {
				return err
			}
			if out != "" {
				return writeProof(out, in)
			}
			return e.print(in, func(t *table) { t.row(strings.TrimRight(in.Event, "\n")); t.row(""); proofRows(t, in.Proof) })
		},
	}
	c.Flags().StringVar(&out, "out", "", "write OUT.event and OUT.proof instead of printing")
	c.Flags().StringVar(&key, "key", "", "verifier key of the log (default: the profile's)")
	return c
}

func (e *env) prove(in *inclusion, key string) error {
	v, err := e.verifier(verifyWish{key: key}, func() string { return in.Key })
	if err != nil {
		return err
	}
	p, err := ledger.ParseInclusion([]byte(in.Proof))
	if err != nil {
		return fail(exitVerify, "", "the proof cannot be read: %s", err)
	}
	head, err := p.Check([]byte(in.Event), v)
	if err != nil {
		return fail(exitVerify, "", "the proof does not hold: %s", err)
	}
	in.Leaf = ledger.LeafHash([]byte(in.Event))
	e.say("Event %d is in the log of %s, as of %d events.", in.Index, v.Name(), head.Size)
	return nil
}

func proofRows(t *table, proof string) {
	for line := range strings.SplitSeq(strings.TrimRight(proof, "\n"), "\n") {
		t.row(line)
	}
}

func writeProof(name string, in inclusion) error {
	if err := os.WriteFile(name+".event", []byte(in.Event), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(name+".proof", []byte(in.Proof), 0o600); err != nil {
		return fmt.Errorf("write the proof: %w", err)
	}
	return nil
}
