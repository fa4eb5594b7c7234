package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// Decide answers a question, recorded before it returns where somebody acts for another. An error counts as no.
func (a *Authority) Decide(ctx context.Context, q stead.Question) (stead.Decision, error) {
	p, err := a.Decided(ctx, q)
	if err != nil {
		return stead.Decision{}, err
	}
	return p.Wait()
}

// asker is who pays for a no: the service that asked, so that it can hold up nobody else.
func asker(q stead.Question) By {
	return By{Session: q.Session, Principal: or(q.Asserted, q.Actor), Key: q.Key, Address: q.Context.Address}
}

// Decided decides at once and records behind it.
func (a *Authority) Decided(ctx context.Context, q stead.Question) (*Pending, error) {
	by := asker(q)
	f, d := a.weigh(q)
	d.ID = stead.DecisionID(a.NewID(stead.PrefixDecision))
	if !d.Allow && !a.brakes.allow(by, false) {
		d.ID, d.Reason, d.Text = "", stead.ReasonTooMany, "too many refused requests: wait a moment"
		return &Pending{Decision: d}, nil
	}
	change := a.asked(q, f, d)
	if !q.Delegated() && a.Settings.Ordinary != "deny" && !marks(f) {
		a.later.add(change)
		return &Pending{Decision: d}, nil
	}
	return &Pending{Decision: d, a: a, ctx: ctx, q: q, duties: f.Duties, record: a.Store.Submit(ctx, Entry{Changes: []stead.Change{change}})}, nil
}

// release is the fence: if anything changed between the view that decided and the place of the record in the log, the
// question is asked again before anything is released.
func (a *Authority) release(ctx context.Context, q stead.Question, d stead.Decision, duties []stead.Duty, r stead.Receipt, err error) (stead.Decision, error) {
	if why := stead.ReasonOf(err); outran[why] != "" {
		d, err = a.outrun(context.WithoutCancel(ctx), q, d, why)
	}
	if err != nil {
		d.Allow, d.Reason = false, stead.ReasonRecord
		d.Text = "this could not be recorded, so it was not done"
		return d, stead.Because(err, "record the decision")
	}
	if d.Allow && r.State > d.Index {
		q.Context.Cost = nil // it was taken out of the budget with the record
		f, now := a.weigh(q)
		now.ID = d.ID
		if now.Allow && !sameDuties(duties, f.Duties) {
			now.Allow, now.Reason, now.Text = false, stead.ReasonStale, "an exclusion changed while this was decided: try again"
		}
		if d = now; !d.Allow {
			if _, err := a.Store.Append(ctx, Entry{Changes: []stead.Change{a.asked(q, f, d)}}); err != nil {
				return d, stead.Because(err, "record the decision")
			}
		}
	}
	if !d.Allow && d.Final && q.Mandate != "" {
		if err := a.cease(ctx, q.Mandate, d.Reason); err != nil && stead.KindOf(err) == stead.Broken {
			return d, err
		}
	}
	return d, nil
}

// outran are the refusals of the log itself, of what another that stands before it has taken.
var outran = map[stead.Reason]string{
	stead.ReasonBudget: "the rest of the mandate's budget was taken at the same time",
	stead.ReasonDuty:   "an exclusion keeps this apart from what was done at the same time",
}

// outrun is the no to a decision that the log had no room for any more, recorded like every other.
func (a *Authority) outrun(ctx context.Context, q stead.Question, d stead.Decision, why stead.Reason) (stead.Decision, error) {
	id := d.ID
	if err := a.Store.Latest(ctx); err != nil {
		return stead.Decision{ID: id, Reason: stead.ReasonRecord}, err
	}
	f, d := a.weigh(q)
	if d.ID = id; d.Allow {
		d.Allow, d.Reason, d.Text = false, why, outran[why]
	}
	_, err := a.Store.Append(ctx, Entry{Changes: []stead.Change{a.asked(q, f, d)}})
	return d, stead.Because(err, "record the decision")
}

