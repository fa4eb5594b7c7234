package oauth

import (
	"errors"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// proofFault is how a proof that does not count is called.
func proofFault(err error) string {
	var challenge interface{ DPoPNonce() string }
	if errors.As(err, &challenge) {
		return "use_dpop_nonce"
	}
	return "invalid_dpop_proof"
}

// state is what is told of a live token (RFC 7662, 2.2).
type state struct {
	Active   bool              `json:"active"`
	Issuer   string            `json:"iss"`
	Subject  string            `json:"sub"`
	Audience string            `json:"aud"`
	Client   string            `json:"client_id"`
	ID       string            `json:"jti"`
	Issued   int64             `json:"iat"`
	Expires  int64             `json:"exp"`
	Type     string            `json:"token_type"`
	Confirms map[string]string `json:"cnf,omitempty"` // missing: bound to no key
	Instance stead.InstanceID  `json:"instance"`
	Mandate  stead.MandateID   `json:"mandate,omitempty"`
	Txn      string            `json:"txn,omitempty"` // the only transaction that it is for

	Act     *authority.Actor   `json:"act,omitempty"`
	Details []authority.Detail `json:"authorization_details,omitempty"`
}

// dead is what is told of every other, whatever it is.
type dead struct {
	Active bool `json:"active"`
}

// introspect tells whether a token counts now: it, its instance, agent, owner and mandate.
func (d *Door) introspect(c *call) (answer, error) {
	if err := d.inspecting(c); err != nil {
		return nil, err
	}
	if c.form["token"] == "" {
		return nil, says("invalid_request", "token is missing")
	}
	t, err := d.Mint.Read(c.form["token"])
	if err == nil {
		err = d.Inspector.Inspects(c.by, t)
	}
	if err == nil {
		_, err = d.Inspector.PresentToken(c.r.Context(), t, c.by.Address)
	}
	switch {
	case stead.KindOf(err) == stead.Broken:
		return nil, err
	case err != nil:
		return dead{}, nil
	}
	return state{true, d.Issuer, t.Subject, t.Audience, t.Client, t.ID, t.Since.Unix(), t.Until.Unix(), typeOf(t), confirms(t),
		t.Instance, t.Mandate, t.Transaction, authority.ActorOf(d.Issuer, t.Act, t.Before...), authority.DetailsOf(d.Issuer, d.Inspector.Entitled(d.Issuer, t))}, nil
}

func typeOf(t authority.Token) string {
	if t.Key == "" {
		return "Bearer"
	}
	return "DPoP"
}

func confirms(t authority.Token) map[string]string {
	if t.Key == "" {
		return nil
	}
	return map[string]string{"jkt": t.Key}
}

// revoke makes a token count no more. What is no live token of ours is as good as revoked (RFC 7009, 2.2).
func (d *Door) revoke(c *call) (answer, error) {
	if err := d.client(c); err != nil {
		return nil, err
	}
	if err := d.use(c, "invalid_client"); err != nil {
		return nil, err
	}
	switch {
	case c.form["token"] == "":
		return nil, says("invalid_request", "token is missing")
	case strings.HasPrefix(c.form["token"], "str_"):
		return nil, d.returned(c)
	case c.named != "":
		return nil, says("invalid_client", "who keeps no secret gives its refresh token back: its access tokens are over with it")
	}
	t, err := d.Mint.Read(c.form["token"])
	if err != nil {
		if stead.KindOf(err) == stead.Broken {
			return nil, err
		}
		return nil, nil
	}
	return nil, d.revoked(c, t)
}

func (d *Door) revoked(c *call, t authority.Token) error {
	err := d.Inspector.RevokeToken(c.r.Context(), c.by, t)
	if f := faultOf(err); err != nil && f != nil {
		if stead.ReasonOf(err) == stead.ReasonNotYours {
			f.code = "unauthorized_client"
		}
		return f
	}
	return err
}

// returned takes a refresh token back, and with it what it stood for. Who has it is as good as its client, which is bound to say so.
func (d *Door) returned(c *call) error {
	by := c.by
	if c.named != "" {
		by.Principal = c.named
	}
	err := d.Asks.GiveBack(c.r.Context(), by, c.form["token"])
	if f := faultOf(err); err != nil && f != nil {
		return f
	}
	return err
}
