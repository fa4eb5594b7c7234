package authority

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// Segment is what is known of a segment beside its name; nil is nothing. Flow finds a flow, retired ones too.
func (s *State) Segment(name string) *stead.Segment { return s.segments.get(name) }
func (s *State) Flow(name string) *stead.Flow       { return s.flows.get(name) }

// Segmented tells whether any application or system has a segment: then the law of segments is in force.
func (s *Settings) Segmented() bool {
	return slices.ContainsFunc(s.Apps, func(a stead.App) bool { return a.Segment != "" })
}

// way sets in the facts the segments of the agents that ask, of whoever they have it from, and what leads on from there.
func (a *Authority) way(s *State, f *stead.Facts, who ...stead.PrincipalID) {
	f.Way = stead.Way{}
	for _, id := range who {
		f.Way.Through(s.Agent(id))
	}
	for _, l := range f.Above {
		f.Way.Through(l.Agent)
	}
	if len(f.Way.From) == 0 {
		return
	}
	f.Way.InForce = a.Settings.Segmented()
	s.segments.each(func(name string, g *stead.Segment) {
		if g.Isolated {
			f.Way.Isolated = append(f.Way.Isolated, name)
		}
	})
	s.flows.each(func(_ string, w *stead.Flow) {
		if !w.Retired {
			f.Way.Flows = append(f.Way.Flows, w)
		}
	})
}

// SetFlow opens a way between two segments, or changes the one of its name. By admins and security. Errors: invalid, missing,
// refused.
func (a *Authority) SetFlow(ctx context.Context, by By, w stead.Flow) (stead.Flow, error) {
	var out stead.Flow
	t := attempt{verb: "flow.set", by: by, urgent: true, what: stead.Fields{"flow": w.Name, "from": w.From, "to": w.To}}
	err := a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := a.may(s, by, now, Admin, Security); err != nil {
			return nil, err
		}
		if text := w.Wrong(); text != "" {
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "%s", text)
		}
		old := s.Flow(w.Name)
		w.Version, w.Author, w.At, w.Retired = version(old)+1, by.Principal, now, false
		switch {
		case old == nil && s.flows.many(mostExclusions):
			return nil, stead.E(stead.Conflict, stead.ReasonTooMany, "there are %d flows already", mostExclusions)
		case old != nil && old.Says(w):
			out = *old
			return nil, nil
		}
		out = w
		return a.rewired(s, stead.Change{Event: stead.Event{Kind: "flow.set", What: stead.Fields{"because": w.Purpose}}, Records: []stead.Record{w}}, now)
	})
	return done(&out, err)
}

// RetireFlow closes it. What went along it ends. By admins and security. Errors: missing, refused.
func (a *Authority) RetireFlow(ctx context.Context, by By, name string) (stead.Flow, error) {
	var out stead.Flow
	t := attempt{verb: "flow.retire", by: by, urgent: true, what: stead.Fields{"flow": name}}
	err := a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := a.may(s, by, now, Admin, Security); err != nil {
			return nil, err
		}
		old := s.Flow(name)
		if old == nil || old.Retired {
			return nil, stead.E(stead.Missing, stead.ReasonNotYours, "there is no flow %s", name)
		}
		out = *old
		out.Version, out.Author, out.At, out.Retired = old.Version+1, by.Principal, now, true
		return a.rewired(s, stead.Change{Event: stead.Event{Kind: "flow.retired"}, Records: []stead.Record{out}}, now)
	})
	return done(&out, err)
}

// Isolate cuts a segment off: nothing goes into it or out of it from the next decision on, and the mandates of the agents
// concerned end in the same transaction. By admins and security. Errors: invalid, missing, refused, conflict.
func (a *Authority) Isolate(ctx context.Context, by By, name, reason string) (stead.Segment, error) {
	return a.resegment(ctx, by, name, reason, "segment.isolate", func(s *State, g stead.Segment) (stead.Segment, error) {
		switch {
		case g.Isolated:
			return g, stead.E(stead.Conflict, stead.ReasonState, "the segment %s is isolated already", name)
		case !a.knows(s, name):
			return g, stead.E(stead.Missing, stead.ReasonUnknown, "no agent, system or application is in a segment %s", name)
		}
		g.Isolated = true
		return g, nil
	})
}

// Reconnect lets agents ask again: what ended stays ended. By admins and security, and another human than the one who
// isolated it. Errors: missing, refused, conflict.
func (a *Authority) Reconnect(ctx context.Context, by By, name, reason string) (stead.Segment, error) {
	return a.resegment(ctx, by, name, reason, "segment.reconnect", func(s *State, g stead.Segment) (stead.Segment, error) {
		switch {
		case !g.Isolated:
			return g, stead.E(stead.Conflict, stead.ReasonState, "the segment %s is not isolated", name)
		case finder(s)(by.Principal).SameHuman(stead.Principal{ID: g.By, Person: g.Person}):
			return g, stead.E(stead.Refused, stead.ReasonOwn, "who isolated a segment does not reconnect it: somebody else looks first")
		}
		g.Isolated = false
		return g, nil
	})
}

