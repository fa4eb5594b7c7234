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
	// PutSecret keeps sealed under a name, in place of was, which is nil where nothing is there. It is on disk when it returns.
	// Kind conflict: something else is there by now.
	PutSecret(ctx context.Context, name string, was, sealed []byte) error
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
	turn  sync.Mutex // one rotation at a time
	doubt []string   // ids of keys of which it is not known whether they were kept
	keys  atomic.Pointer[[]signingKey]
}

// OpenRing loads the signing keys, and makes those that are lacking. Of nodes that do so at once one is first, and the others take what
// it made.
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
	return r, r.change(ctx, r.complete)
}

// complete makes keys for the algorithms that there is none for. Those of a first ring sign at once; beside others they sign when
// they have been published for Lead, as after a rotation.
func (r *Ring) complete(keys []signingKey, now time.Time) ([]signingKey, error) {
	lacking := slices.DeleteFunc(slices.Clone(algorithms), func(a stead.Algorithm) bool {
		return slices.ContainsFunc(keys, func(k signingKey) bool { return k.alg == a })
	})
	if len(lacking) == 0 {
		return nil, nil
	}
	if len(keys) > 0 {
		now = now.Add(r.Lead)
	}
	fresh, err := r.newKeys(now, lacking)
	return append(keys, fresh...), err
}

// Reload reads the keys again, after another node has rotated them.
func (r *Ring) Reload(ctx context.Context) error {
	return r.change(ctx, func(keys []signingKey, _ time.Time) ([]signingKey, error) {
		if len(keys) == 0 {
			return nil, stead.E(stead.Missing, stead.ReasonNone, "there are no signing keys any more")
		}
		return nil, nil
	})
}

// read gives the keys that are kept, and the bytes they are kept in; none where there are none.
func (r *Ring) read(ctx context.Context) (keys []signingKey, sealed []byte, err error) {
	sealed, err = r.Secrets.Secret(ctx, ringName)
	if stead.KindOf(err) == stead.Missing {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, stead.Because(err, "read the signing keys")
	}
	text, err := r.Box.Open(ringName, sealed)
	if err != nil {
		return nil, nil, stead.Because(err, "open the signing keys")
	}
	if json.Unmarshal(text, &keys) != nil || len(keys) == 0 {
		return nil, nil, broken("the signing keys can not be read")
	}
	for i := range keys {
		if err := keys[i].ready(); err != nil {
			return nil, nil, err
		}
	}
	return keys, sealed, nil
}

// Due tells whether a key has signed for its term, and no other is to follow it yet.
func (r *Ring) Due() bool { return r.due(*r.keys.Load(), r.Now()) }

func (r *Ring) due(keys []signingKey, now time.Time) bool {
	return slices.ContainsFunc(keys, func(k signingKey) bool { return k.Until.IsZero() && now.Sub(k.From) >= r.Term })
}

// Renew is Rotate where that is due, and no other node has done it.
func (r *Ring) Renew(ctx context.Context) error {
	return r.change(ctx, func(keys []signingKey, now time.Time) ([]signingKey, error) {
		if !r.due(keys, now) {
			return nil, nil
		}
		return r.rotated(keys, now)
	})
}

// mostPublished is how many keys are published at most where somebody has them made: who verifies reads no document without end.
const mostPublished = 8

// Room tells from when on Rotate makes newer keys; the zero time is now.
func (r *Ring) Room() time.Time { return room(r.published(r.Now())) }

func room(published []signingKey) (from time.Time) {
	if len(published)+len(algorithms) <= mostPublished {
		return from
	}
	for _, k := range published {
		if !k.Until.IsZero() && (from.IsZero() || k.Until.Before(from)) {
			from = k.Until
		}
	}
	return from
}

// Rotate makes a new key for each algorithm, which signs after Lead; those before it are published until Overlap after that. Keys whose
// time is over are dropped. Kind refused: too many are published.
func (r *Ring) Rotate(ctx context.Context) error {
	return r.change(ctx, func(keys []signingKey, now time.Time) ([]signingKey, error) {
		if from := room(counting(slices.Clone(keys), now)); !from.IsZero() {
			return nil, stead.E(stead.Refused, stead.ReasonState, "there are as many signing keys as can be published at once: newer ones can be made from %s on", from.Format(time.RFC3339))
		}
		return r.rotated(keys, now)
	})
}

