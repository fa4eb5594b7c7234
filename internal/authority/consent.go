package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// A ConsentAsk is what an agent asks of a person, as a door has read it: to act for him.
type ConsentAsk struct {
	Agent      stead.PrincipalID
	Described  *Described // in place of Agent: whoever describes itself
	Task       string
	Mode       stead.Mode    // empty: as the task says
	Most       time.Duration // at most, as the agent asks; 0: as long as the task says
	For        time.Duration // as the person says; 0: Most
	Grants     []stead.Entitlement
	Conditions map[string][]string
	Budget     map[string]int64

	Shown string // what the page was marked with: exactly that is agreed to
	Tie   Tie
	Once  []Once
}

// A Tie is what a code is bound to.
type Tie struct {
	Redirect  string
	Challenge string // S256
	Key       string // thumbprint; "": whichever is proved with the code
}

// A Proposal is what a page of consent tells.
type Proposal struct {
	Mandate stead.Mandate // as it would be, for as long as it may be
	Agent   stead.Principal
	Owner   stead.Principal
	Subject stead.Principal
	Of      stead.Registration
	App     stead.App
	Shown   string // marks the page
}

// proposed is the id of a mandate that is not made yet.
const proposed = "proposed"

// Propose tells what the caller would agree to. Nothing is done, and nothing recorded. Errors: those of Consent.
func (a *Authority) Propose(_ context.Context, by By, w ConsentAsk) (Proposal, error) {
	var c actCase
	a.Store.View().Read(func(s *State) {
		s, _ = a.introduced(s, by, &w, proposedAgent)
		c = a.consentCase(s, by, w)
	})
	p, err := a.propose(by, w, c, a.judge(c.facts, c.Case), a.Now())
	return p, err
}

func (a *Authority) propose(by By, w ConsentAsk, c actCase, v stead.Verdict, now time.Time) (Proposal, error) {
	f := c.facts
	m, err := stead.Consent(w.wish(proposed, w.Most), w.Task, f, v, c.terms, now)
	if err != nil {
		return Proposal{}, err
	}
	return Proposal{Mandate: m, Agent: *f.Actor, Owner: *f.Owner, Subject: *f.Subject, Of: *f.Agent, App: *f.App,
		Shown: a.seal([]string{shownMark, string(by.Session), m.Digest, w.Tie.Redirect})}, nil
}

const shownMark = "shown"

func (w ConsentAsk) wish(id stead.MandateID, length time.Duration) stead.Wish {
	return stead.Wish{ID: id, Mode: w.Mode, For: length, Budget: w.Budget, Scope: stead.Scope{Grants: w.Grants, Conditions: w.Conditions}}
}

// mostConsents is how many mandates of one agent one person may let live at once.
const mostConsents = 16

// Consent is the caller's own yes that an agent acts for him, and gives the code that starts it. Errors: refused, missing,
// invalid; conflict where he acts for somebody, or what the page showed is not what is asked now.
func (a *Authority) Consent(ctx context.Context, by By, w ConsentAsk) (string, error) {
	a.tidy(ctx, By{Principal: w.Agent})
	id, nonce, agent := stead.MandateID(a.NewID(stead.PrefixMandate)), a.NewID(""), stead.PrincipalID(a.NewID(stead.PrefixPrincipal))
	t := attempt{verb: "mandate.consent", by: by, subject: by.Principal, mandate: id, what: w.said()}
	var code string
	var begins []stead.Change
	err := a.weighed(ctx, t, func(s *State) actCase {
		s, begins = a.introduced(s, by, &w, agent)
		return a.consentCase(s, by, w)
	}, func(s *State, c actCase, v stead.Verdict, now time.Time) ([]stead.Change, error) {
		e, err := own(s, by, now)
		if err != nil {
			return nil, err
		}
		if len(begins) > 0 && s.askedFor(by.Principal) >= mostConsents {
			return nil, stead.E(stead.Conflict, stead.ReasonActing, "you let %d programs act for you that nobody registered: retire some", mostConsents)
		}
		m, err := a.consented(s, by, w, id, c, v, now)
		if err != nil {
			return nil, err
		}
		code = a.seal([]string{codeMark, string(m.ID), string(m.Actor), w.Tie.Redirect, w.Tie.Challenge, w.Tie.Key, number64(m.StartBy.Unix()), nonce})
		change := moved("mandate.consented", m, stead.ReasonNone)
		change.Counts = saidYes(s, m, now)
		for _, o := range w.Once {
			change.Counts = append(change.Counts, stead.Count{Key: "once/" + o.Key, Op: stead.CountPass, N: 1, Until: o.Until})
		}
		return append(begins, seen(change, e, now)), nil
	})
	return done(&code, err)
}

