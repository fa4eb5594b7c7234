package console

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A jobView is what an agent's mandate adds to a mandate: what exactly is granted, what is spent of it, whence it comes, and
// after what time every door refused when it is over.
type jobView struct {
	Task    string
	Agent   string // address of the agent; empty: not the reader's to see
	Name    string
	Run     string // the instance that started it
	Grants  []grantRow
	Limits  [][2]string // on arguments
	Budgets []budgetRow
	Chain   *chainView // nil: it stands alone
	Stopped *stoppedView
}

// A budgetRow is one budget and what is spent of it.
type budgetRow struct {
	What, Spent, Most string
	Part              string // spent, in hundredths
	Over              bool
}

// job is of a mandate of an agent; nil of a person's.
func (v *visit) job(m stead.Mandate) (*jobView, error) {
	if m.Task == "" {
		return nil, nil
	}
	c, ctx := v.c, v.r.Context()
	j := &jobView{Task: m.Task, Name: c.who(m.Actor), Grants: c.grants(m.Scope.Grants, nil), Limits: limitRows(m)}
	if a, err := c.Authority.Card(ctx, v.by, string(m.Actor)); err == nil {
		j.Agent = agentHref(m.Actor)
		if i := slices.IndexFunc(a.Instances, func(i stead.Instance) bool { return i.Key.Thumbprint == m.Key }); m.Key != "" && i >= 0 {
			j.Run = string(a.Instances[i].ID)
		}
	}
	spent, err := c.Authority.Spent(ctx, v.by, m.ID)
	if err != nil {
		return nil, err
	}
	j.Budgets = budgetRows(m.Bounds.Budget, spent)
	chain, err := c.Authority.Chain(ctx, v.by, m.ID)
	if err != nil {
		return nil, err
	}
	j.Chain = c.chain(chain, m.ID)
	if m.State == stead.Ended && !m.StartedAt.IsZero() || m.State == stead.Suspended {
		v.settled()
		if s, err := c.Authority.MandateStopped(ctx, v.by, m.ID); err == nil {
			j.Stopped = v.stopped(s)
		}
	}
	return j, nil
}

// onBehalf are the facts of an agent's mandate that a person's does not have, in place of those that say nothing of it.
func (c *Console) onBehalf(m stead.Mandate, run string, rows [][2]string) [][2]string {
	rows = slices.DeleteFunc(rows, func(r [2]string) bool { return r[0] == "For whom" && m.Actor == m.Subject })
	rows = append(rows, [2]string{"Task", m.Task})
	var agreed []string
	for _, a := range m.Approvals {
		switch {
		case m.OwnYes(a):
			agreed = append(agreed, c.who(a.By)+", for himself or herself")
		case a.Yes:
			agreed = append(agreed, c.who(a.By))
		}
	}
	if m.Word.Given() {
		rows = append(rows, [2]string{"On the word of", m.Word.Issuer + ", who calls the person " + m.Word.Subject})
	}
	if m.Unbound {
		rows = append(rows, [2]string{"Tokens", "bound to no key: whoever has one can use it, for five minutes at most"})
	}
	if m.Key != "" {
		rows = append(rows, [2]string{"Run", cmp.Or(run, "over, by key "+shortKey(stead.AgentKey{Thumbprint: m.Key}))})
	}
	return known(append(rows, [2]string{"Agreed to by", strings.Join(agreed, ", ")}))
}

// limitRows tell what arguments may be: of one call alone each of them as it will be, and their digest is nobody's to compare.
func limitRows(m stead.Mandate) (rows [][2]string) {
	for _, name := range slices.Sorted(maps.Keys(m.Scope.Conditions)) {
		what := "Only with " + name
		switch {
		case name == stead.Transaction:
			what = "Only in the transaction"
		case name == stead.Parameters && m.Call != "":
			continue
		}
		rows = append(rows, [2]string{what, strings.Join(m.Scope.Conditions[name], " or ")})
	}
	if m.Call == "" {
		return rows
	}
	rows = append(rows, [2]string{"Only", "this one call, exactly as it is"})
	for _, said := range m.Said() {
		rows = append(rows, [2]string{"With " + said[0], said[1]})
	}
	return rows
}

func budgetRows(most, spent map[string]int64) (rows []budgetRow) {
	for _, what := range slices.Sorted(maps.Keys(most)) {
		part := min(100, 100*spent[what]/max(1, most[what]))
		rows = append(rows, budgetRow{What: upper(what), Spent: number(uint64(spent[what])), Most: number(uint64(most[what])), Part: number(uint64(part)), Over: part >= 100})
	}
	return rows
}

// budgetWords writes budgets in a line: "at most 100 calls and 5,000 rows".
func budgetWords(most, spent map[string]int64) string {
	var parts []string
	for _, r := range budgetRows(most, spent) {
		parts = append(parts, r.Most+" "+strings.ToLower(r.What))
	}
	if len(parts) == 0 {
		return ""
	}
	return "at most " + strings.Join(parts, " and ")
}

// An askView is what whoever must agree wants to know of an agent that asks.
type askView struct {
	jobView
	Facts   []fact
	Purpose string
	Counted string
	Like    []pastRow // what it asked for the same task before
}

const fewOfLike = 3

// agentAsks is exactly what an agent asks for, and who it is; nil where a person asks.
func (v *visit) agentAsks(m stead.Mandate) (*askView, error) {
	j, err := v.job(m)
	if err != nil || j == nil {
		return nil, err
	}
	c, ctx := v.c, v.r.Context()
	p := &askView{jobView: *j}
	a, err := c.Authority.Card(ctx, v.by, string(m.Actor))
	if stead.KindOf(err) == stead.Missing { // who has voted already is told no more
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	p.Purpose = a.Purpose
	for _, f := range []fact{{"Owner", c.account(a.Owner), ""}, {"Kind", upper(kindWord(a.Kind)), ""}, {"Tier", upper(string(a.Tier)), ""}, {"Segment", a.Segment, ""}, {"Build", buildWord(a.Build), ""}} {
		if f.Text != "" {
			p.Facts = append(p.Facts, f)
		}
	}
	past, err := c.Authority.AgentPast(ctx, v.by, m.Actor)
	if err != nil {
		return nil, err
	}
	p.before(c, past, m)
	return p, nil
}

// before is what became of what it asked for until now.
func (p *askView) before(c *Console, past authority.Past, m stead.Mandate) {
	if i := slices.IndexFunc(past.Mandates, func(n stead.Mandate) bool { return n.ID == m.ID }); i >= 0 {
		past.Asked--
	}
	p.Counted = asked(past)
	for _, n := range past.Mandates {
		if n.ID != m.ID && n.Task == m.Task && len(p.Like) < fewOfLike {
			p.Like = append(p.Like, c.past(n))
		}
	}
}
