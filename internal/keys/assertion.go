package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	"github.com/steadhq/stead"
)

// SignAssertion signs what an application is told, as a compact JWS (alg, kid, typ). Issuer and times are set
// here; anything else that is missing is refused: an assertion is whole or it is not made.
func (r *Ring) SignAssertion(a stead.Assertion, alg stead.Algorithm) (string, error) {
	now := r.Now()
	a.Issuer = r.Issuer
	a.Issued, a.After, a.Before = now.Unix(), now.Unix(), now.Add(r.Life).Unix()
	if err := a.Whole(); err != nil {
		return "", err
	}
	return r.signing(alg, now).jws(r.Rand, stead.AppendAssertion(make([]byte, 0, 512), a))
}

// signing is the key that signs now: the newest for alg whose turn has come. Where none has, ES256 does, which every ring
// began with; where the clock is before all of them, the first.
func (r *Ring) signing(alg stead.Algorithm, now time.Time) signingKey {
	keys := *r.keys.Load()
	for _, k := range slices.Backward(keys) {
		if k.alg == alg && !now.Before(k.From) {
			return k
		}
	}
	if alg != stead.ES256 {
		return r.signing(stead.ES256, now)
	}
	return keys[0]
}

// Signs tells since when the key that signs now, unless an application asks for another, has done so, and how many keys are published.
func (r *Ring) Signs() (since time.Time, published int) {
	now := r.Now()
	return r.signing(stead.EdDSA, now).From, len(r.published(now))
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
	Y   string `json:"y,omitempty"`
	Exp int64  `json:"exp,omitempty"`
}

// Newest tells since or from when the newest key signs, and how many are published.
func (r *Ring) Newest() (from time.Time, published int) {
	keys := r.published(r.Now())
	return keys[len(keys)-1].From, len(keys)
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

// PublicKey is the published key of that name; nil where there is none.
func (r *Ring) PublicKey(kid string) crypto.PublicKey {
	for _, k := range r.published(r.Now()) {
		if k.ID == kid {
			return k.key.Public()
		}
	}
	return nil
}

func (k signingKey) public() (publicKey, error) {
	p := publicKey{Use: "sig", Alg: string(k.alg), Kid: k.ID}
	switch key := k.key.Public().(type) {
	case ed25519.PublicKey: // RFC 8037 2
		p.Kty, p.Crv, p.X = "OKP", "Ed25519", base64.RawURLEncoding.EncodeToString(key)
	case *ecdsa.PublicKey:
		point, err := key.Bytes() // 4, x, y
		if err != nil || len(point) != 65 {
			return publicKey{}, broken("a public key can not be written")
		}
		p.Kty, p.Crv = "EC", "P-256"
		p.X, p.Y = base64.RawURLEncoding.EncodeToString(point[1:33]), base64.RawURLEncoding.EncodeToString(point[33:])
	}
	if !k.Until.IsZero() {
		p.Exp = k.Until.Unix()
	}
	return p, nil
}
