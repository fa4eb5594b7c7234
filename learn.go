package stead

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Learning is the time in which the record says what an agent wanted and was refused. It grants nothing: no rule reads it.
type Learning struct {
	Task   string      `json:"task,omitempty"` // this one alone; "": whatever it asks for
	Reason string      `json:"reason"`
	By     PrincipalID `json:"by"`
	Since  time.Time   `json:"since"`
	Until  time.Time   `json:"until"`
}

// MostLearning is how long an agent may learn at a time.
const MostLearning = 30 * Day

// On tells whether it lasts at now.
func (l Learning) On(now time.Time) bool { return !now.Before(l.Since) && now.Before(l.Until) }

// Wrong tells what is wrong with it and what to write instead, "" where nothing is.
func (l Learning) Wrong() string {
	length := l.Until.Sub(l.Since)
	switch {
	case strings.TrimSpace(l.Reason) == "":
		return "say why the agent learns"
	case WrongText("reason", l.Reason, MostText) != "":
		return WrongText("reason", l.Reason, MostText)
	case length <= 0 || length > MostLearning:
		return fmt.Sprintf("an agent learns for a while, at most %d days at a time", MostLearning/Day)
	}
	return ""
}

// A Want is what an agent asked for, as it may be recorded: names, never a value.
type Want struct {
	System    AppID    `json:"system"`
	Action    Action   `json:"action"`
	Resource  string   `json:"resource"`
	Columns   []string `json:"columns,omitempty"`   // in order; none: all of them
	Part      bool     `json:"part,omitempty"`      // it asked for some of the rows
	Arguments []string `json:"arguments,omitempty"` // names of what it said of the action
}

// The most that one event names: what was wanted, and of each the names of arguments.
const (
	mostWants     = 64
	mostArguments = 64
)

// mostColumn is the length of the name of a column or argument, in bytes, as PostgreSQL has it.
const mostColumn = 63

// WantOf is an entitlement as it may be recorded; not one that names nothing, or names columns by what are no names.
func WantOf(e Entitlement, arguments ...string) (Want, bool) {
	w := Want{System: e.System, Action: e.Action, Resource: e.Resource, Part: e.Rows != ""}
	w.Columns = slices.Compact(slices.Sorted(slices.Values(e.Columns)))
	for _, a := range slices.Sorted(slices.Values(arguments)) {
		if columnName(a) && len(w.Arguments) < mostArguments {
			w.Arguments = append(w.Arguments, a)
		}
	}
	never := e.Action == "" || e.Action == ActionAct || e.Action == ActionClosed || e.Action == ActionBarred
	ok := e.System != "" && e.Resource != "" && !never && WrongText("resource", e.Resource, MostText) == "" &&
		len(e.Action) <= mostName && len(w.Columns) <= mostGrants && !slices.ContainsFunc(w.Columns, func(c string) bool { return !columnName(c) })
	return w, ok
}

func columnName(v string) bool {
	return v != "" && len(v) <= mostColumn && !strings.ContainsFunc(v, func(r rune) bool {
		return r != '_' && r != '$' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// Entitlement is what covers a want; of some of the rows it is not known of which, so it is all of them.
func (w Want) Entitlement() Entitlement {
	return Entitlement{System: w.System, Action: w.Action, Resource: w.Resource, Columns: w.Columns}
}

// Lacks are those of wanted that no task of the registration entitles to, as they may be recorded.
func (r *Registration) Lacks(wanted []Entitlement) (all []Want) {
	for _, e := range wanted {
		if w, ok := WantOf(e); ok && !r.Allows([]Entitlement{e}) && len(all) < mostWants {
			all = append(all, w)
		}
	}
	return all
}

// Smallest is the smallest list of entitlements that covers all of wanted: what is wanted of one thing is one entitlement, and
// none is there that another one covers. It is in order, and the same for any order of wanted.
func Smallest(wanted []Entitlement) []Entitlement {
	some := func(e Entitlement) bool { return e.Rows != "" }
	least := merged(slices.DeleteFunc(slices.Clone(wanted), some))
	least = append(least, merged(slices.DeleteFunc(slices.Clone(wanted), func(e Entitlement) bool {
		return !some(e) || (Task{Grants: least}).Allows([]Entitlement{e})
	}))...)
	slices.SortFunc(least, func(a, b Entitlement) int {
		return cmp.Or(cmp.Compare(a.System, b.System), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Action, b.Action), cmp.Compare(a.Rows, b.Rows))
	})
	return least
}

// merged makes one entitlement of what is wanted of the same rows of one thing.
func merged(wanted []Entitlement) (all []Entitlement) {
	for _, w := range wanted {
		i := slices.IndexFunc(all, func(e Entitlement) bool { return samePlace(e, w) && e.Rows == w.Rows })
		switch {
		case i < 0:
			w.Columns = columnsOf(w.Columns)
			all = append(all, w)
		case len(all[i].Columns) == 0 || len(w.Columns) == 0:
			all[i].Columns = nil
		default:
			all[i].Columns = columnsOf(slices.Concat(all[i].Columns, w.Columns))
		}
	}
	return all
}

func columnsOf(all []string) []string { return slices.Compact(slices.Sorted(slices.Values(all))) }

// samePlace tells whether two entitlements are to do the same to the same thing.
func samePlace(a, b Entitlement) bool {
	return a.System == b.System && a.Action == b.Action && a.Resource == b.Resource
}
