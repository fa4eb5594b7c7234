package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path"
	"strings"

	"github.com/steadhq/stead/client/admin"
)

// appliedThings is the file of the policy that holds what came by kind: Thing.
const appliedThings = "entities/applied.json"

// policy plans what is staged: rules, and what they know of things.
func (p *planner) policy(ctx context.Context) error {
	if len(p.want.policies)+len(p.want.things) == 0 {
		return nil
	}
	now, err := p.client.GetPolicy(ctx)
	if err != nil {
		return err
	}
	files := maps.Clone(now.InForce.Files)
	if len(p.want.policies) > 0 {
		files = maps.Clone(p.want.policies[0].files)
		if text, there := now.InForce.Files[appliedThings]; there && files[appliedThings] == "" {
			files[appliedThings] = text // what the files do not name stays
		}
	}
	rows, err := p.things(files)
	if err != nil {
		return err
	}
	plan, err := p.client.PlanPolicy(ctx, admin.FilesIn{Files: files})
	switch {
	case err != nil:
		return err
	case !plan.OK:
		return fail(exitVerify, "stead policy test, then the same again: nothing was done", "this policy would not come into force: %s", plan.Problem)
	}
	p.look(len(rows) + 1)
	if same := plan.Digest == now.InForce.Digest; same || now.Staged != nil && now.Staged.Digest == plan.Digest {
		p.Unchanged += len(p.want.policies) + len(p.want.things)
		if !same {
			p.Staged, p.author = plan.Digest, account(now.Staged.Author)
			p.row("policy", plan.Digest[:12], "waits", fieldChange{Field: "staged by " + p.author})
		}
		return nil
	}
	p.stage(now, plan, files, rows)
	return nil
}

// stage plans that a policy is put up for its second person, unless somebody does so meanwhile.
func (p *planner) stage(now admin.PolicyOut, plan admin.PlanOut, files map[string]string, rows []planRow) {
	p.Unchanged += len(p.want.things)
	for _, r := range rows {
		p.row(r.What, r.Name, r.How, r.Changes...)
		if r.How != howGone {
			p.Unchanged--
		}
	}
	var changed []fieldChange
	for _, f := range plan.Changes {
		if f.File != appliedThings || len(rows) == 0 { // else each thing has a row of its own
			changed = append(changed, fieldChange{Field: fmt.Sprintf("%s %s (+%d -%d)", f.File, f.How, len(f.After), len(f.Before))})
		}
	}
	count := len(rows)
	if len(changed) > 0 {
		if now.Staged != nil {
			changed = append(changed, fieldChange{Field: "replaces what " + account(now.Staged.Author) + " staged"})
		}
		p.row("policy", plan.Digest[:12], howChange, changed...)
		count++
	} else {
		p.Unchanged += len(p.want.policies)
	}
	p.steps = append(p.steps, planStep{"policy", count, func(ctx context.Context) error {
		out, err := p.client.StagePolicy(ctx, admin.FilesIn{Files: files}, func(h http.Header) {
			if now.Tag != "" {
				h.Set("If-Match", `"`+now.Tag+`"`)
			}
		})
		p.Staged = out.Digest
		return err
	}})
}

// things puts those of the files into the policy, and tells what that changes.
func (p *planner) things(files map[string]string) (rows []planRow, err error) {
	if len(p.want.things) == 0 {
		return nil, nil
	}
	was, others, err := entitiesIn(files)
	if err != nil {
		return nil, err
	}
	next := map[string]string{}
	if !p.prune {
		maps.Copy(next, was)
	}
	for _, t := range p.want.things {
		if file := others[t.id()]; file != "" {
			return nil, fail(exitUsage, "change it there, or take it out", "%s", t.wrong("%s stands in %s of the policy", t.id(), file))
		}
		text, err := t.entity()
		if err != nil {
			return nil, err
		}
		next[t.id()] = text
		switch before, there := was[t.id()]; {
		case !there:
			rows = append(rows, planRow{What: "thing", Name: t.id(), How: howMake})
		case before != text:
			rows = append(rows, planRow{What: "thing", Name: t.id(), How: howChange, Changes: differences(json.RawMessage(before), json.RawMessage(text))})
		}
	}
	for _, id := range sortedKeys(was) {
		if _, stays := next[id]; !stays {
			rows = append(rows, planRow{What: "thing", Name: id, How: howGone})
		}
	}
	if len(rows) > 0 {
		files[appliedThings] = listOf(next)
	}
	return rows, nil
}

// listOf writes entities, a line each, in order.
func listOf(all map[string]string) string {
	var lines []string
	for _, id := range sortedKeys(all) {
		lines = append(lines, all[id])
	}
	return "[\n" + strings.Join(lines, ",\n") + "\n]\n"
}

// entity writes a thing as Cedar does.
func (t aThing) entity() (string, error) {
	attributes, parents := t.Attributes, []any{}
	if attributes == nil {
		attributes = map[string]any{}
	}
	for _, one := range t.In {
		parents = append(parents, one.plain())
	}
	return canonical(map[string]any{"uid": anEntity{t.Type, t.ID}.plain(), "attrs": attributes, "parents": parents})
}

// plain is a name as a block, so that its parts are in order wherever it comes from.
func (n anEntity) plain() map[string]any { return map[string]any{"type": n.Type, "id": n.ID} }

// canonical writes a value in one form: names in order, and no letters turned into escapes.
func canonical(v any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return strings.TrimSpace(b.String()), err
}

// entitiesIn reads what a policy knows already: of the file that is ours each in our form, of others in which they stand.
func entitiesIn(files map[string]string) (ours, others map[string]string, err error) {
	ours, others = map[string]string{}, map[string]string{}
	for name, text := range files {
		if path.Ext(name) != ".json" || path.Base(path.Dir(name)) != "entities" {
			continue
		}
		var list []map[string]any
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&list); err != nil {
			return nil, nil, fail(exitVerify, "", "%s of the policy is no list of entities: %s", name, err)
		}
		for _, one := range list {
			uid, _ := entityOf(one["uid"])
			id := uid.Type + "/" + uid.ID
			if name != appliedThings {
				others[id] = name
				continue
			}
			if ours[id], err = canonical(one); err != nil {
				return nil, nil, err
			}
		}
	}
	return ours, others, nil
}
