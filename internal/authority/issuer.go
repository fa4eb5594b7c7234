package authority

import (
	"slices"
	"strings"

	"github.com/steadhq/stead"
)

// An Issuer is another house whose letters count here.
type Issuer struct {
	Issuer string
	Agents []string // names of the agents that may show them
	People []Alias  // who its subjects are here
	Level  int      // protection level that its word on a sign-in counts for; 0: 1
}

// An Alias says who a subject of another house is here. Where both end in * the rest of the one is the rest of the other.
type Alias struct {
	Subject string // "person:staff/dana", "person:staff/*"
	Account string // "customers/dana", "customers/*"
}

// issuer finds a house whose letters count; nil is none.
func (s *Settings) issuer(name string) *Issuer {
	for i := range s.Issuers {
		if s.Issuers[i].Issuer == name {
			return &s.Issuers[i]
		}
	}
	return nil
}

func (s *Settings) trusted() (all []string) {
	for _, i := range s.Issuers {
		all = append(all, i.Issuer)
	}
	return all
}

// person is who a subject of the issuer's is here: exactly one, letter by letter; nil is nobody.
func (i *Issuer) person(s *State, subject string) *stead.Principal {
	at := slices.IndexFunc(i.People, func(a Alias) bool { return a.Subject == subject && !strings.HasSuffix(a.Subject, "*") })
	if at >= 0 {
		return s.accountAt(i.People[at].Account)
	}
	for _, a := range i.People {
		prefix, open := strings.CutSuffix(a.Subject, "*")
		rest, fits := strings.CutPrefix(subject, prefix)
		account, both := strings.CutSuffix(a.Account, "*")
		if open && both && fits && rest != "" && !strings.ContainsAny(rest, "/*") {
			return s.accountAt(account + rest)
		}
	}
	return nil
}

func (s *State) accountAt(text string) *stead.Principal {
	directory, account, _ := strings.Cut(text, "/")
	if p := s.Named(directory, account); p != nil && p.Kind == stead.Person {
		return p
	}
	return nil
}
