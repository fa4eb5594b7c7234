package oauth

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A fault is a no in OAuth's own words (RFC 6749, 5.2).
type fault struct {
	code   string
	err    error
	record bool // nobody has put it on record yet
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

// says makes a fault of a text.
func says(code, format string, args ...any) error {
	return &fault{code, stead.E(stead.Refused, stead.ReasonRequest, format, args...), true}
}

// unproved is the no to who has not proved who he is.
func unproved(err error) error {
	if stead.KindOf(err) == stead.Broken {
		return err
	}
	return &fault{"invalid_client", err, true}
}

// refuse answers err, and puts it on record where no verb has.
func (d *Door) refuse(c *call, verb string, err error) error {
	var f *fault
	if !errors.As(err, &f) {
		return err // our fault: the door of web answers it
	}
	if f.record {
		client := c.client[:min(len(c.client), 128)]
		if held := d.Verbs.RefuseToken(c.r.Context(), c.by, verb, client, f.err); stead.ReasonOf(held) != stead.ReasonOf(f.err) {
			if f = faultOf(held); f == nil {
				return held
			}
		}
	}
	return f.write(c.w, c.r.Header.Get("Authorization"))
}

func (f *fault) write(w http.ResponseWriter, given string) error {
	status := http.StatusBadRequest
	var challenge interface{ DPoPNonce() string }
	var held *authority.Held
	var attest interface{ AttestationChallenge() string }
	switch {
	case errors.As(f.err, &attest):
		f.code = "use_attestation_challenge"
		w.Header().Set("OAuth-Client-Attestation-Challenge", attest.AttestationChallenge())
	case errors.As(f.err, &challenge):
		w.Header().Set("DPoP-Nonce", challenge.DPoPNonce())
	case errors.As(f.err, &held):
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(held.Wait.Seconds()))))
	case f.code == "invalid_client":
		status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", challengeOf(given))
	}
	return web.WriteJSON(w, status, map[string]string{"error": f.code, "error_description": plain(f.err)})
}

// challengeOf answers the scheme that was tried (RFC 6749 5.2, RFC 6750 3).
func challengeOf(given string) string {
	if scheme, _, _ := strings.Cut(given, " "); strings.EqualFold(scheme, "Bearer") {
		return `Bearer realm="stead", error="invalid_token"`
	}
	return `Basic realm="stead", charset="UTF-8"`
}

// plainText is what is said to who caused it.
func plainText(err error) string {
	var e *stead.Error
	if errors.As(err, &e) {
		return e.Text
	}
	return "refused"
}

// plain is a text in the characters that error_description may have.
func plain(err error) string {
	out := []byte(plainText(err))
	for i, b := range out {
		if b < 0x20 || b > 0x7e || b == '"' || b == '\\' {
			out[i] = '\''
		}
	}
	return string(out)
}

// faultOf says in OAuth's words what a verb refused, and has recorded; nil is what no client can do anything about.
func faultOf(err error) *fault {
	if errors.As(err, new(*authority.Held)) {
		return &fault{"temporarily_unavailable", err, false}
	}
	switch stead.KindOf(err) {
	case stead.Broken:
		return nil
	case stead.Invalid:
		if stead.ReasonOf(err) != stead.ReasonNoRoute {
			return &fault{"invalid_request", err, false}
		}
	}
	code := "invalid_grant"
	switch stead.ReasonOf(err) {
	case stead.ReasonNoRoute, stead.ReasonScope:
		code = "invalid_target"
	case stead.ReasonUsed:
		code = "invalid_dpop_proof"
	case stead.ReasonSignIn:
		code = "invalid_client"
	case stead.ReasonDisabled, stead.ReasonSuspended, stead.ReasonOwnerless, stead.ReasonChain:
		code = "unauthorized_client"
	case stead.ReasonClock, stead.ReasonStale, stead.ReasonRecord:
		return nil
	}
	return &fault{code, err, false}
}
