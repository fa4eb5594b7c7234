package tokens

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// skew is how far the clock of somebody who proves a key may be from ours, who has no nonce.
const skew = time.Minute

// turn is how long one nonce is given out; it counts for one turn more.
const turn = 5 * time.Minute

// Proofs check proofs of possession (DPoP, RFC 9449). Origin, Now and Key are needed.
type Proofs struct {
	Origin string // as clients see us: what htu begins with
	Now    func() time.Time
	Key    []byte // makes nonces, on all nodes the same
	Demand bool   // no proof counts without a nonce

	keys known[provable]
}

// A provable is a key as it stands in proofs, and its name.
type provable struct {
	public jose.JSONWebKey
	name   stead.AgentKey
}

// A Challenge is a no that says with which nonce to try again.
type Challenge struct {
	no    *stead.Error
	Nonce string
}

func (c *Challenge) Error() string { return c.no.Error() }
func (c *Challenge) Unwrap() error { return c.no }

// DPoPNonce is the nonce to try again with.
func (c *Challenge) DPoPNonce() string { return c.Nonce }

type proofClaims struct {
	ID     string `json:"jti"`
	Method string `json:"htm"`
	URL    string `json:"htu"`
	Issued date   `json:"iat"`
	Token  string `json:"ath"`
	Nonce  string `json:"nonce"`
}

// Check reads the proof of r; token is the access token it must speak of, "" at the token endpoint. Whoever acts on it
// uses it up. Errors: invalid bad-request; a Challenge.
func (p *Proofs) Check(r *http.Request, token string) (stead.AgentKey, authority.Once, error) {
	var proved stead.AgentKey
	var once authority.Once
	given := r.Header["Dpop"]
	if len(given) != 1 {
		return proved, once, no("send one proof of possession, in the field DPoP (RFC 9449)")
	}
	h, err := readAs(given[0], proofSort)
	if err != nil {
		return proved, once, err
	}
	key, err := p.key(h.JWK)
	if err != nil {
		return proved, once, err
	}
	var c proofClaims
	if err := open(given[0], h, key.public, &c); err != nil {
		return proved, once, err
	}
	if err := p.fits(c, r, token); err != nil {
		return proved, once, err
	}
	sum := sha256.Sum256([]byte(c.ID))
	once = authority.Once{Key: "dpop/" + key.name.Thumbprint + "/" + base64.RawURLEncoding.EncodeToString(sum[:]), Until: p.Now().Add(2*turn + skew)}
	return key.name, once, nil
}

func (p *Proofs) key(raw []byte) (provable, error) {
	if key, was := p.keys.get(raw); was {
		return key, nil
	}
	var key provable
	var err error
	if key.public, err = readKey(raw); err == nil {
		key.name, err = web.KeyOf(key.public)
	}
	if err == nil {
		p.keys.put(raw, key)
	}
	return key, err
}

func (p *Proofs) fits(c proofClaims, r *http.Request, token string) error {
	switch {
	case c.ID == "" || c.Issued == 0:
		return no("the proof lacks jti or iat")
	case c.Method != r.Method:
		return no("the proof is for another method: htm")
	case !p.here(c.URL, r.URL.Path):
		return no("the proof is for another address: htu is %s", p.Origin+r.URL.Path)
	case token != "" && !hmac.Equal([]byte(c.Token), []byte(hashed(token))):
		return no("the proof is for another token: ath")
	}
	return p.fresh(c)
}

// here compares htu, without query and fragment, with where the request went.
func (p *Proofs) here(htu, path string) bool {
	u, err := url.Parse(htu)
	return err == nil && u.User == nil && u.Opaque == "" && strings.ToLower(u.Scheme+"://"+u.Host)+u.Path == strings.ToLower(p.Origin)+path
}

// fresh: a nonce of ours tells when a proof was made; without one its own clock must be near ours.
func (p *Proofs) fresh(c proofClaims) error {
	if c.Nonce == "" && !p.Demand && c.Issued.time().Sub(p.Now()).Abs() <= skew {
		return nil
	}
	now := p.Now().Unix() / int64(turn/time.Second)
	if c.Nonce != "" && (hmac.Equal([]byte(c.Nonce), []byte(p.nonce(now))) || hmac.Equal([]byte(c.Nonce), []byte(p.nonce(now-1)))) {
		return nil
	}
	return &Challenge{stead.E(stead.Invalid, stead.ReasonRequest, "make the proof again, with the nonce of the field DPoP-Nonce"), p.nonce(now)}
}

func (p *Proofs) nonce(turn int64) string {
	mac := hmac.New(sha256.New, p.Key)
	mac.Write(binary.BigEndian.AppendUint64([]byte("dpop nonce\x00"), uint64(turn)))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func hashed(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
