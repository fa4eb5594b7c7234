package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"hash"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/steadhq/stead"
)

// ExportForm names the form of an export. It is JSONL: a header; then, in the order of the log, a line for every
// event and a line for every stretch that is left out, which carries the hashes of the perfect subtrees over it;
// at the end the count, the checkpoint all of it leads to, and what the log signs for this file: that these events, and no
// others, were given for this query.
//
//	{"form":"stead-export/1","origin":…,"key":…,"query":…,"from":…,"to":…,"generator":…,"at":…}
//	{"index":7,"leaf":"…","event":{…}}
//	{"skip":8,"to":20,"hashes":["…"]}
//	{"count":1,"checkpoint":"…","statement":"…"}
//
// The statement is a signed note of two lines: the form, and "sha256: " with the digest, in hex, of all lines before the last.
// The member event is the stored bytes as they are; where these are no JSON object on one line, the member bytes
// holds them in base64.
const ExportForm = "stead-export/1"

// An ExportHeader tells what an export is. It is believed once the statement at the end was found to be of it.
type ExportHeader struct {
	Form      string    `json:"form"`
	Origin    string    `json:"origin"`
	Key       string    `json:"key"`   // verifier key, to be compared with one from elsewhere
	Query     string    `json:"query"` // what was asked for, as typed
	From      uint64    `json:"from"`
	To        uint64    `json:"to"`
	Generator string    `json:"generator"`
	By        string    `json:"by,omitempty"`
	At        time.Time `json:"at"`
}

type exportSkip struct {
	Skip   *uint64  `json:"skip"`
	To     uint64   `json:"to"`
	Hashes []string `json:"hashes"`
}

type exportEnd struct {
	Count      *uint64 `json:"count"`
	Checkpoint string  `json:"checkpoint"`
	Statement  string  `json:"statement"`
}

// An Exporter writes an export. Only who makes it uses it.
type Exporter struct {
	w      io.Writer
	sum    hash.Hash // of what was written
	state  func(text string) ([]byte, error)
	src    Source
	edge   Edge
	head   stead.Head
	splits []uint64
	next   uint64
	count  uint64
	line   []byte
}

// NewExporter begins an export into w of the log up to head, of which edge is the edge or a later one. State signs for it, as a
// Signer does. Splits are sizes of checkpoints that the reader may hold: the export can be compared with these whatever it
// leaves out.
func NewExporter(w io.Writer, h ExportHeader, state func(text string) ([]byte, error), src Source, edge Edge, head stead.Head, splits ...uint64) (*Exporter, error) {
	if head.Size > edge.size {
		return nil, broken("the head is of %d events, the edge of %d", head.Size, edge.size)
	}
	h.Form = ExportForm
	sum := sha256.New()
	w = io.MultiWriter(w, sum)
	line, err := json.Marshal(h)
	if err != nil {
		return nil, stead.Because(err, "write an export")
	}
	if _, err = w.Write(append(line, '\n')); err != nil {
		return nil, stead.Because(err, "write an export")
	}
	slices.Sort(splits)
	return &Exporter{w: w, sum: sum, state: state, src: src, edge: edge, head: head, splits: splits}, nil
}

// Event adds the event at index. Indexes must rise; what lies between is left out, provably.
func (x *Exporter) Event(ctx context.Context, index uint64, stored []byte) error {
	if index < x.next || index >= x.head.Size {
		return broken("event %d can not follow event %d in an export of %d", index, x.next, x.head.Size)
	}
	if err := x.skip(ctx, index); err != nil {
		return err
	}
	x.next, x.count = index+1, x.count+1
	x.line = appendEventLine(x.line[:0], index, stored)
	_, err := x.w.Write(x.line)
	return stead.Because(err, "write an export")
}

// Close leaves out what follows the last event and writes the end. Without it the export proves nothing.
func (x *Exporter) Close(ctx context.Context) error {
	if err := x.skip(ctx, x.head.Size); err != nil {
		return err
	}
	signed, err := x.state(exportStatement(x.sum))
	if err != nil {
		return stead.Because(err, "sign an export")
	}
	return x.json(exportEnd{Count: &x.count, Checkpoint: string(x.head.Note), Statement: string(signed)})
}

// exportStatement is what the log signs for an export whose lines have that digest.
func exportStatement(sum hash.Hash) string {
	return ExportForm + "\nsha256: " + hex.EncodeToString(sum.Sum(nil)) + "\n"
}

// skip leaves out [x.next, to), in pieces that end at the splits.
func (x *Exporter) skip(ctx context.Context, to uint64) error {
	for x.next < to {
		end := to
		for _, s := range x.splits {
			if s > x.next && s < end {
				end = s
				break
			}
		}
		from := x.next
		line := exportSkip{Skip: &from, To: end}
		r := newReader(ctx, x.src, x.edge)
		for _, part := range cover(from, end) {
			h, err := r.hash(part)
			if err != nil {
				return err
			}
			line.Hashes = append(line.Hashes, base64.StdEncoding.EncodeToString(h[:]))
		}
		if err := x.json(line); err != nil {
			return err
		}
		x.next = end
	}
	return nil
}

func (x *Exporter) json(v any) error {
	line, err := json.Marshal(v)
	if err == nil {
		_, err = x.w.Write(append(line, '\n'))
	}
	return stead.Because(err, "write an export")
}

func appendEventLine(b []byte, index uint64, stored []byte) []byte {
	leaf := LeafHash(stored)
	b = strconv.AppendUint(append(b, linePrefix...), index, 10)
	b = base64.StdEncoding.AppendEncode(append(b, lineLeaf...), leaf[:])
	if plainLine(stored) {
		b = append(append(b, lineEvent...), stored...)
		return append(b, "}\n"...)
	}
	b = base64.StdEncoding.AppendEncode(append(b, lineBytes...), stored)
	return append(b, "\"}\n"...)
}

// plainLine tells whether stored can stand in a line of JSON as it is.
func plainLine(stored []byte) bool {
	for _, c := range stored {
		if c < ' ' {
			return false
		}
	}
	return len(stored) > 0 && stored[0] == '{' && stored[len(stored)-1] == '}' && json.Valid(stored)
}

const (
	linePrefix = `{"index":`
	lineLeaf   = `,"leaf":"`
	lineEvent  = `","event":`
	lineBytes  = `","bytes":"`
)
