package stead

import (
	"fmt"
	"slices"
	"strings"
)

// A Permission is what a system has that may be granted.
type Permission struct {
	Resource string
	Kind     string // "table", "view" …
	Columns  []Column
	Actions  []Action
}

// A Column of a table.
type Column struct{ Name, Type string }

// A Catalogue is what one system has that may be granted, as it was read.
type Catalogue struct {
	System      AppID
	Known       bool // it tells what it has; others take what is said of them word for word
	Permissions []Permission
	Unread      string // why it could not be read just now
}

// Misfit says what is wrong with a grant in a system whose permissions are known, and what is nearest; "" is nothing.
func (c Catalogue) Misfit(e Entitlement) string {
	var names []string
	for _, p := range c.Permissions {
		if p.Resource == e.Resource {
			return p.misfit(e)
		}
		names = append(names, p.Resource)
	}
	return string(e.System) + " has no " + e.Resource + ", or Stead may grant nothing of it" + DidYouMean(e.Resource, names)
}

// Map finds what a need is in the catalogue, exactly. Errors: invalid; conflict where it cannot be read now.
func (c Catalogue) Map(text string) (Need, error) {
	e, err := ReadNeed(text)
	if err != nil {
		return Need{}, err
	}
	n, many := Need{Text: e.words(), Resources: []string{e.Resource}}, strings.Contains(e.Resource, "*")
	no := func(format string, args ...any) (Need, error) {
		return Need{}, E(Invalid, ReasonRequest, "the need %.120q: %s", n.Text, fmt.Sprintf(format, args...))
	}
	switch text := wrongPattern(e); {
	case text != "":
		return Need{}, E(Invalid, ReasonRequest, "%s", text)
	case e.System != c.System:
		return no("this is what %s has", c.System)
	case !c.Known && many:
		return no("%s tells nobody what it has, so nobody knows what fits: name each", e.System)
	case !c.Known:
		return n, nil
	case c.Unread != "":
		return Need{}, E(Conflict, ReasonState, "what %s has cannot be read now, so nobody knows what %q is: %s", e.System, n.Text, c.Unread)
	case many:
		if n.Resources = c.fitting(e.Resource); len(n.Resources) == 0 {
			return no("nothing of %s fits%s", e.System, DidYouMean(strings.ReplaceAll(e.Resource, "*", ""), c.names()))
		}
	}
	if len(n.Resources) > mostFits {
		return no("%d things of %s fit, and one need gives at most %d: say it closer", len(n.Resources), e.System, mostFits)
	}
	for _, r := range n.Resources {
		if e.Resource = r; e.hides() {
			return no("%q has a name that cannot be shown", r)
		}
		if text := c.Misfit(e); text != "" {
			return no("%s", text)
		}
	}
	return n, nil
}

func (c Catalogue) names() (all []string) {
	for _, p := range c.Permissions {
		all = append(all, p.Resource)
	}
	return all
}

func (c Catalogue) fitting(pattern string) []string {
	all := slices.DeleteFunc(c.names(), func(name string) bool { return !saysName(pattern, name) })
	slices.Sort(all)
	return slices.Compact(all)
}

// Drift tells in what a need would be something else now; none where that cannot be known.
func (c Catalogue) Drift(n Need) (all []string) {
	if !c.Known || c.Unread != "" {
		return nil
	}
	now, err := c.Map(n.Text)
	if err != nil {
		return []string{err.Error()}
	}
	for _, r := range now.Resources {
		if !slices.Contains(n.Resources, r) {
			all = append(all, fmt.Sprintf("%s fits %s as well by now, which is not granted", r, n.Text))
		}
	}
	for _, r := range n.Resources {
		if !slices.Contains(now.Resources, r) {
			all = append(all, fmt.Sprintf("%s of %s is there no more", r, n.Text))
		}
	}
	return all
}

func (p Permission) misfit(e Entitlement) string {
	var actions, columns []string
	for _, a := range p.Actions {
		if actions = append(actions, string(a)); a == ActionRead {
			continue
		}
		actions = append(actions, string(ActionWrite)) // each of those that change
	}
	for _, c := range p.Columns {
		columns = append(columns, c.Name)
	}
	if !slices.Contains(actions, string(e.Action)) {
		return "Stead may not grant " + string(e.Action) + " on " + e.Resource + DidYouMean(string(e.Action), actions)
	}
	for _, c := range e.Columns {
		if !slices.Contains(columns, c) {
			return e.Resource + " has no column " + c + DidYouMean(c, columns)
		}
	}
	return ""
}
