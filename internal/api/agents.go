package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// An Agent is a registered agent, with what runs of it and what it holds.
type Agent struct {
	Who
	Version   uint64          `json:"version"`
	Kind      stead.AgentKind `json:"agent_kind" enum:"company,employee,peer"`
	Owner     Who             `json:"owner" doc:"answers for it: it stops when he is gone"`
	Sponsor   *Who            `json:"sponsor,omitempty"`
	Purpose   string          `json:"purpose"`
	Tier      stead.Tier      `json:"tier" enum:"low,medium,high"`
	Segment   string          `json:"segment,omitempty"`
	Groups    []string        `json:"groups,omitempty"`
	Build     stead.Build     `json:"build,omitzero"`
	Keys      []string        `json:"keys,omitempty" doc:"thumbprints (RFC 7638) of the keys it proves itself with"`
	SPIFFE    []string        `json:"spiffe,omitempty" doc:"ids of the workloads that are this agent"`
	Tasks     []Task          `json:"tasks,omitempty"`
	Since     []time.Time     `json:"keys_since,omitempty" doc:"since when each of the keys is registered"`
	Redirects []string        `json:"redirects,omitempty" doc:"where the browsers of those go back to who let it act for them"`
	Public    bool            `json:"public,omitempty" doc:"it keeps no secret: the keys of its runs are all that proves it"`
	Suspended bool            `json:"suspended"`
	Template  *MadeFrom       `json:"template,omitempty" doc:"which it is made from"`
	Mapped    []MappedNeed    `json:"mapped,omitempty" doc:"what each need came to when it was mapped; shown for one agent"`
	Drift     []string        `json:"drift,omitempty" doc:"in what the needs would be something else by now: none of it is granted; shown for one agent"`
	Learning  *Learning       `json:"learning,omitempty" doc:"not there: it does not learn now"`
	Orphan    bool            `json:"orphan,omitempty" doc:"nobody answers for it any more: it works no more"`
	Instances []Instance      `json:"instances,omitempty" doc:"that run now"`
	Mandates  []Mandate       `json:"mandates,omitempty" doc:"that it holds or awaits"`
}

// A Task is one thing an agent is there for, and exactly what it needs.
type Task struct {
	ID      string              `json:"id" minLength:"1" maxLength:"128"`
	Purpose string              `json:"purpose" minLength:"1" maxLength:"1024"`
	Mode    stead.Mode          `json:"mode,omitempty" enum:"read-only,edit"`
	Length  string              `json:"length,omitempty" doc:"how long it may take, such as 2h; 24h where nothing is said"`
	Budget  map[string]int64    `json:"budget,omitempty"`
	Grants  []stead.Entitlement `json:"grants,omitempty" maxItems:"256" doc:"exactly what it may; at least one, or a need"`
	Needs   []string            `json:"needs,omitempty" maxItems:"64" doc:"in words of the catalogue: SYSTEM ACTION RESOURCE(COLUMN, COLUMN), and * in the last part of a resource; each becomes grants when it is handed in"`

	Depth     int      `json:"depth,omitempty" minimum:"0" maximum:"8" doc:"how many times in a row it may be passed on to other agents; 0: never"`
	Delegates []string `json:"delegates,omitempty" maxItems:"64" doc:"names of the agents it may be passed on to; where none is named, those whose own tasks allow it"`
}

// A MappedNeed is what a need of a task came to.
type MappedNeed struct {
	Task      string   `json:"task"`
	Need      string   `json:"need"`
	Resources []string `json:"resources" doc:"exactly these"`
}

// An Instance is one run of an agent, with a key of its own.
type Instance struct {
	ID    stead.InstanceID `json:"id"`
	Agent string           `json:"agent" doc:"its name"`
	Key   string           `json:"key" doc:"thumbprint (RFC 7638)"`
	Proof string           `json:"proof,omitempty" doc:"what it was enrolled with: it ends when that counts no more"`
	Beat  string           `json:"beat,omitempty" doc:"it is gone when it was not heard of for so long"`
	Since time.Time        `json:"since"`
	Until time.Time        `json:"until"`
}

