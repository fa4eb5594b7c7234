package console

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Excluding tells what no one party may hold, or do, both of, and sets it.
type Excluding interface {
	AllExclusions(context.Context, authority.By) ([]stead.Exclusion, error)
	Clashes(context.Context, authority.By) ([]authority.Clash, error)
	SetExclusion(context.Context, authority.By, stead.Exclusion) (stead.Exclusion, error)
	RetireExclusion(ctx context.Context, by authority.By, name string) (stead.Exclusion, error)
	UnknownActions(stead.Exclusion) []string
}

// An exclusionsView lists them.
type exclusionsView struct {
	frame
	Tabs    []policyTab
	Said    string
	Rows    []exclusionRow
	Clashes []clashRow
	MayAdd  bool
}

// An exclusionRow is one of them in the list.
type exclusionRow struct {
	Name, Href, Purpose, How, By string
	Clashes                      int
}

// A clashRow is who holds both now.
type clashRow struct{ Exclusion, Href, First, Second, Later, Owner string }

// An exclusionView is one of them.
type exclusionView struct {
	frame
	Tabs    []policyTab
	Said    string
	Unknown []string // actions that the policy does not know
	Facts   []fact
	Sides   []sideView
	Clashes []clashRow
	Lately  []refusedRow
	MayEnd  bool
	Path    string
}

// A sideView is one of the two, and who holds it now.
type sideView struct {
	Title string
	Rows  []grantRow
	Holds []holderRow
}

// A holderRow is an agent that may do what is on a side.
type holderRow struct{ Name, Href, Owner, What string }

// A refusedRow is one time an exclusion said no.
type refusedRow struct{ At, Who, What, Event, Href string }

const (
	lately    = 500 // newest refusals in which an exclusion is looked for
	fewLately = 10
)

func exclusionHref(name string) string { return "/exclusions/" + url.PathEscape(name) }

func (c *Console) mountExclusions(add adder) {
	add("GET /exclusions", web.Auditor, c.exclusions, authority.Onlookers()...)
	add("GET /exclusions/new", web.Admin, func(v *visit) error { return v.showNewExclusion(http.StatusOK, nil, "") }, rulers()...)
	add("POST /exclusions", web.Admin, c.makeExclusion, rulers()...)
	add("GET /exclusions/{name}", web.Auditor, c.exclusion, authority.Onlookers()...)
	add("GET /exclusions/{name}/retire", web.Admin, func(v *visit) error { return v.showRetire(http.StatusOK, nil, "") }, rulers()...)
	add("POST /exclusions/{name}/retire", web.Admin, c.retireExclusion, rulers()...)
}

func (c *Console) exclusions(v *visit) error {
	all, err := c.Authority.AllExclusions(v.r.Context(), v.by)
	if err != nil {
		return err
	}
	clashes, err := c.Authority.Clashes(v.r.Context(), v.by)
	if err != nil {
		return err
	}
	p := exclusionsView{frame: v.frame("Exclusions", "What nobody has both of, or does both of on one thing: neither he, nor his agents, nor who acts for him."), Tabs: v.agentTabs("/exclusions"),
		Clashes: each(clashes, c.clash), MayAdd: v.might(rulers()...)}
	if v.r.URL.Query().Get("done") == "retire" {
		p.Said = "It is retired: it binds nobody any more."
	}
	for _, x := range all {
		row := exclusionRow{Name: x.Name, Href: exclusionHref(x.Name), Purpose: x.Purpose, How: howWord(x), By: c.who(x.Author)}
		for _, k := range clashes {
			if k.Exclusion.Name == x.Name {
				row.Clashes++
			}
		}
		p.Rows = append(p.Rows, row)
	}
	return v.show(http.StatusOK, exclusionsPage(p))
}

func (c *Console) clash(k authority.Clash) clashRow {
	return clashRow{k.Exclusion.Name, exclusionHref(k.Exclusion.Name), c.called(k.First), c.called(k.Second), c.called(k.Later), c.who(k.Owner)}
}

// howWord says what is kept apart.
func howWord(x stead.Exclusion) string {
	within := ""
	if x.Within > 0 {
		within = ", within " + span(time.Duration(x.Within))
	}
	name, argued := strings.CutPrefix(x.Same, "argument:")
	switch {
	case argued:
		return "doing both on the same " + name + within
	case x.Doing():
		return "doing both on one resource" + within
	}
	return "holding both"
}

