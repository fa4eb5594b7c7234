package api

import (
	"context"
	"net/http"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// An Exclusion keeps two sides apart: no one party holds both, or does both on one thing.
type Exclusion struct {
	Name string `json:"name"`
	ExclusionBody
	Version uint64    `json:"version"`
	Author  Who       `json:"author" doc:"another person changes or retires it"`
	At      time.Time `json:"at"`
	Unknown []string  `json:"unknown_actions,omitempty" doc:"actions that the policy in force does not know, with what was probably meant: nothing is kept apart by them"`
}

// A Reach is what one side of an exclusion is about.
type Reach struct {
	System   stead.AppID  `json:"system" minLength:"1" maxLength:"64" doc:"an application or a system"`
	Action   stead.Action `json:"action" minLength:"1" maxLength:"128" doc:"* is any"`
	Resource string       `json:"resource" minLength:"1" maxLength:"256" doc:"pattern, of a path where it is an application: * is any text, {thing} what it is done to, up to the next /"`
}

// An ExclusionBody is what an exclusion says.
type ExclusionBody struct {
	Purpose string  `json:"purpose" minLength:"1" maxLength:"1024" doc:"told to whom it refuses"`
	First   []Reach `json:"first" minItems:"1" maxItems:"64"`
	Second  []Reach `json:"second" minItems:"1" maxItems:"64"`
	Same    string  `json:"same,omitempty" maxLength:"128" doc:"resource, or argument:NAME: who did one side on a thing never does the other on it; not given: no party holds both"`
	Within  string  `json:"within,omitempty" doc:"how long what was done counts, such as 720h; not given: for ever"`
}

// A Clash is who holds now what no one party may hold.
type Clash struct {
	Exclusion string `json:"exclusion"`
	Purpose   string `json:"purpose"`
	First     Who    `json:"first" doc:"holds the first side"`
	Second    Who    `json:"second" doc:"holds the second side; the same one where it holds both"`
	Later     Who    `json:"later" doc:"is refused its side until this is resolved"`
	Owner     Who    `json:"owner" doc:"answers for the later one"`
}

// Named is what is called by its name.
type Named struct {
	Name string `path:"name" maxLength:"128"`
}

type exclusionIn struct {
	Named
	Body ExclusionBody
}

type exclusionOut struct {
	Body Exclusion
}

type exclusionsOut struct {
	Body struct {
		Exclusions []Exclusion `json:"exclusions"`
	}
}

type clashesOut struct {
	Body struct {
		Clashes []Clash `json:"clashes"`
	}
}

func (a *API) duties(d *door) {
	add(d, operation{method: "GET", path: "/v1/exclusions", id: "list-exclusions", tag: web.Auditor, roles: authority.Onlookers(), group: "duties", says: "List what no one party may hold, or do on one thing, both"}, a.listExclusions)
	add(d, operation{method: "GET", path: "/v1/exclusions/{name}", id: "get-exclusion", tag: web.Auditor, roles: authority.Onlookers(), group: "duties", says: "Show one exclusion"}, a.getExclusion)
	once(d, operation{method: "PUT", path: "/v1/exclusions/{name}", id: "set-exclusion", tag: web.Admin, roles: rulers(), group: "duties", says: "Put two sides apart, in force at once; another person than its author changes one"}, a.setExclusion, func(ctx context.Context, by authority.By, in *exclusionIn, _ uint64) (*exclusionOut, error) {
		return a.getExclusion(ctx, by, &in.Named)
	})
	add(d, operation{method: "DELETE", path: "/v1/exclusions/{name}", id: "retire-exclusion", tag: web.Admin, roles: rulers(), group: "duties", status: http.StatusNoContent, says: "Take an exclusion out of force: by another person than its author; its name keeps its history"}, func(ctx context.Context, by authority.By, in *Named) (*struct{}, error) {
		_, err := a.Verbs.RetireExclusion(ctx, by, in.Name)
		return nil, err
	})
	add(d, operation{method: "GET", path: "/v1/clashes", id: "list-clashes", tag: web.Auditor, roles: authority.Onlookers(), group: "duties", says: "List who holds now what no one party may hold: agents that were there before an exclusion"}, a.listClashes)
}

func (a *API) listExclusions(ctx context.Context, by authority.By, _ *struct{}) (*exclusionsOut, error) {
	all, err := a.Verbs.AllExclusions(ctx, by)
	out := &exclusionsOut{}
	out.Body.Exclusions = each(all, a.exclusion)
	return out, err
}

func (a *API) getExclusion(ctx context.Context, by authority.By, in *Named) (*exclusionOut, error) {
	all, err := a.Verbs.AllExclusions(ctx, by)
	for _, x := range all {
		if x.Name == in.Name {
			return &exclusionOut{a.exclusion(x)}, nil
		}
	}
	if err == nil {
		err = stead.E(stead.Missing, stead.ReasonNotYours, "there is no exclusion %s", in.Name)
	}
	return nil, err
}

func (a *API) setExclusion(ctx context.Context, by authority.By, in *exclusionIn) (*exclusionOut, error) {
	within, err := duration(in.Body.Within)
	if err != nil {
		return nil, err
	}
	x := stead.Exclusion{Name: in.Name, Purpose: in.Body.Purpose, Same: in.Body.Same, Within: stead.Duration(within),
		First: each(in.Body.First, reach), Second: each(in.Body.Second, reach)}
	if x, err = a.Verbs.SetExclusion(ctx, by, x); err != nil {
		return nil, err
	}
	return &exclusionOut{a.exclusion(x)}, nil
}

func reach(r Reach) stead.Reach { return stead.Reach(r) }
func shown(r stead.Reach) Reach { return Reach(r) }

func (a *API) exclusion(x stead.Exclusion) Exclusion {
	return Exclusion{Name: x.Name, Version: x.Version, Author: a.show(x.Author), At: x.At, Unknown: a.Verbs.UnknownActions(x),
		ExclusionBody: ExclusionBody{Purpose: x.Purpose, First: each(x.First, shown), Second: each(x.Second, shown), Same: x.Same, Within: short(x.Within)}}
}

func (a *API) listClashes(ctx context.Context, by authority.By, _ *struct{}) (*clashesOut, error) {
	all, err := a.Verbs.Clashes(ctx, by)
	out := &clashesOut{}
	out.Body.Clashes = each(all, func(c authority.Clash) Clash {
		return Clash{Exclusion: c.Exclusion.Name, Purpose: c.Exclusion.Purpose, First: a.show(c.First), Second: a.show(c.Second),
			Later: a.show(c.Later), Owner: a.show(c.Owner)}
	})
	return out, err
}
