// Package house puts the parts together: the only place that names adapters. The server, the tests, the benchmarks and
// the soak runs all live in the same house, so that what is tested is what runs.
package house

import (
	"context"
	"crypto/ed25519"
	"encoding/base32"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/cedar"
	"github.com/steadhq/stead/internal/directory"
	"github.com/steadhq/stead/internal/health"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/ledger"
	"github.com/steadhq/stead/internal/notices"
	"github.com/steadhq/stead/internal/store"
	"github.com/steadhq/stead/internal/tokens"
)

// Options are what a house is built from. Dir, Settings, Wall, Boot, Rand, LogKey and CodeKey are needed.
type Options struct {
	Dir      string // of the store
	DSN      string // of a PostgreSQL database, instead of Dir
	Node     string // which of the nodes on that database this is
	Mirror   string // file outside of Dir that keeps the last signed head; "" keeps none
	Accept   bool   // open although the store is behind its mirror; every right ends then
	VFS      string // the SQLite VFS; "" = the machine's own
	Patience time.Duration
	Settings *authority.Settings
	Files    map[string]string // the first policy of an empty store
	Wall     func() time.Time
	Boot     func() time.Duration
	Skew     func() time.Duration // how far Wall is ahead of the database's clock; nil = measured
	Movable  bool                 // stead dev: a clock that was moved ahead stays ahead
	Rand     io.Reader
	Master   keys.Master
	LogKey   ed25519.PrivateKey
	Origin   string // name of the log
	CodeKey  []byte // 32 bytes
	KeyFile  string // where the public key of the log is written, for whoever verifies offline; "" is nowhere
	Cost     directory.Cost
	AtOnce   int // passwords checked at once; 0 = 2
	Alarm    func(string)
	Systems  []System
	Notices  Notices
}

// A House is everything behind the doors.
type House struct {
	*authority.Authority
	Store    *store.Store
	Cedar    *cedar.Keeper
	Prover   *directory.Prover
	Box      *keys.Box
	Verifier string // public key of the log, in the text form of a note verifier

	origin  string
	log     Merkle
	metrics *health.Metrics
	unheard *unheard
	used    tokens.Once // proofs and assertions, which count once
	leaving leaving
	systems *systems
	notices Notices
	outbox  *notices.Outbox                     // nil before there are doors
	reading reading                             // how far the record was verified
	makings makings                             // reports that take their time
	renewal renewal                             // of the signing keys
	ruling  atomic.Pointer[authority.Authority] // under the settings in force; nil: the first
}

// Open builds a house and loads what it holds. Errors: those of the store; invalid policy.
func Open(ctx context.Context, o Options) (*House, error) {
	h := &House{Cedar: cedar.New(), origin: o.Origin, leaving: leaving{over: make(chan struct{})}}
	var err error
	if h.Verifier, err = ledger.VerifierKey(o.Origin, o.LogKey.Public().(ed25519.PublicKey)); err != nil {
		return nil, err
	}
	if h.Box, err = keys.NewBox(o.Master, o.Rand); err != nil {
		return nil, err
	}
	if h.Prover, err = directory.NewProver(h.Box, o.Rand, o.Cost, max(o.AtOnce, 2)); err != nil {
		return nil, err
	}
	if h.log, err = NewMerkle(o.Origin, o.LogKey); err != nil {
		return nil, err
	}
	if h.Store, err = openStore(ctx, o, h.log); err != nil {
		return nil, err
	}
	h.Authority = &authority.Authority{
		Store: h.Store, Policy: h.Cedar, Prover: h.Prover, Settings: o.Settings, Node: o.Node, CodeKey: o.CodeKey, Alarm: o.Alarm,
		Clock: clock(o, h.Store), NewID: ids(o.Rand),
	}
	h.systems = newSystems(h, o)
	h.used.Now, h.notices = h.Now, o.Notices
	return h, h.begin(ctx, o)
}

func clock(o Options, s *store.Store) *authority.Clock {
	highest := s.HighWater()
	if ahead := highest.Sub(o.Wall()); o.Movable && ahead > 0 {
		c := authority.NewClock(o.Wall, o.Boot, time.Time{})
		c.Advance(ahead)
		return c
	}
	if o.DSN == "" {
		return authority.NewClock(o.Wall, o.Boot, highest)
	}
	c := authority.NewClock(o.Wall, o.Boot, time.Time{})
	if o.Skew == nil {
		o.Skew = s.Skew
	}
	c.Among(s.HighWater, o.Skew)
	return c
}

func openStore(ctx context.Context, o Options, log Merkle) (*store.Store, error) {
	sealer, err := keys.NewSealer(o.Master, o.Rand)
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, store.Options{Dir: o.Dir, DSN: o.DSN, Node: o.Node, Mirror: o.Mirror, Accept: o.Accept, VFS: o.VFS, Now: o.Wall,
		Patience: o.Patience, Log: log, Sealer: sealer, Rand: o.Rand})
}

// begin readies policy and authority; what fails closes the store again.
func (h *House) begin(ctx context.Context, o Options) error {
	err := h.publish(o.KeyFile)
	if err == nil {
		err = h.Compile()
	}
	if err == nil {
		err = h.Store.Settled(ctx, h.Store.Head().Size)
	}
	if err == nil {
		err = h.Recover(ctx)
	}
	if err == nil {
		err = h.Authority.Open(ctx)
	}
	if err == nil && h.Store.Restored() {
		if err = h.EndAll(ctx); err == nil {
			err = h.Store.Reconciled()
		}
	}
	if err == nil && len(o.Files) > 0 && h.PolicyDigest() == "" {
		if err = h.Found(ctx, o.Files); stead.ReasonOf(err) == stead.ReasonExists {
			err = nil // another node began at the same moment
		}
	}
	if err != nil {
		return errors.Join(err, h.Store.Close())
	}
	return nil
}

// publish writes the public key of the log beside the store.
func (h *House) publish(file string) error {
	if file == "" {
		return nil
	}
	return stead.Because(writeWhole(file, []byte(h.Verifier+"\n")), "write the public key of the log")
}

// PolicyDigest is the digest of the policy in force, "" when there is none.
func (h *House) PolicyDigest() (digest string) {
	h.Store.View().Read(func(s *authority.State) { digest = s.PolicyDigest() })
	return digest
}

// Close writes what is still to be written and closes the store.
func (h *House) Close(ctx context.Context) error {
	return errors.Join(h.Authority.Close(ctx), h.Store.Close())
}

// ids makes ids of 128 random bits in lower-case base32.
func ids(random io.Reader) func(string) string {
	text := base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
	return func(prefix string) string {
		var b [16]byte
		if _, err := io.ReadFull(random, b[:]); err != nil {
			panic("no randomness is left: " + err.Error()) // an id that can be guessed must never be
		}
		var room [48]byte
		id := text.AppendEncode(append(room[:0], prefix...), b[:])
		return string(id)
	}
}
