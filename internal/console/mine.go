package console

import (
	"slices"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// An ownAgent is an agent as who answers for it sees it on his own page.
type ownAgent struct {
	Name, Purpose, Href, State, Used string
	Bad                              bool
	MayStop                          bool
	Jobs                             []ownJob
	More                             int // jobs that are not shown
}

// An ownJob is what such an agent holds.
type ownJob struct {
	card
	What string // what it reaches, in a line
}

// What stands on the page of who answers for many agents, or for one that does much: those at work first.
const (
	mostOwn  = 10
	mostJobs = 10
)

// ownAgents are those that the reader answers for, and how many more there are.
func (v *visit) ownAgents() (mine []ownAgent, more int, err error) {
	c := v.c
	if c.Authority.Answers(v.by) == 0 {
		return nil, 0, nil
	}
	all, err := c.Authority.Cards(v.r.Context(), v.by)
	all = slices.DeleteFunc(all, func(a authority.Card) bool { return a.Owner != v.by.Principal }) // those who oversee see everybody's
	slices.SortStableFunc(all, func(a, b authority.Card) int { return min(len(b.Mandates), 1) - min(len(a.Mandates), 1) })
	more = max(0, len(all)-mostOwn)
	for _, a := range all[:len(all)-more] {
		used, err := c.Authority.AgentUsed(v.r.Context(), v.by, a.Principal)
		if err != nil {
			return nil, 0, err
		}
		mine = append(mine, v.ownAgent(a, c.ago(used)))
	}
	return mine, more, err
}

func (v *visit) ownAgent(a authority.Card, used string) ownAgent {
	o := ownAgent{Name: a.Account.DisplayName(), Purpose: a.Purpose, Href: agentHref(a.Principal), Used: used, MayStop: !a.Suspended}
	o.State, o.Bad = agentState(a)
	held, more := newest(a.Mandates, mostJobs, func(m stead.Mandate) time.Time { return m.AskedAt })
	o.More = more
	for _, m := range held {
		o.Jobs = append(o.Jobs, ownJob{v.card(m), reach(m.Scope.Grants)})
	}
	return o
}

// reach says what is granted in a line: "read public.orders, public.customers".
func reach(all []stead.Entitlement) string {
	s, last := "", stead.Action("")
	for i, g := range all {
		switch {
		case i > 0 && g.Action == last:
			s += ", " + g.Resource
		case i > 0:
			s += "; " + string(g.Action) + " " + g.Resource
		default:
			s = string(g.Action) + " " + g.Resource
		}
		last = g.Action
	}
	return s
}
