package api

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Reports makes reports. Errors: invalid, missing, refused.
type Reports interface {
	Report(context.Context, authority.By, authority.ReportWish) (name, kind string, file []byte, err error)
	Making(ctx context.Context, by authority.By, w authority.ReportWish, key string, wait time.Duration, take bool) (authority.ReportMaking, error)
	Preview(context.Context, authority.By, authority.ReportWish) (rows, events int, err error)
}

// A ReportKind is a report there is.
type ReportKind struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Says  string `json:"says"`
	Own   bool   `json:"own" doc:"everybody may have it about himself; all the others are for auditors"`
}

type reportKindsOut struct {
	Body struct {
		Reports []ReportKind `json:"reports"`
	}
}

type reportIn struct {
	ReportAbout
	Form   string `query:"form" enum:"html,csv,jsonl" default:"html"`
	Prefer string `header:"Prefer" maxLength:"256" doc:"respond-async (RFC 7240): while it is made the answer is 202 and says how far it is; ask the same again until it is 200"`
}

// ReportProgress says how far a report is.
type ReportProgress struct {
	Events int       `json:"events" doc:"read by now"`
	Share  float64   `json:"progress" doc:"of the work, 0 to 1"`
	Began  time.Time `json:"began"`
}

// ReportAbout is what a report is asked to be about.
type ReportAbout struct {
	Kind   string      `path:"report" maxLength:"64"`
	From   time.Time   `query:"from" doc:"RFC 3339, inclusive; 30 days before to where it is left out"`
	To     time.Time   `query:"to" doc:"RFC 3339, exclusive; now where it is left out"`
	Person string      `query:"person" maxLength:"256" doc:"an id, directory/name or me: who acted or in whose name; of my-data the one it is about"`
	App    stead.AppID `query:"app" maxLength:"64"`
	Names  string      `query:"names" enum:"name,role,pseudonym" doc:"how those who acted are called; of my-data role where it is left out"`
}

type reportPreviewOut struct {
	Body struct {
		Rows   int `json:"rows" doc:"of the report"`
		Events int `json:"events" doc:"that it would be made from"`
	}
}

func (a *API) reports(d *door) {
	add(d, operation{method: "GET", path: "/v1/reports/{report}/preview", id: "preview-report", tag: web.InSession, group: "audit", says: "What a report would hold, counted: nothing is made and nothing is on record"}, a.previewReport)
	add(d, operation{method: "GET", path: "/v1/reports", id: "list-reports", tag: web.InSession, group: "audit", says: "List the reports there are"}, a.listReports)
	add(d, operation{
		method: "GET", path: "/v1/reports/{report}", id: "make-report", tag: web.InSession, group: "audit",
		says:   "Make a report, signed by the key of the log; that it was made is on record",
		making: true,
		answer: &huma.Response{Description: "The file", Content: map[string]*huma.MediaType{
			"text/html":         {Schema: &huma.Schema{Type: huma.TypeString}},
			"text/csv":          {Schema: &huma.Schema{Type: huma.TypeString}},
			"application/jsonl": {Schema: &huma.Schema{Type: huma.TypeString}},
		}},
	}, a.makeReport)
}

func (a *API) listReports(context.Context, authority.By, *nothing) (*reportKindsOut, error) {
	out := &reportKindsOut{}
	out.Body.Reports = each(authority.Reports, func(k authority.ReportKind) ReportKind { return ReportKind(k) })
	return out, nil
}

func (a *API) reportWish(by authority.By, in ReportAbout) (authority.ReportWish, error) {
	w := authority.ReportWish{Kind: in.Kind, Form: "html", From: in.From, To: in.To, App: in.App, Names: in.Names}
	own := a.Verbs.May(by, authority.Auditor) != nil
	var err error
	w.Person, err = a.named(in.Person, by, own)
	return w.Within(a.Now()), err
}

func (a *API) previewReport(ctx context.Context, by authority.By, in *ReportAbout) (*reportPreviewOut, error) {
	w, err := a.reportWish(by, *in)
	if err != nil {
		return nil, err
	}
	out := &reportPreviewOut{}
	out.Body.Rows, out.Body.Events, err = a.Reports.Preview(ctx, by, w)
	return out, err
}

func (a *API) makeReport(ctx context.Context, by authority.By, in *reportIn) (*exportOut, error) {
	w, err := a.reportWish(by, in.ReportAbout)
	if err != nil {
		return nil, err
	}
	w.Form = in.Form
	if strings.Contains(in.Prefer, "respond-async") {
		return a.makingReport(ctx, by, w, in)
	}
	name, kind, file, err := a.Reports.Report(ctx, by, w)
	if err != nil {
		return nil, err
	}
	return reportFile(name, kind, file), nil
}

// atOnce is how long a report may take before its caller is told how far it is.
const atOnce = time.Second

// makingReport gives the report, or how far it is.
func (a *API) makingReport(ctx context.Context, by authority.By, w authority.ReportWish, in *reportIn) (*exportOut, error) {
	key := strings.Join([]string{in.Kind, in.Form, in.From.Format(time.RFC3339Nano), in.To.Format(time.RFC3339Nano), in.Person, string(in.App), in.Names}, "\n")
	m, err := a.Reports.Making(ctx, by, w, key, atOnce, true)
	if err != nil {
		return nil, err
	}
	if m.Ready {
		return reportFile(m.Name, m.Type, m.File), nil
	}
	return &exportOut{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "application/json")
		hc.SetHeader("Retry-After", "1")
		hc.SetHeader("Preference-Applied", "respond-async")
		hc.SetStatus(http.StatusAccepted)
		_ = json.NewEncoder(hc.BodyWriter()).Encode(ReportProgress{m.Events, m.Share, m.Began}) // whoever has gone is nobody's to tell
	}}, nil
}

func reportFile(name, kind string, file []byte) *exportOut {
	return &exportOut{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", kind)
		hc.SetHeader("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
		hc.SetStatus(http.StatusOK)
		_, _ = hc.BodyWriter().Write(file) // whoever has gone is nobody's to tell
	}}
}
