package notices

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A Log is what notices follow from.
type Log interface {
	// Events gives what a query chooses, in the order it asks for.
	Events(context.Context, authority.EventQuery) ([]authority.StoredEvent, error)
	// At reads an object as the first index events left it.
	At(ctx context.Context, kind stead.RecordKind, id string, index uint64) (stead.Record, error)
	// Lease makes holder the one who does what the name says for ttl. Kind conflict: somebody else is.
	Lease(ctx context.Context, name, holder string, ttl time.Duration) error
	View() *authority.View
}

// A Clerk writes what became of notices.
type Clerk interface {
	NoticesFrom(ctx context.Context, channel string) (uint64, error)
	Noticed(context.Context, authority.Noticed) error
}

// An Outbox sends what follows from the log. All members but Alarm are needed where there is a channel.
type Outbox struct {
	Log      Log
	Clerk    Clerk
	Channels []*Channel
	Public   string        // origin of links: configuration, never a request's (J3)
	Subject  string        // Always or ByPolicy
	Details  bool          // reason and ticket too (R35)
	GiveUp   time.Duration // after the event
	Holder   string        // which node this is
	Now      func() time.Time
	Chance   func() float64 // from 0 to 1
	Alarm    func(string)

	once  sync.Once
	lines []*lane
	held  time.Time // when the lease was taken last
}

// look is how often the log is asked for more, held how long a node stays the one that sends.
const (
	look = time.Second
	held = 30 * time.Second
)

// Run sends until ctx is over.
func (o *Outbox) Run(ctx context.Context) {
	if len(o.Channels) == 0 {
		return
	}
	each := time.NewTicker(look)
	defer each.Stop()
	defer o.Wait()
	for {
		if err := o.Tick(ctx); err != nil && ctx.Err() == nil {
			o.Alarm("notices wait: " + err.Error())
		}
		select {
		case <-ctx.Done():
			return
		case <-each.C:
		}
	}
}

// Tick reads on in the log, and begins to send what is due. It waits for no recipient.
func (o *Outbox) Tick(ctx context.Context) error {
	if now := o.Now(); o.held.IsZero() || now.Before(o.held) || now.Sub(o.held) > held/3 {
		if err := o.Log.Lease(ctx, "notices", o.Holder, held); err != nil {
			o.held = time.Time{}
			for _, l := range o.lanes() {
				l.forget()
			}
			if stead.KindOf(err) == stead.Conflict {
				return nil // another node sends
			}
			return err
		}
		o.held = now
	}
	var errs []error
	for _, l := range o.lanes() {
		errs = append(errs, l.tick(ctx))
	}
	return errors.Join(errs...)
}

func (o *Outbox) lanes() []*lane {
	o.once.Do(func() {
		for _, c := range o.Channels {
			o.lines = append(o.lines, &lane{o: o, c: c})
		}
	})
	return o.lines
}

// Wait returns when nothing is on its way any more.
func (o *Outbox) Wait() {
	for _, l := range o.lanes() {
		l.flight.Wait()
	}
}

// Channel finds a channel by its id.
func (o *Outbox) Channel(id string) *Channel {
	for _, c := range o.Channels {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// page is how many events are read at once, waiting how many messages of a channel are kept in memory.
const (
	page    = 500
	waiting = 5000
)

// after plans what a channel tells of the next events after number. Upto is where it came to; whole tells that nothing
// follows.
func (o *Outbox) after(ctx context.Context, c *Channel, number uint64) (all []Message, upto uint64, whole bool, err error) {
	events, err := o.Log.Events(ctx, authority.EventQuery{Kinds: told(), After: number, Limit: page})
	if err != nil {
		return nil, number, false, err
	}
	for _, e := range events {
		more, err := o.planned(ctx, c, e)
		if err != nil {
			return all, number, false, err
		}
		all, number = append(all, more...), e.Number()
	}
	return all, number, len(events) < page, nil
}

// told are the events that somebody may be told of.
func told() []string {
	return []string{"mandate.asked", "mandate.approved", "mandate.refused", "mandate.reminded", "mandate.escalated", "mandate.started",
		"mandate.ended", "mandate.completed", "mandate.revoked"}
}

func (o *Outbox) planned(ctx context.Context, c *Channel, e authority.StoredEvent) (all []Message, err error) {
	r, err := o.Log.At(ctx, stead.KindMandate, string(e.Mandate), e.Number())
	if stead.KindOf(err) == stead.Missing {
		return nil, nil // whom it speaks of was erased
	}
	m, ok := r.(stead.Mandate)
	if err != nil || !ok || kindOf(e.Event, m) == "" {
		return nil, err
	}
	o.Log.View().Read(func(s *authority.State) {
		f := facts{event: e, mandate: m, kind: kindOf(e.Event, m), people: s.Principals, subject: o.Subject, who: func(id stead.PrincipalID) stead.Principal {
			if p := s.Principal(id); p != nil {
				return *p
			}
			return stead.Principal{}
		}}
		if r := s.Agent(m.Actor); r != nil {
			f.owner = f.who(r.Owner)
		}
		all = f.plan(c, o.Public, o.Details)
	})
	return all, nil
}

// settled are the messages of a channel about events after number that were sent or given up.
func (o *Outbox) settled(ctx context.Context, c *Channel, number uint64) (map[string]bool, error) {
	done := map[string]bool{}
	q := authority.EventQuery{Kinds: []string{"notice.sent", "notice.send.refused"}, After: number, Limit: 1000}
	for {
		events, err := o.Log.Events(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			if q.After = e.Number(); e.What["channel"] == c.ID {
				done[mark(e.Of, stead.PrincipalID(e.What["to"]))] = true
			}
		}
		if len(events) < q.Limit {
			return done, nil
		}
	}
}

func mark(of stead.EventID, to stead.PrincipalID) string { return string(of) + "." + string(to) }
