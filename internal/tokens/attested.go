package tokens

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// The fields of attestation-based client authentication (draft-ietf-oauth-attestation-based-client-auth-10).
const (
	AttestationField = "Oauth-Client-Attestation"
	popField         = "Oauth-Client-Attestation-Pop"
)

// longestAttestation is how long an attestation may count from now on.
const longestAttestation = 24 * time.Hour

// An Attester vouches for keys of agents: those alone that it is named for.
type Attester struct {
	ID     string
	Keys   []jose.JSONWebKey
	Agents []string // names
}

// ReadAttester reads the public keys of an attester, a JWK set. Errors: invalid.
func ReadAttester(id string, raw []byte, agents []string) (Attester, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	a := Attester{ID: id, Agents: agents}
	if web.CheckJSON(raw) != nil || json.Unmarshal(raw, &set) != nil || len(set.Keys) == 0 {
		return a, no("the keys of the attester %s are no JWK set (RFC 7517, 5)", id)
	}
	for _, one := range set.Keys {
		key, err := readKey(one)
		if err != nil {
			return a, err
		}
		a.Keys = append(a.Keys, key)
	}
	return a, nil
}

// Attesters check attestations. All members are needed.
type Attesters struct {
	All     []Attester
	Accepts []string // audiences: the issuer, the token endpoint
	Now     func() time.Time
	Key     []byte // makes challenges, on all nodes the same
}

type attestation struct {
	Subject  string `json:"sub"`
	Expires  date   `json:"exp"`
	Issued   date   `json:"iat"`
	After    date   `json:"nbf"`
	Confirms struct {
		JWK json.RawMessage `json:"jwk"`
	} `json:"cnf"`
}

type popClaims struct {
	Audience  audience `json:"aud"`
	ID        string   `json:"jti"`
	Issued    date     `json:"iat"`
	Challenge string   `json:"challenge"`
}

// Reads verifies the attestation of r, and the proof that comes with it: without one it is DPoP's that proves the key, which
// the caller compares. Errors: invalid bad-request; with a method AttestationChallenge the challenge to try again with.
func (a *Attesters) Reads(r *http.Request) (authority.Attested, error) {
	var out authority.Attested
	given, pop := r.Header[AttestationField], r.Header[popField]
	if len(given) != 1 || len(pop) > 1 {
		return out, no("send one attestation, and at most one proof of it")
	}
	h, err := readAs(given[0], attestationSort)
	if err != nil {
		return out, err
	}
	claims, by, err := a.signed(given[0], h)
	if err == nil {
		err = a.fits(claims)
	}
	if err != nil {
		return out, err
	}
	key, err := readKey(claims.Confirms.JWK)
	if err != nil {
		return out, err
	}
	out.Client, out.Attester = claims.Subject, by.ID
	if !slices.Contains(by.Agents, claims.Subject) {
		return out, no("this attester does not speak for this client")
	}
	if out.Key, err = web.KeyOf(key); err != nil || len(pop) == 0 {
		return out, err
	}
	out.Once, err = a.proved(pop[0], key, out.Key.Thumbprint)
	return out, err
}

// signed finds the attester whose key signed.
func (a *Attesters) signed(text string, h header) (attestation, *Attester, error) {
	tried := 0
	for i := range a.All {
		for _, key := range a.All[i].Keys {
			if !fits(key, h.Alg) || h.Kid != "" && key.KeyID != "" && h.Kid != key.KeyID {
				continue
			}
			if tried++; tried > mostKeys {
				break
			}
			var c attestation
			if open(text, h, key, &c) == nil {
				return c, &a.All[i], nil
			}
		}
	}
	return attestation{}, nil, no("no attester that is known here signed this")
}

func (a *Attesters) fits(c attestation) error {
	now := a.Now()
	switch {
	case c.Subject == "" || c.Expires == 0 || len(c.Confirms.JWK) == 0:
		return no("the attestation lacks sub, exp or cnf.jwk")
	case !now.Before(c.Expires.time()):
		return no("the attestation is over: exp")
	case c.Expires.time().Sub(now) > longestAttestation+skew:
		return no("the attestation lasts too long: exp is at most %s ahead", longestAttestation)
	case c.Issued.time().Sub(now) > skew || c.After.time().Sub(now) > skew:
		return no("the attestation is of a time to come: iat, nbf")
	}
	return nil
}

// proved reads the proof that the attested key is held.
func (a *Attesters) proved(text string, key jose.JSONWebKey, thumbprint string) ([]authority.Once, error) {
	h, err := readAs(text, popSort)
	if err != nil {
		return nil, err
	}
	var c popClaims
	if err := open(text, h, key, &c); err != nil {
		return nil, err
	}
	now := a.Now()
	switch {
	case c.ID == "" || c.Issued == 0:
		return nil, no("the proof lacks jti or iat")
	case len(c.Audience) != 1 || !slices.Contains(a.Accepts, c.Audience[0]):
		return nil, no("the proof is for somebody else: aud is %s alone", a.Accepts[0])
	case c.Challenge == "" && c.Issued.time().Sub(now).Abs() > skew || c.Challenge != "" && !a.ours(c.Challenge):
		return nil, &Challenged{no("make the proof again, with the challenge of the field OAuth-Client-Attestation-Challenge"), a.Challenge()}
	}
	sum := sha256.Sum256([]byte(c.ID))
	return []authority.Once{{Key: "attested/" + thumbprint + "/" + base64.RawURLEncoding.EncodeToString(sum[:]), Until: now.Add(2*turn + skew)}}, nil
}

// A Challenged is a no that says with which challenge to try again.
type Challenged struct {
	no        error
	challenge string
}

func (c *Challenged) Error() string { return c.no.Error() }
func (c *Challenged) Unwrap() error { return c.no }

// AttestationChallenge is the challenge to try again with.
func (c *Challenged) AttestationChallenge() string { return c.challenge }

// Challenge is one that a proof may carry now.
func (a *Attesters) Challenge() string { return a.challenge(a.Now().Unix() / int64(turn/time.Second)) }

func (a *Attesters) ours(c string) bool {
	now := a.Now().Unix() / int64(turn/time.Second)
	return hmac.Equal([]byte(c), []byte(a.challenge(now))) || hmac.Equal([]byte(c), []byte(a.challenge(now-1)))
}

func (a *Attesters) challenge(turn int64) string {
	mac := hmac.New(sha256.New, a.Key)
	mac.Write(binary.BigEndian.AppendUint64([]byte("attestation challenge\x00"), uint64(turn)))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
