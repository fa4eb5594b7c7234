package authority

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// mostTemplates bounds what is listed, and mostUsers how many agents a refusal names.
const (
	mostTemplates = 500
	mostUsers     = 5
)

// Template finds a template by name, that agents may be made from.
func (s *State) Template(name string) *stead.Template {
	if t := s.templates.get(name); t != nil && !t.Retired {
		return t
	}
	return nil
}

// SetTemplate writes a template, or changes the one of its name. Agents that were made from it stay as they are. By admins.
// Errors: invalid, missing, refused, conflict.
func (a *Authority) SetTemplate(ctx context.Context, by By, x stead.Template) (stead.Template, error) {
	var out stead.Template
	t := attempt{verb: "template.set", by: by, what: stead.Fields{"template": x.Name}}
	err := a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := a.may(s, by, now, Admin); err != nil {
			return nil, err
		}
		if text := x.Wrong(); text != "" {
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "%s", text)
		}
		for _, k := range x.Tasks {
			if id := k.System(); a.Settings.App(id) == nil {
				return nil, stead.E(stead.Missing, stead.ReasonNoRoute, "the task %s lies in a system %s that is not configured", k.ID, id)
			}
		}
		old := s.templates.get(x.Name)
		if old == nil && s.templates.many(mostTemplates) {
			return nil, stead.E(stead.Conflict, stead.ReasonTooMany, "there are %d templates already", mostTemplates)
		}
		if old != nil && !old.Retired && old.Says(x) {
			out = *old
			return nil, nil
		}
		x.Version, x.Author, x.Person, x.At, x.Retired = version(old)+1, by.Principal, finder(s)(by.Principal).Person, now, false
		out = x
		return []stead.Change{{Event: stead.Event{Kind: "template.set"}, Records: []stead.Record{x}}}, nil
	})
	return done(&out, err)
}

// RetireTemplate takes a template away that no agent is made from. By admins. Errors: missing, refused, conflict with who
// uses it.
func (a *Authority) RetireTemplate(ctx context.Context, by By, name string) (stead.Template, error) {
	var out stead.Template
	t := attempt{verb: "template.retire", by: by, what: stead.Fields{"template": name}}
	err := a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := a.may(s, by, now, Admin); err != nil {
			return nil, err
		}
		old := s.Template(name)
		if old == nil {
			return nil, stead.E(stead.Missing, stead.ReasonNotYours, "there is no template %s", name)
		}
		if users := s.usersOf(name); len(users) > 0 {
			more := ""
			if n := len(users); n > mostUsers {
				users, more = users[:mostUsers], " and "+number(n-mostUsers)+" more"
			}
			return nil, stead.E(stead.Conflict, stead.ReasonState, "%s%s are made from it: retire them, or make them from another", strings.Join(users, ", "), more)
		}
		out = *old
		out.Version, out.Author, out.Person, out.At, out.Retired = old.Version+1, by.Principal, finder(s)(by.Principal).Person, now, true
		return []stead.Change{{Event: stead.Event{Kind: "template.retired"}, Records: []stead.Record{out}}}, nil
	})
	return done(&out, err)
}

// usersOf are the names of the agents that are made from a template.
func (s *State) usersOf(name string) (all []string) {
	s.Agents(func(r *stead.Registration) {
		if p := s.Principal(r.Principal); r.Made.Template == name && p != nil {
			all = append(all, p.Name)
		}
	})
	slices.Sort(all)
	return all
}

// A TemplateCard is a template, and who is made from it.
type TemplateCard struct {
	stead.Template
	Users []string
}

// Templates lists them by name. For those who oversee agents. Errors: refused, missing.
func (a *Authority) Templates(_ context.Context, by By) (all []TemplateCard, err error) {
	a.Store.View().Read(func(s *State) {
		if err = a.may(s, by, a.Now(), Onlookers()...); err == nil {
			s.templates.each(func(_ string, t *stead.Template) {
				if !t.Retired {
					all = append(all, TemplateCard{*t, s.usersOf(t.Name)})
				}
			})
		}
	})
	slices.SortFunc(all, func(x, y TemplateCard) int { return cmp.Compare(x.Name, y.Name) })
	return all, err
}

// FromTemplate is a registration with what it leaves open as the template has it now. By admins. Errors: refused, missing,
// invalid.
func (a *Authority) FromTemplate(_ context.Context, by By, r stead.Registration) (stead.Registration, error) {
	var err error
	a.Store.View().Read(func(s *State) {
		if err = a.may(s, by, a.Now(), Admin); err != nil {
			return
		}
		t := s.Template(r.Made.Template)
		if t == nil {
			err = stead.E(stead.Missing, stead.ReasonUnknown, "there is no template %s", r.Made.Template)
			return
		}
		r, err = r.From(*t, r.Made.Set)
	})
	return r, err
}

// made refuses an agent that says it is made from a template, and was not made from it as it stands.
func (s *State) made(r stead.Registration) error {
	switch t := s.Template(r.Made.Template); {
	case r.Made.Template == "":
		return nil
	case t == nil:
		return stead.E(stead.Missing, stead.ReasonUnknown, "there is no template %s", r.Made.Template)
	case t.Version != r.Made.Version:
		return stead.E(stead.Conflict, stead.ReasonStale, "the template %s was changed meanwhile: look at it, and try again", t.Name)
	}
	return nil
}
