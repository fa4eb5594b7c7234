package house

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/api"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/keys"
)

// reloadEach is how often the signing keys are read again: what another node's keys signed that were taken away counts no longer
// than that here, and a key that another node makes is published longer before it signs.
const reloadEach = 5 * time.Second

const (
	renewFor = 10 * time.Second
	mostWait = time.Hour // until keys that could not be renewed are tried again
)

// A renewal is how the last try to renew the signing keys went.
type renewal struct {
	mu    sync.Mutex
	wrong error         // nil: it went well
	told  bool          // that it went wrong is on record
	wait  time.Duration // between two tries
	next  time.Time
}

// tried notes how it went, and lets ever more time pass while it goes wrong.
func (r *renewal) tried(now time.Time, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wrong = err; err == nil {
		r.told, r.wait, r.next = false, 0, time.Time{}
		return
	}
	r.wait = min(max(2*r.wait, reloadEach), mostWait)
	r.next = now.Add(r.wait)
}

func (r *renewal) stands() (next time.Time, wrong error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.next, r.wrong
}

// RenewKeys reads the signing keys again, and makes new ones where theirs have signed for their term. Of two nodes that do so at
// once one makes them. That they can not be kept is on record once, and tried again after a while.
func (h *House) RenewKeys(ctx context.Context, ring *keys.Ring) error {
	if err := ring.Reload(ctx); err != nil {
		return err
	}
	if err := ring.Settle(ctx, func() error { return h.unmade(ctx) }); err != nil {
		return err
	}
	next, _ := h.renewal.stands()
	switch {
	case !ring.Due():
		h.renewal.tried(h.Now(), nil)
		return nil
	case h.Now().Before(next):
		return nil
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), renewFor) // a server that ends leaves nothing in doubt
	defer stop()
	err := h.renew(ctx, ring)
	h.renewal.tried(h.Now(), err)
	return err
}

func (h *House) renew(ctx context.Context, ring *keys.Ring) error {
	if err := ring.Writable(ctx); err != nil {
		if h.renewal.told {
			return err
		}
		no := h.NotRotated(ctx, authority.By{}, err)
		h.renewal.told = errors.Is(no, err)
		return no
	}
	return rotate(ctx, h.Authority, ring, authority.By{}, authority.Rotation{}, ring.Renew)
}

// unmade records that keys were not made although the record may say that they were.
func (h *House) unmade(ctx context.Context) error {
	no := stead.E(stead.Broken, stead.ReasonBroken, "the signing keys could not be made anew")
	if err := h.NotRotated(ctx, authority.By{}, no); !errors.Is(err, no) {
		return err
	}
	return nil
}

// rotate records that keys are made, and makes them. What is in doubt the next look at the keys settles.
func rotate(ctx context.Context, a *authority.Authority, ring *keys.Ring, by authority.By, r authority.Rotation, change func(context.Context) error) error {
	if err := a.Rotating(ctx, by, r); err != nil {
		if stead.ReasonOf(err) == stead.ReasonDoubt {
			ring.Doubt()
		}
		return err
	}
	err := change(ctx)
	if err == nil || stead.ReasonOf(err) == stead.ReasonDoubt {
		return err
	}
	return a.NotRotated(ctx, by, err)
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
	r.Room = d.Ring.Room()
	change := d.Ring.Rotate
	if r.Compromised {
		change = d.Ring.Replace
	}
	if err := rotate(ctx, d.Authority, d.Ring, by, r, change); err != nil {
		return api.SigningKeys{}, err
	}
	from, published := d.Ring.Newest()
	return api.SigningKeys{SignFrom: from, Published: published}, nil
}
