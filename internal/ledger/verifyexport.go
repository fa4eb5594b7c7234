package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
	"io"

	"github.com/steadhq/stead"
	"golang.org/x/mod/sumdb/note"
)

// ExportCheck is how an export is verified. Key and Outside come from elsewhere, never from the export.
type ExportCheck struct {
	Key      note.Verifier
	Outside  *stead.Head // nil: only the export itself is checked
	Progress func(line uint64)
}

// VerifyExport reads an export and rebuilds the root from it. What is wrong in the file is in the report; an error
// is a file that could not be read.
func VerifyExport(r io.Reader, c ExportCheck) (Report, ExportHeader, error) {
	if c.Key == nil {
		return Report{}, ExportHeader{}, invalid("say by which verifier key the export is to be checked")
	}
	x := &exportVerifier{lines: newLineReader(r), out: outside{head: c.Outside}, check: c, sha: sha256.New(), file: sha256.New(), ends: [1]byte{'\n'}}
	x.report.Origin = c.Key.Name()
	if err := x.header(); err != nil {
		return x.report, x.head, err
	}
	err := x.body()
	return x.report, x.head, err
}

type exportVerifier struct {
	check  ExportCheck
	lines  *lineReader
	out    outside
	tree   span
	head   ExportHeader
	report Report
	sha    hash.Hash
	file   hash.Hash // of the lines before the closing one
	leaf   [1]byte   // what RFC 6962 puts before a leaf: 0
	ends   [1]byte   // the end of a line
	sum    stead.Hash
	text   [hashText]byte
}

func (x *exportVerifier) header() error {
	line, err := x.lines.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strictJSON(line, &x.head) != nil || x.head.Form != ExportForm {
		return invalid("this is no export: its first line is not a header of the form %s", ExportForm)
	}
	if x.head.Origin != x.check.Key.Name() {
		x.report.fault(0, "line", "the export says it is of %.100q, the verifier key is of %q", x.head.Origin, x.check.Key.Name())
	}
	x.had(line)
	x.out.at(&x.tree)
	return nil
}

// had adds a line to what the statement is about.
func (x *exportVerifier) had(line []byte) {
	x.file.Write(line)
	x.file.Write(x.ends[:])
}

// body reads until the end, or to the first line that is wrong: what follows it can no longer be placed.
func (x *exportVerifier) body() error {
	for {
		line, err := x.lines.next()
		if errors.Is(err, io.EOF) {
			x.report.fault(x.tree.size, "line", "the export ends here, without its closing line: it was cut")
			return nil
		}
		if err != nil {
			return err
		}
		if done := x.line(line); done {
			return x.rest()
		}
		x.had(line)
		if x.check.Progress != nil && x.lines.n%(1<<16) == 0 {
			x.check.Progress(x.lines.n)
		}
	}
}

// rest makes sure that nothing follows the closing line.
func (x *exportVerifier) rest() error {
	if !x.report.Good() {
		return nil
	}
	_, err := x.lines.next()
	if err == nil {
		x.report.fault(x.tree.size, "line", "line %d follows the closing line", x.lines.n)
		return nil
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (x *exportVerifier) line(line []byte) (done bool) {
	if e, ok := parseEventLine(line); ok {
		return x.event(e)
	}
	switch {
	case bytes.HasPrefix(line, []byte(`{"skip":`)):
		return x.skip(line)
	case bytes.HasPrefix(line, []byte(`{"count":`)):
		x.end(line)
		return true
	}
	x.report.fault(x.tree.size, "line", "line %d is not in the form of an export", x.lines.n)
	return true
}

func (x *exportVerifier) event(e eventLine) (done bool) {
	if e.index != x.tree.size {
		return x.misplaced(e.index)
	}
	x.sha.Reset()
	x.sha.Write(x.leaf[:])
	x.sha.Write(e.stored)
	x.sha.Sum(x.sum[:0])
	base64.StdEncoding.Encode(x.text[:], x.sum[:])
	if !bytes.Equal(x.text[:], e.leaf) {
		x.report.fault(e.index, "event", "the event and its leaf hash differ: line %d was edited", x.lines.n)
		return true
	}
	x.tree.push(0, x.sum, nil)
	x.report.Events++
	x.out.at(&x.tree)
	return false
}

func (x *exportVerifier) misplaced(index uint64) (done bool) {
	if index < x.tree.size {
		x.report.fault(index, "event", "line %d holds event %d where event %d is due: a line was moved or put in", x.lines.n, index, x.tree.size)
		return true
	}
	x.report.faultRange(x.tree.size, index, "event", "line %d holds event %d where event %d is due: lines were removed", x.lines.n, index, x.tree.size)
	return true
}

func (x *exportVerifier) skip(line []byte) (done bool) {
	var s exportSkip
	if strictJSON(line, &s) != nil || s.Skip == nil || s.To >= 1<<maxLevel {
		x.report.fault(x.tree.size, "line", "line %d is not in the form of an export", x.lines.n)
		return true
	}
	if *s.Skip != x.tree.size {
		return x.misplaced(*s.Skip)
	}
	parts := cover(*s.Skip, s.To)
	if len(parts) == 0 || len(parts) != len(s.Hashes) {
		x.report.fault(x.tree.size, "line", "line %d does not carry the hashes of what it leaves out", x.lines.n)
		return true
	}
	for i, part := range parts {
		h, err := parseHash(s.Hashes[i])
		if err != nil {
			x.report.fault(x.tree.size, "line", "line %d does not carry the hashes of what it leaves out", x.lines.n)
			return true
		}
		x.tree.push(part.level, h, nil)
		x.out.at(&x.tree)
	}
	x.report.Skipped += s.To - *s.Skip
	return false
}

func (x *exportVerifier) end(line []byte) {
	var e exportEnd
	if strictJSON(line, &e) != nil || e.Count == nil {
		x.report.fault(x.tree.size, "line", "line %d is not in the form of an export", x.lines.n)
		return
	}
	head, err := Open([]byte(e.Checkpoint), x.check.Key)
	if err != nil {
		x.report.fault(x.tree.size, "checkpoint", "the closing line holds no checkpoint that %s has signed", x.check.Key.Name())
		return
	}
	x.report.Size, x.report.Root = head.Size, head.Root
	switch {
	case *e.Count != x.report.Events:
		x.report.fault(x.tree.size, "line", "the export holds %d events and says it holds %d", x.report.Events, *e.Count)
	case head.Size > x.tree.size:
		x.report.faultRange(x.tree.size, head.Size, "event", "the export ends here, its checkpoint is of %d events: lines were removed", head.Size)
	case head.Size < x.tree.size:
		x.report.fault(head.Size, "event", "the export goes beyond its checkpoint, which is of %d events", head.Size)
	case head.Root != x.tree.root():
		x.report.faultRange(0, head.Size, "checkpoint", "the events do not lead to the root that was signed: events and their leaf hashes were edited together")
	default:
		x.stated(e.Statement)
	}
	x.out.report(&x.report)
}

// stated sees that the log has signed for these lines: the header, which events are there and which are left out.
func (x *exportVerifier) stated(signed string) {
	text, err := OpenStatement(ExportForm, []byte(signed), x.check.Key)
	switch {
	case err != nil:
		x.report.faultRange(0, x.tree.size, "export", "the closing line holds no statement about this export that %s has signed", x.check.Key.Name())
	case text != exportStatement(x.file):
		x.report.faultRange(0, x.tree.size, "export", "this is not the export that was signed: its header, or what it leaves out, was changed")
	}
}
