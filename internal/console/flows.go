package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Flowing opens and closes ways between segments.
type Flowing interface {
	SetFlow(context.Context, authority.By, stead.Flow) (stead.Flow, error)
	RetireFlow(ctx context.Context, by authority.By, name string) (stead.Flow, error)
}

func flowHref(name string) string { return "/flows/" + url.PathEscape(name) }

func (c *Console) mountFlows(add adder) {
	add("GET /flows/new", web.Admin, func(v *visit) error { return v.showNewFlow(http.StatusOK, v.r.URL.Query(), "") }, rulers()...)
	add("POST /flows", web.Admin, c.openFlow, rulers()...)
	add("GET /flows/{name}/close", web.Admin, func(v *visit) error { return v.showClose(http.StatusOK, nil, "") }, rulers()...)
	add("POST /flows/{name}/close", web.Admin, c.closeFlow, rulers()...)
}

// flowSaid is what the page of segments says after one of them.
func flowSaid(done string) string {
	return map[string]string{"open": "The way is open, from the next decision on.", "close": "The way is closed, and what went along it has ended."}[done]
}

// flows are all that are open, by name.
func flows(all []authority.SegmentCard) (open []stead.Flow) {
	for _, g := range all {
		for _, w := range g.Flows {
			if !slices.ContainsFunc(open, func(o stead.Flow) bool { return o.Name == w.Name }) {
				open = append(open, w)
			}
		}
	}
	slices.SortFunc(open, func(a, b stead.Flow) int { return strings.Compare(a.Name, b.Name) })
	return open
}

func (v *visit) showNewFlow(status int, f url.Values, problem string) error {
	all, _, err := v.c.Authority.Segments(v.r.Context(), v.by)
	if err != nil {
		return err
	}
	p := formView{frame: v.frame("Open a way", "Agents of one segment reach what lies in another, for what is named here and in this direction alone."), Tabs: v.agentTabs("/segments"), Problem: problem,
		Action: "/flows", Back: "/segments", Button: "Open it"}
	from := web.FieldSpec{Name: "from", Label: "From the segment of the agents", Kind: "select"}
	to := web.FieldSpec{Name: "to", Label: "To the segment of the systems", Kind: "select"}
	for _, s := range []*web.FieldSpec{&from, &to} {
		for _, g := range all {
			s.Options = append(s.Options, web.Option{Value: g.Name, Text: segmentWord(g.Name), Chosen: g.Name == f.Get(s.Name)})
		}
	}
	p.Fields = []web.FieldSpec{
		{Name: "name", Label: "Name", Required: true, Value: f.Get("name"), Autocomplete: "off", Hint: "It stays with what was done along it."},
		from, to,
		{Name: "actions", Label: "For what", Value: f.Get("actions"), Hint: "Such as: read. Several with a space between; nothing is everything."},
		{Name: "purpose", Label: "Why", Required: true, Value: f.Get("purpose"), Hint: "Stands in the trail."},
		{Name: "typed", Label: "Type its name again, to say that it is meant", Required: true, Autocomplete: "off", Value: f.Get("typed")},
	}
	return v.show(status, formPage(p))
}

// openFlow opens a way of a new name. One that is there is not made wider by its name.
func (c *Console) openFlow(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	w := stead.Flow{Name: strings.TrimSpace(f.Get("name")), From: f.Get("from"), To: f.Get("to"), Purpose: strings.TrimSpace(f.Get("purpose"))}
	for _, a := range strings.Fields(f.Get("actions")) {
		w.Actions = append(w.Actions, stead.Action(a))
	}
	all, _, no := c.Authority.Segments(v.r.Context(), v.by)
	switch {
	case no != nil:
		return no
	case strings.TrimSpace(f.Get("typed")) != w.Name:
		no = stead.E(stead.Invalid, stead.ReasonRequest, "%s", meantName("flow", w.Name))
	case slices.ContainsFunc(flows(all), func(o stead.Flow) bool { return o.Name == w.Name }):
		no = stead.E(stead.Conflict, stead.ReasonExists, "there is a flow %s already: close it first, or give this one another name", w.Name)
	default:
		_, no = c.Authority.SetFlow(v.r.Context(), v.by, w)
	}
	switch {
	case v.retell(no):
		return v.showNewFlow(web.StatusOf(no), f, saying(no))
	case no != nil:
		return no
	}
	return v.to("/segments?done=open")
}

func (v *visit) showClose(status int, f url.Values, problem string) error {
	name := v.r.PathValue("name")
	all, _, err := v.c.Authority.Segments(v.r.Context(), v.by)
	if err != nil {
		return err
	}
	open := flows(all)
	i := slices.IndexFunc(open, func(w stead.Flow) bool { return w.Name == name })
	if i < 0 {
		return stead.E(stead.Missing, stead.ReasonNotYours, "there is no flow %s", name)
	}
	row := v.c.way(open[i])
	p := deedView{frame: v.frame("Close it", ""), Problem: problem, Action: flowHref(name) + "/close", Back: "/segments", Name: name, Label: meantName("flow", name), Typed: f.Get("typed"), Version: versionWord(open[i].Version),
		offer: offer{deed: deed{Says: "Nothing goes along it from the next decision on, and the mandates that went along it end at once, with the tokens and logins that hang on them. Where another flow leads the same way they go on.", Button: "Close it"}},
		Facts: [][2]string{{"Flow", name}, {"From", row.From}, {"To", row.To}, {"For", row.Actions}, {"Why", row.Purpose}, {"Opened by", v.c.account(open[i].Author)}}}
	return v.show(status, deedPage(p))
}

func (c *Console) closeFlow(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	name := v.r.PathValue("name")
	if strings.TrimSpace(f.Get("typed")) != name {
		return v.showClose(http.StatusBadRequest, f, meantName("flow", name))
	}
	switch _, no := c.Authority.RetireFlow(v.r.Context(), v.by, name); {
	case v.retell(no):
		return v.showClose(web.StatusOf(no), f, saying(no))
	case no != nil:
		return no
	}
	return v.to("/segments?done=close")
}
