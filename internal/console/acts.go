package console

import (
	"strconv"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// An acted is what somebody did under one mandate, for the one he did it for.
type acted struct {
	Mandate  stead.MandateID
	Pair     string
	Why      string // reason and ticket
	App      string
	When     string
	How      string // how it went, in a few words
	Changed  bool
	Lines    []line
	Concern  string // address of the form
	pages    map[string]bool
	refused  int
	changes  int
	away     int
	started  bool
	from, to authority.StoredEvent
}

// acts puts events of others under their mandates, in the order of the newest.
func (c *Console) acts(events []authority.StoredEvent, subject stead.PrincipalID) []acted {
	var order []stead.MandateID
	of := map[stead.MandateID]*acted{}
	by := map[stead.MandateID][]authority.StoredEvent{}
	for _, e := range events {
		if e.Subject != subject || e.Actor == subject || e.Mandate == "" {
			continue
		}
		a := of[e.Mandate]
		if a == nil {
			a = &acted{Mandate: e.Mandate, Pair: c.pair(e.Actor, e.Subject), to: e, pages: map[string]bool{}, Concern: "/me/concern/" + string(e.Mandate)}
			of[e.Mandate], order = a, append(order, e.Mandate)
		}
		if a.from = e; e.Actor != stead.Server {
			a.Pair = c.pair(e.Actor, e.Subject)
		}
		a.count(e)
		by[e.Mandate] = append(by[e.Mandate], e)
	}
	var out []acted
	for _, id := range order {
		a := of[id]
		app, _ := c.app(a.from.App)
		if a.App = app.shown(); a.App == "" {
			app, _ = c.app(a.to.App)
			a.App = app.shown()
		}
		a.When, a.How, a.Changed = c.at(a.from.At)+" to "+c.at(a.to.At), a.how(), a.changes+a.away > 0
		a.Lines = c.lines(by[id])
		out = append(out, *a)
	}
	return out
}

// count takes one event into the sum.
func (a *acted) count(e authority.StoredEvent) {
	if r := e.What["reason"]; r != "" && e.Kind == "mandate.asked" {
		a.Why = r
		if t := e.What["ticket"]; t != "" {
			a.Why += " · " + t
		}
	}
	switch e.Kind {
	case "mandate.started":
		a.started = true
	case "request.denied":
		a.refused++
	case "request.allowed":
		switch stead.Action(e.What["action"]) {
		case stead.ActionWrite, stead.ActionOpen:
			a.changes++
		case stead.ActionExport:
			a.away++
		default:
			a.pages[e.What["path"]] = true
		}
	case "request.served":
		if e.What["path"] != "" {
			a.pages[e.What["path"]] = true
		}
	}
}

// how says in words how it went.
func (a *acted) how() string {
	if !a.started && len(a.pages) == 0 && a.changes == 0 {
		return "asked for, nothing was seen"
	}
	s := count(len(a.pages), "page seen", "pages seen")
	if a.refused > 0 {
		s += ", " + strconv.Itoa(a.refused) + " refused"
	}
	if a.away > 0 {
		s += ", data taken away"
	}
	if a.changes > 0 {
		return s + ", " + count(a.changes, "change", "changes") + " made"
	}
	return s + ", nothing changed"
}
