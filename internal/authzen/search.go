package authzen

import (
	"slices"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A Vocabulary is what the policy of a digest says of the things that applications have of their own.
type Vocabulary interface {
	AppOf(digest, thing string) stead.AppID
	Things(digest, thing string) []string
	ActionsOn(digest, thing string) []stead.Action
}

// mostScanned is how many candidates one page looks at: what is beyond them is on the next.
const mostScanned = 10_000

// A found is one result: a subject or a resource, or an action, which has a name alone.
type found struct {
	Type string `json:"type,omitempty"`
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

func (f found) key() string { return f.ID + f.Name }

type results struct {
	Page    turned  `json:"page"`
	Results []found `json:"results"`
}

type turned struct {
	Next string `json:"next_token"`
}

// searchSubject finds who may do that to this, among the people that the caller may find.
func (d *Door) searchSubject(a asking) (any, error) {
	e, err := a.body.search(typeAlone, both)
	if err == nil {
		e.Action, err = a.body.entity("action", nameAlone)
	}
	if err != nil {
		return nil, err
	}
	var all []found
	d.View.Read(func(s *authority.State) { all = d.people(s, a.caller, e.Subject.Type) })
	return d.page(a, "subject", all, func(f found) evaluation { e.Subject.ID = f.ID; return e })
}

// searchResource finds to what this one may do that, among what is known.
func (d *Door) searchResource(a asking) (any, error) {
	e, err := a.body.search(both, typeAlone)
	if err == nil {
		e.Action, err = a.body.entity("action", nameAlone)
	}
	if err != nil {
		return nil, err
	}
	return d.page(a, "resource", d.known(a.caller, e.Resource.Type), func(f found) evaluation { e.Resource.ID = f.ID; return e })
}

// searchAction finds what this one may do to that.
func (d *Door) searchAction(a asking) (any, error) {
	e, err := a.body.search(both, both)
	if err != nil {
		return nil, err
	}
	thing, digest := e.Resource.Type, d.Verbs.InForce()
	if slices.Contains(ours, thing) {
		thing = ""
	}
	var all []found
	for _, action := range d.Vocabulary.ActionsOn(digest, thing) {
		if action != stead.ActionAct {
			all = append(all, found{Name: string(action)})
		}
	}
	return d.page(a, "action", all, func(f found) evaluation { e.Action.ID = f.Name; return e })
}

func (f fields) search(subject, resource needs) (e evaluation, err error) {
	if e.Subject, err = f.entity("subject", subject); err != nil {
		return e, err
	}
	if e.Resource, err = f.entity("resource", resource); err != nil {
		return e, err
	}
	e.Context, err = f.claims()
	return e, err
}

// people are those of a kind whom the caller may find, as they are named: by the name alone where that is enough.
func (d *Door) people(s *authority.State, c *Caller, kind string) (all []found) {
	want, known := kinds[kind]
	if !known {
		return nil
	}
	s.Principals(func(p *stead.Principal) {
		if p.Kind != want || !slices.Contains(c.Directories, p.Directory) {
			return
		}
		id := p.Name
		if d.principal(s, c, kind, id) != p {
			id = p.Directory + "/" + p.Name
		}
		all = append(all, found{Type: kind, ID: id})
	})
	return all
}

// known are the resources of a type that are known by name, as far as the caller may ask about them.
func (d *Door) known(c *Caller, kind string) (all []found) {
	right := d.Settings.Evaluator(c.ID)
	if right == nil {
		return nil
	}
	for _, id := range right.Apps {
		app := d.Settings.App(id)
		switch {
		case app == nil:
		case kind == "application":
			all = append(all, found{Type: kind, ID: string(id)})
		case kind == "realm":
			for _, r := range app.Realms {
				all = append(all, found{Type: kind, ID: string(id) + "/" + string(r.ID)})
			}
		}
	}
	digest := d.Verbs.InForce()
	if slices.Contains(right.Apps, d.Vocabulary.AppOf(digest, kind)) {
		for _, id := range d.Vocabulary.Things(digest, kind) {
			all = append(all, found{Type: kind, ID: id})
		}
	}
	return all
}

// page gives one page of those for whom the question is answered with yes. Nothing is done on it, so nothing is recorded.
func (d *Door) page(a asking, kind string, all []found, ask func(found) evaluation) (results, error) {
	p, err := d.turn(a, kind)
	if err != nil {
		return results{}, err
	}
	slices.SortFunc(all, func(x, y found) int { return strings.Compare(x.key(), y.key()) })
	out := results{Results: []found{}}
	for i, f := range all {
		if f.key() <= p.after && p.after != "" {
			continue
		}
		if p.scanned++; len(out.Results) == p.limit || p.scanned > mostScanned {
			out.Page.Next = d.token(a, kind, all[i-1].key())
			break
		}
		yes, err := d.would(a, ask(f))
		if err != nil {
			return results{}, err
		}
		if yes {
			out.Results = append(out.Results, f)
		}
	}
	return out, a.Err()
}

func (d *Door) would(a asking, e evaluation) (bool, error) {
	var q stead.Question
	var err error
	digest := d.Verbs.InForce()
	d.View.Read(func(s *authority.State) { q, err = d.question(s, digest, a.caller, e) })
	if err != nil {
		return false, err
	}
	return d.Verbs.Consider(q).Allow, nil
}
