package agent

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"errors"
	"io"

	"github.com/go-jose/go-jose/v4"
)

// A Key is a private key, on P-256 or Ed25519.
type Key struct {
	Thumbprint string // RFC 7638, SHA-256, base64url

	private jose.JSONWebKey
	public  jose.JSONWebKey
}

// NewKey makes a key.
func NewKey(random io.Reader) (Key, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return Key{}, err
	}
	return keyOf(jose.JSONWebKey{Key: private})
}

// ReadKey reads a private JWK (RFC 7517).
func ReadKey(text []byte) (Key, error) {
	var k jose.JSONWebKey
	if err := k.UnmarshalJSON(text); err != nil {
		return Key{}, errors.New("this is no key in the form of a JWK (RFC 7517)")
	}
	return keyOf(k)
}

func keyOf(k jose.JSONWebKey) (Key, error) {
	switch private := k.Key.(type) {
	case *ecdsa.PrivateKey:
		if private.Curve != elliptic.P256() {
			return Key{}, errors.New("a key is on P-256 or Ed25519")
		}
	case ed25519.PrivateKey:
	default:
		return Key{}, errors.New("this is no private key on P-256 or Ed25519")
	}
	own := jose.JSONWebKey{Key: k.Key}
	out := Key{private: own, public: own.Public()}
	sum, err := out.public.Thumbprint(crypto.SHA256)
	out.Thumbprint = base64.RawURLEncoding.EncodeToString(sum)
	return out, err
}

// Private is the key as a JWK. Whoever has it is the run.
func (k Key) Private() ([]byte, error) { return k.private.MarshalJSON() }

// Public is its public half as a JWK, as it is registered.
func (k Key) Public() ([]byte, error) { return k.public.MarshalJSON() }

// sign makes a compact JWS.
func (k Key) sign(payload []byte, head map[jose.HeaderKey]any) (string, error) {
	alg := jose.ES256
	if _, is := k.private.Key.(ed25519.PrivateKey); is {
		alg = jose.EdDSA
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: k.private.Key}, &jose.SignerOptions{ExtraHeaders: head})
	if err != nil {
		return "", err
	}
	made, err := s.Sign(payload)
	if err != nil {
		return "", err
	}
	return made.CompactSerialize()
}
