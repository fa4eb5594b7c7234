package e2e

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/ledger"
	"github.com/steadhq/stead/internal/store"
)

// start is when the tests take place.
var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// A home is one Stead: the real store in a directory, and an authority whose clock, ids and proofs the test holds.
type home struct {
	*authority.Authority
	store    *store.Store
	dir      string
	seconds  int64 // since start
	skew     int64 // of the wall clock, in seconds
	ids      atomic.Int64
	code     int64 // the last one given out
	alarms   []string
	sealer   *keys.Sealer
	settings authority.Settings
	policy   *policy
}

func newHome(dir string, set authority.Settings) (*home, error) {
	master, err := keys.ParseMaster("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
	if err != nil {
		return nil, err
	}
	h := &home{dir: dir, settings: set, policy: &policy{}}
	if h.sealer, err = keys.NewSealer(master, rand.Reader); err != nil {
		return nil, err
	}
	return h, h.open()
}

func (h *home) wall() time.Time {
	return start.Add(time.Duration(h.seconds+h.skew) * time.Second)
}

func (h *home) open() error {
	log, err := newLog()
	if err != nil {
		return err
	}
	h.store, err = store.Open(context.Background(), store.Options{Dir: h.dir, Now: h.wall, Log: log, Sealer: h.sealer, Patience: time.Minute})
	if err != nil {
		return err
	}
	boot := func() time.Duration { return time.Duration(h.seconds) * time.Second }
	h.Authority = &authority.Authority{Store: h.store, Policy: h.policy, Prover: prover{}, Settings: &h.settings,
		Clock: authority.NewClock(h.wall, boot, h.store.HighWater()), CodeKey: make([]byte, 32),
		Alarm: func(s string) { h.alarms = append(h.alarms, s) },
		NewID: func(prefix string) string { return fmt.Sprintf("%s%026d", prefix, h.ids.Add(1)) }}
	return h.Open(context.Background())
}

func (h *home) close() error {
	if err := h.Close(context.Background()); err != nil {
		return err
	}
	return h.store.Close()
}

// fresh gives a code that was never given before, and lets the time pass that guessing costs.
func (h *home) fresh() string {
	h.seconds += 31
	h.code++
	return strconv.FormatInt(h.code, 10)
}

// prover proves without the cost of argon2: the password is "right", codes are numbers that are their own time step.
type prover struct{}

func (prover) Password(c *stead.Credentials, password string) bool {
	return c != nil && c.Password == password
}
func (prover) Hash(password string) (string, error)                  { return password, nil }
func (prover) Seal(_ stead.PrincipalID, totp string) (string, error) { return totp, nil }
func (prover) Code(c *stead.Credentials, code string, _ time.Time) (int64, bool) {
	n, err := strconv.ParseInt(code, 10, 64)
	return n, err == nil && c != nil && c.TOTP != "" && n > 0
}

// policy lets support act for customers; two humans of security must agree before somebody edits.
type policy struct{ changed string }

func (p *policy) Judge(bundle string, c authority.Case) stead.Verdict {
	v := stead.Verdict{Policy: bundle, Rules: []stead.RuleRef{{ID: "support", Hash: p.changed}}}
	if c.Action != stead.ActionAct && c.Capacity == authority.Self {
		v.Allow = true
		return v
	}
	v.Allow = c.Principal.In("support") && c.Subject.In("customer")
	if c.Action == stead.ActionAct {
		v.Obligations.Requires = []string{"second-factor"}
		if c.Mode == stead.Edit {
			v.Obligations.Approvals = []stead.Stage{{Groups: []string{"staff/security"}, Count: 2}}
		}
	}
	return v
}

func (*policy) Check(files map[string]string) (string, error) {
	if files["x.cedar"] == "bad" {
		return "", stead.E(stead.Invalid, stead.ReasonRequest, "x.cedar:1: this is no policy")
	}
	return fmt.Sprintf("%x", files), nil
}

func (*policy) Why(string, authority.Case) (authority.Explanation, error) {
	return authority.Explanation{}, nil
}

// A merkleLog gives the ledger to the store, as cmd does.
type merkleLog struct {
	signer   *ledger.Signer
	verifier note.Verifier
}

func newLog() (merkleLog, error) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	signer, err := ledger.NewSigner("stead.test/log", key)
	if err != nil {
		return merkleLog{}, err
	}
	text, err := ledger.VerifierKey("stead.test/log", key.Public().(ed25519.PublicKey))
	if err != nil {
		return merkleLog{}, err
	}
	v, err := ledger.Verifier(text)
	return merkleLog{signer, v}, err
}

func (l merkleLog) Leaf(event []byte) stead.Hash             { return ledger.LeafHash(event) }
func (l merkleLog) Sign(size uint64, root stead.Hash) []byte { return l.signer.Sign(size, root) }
func (l merkleLog) Open(n []byte) (stead.Head, error)        { return ledger.Open(n, l.verifier) }
func (l merkleLog) Restore(ctx context.Context, from store.Source, size uint64) (store.Tree, error) {
	edge, err := ledger.Restore(ctx, from, size)
	return merkleTree{edge}, err
}

type merkleTree struct{ ledger.Edge }

func (t merkleTree) Grow(leaves []stead.Hash) ([]store.Tile, store.Tree) {
	full, edge, _ := ledger.Integrate(t.Edge, leaves)
	tiles := make([]store.Tile, 0, len(full))
	for _, f := range full {
		tiles = append(tiles, store.Tile(f))
	}
	return tiles, merkleTree{edge}
}

// A still is everything a view holds, to be compared.
type still struct {
	People      map[stead.PrincipalID]stead.Principal
	Credentials map[stead.PrincipalID]stead.Credentials
	Sessions    map[stead.SessionID]stead.Session
	Seen        map[stead.SessionID]time.Time
	Mandates    map[stead.MandateID]stead.Mandate
	Acted       map[stead.MandateID]time.Time
	Hanging     map[stead.SessionID][]stead.MandateID
	Codes       map[stead.PrincipalID]int64
}

func (h *home) still() still {
	s := still{map[stead.PrincipalID]stead.Principal{}, map[stead.PrincipalID]stead.Credentials{}, map[stead.SessionID]stead.Session{},
		map[stead.SessionID]time.Time{}, map[stead.MandateID]stead.Mandate{}, map[stead.MandateID]time.Time{},
		map[stead.SessionID][]stead.MandateID{}, map[stead.PrincipalID]int64{}}
	h.store.View().Read(func(v *authority.State) {
		v.Principals(func(p *stead.Principal) {
			s.People[p.ID] = *p
			s.Codes[p.ID] = v.Count("totp/" + string(p.ID))
			if c := v.Credentials(p.ID); c != nil {
				s.Credentials[p.ID] = *c
			}
		})
		v.Sessions(func(e *stead.Session) {
			s.Sessions[e.ID], s.Seen[e.ID] = *e, v.Seen(e.ID).UTC()
			s.Hanging[e.ID] = slices.Sorted(slices.Values(v.MandatesOf(e.ID)))
		})
		v.Mandates(func(m *stead.Mandate) {
			s.Mandates[m.ID] = *m
			if h.Now().Before(m.StartedAt.Add(m.Bounds.Longest())) { // after that nobody asks
				s.Acted[m.ID] = v.Acted(m.ID).UTC()
			}
		})
	})
	return s
}
