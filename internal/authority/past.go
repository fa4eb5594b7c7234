package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// A Past is what became of what an agent asked for, the newest first.
type Past struct {
	Asked, Agreed, Refused int // Agreed: it was agreed to, or needed nobody's yes
	Mandates               []stead.Mandate
	Whole                  bool // false: it asked more often than that
}

// mostPast is how many requests of an agent are looked at.
const mostPast = 50

// AgentPast tells what became of an agent's requests, to those who may see it. Errors: refused, missing.
func (a *Authority) AgentPast(ctx context.Context, by By, agent stead.PrincipalID) (Past, error) {
	c, err := a.Card(ctx, by, string(agent))
	if err != nil {
		return Past{}, err
	}
	found, err := a.Store.Events(ctx, EventQuery{Actor: c.Principal, Kinds: []string{"mandate.asked"}, Outcome: stead.OK, Newest: true, Limit: mostPast})
	p := Past{Whole: len(found) < mostPast}
	for _, e := range found {
		r, no := a.Store.Get(ctx, stead.KindMandate, string(e.Mandate), 0)
		m, ok := r.(stead.Mandate)
		if no != nil && stead.KindOf(no) != stead.Missing {
			return p, no
		}
		if ok && m.Task != "" {
			p.add(m)
		}
	}
	return p, err
}

func (p *Past) add(m stead.Mandate) {
	p.Asked++
	switch {
	case m.Why == stead.ReasonRefused:
		p.Refused++
	case m.State == stead.Approved || !m.StartedAt.IsZero():
		p.Agreed++
	}
	p.Mandates = append(p.Mandates, m)
}

// AgentUsed is when an agent last did anything by itself; zero: never, as far as the record goes. Errors: refused, missing.
func (a *Authority) AgentUsed(ctx context.Context, by By, agent stead.PrincipalID) (time.Time, error) {
	c, err := a.Card(ctx, by, string(agent))
	if err != nil {
		return time.Time{}, err
	}
	found, err := a.Store.Events(ctx, EventQuery{Actor: c.Principal, Newest: true, Limit: 20})
	for _, e := range found {
		if e.Who["by"] != stead.Server {
			return e.At, nil
		}
	}
	return time.Time{}, err
}

// Spent is what is spent of a mandate's budget by now, to those whose business it is. Errors: refused, missing.
func (a *Authority) Spent(ctx context.Context, by By, id stead.MandateID) (spent map[string]int64, err error) {
	m, err := a.Mandate(ctx, by, id)
	if err == nil {
		a.Store.View().Read(func(s *State) { spent = s.spent(&m) })
	}
	return spent, err
}
