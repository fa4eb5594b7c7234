package house

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/api"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/notices"
)

// Notices is how people outside are told. The zero value tells nobody.
type Notices struct {
	Channels []*notices.Channel
	Subject  string // notices.Always or notices.ByPolicy
	Details  bool
	GiveUp   time.Duration // 0: a day
}

// newOutbox sends with links to the configured address of the house.
func (h *House) newOutbox(n Notices, origin string) *notices.Outbox {
	return &notices.Outbox{Log: h.Store, Clerk: h.Authority, Channels: n.Channels, Public: origin, Subject: cmp.Or(n.Subject, notices.Always), Details: n.Details,
		GiveUp: cmp.Or(n.GiveUp, stead.Day), Holder: "node " + h.Authority.Node, Now: h.Now, Chance: rand.Float64, Alarm: h.Alarm}
}

// deadFor is how long a message that was given up stands among what is wrong.
const deadFor = 24 * time.Hour

// told is what the health of the house says of messages.
func (h *House) told(ctx context.Context) []api.Finding {
	f := api.Finding{Area: thisServer, Name: "Messages", Result: "ok", Says: "no channel is set: nobody is told outside of these pages"}
	if len(h.outbox.Channels) == 0 {
		return []api.Finding{f}
	}
	dead, err := h.outbox.Dead(ctx, h.Now().Add(-deadFor))
	board, no := h.outbox.Standing(ctx)
	if err != nil || no != nil {
		f.Result, f.Says, f.Next = "fail", "the record cannot be read", next["store"]
		return []api.Finding{f}
	}
	waiting := 0
	for _, s := range board {
		waiting += len(s.Waiting)
		if s.Error != "" {
			f.Result, f.Next = "warn", "channel "+s.Channel+": "+s.Error+". It is tried again."
		}
	}
	f.Says = fmt.Sprintf("%d channels, %d messages wait", len(board), waiting)
	if len(dead) > 0 {
		f.Result, f.Says, f.Next = "warn", fmt.Sprintf("%s, %d were given up in the last day", f.Says, len(dead)), "stead notice list; correct the channel, and tell whom it was for yourself."
	}
	return []api.Finding{f}
}

// A board shows and tries the channels, for the API.
type board struct {
	h *House
	a *authority.Authority
}

// Board is what waits and what was given up.
func (b board) Board(ctx context.Context) (api.NoticeBoard, error) {
	all, err := b.h.outbox.Standing(ctx)
	if err != nil {
		return api.NoticeBoard{}, err
	}
	out := api.NoticeBoard{Channels: []api.NoticeChannel{}, Waiting: []api.Notice{}, GivenUp: []api.Notice{}}
	for _, s := range all {
		out.Channels = append(out.Channels, api.NoticeChannel{ID: s.Channel, Kind: s.Kind, Waiting: len(s.Waiting), More: s.More, Error: s.Error})
		for _, m := range s.Waiting {
			out.Waiting = append(out.Waiting, api.Notice{ID: m.ID, Channel: m.Channel, Kind: string(m.Kind), Event: m.Of, Mandate: m.Mandate, At: m.At, To: m.To})
		}
	}
	dead, err := b.h.outbox.Dead(ctx, time.Time{})
	for _, e := range dead {
		out.GivenUp = append(out.GivenUp, api.Notice{ID: string(e.Of), Channel: e.What["channel"], Kind: e.What["notice"], Event: e.Of, Mandate: e.Mandate, At: e.At,
			To: stead.PrincipalID(e.What["to"]), Because: e.What["because"]})
	}
	return out, err
}

// Try sends a test to a channel, or only shows it. It is on record first.
func (b board) Try(ctx context.Context, by authority.By, channel string, only bool) (api.NoticeTried, error) {
	c := b.h.outbox.Channel(channel)
	if c == nil {
		return api.NoticeTried{}, stead.E(stead.Missing, stead.ReasonUnknown, "no channel is called %q: look at notify.channels", channel)
	}
	who := register{b.h.Store.View()}.Principal(by.Principal)
	if c.People && who.Attributes["email"] == "" {
		return api.NoticeTried{}, stead.E(stead.Conflict, stead.ReasonState, "your account has no attribute email: a test goes to whoever asks for it")
	}
	m := b.h.outbox.Test(c, who, b.h.Now())
	out := api.NoticeTried{Channel: c.ID, Kind: c.Kind, To: m.Address, Text: m.Text()}
	if !c.People {
		out.To = ""
	}
	if only {
		return out, b.a.May(by, authority.Admin)
	}
	if err := b.a.TestNotice(ctx, by, channel); err != nil {
		return api.NoticeTried{}, err
	}
	if err := c.Send(ctx, m); err != nil {
		return api.NoticeTried{}, stead.E(stead.Broken, stead.ReasonBroken, "the channel %s does not take it: %s", channel, err.Error())
	}
	out.Sent = true
	return out, nil
}
