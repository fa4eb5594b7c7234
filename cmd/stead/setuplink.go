package main

import (
	"context"
	"crypto/subtle"
	"sync"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/console"
	"github.com/steadhq/stead/internal/directory"
	"github.com/steadhq/stead/internal/house"
)

// A setupLink is the one-time link that a house begins with: in a demonstration it signs in as its first person, else
// it makes the first administrator (console.Setup).
type setupLink struct {
	house  *house.House
	person devPerson // of a demonstration
	group  string    // of the first administrator
	token  string
	until  time.Time

	redeeming sync.Mutex

	mu    sync.Mutex
	spent bool
	first authority.NewPerson
}

func (l *setupLink) check(token string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
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

func (l *setupLink) spend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spent = true
}

// Demo tells whether the link signs in to a demonstration.
func (l *setupLink) Demo(_ context.Context, token string) (bool, error) {
	return l.person.Name != "", l.check(token)
}

// Redeem signs in as the first person of a demonstration.
func (l *setupLink) Redeem(ctx context.Context, token string, p authority.Presented) (authority.Signed, error) {
	if err := l.check(token); err != nil {
		return authority.Signed{}, err
	}
	l.redeeming.Lock() // one at a time: the second one finds it spent
	defer l.redeeming.Unlock()
	if err := l.check(token); err != nil {
		return authority.Signed{}, err
	}
	s, err := l.house.SignIn(ctx, authority.SignIn{Directory: l.person.Directory, Name: l.person.Name, Password: l.person.Password,
		Host: p.Host, Address: p.Address, Client: p.Client})
	if err == nil {
		l.spend()
	}
	return s, err
}

// First notes who becomes the administrator and makes the secret for his authenticator.
func (l *setupLink) First(_ context.Context, token string, p authority.NewPerson) (console.Secret, error) {
	if err := l.check(token); err != nil {
		return console.Secret{}, err
	}
	secret, err := l.house.Prover.NewSecret()
	if err != nil {
		return console.Secret{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	p.TOTP, p.Groups = secret, []string{l.group}
	l.first = p
	return console.Secret{Base32: secret, URI: directory.URI("Stead", p.Directory+"/"+p.Name, secret)}, nil
}

// Finish makes the account once a right code has shown that the secret has arrived.
func (l *setupLink) Finish(ctx context.Context, token, code string, p authority.Presented) (authority.Signed, error) {
	if err := l.check(token); err != nil {
		return authority.Signed{}, err
	}
	l.mu.Lock()
	first := l.first
	l.mu.Unlock()
	if first.Name == "" {
		return authority.Signed{}, stead.E(stead.Conflict, stead.ReasonState, "say first who becomes the administrator")
	}
	sealed, err := l.house.Prover.Seal("setup", first.TOTP)
	if err != nil {
		return authority.Signed{}, err
	}
	if _, ok := l.house.Prover.Code(&stead.Credentials{Principal: "setup", TOTP: sealed}, code, l.house.Now()); !ok {
		return authority.Signed{}, stead.E(stead.Refused, stead.ReasonSecondFactor, "this code does not fit: look at your authenticator again")
	}
	if _, err := l.house.Seed(ctx, []authority.NewPerson{first}); err != nil {
		return authority.Signed{}, err
	}
	l.spend()
	return l.house.SignIn(ctx, authority.SignIn{Directory: first.Directory, Name: first.Name, Password: first.Password, Code: code,
		Host: p.Host, Address: p.Address, Client: p.Client})
}
