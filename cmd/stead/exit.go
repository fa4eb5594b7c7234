package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/steadhq/stead"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitDenied      = 3
	exitNotFound    = 4
	exitConflict    = 5
	exitWaiting     = 6
	exitVerify      = 7
	exitUnreachable = 8
	exitChanges     = 10 // of policy plan --exit-code
)

// A failure ends the program with a code of its own. Next says what to do.
type failure struct {
	code int
	text string
	next string
}

func (f *failure) Error() string { return f.text }

func fail(code int, next, format string, args ...any) error {
	return &failure{code: code, text: fmt.Sprintf(format, args...), next: next}
}

// codeOf is the exit code of an error.
func codeOf(err error) int {
	var f *failure
	var p *problem
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &f):
		return f.code
	case errors.As(err, &p) && stead.Reason(p.ReasonCode) == stead.ReasonWaiting:
		return exitWaiting
	case errors.As(err, &p):
		return codeOfStatus(int(p.Status))
	}
	switch stead.KindOf(err) {
	case stead.Invalid:
		return exitUsage
	case stead.Missing:
		return exitNotFound
	case stead.Refused:
		return exitDenied
	case stead.Conflict, stead.Expired:
		return exitConflict
	}
	return exitFailed
}

func codeOfStatus(status int) int {
	switch status {
	case http.StatusBadRequest, http.StatusUnsupportedMediaType:
		return exitUsage
	case http.StatusUnauthorized, http.StatusForbidden:
		return exitDenied
	case http.StatusNotFound:
		return exitNotFound
	case http.StatusConflict, http.StatusGone, http.StatusPreconditionFailed, http.StatusUnprocessableEntity:
		return exitConflict
	}
	return exitFailed
}

// tell writes an error for people: what, why, what next.
func (e *env) tell(err error) {
	var f *failure
	var p *problem
	switch {
	case errors.As(err, &p):
		fmt.Fprintf(e.err, "stead: %s\n", err) // with what it was about, where many things were
		detail := []string{}
		for _, one := range []struct{ name, value string }{
			{"reason", string(p.ReasonCode)}, {"decision", p.DecisionID}, {"request", p.RequestID},
		} {
			if one.value != "" {
				detail = append(detail, one.name+" "+one.value)
			}
		}
		fmt.Fprintf(e.err, "  (%s)\n", strings.Join(detail, ", "))
		if next := p.next(); next != "" {
			fmt.Fprintf(e.err, "  next: %s\n", next)
		}
	case errors.As(err, &f):
		fmt.Fprintf(e.err, "stead: %s\n", f.text)
		if f.next != "" {
			fmt.Fprintf(e.err, "  next: %s\n", f.next)
		}
	default:
		fmt.Fprintf(e.err, "stead: %s\n", err)
	}
}
