package stead

import "strings"

// ReadNeed reads what a task needs in the words of the catalogue: a system, what is done, to what, and if not to all of it
// to which columns: "crm read public.orders(id, name)". Errors:
// invalid.
func ReadNeed(text string) (Entitlement, error) {
	wrong := func(why string) (Entitlement, error) {
		return Entitlement{}, E(Invalid, ReasonRequest, "%.120q %s: write SYSTEM ACTION RESOURCE, and (COLUMN, COLUMN) for some columns alone", text, why)
	}
	text = strings.TrimSpace(text)
	system, rest, _ := strings.Cut(text, " ")
	action, rest, _ := strings.Cut(strings.TrimSpace(rest), " ")
	resource, columns, some := strings.Cut(strings.TrimSpace(rest), "(")
	e := Entitlement{System: AppID(system), Action: Action(action), Resource: strings.TrimSpace(resource)}
	if system == "" || action == "" || e.Resource == "" || WrongText("need", text, MostText) != "" {
		return wrong("names no system, action and resource")
	}
	if !some {
		return e, nil
	}
	columns, closed := strings.CutSuffix(strings.TrimSpace(columns), ")")
	for c := range strings.SplitSeq(columns, ",") {
		if c = strings.TrimSpace(c); !columnName(c) {
			return wrong("has what is no name of a column")
		}
		e.Columns = append(e.Columns, c)
	}
	if !closed {
		return wrong("does not end in )")
	}
	return e, nil
}
