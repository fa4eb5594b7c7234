package oauth

import (
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

const clientCredentials = "client_credentials"

type tokenAnswer struct {
	Token   string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int64  `json:"expires_in"`
}

// token gives an agent an access token, bound to the key that it proves beside: that of an instance, or of one that begins
// so (RFC 6749 4.4, RFC 9449 5).
func (d *Door) token(c *call) (answer, error) {
	switch grant := c.form["grant_type"]; grant {
	case clientCredentials:
	case "":
		return nil, says("invalid_request", "grant_type is missing")
	default:
		return nil, says("unsupported_grant_type", "grant_type is %s", clientCredentials)
	}
	if err := d.identify(c); err != nil {
		return nil, err
	}
	if c.form["scope"] != "" {
		return nil, says("invalid_scope", "no scopes are known here: a mandate says what may be done")
	}
	key, err := d.proof(c)
	if err != nil {
		return nil, err
	}
	wish := authority.TokenWish{Key: key, Run: d.Run, Issuer: d.Issuer, Resource: strings.TrimSuffix(c.form["resource"], "/"),
		Mandate: stead.MandateID(c.form["mandate"]), Once: c.once}
	t, err := d.Verbs.IssueToken(c.r.Context(), c.by, wish)
	if err != nil {
		if f := faultOf(err); f != nil {
			return nil, f
		}
		return nil, err
	}
	text, err := d.Mint.Mint(t)
	return tokenAnswer{text, "DPoP", t.Until.Unix() - t.Since.Unix()}, err
}

// proof reads which key is proved beside, and uses up all that counts once.
func (d *Door) proof(c *call) (stead.AgentKey, error) {
	if len(c.r.Header["Dpop"]) == 0 {
		return stead.AgentKey{}, says("invalid_dpop_proof", "tokens are bound to a key: send a proof of it in the field DPoP (RFC 9449); bearer tokens are not issued")
	}
	key, once, err := d.Proofs.Check(c.r, "")
	if err != nil {
		return key, &fault{proofFault(err), err, true}
	}
	if err := d.use(c, "invalid_client"); err != nil {
		return key, err
	}
	if err := d.Memory.Use(once); err != nil {
		return key, &fault{"invalid_dpop_proof", err, true}
	}
	c.once = append(c.once, once)
	return key, nil
}
