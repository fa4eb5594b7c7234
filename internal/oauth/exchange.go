package oauth

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

const (
	tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	accessToken   = "urn:ietf:params:oauth:token-type:access_token" //nolint:gosec // the name of a type
)

// mostDetails is how long authorization_details may be: what is asked for stands in the token.
const mostDetails = 2 << 10

// exchange gives the client a token of its own for a part of what a token stands for that another gave it (RFC 8693). What
// it was shown goes nowhere.
func (d *Door) exchange(c *call) (answer, error) {
	if err := d.identify(c); err != nil {
		return nil, err
	}
	if c.form["requested_token_type"] == letterToken {
		return d.writes(c)
	}
	var x authority.Exchange
	var err error
	if x.Shown, err = d.shown(c, "subject_token", true); err != nil {
		return nil, err
	}
	if x.Actor, err = d.shown(c, "actor_token", false); err != nil {
		return nil, err
	}
	if asked := c.form["requested_token_type"]; asked != "" && asked != accessToken {
		return nil, says("invalid_request", "requested_token_type is %s, or %s", accessToken, letterToken)
	}
	if c.form["mandate"] != "" {
		return nil, says("invalid_request", "the subject_token says of which mandate: for a token of one that you hold use %s", clientCredentials)
	}
	x.Scopes = strings.Fields(c.form["scope"])
	if len(x.Scopes) > 0 && c.form["authorization_details"] != "" {
		return nil, says("invalid_request", "say what may be done by scope or by authorization_details, not by both")
	}
	if x.TokenWish, err = d.wish(c); err != nil {
		return nil, err
	}
	t, err := d.Verbs.ExchangeToken(c.r.Context(), c.by, x)
	if err != nil {
		return nil, unaccepted(said(c, err))
	}
	given, err := d.gives(t)
	given.Issued, given.Mandate = accessToken, t.Mandate
	return given, err
}

// unaccepted: what is not taken of the tokens that were shown is the request's fault (RFC 8693, 2.2.2).
func unaccepted(err error) error {
	if f, is := err.(*fault); is && (f.code == "invalid_grant" || f.code == "unauthorized_client") { //nolint:errorlint // made just before
		f.code = "invalid_request"
	}
	return err
}

// shown reads a token that is one of ours, and says that it is an access token.
func (d *Door) shown(c *call, name string, needed bool) (authority.Token, error) {
	text, kind := c.form[name], c.form[name+"_type"]
	switch {
	case text == "" && kind == "" && !needed:
		return authority.Token{}, nil
	case text == "":
		return authority.Token{}, says("invalid_request", "%s is missing", name)
	case kind != accessToken:
		return authority.Token{}, says("invalid_request", "%s_type is %s", name, accessToken)
	}
	t, err := d.Mint.Read(text)
	if err != nil && stead.KindOf(err) != stead.Broken {
		return t, &fault{"invalid_request", stead.E(stead.Refused, stead.ReasonRequest, "the %s does not count: %w", name, err), true}
	}
	return t, err
}

// details reads authorization_details (RFC 9396): a list, with what is known in it and nothing else.
func (d *Door) details(text string) (all []authority.Detail, err error) {
	if text == "" {
		return nil, nil
	}
	wrong := says("invalid_authorization_details", "authorization_details is a list of at most %d bytes of objects of the type %s", mostDetails, authority.DetailType)
	if len(text) > mostDetails || web.CheckJSON([]byte(text)) != nil {
		return nil, wrong
	}
	r := json.NewDecoder(bytes.NewReader([]byte(text)))
	r.DisallowUnknownFields()
	if r.Decode(&all) != nil || len(all) == 0 {
		return nil, wrong
	}
	if _, err := r.Token(); err != io.EOF { //nolint:errorlint // as the decoder gives it
		return nil, wrong
	}
	if _, err := authority.Named(d.Issuer, all); err != nil {
		return nil, says("invalid_authorization_details", "%s", plainText(err))
	}
	return all, nil
}
