package report

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A Record is where a report reads. Events and mandates are those of the store.
type Record interface {
	// Settled waits until the event of that number can be read.
	Settled(ctx context.Context, number uint64) error
	Events(context.Context, authority.EventQuery) ([]authority.StoredEvent, error)
	Counted(context.Context, authority.EventQuery, authority.Counting) (authority.Counts, error)
	Get(ctx context.Context, kind stead.RecordKind, id string, version uint64) (stead.Record, error)
	Head() stead.Head
}

// A Desk makes reports. All fields are needed.
type Desk struct {
	Record Record
	Person func(stead.PrincipalID) stead.Principal // zero: nobody is known by that id any more
	Sign   func(text string) ([]byte, error)       // a statement of the log
	Now    func() time.Time
	Zone   *time.Location
	Maker  string // "stead v0.1.0"
}

// A File is a report as it is handed out.
type File struct {
	Name, Type string
	Bytes      []byte
	Made       authority.ReportMade
}

const (
	mostRows      = 100_000
	previewMost   = 1000 // events that are read while somebody waits for a page
	previewWithin = 50 * time.Millisecond
)

// forms are how a report can be written, by name.
var forms = map[string]struct {
	kind  string
	write func(Manifest, sheet) ([]byte, error)
	frame func(signed []byte) []byte // how the signature stands at the end
}{
	"html":  {"text/html; charset=utf-8", html, inComment},
	"csv":   {"text/csv; charset=utf-8", csv, inHashes},
	"jsonl": {"application/jsonl", jsonl, inLine},
}

// Told is called while a report is made, with how many events were read and which share of the work is done.
type Told func(events int, share float64)

// Make makes the report that is wished for, and says how far it is. Errors: invalid, missing, broken.
func (d *Desk) Make(ctx context.Context, by stead.PrincipalID, w authority.ReportWish, told Told) (File, error) {
	kind, err := authority.ReportOf(w.Kind)
	if err != nil {
		return File{}, err
	}
	form, known := forms[w.Form]
	switch {
	case !known:
		return File{}, stead.E(stead.Invalid, stead.ReasonRequest, "a report is html, csv or jsonl, not %q", w.Form)
	case kind.Own && w.Person == "":
		return File{}, stead.E(stead.Invalid, stead.ReasonRequest, "say whose data it is about")
	}
	if err := authority.Period(w.From, w.To); err != nil {
		return File{}, err
	}
	s, m, err := d.rows(ctx, by, w, kind, told)
	if err != nil {
		return File{}, err
	}
	body, err := form.write(m, s)
	if err != nil {
		return File{}, stead.Because(err, "write the report")
	}
	sum := sha256.Sum256(body)
	m.SHA256 = hex.EncodeToString(sum[:])
	signed, err := d.Sign(m.text())
	if err != nil {
		return File{}, err
	}
	made := authority.ReportMade{ReportWish: w, Query: m.Query, Rows: m.Rows, Events: m.Events, SHA256: m.SHA256}
	name := fmt.Sprintf("stead-%s-%s.%s", w.Kind, m.At.Format("20060102-150405"), w.Form)
	return File{Name: name, Type: form.kind, Bytes: append(body, form.frame(signed)...), Made: made}, nil
}

// Preview counts without writing. Rows of -1: there are so many events, or more, that their rows are counted when the report
// is made.
func (d *Desk) Preview(ctx context.Context, by stead.PrincipalID, w authority.ReportWish) (Manifest, error) {
	kind, err := authority.ReportOf(w.Kind)
	if err == nil {
		err = authority.Period(w.From, w.To)
	}
	if err != nil {
		return Manifest{}, err
	}
	n, err := d.Record.Counted(ctx, query(w), authority.Counting{Within: previewWithin})
	if err != nil || !n.Whole || n.Total > previewMost {
		return Manifest{Rows: -1, Events: int(n.Total)}, err
	}
	_, m, err := d.rows(ctx, by, w, kind, func(int, float64) {})
	return m, err
}

