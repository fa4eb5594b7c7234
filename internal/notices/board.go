package notices

import (
	"context"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A Standing is how a channel is, as any node can tell from the log.
type Standing struct {
	Channel string
	Kind    string
	Waiting []Message // not sent yet, oldest first; at most some hundreds
	More    bool      // there are more
	Error   string    // of this node's last try; "" is none
}

// Standing tells of every channel what waits.
func (o *Outbox) Standing(ctx context.Context) (all []Standing, err error) {
	for _, l := range o.lanes() {
		c := l.c
		l.mu.Lock()
		s := Standing{Channel: c.ID, Kind: c.Kind, Error: l.err}
		l.mu.Unlock()
		from, err := o.Clerk.NoticesFrom(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		done, err := o.settled(ctx, c, from)
		if err != nil {
			return nil, err
		}
		planned, _, whole, err := o.after(ctx, c, from)
		if err != nil {
			return nil, err
		}
		s.More = !whole
		for _, m := range planned {
			if !done[mark(m.Of, m.To)] {
				s.Waiting = append(s.Waiting, m)
			}
		}
		all = append(all, s)
	}
	return all, nil
}

// Dead are the messages that were given up since then, newest first, at most a hundred.
func (o *Outbox) Dead(ctx context.Context, since time.Time) ([]authority.StoredEvent, error) {
	found, err := o.Log.Events(ctx, authority.EventQuery{Kinds: []string{"notice.send.refused"}, From: since, Newest: true, Limit: 100})
	return found, stead.Because(err, "look for messages that were given up")
}

// Figures are how many messages this node has still to send, and how many it has given up since it started.
func (o *Outbox) Figures() (waiting, dead int) {
	for _, l := range o.lanes() {
		waiting += l.waits()
		l.mu.Lock()
		dead += l.dead
		l.mu.Unlock()
	}
	return waiting, dead
}

// Test is the message that tries a channel.
func (o *Outbox) Test(c *Channel, by stead.Principal, now time.Time) Message {
	return Message{ID: "test." + now.UTC().Format("20060102T150405.000000000"), Channel: c.ID, Kind: "test", At: now, Actor: by.ID, Subject: by.ID, To: by.ID,
		Address: by.Attributes["email"], Name: by.DisplayName(), Initiator: line(by.DisplayName()), Link: o.Public + "/requests"}
}
