package oauth

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/steadhq/stead/internal/authority"
)

// spiffe tells whether an assertion says that it is of a workload: whom it says it is decides how it is verified, not that it is.
func spiffe(text string) bool {
	_, rest, _ := strings.Cut(text, ".")
	body, _, _ := strings.Cut(rest, ".")
	raw, err := base64.RawURLEncoding.DecodeString(body)
	var c struct {
		Subject string `json:"sub"`
	}
	return err == nil && json.Unmarshal(raw, &c) == nil && strings.HasPrefix(c.Subject, "spiffe://")
}

// bySVID: a workload shows its JWT-SVID (draft-ietf-oauth-spiffe-client-auth). Which agent it is the registrations say.
func (d *Door) bySVID(c *call) error {
	if t := c.form["client_assertion_type"]; t != bySVIDType && t != byJWT {
		return says("invalid_request", "client_assertion_type is %s", bySVIDType)
	}
	if d.Workloads == nil {
		return says("invalid_client", "no trust domain is trusted here")
	}
	id, once, err := d.Workloads.Reads(c.r.Context(), c.form["client_assertion"])
	if err != nil {
		return unproved(err)
	}
	by, err := d.Verbs.PresentVouched(authority.Vouched{Agent: c.client, Workload: id, Address: c.by.Address})
	c.client, c.once = id, once
	return c.identified(by, err)
}

// byAttester: somebody who is known vouches for the key that the client proves. It becomes the instance's.
func (d *Door) byAttester(c *call) error {
	if d.Attesters == nil {
		return says("invalid_client", "no attester is known here")
	}
	a, err := d.Attesters.Reads(c.r)
	switch {
	case err != nil:
		return unproved(err)
	case c.client != "" && c.client != a.Client:
		return says("invalid_client", "client_id names another client than the attestation")
	}
	c.client, c.once, c.key = a.Client, a.Once, a.Key.Thumbprint
	by, err := d.Verbs.PresentVouched(authority.Vouched{Agent: a.Client, Attester: a.Attester, Address: c.by.Address})
	return c.identified(by, err)
}
