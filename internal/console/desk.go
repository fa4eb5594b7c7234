package console

import (
	"context"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Ruling is the part of those who run Stead, and of those who look over their shoulders.
type Ruling interface {
	Configured(context.Context, authority.By) (authority.Settings, error)
	Timers(context.Context, authority.By) ([]authority.TimerText, stead.Bundle, error)
	SetTimers(context.Context, authority.By, authority.TimersSet) (stead.Bundle, error)
	TermsFor(context.Context, authority.By, stead.PrincipalID, stead.AppID, stead.RealmID) ([]authority.TermRow, error)
	Policies(context.Context, authority.By) (inForce, staged stead.Bundle, err error)
	Plan(context.Context, authority.By) (authority.Planned, error)
	Apply(ctx context.Context, by authority.By, digest string) (stead.Bundle, error)
	Person(context.Context, authority.By, stead.PrincipalID) (stead.Principal, error)
	Human(context.Context, authority.By, stead.PrincipalID) (authority.Human, error)
	Groups(context.Context, authority.By) ([]authority.GroupCount, error)
	PeoplePage(context.Context, authority.By, authority.PeopleQuery) (page []stead.Principal, more bool, err error)
	MandatePage(context.Context, authority.By, authority.MandateQuery) (page []stead.Mandate, next authority.Place, err error)
	SessionPage(ctx context.Context, by authority.By, of stead.PrincipalID, after authority.Place, limit int) (page []stead.Session, next authority.Place, err error)
	Enroll(context.Context, authority.By, []authority.NewPerson) ([]stead.Principal, error)
	Change(context.Context, authority.By, stead.PrincipalID, authority.Edit) (stead.Principal, error)
	Erase(context.Context, authority.By, stead.PrincipalID) error
	Vouch(ctx context.Context, by authority.By, id stead.PrincipalID, reason string) (stead.Principal, error)
	Would(by authority.By, verb, about string) error
	AskFactor(ctx context.Context, by authority.By, id stead.PrincipalID, reason string) (authority.FactorLink, error)
	AllowFactor(context.Context, authority.By, stead.PrincipalID) (authority.FactorLink, error)
	FactorAsked(context.Context, authority.By, stead.PrincipalID) (authority.FactorAsked, error)
}

// Agency is the part of those who answer for agents, or look over them.
type Agency interface {
	Cards(context.Context, authority.By) ([]authority.Card, error)
	Card(ctx context.Context, by authority.By, agent string) (authority.Card, error)
	AgentPast(context.Context, authority.By, stead.PrincipalID) (authority.Past, error)
	AgentUsed(context.Context, authority.By, stead.PrincipalID) (time.Time, error)
	SuspendAgent(ctx context.Context, by authority.By, id stead.PrincipalID, reason string) (stead.Registration, error)
	ResumeAgent(ctx context.Context, by authority.By, id stead.PrincipalID, reason string) (stead.Registration, error)
	RetireAgent(context.Context, authority.By, stead.PrincipalID) (stead.Registration, error)
	EndInstance(context.Context, authority.By, stead.InstanceID) error
	Learn(ctx context.Context, by authority.By, id stead.PrincipalID, task, reason string, length time.Duration) (stead.Registration, error)
	EndLearning(context.Context, authority.By, stead.PrincipalID) (stead.Registration, error)
	Proposal(ctx context.Context, by authority.By, agent string, since time.Time, most int, misfit func(stead.Entitlement) string) (authority.Card, stead.Proposal, error)
	Answers(authority.By) int
}

// Stopping tells what an agent's mandate has come to, and what ended with an act.
type Stopping interface {
	MandateStopped(context.Context, authority.By, stead.MandateID) (authority.Stopped, error)
	AccountStopped(context.Context, authority.By, stead.PrincipalID) (authority.Stopped, error)
	Spent(context.Context, authority.By, stead.MandateID) (map[string]int64, error)
	Chain(context.Context, authority.By, stead.MandateID) ([]stead.Mandate, error)
}

// Rules judges policy beside what is in force.
type Rules interface {
	Check(files map[string]string) (digest string, err error)
	Why(bundle string, c authority.Case, to authority.Reader) (authority.Explanation, error)
	Judge(bundle string, c authority.Case) stead.Verdict
}

func (c *Console) mountRuling(add adder) {
	add("GET /settings", web.Auditor, c.settings, authority.Onlookers()...)
	add("GET /settings/timer", web.Admin, c.timer)
	add("POST /settings/timer", web.Admin, c.setTimer)
	add("POST /settings/reset", web.Admin, c.resetTimers)
	add("POST /settings/undo", web.Admin, c.undoTimers)
	add("GET /policies", web.InSession, c.policies)
	add("GET /policies/staged", web.Auditor, c.staged, authority.Onlookers()...)
	add("GET /policies/try", web.Auditor, c.try, authority.Onlookers()...)
	add("GET /policies/history", web.Auditor, c.history, authority.Onlookers()...)
	add("GET /health", web.Auditor, c.health, authority.Onlookers()...)
	add("GET /people", web.Auditor, c.people, authority.Onlookers()...)
	add("GET /groups", web.Auditor, c.groups, authority.Onlookers()...)
	add("GET /people/new", web.Admin, c.newPerson)
	add("POST /people", web.Admin, c.makePerson)
	add("GET /people/{id}", web.Auditor, c.person, authority.Onlookers()...)
	c.mountDeeds(add)
	add("POST /people/{id}/enable", web.Admin, c.enable)
	add("POST /people/{id}/groups", web.Admin, c.regroup)
	add("POST /policies/apply", web.Admin, c.apply, authority.Admin, authority.Security)
}
