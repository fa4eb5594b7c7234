package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// A Rotation asks for new keys to sign with. Compromised: somebody else may have the old ones, so that they count no more.
type Rotation struct {
	Compromised bool
	Because     string
	Room        time.Time // from when on there can be newer keys beside the old ones; zero: now
}

// Rotating records that this node makes new keys to sign with: because somebody says so, or by itself where by is zero. Errors:
// refused, invalid; conflict where there are too many.
func (a *Authority) Rotating(ctx context.Context, by By, r Rotation) error {
	what, wrong := with(nil, "node", a.Node), stead.WrongText("reason", r.Because, stead.MostText)
	if r.Compromised {
		what = with(what, "compromised", "yes")
	}
	if wrong == "" {
		what = with(what, "because", r.Because)
	}
	return a.run(ctx, attempt{verb: "key.rotate", by: by, urgent: true, what: what}, func(s *State, now time.Time) ([]stead.Change, error) {
		if by != (By{}) {
			if err := a.may(s, by, now, Security, Admin); err != nil {
				return nil, err
			}
		}
		switch {
		case wrong != "":
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "%s", wrong)
		case r.Compromised && r.Because == "":
			return nil, stead.E(stead.Invalid, stead.ReasonReason, "say why the keys are thought to be known to somebody else")
		case !r.Compromised && now.Before(r.Room):
			return nil, stead.E(stead.Conflict, stead.ReasonState, "as many signing keys are published as can be at once: newer ones can be made from %s on. "+
				"If somebody else may have the old ones, say that they are compromised", r.Room.UTC().Format(time.RFC3339))
		}
		return []stead.Change{{Event: stead.Event{Kind: "key.rotated"}}}, nil
	})
}

// NotRotated records that keys could not be made although it is on record that they would be, and gives the error back.
func (a *Authority) NotRotated(ctx context.Context, by By, no error) error {
	return a.refuse(ctx, attempt{verb: "key.rotate", by: by, urgent: true, what: with(nil, "node", a.Node)}, no)
}