// rows reads the record up to its head and counts.
func (d *Desk) rows(ctx context.Context, by stead.PrincipalID, w authority.ReportWish, kind authority.ReportKind, told Told) (sheet, Manifest, error) {
	head, asker := d.Record.Head(), string(by)
	if p := d.Person(by); p.ID != "" {
		asker = p.Directory + "/" + p.Name + " (" + asker + ")"
	}
	if err := d.Record.Settled(ctx, head.Size); err != nil {
		return sheet{}, Manifest{}, err
	}
	q := query(w)
	m := Manifest{Report: kind.ID, Title: kind.Title, Form: w.Form, Query: text(w), From: w.From.UTC(), To: w.To.UTC(), By: asker,
		At: d.Now().UTC(), Maker: d.Maker, Size: head.Size, Root: head.Root.String()}
	t := tallies{byID: map[stead.MandateID]*tally{}}
	for q.Before = head.Size + 1; ; {
		page, err := d.Record.Events(ctx, q)
		if err != nil {
			return sheet{}, m, err
		}
		for _, e := range page {
			t.add(e)
			if m.Events == 0 {
				m.First = e.Number()
			}
			m.Last, q.After = e.Number(), e.Number()
			m.Events++
		}
		if len(page) > 0 {
			told(m.Events, readingIs*partOf(page[len(page)-1].At, w, m.At))
		}
		if len(page) < q.Limit {
			break
		}
	}
	rows, err := d.read(ctx, w, &t, func(share float64) { told(m.Events, readingIs+(1-readingIs)*share) })
	if err != nil {
		return sheet{}, m, err
	}
	m.Rows = len(rows)
	if m.Rows > mostRows {
		return sheet{}, m, stead.E(stead.Invalid, stead.ReasonRequest, "these are %d rows, and a report holds %d: take a shorter period", m.Rows, mostRows)
	}
	return sheet{rows: rows, groups: grouped(rows, kind.ID), zone: d.Zone}, m, nil
}

// readingIs which share of the work reading the events is; the rest is reading the mandates they are about.
const readingIs = 0.8

// partOf is which part of the period lies before at.
func partOf(at time.Time, w authority.ReportWish, now time.Time) float64 {
	end := w.To
	if now.Before(end) {
		end = now
	}
	if all := end.Sub(w.From); all > 0 {
		return min(1, max(0, float64(at.Sub(w.From))/float64(all)))
	}
	return 1
}

// query is what is read: everything about mandates in the period.
func query(w authority.ReportWish) authority.EventQuery {
	q := authority.EventQuery{Kinds: []string{"mandate.", "request."}, From: w.From, To: w.To, Limit: 1000}
	if w.Kind == "my-data" {
		q.Subject = w.Person
	} else {
		q.Either = w.Person
	}
	return q
}

// text writes the query down as the trail's own filter reads it, and then what is left out of its rows.
func text(w authority.ReportWish) string {
	parts := []string{"kind:mandate.", "kind:request.", "from:" + stamp(w.From), "to:" + stamp(w.To)}
	switch {
	case w.Person == "":
	case w.Kind == "my-data":
		parts = append(parts, "subject:"+string(w.Person))
	default:
		parts = append(parts, "person:"+string(w.Person))
	}
	if w.App != "" {
		parts = append(parts, "app:"+string(w.App))
	}
	return strings.Join(parts, " ")
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// A Manifest says what a report is, of what it is complete, and what it is signed over.
type Manifest struct {
	Report string    `json:"report"`
	Title  string    `json:"title"`
	Form   string    `json:"form"`
	Query  string    `json:"query"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Maker  string    `json:"maker"`
	Rows   int       `json:"rows"`
	Events int       `json:"events"` // that the query chooses
	First  uint64    `json:"first"`  // number of the first of them, from 1; 0 where there is none
	Last   uint64    `json:"last"`
	Size   uint64    `json:"checkpoint_size"`
	Root   string    `json:"checkpoint_root"`
	SHA256 string    `json:"sha256,omitempty"` // of the file without its signature
}

// StatementForm is the first line of what is signed.
const StatementForm = "stead-report/1"

// text is what is signed: a line for each member.
func (m Manifest) text() string {
	var b strings.Builder
	b.WriteString(StatementForm + "\n")
	for _, l := range m.lines() {
		b.WriteString(l[0] + ": " + l[1] + "\n")
	}
	return b.String()
}

func (m Manifest) lines() [][2]string {
	n := func(v uint64) string { return strconv.FormatUint(v, 10) }
	return [][2]string{{"report", m.Report}, {"form", m.Form}, {"query", m.Query}, {"from", stamp(m.From)}, {"to", stamp(m.To)},
		{"by", m.By}, {"at", stamp(m.At)}, {"maker", m.Maker}, {"rows", strconv.Itoa(m.Rows)}, {"events", strconv.Itoa(m.Events)},
		{"first", n(m.First)}, {"last", n(m.Last)}, {"checkpoint-size", n(m.Size)}, {"checkpoint-root", m.Root}, {"sha256", m.SHA256}}
}
