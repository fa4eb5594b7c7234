package tokens

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// LetterType is the typ of an ID-JAG (draft-ietf-oauth-identity-assertion-authz-grant).
const LetterType = "oauth-id-jag+jwt"

// longestName is how long one name in a letter may be.
const longestName = 512

// letterClaims are those of an ID-JAG. Its aud is one text, never a list.
type letterClaims struct {
	Issuer   string             `json:"iss"`
	Subject  string             `json:"sub"`
	Audience string             `json:"aud"`
	Client   string             `json:"client_id"`
	ID       string             `json:"jti"`
	Expires  date               `json:"exp"`
	Issued   date               `json:"iat"`
	After    date               `json:"nbf,omitempty"`
	Resource string             `json:"resource,omitempty"`
	Scope    string             `json:"scope,omitempty"`
	Details  []authority.Detail `json:"authorization_details,omitempty"`
	Act      *authority.Actor   `json:"act,omitempty"`
	Confirms *confirmation      `json:"cnf,omitempty"`
}

// MintLetter signs a letter. One that lasts too long, or lacks anything, is not made.
func (k *Keeper) MintLetter(l authority.Letter) (string, error) {
	c := letterClaims{Issuer: k.Issuer, Subject: l.Subject, Audience: l.Audience, Client: l.Client, ID: l.ID, Expires: date(l.Until.Unix()), Issued: date(l.Since.Unix()),
		Resource: l.Resource, Scope: strings.Join(l.Scopes, " "), Details: l.Details, Act: l.Act, Confirms: &confirmation{l.Key}}
	if l.Issuer != k.Issuer || c.fits(l.Audience, l.Since) != nil {
		return "", stead.E(stead.Broken, stead.ReasonBroken, "a letter that lacks something was not signed")
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return "", stead.Because(err, "write a letter")
	}
	text, err := k.Keys.SignAs(LetterType, payload)
	if err == nil && len(text) > most {
		return "", stead.E(stead.Broken, stead.ReasonBroken, "a letter of %d bytes was not given: nobody would read it", len(text))
	}
	return text, err
}

// A Signer is another house whose letters are read: its keys, a JWK set, are in a file, or at an address.
type Signer struct {
	Issuer string
	File   string
	URL    string // https, or http on loopback
}

// Letters read those of other houses. It is safe for concurrent use.
type Letters struct {
	Own string // issuer of this house, whose letters it never takes itself
	Now func() time.Time

	all map[string]*signer
}

type signer struct {
	Signer
	mu    sync.Mutex
	keys  []jose.JSONWebKey
	got   time.Time
	tried time.Time
}

// NewLetters names the houses. Errors: invalid.
func NewLetters(own string, now func() time.Time, all []Signer) (*Letters, error) {
	l := &Letters{Own: own, Now: now, all: map[string]*signer{}}
	for _, one := range all {
		switch {
		case one.Issuer == "" || one.Issuer == own || (one.File == "") == (one.URL == ""):
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "%q is no other issuer with one of a file and an address of its keys", one.Issuer)
		case one.URL != "" && !fetchable(one.URL):
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "keys are fetched by https, or by http from this machine, not from %q", one.URL)
		}
		l.all[one.Issuer] = &signer{Signer: one}
	}
	return l, nil
}

// Reads verifies a letter: that a house which is known here signed it, for this one. Whoever acts on it uses it up. Errors: invalid
// bad-request; broken, where the keys of its issuer cannot be had.
func (l *Letters) Reads(ctx context.Context, text string) (authority.Letter, authority.Once, error) {
	var out authority.Letter
	var once authority.Once
	h, err := readAs(text, letterSort)
	if err != nil {
		return out, once, err
	}
	var c letterClaims // whose keys to try
	if err := payload(text, &c); err != nil {
		return out, once, err
	}
	from := l.all[c.Issuer]
	if from == nil || c.Issuer == l.Own {
		return out, once, no("no letter of that issuer counts here")
	}
	if err := from.signed(ctx, text, h, l.Now()); err != nil {
		return out, once, err
	}
	if err := c.fits(l.Own, l.Now()); err != nil {
		return out, once, err
	}
	out = authority.Letter{ID: c.ID, Issuer: c.Issuer, Subject: c.Subject, Audience: c.Audience, Client: c.Client, Resource: c.Resource, Scopes: strings.Fields(c.Scope),
		Details: c.Details, Act: c.Act, Since: c.Issued.time(), Until: c.Expires.time()}
	if c.Confirms != nil {
		out.Key = c.Confirms.Thumbprint
	}
	sum := sha256.Sum256([]byte(c.Issuer + "\n" + c.ID))
	return out, authority.Once{Key: "letter/" + base64.RawURLEncoding.EncodeToString(sum[:]), Until: out.Until.Add(skew)}, nil
}

