package tokens

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A Register knows the agents that are clients, and what runs of them.
type Register interface {
	Client(name string) (stead.Registration, bool)
	RunOf(thumbprint string) (stead.Instance, bool)
}

// Clients check clients' assertions (private_key_jwt, RFC 7523). All members are needed.
type Clients struct {
	Register Register
	Accepts  []string // audiences: the issuer, the token endpoint
	Now      func() time.Time
}

// longestAssertion is how long an assertion may count at most.
const longestAssertion = 5 * time.Minute

// mostKeys is how many of a client's keys are tried where an assertion names none.
const mostKeys = 8

type assertionClaims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
	ID       string   `json:"jti"`
	Expires  date     `json:"exp"`
	Issued   date     `json:"iat"`
	After    date     `json:"nbf"`
}

// Asserts reads a client's assertion: whose it is, and which of its registered keys, or of its runs', signed it. Whoever acts on it uses it
// up. Errors: invalid bad-request.
func (c *Clients) Asserts(text string) (authority.PresentedKey, authority.Once, error) {
	var who authority.PresentedKey
	var once authority.Once
	h, err := readAs(text, assertionSort)
	if err != nil {
		return who, once, err
	}
	var claimed assertionClaims // whose keys to try
	if err := payload(text, &claimed); err != nil {
		return who, once, err
	}
	r, found := c.Register.Client(claimed.Subject)
	if !found {
		return who, once, no("no client signed this")
	}
	if run, found := c.Register.RunOf(h.Kid); h.Kid != "" && found && run.Agent == r.Principal {
		r.Keys = []stead.AgentKey{run.Key} // a run proves itself, by the name of its key
	}
	claims, key, err := signedBy(text, h, r)
	if err != nil {
		return who, once, err
	}
	if err := c.fits(claims); err != nil {
		return who, once, err
	}
	sum := sha256.Sum256([]byte(claims.ID))
	who = authority.PresentedKey{Agent: claims.Subject, Thumbprint: key}
	once = authority.Once{Key: "assertion/" + string(r.Principal) + "/" + base64.RawURLEncoding.EncodeToString(sum[:]), Until: claims.Expires.time()}
	return who, once, nil
}

// signedBy tries the keys of a registration, those alone that the header may mean.
func signedBy(text string, h header, r stead.Registration) (assertionClaims, string, error) {
	tried := 0
	for _, k := range r.Keys {
		key, err := readKey([]byte(k.JWK))
		if err != nil || !fits(key, h.Alg) || h.Kid != "" && h.Kid != k.Thumbprint && h.Kid != key.KeyID {
			continue
		}
		if own, err := web.KeyOf(key); err != nil || own.Thumbprint != k.Thumbprint {
			continue // it was registered under another key's name
		}
		var c assertionClaims
		if open(text, h, key, &c) == nil {
			return c, k.Thumbprint, nil
		}
		if tried++; tried == mostKeys {
			break
		}
	}
	return assertionClaims{}, "", no("no client signed this")
}

func (c *Clients) fits(a assertionClaims) error {
	now := c.Now()
	switch {
	case a.Issuer != a.Subject || a.ID == "":
		return no("the assertion lacks jti, or iss and sub differ")
	case len(a.Audience) != 1 || !slices.Contains(c.Accepts, a.Audience[0]):
		return no("the assertion is for somebody else: aud is %s alone", c.Accepts[0])
	case !now.Before(a.Expires.time()):
		return no("the assertion is over: exp")
	case a.Expires.time().Sub(now) > longestAssertion+skew:
		return no("the assertion lasts too long: exp is at most %s ahead", longestAssertion)
	case a.Issued.time().Sub(now) > skew || a.After.time().Sub(now) > skew:
		return no("the assertion is of a time to come: iat, nbf")
	}
	return nil
}
