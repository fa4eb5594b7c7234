package notices

import (
	"context"
	"errors"
	"time"
)

// A Channel is one way out.
type Channel struct {
	ID     string
	Kind   string // email, webhook or slack
	People bool   // it reaches people, each at an address of his own; else it is one recipient
	Tell   []Kind // of one that is a recipient itself: what it is told, beside what policy's @notify names it for
	Sender
}

// A Sender delivers. A nil error means that the other side has taken it. It may be called with the same message again.
type Sender interface {
	Send(context.Context, Message) error
}

// sendFor is how long one try may take.
const sendFor = 10 * time.Second

// never is an error that no further try will change.
type never struct{ error }

func (n never) Unwrap() error { return n.error }

func final(err error) bool {
	var n never
	return errors.As(err, &n)
}
