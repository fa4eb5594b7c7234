package web

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"

	"github.com/go-jose/go-jose/v4"

	"github.com/steadhq/stead"
)

// mostKey is how long the text of a public key may be.
const mostKey = 2048

// PublicKey reads a public key as agents hand it in, a JWK (RFC 7517) of P-256 or Ed25519. Errors: invalid; so is a private
// key, which is then known to whoever has read it here.
func PublicKey(raw []byte) (stead.AgentKey, error) {
	wrong := func(text string) (stead.AgentKey, error) {
		return stead.AgentKey{}, stead.E(stead.Invalid, stead.ReasonRequest, "%s", text)
	}
	var k jose.JSONWebKey
	if len(raw) == 0 || len(raw) > mostKey || CheckJSON(raw) != nil || k.UnmarshalJSON(raw) != nil || !k.Valid() || len(k.Certificates) > 0 || k.CertificatesURL != nil {
		return wrong("this is no public key in the form of a JWK (RFC 7517)")
	}
	if k.Use != "" && k.Use != "sig" {
		return wrong("this key is not for signatures")
	}
	switch key := k.Key.(type) {
	case ed25519.PublicKey:
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() {
			return wrong("a key is on P-256 or Ed25519")
		}
	default:
		if !k.IsPublic() {
			return wrong("this is a private key: keep it, take another since it was sent, and hand in the public one")
		}
		return wrong("a key is on P-256 or Ed25519")
	}
	return KeyOf(k)
}

// KeyOf names a public key by its thumbprint (RFC 7638), beside its required members alone.
func KeyOf(k jose.JSONWebKey) (stead.AgentKey, error) {
	sum, err := k.Thumbprint(crypto.SHA256)
	if err != nil {
		return stead.AgentKey{}, stead.E(stead.Invalid, stead.ReasonRequest, "the key has no thumbprint")
	}
	public, err := jose.JSONWebKey{Key: k.Key}.MarshalJSON()
	return stead.AgentKey{Thumbprint: base64.RawURLEncoding.EncodeToString(sum), JWK: string(public)}, stead.Because(err, "write a public key")
}