// weigh reads the facts at one index, asks policy, and decides.
func (a *Authority) weigh(q stead.Question) (stead.Facts, stead.Decision) {
	now := a.Now()
	f := a.facts(q)
	return f, stead.Weigh(q, f, a.verdict(q, f, now), now)
}

func (a *Authority) facts(q stead.Question) stead.Facts {
	f := stead.Facts{App: a.Settings.App(q.Resource.App), Distrust: a.distrust(), Issuers: a.Settings.trusted(), Evaluator: a.Settings.Evaluator(q.Asserted)}
	if f.App != nil {
		f.Realm = f.App.Realm(q.Resource.Realm)
	}
	v := a.Store.View()
	v.mu.RLock()
	defer v.mu.RUnlock()
	s := &v.state
	f.Index, f.Policy = s.index, s.PolicyDigest()
	f.Actor, f.Subject = s.Principal(q.Actor), s.Principal(q.Subject)
	for _, l := range q.Via {
		if p := s.Principal(l); p != nil {
			f.Links = append(f.Links, p)
		}
	}
	if q.Session != "" {
		f.Session, f.Seen = s.Session(q.Session), s.Seen(q.Session)
		f.Acting = s.Acting(q.Session)
	}
	if f.Actor != nil && f.Actor.Kind == stead.Agent {
		s.agented(&f, q.Actor, q.Key)
	}
	if q.Mandate != "" {
		f.Mandate, f.Acted = s.Mandate(q.Mandate), s.Acted(q.Mandate)
		f.Spent = s.spent(f.Mandate)
	}
	if f.Mandate != nil && f.Mandate.Actor == q.Actor { // another's chain is nothing to be told about
		f.Above = s.above(f.Mandate)
	}
	a.way(s, &f, append([]stead.PrincipalID{q.Actor, q.Subject}, q.Via...)...)
	s.duties(&f, q, a.Now())
	s.uses(&f, q, a.Now())
	return f
}

// spent reads what is spent of a mandate's budget.
func (s *State) spent(m *stead.Mandate) map[string]int64 {
	if m == nil || len(m.Bounds.Budget) == 0 {
		return nil
	}
	spent := make(map[string]int64, len(m.Bounds.Budget))
	for what := range m.Bounds.Budget {
		spent[what] = s.Count(budgetKey(m.ID, what))
	}
	return spent
}

func budgetKey(id stead.MandateID, what string) string { return "budget/" + string(id) + "/" + what }

// verdict asks the two questions of R1: the subject in its own right where its rights are known here, and each actor's
// ceiling. All must permit.
func (a *Authority) verdict(q stead.Question, f stead.Facts, now time.Time) stead.Verdict {
	if f.Actor == nil || f.Subject == nil || f.App == nil || f.Realm == nil || len(f.Links) != len(q.Via) {
		return stead.Verdict{Policy: f.Policy}
	}
	c := a.doCase(q, f, now)
	if !q.Delegated() {
		return a.under(f.Policy, c)
	}
	if q.Actor == q.Subject && len(q.Via) == 0 {
		return a.inOwnRight(f, c)
	}
	ceiling := c
	c.Capacity, c.Principal = Self, f.Subject
	v := stead.Verdict{Allow: true, Policy: f.Policy, Rights: stead.LeftToApp}
	if f.App.Rights == stead.Evaluated {
		v = a.under(f.Policy, c)
		v.Rights = stead.Evaluated
	}
	v = both(v, a.under(f.Policy, ceiling))
	for _, link := range f.Links {
		ceiling.Principal = link
		v = both(v, a.under(f.Policy, ceiling))
	}
	return both(v, a.chain(q, f, ceiling))
}

// both is yes where both are; what a no says stays.
func both(v, w stead.Verdict) stead.Verdict {
	switch {
	case !v.Allow || len(v.Errors) > 0:
		return v
	case !w.Allow || len(w.Errors) > 0:
		w.Rights = v.Rights
		return w
	}
	v.Rules = append(v.Rules[:len(v.Rules):len(v.Rules)], w.Rules...)
	v.Obligations.Mode = leastMode(v.Obligations.Mode, w.Obligations.Mode)
	return v
}

