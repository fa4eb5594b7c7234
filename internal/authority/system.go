package authority

import (
	"slices"
	"time"

	"github.com/steadhq/stead"
)

// A SystemCard is an application or a system as it stands.
type SystemCard struct {
	stead.App
	Kind    string    // "application", "postgresql", or "asked": only asked about
	State   string    // "connected", "away" or "unknown"; of what is no connected system: ""
	Error   string    // of the last time it was asked for its leases
	At      time.Time // when that was
	Leases  int       // logins that are out
	Overdue int       // of these, those whose mandate is over: they are being taken back

	Permissions   []Permission
	PermissionsAt time.Time // when they were read
	Unread        string    // why they could not be read the last time
}

// A Permission is what a system has that may be granted.
type Permission struct {
	Resource string
	Kind     string // "table", "view" …
	Columns  []Column
	Actions  []stead.Action
}

// A Column of a table.
type Column struct{ Name, Type string }

// Misfit says what is wrong with a grant in a system whose permissions are known, and what is nearest; "" is nothing.
func Misfit(all []Permission, e stead.Entitlement) string {
	var names []string
	for _, p := range all {
		if p.Resource == e.Resource {
			return p.misfit(e)
		}
		names = append(names, p.Resource)
	}
	return string(e.System) + " has no " + e.Resource + ", or Stead may grant nothing of it" + nearest(e.Resource, names)
}

func (p Permission) misfit(e stead.Entitlement) string {
	var actions, columns []string
	for _, a := range p.Actions {
		if actions = append(actions, string(a)); a == stead.ActionRead {
			continue
		}
		actions = append(actions, string(stead.ActionWrite)) // each of those that change
	}
	for _, c := range p.Columns {
		columns = append(columns, c.Name)
	}
	if !slices.Contains(actions, string(e.Action)) {
		return "Stead may not grant " + string(e.Action) + " on " + e.Resource + nearest(string(e.Action), actions)
	}
	for _, c := range e.Columns {
		if !slices.Contains(columns, c) {
			return e.Resource + " has no column " + c + nearest(c, columns)
		}
	}
	return ""
}

// nearest is the name that may have been meant.
func nearest(text string, names []string) string {
	best, least := "", len(text)/2+1
	for _, n := range names {
		if d := apart(text, n); d < least {
			best, least = n, d
		}
	}
	if best == "" {
		return ""
	}
	return ": did you mean " + best + "?"
}
