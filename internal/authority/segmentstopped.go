package authority

import (
	"context"
	"slices"

	"github.com/steadhq/stead"
)

// mostCuts is how far back the isolation of a segment is looked for among those of others.
const mostCuts = 200

// SegmentStopped tells what ended when a segment was isolated last, and after what time the last door refused: for admins,
// security and auditors. Errors: refused, missing where it never was.
func (a *Authority) SegmentStopped(ctx context.Context, by By, name string) (out Stopped, err error) {
	a.Store.View().Read(func(s *State) { err = a.may(s, by, a.Now(), Onlookers()...) })
	if err != nil {
		return out, err
	}
	found, err := a.Store.Events(ctx, EventQuery{Kinds: []string{"segment.isolated"}, Outcome: stead.OK, Newest: true, Limit: mostCuts})
	i := slices.IndexFunc(found, func(e StoredEvent) bool { return e.What["segment"] == name })
	if err != nil || i < 0 {
		return out, or[error](err, stead.E(stead.Missing, stead.ReasonUnknown, "the record does not tell that the segment %s was isolated", name))
	}
	out.Act = found[i]
	var mandates []stead.MandateID
	err = a.transaction(ctx, out.Act, func(e StoredEvent) error {
		if ends(e.Kind) && e.Mandate != "" && !slices.Contains(mandates, e.Mandate) {
			mandates = append(mandates, e.Mandate)
		}
		return nil
	})
	for _, m := range mandates {
		if err == nil {
			err = a.doors(ctx, &out, m)
		}
		if err == nil {
			err = a.tokensOf(ctx, &out, EventQuery{Mandate: m})
		}
	}
	return out, err
}
