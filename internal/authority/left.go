package authority

import (
	"context"

	"github.com/steadhq/stead"
)

// A Leaving is how the session that an application kept for a mandate was closed when the mandate was over.
type Leaving struct {
	Mandate        stead.MandateID
	Actor, Subject stead.PrincipalID
	App            stead.AppID
	Status         int    // of the application's last answer; 0 is none
	Failed         string // why it may still be open; "" is closed
}

// Left records that an application's session was closed, or that it may still be open. A nil error means that it is on
// disk.
func (a *Authority) Left(ctx context.Context, l Leaving) error {
	e := stead.Event{Kind: "application.left", Actor: l.Actor, Subject: l.Subject, Mandate: l.Mandate, App: l.App, Status: l.Status,
		Who: stead.Fields{"by": stead.Server}}
	if l.Failed != "" {
		e.Kind, e.Outcome, e.Reason, e.What = "application.leave.refused", stead.No, stead.ReasonBroken, stead.Fields{"because": l.Failed}
	}
	_, err := a.Store.Append(ctx, Entry{Changes: []stead.Change{a.stamp(By{}, stead.Change{Event: e})}})
	return stead.Because(err, "record that the application's session was closed")
}