func (a *Authority) resegment(ctx context.Context, by By, name, reason, verb string, move func(*State, stead.Segment) (stead.Segment, error)) (stead.Segment, error) {
	var out stead.Segment
	t := attempt{verb: verb, by: by, urgent: true, what: with(stead.Fields{"segment": name}, "because", reason)}
	err := a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := a.may(s, by, now, Security, Admin); err != nil {
			return nil, err
		}
		if name == "" {
			return nil, stead.E(stead.Refused, stead.ReasonSegment, "what is in no segment is cut off one by one: suspend its agents "+
				"(stead agent suspend AGENT), or give them a segment first, and isolate that")
		}
		if text := stead.WrongSegment(name); text != "" {
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "%s", text)
		}
		if strings.TrimSpace(reason) == "" || stead.WrongText("reason", reason, stead.MostText) != "" {
			return nil, stead.E(stead.Invalid, stead.ReasonReason, "say in a sentence why")
		}
		g := stead.Segment{Name: name}
		if old := s.Segment(name); old != nil {
			g = *old
		}
		g, err := move(s, g)
		if err != nil {
			return nil, err
		}
		g.Version, g.Reason, g.By, g.Person, g.At = g.Version+1, reason, by.Principal, finder(s)(by.Principal).Person, now
		out = g
		kind := map[bool]stead.EventKind{true: "segment.isolated", false: "segment.reconnected"}[g.Isolated]
		return a.rewired(s, stead.Change{Event: stead.Event{Kind: kind, What: stead.Fields{"segment": name}}, Records: []stead.Record{g}}, now)
	})
	return done(&out, err)
}

// rewired is a change of the ways between segments, and the end of every agent's mandate whose way is closed by it.
func (a *Authority) rewired(s *State, c stead.Change, now time.Time) ([]stead.Change, error) {
	after := s.Stage()
	if err := after.Put(c, s.Index()); err != nil {
		return nil, err
	}
	all := []stead.Change{c}
	var err error
	s.Mandates(func(m *stead.Mandate) {
		if err != nil || s.Agent(m.Actor) == nil || len(m.Scope.Apps) == 0 {
			return
		}
		f := stead.Facts{App: a.Settings.App(m.Scope.Apps[0])}
		if a.way(after, &f, m.Actor); f.Way.Closed(f.App, *m) == stead.ReasonNone {
			return
		}
		var over stead.Mandate
		if over, err = stead.Cease(*m, f.Way.Closed(f.App, *m), now); err == nil {
			c := ended("mandate.ended", over)
			c.Event.Who = stead.Fields{"by": stead.Server}
			all = append(all, c)
		}
	})
	return all, err
}

// knows tells whether anything is in a segment.
func (a *Authority) knows(s *State, name string) (found bool) {
	s.Agents(func(r *stead.Registration) { found = found || r.Segment == name })
	return found || slices.ContainsFunc(a.Settings.Apps, func(x stead.App) bool { return x.Segment == name })
}

// A SegmentCard is a segment with what lies in it and where flows lead from it.
type SegmentCard struct {
	stead.Segment
	Agents  []stead.PrincipalID
	Systems []stead.AppID
	Flows   []stead.Flow // from it
}

// Segments lists every segment that anything is in, the nameless one first. InForce tells whether they keep anything apart.
// Errors: refused, missing.
func (a *Authority) Segments(_ context.Context, by By) (all []SegmentCard, inForce bool, err error) {
	a.Store.View().Read(func(s *State) {
		if err = a.may(s, by, a.Now(), Onlookers()...); err == nil {
			all = a.segments(s)
		}
	})
	return all, a.Settings.Segmented(), err
}

func (a *Authority) segments(s *State) (all []SegmentCard) {
	found := map[string]*SegmentCard{}
	in := func(name string) *SegmentCard {
		if found[name] == nil {
			found[name] = &SegmentCard{Segment: stead.Segment{Name: name}}
		}
		return found[name]
	}
	s.segments.each(func(name string, g *stead.Segment) { in(name).Segment = *g })
	for _, app := range a.Settings.Apps {
		in(app.Segment).Systems = append(in(app.Segment).Systems, app.ID)
	}
	s.Agents(func(r *stead.Registration) { in(r.Segment).Agents = append(in(r.Segment).Agents, r.Principal) })
	s.flows.each(func(_ string, w *stead.Flow) {
		if !w.Retired {
			in(w.From).Flows = append(in(w.From).Flows, *w)
			in(w.To)
		}
	})
	for _, c := range found {
		slices.Sort(c.Agents)
		slices.SortFunc(c.Flows, func(v, w stead.Flow) int { return cmp.Compare(v.Name, w.Name) })
		all = append(all, *c)
	}
	slices.SortFunc(all, func(c, d SegmentCard) int { return cmp.Compare(c.Name, d.Name) })
	return all
}
