package e2e

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/store"
)

// start is when the tests take place.
var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// A home is one Stead: the real store, and an authority whose clock, ids and proofs the test holds. On a database it has
// two nodes, which take turns.
type home struct {
	*authority.Authority
	store    *store.Store
	nodes    []node
	at       string       // a directory, or the DSN of a database
	seconds  atomic.Int64 // since start; the house looks at the clock whenever it likes
	skew     atomic.Int64 // of the wall clock, in seconds
	ids      atomic.Int64
	code     int64 // the last one given out
	alarms   []string
	sealer   *keys.Sealer
	settings authority.Settings
	policy   *policy
}

type node struct {
	store *store.Store
	*authority.Authority
}

func newHome(at string, set authority.Settings) (*home, error) {
	master, err := keys.ParseMaster("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
	if err != nil {
		return nil, err
	}
	h := &home{at: at, settings: set, policy: &policy{}}
	if h.sealer, err = keys.NewSealer(master, rand.Reader); err != nil {
		return nil, err
	}
	return h, h.open()
}

func (h *home) wall() time.Time {
	return start.Add(time.Duration(h.seconds.Load()+h.skew.Load()) * time.Second)
}

func (h *home) open() error {
	log, err := house.NewMerkle("stead.test/log", ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		return err
	}
	o := store.Options{Dir: h.at, Now: h.wall, Log: log, Sealer: h.sealer, Patience: time.Minute}
	count := 1
	if strings.HasPrefix(h.at, "postgres:") {
		o.Dir, o.DSN, count = "", h.at, 2
	}
	h.nodes = nil
	var clock *authority.Clock
	for n := range count {
		s, err := store.Open(context.Background(), o)
		if err != nil {
			return err
		}
		if clock == nil {
			boot := func() time.Duration { return time.Duration(h.seconds.Load()) * time.Second }
			clock = authority.NewClock(h.wall, boot, s.HighWater())
		}
		h.nodes = append(h.nodes, node{s, &authority.Authority{Store: s, Policy: h.policy, Prover: prover{}, Settings: &h.settings,
			Clock: clock, CodeKey: make([]byte, 32), Node: strings.Repeat("+", n),
			Alarm: func(s string) { h.alarms = append(h.alarms, s) },
			NewID: func(prefix string) string { return fmt.Sprintf("%s%026d", prefix, h.ids.Add(1)) }}})
		if err := h.nodes[n].Open(context.Background()); err != nil {
			return err
		}
	}
	return h.turn()
}

// turn goes to the other node, which then knows what was written at this one.
func (h *home) turn() error {
	h.nodes = append(h.nodes[1:], h.nodes[0])
	h.store, h.Authority = h.nodes[0].store, h.nodes[0].Authority
	return h.store.Latest(context.Background())
}

func (h *home) close() error {
	for _, n := range h.nodes {
		if err := errors.Join(n.Close(context.Background()), n.store.Close()); err != nil {
			return err
		}
	}
	return nil
}

// fresh gives a code that was never given before, and lets the time pass that guessing costs.
func (h *home) fresh() string {
	h.seconds.Add(31)
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

func (*policy) LetsAct(_ string, p *stead.Principal) bool { return p.In("support") }

func (*policy) Actions(string) []string { return nil }

func (*policy) Check(files map[string]string) (string, error) {
	if files["x.cedar"] == "bad" {
		return "", stead.E(stead.Invalid, stead.ReasonRequest, "x.cedar:1: this is no policy")
	}
	return fmt.Sprintf("%x", files), nil
}

func (*policy) Why(string, authority.Case, authority.Reader) (authority.Explanation, error) {
	return authority.Explanation{}, nil
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
			s.Sessions[e.ID] = *e
			if h.Now().Before(e.Until) { // after that nobody asks
				s.Seen[e.ID] = v.Seen(e.ID).UTC()
			}
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
