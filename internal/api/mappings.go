package api

import (
	"context"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A Mapping is what an agent would get.
type Mapping struct {
	Tasks   []Task       `json:"tasks"`
	Mapped  []MappedNeed `json:"mapped,omitempty" doc:"what each need came to"`
	Mapping stead.Hash   `json:"mapping" doc:"handed in with the agent: where the tasks became others meanwhile, nothing is done"`
}

// AsMapped ties what is done to what was looked at.
type AsMapped struct {
	Mapping string `query:"mapping" maxLength:"64" doc:"of a mapping that was looked at: where the tasks became others meanwhile, nothing is done"`
}

// Remapping says whether needs are looked up again.
type Remapping struct {
	Remap bool `query:"remap" doc:"map needs again that say the same as before; else they stay what they came to"`
}

// keeps are the tasks whose needs stay as they are.
func (r Remapping) keeps(had []stead.Task) []stead.Task {
	if r.Remap {
		return nil
	}
	return had
}

type mapIn struct {
	Remapping
	Body agentBody
}

type mappingOut struct {
	Body Mapping
}

func (a *API) mappings(d *door) {
	add(d, operation{method: "POST", path: "/v1/mappings", id: "map-agent", tag: web.Admin, group: "agents", says: "Show what an agent would get exactly, each need as what it is in the catalogue now: it changes nothing"}, func(ctx context.Context, by authority.By, in *mapIn) (*mappingOut, error) {
		c, err := a.Verbs.Card(ctx, by.Untied(), in.Body.Name)
		if err != nil && stead.KindOf(err) != stead.Missing {
			return nil, err
		}
		n, err := a.fitting(ctx, by, in.Body, in.keeps(c.Tasks), AsMapped{})
		if err != nil {
			return nil, err
		}
		all := n.Registration.Tasks
		return &mappingOut{Mapping{Tasks: each(all, task), Mapped: needsOf(all), Mapping: stead.Mapped(n.Registration)}}, nil
	})
}

// needsOf lists what needs came to.
func needsOf(tasks []stead.Task) (all []MappedNeed) {
	for _, t := range tasks {
		for _, n := range t.Needs {
			all = append(all, MappedNeed{t.ID, n.Text, n.Resources})
		}
	}
	return all
}
