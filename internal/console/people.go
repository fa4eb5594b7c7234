package console

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A peopleView is one page of the accounts that fit.
type peopleView struct {
	frame
	Name     string
	DirField web.FieldSpec
	Group    string
	State    web.FieldSpec
	Rows     []personRow
	Next     string // address of the next page
	First    string // address of the first one, on later pages
	Said     string // that something was done
	MayAdd   bool
}

// A personRow is one account in the list.
type personRow struct {
	Name, Account, Groups, Href string
	Closed                      bool
}

// mostRows is how many accounts stand on one page.
const mostRows = 50

func (c *Console) people(v *visit) error {
	q := v.r.URL.Query()
	wish := authority.PeopleQuery{Name: strings.TrimSpace(q.Get("name")), Directory: q.Get("directory"), Group: strings.TrimSpace(q.Get("group")),
		After: q.Get("after"), Limit: mostRows}
	if state := q.Get("state"); state != "" {
		closed := state == "disabled"
		wish.Closed = &closed
	}
	found, more, err := c.Authority.PeoplePage(v.r.Context(), v.by, wish)
	if err != nil {
		return err
	}
	p := peopleView{frame: v.frame("People", "Accounts of every directory."), Name: wish.Name, DirField: c.directoryField(wish.Directory), Group: wish.Group,
		State: stateField(q.Get("state")), Said: v.told(), MayAdd: v.might(authority.Admin)}
	for _, who := range found {
		p.Rows = append(p.Rows, personRow{who.DisplayName(), who.Directory + "/" + who.Name, strings.Join(who.Groups, ", "), "/people/" + url.PathEscape(string(who.ID)), !who.Active()})
	}
	if more {
		p.Next = "/people?" + narrowing(q, p.Rows[len(p.Rows)-1].Account).Encode()
	}
	if wish.After != "" {
		p.First = "/people?" + narrowing(q, "").Encode()
	}
	return v.show(http.StatusOK, peoplePage(p))
}

// narrowing is what the address says of whom is looked for, and after whom the page begins.
func narrowing(q url.Values, after string) url.Values {
	out := url.Values{}
	for _, name := range []string{"name", "directory", "group", "state"} {
		if s := q.Get(name); s != "" {
			out.Set(name, s)
		}
	}
	if after != "" {
		out.Set("after", after)
	}
	return out
}

func stateField(chosen string) web.FieldSpec {
	f := web.FieldSpec{Name: "state", Label: "State", Kind: "select"}
	for _, o := range [][2]string{{"", "Any"}, {"active", "Active"}, {"disabled", "Disabled"}} {
		f.Options = append(f.Options, web.Option{Value: o[0], Text: o[1], Chosen: o[0] == chosen})
	}
	return f
}

// A groupRow is one group, and what names it.
type groupRow struct {
	Group, Href   string
	Members       string
	Roles, Timers []string
	Rules         []string
}

// named tells whether anything names the group.
func (g groupRow) named() bool { return len(g.Roles)+len(g.Timers)+len(g.Rules) > 0 }

// A groupsView lists the groups.
type groupsView struct {
	frame
	Rows []groupRow
}

func (c *Console) groups(v *visit) error {
	ctx := v.r.Context()
	found, err := c.Authority.Groups(ctx, v.by)
	if err != nil {
		return err
	}
	all, err := c.Authority.Configured(ctx, v.by)
	if err != nil {
		return err
	}
	timers, _, err := c.Authority.Timers(ctx, v.by)
	if err != nil {
		return err
	}
	inForce, _, err := c.Authority.Policies(ctx, v.by)
	if err != nil {
		return err
	}
	p := groupsView{frame: v.frame("People", "Groups: who is in them, and what names them.")}
	book := rules(inForce.Files)
	for _, g := range mentioned(found, all, timers) {
		row := groupRow{Group: g.Group, Members: count(g.N, "account", "accounts"), Href: "/people?" + url.Values{"group": {g.Group}}.Encode()}
		for _, r := range authority.Onlookers() {
			if slices.Contains(all.Roles[r], g.Group) {
				row.Roles = append(row.Roles, string(r))
			}
		}
		for _, t := range timers {
			if t.Group == g.Group {
				row.Timers = append(row.Timers, c.forWhom(t))
			}
		}
		for id, text := range book {
			if strings.Contains(text, `"`+g.Group+`"`) || strings.Contains(text, g.Group+",") || strings.Contains(text, g.Group+" ") {
				row.Rules = append(row.Rules, id)
			}
		}
		slices.Sort(row.Rules)
		p.Rows = append(p.Rows, row)
	}
	return v.show(http.StatusOK, groupsPage(p))
}

// mentioned adds to the groups that somebody is in those that are named although nobody is.
func mentioned(found []authority.GroupCount, all authority.Settings, timers []authority.TimerText) []authority.GroupCount {
	have := map[string]bool{}
	for _, g := range found {
		have[g.Group] = true
	}
	note := func(group string) {
		if group != "" && !have[group] {
			have[group] = true
			found = append(found, authority.GroupCount{Group: group})
		}
	}
	for _, groups := range all.Roles {
		for _, g := range groups {
			note(g)
		}
	}
	for _, t := range timers {
		note(t.Group)
	}
	slices.SortFunc(found, func(a, b authority.GroupCount) int { return cmp.Compare(a.Group, b.Group) })
	return found
}

// stateOf says whether an account may be used.
func stateOf(p stead.Principal) string {
	if p.Active() {
		return "active"
	}
	return "disabled"
}
