// Package directory keeps what Stead's own directories know: how a password and a code are proved, and how people
// come in from a file. A wrong name costs what a wrong password costs, a flood of guesses cannot take the memory,
// and secrets are sealed before they leave. It decides nothing: it says only whether a proof fits.
package directory

import (
	"strings"

	"github.com/steadhq/stead"
)

// A Local is a directory whose people sign in with Stead itself.
type Local struct {
	ID    string        // stands in names: "staff" in person:staff/sam
	Label string        // what people choose on the sign-in page; empty = the id
	Realm stead.RealmID // whose times count for sessions that begin on Stead's own origin; empty = Stead's own
}

// Shown is the name of the directory on pages.
func (l Local) Shown() string {
	if l.Label != "" {
		return l.Label
	}
	return l.ID
}

// Locals are the configured directories, in the order in which pages offer them.
type Locals []Local

// Find finds a directory by its id.
func (ls Locals) Find(id string) (Local, bool) {
	for _, l := range ls {
		if l.ID == id {
			return l, true
		}
	}
	return Local{}, false
}

// Check tells what is wrong with the configuration. Errors: invalid.
func (ls Locals) Check() error {
	seen := make(map[string]bool, len(ls))
	for _, l := range ls {
		switch {
		case !plain(l.ID, mostDirectory):
			return stead.E(stead.Invalid, stead.ReasonRequest,
				"%q is no id for a directory: use small letters, digits, dots and dashes", l.ID)
		case seen[l.ID]:
			return stead.E(stead.Invalid, stead.ReasonExists, "the directory %q is configured twice", l.ID)
		}
		seen[l.ID] = true
	}
	return nil
}

// plain tells whether s may stand in a written name without ambiguity: small ASCII letters, digits, '.', '-', '_'.
func plain(s string, most int) bool {
	if s == "" || len(s) > most {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_')
	}) < 0
}
