package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/steadhq/stead/client/admin"
)

// What becomes of something.
const (
	howMake   = "make"
	howChange = "change"
	howGone   = "take away"
)

// A planRow is one thing that will not stay as it is.
type planRow struct {
	What    string        `json:"what"`
	Name    string        `json:"name"`
	How     string        `json:"how"`
	Changes []fieldChange `json:"changes,omitempty"`
}

// A fieldChange is what becomes of a part of it.
type fieldChange struct {
	Field  string `json:"field"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

func (r *planRow) changes() string {
	var all []string
	for _, c := range r.Changes {
		switch {
		case c.Before == "" && c.After == "":
			all = append(all, c.Field)
		case c.Before == "":
			all = append(all, c.Field+": "+c.After)
		default:
			all = append(all, c.Field+": "+c.Before+" -> "+cmp.Or(c.After, "(none)"))
		}
	}
	return strings.Join(all, "; ")
}

// A planStep does what so many rows say, with one request.
type planStep struct {
	what string // or who
	rows int
	do   func(context.Context) error
}

// A planner compares what is wanted with what is there.
type planner struct {
	Made      int        `json:"made"`
	Changed   int        `json:"changed"`
	Unchanged int        `json:"unchanged"`
	TakenAway int        `json:"taken_away"`
	Staged    string     `json:"staged,omitempty"` // digest of the policy that another person applies
	Rows      []*planRow `json:"rows"`

	e        *env
	client   *client
	want     *filed
	prune    bool
	remap    bool
	anew     map[string]bool // templates that this changes
	progress *progress
	steps    []planStep
	last     []planStep // what is taken away, when nothing needs it any more
	looked   uint64
	author   string // who staged what waits
}

func (p *planner) changes() int { return p.Made + p.Changed + p.TakenAway }

// plan finds what is to do, in the order in which it is done.
func (p *planner) plan(ctx context.Context) error {
	p.Rows = []*planRow{}
	for _, part := range []func(context.Context) error{p.people, p.policy, p.exclusions, p.flows, p.templates, p.agents} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	slices.Reverse(p.last)
	p.steps = append(p.steps, p.last...)
	return nil
}

// look counts what was compared, for whoever waits.
func (p *planner) look(n int) {
	p.looked += uint64(n)
	p.progress.at(p.looked, 0, "things")
}

func (p *planner) row(what, name, how string, changes ...fieldChange) *planRow {
	switch how {
	case howMake:
		p.Made++
	case howChange:
		p.Changed++
	case howGone:
		p.TakenAway++
	}
	r := &planRow{what, name, how, changes}
	p.Rows = append(p.Rows, r)
	return r
}

// step notes a change of one thing, done with one request.
func (p *planner) step(what, name, how string, changes []fieldChange, do func(context.Context, *planRow) error) {
	r := p.row(what, name, how, changes...)
	s := planStep{what + " " + name, 1, func(ctx context.Context) error { return do(ctx, r) }}
	if how == howGone {
		p.last = append(p.last, s)
		return
	}
	p.steps = append(p.steps, s)
}

// next says what somebody has to do now.
func (p *planner) next(e *env) {
	if p.Staged != "" {
		e.say("Another person than %s puts the policy in force: stead policy apply %s", cmp.Or(p.author, "you"), p.Staged)
	}
}

func (p *planner) exclusions(ctx context.Context) error {
	if len(p.want.exclusions) == 0 {
		return nil
	}
	all, err := p.client.ListExclusions(ctx)
	if err != nil {
		return err
	}
	there := map[string]admin.ExclusionBody{}
	for _, x := range all.Exclusions {
		there[x.Name] = admin.ExclusionBody{Purpose: x.Purpose, First: x.First, Second: x.Second, Same: x.Same, Within: spanned(x.Within)}
	}
	for _, x := range p.want.exclusions {
		body := x.ExclusionBody
		body.Within = spanned(body.Within)
		before, known := there[x.Name]
		delete(there, x.Name)
		p.compare("exclusion", x.Name, known, before, body, func(ctx context.Context, _ *planRow) error {
			set, err := p.client.SetExclusion(ctx, x.Name, x.ExclusionBody)
			for _, u := range set.UnknownActions {
				p.e.say("warning: the exclusion %s names an action that the policy does not know, and keeps nothing apart by it: %s", x.Name, u)
			}
			return err
		})
	}
	pruned(p, "exclusion", there, func(ctx context.Context, name string) error { return p.client.RetireExclusion(ctx, name) })
	return nil
}

func (p *planner) flows(ctx context.Context) error {
	if len(p.want.flows) == 0 {
		return nil
	}
	all, err := p.client.ListFlows(ctx)
	if err != nil {
		return err
	}
	there := map[string]admin.FlowBody{}
	for _, f := range all.Flows {
		there[f.Name] = admin.FlowBody{From: f.From, To: f.To, Purpose: f.Purpose, Actions: f.Actions}
	}
	for _, f := range p.want.flows {
		body := admin.FlowBody{From: f.From, To: f.To, Purpose: f.Purpose, Actions: f.Actions}
		before, known := there[f.Name]
		delete(there, f.Name)
		p.compare("flow", f.Name, known, before, body, func(ctx context.Context, _ *planRow) error {
			_, err := p.client.SetFlow(ctx, f.Name, body)
			return err
		})
	}
	pruned(p, "flow", there, func(ctx context.Context, name string) error { return p.client.RetireFlow(ctx, name) })
	return nil
}

// compare notes what becomes of one thing; do does it.
func (p *planner) compare(what, name string, known bool, before, after any, do func(context.Context, *planRow) error) {
	p.look(1)
	if !known {
		p.step(what, name, howMake, nil, do)
		return
	}
	if changes := differences(before, after); len(changes) > 0 {
		p.step(what, name, howChange, changes, do)
		return
	}
	p.Unchanged++
}

// pruned notes that what is left is taken away, where that is wanted.
func pruned[T any](p *planner, what string, left map[string]T, do func(context.Context, string) error) {
	if !p.prune {
		return
	}
	for _, name := range sortedKeys(left) {
		p.step(what, name, howGone, nil, func(ctx context.Context, _ *planRow) error { return do(ctx, name) })
	}
}

// differences compares two values of one shape, part by part, as JSON writes them.
func differences(before, after any) (all []fieldChange) {
	was, is := parts(before), parts(after)
	names := map[string]bool{}
	for name := range was {
		names[name] = true
	}
	for name := range is {
		names[name] = true
	}
	for _, name := range sortedKeys(names) {
		if was[name] != is[name] {
			all = append(all, fieldChange{name, was[name], is[name]})
		}
	}
	return all
}

func parts(v any) map[string]string {
	raw, err := json.Marshal(v)
	var all map[string]json.RawMessage
	if err == nil {
		err = json.Unmarshal(raw, &all)
	}
	out := map[string]string{}
	for name, one := range all {
		var text string
		if json.Unmarshal(one, &text) != nil {
			text = string(one)
		}
		out[name] = text
	}
	if err != nil {
		return map[string]string{"": fmt.Sprint(v)}
	}
	return out
}
