package api

import (
	"cmp"
	"context"
	"encoding/csv"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/steadhq/stead/internal/authority"
)

type exportIn struct {
	Filter
	Form  string   `query:"form" enum:"jsonl,csv" default:"jsonl" doc:"csv is for spreadsheets, and cannot be verified"`
	Sizes []uint64 `query:"checkpoint_size" maxItems:"16" doc:"sizes of checkpoints that you hold: the export can then be compared with these"`
}

type exportOut struct {
	Body func(huma.Context)
}

// export records that events leave, and hands out those that there were at that moment.
func (a *API) export(ctx context.Context, by authority.By, in *exportIn) (*exportOut, error) {
	q, _, err := a.query(by, in.Filter)
	if err != nil {
		return nil, err
	}
	c := ctx.Value(callKey{}).(*call)
	e := Export{Query: q, Text: readable(c.r.URL.Query()), By: string(by.Principal), Splits: in.Sizes}
	e.Record = func(size uint64) error {
		upto := q
		upto.Before = size + 1
		n, err := a.Verbs.Counted(ctx, by, upto, authority.Counting{})
		if err != nil {
			return err
		}
		return a.Verbs.Export(ctx, by, authority.Exporting{Query: e.Text, Form: in.Form, Rows: n.Total, First: n.First, Last: n.Last})
	}
	return &exportOut{Body: func(hc huma.Context) {
		_, w := humago.Unwrap(hc)
		hc.SetHeader("Content-Disposition", `attachment; filename="stead-audit.`+in.Form+`"`)
		if in.Form == "csv" {
			hc.SetHeader("Content-Type", "text/csv; charset=utf-8")
			c.err = a.sheet(ctx, w, e)
			return
		}
		hc.SetHeader("Content-Type", "application/jsonl")
		c.err = a.Log.Export(ctx, w, e) // web answers it, or breaks off what has begun
	}}, nil
}

// readable is the query as it was put, for the header of the export.
func readable(q url.Values) string {
	q.Del("form")
	s, err := url.QueryUnescape(q.Encode())
	if err != nil {
		return q.Encode()
	}
	return strings.ReplaceAll(s, "&", " ")
}

// sheet writes events for a spreadsheet, the oldest first.
func (a *API) sheet(ctx context.Context, to io.Writer, e Export) error {
	size := a.Log.Size()
	if err := a.Trail.Settled(ctx, size); err != nil {
		return err
	}
	if err := e.Record(size); err != nil {
		return err
	}
	q, out := e.Query, csv.NewWriter(to)
	if err := out.Write([]string{"number", "at", "kind", "outcome", "actor", "actor_id", "subject", "subject_id", "app", "reason", "mandate", "decision",
		"method", "path", "title", "words", "ticket", "status", "size"}); err != nil {
		return err
	}
	q.Limit, q.Newest, q.Before = 1000, false, size+1
	for {
		page, err := a.Trail.Events(ctx, q)
		if err != nil {
			return err
		}
		for _, e := range page {
			if err := out.Write(a.cells(e)); err != nil {
				return err
			}
			q.After = e.Number()
		}
		if len(page) < q.Limit {
			out.Flush()
			return out.Error()
		}
	}
}

func (a *API) cells(e authority.StoredEvent) []string {
	status, size := "", ""
	if e.Status != 0 {
		status, size = strconv.Itoa(e.Status), strconv.FormatInt(e.Size, 10)
	}
	cells := []string{strconv.FormatUint(e.Number(), 10), e.At.UTC().Format(time.RFC3339Nano), string(e.Kind), string(e.Outcome),
		named(a.show(e.Actor)), string(e.Actor), named(a.show(e.Subject)), string(e.Subject), string(e.App), string(e.Reason), string(e.Mandate),
		string(e.Decision), e.What["method"], e.What["path"], e.What["title"], e.What["reason"], e.What["ticket"], status, size}
	for i, cell := range cells {
		cells[i] = inert(cell)
	}
	return cells
}

func named(w Who) string {
	if w.Account == "" {
		return cmp.Or(w.Name, string(w.ID))
	}
	return w.Directory + "/" + w.Account
}

// inert keeps a spreadsheet from taking a text for a formula.
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