// consented is the mandate that the caller agrees to: what his page showed, and no more of it than he wants.
func (a *Authority) consented(s *State, by By, w ConsentAsk, id stead.MandateID, c actCase, v stead.Verdict, now time.Time) (stead.Mandate, error) {
	seen := c
	if w.Described != nil && s.Agent(w.Agent) == nil && c.facts.Agent != nil { // it was shown before it was there
		actor, agent := *c.facts.Actor, *c.facts.Agent
		actor.ID, agent.Principal = proposedAgent, proposedAgent
		seen.facts.Actor, seen.facts.Agent = &actor, &agent
	}
	p, err := a.propose(by, w, seen, v, now)
	if err != nil {
		return stead.Mandate{}, err
	}
	if w.Shown != p.Shown {
		return stead.Mandate{}, stead.E(stead.Conflict, stead.ReasonVoid, "what you saw is not what is asked now: look again")
	}
	n := 0
	for _, other := range s.MandatesFor(by.Principal) {
		if s.Mandate(other).Actor == w.Agent {
			n++
		}
	}
	if n >= mostConsents {
		return stead.Mandate{}, stead.E(stead.Conflict, stead.ReasonActing, "you let this agent act for you %d times already: end some on your account page", n)
	}
	if w.For <= 0 || w.Most > 0 && w.For > w.Most {
		w.For = w.Most
	}
	return stead.Consent(w.wish(id, w.For), w.Task, c.facts, v, c.terms, now)
}

// Decline records the caller's no.
func (a *Authority) Decline(ctx context.Context, by By, w ConsentAsk) error {
	t := attempt{verb: "mandate.consent", by: by, subject: by.Principal, what: w.said()}
	no := stead.E(stead.Refused, stead.ReasonRefused, "the person said no")
	if err := a.refuse(ctx, t, no); stead.ReasonOf(err) != stead.ReasonRefused {
		return err
	}
	return nil
}

func (w ConsentAsk) said() stead.Fields {
	return with(stead.Fields{"task": w.Task, "holder": string(w.Agent)}, "mode", string(w.Mode))
}

// consentCase is what policy is asked about a consent: may this agent act for this person? And the facts for the laws.
func (a *Authority) consentCase(s *State, by By, w ConsentAsk) actCase {
	c := a.personCase(s, By{Principal: w.Agent, Address: by.Address}, by.Principal, w.Task, stead.Purpose{}, w.Mode, w.Most)
	f := &c.facts
	f.Session, f.Seen, f.Acting = s.Session(by.Session), s.Seen(by.Session), s.Acting(by.Session)
	return c
}

// personCase is the case of an agent that acts for a person.
func (a *Authority) personCase(s *State, by By, subject stead.PrincipalID, task string, p stead.Purpose, mode stead.Mode, length time.Duration) actCase {
	c := a.taskCase(s, by, task, p, mode, length)
	f := &c.facts
	if f.Subject = s.Principal(subject); f.Agent == nil || f.Agent.Task(task) == nil {
		return c
	}
	a.laws(s, f, f.Agent.Task(task).Grants)
	c.Case.Capacity, c.Case.Subject = ForOther, f.Subject
	c.Case.Mode = or(or(c.Case.Mode, f.Agent.Task(task).Mode), stead.ReadOnly)
	return c
}

// weighed runs a verb for which policy is asked first, outside of the writer, and again if it changed in between.
func (a *Authority) weighed(ctx context.Context, t attempt, ask func(*State) actCase,
	decide func(*State, actCase, stead.Verdict, time.Time) ([]stead.Change, error)) error {
	var err error
	for range tries {
		var c actCase
		a.Store.View().Read(func(s *State) { c = ask(s) })
		v := a.judge(c.facts, c.Case)
		err = a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) { return decide(s, ask(s), v, now) })
		if stead.ReasonOf(err) != stead.ReasonStale {
			break
		}
	}
	return err
}
