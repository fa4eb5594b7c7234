package authority

import (
	"context"
	"slices"
	"time"

	"github.com/steadhq/stead"
)

// A Stop is one thing that an act ended.
type Stop struct {
	What   string // "session", "agent", "instance", "mandate", "tokens", "login", "connections", "role"
	ID     string // of it; of a login and what comes with it that of its mandate
	Of     stead.PrincipalID
	System stead.AppID
	Reason stead.Reason
	Number uint64        // of the event that says it; 0: none does yet
	Took   time.Duration // from the act until it was refused, at most; 0: with the act, in one transaction
	Open   bool          // it is not refused yet: it is tried again until it is
	N      int           // how many, of tokens
}

// A Stopped is an act and everything that ended with it, as the record tells.
type Stopped struct {
	Act StoredEvent
	All []Stop
}

// Open is how much is not refused yet.
func (s Stopped) Open() (n int) {
	for _, e := range s.All {
		if e.Open {
			n++
		}
	}
	return n
}

// MandateStopped tells what ended with a mandate, and after what time the last door refused, to those whose business it
// is. Errors: missing; conflict where it has not ended.
func (a *Authority) MandateStopped(ctx context.Context, by By, id stead.MandateID) (Stopped, error) {
	m, err := a.Mandate(ctx, by, id)
	switch {
	case err != nil:
		return Stopped{}, err
	case m.State != stead.Ended && m.State != stead.Suspended:
		return Stopped{}, stead.E(stead.Conflict, stead.ReasonState, "this mandate has not ended")
	}
	kinds := []string{"mandate.ended", "mandate.completed", "mandate.revoked", "mandate.withdrawn", "mandate.refused", "mandate.suspended"}
	found, err := a.Store.Events(ctx, EventQuery{Mandate: id, Kinds: kinds, Outcome: stead.OK, Newest: true, Limit: 1})
	if err != nil || len(found) == 0 {
		return Stopped{}, or[error](err, stead.E(stead.Missing, stead.ReasonUnknown, "the record does not tell yet how it ended"))
	}
	out := Stopped{Act: found[0]}
	ids := []stead.MandateID{id}
	err = a.transaction(ctx, out.Act, func(e StoredEvent) error {
		if e.Mandate == "" || slices.Contains(ids, e.Mandate) || !ends(e.Kind) {
			return nil
		}
		below, err := a.Store.Get(ctx, stead.KindMandate, string(e.Mandate), 0)
		if s, ok := below.(stead.Mandate); ok && slices.Contains(ids, s.Parent) {
			ids = append(ids, s.ID)
		}
		return err
	})
	for _, each := range ids {
		if err == nil {
			err = a.doors(ctx, &out, each)
		}
		if err == nil {
			err = a.tokensOf(ctx, &out, EventQuery{Mandate: each})
		}
	}
	return out, err
}

// AccountStopped tells what ended when an account was closed, or an agent suspended or retired, and after what time the last
// door refused: for admins, security and auditors, and of an agent for who answers for it. Errors: refused, missing; conflict
// where it is open.
func (a *Authority) AccountStopped(ctx context.Context, by By, id stead.PrincipalID) (Stopped, error) {
	past, err := a.Store.Get(ctx, stead.KindPrincipal, string(id), 0)
	if err != nil && stead.KindOf(err) != stead.Missing {
		return Stopped{}, err
	}
	p, known := past.(stead.Principal)
	var agents []stead.PrincipalID
	halted := false
	a.Store.View().Read(func(s *State) {
		r := s.Agent(id)
		if halted = r != nil && r.Suspended; r == nil || r.Owner != by.Principal {
			err = a.may(s, by, a.Now(), Onlookers()...)
		}
		agents = slices.Clone(s.Owned(id))
	})
	switch {
	case err != nil:
		return Stopped{}, err
	case !known:
		return Stopped{}, stead.E(stead.Missing, stead.ReasonNotYours, "there is no such account")
	case p.Active() && !halted:
		return Stopped{}, stead.E(stead.Conflict, stead.ReasonState, "this account is open")
	}
	out := Stopped{}
	if out.Act, err = a.closedBy(ctx, id); err != nil {
		return out, err
	}
	if p.Kind == stead.Agent {
		agents = []stead.PrincipalID{id}
	}
	return out, a.wentWith(ctx, &out, id, agents)
}

