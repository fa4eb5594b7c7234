package console

import (
	"context"
	"slices"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

const bot = stead.PrincipalID("prn_bot")

// agency is the part of the fake that tells of agents.
type agency struct {
	agents  []authority.Card
	past    authority.Past
	spent   map[string]int64
	stops   authority.Stopped
	stopped bool // there is something to be told of it
	chain   []stead.Mandate
}

// agented is a house in which an agent of Omar's works.
func agented(who stead.PrincipalID, roles ...authority.Role) *verbs {
	a := house().is(who, roles...)
	a.people[bot] = stead.Principal{ID: bot, Kind: stead.Agent, Directory: stead.Agents, Name: "monthly-report", Shown: "Monthly report"}
	m := job(stead.Active)
	a.mandates["man_1"] = m
	a.agents = []authority.Card{{Account: a.people[bot], Registration: stead.Registration{Principal: bot, Version: 4, Kind: stead.Company, Owner: omar, Sponsor: sam,
		Purpose: "Writes the monthly report", Tier: stead.HighTier, Segment: "reporting", Build: stead.Build{Model: "m-4"},
		Keys:  []stead.AgentKey{{Thumbprint: "0123456789abcdef", Since: noon.Add(-72 * time.Hour)}},
		Tasks: []stead.Task{{ID: "monthly", Purpose: "the report", Budget: map[string]int64{"calls": 100}, Grants: m.Scope.Grants}}},
		Instances: []stead.Instance{{ID: "ins_7", Agent: bot, Key: stead.AgentKey{Thumbprint: "k1k1k1k1k1k1k1"}, Since: noon, Until: noon.Add(time.Hour)}}, Mandates: []stead.Mandate{m}}}
	a.past = authority.Past{Asked: 4, Agreed: 3, Refused: 1, Whole: true, Mandates: []stead.Mandate{m, {ID: "man_9", Task: "monthly", State: stead.Ended, Why: stead.ReasonCompleted}}}
	a.spent = map[string]int64{"calls": 99}
	return a
}

// job is a mandate of the agent.
func job(s stead.State) stead.Mandate {
	m := wanted(s)
	m.Actor, m.Subject, m.Task, m.Session, m.Key, m.Target = bot, bot, "monthly", "", "k1k1k1k1k1k1k1", ""
	m.Approvals = []stead.Approval{{By: sam, Yes: true, At: noon}}
	m.Scope = stead.Scope{Apps: []stead.AppID{"crm"}, Conditions: map[string][]string{"month": {"10", "11"}},
		Grants: []stead.Entitlement{{System: "crm", Action: "read", Resource: "public.orders", Columns: []string{"id", "total"}, Rows: "year = 2026"}}}
	m.Bounds = stead.Bounds{Length: stead.Duration(stead.Day), Budget: map[string]int64{"calls": 100}}
	return m
}

// stop makes the fake tell what ended.
func (a *verbs) stop(all ...authority.Stop) *verbs {
	a.stopped = true
	a.stops = authority.Stopped{Act: authority.StoredEvent{Index: 6, Event: stead.Event{Kind: "mandate.revoked", Actor: omar, At: noon}}, All: all}
	return a
}

func (a *agency) card(id string) (authority.Card, error) {
	for _, c := range a.agents {
		if string(c.Principal) == id || c.Account.Name == id {
			return c, nil
		}
	}
	return authority.Card{}, stead.E(stead.Missing, stead.ReasonNotYours, "there is no such agent")
}

func (a *verbs) Cards(_ context.Context, by authority.By) ([]authority.Card, error) {
	all := slices.DeleteFunc(slices.Clone(a.agents), func(c authority.Card) bool { return len(a.roles) == 0 && c.Owner != by.Principal })
	return all, a.no["cards"]
}

func (a *verbs) Card(_ context.Context, by authority.By, agent string) (authority.Card, error) {
	c, err := a.card(agent)
	if err == nil && len(a.roles) == 0 && c.Owner != by.Principal {
		return authority.Card{}, stead.E(stead.Missing, stead.ReasonNotYours, "there is no such agent")
	}
	return c, err
}

func (a *verbs) AgentPast(context.Context, authority.By, stead.PrincipalID) (authority.Past, error) {
	return a.past, a.no["past"]
}

func (a *verbs) AgentUsed(context.Context, authority.By, stead.PrincipalID) (time.Time, error) {
	return noon.Add(-3 * time.Hour), a.no["used"]
}

func (a *verbs) SuspendAgent(_ context.Context, by authority.By, id stead.PrincipalID, reason string) (stead.Registration, error) {
	return stead.Registration{}, a.note("suspend", id, reason, "at", by.Proviso.Tags)
}

func (a *verbs) ResumeAgent(_ context.Context, by authority.By, id stead.PrincipalID, reason string) (stead.Registration, error) {
	return stead.Registration{}, a.note("resume", id, reason, "at", by.Proviso.Tags)
}

func (a *verbs) RetireAgent(_ context.Context, by authority.By, id stead.PrincipalID) (stead.Registration, error) {
	return stead.Registration{}, a.note("retire", id, "at", by.Proviso.Tags)
}

func (a *verbs) EndInstance(_ context.Context, _ authority.By, id stead.InstanceID) error {
	return a.note("end-run", id)
}

func (a *verbs) Answers(by authority.By) (n int) {
	for _, c := range a.agents {
		if c.Owner == by.Principal {
			n++
		}
	}
	return n
}

func (a *verbs) told() (authority.Stopped, error) {
	if !a.stopped {
		return authority.Stopped{}, stead.E(stead.Conflict, stead.ReasonState, "it has not ended")
	}
	return a.stops, nil
}

func (a *verbs) MandateStopped(context.Context, authority.By, stead.MandateID) (authority.Stopped, error) {
	return a.told()
}

func (a *verbs) AccountStopped(context.Context, authority.By, stead.PrincipalID) (authority.Stopped, error) {
	return a.told()
}

func (a *verbs) Spent(context.Context, authority.By, stead.MandateID) (map[string]int64, error) {
	return a.spent, a.no["spent"]
}

func (a *verbs) Chain(_ context.Context, _ authority.By, id stead.MandateID) ([]stead.Mandate, error) {
	return a.chain, a.no["chain"]
}

func (a *verbs) Learn(_ context.Context, by authority.By, id stead.PrincipalID, _, reason string, length time.Duration) (stead.Registration, error) {
	return stead.Registration{}, a.note("learn", id, reason, length.String(), "at", by.Proviso.Tags)
}

func (a *verbs) EndLearning(_ context.Context, by authority.By, id stead.PrincipalID) (stead.Registration, error) {
	return stead.Registration{}, a.note("unlearn", id, "at", by.Proviso.Tags)
}

// Proposal has something of each kind.
func (a *verbs) Proposal(ctx context.Context, by authority.By, agent string, since time.Time, most int, misfit func(stead.Entitlement) string) (authority.Card, stead.Proposal, error) {
	c, err := a.Card(ctx, by, agent)
	if err != nil {
		return c, stead.Proposal{}, err
	}
	orders := c.Tasks[0].Grants[0]
	visits, nowhere := stead.Entitlement{System: "crm", Action: "read", Resource: "public.visits", Columns: []string{"id"}}, stead.Entitlement{System: "crm", Action: "read", Resource: "nowhere"}
	return c, stead.Proposal{Since: since, Add: []stead.Addition{{Task: "monthly", Grant: visits, Times: 2, First: noon, Last: noon, Events: []stead.EventID{"evt_1"}}},
		Remove: []stead.Removal{{Task: "monthly", Grant: orders, Left: []string{"id"}, Last: noon}, {Task: "monthly", Grant: visits}},
		Keep:   []stead.Use{{Task: "monthly", Grant: orders, Last: noon}}, Unknown: []stead.Addition{{Grant: nowhere, Times: 1, Last: noon, Why: misfit(nowhere)}}}, nil
}

// learning has the agent learn.
func learning(a *verbs) {
	a.agents[0].Learning = stead.Learning{Reason: "new model", By: omar, Since: noon.Add(-time.Hour), Until: noon.Add(time.Hour)}
}
