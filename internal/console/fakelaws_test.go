package console

import (
	"context"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// laws is the part of the fake that tells what keeps agents apart.
type laws struct {
	cards     []authority.SegmentCard
	templates []authority.TemplateCard
	segmented bool
	cutOff    *authority.Stopped
	apart     []stead.Exclusion
	clashes   []authority.Clash
}

// lawful is a house in which the agent lies in a segment, and an exclusion speaks of what it may do.
func lawful(who stead.PrincipalID, roles ...authority.Role) *verbs {
	return agented(who, roles...).lawed()
}

func (a *verbs) lawed() *verbs {
	a.segmented = true
	a.cards = []authority.SegmentCard{{Systems: []stead.AppID{"orders"}},
		{Segment: stead.Segment{Name: "finance"}, Systems: []stead.AppID{"crm"}},
		{Segment: stead.Segment{Name: "reporting", Version: 3, By: omar, At: noon, Reason: "looked at"}, Agents: []stead.PrincipalID{bot},
			Flows: []stead.Flow{{Name: "reports", From: "reporting", To: "finance", Actions: []stead.Action{"read"}, Purpose: "the report", Author: omar}}}}
	a.apart = []stead.Exclusion{{Name: "two-hands", Version: 2, Purpose: "who reads does not approve", Author: omar, At: noon,
		First: []stead.Reach{{System: "crm", Action: "read", Resource: "*"}}, Second: []stead.Reach{{System: "crm", Action: "approve", Resource: "*"}}}}
	return a
}

func (a *verbs) Templates(context.Context, authority.By) ([]authority.TemplateCard, error) {
	return a.templates, a.no["templates"]
}

func (a *verbs) Segments(context.Context, authority.By) ([]authority.SegmentCard, bool, error) {
	return a.cards, a.segmented, a.no["segments"]
}

func (a *verbs) Isolate(_ context.Context, _ authority.By, name, reason string) (stead.Segment, error) {
	return stead.Segment{}, a.note("isolate", name, reason)
}

func (a *verbs) Reconnect(_ context.Context, _ authority.By, name, reason string) (stead.Segment, error) {
	return stead.Segment{}, a.note("reconnect", name, reason)
}

func (a *verbs) SegmentStopped(context.Context, authority.By, string) (authority.Stopped, error) {
	if a.cutOff == nil {
		return authority.Stopped{}, stead.E(stead.Missing, stead.ReasonUnknown, "it never was")
	}
	return *a.cutOff, nil
}

func (a *verbs) SetFlow(_ context.Context, _ authority.By, w stead.Flow) (stead.Flow, error) {
	return w, a.note("open", w.Name, w.From, w.To, w.Actions, w.Purpose)
}

func (a *verbs) RetireFlow(_ context.Context, _ authority.By, name string) (stead.Flow, error) {
	return stead.Flow{}, a.note("close", name)
}

func (a *verbs) UnknownActions(x stead.Exclusion) []string {
	if len(x.First) > 0 && x.First[0].Action == "reed" {
		return []string{"reed: did you mean read?"}
	}
	return nil
}

func (a *verbs) AllExclusions(context.Context, authority.By) ([]stead.Exclusion, error) {
	return a.apart, a.no["exclusions"]
}

func (a *verbs) Clashes(context.Context, authority.By) ([]authority.Clash, error) {
	return a.clashes, a.no["clashes"]
}

func (a *verbs) SetExclusion(_ context.Context, _ authority.By, x stead.Exclusion) (stead.Exclusion, error) {
	return x, a.note("exclude", x.Name, x.First, x.Second, x.Same, x.Within)
}

func (a *verbs) RetireExclusion(_ context.Context, _ authority.By, name string) (stead.Exclusion, error) {
	return stead.Exclusion{}, a.note("retire-exclusion", name)
}
