package console

import (
	"encoding/csv"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// An exportView says which rows a file will hold, before there is one.
type exportView struct {
	frame
	Chips    []chip
	Text     string // the filter with its times settled
	Rows     string // "0" where there is none
	To       uint64 // number of the newest event that may be in it
	Facts    [][2]string
	Problem  string
	Back     string
	Narrowed bool
}

const (
	exportWithin = 60 * time.Millisecond
	uncounted    = "uncounted" // instead of how many rows were seen
)

// export shows exactly what would be in the file.
func (c *Console) export(v *visit) error {
	w, err := v.wished(v.r.URL.Query())
	if err != nil {
		return err
	}
	if c.Settled != nil {
		if err := c.Settled(v.r.Context()); err != nil {
			return err
		}
	}
	return v.showExport(http.StatusOK, w, c.Record.Head().Size, "")
}

func (v *visit) showExport(status int, w wish, to uint64, problem string) error {
	c := v.c
	settled, err := v.settle(w)
	if err != nil {
		return err
	}
	p := exportView{frame: v.frame("Before you export", "Exactly these rows will be in the file, and no others."), Chips: c.chips(w), To: to,
		Text: settled.Filter.String(), Problem: problem, Back: address(w.Filter, 0, 0), Narrowed: len(w.Filter) > 0}
	settled.Query.Before = to + 1
	n, err := c.Authority.Counted(v.r.Context(), v.by, settled.Query, authority.Counting{Within: exportWithin})
	if err != nil {
		return err
	}
	head := c.Record.Head()
	rows, first := number(n.Total), eventAt(n.First, c.at(n.Since))
	if p.Rows = strconv.FormatUint(n.Total, 10); !n.Whole {
		p.Rows, rows, first = uncounted, "at least "+rows+": there are too many to count them while you wait", ""
	}
	p.Facts = known([][2]string{{"Rows", rows}, {"First", first}, {"Last", eventAt(n.Last, c.at(n.Until))},
		{"Up to", "event " + number(to) + ", the newest there was when you opened this page"},
		{"Checkpoint", number(head.Size) + " events, root " + head.Root.String()}, {"Key of the log", c.Record.Key()}})
	return v.show(status, exportPage(p))
}

func eventAt(n uint64, at string) string {
	if n == 0 {
		return ""
	}
	return "event " + number(n) + " · " + at
}

// settle makes times that depend on now what they are now, so that what is counted is what is written.
func (v *visit) settle(w wish) (wish, error) {
	out := wish{Size: w.Size, Query: w.Query}
	for _, t := range w.Filter {
		switch {
		case t.Name == "from":
			t.Value = w.Query.From.UTC().Format(time.RFC3339Nano)
		case t.Name == "to":
			t.Value = w.Query.To.UTC().Format(time.RFC3339Nano)
		}
		var err error
		if out.Filter, err = out.Filter.Add(t.Name, t.Value); err != nil {
			return out, err
		}
	}
	return out, nil
}

// makeExport records that the rows leave, and hands them out.
func (c *Console) makeExport(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	w, err := v.wished(url.Values{"q": {f.Get("q")}})
	if err != nil {
		return err
	}
	to, form := asNumber(f.Get("to")), f.Get("form")
	if to == 0 || to > c.Record.Head().Size || form != "csv" && form != "jsonl" {
		return stead.E(stead.Invalid, stead.ReasonRequest, "say up to which event and in which form: csv or jsonl")
	}
	w.Query.Before = to + 1
	n, err := c.Authority.Counted(v.r.Context(), v.by, w.Query, authority.Counting{})
	if err != nil {
		return err
	}
	if f.Get("rows") != uncounted && n.Total != asNumber(f.Get("rows")) {
		return v.showExport(http.StatusConflict, w, to, "these are not the rows you saw: events were pruned meanwhile. Look again")
	}
	x := authority.Exporting{Query: w.Filter.String(), Form: form, Rows: n.Total, First: n.First, Last: n.Last}
	if form == "csv" {
		if err := c.Authority.Export(v.r.Context(), v.by, x); err != nil {
			return err
		}
		v.download("stead-audit.csv", "text/csv; charset=utf-8")
		return v.rows(v.w, w.Query)
	}
	text := strings.TrimSpace(w.Filter.String() + " up to event " + strconv.FormatUint(to, 10))
	return c.Record.File(v.r.Context(), v.w, File{Query: w.Query, Text: text, By: v.by.Principal, Recorded: func() error {
		err := c.Authority.Export(v.r.Context(), v.by, x)
		if err == nil {
			v.download("stead-audit.jsonl", "application/jsonl")
		}
		return err
	}})
}

// rows writes events for a spreadsheet, the oldest first.
func (v *visit) rows(to io.Writer, q authority.EventQuery) error {
	out := csv.NewWriter(to)
	cells := []string{"number", "at", "kind", "outcome", "actor", "actor_id", "subject", "subject_id", "app", "reason", "mandate", "decision", "method", "path",
		"title", "words", "ticket", "status", "size"}
	if err := out.Write(cells); err != nil {
		return err
	}
	q.Limit, q.Newest = 1000, false
	for {
		page, err := v.c.Authority.Events(v.r.Context(), v.by, q)
		if err != nil {
			return err
		}
		for _, e := range page {
			if err := out.Write(v.cells(e)); err != nil {
				return err
			}
		}
		if len(page) < q.Limit {
			out.Flush()
			return out.Error()
		}
		q.After = page[len(page)-1].Number()
	}
}

func (v *visit) cells(e authority.StoredEvent) []string {
	status, bytes := "", ""
	if e.Status != 0 {
		status, bytes = strconv.Itoa(e.Status), strconv.FormatInt(e.Size, 10)
	}
	cells := []string{strconv.FormatUint(e.Number(), 10), e.At.UTC().Format(time.RFC3339Nano), string(e.Kind), string(e.Outcome),
		v.c.account(e.Actor), string(e.Actor), v.c.account(e.Subject), string(e.Subject), string(e.App), string(e.Reason), string(e.Mandate),
		string(e.Decision), e.What["method"], e.What["path"], e.What["title"], e.What["reason"], e.What["ticket"], status, bytes}
	for i, cell := range cells {
		cells[i] = inert(cell)
	}
	return cells
}

// inert keeps a spreadsheet from taking a text for a formula.
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
