package tokens

import (
	"context"
	"crypto"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Type is the typ of an access token (RFC 9068).
const Type = "at+jwt"

// Keys sign tokens, and tell what they are verified with: nil where no such key is published now.
type Keys interface {
	SignAs(typ string, payload []byte) (string, error)
	PublicKey(kid string) crypto.PublicKey
}

// A Live knows whether what a token stands for still does.
type Live interface {
	PresentToken(ctx context.Context, t authority.Token, address string) (authority.By, error)
	Tie(by authority.By, once authority.Once) authority.By
}

// A Keeper makes and verifies access tokens. Live, Proofs and Once are needed for Present alone.
type Keeper struct {
	Issuer string
	Keys   Keys
	Live   Live
	Proofs *Proofs
	Once   *Once
	Now    func() time.Time

	verified known[signed]
}

// A signed is what a token says whose signature was right, and the key it was right for.
type signed struct {
	claims
	kid string
}

// claims are those of an access token, all of which are required but the mandate.
type claims struct {
	Issuer   string           `json:"iss"`
	Subject  string           `json:"sub"`
	Audience string           `json:"aud"`
	Expires  int64            `json:"exp"`
	Issued   int64            `json:"iat"`
	ID       string           `json:"jti"`
	Client   string           `json:"client_id"`
	Confirms *confirmation    `json:"cnf,omitempty"` // missing: bound to no key (R39)
	Instance stead.InstanceID `json:"instance"`
	Mandate  stead.MandateID  `json:"mandate,omitempty"`
	Txn      string           `json:"txn,omitempty"` // RFC 8417 2.2: the only transaction that it is for

	Act     *authority.Actor   `json:"act,omitempty"`
	MayAct  *authority.Actor   `json:"may_act,omitempty"`
	Details []authority.Detail `json:"authorization_details,omitempty"`
}

type confirmation struct {
	Thumbprint string `json:"jkt"`
}

// Mint signs a token. One that lasts too long, or lacks anything, is not made.
func (k *Keeper) Mint(t authority.Token) (string, error) {
	c := claims{Issuer: k.Issuer, Subject: t.Subject, Audience: t.Audience, Expires: t.Until.Unix(), Issued: t.Since.Unix(), ID: t.ID,
		Client: t.Client, Instance: t.Instance, Mandate: t.Mandate, Txn: t.Transaction,
		Act: authority.ActorOf(k.Issuer, t.Act, t.Before...), Details: authority.DetailsOf(k.Issuer, t.Rights)}
	if t.Key != "" {
		c.Confirms = &confirmation{t.Key}
	}
	if t.MayAct != "" {
		c.MayAct = &authority.Actor{Subject: t.MayAct, Issuer: k.Issuer}
	}
	if !c.whole() || t.Until.Sub(t.Since) > authority.TokenLife {
		return "", stead.E(stead.Broken, stead.ReasonBroken, "a token that lacks something was not signed")
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return "", stead.Because(err, "write a token")
	}
	text, err := k.Keys.SignAs(Type, payload)
	if err == nil && len(text) > most {
		return "", stead.E(stead.Broken, stead.ReasonBroken, "a token of %d bytes was not given: nobody would read it", len(text))
	}
	return text, err
}

func (c claims) whole() bool {
	for _, text := range []string{c.Issuer, c.Subject, c.Audience, c.ID, c.Client, string(c.Instance)} {
		if text == "" {
			return false
		}
	}
	switch {
	case c.Confirms == nil && (c.Mandate == "" || c.Audience == c.Issuer):
		return false // at Stead's own doors a key is proved
	case c.Confirms != nil && c.Confirms.Thumbprint == "":
		return false
	}
	return c.Issued > 0 && c.Expires > c.Issued
}

// Read verifies a token as anybody can who has the published keys: its signature, type, issuer and time. Whom it is for
// the caller asks, and whether it is still live Present. Errors: refused sign-in.
func (k *Keeper) Read(text string) (authority.Token, error) {
	c, err := k.read(text)
	now := k.Now()
	switch {
	case err != nil:
		return authority.Token{}, over("this is no token of Stead's")
	case c.Issuer != k.Issuer || !c.whole() || c.Expires-c.Issued > int64(authority.TokenLife/time.Second):
		return authority.Token{}, over("this is no token of Stead's")
	case now.Unix() >= c.Expires || now.Add(skew).Unix() < c.Issued:
		return authority.Token{}, over("this token is over: get another")
	}
	t := authority.Token{ID: c.ID, Subject: c.Subject, Client: c.Client, Audience: c.Audience, Instance: c.Instance,
		Mandate: c.Mandate, Transaction: c.Txn, Since: time.Unix(c.Issued, 0).UTC(), Until: time.Unix(c.Expires, 0).UTC()}
	if c.Confirms != nil {
		t.Key = c.Confirms.Thumbprint
	}
	var ours bool
	if t.Act, t.Before, ours = c.Act.By(k.Issuer); !ours {
		return authority.Token{}, over("this is no token of Stead's")
	}
	if c.MayAct != nil {
		t.MayAct = c.MayAct.Subject
	}
	t.Rights, err = authority.Named(k.Issuer, c.Details)
	return t, err
}

func (k *Keeper) read(text string) (c claims, err error) {
	if known, was := k.verified.get([]byte(text)); was && k.Keys.PublicKey(known.kid) != nil {
		return known.claims, nil
	}
	h, err := readAs(text, accessSort)
	if err != nil {
		return c, err
	}
	key := k.Keys.PublicKey(h.Kid)
	if key == nil {
		return c, no("no such key signs here")
	}
	if err = open(text, h, jose.JSONWebKey{Key: key}, &c); err == nil {
		k.verified.put([]byte(text), signed{c, h.Kid})
	}
	return c, err
}

// Present tells who sent r, with a token for Stead itself and a proof of its key (RFC 9449, 7.1), as the live view has it.
// Errors: refused; a Challenge.
func (k *Keeper) Present(r *http.Request) (authority.By, error) {
	given := r.Header["Authorization"]
	if len(given) != 1 {
		return authority.By{}, over("send one token, as Authorization: DPoP")
	}
	kind, text, _ := strings.Cut(given[0], " ")
	if !strings.EqualFold(kind, "DPoP") {
		return authority.By{}, over("a token is sent as Authorization: DPoP, with a proof of its key")
	}
	t, err := k.Read(text)
	if err == nil && t.Audience != k.Issuer {
		err = over("this token is for another resource")
	}
	if err != nil {
		return authority.By{}, err
	}
	key, once, err := k.Proofs.Check(r, text)
	if err != nil {
		return authority.By{}, err
	}
	if key.Thumbprint != t.Key {
		return authority.By{}, over("this token is bound to another key")
	}
	if err := k.Once.Use(once); err != nil {
		return authority.By{}, err
	}
	by, err := k.Live.PresentToken(r.Context(), t, addressOf(r))
	if err != nil {
		return by, err
	}
	return k.Live.Tie(by, once), nil
}

func addressOf(r *http.Request) string {
	if c := web.ClientOf(r); c.Addr.IsValid() {
		return c.Addr.String()
	}
	return ""
}

func over(text string) error { return stead.E(stead.Refused, stead.ReasonSignIn, "%s", text) }
