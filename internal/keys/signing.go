package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/steadhq/stead"
)

// algorithms are those that a ring has keys for.
var algorithms = []stead.Algorithm{stead.ES256, stead.EdDSA}

// A signingKey signs from From until the next one for its algorithm does, and is published until Until.
type signingKey struct {
	ID    string    `json:"id"`
	DER   []byte    `json:"der"` // PKCS #8, which says what it is for
	From  time.Time `json:"from"`
	Until time.Time `json:"until,omitzero"` // zero: no other is to follow yet
	alg   stead.Algorithm
	key   crypto.Signer
	head  string // of every JWS it signs, encoded
}

// newKeys makes a key for each algorithm.
func (r *Ring) newKeys(from time.Time, algs []stead.Algorithm) ([]signingKey, error) {
	var fresh []signingKey
	for _, alg := range algs {
		key, err := generate(alg, r.Rand)
		if err != nil {
			return nil, broken("no signing key could be made")
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, broken("no signing key could be made")
		}
		k := signingKey{DER: der, From: from.UTC()}
		if err := k.ready(); err != nil {
			return nil, err
		}
		fresh = append(fresh, k)
	}
	return fresh, nil
}

func generate(alg stead.Algorithm, rand io.Reader) (crypto.Signer, error) {
	if alg == stead.ES256 {
		return ecdsa.GenerateKey(elliptic.P256(), rand)
	}
	_, key, err := ed25519.GenerateKey(rand)
	return key, err
}

// ready parses the key and writes the head of what it signs.
func (k *signingKey) ready() error {
	parsed, err := x509.ParsePKCS8PrivateKey(k.DER)
	if err != nil {
		return broken("a signing key can not be read")
	}
	switch key := parsed.(type) {
	case ed25519.PrivateKey:
		k.key, k.alg = key, stead.EdDSA
	case *ecdsa.PrivateKey:
		k.key, k.alg = key, stead.ES256
	}
	if key, ok := k.key.(*ecdsa.PrivateKey); k.key == nil || ok && key.Curve != elliptic.P256() {
		return broken("a signing key is of another kind")
	}
	id, err := (&jose.JSONWebKey{Key: k.key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return broken("a signing key can not be read")
	}
	k.ID = base64.RawURLEncoding.EncodeToString(id) // RFC 7638
	head, err := json.Marshal(map[string]string{"alg": string(k.alg), "kid": k.ID, "typ": stead.AssertionType})
	k.head = base64.RawURLEncoding.EncodeToString(head)
	return stead.Because(err, "write the head of assertions")
}

// jws is a compact JWS (RFC 7515 7.1) of payload.
func (k signingKey) jws(rand io.Reader, payload []byte) (string, error) {
	text := make([]byte, 0, len(k.head)+len(payload)*4/3+100)
	text = append(append(text, k.head...), '.')
	text = base64.RawURLEncoding.AppendEncode(text, payload)
	signed, err := k.sign(rand, text)
	if err != nil {
		return "", broken("an assertion could not be signed")
	}
	return string(base64.RawURLEncoding.AppendEncode(append(text, '.'), signed)), nil
}

func (k signingKey) sign(rand io.Reader, text []byte) ([]byte, error) {
	switch key := k.key.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(key, text), nil
	case *ecdsa.PrivateKey:
		sum := sha256.Sum256(text)
		r, s, err := ecdsa.Sign(rand, key, sum[:])
		if err != nil {
			return nil, err
		}
		both := make([]byte, 64) // one after the other (RFC 7518 3.4)
		r.FillBytes(both[:32])
		s.FillBytes(both[32:])
		return both, nil
	}
	return nil, broken("a signing key is of another kind")
}
