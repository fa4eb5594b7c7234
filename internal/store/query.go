package store

import (
	"context"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

const (
	defaultLimit = 100
	maxLimit     = 1000
)

// Events answers from the projection, which may lag behind the log by some 200 ms. Errors: invalid, broken; authority.Short.
func (s *Store) Events(ctx context.Context, q authority.EventQuery) ([]authority.StoredEvent, error) {
	if q.Limit < 0 || q.Limit > maxLimit {
		return nil, stead.E(stead.Invalid, stead.ReasonRequest, "at most %d events can be asked for at once", maxLimit)
	}
	if q.Limit == 0 {
		q.Limit = defaultLimit
	}
	found, at, err := s.events.search(ctx, q)
	if err != nil {
		return nil, stead.Because(err, "search the events")
	}
	events, err := s.these(ctx, found)
	if err == nil && at > 0 {
		err = &authority.Short{At: at}
	}
	return events, err
}

// these reads events from the log itself: what an answer shows is what was hashed. What was pruned since is left out.
func (s *Store) these(ctx context.Context, found []uint64) ([]authority.StoredEvent, error) {
	events := make([]authority.StoredEvent, 0, len(found))
	if len(found) == 0 {
		return events, nil
	}
	err := s.Latest(ctx)
	var list map[uint64]row
	if err == nil {
		list, err = s.chosen(ctx, found)
	}
	if err != nil {
		return nil, stead.Because(err, "read events")
	}
	for _, index := range found {
		r := list[index]
		if r.event == nil || index >= s.Head().Size {
			continue
		}
		e, err := s.opened(index, r)
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}

// A clause collects conditions and their arguments.
type clause struct {
	like  string // the operator that compares without regard to case
	parts []string
	args  []any
}

func (c *clause) and(part string, args ...any) {
	c.parts, c.args = append(c.parts, part), append(c.args, args...)
}

func (c *clause) is(column, value string) {
	if value != "" {
		c.and(column+" = ?", value)
	}
}

// where says all that is asked of a row.
func where(q authority.EventQuery, like string) *clause {
	c := &clause{like: like}
	c.is("actor", string(q.Actor))
	c.is("subject", string(q.Subject))
	c.is("mandate", string(q.Mandate))
	c.is("session", string(q.Session))
	c.is("decision", string(q.Decision))
	c.is("app", string(q.App))
	c.is("outcome", string(q.Outcome))
	c.either(string(q.Either))
	c.kinds(q.Kinds)
	c.bounds(q)
	c.text(q.Text)
	for _, w := range q.Words {
		c.text(w)
	}
	return c
}

func (c *clause) either(id string) {
	if id != "" {
		c.and("(actor = ? OR subject = ?)", id, id)
	}
}

// kinds narrows by prefixes, as ranges: a prefix is text, never a pattern.
func (c *clause) kinds(prefixes []string) {
	var parts []string
	for _, k := range prefixes {
		if k != "" {
			parts = append(parts, "(kind >= ? AND kind < ?)")
			c.args = append(c.args, k, k+"\U0010FFFF")
		}
	}
	if len(parts) > 0 {
		c.parts = append(c.parts, "("+strings.Join(parts, " OR ")+")")
	}
}

func (c *clause) bounds(q authority.EventQuery) {
	if !q.From.IsZero() {
		c.and("at >= ?", q.From.UTC().Format(stead.TimeForm))
	}
	if !q.To.IsZero() {
		c.and("at < ?", q.To.UTC().Format(stead.TimeForm))
	}
	if q.After > 0 {
		c.and("idx >= ?", int64(q.After)) // the number after it is at this index
	}
	if q.Before > 0 {
		c.and("idx < ?", int64(q.Before-1))
	}
}

func (c *clause) text(t string) {
	if t == "" {
		return
	}
	t = "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(t) + "%"
	c.and("(who "+c.like+` ? ESCAPE '\' OR what `+c.like+` ? ESCAPE '\')`, t, t)
}

// Lag is how many events the projection is behind, and the error that keeps it there.
func (s *Store) Lag() (uint64, error) {
	number, err := s.events.reached()
	return s.Head().Size - min(number, s.Head().Size), err
}

// Settled waits until the projection has reached number.
func (s *Store) Settled(ctx context.Context, number uint64) error {
	return s.events.settled(ctx, number)
}
