package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
)

// A devPerson is somebody of the demonstration, with everything needed to be him.
type devPerson struct {
	ID        stead.PrincipalID `json:"id"`
	Directory string            `json:"directory"`
	Name      string            `json:"name"`
	Password  string            `json:"password"`
	TOTP      string            `json:"totp_secret"`
	Groups    []string          `json:"groups"`
	shown     string
	about     string
}

// cast is who plays in the demonstration. Sam comes first: the setup link signs in as him.
func cast() []authority.NewPerson {
	customer := []string{"customers"}
	return []authority.NewPerson{
		{Directory: "staff", Name: "sam", Shown: "Sam Okafor", Groups: []string{"support"}},
		{Directory: "staff", Name: "maya", Shown: "Maya Chen", Groups: []string{"team-lead"}},
		{Directory: "staff", Name: "omar", Shown: "Omar Haddad", Groups: []string{"security"}},
		{Directory: "staff", Name: "carla", Shown: "Carla Ruiz", Groups: []string{"compliance", "security"}},
		{Directory: "staff", Name: "ida", Shown: "Ida Bergman", Groups: []string{"ai-operations"}},
		{Directory: "staff", Name: "tess", Shown: "Tess Lind", Groups: []string{"testers"}},
		{Directory: "staff", Name: "root", Shown: "Root Admin", Groups: []string{"admins"}},
		{Directory: "customers", Name: "dana", Shown: "Dana Reyes", Groups: customer, Attributes: map[string]string{"city": "Lisbon"}},
		{Directory: "customers", Name: "erin", Shown: "Erin Novak", Groups: customer, Attributes: map[string]string{"vip": "true"}},
		{Directory: "customers", Name: "farid", Shown: "Farid Aziz", Groups: customer, Attributes: map[string]string{"acting": "refused"}},
		{Directory: "customers", Name: "sam.okafor", Shown: "Sam Okafor", Groups: customer, Person: "staff/sam"},
		{Directory: "partners", Name: "dana", Shown: "Dana Whitfield", Groups: []string{"partners"}},
	}
}

var abouts = map[string]string{
	"staff/sam": "support: acts for customers", "staff/maya": "team lead: agrees to editing", "staff/omar": "security: agrees, revokes, reads the trail",
	"staff/ida": "AI operations: agrees to agents", "staff/carla": "compliance and security: reads the trail", "staff/tess": "tester: half an hour at a time", "staff/root": "administrator: never acted for",
	"customers/dana": "customer", "customers/erin": "customer, VIP: security must agree", "customers/farid": "customer who refuses to be acted for",
	"customers/sam.okafor": "Sam's own customer account", "partners/dana": "another Dana: nobody is guessed",
}

// enrolDemo adds the cast to a store that is empty. Passwords and secrets come from the key of this demonstration, so
// that a kept one can be opened again.
func enrolDemo(ctx context.Context, h *house.House, key []byte) ([]devPerson, error) {
	people := cast()
	var all []devPerson
	for i := range people {
		p := &people[i]
		p.Password, p.TOTP = derived(key, "password", p)[:16], derived(key, "totp", p)[:32]
		p.Password = strings.ToLower(p.Password)
		all = append(all, devPerson{Directory: p.Directory, Name: p.Name, Password: p.Password, TOTP: p.TOTP, Groups: p.Groups,
			shown: p.Shown, about: abouts[p.Directory+"/"+p.Name]})
	}
	if h.Empty() {
		if _, err := h.Seed(ctx, people); err != nil && stead.ReasonOf(err) != stead.ReasonExists { // another has been quicker
			return nil, err
		}
	}
	h.Store.View().Read(func(s *authority.State) {
		for i := range all {
			if p := s.Named(all[i].Directory, all[i].Name); p != nil {
				all[i].ID = p.ID
			}
		}
	})
	return all, nil
}

func derived(key []byte, what string, p *authority.NewPerson) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("stead dev\n" + what + "\n" + p.Directory + "\n" + p.Name))
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil))
}
