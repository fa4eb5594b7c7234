package house

import (
	"context"
	"slices"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// Visited looks in the trail for a request of somebody's own that an application served. Who was there only before its
// beginning, or before it was pruned, was never there.
func (h *House) Visited(ctx context.Context, who stead.PrincipalID, app stead.AppID) (bool, error) {
	q := authority.EventQuery{Kinds: []string{"request.served"}, Actor: who, Subject: who, App: app, Limit: 50, Newest: true}
	found, err := h.Store.Events(ctx, q)
	return slices.ContainsFunc(found, func(e authority.StoredEvent) bool { return e.Status >= 200 && e.Status < 400 }),
		stead.Because(err, "look for visits")
}
