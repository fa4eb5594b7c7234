package stead

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// Ids are opaque, unguessable and never used again. What people read ("person:staff/sam") is for display.
type (
	PrincipalID string // prn_…
	PersonKey   string // per_…: which accounts are one human
	SessionID   string // ses_…
	MandateID   string // man_…
	DecisionID  string // dec_…
	EventID     string // evt_…
	InstanceID  string // ins_…
	AppID       string // as configured: "orders"
	RealmID     string // as configured, unique in its application
)

// The prefixes of ids. The rest is 26 characters of base32 (128 random bits).
const (
	PrefixPrincipal = "prn_"
	PrefixPerson    = "per_"
	PrefixSession   = "ses_"
	PrefixMandate   = "man_"
	PrefixDecision  = "dec_"
	PrefixEvent     = "evt_"
	PrefixInstance  = "ins_"
)

// LabelSize is how many letters a mandate's label has: 80 bits, so that none stands for two.
const LabelSize = 16

// Label names the hosts of a mandate. It is no secret and proves nothing.
func (id MandateID) Label() string {
	sum := sha256.Sum256([]byte("the hosts of a mandate\n" + string(id)))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:LabelSize*5/8]))
}
