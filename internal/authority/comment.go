package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// Comment adds what the caller says about a request that is his business. It decides nothing. Errors: missing, invalid,
// conflict, refused.
func (a *Authority) Comment(ctx context.Context, by By, id stead.MandateID, text string) (stead.Mandate, error) {
	return a.mandate(ctx, attempt{verb: "mandate.comment", by: by, mandate: id}, "mandate.commented", func(s *State, m stead.Mandate, now time.Time) (stead.Mandate, error) {
		if err := presents(s, by, now); err != nil {
			return m, err
		}
		if r := due(s, m, now); r != stead.ReasonNone {
			return m, stead.E(stead.Conflict, r, "%s", stead.Ending(r))
		}
		return stead.Say(m, by.Principal, text, now)
	})
}
