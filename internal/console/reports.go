package console

import (
	"context"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Reports makes reports. Errors: invalid, missing, refused.
type Reports interface {
	// Making begins to make a report, or finds the one that is being made under the same key, and waits for it no longer than
	// that; take hands it out when it is ready, which is then on record.
	Making(ctx context.Context, by authority.By, w authority.ReportWish, key string, wait time.Duration, take bool) (authority.ReportMaking, error)
	// Preview counts; rows of -1: there are so many events, or more, that the rows are counted when the report is made.
	Preview(context.Context, authority.By, authority.ReportWish) (rows, events int, err error)
}

// A reportsView is the choice of a report and, once one is chosen, what it would hold.
type reportsView struct {
	frame
	Kinds        []reportChoice
	Chosen       *reportChoice
	Auditor      bool
	From, To     string
	Person       string
	Apps, Names  []web.Option
	Problem      string
	Counted      bool
	Rows, Events int // Rows of -1: they are counted later
}

type reportChoice struct {
	authority.ReportKind
	Here bool
}

func (c *Console) reports(v *visit) error {
	q := v.r.URL.Query()
	p := reportsView{frame: v.frame("Reports", "What the record holds, counted and signed: evidence that can be checked without Stead."),
		Auditor: v.audits(), Person: q.Get("person"), From: q.Get("from"), To: q.Get("to"),
		Apps: c.appOptions(q.Get("app")), Names: nameOptions(q.Get("names"))}
	for _, k := range authority.Reports {
		if k.Own || p.Auditor {
			p.Kinds = append(p.Kinds, reportChoice{k, k.ID == q.Get("report")})
		}
	}
	for i := range p.Kinds {
		if p.Kinds[i].Here {
			p.Chosen = &p.Kinds[i]
		}
	}
	if id := q.Get("report"); p.Chosen == nil && id != "" {
		p.Problem = "There is no report " + strconv.Quote(id) + ", or it is not for you. These are."
		return v.show(http.StatusNotFound, reportsPage(p))
	}
	if p.Chosen == nil {
		return v.show(http.StatusOK, reportsPage(p))
	}
	w, err := c.reportWish(v, q)
	if err == nil {
		p.From, p.To = w.From.In(c.zone()).Format(time.DateOnly), w.To.Add(-time.Second).In(c.zone()).Format(time.DateOnly)
		p.Rows, p.Events, err = c.Reports.Preview(v.r.Context(), v.by, w)
	}
	if err != nil {
		if !v.retell(err) {
			return err
		}
		p.Problem = saying(err)
		return v.show(http.StatusBadRequest, reportsPage(p))
	}
	p.Counted = true
	return v.show(http.StatusOK, reportsPage(p))
}

// makeReport hands the file out. It is a form that is posted, because that a report was made is on record.
func (c *Console) makeReport(v *visit) error {
	q, err := v.form()
	if err != nil {
		return err
	}
	w, err := c.reportWish(v, q)
	if err != nil {
		return err
	}
	w.Form = q.Get("form")
	m, err := c.Reports.Making(v.r.Context(), v.by, w, aboutReport(q).Encode(), atOnce, true)
	if err != nil {
		return err
	}
	if !m.Ready {
		return v.to("/reports/making?" + aboutReport(q).Encode())
	}
	h := v.w.Header()
	h.Set("Content-Type", m.Type)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": m.Name}))
	_, err = v.w.Write(m.File)
	return err
}

// atOnce is how long somebody waits for a report before he is shown how far it is.
const atOnce = 2 * time.Second

// wishNames are the fields by which a report is wished for.
var wishNames = []string{"report", "from", "to", "person", "app", "names", "form"}

// aboutReport is what a form wishes for, and no more than that.
func aboutReport(q url.Values) url.Values {
	out := url.Values{}
	for _, name := range wishNames {
		out.Set(name, q.Get(name))
	}
	return out
}

// A makingView says how far a report is.
type makingView struct {
	frame
	Ready  bool
	Part   string // in hundredths
	Events string
	Left   string
	Fields [][2]string // of the form that takes it
	Back   string
}

// making shows how far a report is, again and again until it is ready; without script too.
func (c *Console) making(v *visit) error {
	q := v.r.URL.Query()
	w, err := c.reportWish(v, q)
	if err != nil {
		return err
	}
	w.Form = q.Get("form")
	m, err := c.Reports.Making(v.r.Context(), v.by, w, aboutReport(q).Encode(), 0, false)
	if err != nil {
		return err
	}
	kind, err := authority.ReportOf(w.Kind)
	if err != nil {
		return err
	}
	p := makingView{frame: v.frame("The report is being made", kind.Title), Ready: m.Ready, Part: strconv.Itoa(int(100 * m.Share)),
		Events: number(uint64(m.Events)), Back: "/reports?" + aboutReport(q).Encode()}
	for _, name := range wishNames {
		p.Fields = append(p.Fields, [2]string{name, q.Get(name)})
	}
	if took := c.Now().Sub(m.Began); m.Share > 0.01 && took > time.Second && !m.Ready {
		p.Left = span(time.Duration(float64(took) * (1 - m.Share) / m.Share).Round(time.Second))
	}
	if p.Ready {
		p.Title = "The report is ready"
	} else {
		v.w.Header().Set("Refresh", "1")
	}
	return v.show(http.StatusOK, makingPage(p))
}

// reportWish reads what is asked for. Whoever is no auditor has what is about himself.
func (c *Console) reportWish(v *visit, q url.Values) (authority.ReportWish, error) {
	w := authority.ReportWish{Kind: q.Get("report"), Form: "html", App: stead.AppID(q.Get("app")), Names: q.Get("names")}
	kind, err := authority.ReportOf(w.Kind)
	if err != nil {
		return w, err
	}
	if w.From, err = c.day(q.Get("from")); err != nil {
		return w, err
	}
	if w.To, err = c.day(q.Get("to")); err != nil {
		return w, err
	}
	if !w.To.IsZero() {
		w.To = w.To.AddDate(0, 0, 1) // the day itself is meant too
	}
	who := strings.TrimSpace(q.Get("person"))
	switch {
	case !v.audits() || kind.Own && who == "":
		w.Person = v.by.Principal
	default:
		w.Person, err = c.named(v, who)
	}
	return w.Within(c.Now()), err
}

func (c *Console) appOptions(chosen string) []web.Option {
	all := []web.Option{{Value: "", Text: "All"}}
	for _, a := range c.Apps {
		all = append(all, web.Option{Value: string(a.ID), Text: a.shown()})
	}
	return choose(all, chosen)
}

func nameOptions(chosen string) []web.Option {
	return choose([]web.Option{{Value: "", Text: "As usual"}, {Value: authority.ByName, Text: "By name"}, {Value: authority.ByRole, Text: "By role"},
		{Value: authority.ByPseudonym, Text: "By pseudonym"}}, chosen)
}

// choose marks the option with a value; the first one where there is none.
func choose(all []web.Option, value string) []web.Option {
	i := max(0, slices.IndexFunc(all, func(o web.Option) bool { return o.Value == value }))
	all[i].Chosen = true
	return all
}