type agentBody struct {
	Name    string           `json:"name" minLength:"1" maxLength:"128" doc:"no spaces, no '/', nothing invisible"`
	Shown   string           `json:"shown,omitempty" maxLength:"256"`
	Groups  []string         `json:"groups,omitempty" maxItems:"100"`
	Kind    stead.AgentKind  `json:"kind,omitempty" enum:"company,employee,peer"`
	Owner   string           `json:"owner" minLength:"1" maxLength:"256" doc:"who answers for it: an id, or directory/name"`
	Sponsor string           `json:"sponsor,omitempty" maxLength:"256" doc:"who wanted it: an id, or directory/name"`
	Purpose string           `json:"purpose,omitempty" maxLength:"1024"`
	Tier    stead.Tier       `json:"tier,omitempty" enum:"low,medium,high"`
	Segment string           `json:"segment,omitempty" maxLength:"64"`
	Build   stead.Build      `json:"build,omitzero" doc:"what it is made of; another build suspends it until somebody else has looked"`
	Keys    []map[string]any `json:"keys,omitempty" maxItems:"8" doc:"public keys as JWK (RFC 7517), P-256 or Ed25519"`
	SPIFFE  []string         `json:"spiffe,omitempty" maxItems:"8" doc:"ids of the workloads that are this agent, each in full: spiffe://acme.example/report"`
	Tasks   []Task           `json:"tasks,omitempty" maxItems:"64"`

	Template string            `json:"template,omitempty" maxLength:"128" doc:"it is made from: kind, purpose, tier, segment and tasks are the template's where they are not given"`
	Set      map[string]string `json:"set,omitempty" doc:"what stands for each ${name} of the template"`

	Redirects []string `json:"redirects,omitempty" maxItems:"16" doc:"where the browsers of those go back to who let it act for them: https, or http at 127.0.0.1, [::1] or localhost, where the port may differ"`
	Public    bool     `json:"public,omitempty" doc:"it keeps no secret, as on people's own machines: the keys of its runs are all that proves it"`
}

type registerIn struct {
	AsMapped
	Body agentBody
}

type AgentPath struct {
	ID string `path:"id" maxLength:"128" doc:"its name or id"`
}

type changeAgentIn struct {
	AgentPath
	Remapping
	AsMapped
	Body agentBody
}

type suspendIn struct {
	AgentPath
	Body *revokeBody
}

type agentOut struct {
	Status int
	ETag   string `header:"ETag"`
	Body   Agent
}

type agentsOut struct {
	Next
	Body struct {
		Agents []Agent `json:"agents"`
		NextPage
	}
}

func (a *API) agents(d *door) {
	add(d, operation{method: "GET", path: "/v1/agents", id: "list-agents", tag: web.InSession, group: "agents", says: "List agents: all for who may see them, else those that one answers for"}, a.listAgents)
	once(d, operation{method: "POST", path: "/v1/agents", id: "register-agent", tag: web.Admin, group: "agents", status: http.StatusCreated, says: "Register an agent"}, a.register, func(ctx context.Context, by authority.By, in *registerIn, _ uint64) (*agentOut, error) {
		return a.agentAs(ctx, by, in.Body.Name, http.StatusCreated)
	})
	add(d, operation{method: "GET", path: "/v1/agents/{id}", id: "get-agent", tag: web.InSession, group: "agents", tagged: true, says: "Show an agent, what runs of it and what it holds"}, a.getAgent)
	once(d, operation{method: "PUT", path: "/v1/agents/{id}", id: "change-agent", tag: web.Admin, group: "agents", of: stead.KindAgent, says: "Change what is known of an agent: what goes beyond it then ends"}, a.changeAgent, func(ctx context.Context, by authority.By, in *changeAgentIn, _ uint64) (*agentOut, error) {
		return a.getAgent(ctx, by, &in.AgentPath)
	})
	a.agentTurn(d, "suspend", "Stop an agent: its mandates end, and it asks for none until it is resumed", func(ctx context.Context, by authority.By, id stead.PrincipalID, in *suspendIn) error {
		_, err := a.Verbs.SuspendAgent(ctx, by, id, said(in.Body).Reason)
		return err
	})
	a.agentTurn(d, "resume", "Let a suspended agent ask again: not by who answers for it", func(ctx context.Context, by authority.By, id stead.PrincipalID, in *suspendIn) error {
		_, err := a.Verbs.ResumeAgent(ctx, by, id, said(in.Body).Reason)
		return err
	})
	a.equipment(d)
	a.learning(d)
	a.templates(d)
	a.mappings(d)
	add(d, operation{method: "DELETE", path: "/v1/agents/{id}", id: "retire-agent", tag: web.InSession, group: "agents", of: stead.KindAgent, status: http.StatusNoContent, says: "End an agent for good, with its instances and mandates"}, a.retire)
}

