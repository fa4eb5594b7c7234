package api

import (
	"context"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// StagedPlan is what would become of people and mandates if what is staged came into force now.
type StagedPlan struct {
	Bundle
	OK       bool         `json:"ok" doc:"it compiles and its tests pass"`
	Problem  string       `json:"problem,omitempty"`
	InForce  string       `json:"in_force,omitempty" doc:"digest of the policy in force"`
	Changes  []FileChange `json:"changes"`
	Gain     []Who        `json:"gain" doc:"who may act for somebody then, as far as groups tell: at most 20 by name"`
	Gains    int          `json:"gains" doc:"how many"`
	Lose     []Who        `json:"lose" doc:"who may not any more: at most 20 by name"`
	Loses    int          `json:"loses" doc:"how many"`
	Mandates []Mandate    `json:"ends" doc:"mandates that may not go on under it"`
}

type stagedPlanOut struct{ Body StagedPlan }

// planStaged looks at what is staged beside what is in force, and changes nothing.
func (a *API) planStaged(ctx context.Context, by authority.By, _ *nothing) (*stagedPlanOut, error) {
	p, err := a.Verbs.Plan(ctx, by)
	if err != nil {
		return nil, err
	}
	now, staged := a.Bundles.Bundle(authority.PolicyBundle), a.Bundles.Bundle(authority.StagedBundle)
	person := func(p stead.Principal) Who { return who(p.ID, p) }
	return &stagedPlanOut{StagedPlan{Bundle: a.bundle(staged), OK: p.Problem == "", Problem: p.Problem, InForce: now.Digest,
		Changes: changes(now.Files, staged.Files), Gain: each(p.Gain, person), Gains: p.Gains, Lose: each(p.Lose, person), Loses: p.Loses,
		Mandates: each(p.Ends, a.mandate)}}, nil
}

func (a *API) staged(d *door) {
	add(d, operation{method: "GET", path: "/v1/policy/staged", id: "get-staged", tag: web.Auditor, roles: authority.Onlookers(), group: "policy", says: "What is staged, and what it would change for people and mandates"}, a.planStaged)
}
