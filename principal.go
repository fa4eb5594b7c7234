package stead

import "slices"

// PrincipalKind tells people from machines. They differ in fields, never in rules.
type PrincipalKind string

const (
	Person  PrincipalKind = "person"
	Agent   PrincipalKind = "agent"
	Service PrincipalKind = "service"
)

// A Principal is somebody who may be asked about: a person, an agent or a service.
type Principal struct {
	ID         PrincipalID       `json:"id"`
	Version    uint64            `json:"version"`
	Kind       PrincipalKind     `json:"kind"`
	Directory  string            `json:"directory"` // where it authenticates: "staff"
	Name       string            `json:"name"`      // unique in its directory: "sam"
	Shown      string            `json:"shown,omitempty"`
	Person     PersonKey         `json:"person"` // accounts with one key are one human
	Groups     []string          `json:"groups,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Disabled   bool              `json:"disabled,omitempty"`
	Deleted    bool              `json:"deleted,omitempty"` // its name is free again, its id is not
	Hands      []Hand            `json:"hands,omitempty"`   // beside whom it is nobody's second person (Apart)
	Vouched    PrincipalID       `json:"vouched,omitempty"` // who vouched for it last
}

// String is how a principal is written for people: "person:staff/sam".
func (p Principal) String() string { return string(p.Kind) + ":" + p.Directory + "/" + p.Name }

// DisplayName is the name to show on a page, the account name where no other is known.
func (p Principal) DisplayName() string {
	if p.Shown != "" {
		return p.Shown
	}
	return p.Name
}

// Active tells whether the account may be used at all.
func (p Principal) Active() bool { return p.ID != "" && !p.Disabled && !p.Deleted }

// In tells whether p is in the group of its own directory.
func (p Principal) In(group string) bool { return slices.Contains(p.Groups, group) }

// SameHuman tells whether two accounts belong to one human. An account without a person key is nobody's alias
// but its own.
func (p Principal) SameHuman(q Principal) bool {
	return p.ID == q.ID || (p.Person != "" && p.Person == q.Person)
}

// Marks lists what makes p privileged: the groups of Stead's own directories and those that an application
// declares, each written "directory/group" or "group", and attributes written "name=value" (R3).
func (p Principal) Marks(declared []string) []string {
	var found []string
	for _, m := range declared {
		if p.marked(m) {
			found = append(found, m)
		}
	}
	return found
}

func (p Principal) marked(mark string) bool {
	for _, g := range p.Groups {
		if mark == g || mark == p.Directory+"/"+g {
			return true
		}
	}
	for k, v := range p.Attributes {
		if mark == k+"="+v {
			return true
		}
	}
	return false
}

// Credentials are what a principal proves itself with. Secrets are sealed before they come here.
type Credentials struct {
	Principal PrincipalID `json:"principal"`
	Person    PersonKey   `json:"person"`
	Version   uint64      `json:"version"`
	Password  string      `json:"password,omitempty"` // argon2id, PHC string form
	TOTP      string      `json:"totp,omitempty"`     // RFC 6238 secret, base32, SHA-1, 30 s, 6 digits
	Given     PrincipalID `json:"given,omitempty"`    // who gave it its factor; empty: it set it up itself, or the operator did
	Client    string      `json:"client,omitempty"`   // of an agent: hex SHA-256 of its client secret, 256 random bits of ours
}
