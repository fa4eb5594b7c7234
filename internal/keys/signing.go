package keys

import (
	"crypto"
	"crypto/ecdsa"
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

// A signingKey signs from From until the next one does, and is published until Until.
type signingKey struct {
	ID    string    `json:"id"`
	DER   []byte    `json:"der"` // PKCS #8
	From  time.Time `json:"from"`
	Until time.Time `json:"until,omitzero"` // zero: no other is to follow yet
	key   *ecdsa.PrivateKey
	head  string // of every JWS it signs, encoded
}

func (r *Ring) newKey(from time.Time) (signingKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), r.Rand)
	if err != nil {
		return signingKey{}, broken("no signing key could be made")
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return signingKey{}, broken("no signing key could be made")
	}
	k := signingKey{DER: der, From: from.UTC()}
	return k, k.ready()
}

// ready parses the key and writes the head of what it signs.
func (k *signingKey) ready() error {
	parsed, err := x509.ParsePKCS8PrivateKey(k.DER)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok || key.Curve != elliptic.P256() {
		return broken("a signing key can not be read")
	}
	id, err := (&jose.JSONWebKey{Key: key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return broken("a signing key can not be read")
	}
	k.key, k.ID = key, base64.RawURLEncoding.EncodeToString(id) // RFC 7638
	head, err := json.Marshal(map[string]string{"alg": "ES256", "kid": k.ID, "typ": stead.AssertionType})
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

// sign gives both numbers of the signature, one after the other (RFC 7518 3.4).
func (k signingKey) sign(rand io.Reader, text []byte) ([]byte, error) {
	sum := sha256.Sum256(text)
	r, s, err := ecdsa.Sign(rand, k.key, sum[:])
	if err != nil {
		return nil, err
	}
	both := make([]byte, 64)
	r.FillBytes(both[:32])
	s.FillBytes(both[32:])
	return both, nil
}
