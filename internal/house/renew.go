package house

import (
	"context"
	"net/http"

	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/gateway"
	"github.com/steadhq/stead/internal/web"
)

// What is opened at once is swapped at once: a request is answered under one configuration from its first byte to its last.
type opened struct {
	own, apps, forward http.Handler
	routes             *web.Routes
	gateway            *gateway.Gateway
}

// door is the same one of whatever is open when a request comes.
func (d *Doors) door(which func(*opened) http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { which(d.open.Load()).ServeHTTP(w, r) })
}

func (d *Doors) inForce() *gateway.Gateway { return d.open.Load().gateway }

// Ruling is the authority under the settings in force.
func (h *House) Ruling() *authority.Authority {
	if a := h.ruling.Load(); a != nil {
		return a
	}
	return h.Authority
}

// Sweep ends what is over by the settings in force.
func (h *House) Sweep(ctx context.Context) error { return h.Ruling().Sweep(ctx) }

// Renew opens the doors again at another site and under other settings. Everything is made first; then agree records it,
// and its error keeps what was. Then all is swapped: requests under way end as they began, and streams and sockets stay
// as long as what they were opened under.
func (h *House) Renew(ctx context.Context, d *Doors, s Site, set *authority.Settings, agree func(*authority.Authority) error) error {
	a := h.Authority.Under(set)
	next, err := h.openUnder(s, a, d.Gateway)
	if err != nil {
		return err
	}
	if err := agree(a); err != nil {
		return err
	}
	h.ruling.Store(a)
	d.open.Store(next)
	if err := h.Sweep(ctx); err != nil {
		a.Alarm("what is over under the new configuration could not be ended yet: " + err.Error()) // it is tried again each second
	}
	return nil
}
