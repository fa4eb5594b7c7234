package authority

import (
	"context"
	"strconv"
	"time"

	"github.com/steadhq/stead"
)

// Noticed is what became of a notice: delivered, or given up.
type Noticed struct {
	Channel        string
	Of             stead.EventID     // what it tells of
	To             stead.PrincipalID // "" is the channel itself
	Kind           string            // "asked", "approved" …
	Mandate        stead.MandateID
	Actor, Subject stead.PrincipalID
	Tries          int
	Upto           uint64 // number of the event up to which all of the channel's notices are settled
	Failed         string // why it was given up; "" is delivered
}

func noticeKey(channel string) string { return "notice/" + channel }

// NoticesFrom is the number of the event after which a channel has notices to settle. A channel that is new begins at the
// end of the log: nobody is told of what was before it. Errors: broken.
func (a *Authority) NoticesFrom(ctx context.Context, channel string) (uint64, error) {
	from := uint64(0)
	_, err := a.Store.Append(ctx, Entry{Decide: func(s *State) ([]stead.Change, error) {
		if from = uint64(s.Count(noticeKey(channel))); from > 0 {
			return nil, nil
		}
		from = s.Index() + 1
		c := stead.Change{Event: stead.Event{Kind: "notice.begun", What: stead.Fields{"channel": channel}},
			Counts: []stead.Count{{Key: noticeKey(channel), Op: stead.CountRaise, N: int64(from)}}}
		return []stead.Change{a.fill(s, By{}, c, a.Clock.Now())}, nil
	}})
	return from, stead.Because(err, "begin the notices of a channel")
}

// Noticed records that a notice was delivered, or that it was given up. A nil error means that it is on disk.
func (a *Authority) Noticed(ctx context.Context, n Noticed) error {
	e := stead.Event{Kind: "notice.sent", Actor: n.Actor, Subject: n.Subject, Mandate: n.Mandate, Of: n.Of, Who: stead.Fields{"by": stead.Server},
		What: stead.Fields{"channel": n.Channel, "notice": n.Kind, "tries": strconv.Itoa(n.Tries)}}
	e.What = with(e.What, "to", string(n.To))
	if n.Failed != "" {
		e.Kind, e.Outcome, e.Reason, e.What["because"] = "notice.send.refused", stead.No, stead.ReasonBroken, n.Failed
	}
	c := stead.Change{Event: e}
	if n.Upto > 0 {
		c.Counts = []stead.Count{{Key: noticeKey(n.Channel), Op: stead.CountRaise, N: int64(n.Upto)}}
	}
	_, err := a.Store.Append(ctx, Entry{Changes: []stead.Change{a.stamp(By{}, c)}})
	return stead.Because(err, "record what became of a notice")
}

// TestNotice records that an admin sends a message to try a channel. Errors: refused, broken.
func (a *Authority) TestNotice(ctx context.Context, by By, channel string) error {
	t := attempt{verb: "notice.send", by: by, what: stead.Fields{"channel": channel, "notice": "test"}}
	return a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := a.may(s, by, now, Admin); err != nil {
			return nil, err
		}
		return []stead.Change{{Event: stead.Event{Kind: "notice.sent"}}}, nil
	})
}
