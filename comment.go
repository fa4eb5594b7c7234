package stead

import (
	"slices"
	"strings"
	"time"
)

// MostComments is how many comments a request takes, so that nobody fills it.
const MostComments = 100

// Say adds what somebody says about a request that has not ended. It is no vote, whoever says it, and whatever it says. Lines become one.
func Say(m Mandate, by PrincipalID, text string, now time.Time) (Mandate, error) {
	text = strings.Join(strings.Fields(text), " ")
	switch r := m.Over(now, now); {
	case r != ReasonNone:
		return m, E(Conflict, r, "%s", Ending(r))
	case text == "":
		return m, E(Invalid, ReasonReason, "say something")
	case WrongText("comment", text, MostText) != "":
		return m, E(Invalid, ReasonRequest, "%s", WrongText("comment", text, MostText))
	case len(m.Comments) >= MostComments:
		return m, E(Conflict, ReasonTooMany, "there are %d comments already: talk to each other", MostComments)
	}
	m.Comments = append(slices.Clip(m.Comments), Comment{By: by, Text: text, At: now})
	m.Version++
	return m, nil
}
