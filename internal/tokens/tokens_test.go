package tokens

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/keys"
)

const origin = "https://stead.test"

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

// drawer keeps the ring's secrets, for one hand.
type drawer map[string][]byte

func (d drawer) Secret(_ context.Context, name string) ([]byte, error) {
	if b, found := d[name]; found {
		return b, nil
	}
	return nil, stead.E(stead.Missing, stead.ReasonUnknown, "nothing is there")
}

func (d drawer) PutSecret(_ context.Context, name string, was, sealed []byte) error {
	if !bytes.Equal(d[name], was) {
		return stead.E(stead.Conflict, stead.ReasonStale, "something else is there")
	}
	d[name] = sealed
	return nil
}

func newRing(t testing.TB, c *clock) *keys.Ring {
	t.Helper()
	master, err := keys.ParseMaster(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	box, err := keys.NewBox(master, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r, err := keys.OpenRing(t.Context(), keys.Signing{Issuer: origin, Now: c.Now, Rand: rand.Reader, Secrets: drawer{}, Box: box})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newEdKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newRSAKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sign makes a compact JWS of claims; head changes its header.
func sign(t testing.TB, alg jose.SignatureAlgorithm, key any, claims map[string]any, head map[jose.HeaderKey]any) string {
	t.Helper()
	o := &jose.SignerOptions{}
	for name, v := range head {
		o.WithHeader(name, v)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, o)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := s.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// named signs with Ed25519 under its name of RFC 9864, which go-jose does not know.
func named(t testing.TB, key ed25519.PrivateKey, claims, head map[string]any) string {
	t.Helper()
	head["alg"] = "Ed25519"
	text := base64.RawURLEncoding.EncodeToString(mustJSON(head)) + "." + base64.RawURLEncoding.EncodeToString(mustJSON(claims))
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(text)))
}

// reheaded is a token under another header, with its signature as it was.
func reheaded(text, head string) string {
	_, rest, _ := strings.Cut(text, ".")
	return base64.RawURLEncoding.EncodeToString([]byte(head)) + "." + rest
}

func wholeToken() authority.Token {
	return authority.Token{ID: "tok_1", Subject: "agent:agents/monthly-report", Client: "monthly-report", Audience: origin, Instance: "ins_1",
		Key: "thumb", Mandate: "man_1", Since: noon, Until: noon.Add(5 * time.Minute),
		Act: []string{"agent:agents/adder", "agent:agents/other"}, MayAct: "agent:agents/checker",
		Rights: []stead.Entitlement{{System: "crm", Action: stead.ActionRead, Resource: "public.orders", Columns: []string{"id"}}}}
}

// A token is read back as it was made, lives five minutes at the most, and is whole.
func TestMint(t *testing.T) {
	c := &clock{noon}
	k := &Keeper{Issuer: origin, Keys: newRing(t, c), Now: c.Now}
	text, err := k.Mint(wholeToken())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.Read(text); err != nil || !reflect.DeepEqual(got, wholeToken()) {
		t.Fatalf("%+v, %v", got, err)
	}
	for name, change := range map[string]func(*authority.Token){
		"too long": func(t *authority.Token) { t.Until = t.Until.Add(time.Second) }, "no key": func(t *authority.Token) { t.Key = "" },
		"nobody": func(t *authority.Token) { t.Subject = "" }, "no audience": func(t *authority.Token) { t.Audience = "" },
		"no id": func(t *authority.Token) { t.ID = "" }, "no instance": func(t *authority.Token) { t.Instance = "" },
		"over": func(t *authority.Token) { t.Until = t.Since },
	} {
		broken := wholeToken()
		change(&broken)
		if _, err := k.Mint(broken); err == nil {
			t.Error(name, "was signed")
		}
	}
}

// E1, E2, E4, E8, E11: whatever is not exactly a token that we signed is none.
func TestReadRefuses(t *testing.T) {
	c := &clock{noon}
	ring := newRing(t, c)
	k := &Keeper{Issuer: origin, Keys: ring, Now: c.Now}
	text, err := k.Mint(wholeToken())
	if err != nil {
		t.Fatal(err)
	}
	h, err := readHeader(text, ownAlgorithms)
	if err != nil {
		t.Fatal(err)
	}
	doc, _ := ring.JWKS()
	jwks := func(change map[string]any) map[string]any {
		all := map[string]any{"iss": origin, "sub": "agent:agents/x", "aud": origin, "exp": noon.Unix() + 60, "iat": noon.Unix(), "jti": "1",
			"client_id": "x", "instance": "ins_1", "cnf": map[string]any{"jkt": "x"}}
		for n, v := range change {
			all[n] = v
		}
		return all
	}
	own := func(change map[string]any) string {
		payload, _ := json.Marshal(jwks(change))
		signed, err := ring.SignAs(Type, payload)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	if _, err := k.Read(own(nil)); err != nil {
		t.Fatal("the pattern itself:", err)
	}
	assertion, err := ring.SignAs("other+jwt", mustJSON(jwks(nil)))
	if err != nil {
		t.Fatal(err)
	}
	kid := `","kid":"` + h.Kid
	for name, bad := range map[string]string{
		"alg none":           reheaded(text, `{"alg":"none","typ":"at+jwt`+kid+`"}`),
		"alg nOnE":           reheaded(text, `{"alg":"nOnE","typ":"at+jwt`+kid+`"}`),
		"no signature":       text[:strings.LastIndex(text, ".")+1],
		"empty":              "",
		"crit":               reheaded(text, `{"alg":"ES256","crit":["x"],"x":1,"typ":"at+jwt`+kid+`"}`),
		"b64 false":          reheaded(text, `{"alg":"ES256","b64":false,"crit":["b64"],"typ":"at+jwt`+kid+`"}`),
		"HS256 with the key": sign(t, jose.HS256, doc, jwks(nil), map[jose.HeaderKey]any{"typ": Type, "kid": h.Kid}),
		"EdDSA":              sign(t, jose.EdDSA, newEdKey(t), jwks(nil), map[jose.HeaderKey]any{"typ": Type, "kid": h.Kid}),
		"RS256":              sign(t, jose.RS256, newRSAKey(t), jwks(nil), map[jose.HeaderKey]any{"typ": Type, "kid": h.Kid}),
		"another's key":      sign(t, jose.ES256, newKey(t), jwks(nil), map[jose.HeaderKey]any{"typ": Type, "kid": h.Kid}),
		"jku":                reheaded(text, `{"alg":"ES256","jku":"http://127.0.0.1:9/k","typ":"at+jwt`+kid+`"}`),
		"x5u":                reheaded(text, `{"alg":"ES256","x5u":"http://127.0.0.1:9/k","typ":"at+jwt`+kid+`"}`),
		"key in the header":  sign(t, jose.ES256, newKey(t), jwks(nil), map[jose.HeaderKey]any{"typ": Type, "kid": h.Kid, "jwk": map[string]string{"kty": "EC"}}),
		"another type":       assertion,
		"another issuer":     own(map[string]any{"iss": origin + "/"}),
		"issuer's case":      own(map[string]any{"iss": "https://STEAD.test"}),
		"no audience":        own(map[string]any{"aud": ""}),
		"two audiences":      own(map[string]any{"aud": []string{origin, "https://else.test"}}),
		"no key bound":       own(map[string]any{"cnf": map[string]any{}}),
		"a year":             own(map[string]any{"exp": noon.AddDate(1, 0, 0).Unix()}),
		"over":               own(map[string]any{"exp": noon.Unix(), "iat": noon.Unix() - 60}),
		"of tomorrow":        own(map[string]any{"exp": noon.Unix() + 86460, "iat": noon.Unix() + 86400}),
		"twice one name":     reheaded(text, `{"alg":"ES256","alg":"ES256","typ":"at+jwt`+kid+`"}`),
		"long":               text + strings.Repeat("A", most),
	} {
		if _, err := k.Read(bad); err == nil {
			t.Error(name, "was taken")
		}
	}
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// E11: no character of a token can be another one.
func TestFlipped(t *testing.T) {
	c := &clock{noon}
	k := &Keeper{Issuer: origin, Keys: newRing(t, c), Now: c.Now}
	text, err := k.Mint(wholeToken())
	if err != nil {
		t.Fatal(err)
	}
	for i := range text {
		b := []byte(text)
		others := []byte{b[i] ^ 0x20, 'A', '_', '.', '\n'}
		if i == len(text)-1 {
			others = []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=\n ")
		}
		for _, other := range others {
			if other == b[i] {
				continue
			}
			old := b[i]
			b[i] = other
			if _, err := k.Read(string(b)); err == nil {
				t.Fatalf("character %d may be %q instead of %q", i, other, old)
			}
			b[i] = old
		}
	}
}

// E16, E17: a token counts until its end whenever keys rotate, and no longer, whatever the clock.
func TestRotation(t *testing.T) {
	c := &clock{noon}
	ring := newRing(t, c)
	k := &Keeper{Issuer: origin, Keys: ring, Now: c.Now}
	for range 40 {
		if err := ring.Rotate(t.Context()); err != nil {
			t.Fatal(err)
		}
		w := wholeToken()
		w.Since, w.Until = c.now, c.now.Add(authority.TokenLife)
		text, err := k.Mint(w)
		if err != nil {
			t.Fatal(err)
		}
		made := c.now
		for _, at := range []time.Duration{-skew, 0, 4*time.Minute + 59*time.Second} {
			c.now = made.Add(at)
			if _, err := k.Read(text); err != nil {
				t.Fatal(at, err)
			}
		}
		for _, at := range []time.Duration{-skew - time.Second, authority.TokenLife, time.Hour} {
			c.now = made.Add(at)
			if _, err := k.Read(text); err == nil {
				t.Fatal(at, "it still counts")
			}
		}
		c.now = made.Add(7 * time.Minute)
	}
}
