package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/steadhq/stead/client/admin"
	"github.com/steadhq/stead/internal/web"
)

// An agentForm is what an agent is, in the one form in which two of them are compared.
type agentForm struct {
	admin.AgentBody
	Keys  []string `json:"keys,omitempty"`
	Drift string   `json:"drift from its template,omitempty"`
}

func (p *planner) templates(ctx context.Context) error {
	p.anew = map[string]bool{}
	if len(p.want.templates) == 0 {
		return nil
	}
	all, err := p.client.ListTemplates(ctx)
	if err != nil {
		return err
	}
	there := map[string]admin.TemplateBody{}
	for _, t := range all.Templates {
		there[t.Name] = admin.TemplateBody{AgentKind: t.AgentKind, Purpose: t.Purpose, Tier: t.Tier, Segment: t.Segment, Values: t.Values, Tasks: tasksIn(t.Tasks)}
	}
	for _, t := range p.want.templates {
		body := t.TemplateBody
		body.Tasks = tasksIn(body.Tasks)
		before, known := there[t.Name]
		delete(there, t.Name)
		done := p.changes()
		p.compare("template", t.Name, known, before, body, func(ctx context.Context, _ *planRow) error {
			_, err := p.client.SetTemplate(ctx, t.Name, t.TemplateBody)
			return err
		})
		p.anew[t.Name] = p.changes() > done
	}
	pruned(p, "template", there, func(ctx context.Context, name string) error { return p.client.RetireTemplate(ctx, name) })
	return nil
}

func (p *planner) agents(ctx context.Context) error {
	if len(p.want.agents) == 0 {
		return nil
	}
	there, q := map[string]admin.Agent{}, admin.ListAgentsQuery{Limit: 1000}
	for more := true; more; more = q.PageToken != "" {
		page, err := p.client.ListAgents(ctx, q)
		if err != nil {
			return err
		}
		for _, a := range page.Agents {
			there[a.Account] = a
		}
		q.PageToken = page.NextPageToken
	}
	for _, a := range p.want.agents {
		was, known := there[a.Name]
		delete(there, a.Name)
		before, after := agentThere(was), agentWanted(a.AgentBody, was)
		after.fill(before)
		m, err := p.mapped(ctx, a.AgentBody)
		if err != nil {
			return fmt.Errorf("%s: agent %s: %w", a.at(), a.Name, err)
		}
		if m.Mapping != "" {
			after.Tasks = tasksIn(m.Tasks)
		}
		p.compare("agent", a.Name, known, before, after, func(ctx context.Context, r *planRow) error {
			if !known {
				_, err := p.client.RegisterAgent(ctx, admin.RegisterAgentQuery{Mapping: m.Mapping}, a.AgentBody)
				return err
			}
			now, err := p.client.ChangeAgent(ctx, a.Name, admin.ChangeAgentQuery{Remap: p.remap, Mapping: m.Mapping}, a.AgentBody, admin.IfMatch(was.Version))
			if now.Suspended {
				r.Changes = append(r.Changes, fieldChange{Field: "suspended until somebody else has looked: stead agent resume"})
			}
			return err
		})
		if n := len(p.Rows); n > 0 && p.Rows[n-1].What == "agent" && p.Rows[n-1].Name == a.Name {
			p.Rows[n-1].Changes = append(p.Rows[n-1].Changes, needsAre(m)...)
		}
	}
	pruned(p, "agent", there, func(ctx context.Context, name string) error { return p.client.RetireAgent(ctx, name) })
	return nil
}

// mapped asks what an agent would get where its needs say that, or a template; nothing where that is changed only now.
func (p *planner) mapped(ctx context.Context, a admin.AgentBody) (m admin.Mapping, err error) {
	says := slices.ContainsFunc(a.Tasks, func(t admin.Task) bool { return len(t.Needs) > 0 })
	if !says && (a.Template == "" || len(a.Tasks) > 0) || p.anew[a.Template] {
		return m, nil
	}
	err = p.e.patient(ctx, func(ctx context.Context) error {
		m, err = p.client.MapAgent(ctx, admin.MapAgentQuery{Remap: p.remap}, a)
		return err
	})
	return m, err
}

// needsAre says what each need is exactly.
func needsAre(m admin.Mapping) (all []fieldChange) {
	for _, n := range m.Mapped {
		all = append(all, fieldChange{Field: n.Task + " needs " + n.Need, After: strings.Join(n.Resources, ", ")})
	}
	return all
}

// agentThere is the form of an agent as the server shows it.
func agentThere(a admin.Agent) agentForm {
	f := agentForm{AgentBody: admin.AgentBody{Name: a.Account, Kind: a.AgentKind, Owner: account(a.Owner), Purpose: a.Purpose, Tier: a.Tier, Build: a.Build, Groups: a.Groups,
		Public: a.Public, Redirects: a.Redirects, Segment: a.Segment, Spiffe: a.Spiffe, Tasks: tasksIn(a.Tasks)}, Keys: a.Keys}
	if a.Sponsor != nil {
		f.Sponsor = account(*a.Sponsor)
	}
	if a.Name != a.Account {
		f.Shown = a.Name
	}
	if a.Template != nil {
		f.Template, f.Set, f.Drift = a.Template.Name, a.Template.Set, strings.Join(a.Template.Drift, "; ")
	}
	return f
}

// fill gives an agent that a file makes from a template what the template gave it: what that would be now, drift tells.
func (f *agentForm) fill(was agentForm) {
	if f.Template == "" {
		return
	}
	f.Kind, f.Purpose = cmp.Or(f.Kind, was.Kind), cmp.Or(f.Purpose, was.Purpose)
	f.Tier, f.Segment = cmp.Or(f.Tier, was.Tier), cmp.Or(f.Segment, was.Segment)
	if len(f.Tasks) == 0 {
		f.Tasks = was.Tasks
	}
}

// agentWanted is the form of an agent as a file has it; was is the one that is there.
func agentWanted(a admin.AgentBody, was admin.Agent) agentForm {
	f := agentForm{AgentBody: a}
	f.Owner, f.Tasks = known(a.Owner, was.Owner), tasksIn(a.Tasks)
	if was.Sponsor != nil {
		f.Sponsor = known(a.Sponsor, *was.Sponsor)
	}
	if f.Shown == a.Name {
		f.Shown = ""
	}
	if f.Build != nil && *f.Build == (admin.Build{}) {
		f.Build = nil
	}
	f.AgentBody.Keys = nil
	for _, k := range a.Keys {
		raw, err := json.Marshal(k)
		if key, wrong := web.PublicKey(raw); err == nil && wrong == nil {
			f.Keys = append(f.Keys, key.Thumbprint)
			continue
		}
		f.Keys = append(f.Keys, string(raw)) // the server says what is wrong with it
	}
	return f
}

// known writes somebody as tables do, whatever he is named by.
func known(text string, was admin.Who) string {
	if text == was.ID || text == "person:"+account(was) {
		return account(was)
	}
	return text
}

func tasksIn(all []admin.Task) (out []admin.Task) {
	for _, t := range all {
		t.Length = spanned(t.Length)
		out = append(out, t)
	}
	return out
}
