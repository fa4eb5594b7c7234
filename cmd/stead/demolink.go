package main

import (
	"context"
	"crypto/subtle"
	"sync"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/console"
	"github.com/steadhq/stead/internal/house"
)

// A demoLink is the one-time link of a demonstration: it signs in as its first person (console.Setup).
type demoLink struct {
	house  *house.House
	person devPerson
	token  string
	until  time.Time

	mu    sync.Mutex // one at a time: the second one finds it spent
	spent bool
}

func (l *demoLink) check(token string) error {
	switch {
	case subtle.ConstantTimeCompare([]byte(token), []byte(l.token)) != 1:
		return stead.E(stead.Refused, stead.ReasonBadProof, "this is not the setup link of this server")
	case l.spent:
		return stead.E(stead.Conflict, stead.ReasonUsed, "this link was used already: sign in")
	case !l.house.Now().Before(l.until):
		return stead.E(stead.Expired, stead.ReasonExpired, "this link is too old: restart the server for a new one")
	}
	return nil
}

// Demo says that this is a demonstration.
func (l *demoLink) Demo(_ context.Context, token string) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return true, l.check(token)
}

// Redeem signs in as the first person.
func (l *demoLink) Redeem(ctx context.Context, token string, p authority.Presented) (authority.Signed, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.check(token); err != nil {
		return authority.Signed{}, err
	}
	s, err := l.house.SignIn(ctx, authority.SignIn{Directory: l.person.Directory, Name: l.person.Name, Password: l.person.Password,
		Host: p.Host, Address: p.Address, Client: p.Client})
	l.spent = err == nil
	return s, err
}

// First and Finish are no demonstration's.
func (l *demoLink) First(context.Context, string, authority.NewPerson) (console.Secret, error) {
	return console.Secret{}, peopled()
}

func (l *demoLink) Finish(context.Context, string, string, authority.Presented) (authority.Signed, error) {
	return authority.Signed{}, peopled()
}

func peopled() error {
	return stead.E(stead.Refused, stead.ReasonExists, "there are people already: an admin adds more")
}
