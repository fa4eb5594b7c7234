package house_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
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

// Somebody who may has other keys made: as every month, or at once where the old ones are known to somebody, and then nothing counts
// that those signed, here and at every node.
func TestRotateKeys(t *testing.T) {
	h := housetest.New(t)
	r := ring(t, h)
	other, err := keys.OpenRing(t.Context(), r.Signing)
	if err != nil {
		t.Fatal(err)
	}
	counts := func(text string, of *keys.Ring) bool {
		t.Helper()
		signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.EdDSA, jose.ES256})
		if err != nil {
			t.Fatal(err)
		}
		return of.PublicKey(signed.Signatures[0].Header.KeyID) != nil
	}
	sign := func() string {
		t.Helper()
		text, err := r.SignAs("at+jwt", []byte(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	omar := h.Login("staff/omar", "stead.test")
	rotate := house.KeyDesk{Authority: h.Authority, Ring: r}.RotateKeys
	for who, by := range map[string]authority.By{"sam": h.Login("staff/sam", "stead.test"), "nobody": {Principal: "prn_nobody"}} {
		if _, err := rotate(t.Context(), by, authority.Rotation{Compromised: true, Because: "so"}); err == nil {
			t.Errorf("%s may", who)
		}
	}
	for what, x := range map[string]authority.Rotation{"without a reason": {Compromised: true}, "with one that hides": {Because: "a\u202eb"}} {
		if _, err := rotate(t.Context(), omar, x); stead.KindOf(err) != stead.Invalid {
			t.Errorf("%s: %v", what, err)
		}
	}
	old := sign()
	out, err := rotate(t.Context(), omar, authority.Rotation{})
	if err != nil || !out.SignFrom.After(h.Now()) || !counts(old, r) || sign() == "" || !counts(sign(), other) {
		t.Errorf("in good time: %+v, %v", out, err)
	}
	if out, err = rotate(t.Context(), omar, authority.Rotation{Compromised: true, Because: "seen in a dump"}); err != nil || out.SignFrom.After(h.Now()) || counts(old, r) {
		t.Errorf("at once: %+v, %v", out, err)
	}
	fresh := sign()
	if err := h.RenewKeys(t.Context(), other); err != nil || counts(old, other) || !counts(fresh, other) || !counts(fresh, r) {
		t.Errorf("another node: %v", err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := rotate(gone, omar, authority.Rotation{Compromised: true, Because: "and away"}); err != nil || counts(fresh, r) {
		t.Errorf("who hangs up: %v", err)
	}
	fresh = sign()
	whole := h.Authority.Store
	h.Authority.Store = full{whole}
	if _, err := rotate(t.Context(), omar, authority.Rotation{Compromised: true, Because: "again"}); stead.KindOf(err) != stead.Broken || !counts(fresh, r) {
		t.Errorf("without a record: %v", err)
	}
	h.Authority.Store = whole
	kinds := h.Kinds(30)
	if n := len(slices.DeleteFunc(slices.Clone(kinds), func(k string) bool { return k != "key.rotate.refused" })); n != 4 {
		t.Errorf("%d refusals are on record: %q", n, kinds)
	}
	if n := len(slices.DeleteFunc(kinds, func(k string) bool { return k != "key.rotated" })); n != 3 {
		t.Errorf("%d rotations are on record", n)
	}
}

// A shelf is where keys are kept, and can not be at times.
type shelf struct {
	keys.Secrets
	away error // what it answers
	does bool  // it keeps what it is given all the same
	puts int
}

func (s *shelf) Secret(ctx context.Context, name string) ([]byte, error) {
	if s.away != nil && s.puts > 0 {
		return nil, s.away
	}
	return s.Secrets.Secret(ctx, name)
}

func (s *shelf) PutSecret(ctx context.Context, name string, was, sealed []byte) error {
	s.puts++
	if s.away != nil && !s.does {
		return s.away
	}
	return errors.Join(s.Secrets.PutSecret(ctx, name, was, sealed), s.away)
}

func shelved(t *testing.T) (*housetest.House, *keys.Ring, *shelf) {
	t.Helper()
	h := housetest.New(t)
	r := ring(t, h)
	s := &shelf{Secrets: r.Secrets}
	r.Secrets = s
	return h, r, s
}

// ofKeys are the events of keys, oldest first.
func ofKeys(t *testing.T, h *housetest.House) (kinds []stead.EventKind) {
	t.Helper()
	if err := h.Store.Settled(t.Context(), h.Store.Head().Size); err != nil {
		t.Fatal(err)
	}
	found, err := h.Store.Events(t.Context(), authority.EventQuery{Kinds: []string{"key."}})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range found {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// That keys can not be kept is on record once, however long that goes on, and tried again ever more seldom.
func TestRenewKeysUnkept(t *testing.T) {
	h, r, s := shelved(t)
	h.Clock.Move(30 * 24 * time.Hour)
	full := errors.New("the disk is full")
	var tries int
	for range 3 * 720 { // three hours
		s.away, s.puts = full, 0
		if err := h.RenewKeys(t.Context(), r); err != nil && !errors.Is(err, full) {
			t.Fatal(err)
		}
		tries += s.puts
		h.Clock.Move(5 * time.Second)
	}
	if kinds := ofKeys(t, h); tries > 14 || !slices.Equal(kinds, []stead.EventKind{"key.rotate.refused"}) {
		t.Errorf("%d tries, and on record: %v", tries, kinds)
	}
	s.away = nil
	h.Clock.Move(time.Hour)
	if err := h.RenewKeys(t.Context(), r); err != nil || r.Due() {
		t.Errorf("afterwards: %v", err)
	}
	if kinds := ofKeys(t, h); !slices.Equal(kinds, []stead.EventKind{"key.rotate.refused", "key.rotated"}) {
		t.Errorf("on record: %v", kinds)
	}
}

// What was in doubt the next look settles: the record says of keys that were not made that they were not, and of no others.
func TestRotateKeysInDoubt(t *testing.T) {
	for what, c := range map[string]struct {
		does bool
		want []stead.EventKind
	}{"done": {true, []stead.EventKind{"key.rotated"}}, "undone": {false, []stead.EventKind{"key.rotated", "key.rotate.refused"}}} {
		h, r, s := shelved(t)
		before, _ := r.Newest()
		h.Clock.Move(time.Minute)
		s.away, s.does = errors.New("the connection is gone"), c.does
		_, err := house.KeyDesk{Authority: h.Authority, Ring: r}.RotateKeys(t.Context(), h.Login("staff/omar", "stead.test"), authority.Rotation{Compromised: true, Because: "so"})
		if stead.ReasonOf(err) != stead.ReasonDoubt {
			t.Errorf("%s: %v", what, err)
		}
		if kinds := ofKeys(t, h); !slices.Equal(kinds, []stead.EventKind{"key.rotated"}) {
			t.Errorf("%s, while it is not known: %v", what, kinds)
		}
		if err := h.RenewKeys(t.Context(), r); err == nil {
			t.Errorf("%s: known, though nothing answers", what)
		}
		s.away = nil
		for range 2 {
			if err := h.RenewKeys(t.Context(), r); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		if after, _ := r.Newest(); after.After(before) != c.does || !slices.Equal(ofKeys(t, h), c.want) {
			t.Errorf("%s: the newest key is of %s, and on record: %v", what, after, ofKeys(t, h))
		}
	}
}

// However often somebody has keys made, no more are published than everybody reads; keys that somebody else has go all the same.
func TestRotateKeysBound(t *testing.T) {
	h := housetest.New(t)
	r := ring(t, h)
	omar := h.Login("staff/omar", "stead.test")
	rotate := house.KeyDesk{Authority: h.Authority, Ring: r}.RotateKeys
	made := 0
	for range 50 {
		out, err := rotate(t.Context(), omar, authority.Rotation{})
		switch {
		case err == nil:
			made++
		case stead.KindOf(err) != stead.Conflict || !strings.Contains(err.Error(), "newer ones can be made from "+r.Room().UTC().Format(time.RFC3339)):
			t.Fatal(err)
		}
		if out.Published > 8 {
			t.Fatalf("%d are published", out.Published)
		}
	}
	if err := r.Rotate(t.Context()); made != 3 || stead.KindOf(err) != stead.Refused { // two at once
		t.Errorf("made %d times, and past it: %v", made, err)
	}
	h.Clock.Move(r.Room().Sub(h.Now()))
	if _, err := rotate(t.Context(), omar, authority.Rotation{}); err != nil {
		t.Errorf("when the first are over: %v", err)
	}
	for range 5 {
		if out, err := rotate(t.Context(), omar, authority.Rotation{Compromised: true, Because: "so"}); err != nil || out.Published != 2 {
			t.Errorf("compromised: %+v %v", out, err)
		}
	}
}
