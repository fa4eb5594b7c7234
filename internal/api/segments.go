package api

import (
	"context"
	"net/http"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A Segment is a part of what there is, with what lies in it and where flows lead from it.
type Segment struct {
	Name     string        `json:"name" doc:"empty: outside of all segments"`
	Isolated bool          `json:"isolated" doc:"nothing goes in or out"`
	Reason   string        `json:"reason,omitempty" doc:"why it was isolated, or reconnected"`
	By       *Who          `json:"by,omitempty" doc:"who did that last; another person undoes it"`
	At       time.Time     `json:"at,omitzero"`
	Agents   []Who         `json:"agents"`
	Systems  []stead.AppID `json:"systems"`
	Flows    []Flow        `json:"flows" doc:"that lead on from it"`
}

// A Flow opens a way from one segment to another.
type Flow struct {
	Name string `json:"name"`
	FlowBody
	Version uint64    `json:"version"`
	Author  Who       `json:"author"`
	At      time.Time `json:"at"`
}

// A FlowBody is what a flow says.
type FlowBody struct {
	From    string         `json:"from" maxLength:"64" doc:"segment of the agents; empty: those in none"`
	To      string         `json:"to" maxLength:"64" doc:"segment of the systems; empty: those in none"`
	Actions []stead.Action `json:"actions,omitempty" maxItems:"64" doc:"not given: all"`
	Purpose string         `json:"purpose" minLength:"1" maxLength:"1024"`
}

type flowIn struct {
	Named
	Body FlowBody
}

type flowOut struct {
	Body Flow
}

type flowsOut struct {
	Body struct {
		Flows []Flow `json:"flows"`
	}
}

type cutIn struct {
	Named
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1024" doc:"stands in the trail"`
	}
}

type segmentOut struct {
	Body Segment
}

type segmentsOut struct {
	Body struct {
		InForce  bool      `json:"in_force" doc:"an application or system lies in a segment: agents are kept in theirs"`
		Segments []Segment `json:"segments"`
	}
}

func (a *API) segments(d *door) {
	add(d, operation{method: "GET", path: "/v1/segments", id: "list-segments", tag: web.Auditor, roles: authority.Onlookers(), group: "duties", says: "List segments: what lies in them, where flows lead, what is isolated"}, a.listSegments)
	add(d, operation{method: "GET", path: "/v1/segments/{name}", id: "get-segment", tag: web.Auditor, roles: authority.Onlookers(), group: "duties", says: "Show one segment"}, a.getSegment)
	a.segmentTurn(d, "isolate", "Cut a segment off: nothing goes in or out from the next decision on, and the mandates concerned end", func(ctx context.Context, by authority.By, in *cutIn) error {
		_, err := a.Verbs.Isolate(ctx, by, in.Name, in.Body.Reason)
		return err
	})
	a.segmentTurn(d, "reconnect", "Let the agents of an isolated segment ask again: by another person than the one who isolated it", func(ctx context.Context, by authority.By, in *cutIn) error {
		_, err := a.Verbs.Reconnect(ctx, by, in.Name, in.Body.Reason)
		return err
	})
	add(d, operation{method: "GET", path: "/v1/flows", id: "list-flows", tag: web.Auditor, roles: authority.Onlookers(), group: "duties", says: "List the ways between segments"}, a.listFlows)
	once(d, operation{method: "PUT", path: "/v1/flows/{name}", id: "set-flow", tag: web.Admin, roles: rulers(), group: "duties", says: "Open a way from one segment to another, or change it"}, a.setFlow, func(ctx context.Context, by authority.By, in *flowIn, _ uint64) (*flowOut, error) {
		return a.getFlow(ctx, by, in.Name)
	})
	add(d, operation{method: "DELETE", path: "/v1/flows/{name}", id: "retire-flow", tag: web.Admin, roles: rulers(), group: "duties", status: http.StatusNoContent, says: "Close a way between segments: mandates that went along it end"}, func(ctx context.Context, by authority.By, in *Named) (*struct{}, error) {
		_, err := a.Verbs.RetireFlow(ctx, by, in.Name)
		return nil, err
	})
}

func (a *API) segmentTurn(d *door, verb, says string, move func(context.Context, authority.By, *cutIn) error) {
	o := operation{method: "POST", path: "/v1/segments/{name}/" + verb, id: verb + "-segment", tag: web.Admin, roles: rulers(), group: "duties", says: says}
	once(d, o, func(ctx context.Context, by authority.By, in *cutIn) (*segmentOut, error) {
		if err := move(ctx, by, in); err != nil {
			return nil, err
		}
		return a.getSegment(ctx, by.Untied(), &in.Named)
	}, func(ctx context.Context, by authority.By, in *cutIn, _ uint64) (*segmentOut, error) {
		return a.getSegment(ctx, by, &in.Named)
	})
}

func (a *API) listSegments(ctx context.Context, by authority.By, _ *struct{}) (*segmentsOut, error) {
	all, inForce, err := a.Verbs.Segments(ctx, by)
	out := &segmentsOut{}
	out.Body.InForce, out.Body.Segments = inForce, each(all, a.segment)
	return out, err
}

func (a *API) getSegment(ctx context.Context, by authority.By, in *Named) (*segmentOut, error) {
	all, _, err := a.Verbs.Segments(ctx, by)
	for _, g := range all {
		if g.Name == in.Name {
			return &segmentOut{a.segment(g)}, nil
		}
	}
	if err == nil {
		err = stead.E(stead.Missing, stead.ReasonUnknown, "nothing is in a segment %s", in.Name)
	}
	return nil, err
}

func (a *API) segment(g authority.SegmentCard) Segment {
	v := Segment{Name: g.Name, Isolated: g.Isolated, Reason: g.Reason, At: g.At, Agents: each(g.Agents, a.show), Systems: append([]stead.AppID{}, g.Systems...), Flows: each(g.Flows, a.flow)}
	if g.By != "" {
		who := a.show(g.By)
		v.By = &who
	}
	return v
}

func (a *API) listFlows(ctx context.Context, by authority.By, _ *struct{}) (*flowsOut, error) {
	all, err := a.flows(ctx, by)
	out := &flowsOut{}
	out.Body.Flows = all
	return out, err
}

func (a *API) flows(ctx context.Context, by authority.By) ([]Flow, error) {
	all, _, err := a.Verbs.Segments(ctx, by)
	flows := []Flow{}
	for _, g := range all {
		flows = append(flows, each(g.Flows, a.flow)...)
	}
	return flows, err
}

func (a *API) getFlow(ctx context.Context, by authority.By, name string) (*flowOut, error) {
	all, err := a.flows(ctx, by)
	for _, f := range all {
		if f.Name == name {
			return &flowOut{f}, nil
		}
	}
	if err == nil {
		err = stead.E(stead.Missing, stead.ReasonNotYours, "there is no flow %s", name)
	}
	return nil, err
}

func (a *API) setFlow(ctx context.Context, by authority.By, in *flowIn) (*flowOut, error) {
	w, err := a.Verbs.SetFlow(ctx, by, stead.Flow{Name: in.Name, From: in.Body.From, To: in.Body.To, Actions: in.Body.Actions, Purpose: in.Body.Purpose})
	if err != nil {
		return nil, err
	}
	return &flowOut{a.flow(w)}, nil
}

func (a *API) flow(w stead.Flow) Flow {
	return Flow{Name: w.Name, Version: w.Version, Author: a.show(w.Author), At: w.At, FlowBody: FlowBody{From: w.From, To: w.To, Actions: w.Actions, Purpose: w.Purpose}}
}
