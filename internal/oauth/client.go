package oauth

import (
	"net/url"
	"strings"

	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

const (
	byJWT         = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	bySVIDType    = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe"
	byAttestation = "Oauth-Client-Attestation"
)

// identify finds out which client calls: by a key of its own, or its secret, in one way only (RFC 6749, 2.3).
func (d *Door) identify(c *call) error {
	ways := 0
	for _, given := range []bool{len(c.r.Header["Authorization"]) > 0, c.form["client_secret"] != "",
		c.form["client_assertion"] != "" || c.form["client_assertion_type"] != "", len(c.r.Header[byAttestation]) > 0} {
		if given {
			ways++
		}
	}
	c.client = c.form["client_id"]
	switch {
	case ways > 1:
		return says("invalid_request", "prove who you are in one way only")
	case len(c.r.Header[byAttestation]) > 0:
		return d.byAttester(c)
	case c.form["client_assertion"] != "" && (c.form["client_assertion_type"] == bySVIDType || spiffe(c.form["client_assertion"])):
		return d.bySVID(c)
	case c.form["client_assertion"] != "":
		return d.byKey(c)
	case ways == 1 && c.form["client_secret"] == "":
		return d.byBasic(c)
	case ways == 1:
		return d.bySecret(c, c.client, c.form["client_secret"])
	}
	return says("invalid_client", "prove who you are: private_key_jwt, client_secret_basic or client_secret_post")
}

// byKey: the client signed an assertion with a key of its own (RFC 7523, 2.2).
func (d *Door) byKey(c *call) error {
	if c.form["client_assertion_type"] != byJWT {
		return says("invalid_request", "client_assertion_type is %s", byJWT)
	}
	p, once, err := d.Clients.Asserts(c.form["client_assertion"])
	if err != nil {
		return unproved(err)
	}
	if c.client != "" && c.client != p.Agent {
		return says("invalid_client", "client_id names another client than the assertion")
	}
	c.client, c.once, p.Address = p.Agent, []authority.Once{once}, c.by.Address
	by, err := d.Verbs.PresentKey(c.r.Context(), p)
	return c.identified(by, err)
}

// byBasic: the client's name and secret stand in the field Authorization, each form-encoded (RFC 6749, 2.3.1).
func (d *Door) byBasic(c *call) error {
	given := c.r.Header["Authorization"]
	user, secret, basic := c.r.BasicAuth()
	name, err := url.QueryUnescape(user)
	if err == nil {
		secret, err = url.QueryUnescape(secret)
	}
	switch {
	case c.form["client_assertion_type"] != "":
		return says("invalid_request", "client_assertion is missing")
	case len(given) != 1 || !basic || err != nil:
		return says("invalid_client", "Authorization holds no name and secret of a client")
	case c.client != "" && c.client != name:
		return says("invalid_client", "client_id names another client than Authorization")
	}
	return d.bySecret(c, name, secret)
}

func (d *Door) bySecret(c *call, name, secret string) error {
	c.client = name
	by, err := d.Verbs.PresentSecret(authority.PresentedSecret{Agent: name, Secret: secret, Address: c.by.Address})
	return c.identified(by, err)
}

func (c *call) identified(by authority.By, err error) error {
	if err == nil {
		c.by = by
		return nil
	}
	f := faultOf(err)
	if f == nil {
		return err
	}
	f.record = true
	return f
}

// inspecting finds out who asks about a token: a client, a service by its secret, or somebody who has signed in at the API
// (RFC 7662, 2.1).
func (d *Door) inspecting(c *call) error {
	given := c.r.Header["Authorization"]
	if len(given) != 1 {
		return d.proved(c)
	}
	kind, pass, _ := strings.Cut(given[0], " ")
	if !strings.EqualFold(kind, "Bearer") {
		return d.proved(c)
	}
	if id := d.Services(pass); id != "" {
		c.by.Principal = id
		return nil
	}
	p := authority.Presented{Secret: pass, Host: "api", Client: web.ClientOf(c.r).Mark, Address: c.by.Address}
	by, err := d.Inspector.Present(c.r.Context(), p)
	if err != nil {
		return unproved(err)
	}
	c.by = by
	return nil
}

// proved is who a client is, with what proved it used up.
func (d *Door) proved(c *call) error {
	if err := d.identify(c); err != nil {
		return err
	}
	return d.use(c, "invalid_client")
}

// use uses up what counts once; code is how a second use is called.
func (d *Door) use(c *call, code string) error {
	for _, once := range c.once {
		if err := d.Memory.Use(once); err != nil {
			return &fault{code, err, true}
		}
	}
	return nil
}
