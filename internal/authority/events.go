package authority

import (
	"errors"
	"strconv"
	"time"

	"github.com/steadhq/stead"
)

// An EventQuery chooses events of the projection. Zero members do not narrow.
type EventQuery struct {
	Kinds    []string          // prefixes of kinds: "mandate." or "request.denied"
	Actor    stead.PrincipalID // who did it
	Subject  stead.PrincipalID // for whom
	Either   stead.PrincipalID // as actor or as subject
	Mandate  stead.MandateID
	Session  stead.SessionID
	Decision stead.DecisionID
	App      stead.AppID
	Outcome  stead.Outcome
	From, To time.Time     // From inclusive, To exclusive
	Text     string        // in the opened fields
	Words    []string      // each of them in the opened fields too
	After    uint64        // cursor: only events with a greater number than this one; numbers are Index+1
	Before   uint64        // cursor: only events with a smaller number; 0 = no bound
	Limit    int           // 0 = 100; at most 1000
	Newest   bool          // newest first
	Within   time.Duration // look no longer than this, and give what was found with a Short; 0: to the end
}

// A Short is the error that comes with events where a search was given up: there may be more.
type Short struct {
	At uint64 // the cursor that goes on: Before, or After of the oldest first
}

func (s *Short) Error() string {
	return "the search was given up at event " + strconv.FormatUint(s.At, 10)
}

// Shorted takes a Short from err: where to go on, 0 where nothing was given up.
func Shorted(err error) (at uint64, _ error) {
	var short *Short
	if errors.As(err, &short) {
		return short.At, nil
	}
	return 0, err
}

// A StoredEvent is an event with its place in the log. Sealed parts whose key is lost are empty.
type StoredEvent struct {
	Index uint64 // from 0
	stead.Event
	Leaf stead.Hash
}

// Number is the place counted from 1: what cursors hold, so that 0 can mean the beginning.
func (e StoredEvent) Number() uint64 { return e.Index + 1 }