func (a *API) agentTurn(d *door, verb, says string, move func(context.Context, authority.By, stead.PrincipalID, *suspendIn) error) {
	o := operation{method: "POST", path: "/v1/agents/{id}/" + verb, id: verb + "-agent", tag: web.InSession, group: "agents", of: stead.KindAgent, says: says}
	once(d, o, func(ctx context.Context, by authority.By, in *suspendIn) (*agentOut, error) {
		c, err := a.Verbs.Card(ctx, by.Untied(), in.ID)
		if err == nil {
			err = move(ctx, by, c.Principal, in)
		}
		if err != nil {
			return nil, err
		}
		return a.getAgent(ctx, by, &in.AgentPath)
	}, func(ctx context.Context, by authority.By, in *suspendIn, _ uint64) (*agentOut, error) {
		return a.getAgent(ctx, by, &in.AgentPath)
	})
}

func (a *API) listAgents(ctx context.Context, by authority.By, in *Page) (*agentsOut, error) {
	all, err := a.Verbs.Cards(ctx, by)
	if err != nil {
		return nil, err
	}
	out := &agentsOut{}
	cards, page, next, err := piece(ctx, in, all, func(c authority.Card) string { return c.Account.Name })
	out.Body.Agents, out.Body.NextPage, out.Next = each(cards, a.agent), page, next
	return out, err
}

func (a *API) getAgent(ctx context.Context, by authority.By, in *AgentPath) (*agentOut, error) {
	return a.agentAs(ctx, by, in.ID, http.StatusOK)
}

func (a *API) agentAs(ctx context.Context, by authority.By, id string, status int) (*agentOut, error) {
	c, err := a.Verbs.Card(ctx, by.Untied(), id)
	if err != nil {
		return nil, err
	}
	v := a.agent(c)
	v.Mapped, v.Drift = needsOf(c.Tasks), a.Systems.Drift(ctx, c.Registration)
	return &agentOut{Status: status, ETag: etag(c.Registration.Version), Body: v}, nil
}

func (a *API) register(ctx context.Context, by authority.By, in *registerIn) (*agentOut, error) {
	n, err := a.fitting(ctx, by, in.Body, nil, in.AsMapped)
	if err == nil {
		_, err = a.Verbs.Register(ctx, by, n)
	}
	if err != nil {
		return nil, err
	}
	return a.agentAs(ctx, by, in.Body.Name, http.StatusCreated)
}

func (a *API) changeAgent(ctx context.Context, by authority.By, in *changeAgentIn) (*agentOut, error) {
	c, err := a.Verbs.Card(ctx, by.Untied(), in.ID)
	if err != nil {
		return nil, err
	}
	n, err := a.fitting(ctx, by, in.Body, in.keeps(c.Tasks), in.AsMapped)
	switch {
	case err != nil:
		return nil, err
	case n.Name != c.Account.Name:
		return nil, stead.E(stead.Invalid, stead.ReasonRequest, "the name of an agent stays: register another")
	}
	if _, err := a.Verbs.ChangeAgent(ctx, by, c.Principal, n); err != nil {
		return nil, err
	}
	return a.getAgent(ctx, by, &in.AgentPath)
}

func (a *API) retire(ctx context.Context, by authority.By, in *AgentPath) (*struct{}, error) {
	c, err := a.Verbs.Card(ctx, by.Untied(), in.ID)
	if err == nil {
		_, err = a.Verbs.RetireAgent(ctx, by, c.Principal)
	}
	return nil, err
}

// fitting reads what is handed in of an agent, and asks the systems for what its tasks need. Had are the tasks of one that is there.
func (a *API) fitting(ctx context.Context, by authority.By, b agentBody, had []stead.Task, as AsMapped) (authority.NewAgent, error) {
	n, err := a.newAgent(b)
	if err == nil && b.Template != "" {
		n.Registration.Made = stead.Made{Template: b.Template, Set: b.Set}
		n.Registration, err = a.Verbs.FromTemplate(ctx, by.Untied(), n.Registration)
	} else if err == nil && len(b.Set) > 0 {
		err = stead.E(stead.Invalid, stead.ReasonRequest, "set is for a template: say which")
	} else if err == nil && (b.Kind == "" || b.Tier == "" || b.Purpose == "") {
		err = stead.E(stead.Invalid, stead.ReasonRequest, "an agent needs a kind, a tier and a purpose, or a template that has them")
	}
	if err == nil {
		n.Registration.Tasks, err = a.Systems.Map(ctx, n.Registration.Tasks, had)
	}
	if err == nil && as.Mapping != "" && as.Mapping != stead.Mapped(n.Registration).String() {
		err = stead.E(stead.Conflict, stead.ReasonChanged, "what %s would get is no more what was looked at: look again", b.Name)
	}
	return n, err
}

