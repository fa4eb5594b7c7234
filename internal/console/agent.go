package console

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// An agentView is everything about one agent.
type agentView struct {
	frame
	Said               string
	Path               string
	Facts              []fact
	Tasks              []taskRow
	Runs               []runRow
	MoreHeld, MoreRuns int // that are not shown
	Holds              []card
	Before             []pastRow
	Counted            string // what became of its requests
	Trail              string // address of what it did
	Deeds              []offer
	MayEnd             bool
	State              string
	Bad                bool
	Stopped            *stoppedView // of one that is suspended
}

// A taskRow is one thing the agent is there for.
type taskRow struct {
	ID, Purpose, Bounds string
	Grants              []grantRow
	Needs               []needRow
}

// A needRow is what a task was said to need, and what it came to; empty: not mapped.
type needRow struct{ Text, Came string }

// A grantRow is one entitlement, and when it was last used.
type grantRow struct{ System, Action, Resource, Columns, Rows, Used string }

// A runRow is one instance that runs.
type runRow struct{ ID, Since, Until, Key, Heard string }

// A pastRow is a mandate that the agent had.
type pastRow struct{ Task, Asked, What, Href string }

const (
	fewOfPast   = 10
	usedOfMost  = 500 // newest decisions in which a grant is looked for
	agentSaidOf = "done"
)

