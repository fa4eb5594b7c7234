package tokens

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// most is how long anything signed may be that somebody shows.
const most = 8 << 10

// ed25519Alg is EdDSA as RFC 9864 names it, by its curve.
const ed25519Alg jose.SignatureAlgorithm = "Ed25519"

// Algorithms are those that signatures may have.
func Algorithms() []string {
	return []string{string(jose.ES256), string(jose.EdDSA), string(ed25519Alg)}
}

// A header is the protected header of a compact JWS.
type header struct {
	Alg string          `json:"alg"`
	Typ string          `json:"typ"`
	Kid string          `json:"kid"`
	JWK json.RawMessage `json:"jwk"`
}

// steers are header parameters that would have us read or trust something else than what we know.
var steers = []string{"crit", "b64", "jku", "x5u", "x5c", "x5t", "x5t#s256", "zip", "enc", "nested"}

func no(format string, args ...any) error {
	return stead.E(stead.Invalid, stead.ReasonRequest, format, args...)
}

// readHeader reads the header of a compact JWS, and refuses what could be read in two ways.
func readHeader(text string, algorithms []jose.SignatureAlgorithm) (header, error) {
	var h header
	first, rest, _ := strings.Cut(text, ".")
	if len(text) > most || strings.Count(rest, ".") != 1 {
		return h, no("this is no compact JWS of at most %d bytes", most)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(first)
	if err != nil {
		return h, no("the header is not base64url")
	}
	for part := range strings.SplitSeq(rest, ".") { // one text for one token: bits that mean nothing are none
		if _, err := base64.RawURLEncoding.Strict().DecodeString(part); err != nil || strings.ContainsAny(part, "\r\n") {
			return h, no("a part is not base64url")
		}
	}
	var all map[string]json.RawMessage
	if err := web.CheckJSON(raw); err != nil || json.Unmarshal(raw, &all) != nil || json.Unmarshal(raw, &h) != nil {
		return h, no("the header can not be read")
	}
	for name := range all {
		if slices.Contains(steers, strings.ToLower(name)) {
			return h, no("the header parameter %q is not taken", name)
		}
	}
	if !slices.Contains(algorithms, jose.SignatureAlgorithm(h.Alg)) {
		return h, no("the algorithm is one of %s", algorithms)
	}
	return h, nil
}

// open verifies a compact JWS whose header was read, and reads its claims into v.
func open(text string, h header, key jose.JSONWebKey, v any) error {
	if !fits(key, h.Alg) {
		return no("the key is for another algorithm")
	}
	dot := strings.LastIndexByte(text, '.')
	signature, err := base64.RawURLEncoding.DecodeString(text[dot+1:])
	if err != nil || !right(key.Key, text[:dot], signature) {
		return no("the signature is wrong")
	}
	return payload(text, v)
}

// right tells whether a signature is that of a key, which says by itself by which algorithm (RFC 7518 3.4, RFC 8037 3.1).
func right(key any, text string, signature []byte) bool {
	switch public := key.(type) {
	case *ecdsa.PublicKey:
		sum := sha256.Sum256([]byte(text))
		half := len(signature) / 2
		return len(signature) == 64 && ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:]))
	case ed25519.PublicKey:
		return ed25519.Verify(public, []byte(text), signature)
	}
	return false
}

// payload reads the claims of a compact JWS into v, whoever has signed it.
func payload(text string, v any) error {
	_, rest, _ := strings.Cut(text, ".")
	body, _, _ := strings.Cut(rest, ".")
	raw, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil || web.CheckJSON(raw) != nil || json.Unmarshal(raw, v) != nil {
		return no("the claims can not be read")
	}
	return nil
}

// fits tells whether a key is for an algorithm.
func fits(key jose.JSONWebKey, alg string) bool {
	is := algorithm(key)
	return is != "" && (alg == string(is) || is == jose.EdDSA && alg == string(ed25519Alg))
}

// algorithm is the only one that a key is for, as go-jose names it; "" for a key that is not taken.
func algorithm(key jose.JSONWebKey) jose.SignatureAlgorithm {
	var alg jose.SignatureAlgorithm
	switch k := key.Key.(type) {
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			alg = jose.ES256
		}
	case ed25519.PublicKey:
		alg = jose.EdDSA
	}
	if alg == jose.EdDSA && key.Algorithm == string(ed25519Alg) {
		key.Algorithm = string(alg)
	}
	if key.Algorithm != "" && key.Algorithm != string(alg) || key.Use != "" && key.Use != "sig" {
		return ""
	}
	return alg
}

// readKey reads a public JWK. Private and shared keys are refused, and so are certificates.
func readKey(raw []byte) (jose.JSONWebKey, error) {
	var key jose.JSONWebKey
	if len(raw) == 0 || len(raw) > most || web.CheckJSON(raw) != nil || key.UnmarshalJSON(raw) != nil {
		return key, no("the key is no JWK that can be read")
	}
	if !key.Valid() || len(key.Certificates) > 0 || key.CertificatesURL != nil || algorithm(key) == "" {
		return key, no("the key is no public P-256 or Ed25519 key for signatures")
	}
	return key, nil
}

// An audience is the claim aud: a text, or a list of texts (RFC 7519, 4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(a))
}
