package api

import (
	"errors"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// What to do next, for reasons that have an answer here.
var hints = map[stead.Reason]string{
	stead.ReasonSecondFactor: "send the current one-time code in the field code",
	stead.ReasonNotArmed:     "send the current one-time code in the field code: it arms acting",
	stead.ReasonLevel:        "sign in again with a one-time code",
	stead.ReasonPerson:       "an agent asks with POST /v1/tasks, and finds what it holds with GET /v1/mandates",
	stead.ReasonReason:       "say why in the field reason",
	stead.ReasonTicket:       "name the ticket in the field ticket",
	stead.ReasonActing:       "end what you act under first: POST /v1/mandates/{id}/end",
	stead.ReasonAmbiguous:    "choose one of the candidates by its id, or name the directory",
	stead.ReasonTooMany:      "wait a little, then try again",
	stead.ReasonAuthor:       "somebody else than the author applies it",
	stead.ReasonHand:         "somebody who had no part in the account vouches: POST /v1/people/{id}/vouch",
	stead.ReasonClock:        "two people look at the clock, then each sends POST /v1/clock/trust",
}

// explain adds the next step to an error that has none yet.
func explain(err error) error {
	var f *web.Fault
	hint := hints[stead.ReasonOf(err)]
	if err == nil || hint == "" || errors.As(err, &f) {
		return err
	}
	return web.Explain(err, "", hint)
}
