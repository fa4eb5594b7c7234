package oauth

import (
	"errors"
	"net/http"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// Proves tells for which agent r speaks, outside of this door: given has the parameters by which a client proves itself at the
// token endpoint, or a one-time token as enrolment, and r a proof of the key that a run is to have. What counts once is used up
// here, and again with what comes of it. A refusal is on record. Errors: refused; invalid; with a method DPoPNonce, the nonce
// to try again with.
func (d *Door) Proves(r *http.Request, given map[string]string) (authority.By, stead.AgentKey, []authority.Once, error) {
	c := &call{r: r, form: given, by: authority.By{Host: "api", Address: addressOf(r)}}
	err := d.enrolling(c)
	var key stead.AgentKey
	if err == nil {
		key, err = d.proof(c)
	}
	var f *fault
	if !errors.As(err, &f) {
		return c.by, key, c.once, err
	}
	if f.code == "invalid_client" && stead.KindOf(f.err) == stead.Invalid { // it is not the proof of the key that is wrong
		f.err = stead.E(stead.Refused, stead.ReasonSignIn, "%s", plain(f.err))
	}
	if f.record {
		return c.by, key, nil, d.Verbs.RefuseToken(r.Context(), c.by, "enroll", c.client[:min(len(c.client), 128)], f.err)
	}
	return c.by, key, nil, f.err
}

func (d *Door) enrolling(c *call) error {
	token := c.form["enrolment"]
	switch {
	case token == "":
		return d.identify(c)
	case c.form["client_secret"] != "" || c.form["client_assertion"] != "" || len(c.r.Header["Authorization"]) > 0:
		return says("invalid_request", "prove who you are in one way only")
	}
	c.by = d.Verbs.PresentEnrolment(token, c.by.Address)
	return nil
}
