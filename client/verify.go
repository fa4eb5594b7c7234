package client

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	stdjson "encoding/json"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json" // minds the case of names and refuses doubled ones
	"github.com/steadhq/stead"
)

// Keys gives the public keys of an issuer.
type Keys interface {
	// Key gives the key of that id if it counts at now: of Ed25519 for EdDSA, of P-256 for ES256. Kind refused: there is
	// none; broken: it can not be told.
	Key(ctx context.Context, id string, now time.Time) (crypto.PublicKey, error)
}

// A Verifier checks assertions. All members but Skew and MaxLife are needed: one that is not set refuses everything.
type Verifier struct {
	Issuer  string
	App     stead.AppID
	Keys    Keys
	Now     func() time.Time
	Skew    time.Duration // how far clocks may differ; 0 = 5 s, at most 1 minute
	MaxLife time.Duration // of an assertion; 0 = 5 minutes
}

const (
	usualSkew = 5 * time.Second
	mostSkew  = time.Minute
	usualLife = 5 * time.Minute
	maxToken  = 16 << 10
)

// Verify reads an assertion made for one request. Kind refused: it does not count, for whatever reason; broken: the
// keys could not be had.
func (v Verifier) Verify(ctx context.Context, token, method, url string) (stead.Assertion, error) {
	var none stead.Assertion
	if v.Issuer == "" || v.App == "" || v.Keys == nil || v.Now == nil || method == "" || url == "" {
		return none, refused("the verifier does not know what to expect")
	}
	now := v.Now()
	id, said, err := header(token)
	if err != nil {
		return none, err
	}
	key, err := v.Keys.Key(ctx, id, now)
	if err != nil {
		return none, err
	}
	alg := algorithmOf(key)
	if alg == "" || alg != said {
		return none, refused("no key has that id and algorithm")
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		return none, refused("it is no assertion")
	}
	payload, err := signed.Verify(key)
	if err != nil {
		return none, refused("its signature is wrong")
	}
	var a stead.Assertion
	if json.Unmarshal(payload, &a) != nil {
		return none, refused("its claims can not be read")
	}
	if err := v.expect(a, method, url, now); err != nil {
		return none, err
	}
	return a, nil
}

// algorithmOf is the one algorithm that a key is for, whatever a token says (RFC 8725 3.1); "" is none of ours.
func algorithmOf(key crypto.PublicKey) string {
	switch key := key.(type) {
	case ed25519.PublicKey:
		if len(key) == ed25519.PublicKeySize {
			return string(stead.EdDSA)
		}
	case *ecdsa.PublicKey:
		if key != nil && key.Curve == elliptic.P256() {
			return string(stead.ES256)
		}
	}
	return ""
}

// header reads the id of the key and the algorithm it is said to be for. Nothing but alg, kid and typ may stand in the
// header: no key comes from a token, nothing critical is understood.
func header(token string) (id, alg string, err error) {
	parts := strings.Split(token, ".")
	if len(token) > maxToken || len(parts) != 3 {
		return "", "", refused("it is no assertion")
	}
	for _, p := range parts {
		b, err := base64.RawURLEncoding.DecodeString(p)
		if err != nil || base64.RawURLEncoding.EncodeToString(b) != p {
			return "", "", refused("it is not in the one base64 form")
		}
	}
	text, _ := base64.RawURLEncoding.DecodeString(parts[0])
	var all map[string]stdjson.RawMessage
	var h struct {
		Alg string `json:"alg"`
		Kid string `json:"kid"`
		Typ string `json:"typ"`
	}
	if stdjson.Unmarshal(text, &all) != nil || json.Unmarshal(text, &h) != nil || len(all) != 3 {
		return "", "", refused("its header has other members than alg, kid and typ")
	}
	if h.Typ != stead.AssertionType || h.Kid == "" {
		return "", "", refused("its header is not that of an assertion")
	}
	return h.Kid, h.Alg, nil
}

// expect compares the claims with what this application and this request must be.
func (v Verifier) expect(a stead.Assertion, method, url string, now time.Time) error {
	skew, life := min(orUsual(v.Skew, usualSkew), mostSkew), orUsual(v.MaxLife, usualLife)
	switch {
	case a.Whole() != nil:
		return refused("it is not whole")
	case a.Issuer != v.Issuer:
		return refused("another issuer made it")
	case a.Audience != v.App:
		return refused("it is for another application")
	case a.Method != method || a.URL != url:
		return refused("it is for another request")
	case a.Before-a.Issued > int64(life/time.Second):
		return refused("it lives too long")
	case now.Add(skew).Unix() < max(a.Issued, a.After):
		return refused("its time has not come")
	case now.Add(-skew).Unix() >= a.Before:
		return refused("its time is over")
	}
	return nil
}

func orUsual(d, usual time.Duration) time.Duration {
	if d <= 0 {
		return usual
	}
	return d
}

// refused says why; the token itself is never in the text.
func refused(why string) error {
	return stead.E(stead.Refused, stead.ReasonBadProof, "the assertion does not count: %s", why)
}
