package authority

import (
	"context"
	"strconv"
	"time"

	"github.com/steadhq/stead"
)

// A ReportKind is a report there is.
type ReportKind struct {
	ID    string
	Title string
	Says  string
	Own   bool // everybody may have it about himself
}

// Reports are the reports there are.
var Reports = []ReportKind{
	{"acting-by-person", "Acting, by who acted", "Every session in which somebody acted for somebody else, by the person who really acted.", false},
	{"acting-by-subject", "Acting, by for whom", "The same sessions, by the person in whose name was acted.", false},
	{"acting-by-app", "Acting, by application", "The same sessions, by the application that they were in.", false},
	{"my-data", "My data was viewed", "Who looked at or changed one person's data in her name: when, why, and how much. Names, roles or pseudonyms of those who did, as is chosen.", true},
}

// ReportOf finds a report by its id.
func ReportOf(id string) (ReportKind, error) {
	for _, k := range Reports {
		if k.ID == id {
			return k, nil
		}
	}
	return ReportKind{}, stead.E(stead.Missing, stead.ReasonRequest, "there is no report %q: stead report list shows them", id)
}

// How those who acted are called in a report (GDPR Article 15; CJEU C-579/21).
const (
	ByName      = "name"
	ByRole      = "role"
	ByPseudonym = "pseudonym"
)

// A ReportWish says which report, about what, and in what form.
type ReportWish struct {
	Kind     string            // of a ReportKind
	Form     string            // "html", "csv" or "jsonl"
	From, To time.Time         // From inclusive, To exclusive
	Person   stead.PrincipalID // who acted or in whose name; of my-data the one it is about
	App      stead.AppID
	Names    string // ByName, ByRole or ByPseudonym
}

// A ReportMade is what the record says of a report: what it was asked, and how much it held.
type ReportMade struct {
	ReportWish
	Query        string
	Rows, Events int
	SHA256       string
}

// A ReportMaking is a report that is being made, or is ready.
type ReportMaking struct {
	Began  time.Time
	Events int     // read by now
	Share  float64 // of the work that is done, 0 to 1
	Ready  bool

	Name, Type string // of the file, where it is handed out
	File       []byte
}

// MayReport tells whether the caller may have a report. Errors: missing, refused.
func (a *Authority) MayReport(by By, w ReportWish) error {
	k, err := ReportOf(w.Kind)
	if err != nil {
		return err
	}
	if k.Own && w.Person == by.Principal {
		return a.May(by)
	}
	return a.May(by, Auditor)
}

// Report records that a report was made, before it is handed out. Errors: those of MayReport.
func (a *Authority) Report(ctx context.Context, by By, m ReportMade) error {
	t := attempt{verb: "report.make", by: by, app: m.App}
	if m.Kind == "my-data" {
		t.subject = m.Person
	}
	if err := a.MayReport(by, m.ReportWish); err != nil {
		return a.refuse(ctx, t, err)
	}
	return a.run(ctx, t, func(*State, time.Time) ([]stead.Change, error) {
		e := stead.Event{Kind: "report.made", Who: stead.Fields{"report": m.Kind, "form": m.Form, "query": m.Query,
			"rows": strconv.Itoa(m.Rows), "events": strconv.Itoa(m.Events), "sha256": m.SHA256}}
		return []stead.Change{{Event: e}}, nil
	})
}

// Within fills in what a wish leaves open: the 30 days before now, and that whoever looked at one's data is called by role.
func (w ReportWish) Within(now time.Time) ReportWish {
	if w.To.IsZero() {
		w.To = now
	}
	if w.From.IsZero() {
		w.From = w.To.AddDate(0, 0, -30)
	}
	if w.Names == "" {
		w.Names = ByName
		if k, err := ReportOf(w.Kind); err == nil && k.Own {
			w.Names = ByRole
		}
	}
	return w
}
