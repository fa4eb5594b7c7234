package house

import (
	"context"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/health"
)

// A metered authority is the authority as the doors see it: what is worth a figure is timed.
type metered struct {
	*authority.Authority
	m *health.Metrics
}

// Decide is timed until the answer may be released.
func (a metered) Decide(ctx context.Context, q stead.Question) (stead.Decision, error) {
	p, err := a.Decided(ctx, q)
	if err != nil {
		return stead.Decision{}, err
	}
	return p.Wait()
}

// Decided times until Wait has returned.
func (a metered) Decided(ctx context.Context, q stead.Question) (*authority.Pending, error) {
	began := time.Now()
	p, err := a.Authority.Decided(ctx, q)
	if err == nil {
		p.Then(func() { a.m.Decided(time.Since(began)) })
	}
	return p, err
}

// Served times a request from its decision to the end of its answer.
func (a metered) Served(q stead.Question, d stead.Decision, o authority.Outcome) {
	a.m.Served(q.Resource.App, o.Status, a.Now().Sub(d.At))
	a.Authority.Served(q, d, o)
}

// Revoke is timed until the very next decision is a no.
func (a metered) Revoke(ctx context.Context, by authority.By, id stead.MandateID, reason string) (stead.Mandate, error) {
	began := time.Now()
	m, err := a.Authority.Revoke(ctx, by, id, reason)
	if err == nil {
		a.m.Revoked(time.Since(began))
	}
	return m, err
}
