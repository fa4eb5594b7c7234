package console

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Segmenting tells what keeps agents apart by place, and cuts a segment off.
type Segmenting interface {
	Segments(context.Context, authority.By) (all []authority.SegmentCard, inForce bool, err error)
	Isolate(ctx context.Context, by authority.By, name, reason string) (stead.Segment, error)
	Reconnect(ctx context.Context, by authority.By, name, reason string) (stead.Segment, error)
	SegmentStopped(ctx context.Context, by authority.By, name string) (authority.Stopped, error)
}

// A segmentsView lists what lies where.
type segmentsView struct {
	frame
	Tabs    []policyTab
	InForce bool
	Rows    []segmentRow
	Said    string
	Ways    []wayRow
	MayAdd  bool
}

// A segmentRow is one segment in the list.
type segmentRow struct {
	Name, Href, State      string
	Cut                    bool
	Agents, Systems, Flows string
}

// A segmentView is one segment.
type segmentView struct {
	frame
	Tabs        []policyTab
	Said, State string
	Cut         bool
	Facts       []fact
	Agents      []agentRow
	Systems     []string
	Ways        []wayRow
	Deed        *deed // what the reader may do now; nil: nothing
	Path        string
	Stopped     *stoppedView
}

// A wayRow is a flow that leads out of a segment or into it.
type wayRow struct{ Name, From, To, Actions, Purpose, By, Close string }

// A cutView asks whether a segment is meant to be cut off, or given back, and shows what would stop.
type cutView struct {
	deedView
	Holds []card
	More  int // mandates that are not shown
}

const mostShown = 20

func segmentHref(name string) string { return "/segments/" + url.PathEscape(name) }

func segmentDeeds() []deed {
	return []deed{
		{Path: "isolate", Title: "Isolate it", Button: "Isolate", Why: "Why", Done: "It is isolated, and what went in or out has ended.",
			Says: "From the next decision on nothing goes into it or out of it. The mandates below end at once, with the tokens and logins that hang on them. Another person than you reconnects it; what ended stays ended."},
		{Path: "reconnect", Title: "Reconnect it", Button: "Reconnect", Why: "What was found", Done: "Its agents may ask again.",
			Says: "Its agents may ask again, and others into it. Nothing comes back: what ended is asked for anew. Who isolated it does not reconnect it."},
	}
}

func (c *Console) mountSegments(add adder) {
	add("GET /segments", web.Auditor, c.segments, authority.Onlookers()...)
	add("GET /segments/{name}", web.Auditor, c.segment, authority.Onlookers()...)
	for _, d := range segmentDeeds() {
		add("GET /segments/{name}/"+d.Path, web.Admin, func(v *visit) error { return v.showCut(http.StatusOK, d, nil, "") }, rulers()...)
		add("POST /segments/{name}/"+d.Path, web.Admin, func(v *visit) error { return v.cuts(d) }, rulers()...)
	}
}

// rulers set what keeps agents apart.
func rulers() []authority.Role { return []authority.Role{authority.Admin, authority.Security} }

// agentTabs lead between what there is of agents; who answers for some only has one of them.
func (v *visit) agentTabs(here string) []policyTab {
	if !v.might(authority.Onlookers()...) {
		return nil
	}
	tabs := []policyTab{{Text: "Agents", Href: "/agents"}, {Text: "Templates", Href: "/templates"}, {Text: "Segments", Href: "/segments"}, {Text: "Exclusions", Href: "/exclusions"}}
	for i := range tabs {
		tabs[i].Here = tabs[i].Href == here
	}
	return tabs
}

// segments lists them, and says whether they keep anything apart.
func (c *Console) segments(v *visit) error {
	all, inForce, err := c.Authority.Segments(v.r.Context(), v.by)
	if err != nil {
		return err
	}
	p := segmentsView{frame: v.frame("Segments", "Where agents and systems lie, and what leads from one place to another."), Tabs: v.agentTabs("/segments"), InForce: inForce,
		Ways: v.closable(each(flows(all), c.way)), MayAdd: v.might(rulers()...), Said: flowSaid(v.r.URL.Query().Get("done"))}
	for _, g := range all {
		row := segmentRow{Name: segmentWord(g.Name), State: segmentState(g.Segment), Cut: g.Isolated, Agents: strings.Join(each(g.Agents, c.called), ", "),
			Systems: strings.Join(each(g.Systems, c.system), ", "), Flows: strings.Join(each(g.Flows, func(w stead.Flow) string { return segmentWord(w.To) }), ", ")}
		if g.Name != "" {
			row.Href = segmentHref(g.Name)
		}
		p.Rows = append(p.Rows, row)
	}
	return v.show(http.StatusOK, segmentsPage(p))
}

func segmentWord(name string) string { return cmp.Or(name, "in no segment") }

func segmentState(g stead.Segment) string {
	if g.Isolated {
		return "isolated"
	}
	return "open"
}

func (c *Console) system(id stead.AppID) string {
	a, _ := c.app(id)
	return a.shown()
}

func each[T, U any](all []T, f func(T) U) (out []U) {
	for _, one := range all {
		out = append(out, f(one))
	}
	return out
}

