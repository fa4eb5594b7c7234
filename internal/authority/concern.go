package authority

import (
	"context"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// mostConcern is how long what somebody raises may be, in bytes.
const mostConcern = 4 << 10

// Raise notes that somebody is not at ease with how he was acted for. Security reads it; the one who acted does not: the
// event is the caller's own. Errors: missing, invalid, refused.
func (a *Authority) Raise(ctx context.Context, by By, id stead.MandateID, text string) error {
	t := attempt{verb: "concern.raise", by: by, mandate: id}
	m, err := a.Mandate(ctx, by, id)
	switch {
	case err != nil:
		return a.refuse(ctx, t, err)
	case m.Subject != by.Principal:
		return a.refuse(ctx, t, stead.E(stead.Missing, stead.ReasonNotYours, "there is no such mandate, or it was not for you"))
	case len(text) > mostConcern:
		return a.refuse(ctx, t, stead.E(stead.Invalid, stead.ReasonRequest, "that is more than %d letters: say it shorter", mostConcern))
	case strings.TrimSpace(text) == "":
		return a.refuse(ctx, t, stead.E(stead.Invalid, stead.ReasonReason, "say what concerns you"))
	}
	return a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		e, err := own(s, by, now)
		if err != nil {
			return nil, err
		}
		c := stead.Change{Event: stead.Event{Kind: "concern.raised", App: m.Scope.Apps[0], What: stead.Fields{"reason": text}}}
		return []stead.Change{seen(c, e, now)}, nil
	})
}
