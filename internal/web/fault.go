package web

import (
	"errors"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"github.com/steadhq/stead"
)

// A Fault is an error that knows more than its kind: a status of HTTP's own, the decision that said no, or what to
// do next.
type Fault struct {
	Err      error
	Code     int // 0: by kind and reason
	Decision stead.DecisionID
	Hint     string
	ETag     string            // what is there now, where the no is that it changed
	Wait     time.Duration     // when it is worth trying again; 0: not known
	Fields   map[string]string // further header fields of the answer
	More     templ.Component   // on the page that people get, after the hint: what is there to press
}

func (f *Fault) Error() string { return f.Err.Error() }
func (f *Fault) Unwrap() error { return f.Err }

// Status gives err a status that no kind has, such as 415.
func Status(code int, err error) error { return &Fault{Err: err, Code: code} }

// Explain gives err the decision that can be asked about, and a hint at what to do.
func Explain(err error, decision stead.DecisionID, hint string) error {
	return &Fault{Err: err, Decision: decision, Hint: hint}
}

// unheard marks what was refused before anybody was asked who sent it: no verb knows of it, so the door that answers is
// where it can be recorded.
type unheard struct{ error }

func (u unheard) Unwrap() error { return u.error }

// Unheard marks err so, where a door finds itself what the front would have found.
func Unheard(err error) error { return unheard{err} }

// The only place where a kind becomes a status.
var statusOfKind = map[stead.Kind]int{
	stead.Invalid:  http.StatusBadRequest,
	stead.Refused:  http.StatusForbidden,
	stead.Expired:  http.StatusGone,
	stead.Missing:  http.StatusNotFound,
	stead.Conflict: http.StatusConflict,
	stead.Broken:   http.StatusInternalServerError,
}

// Reasons that HTTP has its own word for, whatever their kind.
var statusOfReason = map[stead.Reason]int{
	stead.ReasonSignIn:      http.StatusUnauthorized,
	stead.ReasonSessionIdle: http.StatusUnauthorized,
	stead.ReasonSessionOver: http.StatusUnauthorized,
	stead.ReasonBadProof:    http.StatusUnauthorized,
	stead.ReasonOtherClient: http.StatusUnauthorized,
	stead.ReasonChanged:     http.StatusPreconditionFailed,
	stead.ReasonKey:         http.StatusUnprocessableEntity,
	stead.ReasonTooMany:     http.StatusTooManyRequests,
	stead.ReasonRecord:      http.StatusServiceUnavailable,
	stead.ReasonDoubt:       http.StatusServiceUnavailable,
	stead.ReasonStale:       http.StatusServiceUnavailable,
	stead.ReasonClock:       http.StatusServiceUnavailable,
}

// StatusOf is the HTTP status of err; nil is 200.
func StatusOf(err error) int {
	var f *Fault
	var big *http.MaxBytesError
	switch {
	case err == nil:
		return http.StatusOK
	case errors.As(err, &big):
		return http.StatusRequestEntityTooLarge
	case errors.As(err, &f) && f.Code != 0:
		return f.Code
	}
	if code, ok := statusOfReason[stead.ReasonOf(err)]; ok {
		return code
	}
	if code, ok := statusOfKind[stead.KindOf(err)]; ok {
		return code
	}
	return http.StatusInternalServerError
}
