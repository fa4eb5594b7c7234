package house_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/keys"
)

// Keys that have signed for a month are followed by others, which are published before they sign; it is on record once.
func TestRenewKeys(t *testing.T) {
	h := housetest.New(t)
	r := ring(t, h)
	published := func(of *keys.Ring) int {
		t.Helper()
		raw, err := of.JWKS()
		var set struct{ Keys []json.RawMessage }
		if err != nil || json.Unmarshal(raw, &set) != nil {
			t.Fatal(err, string(raw))
		}
		return len(set.Keys)
	}
	renewed := func() int {
		t.Helper()
		if err := h.RenewKeys(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		found, err := h.Store.Events(t.Context(), authority.EventQuery{Kinds: []string{"key."}, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	first := published(r)
	h.Clock.Move(30*24*time.Hour - time.Second)
	if n := renewed(); n != 0 || published(r) != first {
		t.Errorf("before a month is over: %d events, %d keys", n, published(r))
	}
	h.Clock.Move(time.Second)
	for range 2 {
		if err := h.RenewKeys(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Store.Settled(t.Context(), h.Store.Head().Size); err != nil {
		t.Fatal(err)
	}
	if n := renewed(); n != 1 || published(r) != 2*first {
		t.Errorf("after a month: %d events, %d keys", n, published(r))
	}
	h.Clock.Move(30 * time.Minute)
	if renewed(); published(r) != first {
		t.Errorf("when what the old ones signed is over: %d keys", published(r))
	}
}

// full is a log with no room left.
type full struct{ authority.Store }

func (full) Append(context.Context, authority.Entry) (stead.Receipt, error) {
	return stead.Receipt{}, stead.E(stead.Broken, stead.ReasonBroken, "no room")
}

// What cannot be recorded is not done.
func TestRenewKeysUnrecorded(t *testing.T) {
	h := housetest.New(t)
	r := ring(t, h)
	before, err := r.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	h.Clock.Move(31 * 24 * time.Hour)
	whole := h.Authority.Store
	h.Authority.Store = full{whole}
	if err := h.RenewKeys(t.Context(), r); stead.KindOf(err) != stead.Broken {
		t.Errorf("renewed without a record: %v", err)
	}
	h.Authority.Store = whole
	if after, err := r.JWKS(); err != nil || string(after) != string(before) {
		t.Error("there are keys that no record tells of")
	}
}