func (v *visit) exclusionNamed() (stead.Exclusion, error) {
	all, err := v.c.Authority.AllExclusions(v.r.Context(), v.by)
	if err != nil {
		return stead.Exclusion{}, err
	}
	i := slices.IndexFunc(all, func(x stead.Exclusion) bool { return x.Name == v.r.PathValue("name") })
	if i < 0 {
		return stead.Exclusion{}, stead.E(stead.Missing, stead.ReasonNotYours, "there is no exclusion %s", v.r.PathValue("name"))
	}
	return all[i], nil
}

func (c *Console) exclusion(v *visit) error {
	x, err := v.exclusionNamed()
	if err != nil {
		return err
	}
	p := exclusionView{frame: v.frame("Exclusion "+x.Name, x.Purpose), Tabs: v.agentTabs("/exclusions"), Path: exclusionHref(x.Name), MayEnd: v.might(rulers()...),
		Facts: []fact{{"Keeps apart", upper(howWord(x)), ""}, {"Written by", c.account(x.Author), "/people/" + string(x.Author)}, {"In force since", c.at(x.At), ""}}}
	p.Unknown = c.Authority.UnknownActions(x)
	if v.r.URL.Query().Get("done") == "set" {
		p.Said = "It is in force, from the next decision on."
	}
	cards, err := c.Authority.Cards(v.r.Context(), v.by)
	if err != nil {
		return err
	}
	for i, side := range [][]stead.Reach{x.First, x.Second} {
		p.Sides = append(p.Sides, c.side(x, stead.Side(i+1), side, cards))
	}
	clashes, err := c.Authority.Clashes(v.r.Context(), v.by)
	if err != nil {
		return err
	}
	for _, k := range clashes {
		if k.Exclusion.Name == x.Name {
			p.Clashes = append(p.Clashes, c.clash(k))
		}
	}
	if p.Lately, err = v.refusedBy(x.Name); err != nil {
		return err
	}
	return v.show(http.StatusOK, exclusionPage(p))
}

// side is what is on a side, and which agents may do it.
func (c *Console) side(x stead.Exclusion, on stead.Side, all []stead.Reach, cards []authority.Card) sideView {
	p := sideView{Title: map[stead.Side]string{stead.First: "The one side", stead.Second: "The other side"}[on]}
	for _, r := range all {
		p.Rows = append(p.Rows, grantRow{System: c.system(r.System), Action: string(r.Action), Resource: r.Resource})
	}
	for _, a := range cards {
		var what []string
		for _, t := range a.Tasks {
			if slices.ContainsFunc(t.Grants, func(e stead.Entitlement) bool { got, _ := x.Touches(e); return got&on != 0 }) {
				what = append(what, t.ID)
			}
		}
		if len(what) > 0 {
			p.Holds = append(p.Holds, holderRow{a.Account.Name, agentHref(a.Principal), c.who(a.Owner), strings.Join(what, ", ")})
		}
	}
	return p
}

// refusedBy is where an exclusion said no lately.
func (v *visit) refusedBy(name string) (rows []refusedRow, err error) {
	c := v.c
	found, err := v.events(authority.EventQuery{Kinds: []string{"request.denied", "mandate.ask.refused", "mandate.start.refused", "mandate.narrow.refused"}, Outcome: stead.No, Newest: true,
		Limit: lately, Within: lookWithin})
	_, err = authority.Shorted(err)
	auditor := v.audits()
	for _, e := range found {
		if e.What["law"] != name || e.Reason != stead.ReasonDuty || len(rows) == fewLately {
			continue
		}
		what := strings.TrimSpace(cmp.Or(e.What["action"], e.What["task"], "to begin") + " " + cmp.Or(e.What["name"], e.What["path"]))
		row := refusedRow{At: c.at(e.At), Who: c.pair(e.Actor, e.Subject), What: what, Event: "event " + number(e.Number())}
		if auditor {
			row.Href = "/audit/" + versionWord(e.Number())
		}
		rows = append(rows, row)
	}
	return rows, err
}
