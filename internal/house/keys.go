package house

import (
	"context"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/api"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/keys"
)

// reloadEach is how often the signing keys are read again: what another node's keys signed that were taken away counts no longer
// than that here, and a key that another node makes is published longer before it signs.
const reloadEach = 5 * time.Second

// RenewKeys reads the signing keys again, and makes new ones where theirs have signed for their term. Of two nodes that do so at
// once one makes them.
func (h *House) RenewKeys(ctx context.Context, ring *keys.Ring) error {
	if err := ring.Reload(ctx); err != nil || !ring.Due() {
		return err
	}
	if err := h.Rotating(ctx, authority.By{}, authority.Rotation{}); err != nil {
		return err
	}
	if err := ring.Renew(ctx); err != nil {
		return h.NotRotated(ctx, authority.By{}, err)
	}
	return nil
}

// A KeyDesk makes new signing keys for who may ask for them.
type KeyDesk struct {
	*authority.Authority
	Ring *keys.Ring // nil: this house signs nothing
}

func (d KeyDesk) RotateKeys(ctx context.Context, by authority.By, r authority.Rotation) (api.SigningKeys, error) {
	if d.Ring == nil {
		return api.SigningKeys{}, stead.E(stead.Missing, stead.ReasonNoRoute, "this server signs nothing")
	}
	ctx = context.WithoutCancel(ctx) // who hangs up in the middle leaves no record of what was not done
	if err := d.Rotating(ctx, by, r); err != nil {
		return api.SigningKeys{}, err
	}
	change := d.Ring.Rotate
	if r.Compromised {
		change = d.Ring.Replace
	}
	if err := change(ctx); err != nil {
		return api.SigningKeys{}, d.NotRotated(ctx, by, err)
	}
	from, published := d.Ring.Newest()
	return api.SigningKeys{SignFrom: from, Published: published}, nil
}
