// Package housetest builds a whole house for tests, benchmarks and soak runs: the real parts, a clock that is moved by
// hand, and people.
package housetest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/cedar"
	"github.com/steadhq/stead/internal/directory"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/keys"
)

// Noon is when the tests take place: a Wednesday.
var Noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// Secret is everybody's TOTP secret, Password everybody's password.
const (
	Secret   = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	Password = "correct horse"
)

// A Clock is moved by hand; wall and boot-time clock go together unless one is moved alone.
type Clock struct {
	mu   sync.Mutex
	wall time.Time
	boot time.Duration
}

// NewClock starts at Noon.
func NewClock() *Clock { return &Clock{wall: Noon, boot: time.Hour} }

func (c *Clock) Wall() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wall
}

func (c *Clock) Boot() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.boot
}

// Move lets time pass.
func (c *Clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wall, c.boot = c.wall.Add(d), c.boot+d
}

// Jump moves the wall clock alone, as somebody who sets it does.
func (c *Clock) Jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wall = c.wall.Add(d)
}

// A House is a house with its people, and the ways to open it again.
type House struct {
	*house.House
	Clock   *Clock
	Options house.Options
	People  map[string]stead.Principal // by "directory/name"
	tb      testing.TB
	steps   map[string]int64
}

// Settings are those of a shop with one application, "orders", that records the actor.
func Settings() *authority.Settings {
	return &authority.Settings{
		Apps: []stead.App{{ID: "orders", Hosts: []string{"orders.test"}, Privileged: []string{"staff/admins", "staff/security", "customers/board"},
			Aware: true, Rights: stead.LeftToApp, Realms: []stead.Realm{
				{ID: "shop", Path: "/", Acting: true},
				{ID: "admin", Path: "/admin", Level: 2},
				{ID: "sign", Path: "/sign", Acting: true, Kind: stead.SubjectOnly},
			}}},
		Roles: map[authority.Role][]string{authority.Admin: {"staff/admins"}, authority.Security: {"staff/security"},
			authority.Auditor: {"staff/security", "staff/compliance"}},
		Level: 1, Ordinary: "allow", Session: authority.Ends{Idle: 30 * time.Minute, Absolute: 12 * time.Hour},
		Terms: stead.Terms{Default: 10 * time.Minute, Max: time.Hour, Extensions: 3, StartWindow: 10 * time.Minute,
			AskWindow: time.Hour, Fresh: 5 * time.Minute, PerActor: 1},
		ArmFor: 5 * time.Minute, Warn: time.Minute, Zone: time.UTC,
	}
}

// Staff are the people of every test house.
func Staff() []authority.NewPerson {
	customer := []string{"customers"}
	return []authority.NewPerson{
		{Directory: "staff", Name: "sam", Shown: "Sam Okafor", Groups: []string{"support"}},
		{Directory: "staff", Name: "tess", Shown: "Tess Lind", Groups: []string{"support"}},
		{Directory: "staff", Name: "maya", Shown: "Maya Chen", Groups: []string{"team-lead"}},
		{Directory: "staff", Name: "omar", Shown: "Omar Haddad", Groups: []string{"security"}},
		{Directory: "staff", Name: "carla", Shown: "Carla Ruiz", Groups: []string{"security"}},
		{Directory: "staff", Name: "root", Shown: "Root", Groups: []string{"admins"}},
		{Directory: "customers", Name: "dana", Shown: "Dana Reyes", Groups: customer},
		{Directory: "customers", Name: "erin", Shown: "Erin Novak", Groups: customer},
		{Directory: "customers", Name: "sam.private", Shown: "Sam Okafor", Person: "staff/sam", Groups: customer},
		{Directory: "partners", Name: "dana", Shown: "Dana Whitfield", Groups: []string{"partners"}},
	}
}

// New builds a house with the default policy in a directory of its own; change, where given, is told the options first.
func New(tb testing.TB, change ...func(*house.Options)) *House {
	tb.Helper()
	return NewOf(tb, Staff(), change...)
}

// NewOf builds a house of these people. They come from the operator: none of them has another in hand.
func NewOf(tb testing.TB, staff []authority.NewPerson, change ...func(*house.Options)) *House {
	tb.Helper()
	clock := NewClock()
	o := house.Options{
		Dir: filepath.Join(tb.TempDir(), "store"), Settings: Settings(), Files: cedar.Default(), Wall: clock.Wall, Boot: clock.Boot,
		Rand: rand.Reader, LogKey: ed25519.NewKeyFromSeed(make([]byte, 32)), Origin: "stead.test/log", CodeKey: make([]byte, 32),
		Cost: directory.Cost{KiB: 8, Passes: 1, Lanes: 1}, Patience: 10 * time.Second, Alarm: func(s string) { tb.Log("alarm: " + s) },
	}
	var err error
	if o.Master, err = keys.ParseMaster(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))); err != nil {
		tb.Fatal(err)
	}
	for _, f := range change {
		f(&o)
	}
	if o.DSN != "" {
		o.Dir = ""
	}
	if o.DSN != "" && o.Skew == nil {
		o.Skew = func() time.Duration { return 0 } // the database's clock is no test's
	}
	h := &House{Clock: clock, Options: o, tb: tb, People: map[string]stead.Principal{}, steps: map[string]int64{}}
	h.Open()
	tb.Cleanup(func() { h.Shut() })
	for i := range staff {
		staff[i].Password, staff[i].TOTP = Password, Secret
	}
	made, err := h.Seed(tb.Context(), staff)
	if err != nil {
		tb.Fatal(err)
	}
	for _, p := range made {
		h.People[p.Directory+"/"+p.Name] = p
	}
	return h
}

