package authority

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/steadhq/stead"
)

// A Reasoning is a decision of the past, asked again with everything as it was.
type Reasoning struct {
	Event       StoredEvent
	Decision    stead.Decision // computed again from the record
	Actor       stead.Principal
	Subject     stead.Principal
	Explanation Explanation
	Same        bool // the same answer came out as was recorded (S-I34); where not, Decision is what was recorded
}

// toSettle is how long somebody waits for what was decided a moment ago to be found.
const toSettle = time.Second

// settled waits a while until what is true now can be found in the record, and tells whether it can.
func (a *Authority) settled(ctx context.Context) bool {
	soon, cancel := context.WithTimeout(ctx, toSettle)
	defer cancel()
	var last uint64
	a.Store.View().Read(func(s *State) { last = s.Index() })
	return a.Store.Settled(soon, last) == nil
}

// eventOf finds the event of a decision. Errors: missing, refused, broken.
func (a *Authority) eventOf(ctx context.Context, by By, id stead.DecisionID) (StoredEvent, error) {
	q := EventQuery{Decision: id, Kinds: []string{"request.allowed", "request.denied"}, Limit: 2, Newest: true}
	found, err := a.Events(ctx, by, q)
	if err == nil && len(found) == 0 && a.settled(ctx) {
		found, err = a.Events(ctx, by, q)
	}
	switch {
	case err != nil:
		return StoredEvent{}, err
	case len(found) == 0:
		return StoredEvent{}, stead.E(stead.Missing, stead.ReasonNotYours, "there is no such decision")
	}
	return found[0], nil
}

// Why explains a decision to the one who asked for it, whom it was about, and those who may read everything. What rules asked
// about a person is told to who may know of him. The people, the mandate and the policy are read as they were at its index.
// Errors: missing, refused, broken.
func (a *Authority) Why(ctx context.Context, by By, id stead.DecisionID) (Reasoning, error) {
	e, err := a.eventOf(ctx, by, id)
	if err != nil {
		return Reasoning{}, err
	}
	if e.Mandate == "" && e.Reason == stead.ReasonBarred {
		if e.Mandate, err = a.labelled(ctx, e); err != nil {
			return Reasoning{}, err
		}
	}
	index, err := strconv.ParseUint(e.What["index"], 10, 64)
	if err != nil {
		return Reasoning{}, stead.E(stead.Expired, stead.ReasonExpired, "the people of this decision were erased: only that it was made is known")
	}
	q, whole := question(e)
	f, err := a.past(ctx, q, e, index)
	if err != nil {
		return Reasoning{}, err
	}
	out := Reasoning{Event: e, Actor: *or(f.Actor, &stead.Principal{}), Subject: *or(f.Subject, &stead.Principal{})}
	if f.Instance != nil {
		q.Key = f.Instance.Key.Thumbprint
	}
	d := stead.Weigh(q, f, a.verdict(q, f, e.At), e.At)
	d.ID = id
	if out.Same = whole && d.Allow == (e.Outcome == stead.OK) && d.Reason == e.Reason; !out.Same {
		out.Decision = onRecord(e, index, whole)
		return out, nil
	}
	out.Decision = d
	out.Decision.Text += a.besides(ctx, by, q, d) + a.ended(ctx, by, e)
	if f.Actor != nil && f.Subject != nil && f.App != nil && f.Realm != nil && q.Action != stead.ActionBarred {
		c := a.doCase(q, f, e.At)
		out.Explanation, err = a.Policy.Why(f.Policy, c, a.reader(ctx, by, c))
	}
	return out, err
}

// reader tells what of a case the caller may know: all of it who oversees, and of anybody who is it or answers for it.
func (a *Authority) reader(ctx context.Context, by By, c Case) Reader {
	if a.May(by, Onlookers()...) == nil {
		return Overseer
	}
	knows := func(p *stead.Principal) (yes bool) {
		a.Store.View().Read(func(s *State) {
			me := s.Principal(by.Principal)
			yes = me != nil && p.SameHuman(*me)
		})
		if !yes && p.Kind == stead.Agent {
			_, err := a.Card(ctx, by, string(p.ID))
			yes = err == nil
		}
		return yes
	}
	return Reader{Principal: knows(c.Principal), Subject: knows(c.Subject)}
}

