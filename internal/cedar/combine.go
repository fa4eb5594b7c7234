package cedar

import (
	"slices"

	"github.com/steadhq/stead"
)

// combine adds up what all satisfied permits ask for (R4): unions, the least mode, the shortest time. Rules come in
// the order of their ids, so that the answer depends on nothing else. Winners names the rule that decided each.
func combine(rules []*rule, ticket string) stead.Obligations {
	o := stead.Obligations{Winners: map[string]string{}}
	for _, r := range rules {
		d := &r.duties
		for _, w := range d.requires {
			if !slices.Contains(o.Requires, w) {
				o.Requires = append(o.Requires, w)
				o.Winners[w] = r.ref.ID
			}
		}
		for _, n := range d.notify {
			if !slices.Contains(o.Notify, n) {
				o.Notify = append(o.Notify, n)
			}
		}
		for _, s := range d.approvals {
			o.Approvals = addStage(o.Approvals, s)
		}
		if d.mode != "" && (o.Mode == "" || (d.mode == stead.ReadOnly && o.Mode != stead.ReadOnly)) {
			o.Mode, o.Winners["mode"] = d.mode, r.ref.ID
		}
		if d.max > 0 && (o.Max == 0 || d.max < o.Max) {
			o.Max, o.Winners["max"] = d.max, r.ref.ID
		}
	}
	takeTicket(&o, rules, ticket)
	slices.Sort(o.Requires)
	slices.Sort(o.Notify)
	// Verdicts are shared: who appends to one must not write into another's.
	o.Requires, o.Notify, o.Approvals = slices.Clip(o.Requires), slices.Clip(o.Notify), slices.Clip(o.Approvals)
	return o
}

// addStage joins a stage: the same groups asked twice are asked once.
func addStage(stages []stead.Stage, s stead.Stage) []stead.Stage {
	for i, have := range stages {
		if slices.Equal(have.Groups, s.Groups) {
			stages[i] = joinedStage(have, s)
			return stages
		}
	}
	return append(stages, stead.Stage{Groups: slices.Clone(s.Groups), Count: s.Count, Within: s.Within, Then: slices.Clone(s.Then)})
}

// takeTicket chooses the form that is passed on. Where several rules ask for different forms all must match, and
// only one can be passed on: it is one that the ticket at hand does not have, as long as there is one.
func takeTicket(o *stead.Obligations, rules []*rule, ticket string) {
	for _, r := range rules {
		if r.ticket == nil {
			continue
		}
		fails := !r.ticket.MatchString(ticket)
		if o.TicketRE == "" || fails {
			o.TicketRE, o.Winners["ticket-form"] = r.duties.ticket, r.ref.ID
		}
		if fails {
			return
		}
	}
}
