package oauth

import (
	"context"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

const (
	jwtBearer   = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	letterToken = "urn:ietf:params:oauth:token-type:id-jag"    //nolint:gosec // the name of a type
	letterGrant = "urn:ietf:params:oauth:grant-profile:id-jag" //nolint:gosec // the name of a profile
	noToken     = "N_A"                                        // what is given is no access token (RFC 8693, 2.2.1)
)

// Letters read what other houses write for agents (ID-JAG).
type Letters interface {
	Reads(ctx context.Context, text string) (authority.Letter, authority.Once, error)
}

// writes gives the client a letter for another house, under a mandate of a person's yes that it holds (token exchange, with the type of
// an ID-JAG asked for).
func (d *Door) writes(c *call) (answer, error) {
	w := authority.LetterWish{Audience: c.form["audience"], Scopes: strings.Fields(c.form["scope"])}
	switch {
	case w.Audience == "":
		return nil, says("invalid_request", "audience is missing: the issuer of the other authorization server")
	case c.form["actor_token"] != "" || c.form["actor_token_type"] != "":
		return nil, says("invalid_request", "who acts is the client: actor_token is not taken for this type")
	case len(w.Scopes) > 0 && c.form["authorization_details"] != "":
		return nil, says("invalid_request", "say what may be done by scope or by authorization_details, not by both")
	}
	var err error
	if w.Shown, err = d.shown(c, "subject_token", true); err != nil {
		return nil, err
	}
	if w.Details, err = d.details(c.form["authorization_details"]); err != nil {
		return nil, err
	}
	w.Issuer, w.Resource = d.Issuer, c.form["resource"]
	if w.Key, err = d.proof(c); err != nil {
		return nil, err
	}
	w.Once = c.once
	l, err := d.Verbs.WriteLetter(c.r.Context(), c.by, w)
	if err != nil {
		return nil, said(c, err)
	}
	text, err := d.Mint.MintLetter(l)
	return tokenAnswer{Token: text, Issued: letterToken, Type: noToken, Expires: l.Until.Unix() - l.Since.Unix(), Scope: strings.Join(l.Scopes, " "), Details: l.Details}, err
}

// admit gives a token for a letter that another house wrote this client (RFC 7523, 2.1). There is no refresh token: another letter is
// asked for there.
func (d *Door) admit(c *call) (answer, error) {
	if d.Letters == nil {
		return nil, says("unsupported_grant_type", "no other authorization server is trusted here")
	}
	if err := d.identify(c); err != nil {
		return nil, err
	}
	text := c.form["assertion"]
	if text == "" {
		return nil, says("invalid_request", "assertion is missing")
	}
	for _, name := range []string{"subject_token", "actor_token", "mandate", "code", "refresh_token"} {
		if c.form[name] != "" {
			return nil, says("invalid_request", "%s is none of this grant", name)
		}
	}
	l, once, err := d.Letters.Reads(c.r.Context(), text)
	if err != nil {
		if stead.KindOf(err) == stead.Broken {
			return nil, err
		}
		return nil, &fault{"invalid_grant", err, true}
	}
	w := authority.Admission{Letter: l, Scopes: strings.Fields(c.form["scope"]), Task: c.form["task"]}
	if len(w.Scopes) > 0 && c.form["authorization_details"] != "" {
		return nil, says("invalid_request", "say what may be done by scope or by authorization_details, not by both")
	}
	if w.TokenWish, err = d.wish(c); err != nil {
		return nil, err
	}
	w.Once = append(w.Once, once) // used up where it is acted on: one that was refused for something else is good still
	t, err := d.Verbs.Admit(c.r.Context(), c.by, w)
	if err != nil {
		return nil, unadmitted(said(c, err))
	}
	given, err := d.gives(t)
	given.Mandate = t.Mandate
	return given, err
}

// unadmitted is a no to a letter in OAuth's words: which of many it is, about a person, is not told by its code.
func unadmitted(err error) error {
	f, is := err.(*fault) //nolint:errorlint // made just before
	if !is || stead.ReasonOf(err) == stead.ReasonTooMany {
		return err
	}
	switch stead.ReasonOf(err) {
	case stead.ReasonLevel, stead.ReasonSecondFactor:
		f.code = "insufficient_user_authentication"
	case stead.ReasonDisabled, stead.ReasonUnknown, stead.ReasonPrivileged, stead.ReasonRefused, stead.ReasonVoid, stead.ReasonUsed, stead.ReasonChain:
		f.code = "invalid_grant"
	case stead.ReasonSignIn:
		f.code = "unauthorized_client"
	}
	return f
}
