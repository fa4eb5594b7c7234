package api

import (
	"context"
	"strconv"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

func (d *desk) UnknownActions(x stead.Exclusion) []string {
	if len(x.First) > 0 && x.First[0].Action == "reed" {
		return []string{"reed: did you mean read?"}
	}
	return nil
}

func (d *desk) AllExclusions(context.Context, authority.By) ([]stead.Exclusion, error) {
	return []stead.Exclusion{{Name: "two-hands", Purpose: "apart", Version: 3, Author: sam.ID}}, d.note("exclusions")
}
func (d *desk) SetExclusion(_ context.Context, by authority.By, x stead.Exclusion) (stead.Exclusion, error) {
	return x, d.noted("exclude "+x.Name+" "+x.Same, by)
}
func (d *desk) RetireExclusion(_ context.Context, by authority.By, name string) (stead.Exclusion, error) {
	return stead.Exclusion{}, d.noted("include "+name, by)
}
func (d *desk) Clashes(context.Context, authority.By) ([]authority.Clash, error) {
	return []authority.Clash{{First: sam.ID, Second: dana.ID, Later: dana.ID}}, d.note("clashes")
}
func (d *desk) Segments(context.Context, authority.By) ([]authority.SegmentCard, bool, error) {
	g := authority.SegmentCard{Segment: stead.Segment{Name: "finance", By: sam.ID}, Flows: []stead.Flow{{Name: "reports", From: "finance", To: "people"}}}
	return []authority.SegmentCard{g}, true, d.note("segments")
}
func (d *desk) SetFlow(_ context.Context, by authority.By, w stead.Flow) (stead.Flow, error) {
	return w, d.noted("flow "+w.Name, by)
}
func (d *desk) RetireFlow(_ context.Context, by authority.By, name string) (stead.Flow, error) {
	return stead.Flow{}, d.noted("dam "+name, by)
}
func (d *desk) Isolate(_ context.Context, by authority.By, name, reason string) (stead.Segment, error) {
	return stead.Segment{}, d.noted("isolate "+name+" "+reason, by)
}
func (d *desk) Reconnect(_ context.Context, by authority.By, name, reason string) (stead.Segment, error) {
	return stead.Segment{}, d.noted("reconnect "+name+" "+reason, by)
}
func (d *desk) Systems(context.Context, authority.By) ([]authority.SystemCard, error) {
	return []authority.SystemCard{{App: stead.NewSystem("crm"), Kind: "postgresql", State: "away", Error: "no route"}}, d.note("systems")
}
func (d *desk) System(_ context.Context, _ authority.By, id stead.AppID) (authority.SystemCard, error) {
	p := authority.Permission{Resource: "public.orders", Columns: []authority.Column{{Name: "id", Type: "bigint"}}, Actions: []stead.Action{"read"}}
	return authority.SystemCard{App: stead.NewSystem(id), Permissions: []authority.Permission{p}}, d.note("system " + string(id))
}
func (d *desk) Fit(context.Context, []stead.Task) error { return nil }
func (d *desk) Map(_ context.Context, tasks, had []stead.Task) (all []stead.Task, err error) {
	for _, t := range tasks {
		t, err := t.Map((&stead.Registration{Tasks: had}).Task(t.ID), func(id stead.AppID) (stead.Catalogue, error) {
			p := stead.Permission{Resource: "public.orders", Columns: []stead.Column{{Name: "id"}}, Actions: []stead.Action{"read"}}
			return stead.Catalogue{System: id, Known: true, Permissions: []stead.Permission{p}}, nil
		})
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}
func (d *desk) Drift(context.Context, stead.Registration) []string {
	return []string{"one fits as well"}
}
func (d *desk) Usage(_ context.Context, _ authority.By, agent string, since time.Time, most int) ([]authority.GrantUse, error) {
	grant := stead.Entitlement{System: "crm", Action: "read", Resource: "public.orders", Columns: []string{"id", "mail"}}
	return []authority.GrantUse{{Use: stead.Use{Task: "monthly", Grant: grant}, Known: true, Times: 3, Columns: []string{"id"}, Wider: 2}}, d.note("usage " + agent + " " + strconv.Itoa(most))
}
