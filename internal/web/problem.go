package web

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/a-h/templ"

	"github.com/steadhq/stead"
)

// A Problem is how a no looks on the wire (RFC 9457).
type Problem struct {
	Type       string           `json:"type"`
	Title      string           `json:"title"`
	Status     int              `json:"status"`
	Detail     string           `json:"detail"`
	ReasonCode stead.Reason     `json:"reason_code"`
	DecisionID stead.DecisionID `json:"decision_id,omitempty"`
	Hint       string           `json:"hint,omitempty"`
	RequestID  string           `json:"request_id,omitempty"`

	more templ.Component
}

// Titles of statuses, in people's words. Where none is here, HTTP's own will do.
var titles = map[int]string{
	http.StatusBadRequest:          "That request makes no sense here",
	http.StatusUnauthorized:        "Sign in first",
	http.StatusForbidden:           "Not allowed",
	http.StatusNotFound:            "Nothing here",
	http.StatusConflict:            "Something else came first",
	http.StatusGone:                "Too late",
	http.StatusPreconditionFailed:  "It was changed meanwhile",
	http.StatusUnprocessableEntity: "This key was for another request",
	http.StatusTooManyRequests:     "Too often",
	http.StatusInternalServerError: "Something of ours failed",
	http.StatusServiceUnavailable:  "Not possible just now",
}

// ProblemOf describes err. docs is where the reference is, "" for this very host. What failed inside is not told.
func ProblemOf(r *http.Request, docs string, err error) Problem {
	p := Problem{Status: StatusOf(err), ReasonCode: stead.ReasonOf(err), RequestID: ClientOf(r).RequestID}
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		p.ReasonCode = stead.ReasonRequest
	}
	if p.Title = titles[p.Status]; p.Title == "" {
		p.Title = http.StatusText(p.Status)
	}
	p.Type = docs + "/docs/reference/reasons#" + string(p.ReasonCode)
	p.Detail = told(err, p.Status)
	var f *Fault
	if errors.As(err, &f) {
		p.DecisionID, p.Hint, p.more = f.Decision, f.Hint, f.More
	}
	return p
}

// told is the text that was written for who caused err.
func told(err error, status int) string {
	var e *stead.Error
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return "What was sent is too large."
	case errors.As(err, &e) && e.Kind != stead.Broken:
		return e.Text
	case stead.ReasonOf(err) == stead.ReasonDoubt:
		return "It is not known whether this was done: the record did not answer in time. Look before you ask for it again."
	case status == http.StatusServiceUnavailable:
		return "It could not be done safely, so nothing was done. Try again in a moment."
	}
	return "Nothing was done. The request id leads whoever runs this server to the cause."
}

func (p Problem) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	// The status has gone out: a client that is not there any more is nobody's to tell.
	_ = json.NewEncoder(w).Encode(p)
}
