package console

import (
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// An ownAgent is an agent as who answers for it sees it on his own page.
type ownAgent struct {
	Name, Purpose, Href, State, Used string
	Bad                              bool
	MayStop                          bool
	Jobs                             []ownJob
}

// An ownJob is what such an agent holds.
type ownJob struct {
	card
	What string // what it reaches, in a line
}

// ownAgents are those that the reader answers for.
func (v *visit) ownAgents() (mine []ownAgent, err error) {
	c := v.c
	if c.Authority.Answers(v.by) == 0 {
		return nil, nil
	}
	all, err := c.Authority.Cards(v.r.Context(), v.by)
	for _, a := range all {
		if a.Owner != v.by.Principal {
			continue // those who oversee see everybody's
		}
		used, err := c.Authority.AgentUsed(v.r.Context(), v.by, a.Principal)
		if err != nil {
			return nil, err
		}
		mine = append(mine, v.ownAgent(a, c.ago(used)))
	}
	return mine, err
}

func (v *visit) ownAgent(a authority.Card, used string) ownAgent {
	o := ownAgent{Name: a.Account.DisplayName(), Purpose: a.Purpose, Href: agentHref(a.Principal), Used: used, MayStop: !a.Suspended}
	o.State, o.Bad = agentState(a)
	for _, m := range a.Mandates {
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