// closedBy finds the event by which an account was closed: the first since it was last open. What came after it had nothing
// left to end.
func (a *Authority) closedBy(ctx context.Context, id stead.PrincipalID) (StoredEvent, error) {
	found, err := a.Store.Events(ctx, EventQuery{Subject: id, Kinds: []string{"person.changed", "agent.suspended", "agent.changed", "agent.retired"}, Outcome: stead.OK, Newest: true, Limit: 100})
	if err != nil {
		return StoredEvent{}, err
	}
	var act *StoredEvent
	for i, e := range found {
		switch {
		case e.Kind == "person.changed" && e.What["disabled"] == "" && e.What["deleted"] == "" && len(e.What) > 0: // erased: it says nothing more
		case act == nil:
			act = &found[i]
		case a.wasClosed(ctx, id, e.Number()):
			act = &found[i]
		default:
			return *act, nil
		}
	}
	if act == nil {
		return StoredEvent{}, stead.E(stead.Missing, stead.ReasonUnknown, "the record does not tell yet how it was closed")
	}
	return *act, nil
}

// wasClosed tells whether an account was closed, or an agent stopped, after the event of that number; what cannot be read any more was not.
func (a *Authority) wasClosed(ctx context.Context, id stead.PrincipalID, number uint64) bool {
	p, err := a.Store.At(ctx, stead.KindPrincipal, string(id), number)
	if was, ok := p.(stead.Principal); err == nil && ok && !was.Active() {
		return true
	}
	r, err := a.Store.At(ctx, stead.KindAgent, string(id), number)
	was, ok := r.(stead.Registration)
	return err == nil && ok && (was.Suspended || was.Retired)
}

// wentWith adds what ended in the transaction that closed an account, with the agents that it answers for.
func (a *Authority) wentWith(ctx context.Context, out *Stopped, id stead.PrincipalID, agents []stead.PrincipalID) error {
	for _, agent := range agents {
		out.All = append(out.All, Stop{What: "agent", ID: string(agent), Of: agent, Reason: or(out.Act.Reason, stead.ReasonOwnerless), Number: out.Act.Number()})
		if err := a.runsOf(ctx, out, agent); err != nil {
			return err
		}
	}
	his := func(who stead.PrincipalID) bool { return who == id || slices.Contains(agents, who) }
	var mandates []stead.MandateID
	err := a.transaction(ctx, out.Act, func(e StoredEvent) error {
		switch {
		case !his(e.Actor) && !his(e.Subject):
		case e.Kind == "session.ended":
			out.All = append(out.All, Stop{What: "session", ID: string(e.Session), Of: id, Reason: e.Reason, Number: e.Number()})
		case ends(e.Kind) && !slices.Contains(mandates, e.Mandate):
			mandates = append(mandates, e.Mandate)
		}
		return nil
	})
	for _, m := range mandates {
		if err == nil {
			err = a.doors(ctx, out, m)
		}
	}
	return err
}

// runsOf adds the runs of an agent, which are refused from the act on whether they have ended by themselves yet or not.
func (a *Authority) runsOf(ctx context.Context, out *Stopped, agent stead.PrincipalID) error {
	a.Store.View().Read(func(s *State) {
		for _, i := range s.InstancesOf(agent) {
			out.All = append(out.All, Stop{What: "instance", ID: string(i), Of: agent, Reason: stead.ReasonOwnerless, Number: out.Act.Number()})
		}
	})
	found, err := a.Store.Events(ctx, EventQuery{Subject: agent, Kinds: []string{"instance.ended"}, Outcome: stead.OK, From: out.Act.At, Limit: 100})
	for _, e := range found {
		out.All = append(out.All, Stop{What: "instance", ID: e.What["instance"], Of: agent, Reason: e.Reason, Number: e.Number()})
	}
	if err == nil {
		err = a.tokensOf(ctx, out, EventQuery{Actor: agent})
	}
	return err
}

