package oauth

import (
	"errors"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

const (
	authorizationCode = "authorization_code"
	refreshToken      = "refresh_token"
)

// client finds out which client calls, as it is registered: one that keeps no secret says its name, and is as good as the key
// that it proves beside.
func (d *Door) client(c *call) error {
	name := c.form["client_id"]
	r, found := d.Verbs.Client(name)
	if strings.Contains(name, "://") && d.Documents != nil {
		r, found = stead.Registration{Public: true, Principal: d.behind(c)}, true
	}
	if !found || !r.Public || len(c.r.Header["Authorization"]) > 0 || c.form["client_secret"] != "" ||
		c.form["client_assertion"] != "" || c.form["client_assertion_type"] != "" {
		return d.identify(c)
	}
	c.client, c.named = name, r.Principal
	return nil
}

// behind is the agent of a client that describes itself, by the genuine code or refresh token that it shows: one for each person.
func (d *Door) behind(c *call) stead.PrincipalID {
	for _, name := range []string{"code", "refresh_token", "token"} {
		if c.form[name] != "" {
			return or(d.Asks.Behind(c.form["client_id"], c.form[name]), nobody)
		}
	}
	return nobody
}

// nobody is the id of no agent.
const nobody stead.PrincipalID = "nobody"

func or(id, otherwise stead.PrincipalID) stead.PrincipalID {
	if id == "" {
		return otherwise
	}
	return id
}

// take gives tokens for a code (RFC 6749 4.1.3).
func (d *Door) take(c *call) (answer, error) {
	w := authority.Redemption{Code: c.form["code"], Redirect: c.form["redirect_uri"], Verifier: c.form["code_verifier"]}
	switch {
	case w.Code == "" || w.Redirect == "" || w.Verifier == "":
		return nil, says("invalid_request", "code, redirect_uri and code_verifier are needed")
	case len(w.Verifier) < 43 || len(w.Verifier) > 128:
		return nil, says("invalid_request", "code_verifier has 43 to 128 characters (RFC 7636 4.1)")
	}
	var err error
	if w.TokenWish, err = d.wish(c); err != nil {
		return nil, err
	}
	by := c.by
	if c.named != "" {
		by.Principal = c.named
	}
	given, err := d.Asks.TakeCode(c.r.Context(), by, w)
	return d.given(given, err)
}

// refresh gives another token, and another refresh token (RFC 6749 6).
func (d *Door) refresh(c *call) (answer, error) {
	if c.form["refresh_token"] == "" {
		return nil, says("invalid_request", "refresh_token is missing")
	}
	w, err := d.wish(c)
	if err != nil {
		return nil, err
	}
	by := c.by
	if c.named != "" {
		p := authority.PresentedKey{Agent: string(c.named), Thumbprint: w.Key.Thumbprint, Address: c.by.Address}
		if by, err = d.Verbs.PresentKey(c.r.Context(), p); err != nil {
			f := faultOf(err)
			if f == nil {
				return nil, err
			}
			if f.code == "invalid_client" { // the run is over, or the key is another's: the client itself is known
				f.code = "invalid_grant"
			}
			f.record = true
			return nil, f
		}
	}
	given, err := d.Asks.Refresh(c.r.Context(), by, authority.Refresh{Text: c.form["refresh_token"], Scope: strings.Join(strings.Fields(c.form["scope"]), " "), TokenWish: w})
	if stead.ReasonOf(err) == stead.ReasonRights && c.form["scope"] != "" {
		return nil, &fault{"invalid_scope", err, false}
	}
	return d.given(given, err)
}

type consentedAnswer struct {
	tokenAnswer
	Refresh string `json:"refresh_token"`
}

func (d *Door) given(t authority.Tokens, err error) (answer, error) {
	if err != nil {
		f := faultOf(err)
		if f == nil {
			return nil, err
		}
		switch stead.ReasonOf(err) {
		case stead.ReasonBadProof, stead.ReasonReplayed, stead.ReasonSignIn:
			f.code = "invalid_grant"
		}
		if stead.ReasonOf(err) == stead.ReasonUsed && !errors.As(err, new(*authority.Held)) {
			f.code = "invalid_grant"
		}
		return nil, f
	}
	given, err := d.gives(t.Token)
	given.Scope = t.Task
	return consentedAnswer{given, t.Refresh}, err
}
