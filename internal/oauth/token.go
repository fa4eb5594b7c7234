package oauth

import (
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

const clientCredentials = "client_credentials"

// grants are what tokens are given for.
var grants = []string{clientCredentials, tokenExchange, authorizationCode, refreshToken}

// grants are those, and that by letters where another house's count.
func (d *Door) grants() []string {
	if d.Letters == nil {
		return grants
	}
	return append(grants[:len(grants):len(grants)], jwtBearer)
}

type tokenAnswer struct {
	Token   string             `json:"access_token"`
	Issued  string             `json:"issued_token_type,omitempty"` // of an exchange
	Type    string             `json:"token_type"`
	Expires int64              `json:"expires_in"`
	Scope   string             `json:"scope,omitempty"`
	Details []authority.Detail `json:"authorization_details,omitempty"`
	Mandate stead.MandateID    `json:"mandate,omitempty"` // of an exchange: what may be asked for again without one
}

// token gives an access token by the grant that is asked for, and by no other.
func (d *Door) token(c *call) (answer, error) {
	switch grant := c.form["grant_type"]; grant {
	case clientCredentials:
		return d.credentials(c)
	case tokenExchange:
		return d.exchange(c)
	case jwtBearer:
		return d.admit(c)
	case authorizationCode, refreshToken:
		if err := d.client(c); err != nil {
			return nil, err
		}
		if grant == authorizationCode {
			return d.take(c)
		}
		return d.refresh(c)
	case "":
		return nil, says("invalid_request", "grant_type is missing")
	default:
		return nil, says("unsupported_grant_type", "grant_type is %s", strings.Join(d.grants(), ", "))
	}
}

// credentials gives an agent an access token, bound to the key that it proves beside: that of an instance, or of one that begins
// so (RFC 6749 4.4, RFC 9449 5).
func (d *Door) credentials(c *call) (answer, error) {
	if err := d.identify(c); err != nil {
		return nil, err
	}
	switch {
	case c.form["subject_token"] != "" || c.form["actor_token"] != "":
		return nil, says("invalid_request", "tokens are exchanged by grant_type %s", tokenExchange)
	case c.form["scope"] != "":
		return nil, says("invalid_scope", "no scopes are known here: a mandate says what may be done")
	}
	wish, err := d.wish(c)
	if err != nil {
		return nil, err
	}
	wish.Mandate = stead.MandateID(c.form["mandate"])
	t, err := d.Verbs.IssueToken(c.r.Context(), c.by, wish)
	if err != nil {
		return nil, said(c, err)
	}
	return d.gives(t)
}

// said is a verb's no in OAuth's words, or the error where no client can do anything about it.
func said(c *call, err error) error {
	f := faultOf(err)
	if f == nil {
		return err
	}
	if r := stead.ReasonOf(err); r == stead.ReasonRights || r == stead.ReasonScope && c.form["grant_type"] == tokenExchange {
		switch {
		case c.form["scope"] != "":
			f.code = "invalid_scope"
		case c.form["authorization_details"] != "":
			f.code = "invalid_authorization_details"
		}
	}
	return f
}

func (d *Door) gives(t authority.Token) (tokenAnswer, error) {
	text, err := d.Mint.Mint(t)
	return tokenAnswer{Token: text, Type: typeOf(t), Expires: t.Until.Unix() - t.Since.Unix(), Details: authority.DetailsOf(d.Issuer, t.Rights)}, err
}

// wish reads what every grant reads: the key that is proved, what the token is for, and of what.
func (d *Door) wish(c *call) (authority.TokenWish, error) {
	w := authority.TokenWish{Run: d.Run, Issuer: d.Issuer, Resource: strings.TrimSuffix(c.form["resource"], "/")}
	audience := strings.TrimSuffix(c.form["audience"], "/")
	if w.Resource != "" && audience != "" && w.Resource != audience {
		return w, says("invalid_target", "a token is for one resource: resource and audience name two")
	}
	if w.Resource == "" {
		w.Resource = audience
	}
	var err error
	if w.Details, err = d.details(c.form["authorization_details"]); err != nil {
		return w, err
	}
	w.Key, err = d.proof(c)
	w.Once, w.Unbound = c.once, c.unbound
	return w, err
}

// proof reads which key is proved beside, and uses up all that counts once.
func (d *Door) proof(c *call) (stead.AgentKey, error) {
	if len(c.r.Header["Dpop"]) == 0 {
		if c.form["grant_type"] == clientCredentials && c.by.Instance != "" {
			c.unbound = true // what the run signed proves its key; whether that does policy says
			return stead.AgentKey{Thumbprint: c.by.Key}, d.use(c, "invalid_client")
		}
		return stead.AgentKey{}, says("invalid_dpop_proof", "tokens are bound to a key: send a proof of it in the field DPoP (RFC 9449); where a resource says bearer, the run that holds the mandate may ask without, by an assertion of its own key")
	}
	key, once, err := d.Proofs.Check(c.r, "")
	if err != nil {
		return key, &fault{proofFault(err), err, true}
	}
	if c.key != "" && c.key != key.Thumbprint {
		return key, says("invalid_client", "the key that was attested is the one to prove: in the field DPoP too")
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
