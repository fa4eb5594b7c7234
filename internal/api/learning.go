package api

import (
	"context"
	"encoding/json"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A Learning is the time in which the record says what an agent wanted and was refused.
type Learning struct {
	Task   string    `json:"task,omitempty" doc:"this one alone; not there: whatever it asks for"`
	Reason string    `json:"reason"`
	By     Who       `json:"by"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
}

// A Proposal is the smallest set of entitlements that covers what an agent was seen to ask for, beside those declared.
type Proposal struct {
	Agent   string          `json:"agent"`
	Version uint64          `json:"version" doc:"of the registration that it is a difference to"`
	Since   time.Time       `json:"since" doc:"what was asked for and used from then on counts"`
	Whole   bool            `json:"whole" doc:"the record was read to its end; else only the newest of it, and no columns are taken away"`
	Add     []Addition      `json:"add,omitempty" doc:"asked for and not declared"`
	Remove  []Removal       `json:"remove,omitempty" doc:"declared and not used"`
	Keep    []ProposedGrant `json:"keep,omitempty" doc:"unchanged"`
	Unknown []Addition      `json:"unknown,omitempty" doc:"asked for and not proposed: why says why"`
	Edits   []string        `json:"edits,omitempty" doc:"tasks that would be more than read-only, and are not now"`
	Body    agentBody       `json:"body" doc:"the agent as it would be: to be read, and then handed in to PUT /v1/agents/{id}, or written into a file for stead apply"`
}

// An Addition is something that an agent asked for.
type Addition struct {
	Task   string            `json:"task,omitempty"`
	Grant  stead.Entitlement `json:"grant"`
	Times  int               `json:"times"`
	First  time.Time         `json:"first_seen"`
	Last   time.Time         `json:"last_seen"`
	Events []stead.EventID   `json:"events" doc:"the newest of those that say so"`
	Why    string            `json:"why,omitempty" doc:"why it is not proposed"`
}

// A Removal is something that is declared and was not used.
type Removal struct {
	ProposedGrant
	Left  []string `json:"left,omitempty" doc:"the columns that stay; not there: none of it"`
	Twice bool     `json:"twice,omitempty" doc:"another one of the task covers it"`
}

// A ProposedGrant is one entitlement of a proposal.
type ProposedGrant struct {
	Task  string            `json:"task"`
	Grant stead.Entitlement `json:"grant"`
	Last  time.Time         `json:"last_used,omitzero" doc:"to the hour; not there: never in the last 400 days"`
}

type learnIn struct {
	AgentPath
	Body struct {
		Task   string `json:"task,omitempty" maxLength:"128" doc:"one declared task; not given: whatever it asks for"`
		Reason string `json:"reason" minLength:"1" maxLength:"1024"`
		For    string `json:"for" doc:"how long, such as 168h; at most 720h"`
	}
}

type proposalOut struct {
	Body Proposal
}

func (a *API) learning(d *door) {
	add(d, operation{method: "PUT", path: "/v1/agents/{id}/learning", id: "begin-learning", tag: web.InSession, group: "agents", of: stead.KindAgent, says: "Put an agent into learn mode: what it asks for beyond its entitlements is refused as ever, and recorded as what it was"}, func(ctx context.Context, by authority.By, in *learnIn) (*agentOut, error) {
		length, err := duration(in.Body.For)
		if err != nil {
			return nil, err
		}
		return a.learned(ctx, by, &in.AgentPath, func(id stead.PrincipalID) error {
			_, err := a.Verbs.Learn(ctx, by, id, in.Body.Task, in.Body.Reason, length)
			return err
		})
	})
	add(d, operation{method: "DELETE", path: "/v1/agents/{id}/learning", id: "end-learning", tag: web.InSession, group: "agents", of: stead.KindAgent, says: "End learn mode before its time; what was learned stays on record"}, func(ctx context.Context, by authority.By, in *AgentPath) (*agentOut, error) {
		return a.learned(ctx, by, in, func(id stead.PrincipalID) error {
			_, err := a.Verbs.EndLearning(ctx, by, id)
			return err
		})
	})
	add(d, operation{method: "GET", path: "/v1/agents/{id}/proposal", id: "get-agent-proposal", tag: web.InSession, group: "agents", says: "Propose the smallest entitlements that cover what an agent was seen to ask for: it changes nothing"}, func(ctx context.Context, by authority.By, in *usageIn) (*proposalOut, error) {
		since := a.Now().Add(-time.Duration(in.Days) * stead.Day)
		c, p, err := a.Verbs.Proposal(ctx, by, in.ID, since, in.Most, func(e stead.Entitlement) string { return a.Systems.Misfit(ctx, e) })
		if err != nil {
			return nil, err
		}
		return &proposalOut{a.proposal(c, p)}, nil
	})
}

func (a *API) learned(ctx context.Context, by authority.By, in *AgentPath, move func(stead.PrincipalID) error) (*agentOut, error) {
	c, err := a.Verbs.Card(ctx, by.Untied(), in.ID)
	if err == nil {
		err = move(c.Principal)
	}
	if err != nil {
		return nil, err
	}
	return a.getAgent(ctx, by, in)
}

func (a *API) proposal(c authority.Card, p stead.Proposal) Proposal {
	v := Proposal{Agent: c.Account.Name, Version: c.Registration.Version, Since: p.Since, Whole: p.Whole, Edits: p.Edits, Add: each(p.Add, addition), Unknown: each(p.Unknown, addition),
		Keep: each(p.Keep, func(u stead.Use) ProposedGrant { return ProposedGrant(u) })}
	v.Remove = each(p.Remove, func(r stead.Removal) Removal {
		return Removal{ProposedGrant: ProposedGrant{r.Task, r.Grant, r.Last}, Left: r.Left, Twice: r.Twice}
	})
	c.Tasks = p.Tasks
	v.Body = a.body(c)
	return v
}

func addition(x stead.Addition) Addition { return Addition(x) }

// body is what would be handed in for an agent to be as it is.
func (a *API) body(c authority.Card) agentBody {
	b := agentBody{Name: c.Account.Name, Shown: c.Account.Shown, Groups: c.Account.Groups, Kind: c.Registration.Kind, Owner: a.full(c.Owner), Purpose: c.Purpose,
		Tier: c.Tier, Segment: c.Segment, Build: c.Build, SPIFFE: c.SPIFFE, Tasks: each(c.Tasks, task), Redirects: c.Redirects, Public: c.Public,
		Template: c.Made.Template, Set: c.Made.Set}
	if c.Sponsor != "" {
		b.Sponsor = a.full(c.Sponsor)
	}
	for _, k := range c.Keys {
		var jwk map[string]any
		if json.Unmarshal([]byte(k.JWK), &jwk) == nil {
			b.Keys = append(b.Keys, jwk)
		}
	}
	return b
}

// full is how a body names somebody; by the id where the account is gone.
func (a *API) full(id stead.PrincipalID) string {
	if p := a.Register.Principal(id); p.Name != "" {
		return p.Directory + "/" + p.Name
	}
	return string(id)
}