func (r *Ring) rotated(keys []signingKey, now time.Time) ([]signingKey, error) {
	from := now.Add(r.Lead)
	keys = counting(keys, now)
	for i := range keys {
		if keys[i].Until.IsZero() {
			keys[i].Until = from.UTC().Add(r.Overlap)
		}
	}
	fresh, err := r.newKeys(from, algorithms)
	return append(keys, fresh...), err
}

// Replace makes a new key for each algorithm, which signs at once, and drops all before it: what they signed counts no more.
func (r *Ring) Replace(ctx context.Context) error {
	return r.change(ctx, func(_ []signingKey, now time.Time) ([]signingKey, error) { return r.newKeys(now, algorithms) })
}

// change reads the keys, and writes those that follow them, if any, before they are used. Where another node was quicker it begins
// anew: what that one did stays done.
func (r *Ring) change(ctx context.Context, next func(keys []signingKey, now time.Time) ([]signingKey, error)) error {
	r.turn.Lock()
	defer r.turn.Unlock()
	for {
		keys, sealed, err := r.read(ctx)
		if err != nil {
			return err
		}
		following, err := next(keys, r.Now())
		if err == nil && following != nil {
			keys, err = following, r.keep(ctx, sealed, following)
		}
		if stead.KindOf(err) == stead.Conflict {
			continue
		}
		if err == nil {
			r.keys.Store(&keys)
		}
		return err
	}
}

func (r *Ring) keep(ctx context.Context, was []byte, keys []signingKey) error {
	text, err := json.Marshal(keys)
	if err != nil {
		return broken("the signing keys can not be written")
	}
	sealed, err := r.Box.Seal(ringName, text)
	if err != nil {
		return err
	}
	err = stead.Because(r.Secrets.PutSecret(ctx, ringName, was, sealed), "keep the signing keys")
	if err == nil || stead.KindOf(err) == stead.Conflict {
		return err
	}
	newest := keys[len(keys)-1].ID
	switch kept, unknown := r.kept(ctx, newest); {
	case unknown != nil:
		r.doubt = append(r.doubt, newest)
		return &stead.Error{Kind: stead.Broken, Reason: stead.ReasonDoubt, Text: "it is not known whether the new signing keys were kept: look in a moment which are published", Err: err}
	case kept:
		return nil
	}
	return err
}

// kept tells whether a key is among those that are kept, and stays there.
func (r *Ring) kept(ctx context.Context, id string) (bool, error) {
	keys, sealed, err := r.read(ctx)
	if err != nil || !slices.ContainsFunc(keys, func(k signingKey) bool { return k.ID == id }) {
		return false, err
	}
	return true, r.again(ctx, sealed)
}

// again writes what is kept once more: what had not come to the disk does, and what can not be written fails.
func (r *Ring) again(ctx context.Context, sealed []byte) error {
	err := r.Secrets.PutSecret(ctx, ringName, sealed, sealed)
	if stead.KindOf(err) == stead.Conflict { // another node writes
		return nil
	}
	return err
}

// Writable tells whether new keys could be kept.
func (r *Ring) Writable(ctx context.Context) error {
	r.turn.Lock()
	defer r.turn.Unlock()
	_, sealed, err := r.read(ctx)
	if err != nil {
		return err
	}
	return stead.Because(r.again(ctx, sealed), "keep the signing keys")
}

// Doubt notes that keys stand on record, perhaps, that were not made.
func (r *Ring) Doubt() {
	r.turn.Lock()
	defer r.turn.Unlock()
	r.doubt = append(r.doubt, "")
}

// Settle finds out of what was in doubt whether it was kept, and calls undone for what was not. What fails stays in doubt.
func (r *Ring) Settle(ctx context.Context, undone func() error) error {
	r.turn.Lock()
	defer r.turn.Unlock()
	for len(r.doubt) > 0 {
		kept, err := r.kept(ctx, r.doubt[0])
		if err == nil && !kept {
			err = undone()
		}
		if err != nil {
			return err
		}
		r.doubt = r.doubt[1:]
	}
	return nil
}

// published are the keys whose time is not over.
func (r *Ring) published(now time.Time) []signingKey {
	return counting(slices.Clone(*r.keys.Load()), now)
}

func counting(keys []signingKey, now time.Time) []signingKey {
	return slices.DeleteFunc(keys, func(k signingKey) bool { return !k.Until.IsZero() && !now.Before(k.Until) })
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
	if err := secrets.PutSecret(ctx, logName, nil, sealed); err != nil {
		return nil, stead.Because(err, "keep the log key")
	}
	return ed25519.NewKeyFromSeed(seed), nil
}
