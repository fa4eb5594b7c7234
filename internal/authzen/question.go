package authzen

import (
	"slices"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// question is what is asked, in Stead's own words. What is not known there is left empty, so that the laws refuse it.
func (d *Door) question(s *authority.State, digest string, c *Caller, e evaluation) (stead.Question, error) {
	q := stead.Question{Asserted: c.ID, Action: stead.Action(e.Action.ID), Mandate: stead.MandateID(e.Context.Mandate), Key: e.Context.Key}
	if q.Action == stead.ActionAct {
		q.Action = "" // who may act for whom is asked by asking for a mandate
	}
	var err error
	if q.Resource, err = d.resource(digest, e.Resource); err != nil {
		return q, err
	}
	q.Given = e.Action.Properties
	if q.Resource.Type != "" {
		q.Said = e.Resource.Properties
	}
	if q.Columns, q.Rows, err = part(e.Resource); err != nil {
		return q, err
	}
	if p := d.principal(s, c, e.Subject.Type, e.Subject.ID); p != nil {
		q.Subject = p.ID
	}
	q.Actor = q.Subject
	if e.Context.Actor != "" {
		q.Actor = ""
		if p := d.principal(s, c, e.Context.Profile, e.Context.Actor); p != nil {
			q.Actor = p.ID
		}
	}
	// The session is that of the mandate, as it stands in the record: it must be live, and the actor's own.
	if m := s.Mandate(q.Mandate); m != nil && m.Actor == q.Actor {
		q.Session = m.Session
		q.Context.Cost = e.cost(m.Bounds.Budget)
		if _, q.Arguments, err = e.call(); err != nil {
			return q, err
		}
	}
	return q, nil
}

// cost is what this takes of a budget: one call, and of everything else that is counted what the service says; -1 where it does not.
func (e evaluation) cost(budget map[string]int64) map[string]int64 {
	if len(budget) == 0 {
		return nil
	}
	cost := make(map[string]int64, len(budget))
	for what := range budget {
		n, said := e.Context.Cost[what]
		switch {
		case what == stead.Calls:
			n = 1
		case !said:
			n = -1
		}
		cost[what] = n
	}
	return cost
}

// call is exactly what is to be done to what, and the arguments that it makes: its digest, and the transaction that it is part of.
func (e evaluation) call() (text string, arguments map[string]string, err error) {
	var c stead.Call
	c.Action.Name, c.Action.Properties = e.Action.ID, e.Action.Properties
	c.Resource.Type, c.Resource.ID, c.Resource.Properties = e.Resource.Type, e.Resource.ID, e.Resource.Properties
	text, sum, err := c.Sum()
	if err != nil {
		return "", nil, err
	}
	arguments = map[string]string{stead.Parameters: sum}
	if e.Context.Transaction != "" {
		arguments[stead.Transaction] = e.Context.Transaction
	}
	return text, arguments, nil
}

var kinds = map[string]stead.PrincipalKind{"person": stead.Person, "user": stead.Person, "agent": stead.Agent, "ai_agent": stead.Agent, "service": stead.Service}

// principal finds who is named: by id, as directory/name, or by a name that only one directory has, of those of the caller
// where he has any; or as tokens name him, agent:directory/name. The type "" is any.
func (d *Door) principal(s *authority.State, c *Caller, kind, id string) *stead.Principal {
	want, known := kinds[kind]
	if !known && kind != "" {
		return nil
	}
	p := s.Principal(stead.PrincipalID(id))
	if directory, name, ok := strings.Cut(id, "/"); ok {
		if p = s.Named(directory, name); p == nil {
			said, directory, _ := strings.Cut(directory, ":")
			if p = s.Named(directory, name); p != nil && p.Kind != stead.PrincipalKind(said) {
				return nil
			}
		}
	} else if p == nil {
		p = d.alone(s, c, want, id)
	}
	if p == nil || known && p.Kind != want {
		return nil
	}
	return p
}

// alone finds the only principal of that name: of two neither is meant.
func (d *Door) alone(s *authority.State, c *Caller, want stead.PrincipalKind, name string) (found *stead.Principal) {
	in := c.Directories
	if len(in) == 0 {
		in = d.Directories
	}
	for _, directory := range append([]string{stead.Agents}, in...) {
		p := s.Named(directory, name)
		switch {
		case p == nil || want != "" && p.Kind != want || found != nil && p.ID == found.ID:
		case found != nil:
			return nil
		default:
			found = p
		}
	}
	return found
}

// ours are the types of resources that Stead has itself.
var ours = []string{"application", "realm", "path", "object"}

// resource reads a resource: an application, a realm or a path of one, an object of a system, or a thing of a type that
// the policy's schema declares.
func (d *Door) resource(digest string, e entity) (stead.Resource, error) {
	if !slices.Contains(ours, e.Type) {
		return d.thing(digest, e), nil
	}
	id, rest, _ := strings.Cut(e.ID, "/")
	app := d.Settings.App(stead.AppID(id))
	if app == nil {
		return stead.Resource{}, nil
	}
	r := stead.Resource{App: app.ID, Path: "/"}
	switch e.Type {
	case "application":
		if rest != "" {
			return stead.Resource{}, nil
		}
	case "path":
		r.Path = "/" + rest
		if err := web.CheckTarget(r.Path, nil); err != nil || strings.Contains(r.Path, "?") {
			return stead.Resource{}, bad("resource.id %.80q holds no path that is read in one way only", e.ID)
		}
	case "realm":
		realm := app.Realm(stead.RealmID(rest))
		if realm == nil {
			return stead.Resource{}, nil
		}
		r.Realm, r.Path = realm.ID, realm.Path
		return r, nil
	case "object":
		r.Name = rest
	}
	if realm, ok := app.RealmAt(r.Path); ok {
		r.Realm = realm.ID
	}
	return r, nil
}

func (d *Door) thing(digest string, e entity) stead.Resource {
	app := d.Settings.App(d.Vocabulary.AppOf(digest, e.Type))
	if app == nil {
		return stead.Resource{}
	}
	r := stead.Resource{App: app.ID, Path: "/", Name: e.ID, Type: e.Type}
	if realm, ok := app.RealmAt("/"); ok {
		r.Realm = realm.ID
	}
	return r
}

// part is which part of a table is asked for.
func part(e entity) (columns []string, rows string, err error) {
	if e.Type != "object" {
		return nil, "", nil
	}
	for name, v := range e.Properties {
		text, isText := v.(string)
		list, isList := v.([]any)
		switch {
		case name == "rows" && isText:
			rows = text
		case name == "columns" && isList:
			for _, c := range list {
				column, ok := c.(string)
				if !ok {
					return nil, "", bad("resource.properties.columns must be a list of texts")
				}
				columns = append(columns, column)
			}
		case name == "rows" || name == "columns":
			return nil, "", bad("resource.properties.%s is of the wrong type", name)
		}
	}
	return columns, rows, nil
}
