package authority

import (
	"context"

	"github.com/steadhq/stead"
)

// pastAgent reads who answered for the agent that asked, and the instance whose key it proved.
func (a *Authority) pastAgent(ctx context.Context, f *stead.Facts, e StoredEvent, index uint64) (err error) {
	if f.Instance, err = pastOf[stead.Instance](ctx, a.Store, stead.KindInstance, e.What["instance"], index); err != nil {
		return err
	}
	f.Heard = e.At
	f.Owner, err = pastOf[stead.Principal](ctx, a.Store, stead.KindPrincipal, string(f.Agent.Owner), index)
	return err
}

// pastLaws reads the ways between segments as they were at an index, and the exclusion that refused: what was held and done
// then the event alone knows.
func (a *Authority) pastLaws(ctx context.Context, f *stead.Facts, q stead.Question, e StoredEvent, index uint64) error {
	if x, err := pastOf[stead.Exclusion](ctx, a.Store, stead.KindExclusion, e.What["law"], index); err != nil {
		return err
	} else if x != nil && e.Reason == stead.ReasonDuty {
		d, _ := x.Duty(q)
		d.Other, d.Beside = "the other side was held or done then by who counts as one with the caller", stead.PrincipalID(e.What["beside"])
		f.Duties = []stead.Duty{d}
	}
	if f.Agent == nil {
		return nil
	}
	var segments, flows []string
	a.Store.View().Read(func(s *State) {
		s.segments.each(func(name string, _ *stead.Segment) { segments = append(segments, name) })
		s.flows.each(func(name string, _ *stead.Flow) { flows = append(flows, name) })
	})
	f.Way.InForce = a.Settings.Segmented()
	f.Way.Through(f.Agent)
	for _, l := range f.Above {
		f.Way.Through(l.Agent)
	}
	for _, name := range segments {
		g, err := pastOf[stead.Segment](ctx, a.Store, stead.KindSegment, name, index)
		if err != nil {
			return err
		}
		if g != nil && g.Isolated {
			f.Way.Isolated = append(f.Way.Isolated, name)
		}
	}
	for _, name := range flows {
		w, err := pastOf[stead.Flow](ctx, a.Store, stead.KindFlow, name, index)
		if err != nil {
			return err
		}
		if w != nil {
			f.Way.Flows = append(f.Way.Flows, w)
		}
	}
	return nil
}
