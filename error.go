package stead

import (
	"errors"
	"fmt"
	"strings"
)

// A Kind of error says what the caller can do about it. Doors turn it into their protocol's own code.
type Kind string

const (
	Invalid  Kind = "invalid"  // the request makes no sense: change it
	Refused  Kind = "refused"  // understood, and no
	Expired  Kind = "expired"  // it was right once
	Missing  Kind = "missing"  // not there, or not yours to know
	Conflict Kind = "conflict" // something else came first
	Broken   Kind = "broken"   // our fault: nothing was done
)

// An Error is a no with its reason. Text is written for the person who caused it: what, why, what next.
type Error struct {
	Kind   Kind
	Reason Reason
	Text   string
	Law    string // the exclusion or segment that refuses, where one does
	Err    error  // the cause, where there is one
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Text + ": " + e.Err.Error()
	}
	return e.Text
}

func (e *Error) Unwrap() error { return e.Err }

// E makes an Error. A format that ends in ": %w" keeps the cause.
func E(k Kind, r Reason, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	e := &Error{Kind: k, Reason: r, Text: err.Error(), Err: errors.Unwrap(err)}
	if e.Err != nil {
		e.Text = strings.TrimSuffix(e.Text, ": "+e.Err.Error())
	}
	return e
}

// ByLaw is the refusal of a law that has a name.
func ByLaw(law string, r Reason, format string, args ...any) *Error {
	e := E(Refused, r, format, args...)
	e.Law = law
	return e
}

// Because wraps a cause with what was being done. A nil cause gives nil.
func Because(err error, doing string) error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return &Error{Kind: Broken, Reason: ReasonBroken, Text: doing, Err: err}
}

// KindOf tells the kind of err; anything that is no Error is Broken, nil is "".
func KindOf(err error) Kind {
	if err == nil {
		return "" // before there is an e: that is made on the heap
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Broken
}

// ReasonOf tells the reason code of err; anything that is no Error is ReasonBroken, nil is "".
func ReasonOf(err error) Reason {
	if err == nil {
		return "" // before there is an e: that is made on the heap
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ReasonBroken
}