// Beside opens another node of a house on the same database, with the same clock and people.
func (h *House) Beside() *House {
	h.tb.Helper()
	return h.BesideAt(h.Clock, h.Options.Skew)
}

// BesideAt opens another node with a clock of its own, which is ahead of the database's as skew tells.
func (h *House) BesideAt(c *Clock, skew func() time.Duration) *House {
	h.tb.Helper()
	o := h.Options
	o.Node, o.Wall, o.Boot, o.Skew = o.Node+"+", c.Wall, c.Boot, skew
	other := &House{Clock: c, Options: o, tb: h.tb, People: h.People, steps: h.steps}
	other.Open()
	h.tb.Cleanup(other.Shut)
	return other
}

// Open opens the house again after Shut.
func (h *House) Open() {
	h.tb.Helper()
	in, err := house.Open(context.Background(), h.Options)
	if err != nil {
		h.tb.Fatal(err)
	}
	h.House = in
}

// Shut closes the house.
func (h *House) Shut() {
	h.tb.Helper()
	if h.House == nil {
		return
	}
	if err := h.Close(context.Background()); err != nil {
		h.tb.Errorf("close the house: %v", err)
	}
	h.House = nil
}

// Login signs somebody in with his password, at a host.
func (h *House) Login(who, host string) authority.By {
	h.tb.Helper()
	p := h.People[who]
	in, err := h.SignIn(h.tb.Context(), authority.SignIn{Directory: p.Directory, Name: p.Name, Password: Password, Host: host,
		Address: "127.0.0.1", Client: "test"})
	if err != nil {
		h.tb.Fatalf("sign in %s: %v", who, err)
	}
	return in.By
}

// Code gives a code of somebody that he has not used yet; time passes when he has used this step's.
func (h *House) Code(who string) string {
	h.tb.Helper()
	for h.Clock.Wall().Unix()/30 <= h.steps[who] {
		h.Clock.Move(30 * time.Second)
	}
	h.steps[who] = h.Clock.Wall().Unix() / 30
	code, err := totp.GenerateCode(Secret, h.Clock.Wall())
	if err != nil {
		h.tb.Fatal(err)
	}
	return code
}

// Act arms, asks and starts: sam for dana, say.
func (h *House) Act(by authority.By, who, whom string, mode stead.Mode) (stead.Mandate, error) {
	h.tb.Helper()
	ctx := h.tb.Context()
	if _, err := h.Arm(ctx, by, h.Code(who)); err != nil {
		return stead.Mandate{}, fmt.Errorf("arm: %w", err)
	}
	m, err := h.Ask(ctx, by, authority.Ask{Subject: h.People[whom].ID, App: "orders", Mode: mode,
		Purpose: stead.Purpose{Reason: "wrong total", Ticket: "SUP-4711"}})
	if err != nil {
		return m, fmt.Errorf("ask: %w", err)
	}
	if m.State == stead.Asked {
		return m, nil
	}
	return h.Start(ctx, by, m.ID, "")
}

// Question asks to do something in the shop under a mandate, or as oneself when m is the zero Mandate.
func (h *House) Question(by authority.By, m stead.Mandate, action stead.Action, path string) stead.Question {
	q := stead.Question{Session: by.Session, Actor: by.Principal, Subject: by.Principal, Action: action, Activity: true,
		Resource: stead.Resource{App: "orders", Realm: "shop", Path: path, Rule: "test"},
		Context:  stead.Context{Method: "GET", URL: path, Address: by.Address}}
	if m.ID != "" {
		q.Subject, q.Mandate = m.Subject, m.ID
	}
	return q
}

// Kinds lists the kinds of the last n events, oldest first, once the projection has followed.
func (h *House) Kinds(n int) []string {
	h.tb.Helper()
	if err := h.Store.Settled(h.tb.Context(), h.Store.Head().Size); err != nil {
		h.tb.Fatal(err)
	}
	found, err := h.Store.Events(h.tb.Context(), authority.EventQuery{Limit: n, Newest: true})
	if err != nil {
		h.tb.Fatal(err)
	}
	kinds := make([]string, len(found))
	for i, e := range found {
		kinds[len(found)-1-i] = string(e.Kind)
	}
	return kinds
}