// newAgent reads what is handed in of an agent.
func (a *API) newAgent(b agentBody) (authority.NewAgent, error) {
	n := authority.NewAgent{Name: b.Name, Shown: b.Shown, Groups: b.Groups, Registration: stead.Registration{Kind: b.Kind, Purpose: b.Purpose,
		Tier: b.Tier, Segment: b.Segment, Build: b.Build, SPIFFE: b.SPIFFE, Redirects: b.Redirects, Public: b.Public}}
	r := &n.Registration
	var err error
	if r.Owner, err = a.somebody(b.Owner); err != nil {
		return n, err
	}
	if b.Sponsor != "" {
		if r.Sponsor, err = a.somebody(b.Sponsor); err != nil {
			return n, err
		}
	}
	for _, raw := range b.Keys {
		k, err := publicKey(raw)
		if err != nil {
			return n, err
		}
		r.Keys = append(r.Keys, k)
	}
	r.Tasks, err = tasks(b.Tasks)
	return n, err
}

// tasks reads what tasks are handed in.
func tasks(in []Task) (all []stead.Task, err error) {
	for _, t := range in {
		length, err := duration(t.Length)
		if err != nil {
			return nil, err
		}
		if len(t.Grants)+len(t.Needs) == 0 {
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "the task %s needs grants, or needs in words of the catalogue", t.ID)
		}
		all = append(all, stead.Task{ID: t.ID, Purpose: t.Purpose, Mode: t.Mode, Length: stead.Duration(length), Budget: t.Budget, Grants: t.Grants,
			Depth: t.Depth, Delegates: t.Delegates, Needs: each(t.Needs, func(text string) stead.Need { return stead.Need{Text: text} })})
	}
	return all, nil
}

// publicKey reads a key as JWK.
func publicKey(jwk map[string]any) (stead.AgentKey, error) {
	raw, err := json.Marshal(jwk)
	if err != nil {
		return stead.AgentKey{}, stead.Because(err, "write a key")
	}
	return web.PublicKey(raw)
}

// somebody finds an account by id or directory/name.
func (a *API) somebody(text string) (stead.PrincipalID, error) {
	id, err := a.named(text, authority.By{}, false)
	if err == nil && a.Register.Principal(id).ID == "" {
		err = stead.E(stead.Missing, stead.ReasonUnknown, "nobody is called %q: write directory/name", text)
	}
	return id, err
}

func (a *API) agent(c authority.Card) Agent {
	v := Agent{Who: who(c.Principal, c.Account), Version: c.Registration.Version, Kind: c.Registration.Kind, Owner: a.show(c.Owner),
		Purpose: c.Purpose, Tier: c.Tier, Segment: c.Segment, Groups: c.Account.Groups, Build: c.Build, SPIFFE: c.SPIFFE, Suspended: c.Suspended, Orphan: c.Orphan,
		Redirects: c.Redirects, Public: c.Public,
		Instances: each(c.Instances, a.instance), Mandates: each(c.Mandates, a.mandate)}
	if c.Sponsor != "" {
		w := a.show(c.Sponsor)
		v.Sponsor = &w
	}
	if l := c.Learning; l.On(a.Now()) {
		v.Learning = &Learning{Task: l.Task, Reason: l.Reason, By: a.show(l.By), Since: l.Since, Until: l.Until}
	}
	for _, k := range c.Keys {
		v.Keys, v.Since = append(v.Keys, k.Thumbprint), append(v.Since, k.Since)
	}
	if m := c.Made; m.Template != "" {
		v.Template = &MadeFrom{Name: m.Template, Version: m.Version, Set: m.Set, Drift: c.Drift}
	}
	v.Tasks = each(c.Tasks, task)
	return v
}

func task(t stead.Task) Task {
	return Task{ID: t.ID, Purpose: t.Purpose, Mode: t.Mode, Length: short(t.Length), Budget: t.Budget, Grants: t.Grants, Depth: t.Depth, Delegates: t.Delegates,
		Needs: each(t.Needs, func(n stead.Need) string { return n.Text })}
}

func (a *API) instance(i stead.Instance) Instance {
	return Instance{ID: i.ID, Agent: a.Register.Principal(i.Agent).Name, Key: i.Key.Thumbprint, Proof: i.Proof, Beat: short(i.Beat), Since: i.Since, Until: i.Until}
}