func leastMode(a, b stead.Mode) stead.Mode {
	if a == stead.ReadOnly || b == stead.ReadOnly {
		return stead.ReadOnly
	}
	return or(a, b)
}

// asked is the record of a decision: the intent of what is about to be done, or the refusal.
func (a *Authority) asked(q stead.Question, f stead.Facts, d stead.Decision) stead.Change {
	e := stead.Event{
		Kind: "request.allowed", Actor: q.Actor, Subject: q.Subject, Mandate: q.Mandate, Session: q.Session,
		Decision: d.ID, App: q.Resource.App, Policy: d.Policy, Reason: d.Reason,
		What: stead.Fields{"action": string(q.Action), "method": q.Context.Method, "path": q.Resource.Path,
			"realm": string(q.Resource.Realm), "class": q.Resource.Rule, "index": number64(int64(d.Index))},
		Who: stead.Fields{},
	}
	if d.Rights != "" {
		e.What["subject_rights"] = string(d.Rights)
	}
	e.What = with(with(with(e.What, "node", a.Node), "asserted", string(q.Asserted)), "name", q.Resource.Name)
	e.What = with(with(with(e.What, "type", q.Resource.Type), "said", inRecord(q.Said)), "given", inRecord(q.Given))
	e.What = with(with(with(e.What, "law", d.Law), "beside", string(d.Beside)), "wants", wantsOf(q, f, d))
	e.What = rests(e.What, q, f, d)
	if !d.Allow {
		e.Kind, e.Outcome = "request.denied", stead.No
		if n := a.brakes.suppressed(asker(q), false); n > 0 {
			e.Who["suppressed"] = number(n)
		}
	}
	return a.counted(q, f, d, people(e, q, f, a.NewID, d.At))
}

// people names and seals; it is what fill does, from facts already read.
func people(e stead.Event, q stead.Question, f stead.Facts, id func(string) string, at time.Time) stead.Change {
	e.ID, e.At, e.Outcome = stead.EventID(id(stead.PrefixEvent)), at.UTC().Truncate(time.Microsecond), or(e.Outcome, stead.OK)
	e.Actor, e.Subject = or(e.Actor, stead.Server), or(e.Subject, or(e.Actor, stead.Server))
	if f.Actor != nil {
		e.ActorPerson, e.Who["name"] = f.Actor.Person, f.Actor.String()
	}
	if q.Context.Address != "" {
		e.Who["address"] = q.Context.Address
	}
	if f.Subject != nil {
		e.SubjectPerson = f.Subject.Person
		if f.Subject != f.Actor {
			e.What["subject"] = f.Subject.String()
		}
	}
	return stead.Change{Event: e}
}

// counted moves what an allowed request moves: the idle clocks, and the budget.
func (a *Authority) counted(q stead.Question, f stead.Facts, d stead.Decision, c stead.Change) stead.Change {
	switch {
	case !d.Allow:
		return c
	case q.Activity && f.Mandate != nil:
		for _, m := range line(f) {
			c.Counts = append(c.Counts, stead.Count{Key: "acted/" + string(m.ID), Op: stead.CountRaise, N: d.At.UnixMicro(),
				Until: m.StartedAt.Add(m.Bounds.Longest())}) // however often it is extended
		}
	case q.Activity && f.Session != nil:
		c = seen(c, *f.Session, d.At)
	}
	for what, n := range q.Context.Cost {
		if f.Mandate == nil {
			break
		}
		for _, m := range line(f) {
			c.Counts = append(c.Counts, stead.Count{Key: budgetKey(m.ID, what), Op: stead.CountAdd, N: n, Max: m.Bounds.Budget[what]})
		}
	}
	last := d.At
	if q.Until.After(last) {
		last = q.Until
	}
	return used(marked(c, f, last), f, d.At)
}

// Consider gives the answer to a question without recording it: for showing what would be. Nothing may be released on it.
func (a *Authority) Consider(q stead.Question) stead.Decision {
	_, d := a.weigh(q)
	return d
}
