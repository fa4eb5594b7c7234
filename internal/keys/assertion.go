package keys

import (
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/steadhq/stead"
)

// SignAssertion signs what an application is told, as a compact JWS (ES256, kid, typ). Issuer and times are set
// here; anything else that is missing is refused: an assertion is whole or it is not made.
func (r *Ring) SignAssertion(a stead.Assertion) (string, error) {
	now := r.Now()
	a.Issuer = r.Issuer
	a.Issued, a.After, a.Before = now.Unix(), now.Unix(), now.Add(r.Life).Unix()
	if err := a.Whole(); err != nil {
		return "", err
	}
	return r.signing(now).jws(r.Rand, stead.AppendAssertion(nil, a))
}

// signing is the key that signs now: the newest whose turn has come. Where the clock is before all of them, the
// first.
func (r *Ring) signing(now time.Time) signingKey {
	keys := *r.keys.Load()
	for i := len(keys) - 1; i > 0; i-- {
		if !now.Before(keys[i].From) {
			return keys[i]
		}
	}
	return keys[0]
}

// Signs tells since when the key that signs now has done so, and how many keys are published.
func (r *Ring) Signs() (since time.Time, published int) {
	now := r.Now()
	return r.signing(now).From, len(r.published(now))
}

// A publicKey is a member of a JWKS (RFC 7517). Exp, as OpenID Federation has it, tells when a key that was
// replaced stops counting, so that a cached copy ends it too.
type publicKey struct {
	Kty string `json:"kty"`
	Use string `json:"use"`
	Alg string `json:"alg"`
	Kid string `json:"kid"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Y   string `json:"y"`
	Exp int64  `json:"exp,omitempty"`
}

// JWKS is the document of the public keys, those included that do not sign yet or do not sign any more.
func (r *Ring) JWKS() ([]byte, error) {
	var doc struct {
		Keys []publicKey `json:"keys"`
	}
	for _, k := range r.published(r.Now()) {
		p, err := k.public()
		if err != nil {
			return nil, err
		}
		doc.Keys = append(doc.Keys, p)
	}
	b, err := json.Marshal(doc)
	return b, stead.Because(err, "write the public keys")
}

func (k signingKey) public() (publicKey, error) {
	point, err := k.key.Public().(*ecdsa.PublicKey).Bytes() // 4, x, y
	if err != nil || len(point) != 65 {
		return publicKey{}, broken("a public key can not be written")
	}
	p := publicKey{Kty: "EC", Use: "sig", Alg: "ES256", Kid: k.ID, Crv: "P-256",
		X: base64.RawURLEncoding.EncodeToString(point[1:33]), Y: base64.RawURLEncoding.EncodeToString(point[33:])}
	if !k.Until.IsZero() {
		p.Exp = k.Until.Unix()
	}
	return p, nil
}
