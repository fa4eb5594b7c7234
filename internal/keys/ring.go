package keys

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/steadhq/stead"
)

// Secrets is where sealed secrets are kept.
type Secrets interface {
	// Secret gives what was put under a name. Kind missing: nothing was.
	Secret(ctx context.Context, name string) ([]byte, error)
	// PutSecret keeps sealed under a name, in place of what was there. It is on disk when it returns.
	PutSecret(ctx context.Context, name string, sealed []byte) error
}

// Names of what the package keeps; they are the labels it is sealed with too.
const (
	ringName = "signing/assertions"
	logName  = "signing/log"
)

// SecretNames are the names under which the package keeps secrets.
func SecretNames() []string { return []string{ringName, logName} }

// Signing says how assertions are signed. All members that are a duration may be left out.
type Signing struct {
	Issuer  string
	Life    time.Duration // of an assertion; 0 = 1 minute
	Lead    time.Duration // a new key is published this long before it signs; 0 = 10 minutes
	Term    time.Duration // a key signs for so long, then another is due; 0 = 30 days
	Overlap time.Duration // an old key is published this long after its last signature; 0 = 10 minutes, at least Life and 5 minutes
	Now     func() time.Time
	Rand    io.Reader
	Secrets Secrets
	Box     *Box
}

// A Ring holds the keys that sign assertions: for each algorithm one signs, the others are published before or after it
// did. It is safe for concurrent use.
type Ring struct {
	Signing
	turn sync.Mutex // one rotation at a time
	keys atomic.Pointer[[]signingKey]
}

// OpenRing loads the signing keys, and makes the first where there is none. Nodes that share their secrets open it one
// after the other.
func OpenRing(ctx context.Context, s Signing) (*Ring, error) {
	if s.Issuer == "" || s.Now == nil || s.Rand == nil || s.Secrets == nil || s.Box == nil {
		return nil, stead.E(stead.Invalid, stead.ReasonRequest, "signing needs an issuer, a clock, randomness, a place for secrets and a box")
	}
	for d, usual := range map[*time.Duration]time.Duration{&s.Life: time.Minute, &s.Lead: 10 * time.Minute, &s.Term: 30 * 24 * time.Hour, &s.Overlap: 10 * time.Minute} {
		if *d == 0 {
			*d = usual
		}
	}
	s.Overlap = max(s.Overlap, s.Life, longest)
	r := &Ring{Signing: s}
	err := r.Reload(ctx)
	switch {
	case stead.KindOf(err) == stead.Missing:
		first, err := r.newKeys(s.Now(), algorithms)
		if err != nil {
			return nil, err
		}
		return r, r.keep(ctx, first)
	case err != nil:
		return r, err
	}
	return r, r.complete(ctx)
}

// complete makes keys for the algorithms that a ring of former days has none for. They sign when they have been published
// for Lead, as after a rotation.
func (r *Ring) complete(ctx context.Context) error {
	keys := *r.keys.Load()
	lacking := slices.DeleteFunc(slices.Clone(algorithms), func(a stead.Algorithm) bool {
		return slices.ContainsFunc(keys, func(k signingKey) bool { return k.alg == a })
	})
	if len(lacking) == 0 {
		return nil
	}
	fresh, err := r.newKeys(r.Now().Add(r.Lead), lacking)
	if err != nil {
		return err
	}
	return r.keep(ctx, append(slices.Clone(keys), fresh...))
}

// Reload reads the keys again, after another node has rotated them.
func (r *Ring) Reload(ctx context.Context) error {
	sealed, err := r.Secrets.Secret(ctx, ringName)
	if err != nil {
		return stead.Because(err, "read the signing keys")
	}
	text, err := r.Box.Open(ringName, sealed)
	if err != nil {
		return stead.Because(err, "open the signing keys")
	}
	var keys []signingKey
	if json.Unmarshal(text, &keys) != nil || len(keys) == 0 {
		return broken("the signing keys can not be read")
	}
	for i := range keys {
		if err := keys[i].ready(); err != nil {
			return err
		}
	}
	r.keys.Store(&keys)
	return nil
}

// Due tells whether a key has signed for its term, and no other is to follow it yet.
func (r *Ring) Due() bool {
	now := r.Now()
	return slices.ContainsFunc(*r.keys.Load(), func(k signingKey) bool { return k.Until.IsZero() && now.Sub(k.From) >= r.Term })
}

// Rotate makes a new key for each algorithm, which signs after Lead; those before it are published until Overlap after that. Keys whose
// time is over are dropped.
func (r *Ring) Rotate(ctx context.Context) error { return r.follow(ctx, r.Lead, r.published) }

// Replace makes a new key for each algorithm, which signs at once, and drops all before it: what they signed counts no more.
func (r *Ring) Replace(ctx context.Context) error {
	return r.follow(ctx, 0, func(time.Time) []signingKey { return nil })
}

// follow makes keys that sign from then on, after those that stay.
func (r *Ring) follow(ctx context.Context, lead time.Duration, stay func(time.Time) []signingKey) error {
	r.turn.Lock()
	defer r.turn.Unlock()
	if err := r.Reload(ctx); err != nil { // another node may have rotated
		return err
	}
	now := r.Now()
	from := now.Add(lead)
	fresh, err := r.newKeys(from, algorithms)
	if err != nil {
		return err
	}
	keys := stay(now)
	for i := range keys {
		if keys[i].Until.IsZero() {
			keys[i].Until = from.UTC().Add(r.Overlap)
		}
	}
	return r.keep(ctx, append(keys, fresh...))
}

// keep writes the keys before any of them is used.
func (r *Ring) keep(ctx context.Context, keys []signingKey) error {
	text, err := json.Marshal(keys)
	if err != nil {
		return broken("the signing keys can not be written")
	}
	sealed, err := r.Box.Seal(ringName, text)
	if err != nil {
		return err
	}
	if err := r.Secrets.PutSecret(ctx, ringName, sealed); err != nil {
		return stead.Because(err, "keep the signing keys")
	}
	r.keys.Store(&keys)
	return nil
}

// published are the keys whose time is not over.
func (r *Ring) published(now time.Time) []signingKey {
	return slices.DeleteFunc(slices.Clone(*r.keys.Load()), func(k signingKey) bool {
		return !k.Until.IsZero() && !now.Before(k.Until)
	})
}

// LogKey gives the key that signs the head of the log, a new one where there is none: for the ledger alone.
func LogKey(ctx context.Context, rand io.Reader, secrets Secrets, box *Box) (ed25519.PrivateKey, error) {
	sealed, err := secrets.Secret(ctx, logName)
	if err == nil {
		seed, err := box.Open(logName, sealed)
		if err != nil || len(seed) != ed25519.SeedSize {
			return nil, broken("the log key does not open under this master key")
		}
		return ed25519.NewKeyFromSeed(seed), nil
	}
	if stead.KindOf(err) != stead.Missing {
		return nil, stead.Because(err, "read the log key")
	}
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(rand, seed); err != nil {
		return nil, stead.Because(err, "make the log key")
	}
	if sealed, err = box.Seal(logName, seed); err != nil {
		return nil, err
	}
	if err := secrets.PutSecret(ctx, logName, sealed); err != nil {
		return nil, stead.Because(err, "keep the log key")
	}
	return ed25519.NewKeyFromSeed(seed), nil
}