// tokensOf adds the tokens that were good at the act: whatever they stand for is asked at every use, so they are refused from
// then on.
func (a *Authority) tokensOf(ctx context.Context, out *Stopped, q EventQuery) error {
	q.Kinds, q.Outcome, q.From, q.To, q.Limit = []string{"token.issued"}, stead.OK, out.Act.At.Add(-TokenLife), out.Act.At.Add(time.Microsecond), 1000
	found, err := a.Store.Events(ctx, q)
	if n := len(found); n > 0 {
		out.All = append(out.All, Stop{What: "tokens", Of: found[0].Actor, Number: out.Act.Number(), N: n})
	}
	return err
}

// doors adds a mandate that ended, and what of it was out in a connected system.
func (a *Authority) doors(ctx context.Context, out *Stopped, id stead.MandateID) error {
	r, err := a.Store.Get(ctx, stead.KindMandate, string(id), 0)
	m, known := r.(stead.Mandate)
	if err != nil && stead.KindOf(err) != stead.Missing || !known {
		return err
	}
	out.All = append(out.All, Stop{What: "mandate", ID: string(id), Of: m.Actor, Reason: or(m.Why, out.Act.Reason), Number: out.Act.Number()})
	leases, err := a.Store.Events(ctx, EventQuery{Mandate: id, Kinds: []string{"system."}, Limit: 1000})
	if err != nil {
		return err
	}
	given, back := lastLease(leases)
	if given == nil || back != nil && back.At.Before(out.Act.At) {
		return nil
	}
	for _, d := range []struct{ what, field string }{{"login", "refused_after"}, {"connections", "connections_gone_after"}, {"role", "dropped_after"}} {
		out.All = append(out.All, since(out.Act, Stop{What: d.what, ID: string(id), Of: m.Actor, System: given.App, Open: back == nil}, back, d.field))
	}
	return nil
}

// lastLease is when a login was last given, and the event that it is gone again; nil where there is none.
func lastLease(events []StoredEvent) (given, back *StoredEvent) {
	for i, e := range events {
		switch {
		case e.Kind == "system.granted" && e.Outcome == stead.OK:
			given, back = &events[i], nil
		case e.Kind == "system.withdrawn" && given != nil && back == nil:
			back = &events[i]
		}
	}
	return given, back
}

// since is how long after the act a door of a system refused. The event was written when all of it was over, and says how
// long each part had taken from the same beginning.
func since(act StoredEvent, s Stop, back *StoredEvent, field string) Stop {
	if back == nil {
		return s
	}
	s.Number, s.Took = back.Number(), max(0, back.At.Sub(act.At))
	all, errAll := time.ParseDuration(back.What["dropped_after"])
	part, errPart := time.ParseDuration(back.What[field])
	if errAll == nil && errPart == nil {
		s.Took = max(part, s.Took-all+part)
	}
	return s
}

// transaction gives the events that were written with one, and those of the same microsecond.
func (a *Authority) transaction(ctx context.Context, act StoredEvent, f func(StoredEvent) error) error {
	q := EventQuery{From: act.At, To: act.At.Add(time.Microsecond), Outcome: stead.OK, Limit: 1000}
	for {
		page, err := a.Store.Events(ctx, q)
		if err != nil {
			return err
		}
		for _, e := range page {
			if err := f(e); err != nil {
				return err
			}
			q.After = e.Number()
		}
		if len(page) < q.Limit {
			return nil
		}
	}
}

func ends(k stead.EventKind) bool {
	switch k {
	case "mandate.ended", "mandate.completed", "mandate.revoked":
		return true
	}
	return false
}
