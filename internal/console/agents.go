package console

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// An agentsView is one page of the agents that fit.
type agentsView struct {
	frame
	Tabs              []policyTab
	Name, Segment     string
	Kind, Tier, State web.FieldSpec
	Rows              []agentRow
	Any               bool // there are agents at all
	Next, First       string
	MayAdd            bool
	Said              string
}

// An agentRow is one agent in the list.
type agentRow struct {
	Name, Purpose, Href string
	Owner, Kind         string // Kind with tier and segment
	State               string
	Bad                 bool // the state wants somebody
	Used, Key, Open     string
}

func (c *Console) mountAgents(add adder) {
	add("GET /agents", web.InSession, c.agents)
	add("GET /agents/new", web.InSession, c.newAgent)
	add("GET /agents/{id}", web.InSession, c.agent)
	add("GET /agents/{id}/proposal", web.InSession, c.proposal)
	add("GET /people/{id}/stopped", web.Auditor, c.personStopped, authority.Onlookers()...)
	for _, d := range agentDeeds() {
		add("GET /agents/{id}/"+d.Path, web.InSession, func(v *visit) error { return v.showAgentDeed(http.StatusOK, d, nil, "") })
		add("POST /agents/{id}/"+d.Path, web.InSession, func(v *visit) error { return v.doesToAgent(d) })
	}
}

// agents lists them by name: everybody's for those who oversee, else one's own.
// mostAgents is how many agents stand on one page: of each it is looked up when it was last used.
const mostAgents = 25

func (c *Console) agents(v *visit) error {
	all, err := c.Authority.Cards(v.r.Context(), v.by)
	if err != nil {
		return err
	}
	q := v.r.URL.Query()
	p := agentsView{frame: v.frame("Agents", "What acts by itself: whose it is, what for, and what it holds."), Name: strings.TrimSpace(q.Get("name")),
		Segment: strings.TrimSpace(q.Get("segment")), Any: len(all) > 0, Tabs: v.agentTabs("/agents"), MayAdd: c.Authority.May(v.by, authority.Admin) == nil, Said: agentSaid(q.Get("done")),
		Kind: choiceField("kind", "Kind", q.Get("kind"), kindWords), Tier: choiceField("tier", "Tier", q.Get("tier"), tierWords),
		State: choiceField("state", "State", q.Get("state"), agentStates)}
	for _, a := range all {
		if a.Account.Name <= q.Get("after") || !c.fits(a, q) {
			continue
		}
		if len(p.Rows) == mostAgents {
			p.Next = "/agents?" + agentsNarrowed(q, p.Rows[mostAgents-1].Name).Encode()
			break
		}
		row, err := v.agentRow(a)
		if err != nil {
			return err
		}
		p.Rows = append(p.Rows, row)
	}
	if q.Get("after") != "" {
		p.First = "/agents?" + agentsNarrowed(q, "").Encode()
	}
	return v.show(http.StatusOK, agentsPage(p))
}

func (v *visit) agentRow(a authority.Card) (agentRow, error) {
	c := v.c
	used, err := c.Authority.AgentUsed(v.r.Context(), v.by, a.Principal)
	state, bad := agentState(a)
	if c.learning(a) != "" {
		state += ", learns"
	}
	row := agentRow{Name: a.Account.Name, Purpose: a.Purpose, Href: agentHref(a.Principal), Owner: c.who(a.Owner), Kind: strings.Trim(kindWord(a.Kind)+", "+string(a.Tier)+", "+a.Segment, ", "),
		State: state, Bad: bad, Used: c.ago(used), Key: c.keyAge(a.Keys), Open: number(uint64(len(a.Mandates)))}
	return row, err
}

// fits tells whether an agent is one that is looked for.
func (c *Console) fits(a authority.Card, q url.Values) bool {
	state, _ := agentState(a)
	within := func(text, in string) bool {
		return strings.Contains(strings.ToLower(in), strings.ToLower(strings.TrimSpace(text)))
	}
	is := func(name, value string) bool { return q.Get(name) == "" || q.Get(name) == value }
	return is("kind", string(a.Kind)) && is("tier", string(a.Tier)) && is("state", state) && within(q.Get("segment"), a.Segment) &&
		within(q.Get("name"), a.Account.Name+" "+a.Account.Shown+" "+a.Purpose+" "+c.account(a.Owner)) // whose it is is found too
}

func agentsNarrowed(q url.Values, after string) url.Values {
	out := url.Values{}
	for _, name := range []string{"name", "kind", "tier", "segment", "state"} {
		if s := q.Get(name); s != "" {
			out.Set(name, s)
		}
	}
	if after != "" {
		out.Set("after", after)
	}
	return out
}

var (
	kindWords   = [][2]string{{"company", "the company's"}, {"employee", "an employee's"}, {"peer", "deals with others' agents"}}
	tierWords   = [][2]string{{"low", "low"}, {"medium", "medium"}, {"high", "high"}}
	agentStates = [][2]string{{inUse, inUse}, {suspended, suspended}, {orphaned, orphaned}}
)

const (
	inUse     = "in use"
	suspended = "suspended"
	orphaned  = "nobody answers for it"
)

func kindWord(k stead.AgentKind) string {
	for _, w := range kindWords {
		if w[0] == string(k) {
			return w[1]
		}
	}
	return string(k)
}

// agentState is the state of an agent in words, and whether it wants somebody.
func agentState(a authority.Card) (word string, bad bool) {
	switch {
	case a.Orphan:
		return orphaned, true
	case a.Suspended:
		return suspended, true
	}
	return inUse, false
}

func choiceField(name, label, chosen string, words [][2]string) web.FieldSpec {
	f := web.FieldSpec{Name: name, Label: label, Kind: "select", Options: []web.Option{{Text: "Any", Chosen: chosen == ""}}}
	for _, w := range words {
		f.Options = append(f.Options, web.Option{Value: w[0], Text: upper(w[1]), Chosen: w[0] == chosen})
	}
	return f
}

func agentHref(id stead.PrincipalID) string { return "/agents/" + url.PathEscape(string(id)) }

// ago is how long ago something was, in one word for what never was.
func (c *Console) ago(t time.Time) string {
	d := c.Now().Sub(t)
	switch {
	case t.IsZero():
		return "never"
	case d < time.Minute:
		return "just now"
	}
	return span(d.Truncate(time.Minute)) + " ago"
}

// keyAge is the age of the oldest key: that is the one to replace.
func (c *Console) keyAge(keys []stead.AgentKey) string {
	var oldest time.Time
	for _, k := range keys {
		if oldest.IsZero() || !k.Since.IsZero() && k.Since.Before(oldest) {
			oldest = k.Since
		}
	}
	switch {
	case len(keys) == 0:
		return "no key"
	case oldest.IsZero():
		return "not known"
	}
	return strings.TrimSuffix(c.ago(oldest), " ago")
}