// onRecord is a decision that cannot be asked again, as it was recorded.
func onRecord(e StoredEvent, index uint64, whole bool) stead.Decision {
	why := "not all of that is on record, or this server is configured otherwise since"
	if !whole {
		why = "what the caller said of it is too long for the record"
	}
	return stead.Decision{ID: e.Decision, At: e.At, Allow: e.Outcome == stead.OK, Reason: e.Reason, Index: index, Policy: e.Policy, Mandate: e.Mandate,
		Text: "it cannot be asked again with everything as it was: " + why + ". The record of it stands"}
}

// labelled finds the mandate of its actor's whose host a request came to.
func (a *Authority) labelled(ctx context.Context, e StoredEvent) (stead.MandateID, error) {
	began, err := a.Store.Events(ctx, EventQuery{Actor: e.Actor, Kinds: []string{"mandate.started"}, Before: e.Number(), Limit: 1000, Newest: true})
	for _, b := range began {
		if b.Mandate.Label() == e.What["name"] {
			return b.Mandate, err
		}
	}
	return "", err
}

// ended tells which mandate had ended when a request named it, and how, to those whose business that is.
func (a *Authority) ended(ctx context.Context, by By, e StoredEvent) string {
	m, err := a.Mandate(ctx, by, e.Mandate)
	if e.Outcome == stead.OK || err != nil || m.Actor != e.Actor || m.State != stead.Ended || m.EndedAt.After(e.At) {
		return ""
	}
	return fmt.Sprintf(". The mandate %s ended at %s: %s", m.ID, m.EndedAt.UTC().Format(time.RFC3339), stead.Ending(m.Why))
}

// besides names the agent because of which an exclusion refused, to those who may know of it, and what it may do by now.
func (a *Authority) besides(ctx context.Context, by By, q stead.Question, d stead.Decision) string {
	c, err := a.Card(ctx, by, string(d.Beside))
	if d.Beside == "" || err != nil {
		return ""
	}
	text := c.Account.String()
	a.Store.View().Read(func(s *State) {
		x, r := s.Exclusion(d.Law), s.Agent(d.Beside)
		if x == nil || r == nil {
			return
		}
		if touched, ok := x.Duty(q); ok {
			text = or(s.holding(x, touched.Side.Other(), r), text)
		}
	})
	return ". It is " + text
}

// past reads the facts as they were at an index: what is kept in versions, and what the event itself tells.
func (a *Authority) past(ctx context.Context, q stead.Question, e StoredEvent, index uint64) (stead.Facts, error) {
	f := stead.Facts{Index: index, Policy: e.Policy, App: a.Settings.App(q.Resource.App), Issuers: a.Settings.trusted(), Evaluator: a.Settings.Evaluator(q.Asserted), Seen: e.At, Acted: e.At}
	if f.App != nil {
		f.Realm = f.App.Realm(q.Resource.Realm)
	}
	var err error
	if f.Actor, err = pastOf[stead.Principal](ctx, a.Store, stead.KindPrincipal, string(q.Actor), index); err != nil {
		return f, err
	}
	if f.Subject, err = pastOf[stead.Principal](ctx, a.Store, stead.KindPrincipal, string(q.Subject), index); err != nil {
		return f, err
	}
	if f.Session, err = pastOf[stead.Session](ctx, a.Store, stead.KindSession, string(q.Session), index); err != nil {
		return f, err
	}
	if f.Mandate, err = pastOf[stead.Mandate](ctx, a.Store, stead.KindMandate, string(q.Mandate), index); err != nil {
		return f, err
	}
	if f.Agent, err = pastOf[stead.Registration](ctx, a.Store, stead.KindAgent, string(q.Actor), index); err != nil {
		return f, err
	}
	if f.Agent != nil {
		if err := a.pastAgent(ctx, &f, e, index); err != nil {
			return f, err
		}
	}
	if f.Mandate != nil && f.Mandate.Actor == q.Actor {
		if f.Above, err = a.pastAbove(ctx, f.Mandate, e, index); err != nil {
			return f, err
		}
	}
	if err := a.restore(ctx, &f, e, index); err != nil {
		return f, err
	}
	if err := a.pastLaws(ctx, &f, q, e, index); err != nil {
		return f, err
	}
	b, err := pastOf[stead.Bundle](ctx, a.Store, stead.KindBundle, PolicyBundle, index)
	if err != nil || b == nil {
		return f, err
	}
	_, err = a.Policy.Check(b.Files)
	return f, err
}

