package api

import (
	"context"
	"net/http"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A MadeFrom says which template an agent is made from.
type MadeFrom struct {
	Name    string            `json:"name"`
	Version uint64            `json:"version" doc:"of the template, when it was made"`
	Set     map[string]string `json:"set,omitempty" doc:"what stands for each ${name}"`
	Drift   []string          `json:"drift,omitempty" doc:"in what it is not as the template says now"`
}

// A TemplateBody is what a template says: ${name} stands where its agents differ.
type TemplateBody struct {
	Kind    stead.AgentKind `json:"agent_kind" enum:"company,employee,peer"`
	Purpose string          `json:"purpose" minLength:"1" maxLength:"1024"`
	Tier    stead.Tier      `json:"tier" enum:"low,medium,high"`
	Segment string          `json:"segment,omitempty" maxLength:"64"`
	Values  []TemplateValue `json:"values,omitempty" maxItems:"32" doc:"each ${name} that stands there"`
	Tasks   []Task          `json:"tasks" minItems:"1" maxItems:"64"`
}

// A TemplateValue is something that agents of one template differ in.
type TemplateValue struct {
	Name string   `json:"name" minLength:"1" maxLength:"32"`
	Of   []string `json:"of,omitempty" maxItems:"256" doc:"one of these; not given: any text of letters, digits and ._-"`
}

// A Template is what many agents have in common.
type Template struct {
	Name string `json:"name"`
	TemplateBody
	Version uint64    `json:"version"`
	Author  Who       `json:"author"`
	At      time.Time `json:"at"`
	Users   []string  `json:"users,omitempty" doc:"the agents that are made from it"`
}

type templateIn struct {
	Named
	Body TemplateBody
}

type templateOut struct {
	Body Template
}

type templatesOut struct {
	Body struct {
		Templates []Template `json:"templates"`
	}
}

func (a *API) templates(d *door) {
	add(d, operation{method: "GET", path: "/v1/templates", id: "list-templates", tag: web.Auditor, roles: authority.Onlookers(), group: "agents", says: "List templates of agents, and who is made from them"}, func(ctx context.Context, by authority.By, _ *struct{}) (*templatesOut, error) {
		all, err := a.Verbs.Templates(ctx, by)
		out := &templatesOut{}
		out.Body.Templates = each(all, a.template)
		return out, err
	})
	add(d, operation{method: "GET", path: "/v1/templates/{name}", id: "get-template", tag: web.Auditor, roles: authority.Onlookers(), group: "agents", says: "Show one template"}, a.getTemplate)
	once(d, operation{method: "PUT", path: "/v1/templates/{name}", id: "set-template", tag: web.Admin, group: "agents", says: "Write a template of agents; those made from it stay as they are"}, a.setTemplate, func(ctx context.Context, by authority.By, in *templateIn, _ uint64) (*templateOut, error) {
		return a.getTemplate(ctx, by, &in.Named)
	})
	add(d, operation{method: "DELETE", path: "/v1/templates/{name}", id: "retire-template", tag: web.Admin, group: "agents", status: http.StatusNoContent, says: "Take a template away that no agent is made from"}, func(ctx context.Context, by authority.By, in *Named) (*struct{}, error) {
		_, err := a.Verbs.RetireTemplate(ctx, by, in.Name)
		return nil, err
	})
}

func (a *API) getTemplate(ctx context.Context, by authority.By, in *Named) (*templateOut, error) {
	all, err := a.Verbs.Templates(ctx, by)
	for _, t := range all {
		if t.Name == in.Name {
			return &templateOut{a.template(t)}, nil
		}
	}
	if err == nil {
		err = stead.E(stead.Missing, stead.ReasonNotYours, "there is no template %s", in.Name)
	}
	return nil, err
}

func (a *API) setTemplate(ctx context.Context, by authority.By, in *templateIn) (*templateOut, error) {
	b := in.Body
	t := stead.Template{Name: in.Name, Kind: b.Kind, Purpose: b.Purpose, Tier: b.Tier, Segment: b.Segment,
		Values: each(b.Values, func(v TemplateValue) stead.TemplateValue { return stead.TemplateValue(v) })}
	var err error
	if t.Tasks, err = tasks(b.Tasks); err == nil {
		t, err = a.Verbs.SetTemplate(ctx, by, t)
	}
	if err != nil {
		return nil, err
	}
	return &templateOut{a.template(authority.TemplateCard{Template: t})}, nil
}

func (a *API) template(t authority.TemplateCard) Template {
	return Template{Name: t.Name, Version: t.Version, Author: a.show(t.Author), At: t.At, Users: t.Users, TemplateBody: TemplateBody{Kind: t.Kind, Purpose: t.Purpose, Tier: t.Tier,
		Segment: t.Segment, Tasks: each(t.Tasks, task), Values: each(t.Values, func(v stead.TemplateValue) TemplateValue { return TemplateValue(v) })}}
}
