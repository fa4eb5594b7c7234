package stead

import (
	"slices"
	"time"
)

// Extend gives m one more term, before its end, inside what was agreed and what is allowed now. After the end nothing is extended (R12).
func Extend(m Mandate, f Facts, v Verdict, t Terms, reason string, now time.Time) (Mandate, error) {
	switch r := m.Over(now, f.Acted); {
	case r != ReasonNone:
		return m, E(Expired, r, "%s: it cannot be extended, ask for a new one", Ending(r))
	case m.State != Active:
		return m, E(Conflict, ReasonState, "only a mandate in force is extended, this is %s", m.State)
	case !m.of(f):
		return m, E(Missing, ReasonNotYours, "there is no such mandate")
	case m.ExtensionsLeft() == 0:
		return m, E(Refused, ReasonExtensions, "no extension is left: ask for a new mandate")
	case reason == "":
		return m, E(Invalid, ReasonReason, "say why you need more time")
	}
	if err := maySomeone(f, now); err != nil {
		return m, err
	}
	if err := permitted(m.Purpose, m.Mode, f, v); err != nil {
		return m, err
	}
	if err := proved(f, v, t, now); err != nil {
		return m, err
	}
	if more := v.Obligations.Approvals; len(more) > 0 && !slices.EqualFunc(more, m.Stages, sameStage) {
		return m, E(Refused, ReasonVoid, "policy now asks for approvals that this mandate does not have: ask for a new one")
	}
	term := time.Duration(m.Bounds.Length)
	for _, most := range []time.Duration{v.Obligations.Max, t.Max} { // of policy and timers as they are now
		if most > 0 {
			term = min(term, most)
		}
	}
	until := earlier(m.Until.Add(term), earlier(m.StartedAt.Add(m.Bounds.Longest()), f.Session.Until))
	if !until.After(m.Until) {
		return m, E(Refused, ReasonExtensions, "it already lasts as long as it may")
	}
	m.Until, m.Extended, m.Version = until, m.Extended+1, m.Version+1
	return m, nil
}