func (c letterClaims) fits(audience string, now time.Time) error {
	for name, text := range map[string]string{"iss": c.Issuer, "sub": c.Subject, "aud": c.Audience, "client_id": c.Client, "jti": c.ID} {
		if text == "" || stead.WrongText(name, text, longestName) != "" {
			return no("the letter lacks %s, or it cannot be read", name)
		}
	}
	switch {
	case c.Issued == 0 || c.Expires <= c.Issued:
		return no("the letter lacks iat or exp")
	case c.Audience != audience:
		return no("the letter is for somebody else: aud is %s alone", audience)
	case !now.Before(c.Expires.time()):
		return no("the letter is over: exp")
	case c.Expires.time().Sub(now) > authority.LetterLife+skew || c.Expires-c.Issued > date((authority.LetterLife+skew)/time.Second):
		return no("the letter lasts too long: exp is at most %s ahead", authority.LetterLife)
	case c.Issued.time().Sub(now) > skew || c.After.time().Sub(now) > skew:
		return no("the letter is of a time to come: iat, nbf")
	case c.Confirms != nil && c.Confirms.Thumbprint == "":
		return no("the letter is bound to no key that is known here: cnf has jkt")
	}
	return c.history()
}

// history: who acts there is told in so many steps, and in words that can be kept.
func (c letterClaims) history() error {
	n := 0
	for a := c.Act; a != nil; a = a.Before {
		n++
		if n > stead.MostDepth || a.Subject == "" || a.Issuer == "" || stead.WrongText("act", a.Subject, longestName) != "" ||
			stead.WrongText("act", a.Issuer, longestName) != "" || stead.WrongText("act", a.Profile, 32) != "" {
			return no("the letter does not tell who acts: act has sub and iss, and nests at most %d deep", stead.MostDepth)
		}
	}
	return nil
}

// signed tells whether a key of the issuer's signed text, those alone that the header may mean.
func (s *signer) signed(ctx context.Context, text string, h header, now time.Time) error {
	keys, err := s.known(ctx, h.Kid, now)
	if err != nil {
		return err
	}
	tried := 0
	for _, key := range keys {
		if h.Kid != "" && h.Kid != key.KeyID || tried == mostKeys {
			continue
		}
		tried++
		if verifies(text, h, key) {
			return nil
		}
	}
	return no("no key of its issuer signed this letter")
}

// verifies: the algorithm follows from the key, RSA's from two that the header chooses between.
func verifies(text string, h header, key jose.JSONWebKey) bool {
	public, is := key.Key.(*rsa.PublicKey)
	if !is {
		return open(text, h, key, &struct{}{}) == nil
	}
	alg := jose.SignatureAlgorithm(h.Alg)
	if public.N.BitLen() < 2048 || alg != jose.RS256 && alg != jose.PS256 || key.Algorithm != "" && key.Algorithm != h.Alg {
		return false
	}
	signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{alg})
	if err != nil {
		return false
	}
	_, err = signed.Verify(public)
	return err == nil
}

// known are the keys of the issuer as they are now: a file is read each time, an address where the keys are older than a minute and
// none has that name, or older than that counts.
func (s *signer) known(ctx context.Context, kid string, now time.Time) ([]jose.JSONWebKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	named := kid != "" && slices.ContainsFunc(s.keys, func(k jose.JSONWebKey) bool { return k.KeyID == kid })
	young := now.Sub(s.got).Abs() < freshFor || named && now.Sub(s.got).Abs() < signedFor
	if s.URL != "" && (s.keys != nil && young || !s.tried.IsZero() && now.Sub(s.tried).Abs() < retryAfter) {
		return s.good(now, nil)
	}
	s.tried = now
	raw, err := keysAt(ctx, s.File, s.URL)
	var keys []jose.JSONWebKey
	if err == nil {
		keys, err = readSigningKeys(raw)
	}
	if err != nil {
		return s.good(now, err)
	}
	s.keys, s.got = keys, now
	return keys, nil
}

const (
	signedFor  = 5 * time.Minute // how long a key that was withdrawn may still be taken
	retryAfter = 5 * time.Second
)

// good are the keys there are. A file that cannot be read counts at once; an address may be away for a while.
func (s *signer) good(now time.Time, err error) ([]jose.JSONWebKey, error) {
	if s.keys != nil && s.URL != "" && now.Sub(s.got) < goodFor {
		return s.keys, nil
	}
	return nil, stead.E(stead.Broken, stead.ReasonBroken, "the keys of %s cannot be had: %w", s.Issuer, orNone(err))
}

func orNone(err error) error {
	if err == nil {
		return errNoBundle
	}
	return err
}

// readSigningKeys reads a JWK set (RFC 7517, 5): those that sign, and are public. Others in it are passed over.
func readSigningKeys(raw []byte) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if web.CheckJSON(raw) != nil || json.Unmarshal(raw, &set) != nil {
		return nil, no("this is no JWK set")
	}
	var all []jose.JSONWebKey
	for _, one := range set.Keys {
		var key jose.JSONWebKey
		if key.UnmarshalJSON(one) != nil || !key.Valid() || key.Use != "" && key.Use != "sig" {
			continue
		}
		if _, is := key.Key.(*rsa.PublicKey); is || algorithm(key) != "" {
			all = append(all, key)
		}
	}
	if len(all) == 0 {
		return nil, no("no key of this set signs")
	}
	return all, nil
}
