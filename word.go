package stead

import (
	"fmt"
	"slices"
	"time"
)

// A Word is another house's: on it an agent acts for a person here, in the place of that person's own yes. The zero Word is none.
type Word struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`       // as that house calls the person
	Letter  string `json:"letter"`        // the jti of what it wrote
	Act     []Hop  `json:"act,omitempty"` // who acts there, the current one first: history, which decides nothing here
}

// A Hop is one who acts in another house, as that house says.
type Hop struct {
	Subject string `json:"subject"`
	Issuer  string `json:"issuer"`
	Profile string `json:"profile,omitempty"`
}

// Given tells whether there is one.
func (w Word) Given() bool { return w.Issuer != "" }

func (w Word) String() string {
	return fmt.Sprintf("%q %q %q %q", w.Issuer, w.Subject, w.Letter, w.Act)
}

// Admit makes a mandate by which an agent acts for a person on another house's word: one of its declared tasks, or less of it. Level
// is the protection level that this word counts for. It is no yes of the person's, so what asks for more than policy is refused.
func Admit(w Wish, task string, word Word, level int, f Facts, v Verdict, t Terms, now time.Time) (Mandate, error) {
	if err := mayWork(f, now); err != nil {
		return Mandate{}, err
	}
	if n := actedFor(f); n != nil {
		return Mandate{}, E(Refused, n.reason, "%s", n.text)
	}
	switch {
	case !word.trusted(f):
		return Mandate{}, E(Refused, ReasonVoid, "%s", untrusted)
	case level < max(f.Realm.Level, f.Realm.ActorLevel):
		return Mandate{}, E(Refused, ReasonLevel, "this asks for a stronger sign-in than that house's word counts for: the person agrees here")
	case slices.Contains(v.Obligations.Requires, "second-factor"):
		return Mandate{}, E(Refused, ReasonSecondFactor, "policy asks for the person's second factor: he agrees here")
	}
	m, err := forPerson(w, task, f, v, t, now)
	if err != nil {
		return m, err
	}
	m.Word = word
	m.Digest = m.Sum()
	return m, nil
}

const untrusted = "the house on whose word this rests is not trusted here any more"

// trusted tells whether a word that was given still counts.
func (w Word) trusted(f Facts) bool { return !w.Given() || slices.Contains(f.Issuers, w.Issuer) }
