package api

import (
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// tokenPrefix marks our tokens, so that scanners for leaked secrets know them.
const tokenPrefix = "stp_"

// admit tells who sent r and whether tag and roles let him in: one of the roles is enough. Verbs decide the rest.
func (a *API) admit(r *http.Request, tag web.Tag, roles []authority.Role) (authority.By, error) {
	switch tag {
	case web.Public, web.Dev:
		return authority.By{}, nil
	}
	by, err := a.present(r)
	if err != nil {
		return by, err
	}
	if len(roles) == 0 {
		return by, nil
	}
	no := a.Verbs.May(by, roles...)
	if no != nil && r.Method != http.MethodGet {
		no = a.Verbs.TurnAway(r.Context(), by, r.Method+" "+r.URL.Path, no)
	}
	return by, no
}

// present reads the pass: a bearer token, or the cookie of Stead's own pages where these sent the request.
func (a *API) present(r *http.Request) (authority.By, error) {
	c := web.ClientOf(r)
	p := authority.Presented{Host: Host, Client: c.Mark, Address: address(c)}
	given := r.Header["Authorization"]
	switch {
	case len(given) > 1:
		return authority.By{}, stead.E(stead.Invalid, stead.ReasonRequest, "Authorization is given twice")
	case len(given) == 1:
		kind, token, _ := strings.Cut(given[0], " ")
		if strings.EqualFold(kind, "DPoP") && a.Keyed != nil {
			by, err := a.Keyed.Present(r)
			return by, unproved(err)
		}
		if !strings.EqualFold(kind, "Bearer") || !strings.HasPrefix(token, tokenPrefix) {
			return authority.By{}, signIn("this is no token of Stead's: get one with POST /v1/login")
		}
		p.Secret = token
	case a.Cookie.Name != "" && a.ownPage(r):
		p.Host, p.Secret = r.Host, a.Cookie.Read(r)
	}
	if p.Secret == "" {
		return authority.By{}, signIn("sign in first: send the token of POST /v1/login as Authorization: Bearer")
	}
	return a.Verbs.Present(r.Context(), p)
}

// Keyed tells who sent a request with a token that is bound to a key, and with a proof of that key (RFC 9449). An error
// with a method DPoPNonce says with which nonce to try again.
type Keyed interface {
	Present(r *http.Request) (authority.By, error)
}

// unproved says in OAuth's words too why a token or its proof does not count.
func unproved(err error) error {
	var challenge interface{ DPoPNonce() string }
	fields := map[string]string{}
	code := "invalid_token"
	switch {
	case err == nil || stead.KindOf(err) == stead.Broken:
		return err
	case errors.As(err, &challenge):
		code, fields["DPoP-Nonce"] = "use_dpop_nonce", challenge.DPoPNonce()
	case stead.KindOf(err) == stead.Invalid || stead.ReasonOf(err) == stead.ReasonUsed:
		code = "invalid_dpop_proof"
	}
	fields["WWW-Authenticate"] = `DPoP error="` + code + `", algs="ES256 EdDSA Ed25519"`
	return &web.Fault{Err: err, Code: http.StatusUnauthorized, Fields: fields}
}

// ownPage tells whether a page of Stead's own sent r. Other ports of this host count as the same site to a browser
// and get its cookies, so only the browser's word for the very origin will do where something is changed.
func (a *API) ownPage(r *http.Request) bool {
	site := r.Header["Sec-Fetch-Site"]
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return len(site) == 0 || (len(site) == 1 && (site[0] == "same-origin" || site[0] == "none"))
	}
	vouched := len(site) == 1 && site[0] == "same-origin"
	return vouched && a.Cross.Check(r) == nil
}

func signIn(text string) error { return stead.E(stead.Refused, stead.ReasonSignIn, "%s", text) }

func address(c web.Client) string {
	if !c.Addr.IsValid() {
		return ""
	}
	return c.Addr.String()
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }
