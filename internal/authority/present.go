package authority

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/steadhq/stead"
)

// Presented is a pass, or a one-time code, as a client shows it at a host.
type Presented struct {
	Secret  string
	Host    string // "api" for bearer tokens
	Client  string
	Address string
}

// Present tells who shows a pass. It reads the view only, of a pass that is not known there the newest. Errors: refused, with sign-in, session-idle, session-over,
// disabled or other-client; the last is recorded.
func (a *Authority) Present(ctx context.Context, p Presented) (By, error) {
	by := By{Host: p.Host, Address: p.Address, Client: p.Client}
	now := a.Now()
	var no error
	hash := sum(p.Secret)
	read := func() { a.Store.View().Read(func(s *State) { by, no = present(s, p, hash, by, now) }) }
	if read(); stead.ReasonOf(no) == stead.ReasonSignIn && p.Secret != "" {
		if err := a.Store.Latest(ctx); err != nil { // another node may have given the pass just now
			return By{}, err
		}
		read()
	}
	if stead.ReasonOf(no) != stead.ReasonOtherClient {
		return by, no
	}
	return By{}, a.run(ctx, attempt{verb: "session.present", by: by}, func(*State, time.Time) ([]stead.Change, error) {
		return nil, no
	})
}

func present(s *State, p Presented, hash string, by By, now time.Time) (By, error) {
	e := s.PassedSession(hash)
	if p.Secret == "" || e == nil {
		return by, stead.E(stead.Refused, stead.ReasonSignIn, "sign in first")
	}
	for _, pass := range e.Passes {
		if pass.Hash == hash && pass.Host != p.Host {
			return by, stead.E(stead.Refused, stead.ReasonSignIn, "sign in first")
		}
		if pass.Hash == hash && pass.Client != p.Client {
			by.Session, by.Principal = e.ID, e.Principal
			return by, stead.E(stead.Refused, stead.ReasonOtherClient, "this sign-in belongs to another browser or program: sign in here")
		}
	}
	if r := e.Over(now, s.Seen(e.ID)); r != stead.ReasonNone {
		return by, stead.E(stead.Refused, r, "your session is over: sign in again")
	}
	if w := s.Principal(e.Principal); w == nil || !w.Active() {
		return by, stead.E(stead.Refused, stead.ReasonDisabled, "your account is closed")
	}
	by.Session, by.Principal = e.ID, e.Principal
	return by, nil
}

func sum(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(h[:])
}
