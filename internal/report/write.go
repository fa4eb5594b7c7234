package report

import (
	"bytes"
	"context"
	comma "encoding/csv"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// jsonl is a line for what it is, and one for every row.
func jsonl(m Manifest, s sheet) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(m); err != nil {
		return nil, err
	}
	for _, r := range s.rows {
		if err := e.Encode(r); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// columns are those of the CSV, by the names that the JSON has.
var columns = []string{"mandate", "actor", "actor_account", "subject", "subject_account", "apps", "mode", "reason", "ticket", "approved",
	"asked", "started", "ended", "why", "seconds", "extended", "requests", "changes", "refused"}

func (r Row) cells() []string {
	n := strconv.Itoa
	return []string{string(r.Mandate), r.Actor, r.ActorAccount, r.Subject, r.SubjectAccount, r.Apps, string(r.Mode), r.Reason, r.Ticket, r.Approved,
		moment(r.Asked), moment(r.Started), moment(r.Ended), string(r.Why), strconv.FormatInt(r.Seconds, 10), n(r.Extended), n(r.Requests),
		n(r.Changes), n(r.Refused)}
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func csv(_ Manifest, s sheet) ([]byte, error) {
	var b bytes.Buffer
	w := comma.NewWriter(&b)
	if err := w.Write(columns); err != nil {
		return nil, err
	}
	for _, r := range s.rows {
		cells := r.cells()
		for i := range cells {
			cells[i] = inert(cells[i])
		}
		if err := w.Write(cells); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// inert keeps a spreadsheet from taking for a formula, and a reader of the signature for its line, what somebody gave as a
// reason.
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@#\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return strings.ReplaceAll(cell, "\n", " ")
}

func html(m Manifest, s sheet) ([]byte, error) {
	var b bytes.Buffer
	err := page(m, s).Render(context.Background(), &b)
	return b.Bytes(), err
}
