package house

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/health"
	"github.com/steadhq/stead/internal/web"
)

// health tells machines how the house is.
func (h *House) health() health.Health {
	return health.Health{Metrics: h.metrics.Handler(), Checks: []health.Check{
		{Name: "store", Ask: func(context.Context) error { return h.Store.Broken() }},
		{Name: "clock", Ask: func(context.Context) error {
			switch skew := h.Clock.Skew(); {
			case h.Clock.Trusted():
				return nil
			case skew > authority.Step || skew < -authority.Step:
				return fmt.Errorf("this machine's clock is %s away from the database's: acting is refused until it is set and two people have looked (stead doctor)", skew.Round(time.Second))
			}
			return errors.New("the clock jumped: acting is refused until two people have looked (stead doctor)")
		}},
		{Name: "policy", Ask: func(context.Context) error {
			if h.PolicyDigest() == "" {
				return errors.New("no policy is in force: everything is refused")
			}
			return nil
		}},
		{Name: "searchable", Ask: func(ctx context.Context) error { return h.Store.Settled(ctx, h.Store.Head().Size) }},
	}}
}

// Watch serves health on a listener of its own, and counts what happens until ctx is over. The doors are opened first.
func (h *House) Watch(ctx context.Context, door web.Door) (http.Handler, error) {
	from := h.Store.Head().Size
	go func() { _ = h.Store.Follow(ctx, from, h.metrics.Event) }() // ends with ctx or the store, which says so itself
	t, mux := &web.Routes{}, http.NewServeMux()
	h.health().Routes(t)
	return mux, t.Mount(mux, door)
}

func (h *House) standing() health.Standing {
	head := h.Store.Head()
	s := health.Standing{Head: head.Size, HeadAt: h.Store.HighWater(), StoreUp: h.Store.Broken() == nil, ClockTrusted: h.Clock.Trusted()}
	if lag, err := h.Store.Lag(); err == nil {
		s.Lag = lag
	}
	h.Store.View().Read(func(v *authority.State) {
		v.Sessions(func(*stead.Session) { s.Sessions++ })
		v.Mandates(func(m *stead.Mandate) {
			switch {
			case m.State == stead.Asked:
				s.Pending++
			case m.State == stead.Active && m.Mode == stead.Edit:
				s.Edit++
			case m.State == stead.Active:
				s.ReadOnly++
			}
		})
	})
	if h.outbox != nil {
		s.NoticesWaiting, s.NoticesGivenUp = h.outbox.Figures()
	}
	return s
}

// Empty tells whether nobody is enrolled yet.
func (h *House) Empty() bool {
	empty := true
	h.Store.View().Read(func(v *authority.State) { v.Principals(func(*stead.Principal) { empty = false }) })
	return empty
}

// Configured notes for whoever watches how the last reading of the configuration went.
func (h *House) Configured(ok bool, waiting int) { h.metrics.Configured(ok, waiting) }