// pastAbove reads what a mandate was narrowed from, as it was at an index. Which instances held it, and when they were heard of,
// is not kept for ever: that one was gone the event itself tells.
func (a *Authority) pastAbove(ctx context.Context, m *stead.Mandate, e StoredEvent, index uint64) (all []stead.Link, err error) {
	for m != nil && m.Parent != "" && len(all) <= stead.MostDepth {
		l := stead.Link{Heard: e.At, Acted: e.At}
		if l.Mandate, err = pastOf[stead.Mandate](ctx, a.Store, stead.KindMandate, string(m.Parent), index); err != nil || l.Mandate == nil {
			return all, err
		}
		if m = l.Mandate; e.Reason != stead.ReasonAbove {
			l.Instance = &stead.Instance{Agent: m.Actor, Key: stead.AgentKey{Thumbprint: m.Key}, Until: m.Until}
		}
		if l.Actor, err = pastOf[stead.Principal](ctx, a.Store, stead.KindPrincipal, string(m.Actor), index); err != nil {
			return all, err
		}
		if l.Agent, err = pastOf[stead.Registration](ctx, a.Store, stead.KindAgent, string(m.Actor), index); err != nil {
			return all, err
		}
		if l.Agent != nil {
			if l.Owner, err = pastOf[stead.Principal](ctx, a.Store, stead.KindPrincipal, string(l.Agent.Owner), index); err != nil {
				return all, err
			}
		}
		all = append(all, l)
	}
	return all, nil
}

// pastOf reads what lived at an index; nil is nothing.
func pastOf[R stead.Record](ctx context.Context, s Store, kind stead.RecordKind, id string, index uint64) (*R, error) {
	if id == "" {
		return nil, nil
	}
	r, err := s.At(ctx, kind, id, index)
	if stead.KindOf(err) == stead.Missing {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v, ok := r.(R)
	if !ok {
		return nil, stead.E(stead.Broken, stead.ReasonBroken, "the store gave another record than asked")
	}
	if !r.Live() {
		return nil, nil
	}
	return &v, nil
}

// doCase is the case that decides a question most often: the actor's ceiling, or the person in his own right.
func (a *Authority) doCase(q stead.Question, f stead.Facts, now time.Time) Case {
	c := Case{Action: q.Action, Capacity: Self, Principal: f.Subject, Subject: f.Subject, App: f.App, Realm: f.Realm,
		Path: q.Resource.Path, Mode: stead.ReadOnly, Now: now, Zone: a.Settings.Zone, Address: q.Context.Address}
	if f.Session != nil {
		c.Level, c.AMR = f.Session.Level, f.Session.AMR
	} else if f.Evaluator != nil {
		c.Level = f.Evaluator.Level
	}
	if f.Mandate != nil {
		c.Mode = f.Mandate.Mode
	}
	if q.Delegated() {
		c.Capacity, c.Principal = ForOther, f.Actor
	}
	if q.Resource.Type != "" {
		c.Thing = &Thing{Type: q.Resource.Type, ID: q.Resource.Name, Said: q.Said, Given: q.Given}
	}
	return c
}
