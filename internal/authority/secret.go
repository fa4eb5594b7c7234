package authority

import (
	"context"
	"crypto/subtle"
	"time"

	"github.com/steadhq/stead"
)

// secretKey marks, in By.Key, who proved a client secret instead of a key: no thumbprint looks like that.
const secretKey = "secret:"

// MakeSecret gives an agent a client secret, for what cannot hold a key; the one before counts no more, and what was enrolled
// with it ends. It is shown once: its hash alone is kept. By who answers for it, or admins. Errors: refused, missing.
func (a *Authority) MakeSecret(ctx context.Context, by By, id stead.PrincipalID) (string, error) {
	secret := a.NewID("sts_") + a.NewID("") // 256 bits
	err := a.run(ctx, attempt{verb: "secret.make", by: by, subject: id}, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := a.equips(s, by, id, now); err != nil {
			return nil, err
		}
		c := renewed(s, *s.Principal(id), stead.Credentials{})
		c.Client = sum(secret)
		over, err := unproved(s, *s.Agent(id), c.Client, now)
		made := stead.Change{Event: stead.Event{Kind: "secret.made"}, Records: append([]stead.Record{c}, equipping(s, id, by)...)}
		return append([]stead.Change{made}, over...), err
	})
	return done(&secret, err)
}

// equips tells whether the caller may give an agent what it proves itself with.
func (a *Authority) equips(s *State, by By, id stead.PrincipalID, now time.Time) error {
	r := s.Agent(id)
	if r != nil && r.Owner == by.Principal {
		_, err := own(s, by, now)
		return err
	}
	if err := a.may(s, by, now, Admin); err != nil {
		return err
	}
	if r == nil {
		return stead.E(stead.Missing, stead.ReasonNotYours, "there is no such agent")
	}
	return nil
}

// equipping is the registration of an agent once the caller has given it what it proves itself with, where that changes it.
func equipping(s *State, id stead.PrincipalID, by By) []stead.Record {
	old := *s.Agent(id)
	r := old.EquippedBy(by.Principal)
	if len(r.Equipped) == len(old.Equipped) {
		return nil
	}
	r.Version++
	return []stead.Record{r}
}

// A PresentedSecret is what a client shows that cannot hold a key.
type PresentedSecret struct {
	Agent   string // name or id
	Secret  string
	Address string
}

// PresentSecret tells whose client secret it is. What comes of it can do what the agent's own key can. Errors: refused,
// with sign-in, disabled, suspended or ownerless.
func (a *Authority) PresentSecret(p PresentedSecret) (By, error) {
	by := By{Host: "api", Key: secretKey + sum(p.Secret), Address: p.Address}
	no := error(stead.E(stead.Refused, stead.ReasonSignIn, "no client has that secret"))
	a.Store.View().Read(func(s *State) {
		who := s.client(p.Agent)
		if who == nil {
			return
		}
		by.Principal = who.ID
		if s.shares(by) { // who has not proved it learns nothing of the agent
			no = working(s, by, a.Now())
		}
	})
	if no != nil {
		return By{}, no
	}
	return by, nil
}

// client finds an agent by its name or id.
func (s *State) client(name string) *stead.Principal {
	who := s.Named(stead.Agents, name)
	if who == nil {
		who = s.Principal(stead.PrincipalID(name))
	}
	if who == nil || who.Kind != stead.Agent {
		return nil
	}
	return who
}

// shares tells whether the caller proved the client secret that the agent has now.
func (s *State) shares(by By) bool {
	c := s.Credentials(by.Principal)
	return c != nil && c.Client != "" && subtle.ConstantTimeCompare([]byte(by.Key), []byte(secretKey+c.Client)) == 1
}

// Client tells what is registered of an agent, by its name or id; false: there is none.
func (a *Authority) Client(name string) (r stead.Registration, found bool) {
	a.Store.View().Read(func(s *State) {
		if who := s.client(name); who != nil && s.Agent(who.ID) != nil {
			r, found = *s.Agent(who.ID), true
		}
	})
	return r, found
}
