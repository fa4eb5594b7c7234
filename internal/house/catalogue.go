package house

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/postgres"
)

// What is known of a system counts for a minute, and for seconds where something is granted by it; asking it takes at most five
// seconds, of which a page that only shows what is there waits for no more than a glance.
const (
	catalogueFor = time.Minute
	mappedBy     = 5 * time.Second
	catalogueIn  = 5 * time.Second
	glance       = 50 * time.Millisecond
)

// A catalogue is what a connected system said of itself the last time.
type catalogue struct {
	mu   sync.Mutex
	card authority.SystemCard // of it: what was read
	read time.Time            // when that was tried
	over chan struct{}        // closed when who asks it now has the answer; nil: nobody does
}

// settled notes how the leases of a system stood.
func (c *catalogue) settled(now time.Time, held, overdue int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.card.State, c.card.Error, c.card.At = "connected", "", now
	if err != nil {
		c.card.State, c.card.Error = "away", err.Error()
		return // what was out is out still, as far as anybody knows
	}
	c.card.Leases, c.card.Overdue = held, overdue
}

func (c *catalogue) known() authority.SystemCard {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.card
}

// fresh is what is known, asked again where it is older than most: by one for all who wait, for as long as their ctx lets them. What
// could not be read stays as it was, with why.
func (c *catalogue) fresh(ctx context.Context, now func() time.Time, most time.Duration, db *postgres.Database) authority.SystemCard {
	c.mu.Lock()
	if !c.read.IsZero() && now().Sub(c.read) < most && c.card.Unread == "" {
		defer c.mu.Unlock()
		return c.card
	}
	if c.over == nil {
		c.over = make(chan struct{})
		go c.ask(context.WithoutCancel(ctx), now, db)
	}
	over := c.over
	c.mu.Unlock()
	select {
	case <-over:
		return c.known()
	case <-ctx.Done(): // what was read before stands
	}
	late := c.known()
	if late.PermissionsAt.IsZero() {
		late.Unread = "it has not answered yet"
	}
	return late
}

// ask reads what a system has.
func (c *catalogue) ask(ctx context.Context, now func() time.Time, db *postgres.Database) {
	ctx, cancel := context.WithTimeout(ctx, catalogueIn)
	defer cancel()
	tables, err := db.Catalogue(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.over)
	c.over, c.read = nil, now()
	if c.card.Unread = ""; err != nil {
		c.card.Unread = err.Error()
		return
	}
	c.card.PermissionsAt, c.card.Permissions = c.read, nil
	for _, t := range tables {
		p := authority.Permission{Resource: t.Resource, Kind: t.Kind, Actions: t.Actions}
		for _, column := range t.Columns {
			p.Columns = append(p.Columns, authority.Column(column))
		}
		c.card.Permissions = append(c.card.Permissions, p)
	}
}

// Systems lists applications and systems as they stand, without their permissions. For those who oversee it. Errors:
// refused, missing.
func (h *House) Systems(_ context.Context, by authority.By) ([]authority.SystemCard, error) {
	a := h.Ruling()
	if err := a.May(by, authority.Onlookers()...); err != nil {
		return nil, err
	}
	var all []authority.SystemCard
	for _, app := range a.Settings.Apps {
		card := h.systems.card(app)
		card.Permissions = nil
		all = append(all, card)
	}
	return all, nil
}

// System tells about one, and what may be granted of it: of a connected database the tables and columns that are there, at
// most a minute old. Errors: refused, missing.
func (h *House) System(ctx context.Context, by authority.By, id stead.AppID) (authority.SystemCard, error) {
	a := h.Ruling()
	if err := a.May(by, authority.Onlookers()...); err != nil {
		return authority.SystemCard{}, err
	}
	app := a.Settings.App(id)
	if app == nil {
		return authority.SystemCard{}, stead.E(stead.Missing, stead.ReasonNoRoute, "there is no application and no system %s", id)
	}
	if c := h.systems.said[id]; c != nil {
		c.fresh(ctx, h.Now, catalogueFor, h.systems.all[id])
	}
	return h.systems.card(*app), nil
}

func (s *systems) card(app stead.App) authority.SystemCard {
	card := authority.SystemCard{Kind: "asked"}
	if c := s.said[app.ID]; c != nil {
		card = c.known()
		card.Kind = "postgresql"
		if card.State == "" {
			card.State = "unknown"
		}
	} else if len(app.Hosts) > 0 {
		card.Kind = "application"
	}
	card.App = app
	return card
}

// Fit refuses tasks that need what a connected system does not have, and names what is nearest. Of a system that cannot be
// asked nothing is known, so nothing is wrong. Errors: invalid.
func (h *House) Fit(ctx context.Context, tasks []stead.Task) error {
	for _, t := range tasks {
		for _, e := range t.Grants {
			if text := h.lacks(ctx, e); text != "" {
				if n := t.NeedFor(e); n != nil {
					text += fmt.Sprintf("; the need %q came to it earlier: map it again (--remap)", n.Text)
				}
				return stead.E(stead.Invalid, stead.ReasonRequest, "the task %s: %s", t.ID, text)
			}
		}
	}
	return nil
}

// Misfit tells why no catalogue has what an entitlement names, "" where one has it or it cannot be known at a glance.
func (h *House) Misfit(ctx context.Context, e stead.Entitlement) string {
	if h.Ruling().Settings.App(e.System) == nil {
		return "there is no system " + string(e.System)
	}
	ctx, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	return h.lacks(ctx, e)
}

// lacks tells what a connected system does not have.
func (h *House) lacks(ctx context.Context, e stead.Entitlement) string {
	c, at := h.catalogue(ctx, e.System, catalogueFor)
	if at.IsZero() {
		return ""
	}
	return c.Misfit(e)
}

// catalogue is what a system has, and when that was read; never of one that tells nothing.
func (h *House) catalogue(ctx context.Context, id stead.AppID, most time.Duration) (stead.Catalogue, time.Time) {
	c := h.systems.said[id]
	if c == nil {
		return stead.Catalogue{System: id}, time.Time{}
	}
	card := c.fresh(ctx, h.Now, most, h.systems.all[id])
	return stead.Catalogue{System: id, Known: true, Permissions: card.Permissions, Unread: card.Unread}, card.PermissionsAt
}

// Map makes of the needs of tasks what they are in the catalogue now, and of those that had says too what they were. It grants
// nothing. Errors: invalid, missing (a system); conflict where what a system has cannot be read.
func (h *House) Map(ctx context.Context, tasks, had []stead.Task) ([]stead.Task, error) {
	var out []stead.Task
	was := stead.Registration{Tasks: had}
	for _, t := range tasks {
		t, err := t.Map(was.Task(t.ID), func(id stead.AppID) (stead.Catalogue, error) {
			if h.Ruling().Settings.App(id) == nil {
				return stead.Catalogue{}, stead.E(stead.Missing, stead.ReasonNoRoute, "there is no system %s: stead system list has all", id)
			}
			c, _ := h.catalogue(ctx, id, mappedBy)
			return c, nil
		})
		if err != nil {
			return nil, stead.Because(err, "the task "+t.ID)
		}
		out = append(out, t)
	}
	return out, h.Fit(ctx, out)
}

// Drift tells in what the needs of an agent would be something else if they were mapped now, as far as that can be known at a glance.
func (h *House) Drift(ctx context.Context, r stead.Registration) (all []string) {
	ctx, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	for _, t := range r.Tasks {
		for _, n := range t.Needs {
			c, _ := h.catalogue(ctx, t.System(), catalogueFor)
			all = append(all, c.Drift(n)...)
		}
	}
	return all
}