// named finds a segment, and all of them.
func (v *visit) segmentNamed() (g authority.SegmentCard, all []authority.SegmentCard, err error) {
	name := v.r.PathValue("name")
	all, _, err = v.c.Authority.Segments(v.r.Context(), v.by)
	i := slices.IndexFunc(all, func(g authority.SegmentCard) bool { return g.Name == name })
	switch {
	case err != nil:
		return g, nil, err
	case i < 0 || name == "":
		return g, nil, stead.E(stead.Missing, stead.ReasonUnknown, "nothing is in a segment %s", name)
	}
	return all[i], all, nil
}

func (c *Console) segment(v *visit) error {
	g, all, err := v.segmentNamed()
	if err != nil {
		return err
	}
	p := segmentView{frame: v.frame("Segment "+g.Name, ""), Tabs: v.agentTabs("/segments"), State: segmentState(g.Segment), Cut: g.Isolated, Path: segmentHref(g.Name),
		Systems: each(g.Systems, c.system)}
	if g.By != "" {
		p.Facts = []fact{{map[bool]string{true: "Isolated by", false: "Reconnected by"}[g.Isolated], c.account(g.By) + ", " + c.at(g.At), "/people/" + string(g.By)}, {"Because", g.Reason, ""}}
	}
	for _, d := range segmentDeeds() {
		if d.Path == v.r.URL.Query().Get("done") {
			p.Said = d.Done
		}
		if v.might(rulers()...) && (d.Path == "isolate") != g.Isolated {
			p.Deed = &d
		}
	}
	for _, id := range g.Agents {
		a, err := c.Authority.Card(v.r.Context(), v.by, string(id))
		if err != nil {
			return err
		}
		row, err := v.agentRow(a)
		if err != nil {
			return err
		}
		p.Agents = append(p.Agents, row)
	}
	p.Ways = v.closable(c.ways(g.Name, all))
	v.settled()
	if s, err := c.Authority.SegmentStopped(v.r.Context(), v.by, g.Name); err == nil {
		p.Stopped = v.stopped(s)
	}
	return v.show(http.StatusOK, segmentPage(p))
}

// ways are the flows that lead out of a segment and into it.
func (c *Console) ways(name string, all []authority.SegmentCard) (rows []wayRow) {
	for _, w := range flows(all) {
		if w.From == name || w.To == name {
			rows = append(rows, c.way(w))
		}
	}
	return rows
}

func (c *Console) way(w stead.Flow) wayRow {
	actions := cmp.Or(strings.Join(each(w.Actions, func(a stead.Action) string { return string(a) }), ", "), "everything")
	return wayRow{Name: w.Name, From: segmentWord(w.From), To: segmentWord(w.To), Actions: actions, Purpose: w.Purpose, By: c.who(w.Author)}
}

// closable leads whoever may close a way to where he does.
func (v *visit) closable(rows []wayRow) []wayRow {
	for i := range rows {
		if v.might(rulers()...) {
			rows[i].Close = flowHref(rows[i].Name) + "/close"
		}
	}
	return rows
}

// held are the mandates that isolating a segment would end: of the agents in it, and of others into it.
func (v *visit) held(g authority.SegmentCard) (all []stead.Mandate, err error) {
	cards, err := v.c.Authority.Cards(v.r.Context(), v.by)
	for _, a := range cards {
		for _, m := range a.Mandates {
			if a.Segment == g.Name || slices.ContainsFunc(m.Scope.Apps, func(id stead.AppID) bool { return slices.Contains(g.Systems, id) }) {
				all = append(all, m)
			}
		}
	}
	return all, err
}

func (v *visit) showCut(status int, d deed, f url.Values, problem string) error {
	g, _, err := v.segmentNamed()
	if err != nil {
		return err
	}
	back := segmentHref(g.Name)
	p := cutView{deedView: deedView{frame: v.frame(d.Title, ""), offer: offer{deed: d}, Problem: problem, Action: back + "/" + d.Path, Back: back, Name: g.Name, Typed: f.Get("typed"), Reason: f.Get("reason")}}
	held, err := v.held(g)
	if err != nil {
		return err
	}
	rows := [][2]string{{"Segment", g.Name}, {"State", upper(segmentState(g.Segment))}, {"Agents in it", strings.Join(each(g.Agents, v.c.account), ", ")}, {"Systems in it", strings.Join(each(g.Systems, v.c.system), ", ")}}
	if d.Path == "isolate" {
		rows = append(rows, [2]string{"Would end", cmp.Or(strings.TrimPrefix(count(len(held), "mandate", "mandates"), "0 mandates"), "nothing: no mandate goes in or out now")})
		for _, m := range held[:min(len(held), mostShown)] {
			p.Holds = append(p.Holds, v.card(m))
		}
		p.More = len(held) - len(p.Holds)
	}
	p.Facts = known(rows)
	return v.show(status, cutPage(p))
}

// cuts does what was meant: nothing, where another name was typed.
func (v *visit) cuts(d deed) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	name := v.r.PathValue("name")
	if strings.TrimSpace(f.Get("typed")) != name {
		return v.showCut(http.StatusBadRequest, d, f, meantName("segment", name))
	}
	verb := v.c.Authority.Isolate
	if d.Path == "reconnect" {
		verb = v.c.Authority.Reconnect
	}
	switch _, no := verb(v.r.Context(), v.by, name, f.Get("reason")); {
	case v.retell(no):
		return v.showCut(web.StatusOf(no), d, f, saying(no))
	case no != nil:
		return no
	}
	return v.to(segmentHref(name) + "?done=" + d.Path)
}

func meantName(what, name string) string {
	return "Type the name of the " + what + ", " + name + ", to say that it is meant"
}
