package notices

import (
	"cmp"
	"slices"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A Kind is what a notice says.
type Kind string

const (
	Asked     Kind = "asked"     // your yes or no is wanted
	Reminder  Kind = "reminder"  // it still is
	Escalated Kind = "escalated" // it is now, because others took too long
	Approved  Kind = "approved"
	Refused   Kind = "refused"
	Expired   Kind = "expired"
	Started   Kind = "started"
	Ended     Kind = "ended"
)

// Kinds are all of them, as a channel may be told.
func Kinds() []Kind {
	return []Kind{Asked, Reminder, Escalated, Approved, Refused, Expired, Started, Ended}
}

// kindOf is what an event says of the mandate as it was then, "" where nobody is told.
func kindOf(e stead.Event, m stead.Mandate) Kind {
	switch {
	case e.Outcome != stead.OK:
		return ""
	case e.Kind == "mandate.asked" && m.State == stead.Asked:
		return Asked
	case e.Kind == "mandate.approved" && m.State == stead.Approved:
		return Approved
	case e.Kind == "mandate.approved" && advanced(m):
		return Asked
	case e.Kind == "mandate.reminded":
		return Reminder
	case e.Kind == "mandate.escalated":
		return Escalated
	case e.Kind == "mandate.refused":
		return Refused
	case e.Kind == "mandate.started":
		return Started
	case m.State == stead.Ended && !m.StartedAt.IsZero():
		return Ended
	case e.Kind == "mandate.ended" && (m.Why == stead.ReasonExpired || m.Why == stead.ReasonNotStarted):
		return Expired
	}
	return "" // who is given his mandate at once sees it, and so does who takes it back
}

// advanced tells whether the last yes completed a stage: then the next has none.
func advanced(m stead.Mandate) bool {
	if len(m.Approvals) == 0 {
		return false
	}
	last := m.Approvals[len(m.Approvals)-1].Stage
	n := 0
	for _, a := range m.Approvals {
		if a.Yes && a.Stage == last {
			n++
		}
	}
	return n == m.Stages[last].Count
}

// A facts is what a plan is made from: the event, the mandate as it was then, and who is whom.
type facts struct {
	event   authority.StoredEvent
	mandate stead.Mandate
	kind    Kind
	people  func(func(*stead.Principal)) // all of them
	who     func(stead.PrincipalID) stead.Principal
	owner   stead.Principal // of the agent that acts; nobody is the zero Principal
	subject string          // when who is acted for is told: always, by-policy
}

// audience is whom an event is for, each once, in the order of their ids.
func (f facts) audience() (all []stead.Principal) {
	m := f.mandate
	add := func(p stead.Principal) {
		known := slices.ContainsFunc(all, func(q stead.Principal) bool { return q.ID == p.ID })
		if !known && p.Active() && p.Kind == stead.Person {
			all = append(all, p)
		}
	}
	switch f.kind {
	case Asked, Reminder, Escalated:
		f.people(func(p *stead.Principal) {
			if f.votes(*p) {
				add(*p)
			}
		})
	case Approved, Refused, Expired:
		add(f.who(m.Actor))
		add(f.owner)
	case Started, Ended:
		if m.Task == "" && (f.subject == Always || slices.Contains(m.Notify, "subject")) {
			add(f.who(m.Subject))
		}
		add(f.owner)
	}
	slices.SortFunc(all, func(p, q stead.Principal) int { return cmp.Compare(p.ID, q.ID) })
	return all
}

// votes tells whether somebody may vote in the stage that the event left the request in.
func (f facts) votes(p stead.Principal) bool {
	m := f.mandate
	stage := m.Stage(f.who)
	switch {
	case stage == len(m.Stages) || !p.Active() || p.Kind != stead.Person || !m.Stages[stage].Eligible(p, m.Waited(stage, f.event.At)):
		return false
	case p.SameHuman(f.who(m.Actor)) || p.SameHuman(f.who(m.Subject)) || f.owner.ID != "" && p.SameHuman(f.owner):
		return false
	}
	return !slices.ContainsFunc(m.Approvals, func(a stead.Approval) bool { return p.SameHuman(stead.Principal{ID: a.By, Person: a.Person}) })
}

// Always and ByPolicy are when who is acted for is told.
const (
	Always   = "always"
	ByPolicy = "by-policy"
)

// plan is what a channel tells of an event: to whom, and what.
func (f facts) plan(c *Channel, public string, details bool) (all []Message) {
	base := Message{Channel: c.ID, Kind: f.kind, Of: f.event.ID, Number: f.event.Number(), At: f.event.At, Mandate: f.mandate.ID,
		Actor: f.mandate.Actor, Subject: f.mandate.Subject, Initiator: f.initiator()}
	if details {
		base.Reason, base.Ticket = f.mandate.Purpose.Reason, f.mandate.Purpose.Ticket
	}
	if !c.People {
		named := (f.kind == Started || f.kind == Ended) && slices.Contains(f.mandate.Notify, c.ID)
		if !named && !slices.Contains(c.Tell, f.kind) {
			return nil
		}
		base.ID, base.Link = string(f.event.ID), public+"/requests/"+string(f.mandate.ID)
		return []Message{base}
	}
	for _, p := range f.audience() {
		if address := p.Attributes["email"]; address != "" {
			m := base
			m.ID, m.To, m.Address, m.Name = string(f.event.ID)+"."+string(p.ID), p.ID, address, p.DisplayName()
			m.Link = public + f.path(p)
			all = append(all, m)
		}
	}
	return all
}

// path is where a message leads: voters and owners to the request, who asked to his own page of it, who is acted for to his.
func (f facts) path(p stead.Principal) string {
	switch {
	case p.ID == f.mandate.Actor:
		return "/act/" + string(f.mandate.ID)
	case p.ID == f.mandate.Subject:
		return "/me"
	}
	return "/requests/" + string(f.mandate.ID)
}

// initiator names who really began it: "Sam Okafor, for Dana Reyes", "monthly-report, an agent of Maya Lind".
func (f facts) initiator() string {
	actor, subject := f.who(f.mandate.Actor), f.who(f.mandate.Subject)
	switch {
	case f.owner.ID != "":
		return called(actor, f.mandate.Actor) + ", an agent of " + called(f.owner, f.owner.ID)
	case f.mandate.Actor == f.mandate.Subject:
		return called(actor, f.mandate.Actor)
	}
	return called(actor, f.mandate.Actor) + ", for " + called(subject, f.mandate.Subject)
}

func called(p stead.Principal, id stead.PrincipalID) string {
	if p.ID == "" {
		return string(id)
	}
	return line(p.DisplayName())
}