func (c *Console) agent(v *visit) error {
	a, err := c.Authority.Card(v.r.Context(), v.by, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	p := agentView{frame: v.frame(a.Account.DisplayName(), a.Purpose), Path: agentHref(a.Principal), Said: agentSaid(v.r.URL.Query().Get(agentSaidOf)),
		MayEnd: v.stopsAgent(a), Deeds: v.deedsOfAgent(a)}
	if p.State, p.Bad = agentState(a); c.learning(a) != "" {
		p.State += ", learns"
	}
	if err := v.agentFacts(&p, a); err != nil {
		return err
	}
	held, more := newest(a.Mandates, mostHeld, func(m stead.Mandate) time.Time { return m.AskedAt })
	p.MoreHeld = more
	for _, m := range held {
		p.Holds = append(p.Holds, v.card(m))
	}
	runs, more := newest(a.Instances, mostHeld, func(i stead.Instance) time.Time { return i.Since })
	p.MoreRuns = more
	for _, i := range runs {
		p.Runs = append(p.Runs, runRow{string(i.ID), c.at(i.Since), c.at(i.Until), shortKey(i.Key), ""})
	}
	used, err := v.usedBy(a)
	if err != nil {
		return err
	}
	for _, t := range a.Tasks {
		p.Tasks = append(p.Tasks, c.taskRow(t, used))
	}
	if a.Suspended || a.Orphan {
		p.Stopped = v.stoppedAccount(a.Principal)
	}
	return v.show(http.StatusOK, agentPage(p))
}

// mostHeld is how many mandates, and how many runs, of one agent stand on a page: it may have thousands.
const mostHeld = 50

// newest are the newest of some things, and how many more there are.
func newest[T any](all []T, most int, at func(T) time.Time) ([]T, int) {
	all = slices.SortedStableFunc(slices.Values(all), func(x, y T) int { return at(y).Compare(at(x)) })
	some := all[:min(len(all), most)]
	return some, len(all) - len(some)
}

func (v *visit) agentFacts(p *agentView, a authority.Card) error {
	c, ctx := v.c, v.r.Context()
	past, err := c.Authority.AgentPast(ctx, v.by, a.Principal)
	if err != nil {
		return err
	}
	used, err := c.Authority.AgentUsed(ctx, v.by, a.Principal)
	if err != nil {
		return err
	}
	people := ""
	if v.might(authority.Onlookers()...) {
		people = "/people/"
	}
	if v.audits() {
		p.Trail = narrowed("actor", string(a.Principal))
	}
	add := func(name, text, href string) {
		if text != "" {
			p.Facts = append(p.Facts, fact{name, text, href})
		}
	}
	lead := func(id stead.PrincipalID) string {
		if people == "" || id == "" {
			return ""
		}
		return people + string(id)
	}
	add("Account", a.Account.Directory+"/"+a.Account.Name, "")
	add("Owner", c.account(a.Owner), lead(a.Owner))
	if a.Sponsor != "" {
		add("Wanted by", c.account(a.Sponsor), lead(a.Sponsor))
	}
	add("Kind", upper(kindWord(a.Kind)), "")
	add("Tier", upper(string(a.Tier)), "")
	add("Segment", a.Segment, "")
	add("Build", buildWord(a.Build), "")
	add("Made from", madeFrom(a.Made), "")
	for _, d := range a.Drift {
		add("Drift", d, "")
	}
	for _, k := range a.Keys {
		add("Key", shortKey(k)+", registered "+c.ago(k.Since), "")
	}
	if c.Catalogue != nil {
		for _, d := range c.Catalogue.Drift(ctx, a.Registration) {
			add("Drift", d, "")
		}
	}
	add("Last used", c.ago(used), "")
	add("Learning", c.learning(a), "")
	p.Counted = asked(past)
	for _, m := range past.Mandates[:min(len(past.Mandates), fewOfPast)] {
		p.Before = append(p.Before, c.past(m))
	}
	return nil
}

// asked counts what became of an agent's requests: "asked 4 times: 3 agreed to, 1 refused".
func asked(p authority.Past) string {
	if p.Asked == 0 {
		return "It has asked for nothing before."
	}
	s := "It asked " + count(p.Asked, "time", "times")
	switch {
	case p.Asked == 1:
		s = "It asked once"
	case !p.Whole:
		s = "The last " + strconv.Itoa(p.Asked) + " times it asked"
	}
	return s + ": " + strconv.Itoa(p.Agreed) + " agreed to, " + strconv.Itoa(p.Refused) + " refused."
}

func (c *Console) past(m stead.Mandate) pastRow {
	r := pastRow{Task: m.Task, Asked: c.at(m.AskedAt), What: stateWord(m.State), Href: "/mandates/" + string(m.ID)}
	if m.State == stead.Ended {
		r.What = strings.TrimSuffix(endWord(m.Why), ".")
	}
	return r
}

// usedBy tells when each grant was last allowed, as far as the newest decisions go.
func (v *visit) usedBy(a authority.Card) (map[string]string, error) {
	found, err := v.events(authority.EventQuery{Actor: a.Principal, Kinds: []string{"request.allowed"}, Newest: true, Limit: usedOfMost, Within: lookWithin})
	used := map[string]string{}
	for _, e := range found {
		for _, t := range a.Tasks {
			for _, g := range t.Grants {
				if g.System == e.App && string(g.Action) == e.What["action"] && g.Resource == e.What["name"] && used[g.String()] == "" {
					used[g.String()] = v.c.ago(e.At)
				}
			}
		}
	}
	_, err = authority.Shorted(err)
	return used, err
}

func (c *Console) grants(all []stead.Entitlement, used map[string]string) []grantRow {
	var rows []grantRow
	for _, g := range all {
		a, _ := c.app(g.System)
		rows = append(rows, grantRow{a.shown(), string(g.Action), g.Resource, cmp.Or(strings.Join(g.Columns, ", "), "all"),
			cmp.Or(g.Rows, "all"), cmp.Or(used[g.String()], "not lately")})
	}
	return rows
}

func (c *Console) taskRow(t stead.Task, used map[string]string) taskRow {
	r := taskRow{ID: t.ID, Purpose: t.Purpose, Bounds: taskBounds(t), Grants: c.grants(t.Grants, used)}
	for _, n := range t.Needs {
		r.Needs = append(r.Needs, needRow{n.Text, strings.Join(n.Resources, ", ")})
	}
	return r
}

func taskBounds(t stead.Task) string {
	s := modeWord(t.Mode) + ", for " + span(cmp.Or(time.Duration(t.Length), stead.Day)) + " at most"
	if b := budgetWords(t.Budget, nil); b != "" {
		s += ", " + b
	}
	return s
}

func buildWord(b stead.Build) string {
	var parts []string
	for _, x := range [][2]string{{"model ", b.Model}, {"code ", b.Code}, {"tools ", b.Tools}} {
		if x[1] != "" {
			parts = append(parts, x[0]+x[1])
		}
	}
	return strings.Join(parts, ", ")
}

// shortKey is enough of a thumbprint to tell keys apart.
func shortKey(k stead.AgentKey) string {
	if len(k.Thumbprint) > 12 {
		return k.Thumbprint[:12] + "…"
	}
	return k.Thumbprint
}
