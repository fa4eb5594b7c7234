package client

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
	"github.com/steadhq/stead"
)

var noon = time.Unix(1_800_000_000, 0)

// world is an issuer with its keys, k1 for ES256 and e1 for EdDSA, and an application that trusts it.
type world struct {
	key  *ecdsa.PrivateKey
	ed   ed25519.PrivateKey
	now  time.Time
	keys map[string]crypto.PublicKey
}

func newWorld(t testing.TB) *world {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &world{key: key, ed: ed, now: noon, keys: map[string]crypto.PublicKey{"k1": &key.PublicKey, "e1": public}}
}

func (w *world) Key(_ context.Context, id string, _ time.Time) (crypto.PublicKey, error) {
	return w.keys[id], nil
}

func (w *world) verifier() Verifier {
	return Verifier{Issuer: "https://stead.test", App: "orders", Keys: w, Now: func() time.Time { return w.now }}
}

const request = "https://orders.test/7?x=1"

func (w *world) verify(token string) (stead.Assertion, error) {
	return w.verifier().Verify(context.Background(), token, "GET", request)
}

// claims are those of a good assertion, as JSON members.
func claims() map[string]any {
	return map[string]any{"iss": "https://stead.test", "aud": "orders", "sub": "prn_dana", "act": map[string]any{"sub": "prn_sam"},
		"mandate": "man_1", "mode": "read-only", "htm": "GET", "htu": request, "jti": "dec_1",
		"iat": noon.Unix(), "nbf": noon.Unix(), "exp": noon.Unix() + 60}
}

func head() map[string]any {
	return map[string]any{"alg": "ES256", "typ": "stead-assertion+jwt", "kid": "k1"}
}

// es256 signs whatever header and payload say.
func (w *world) es256(t testing.TB, head, payload []byte) string {
	t.Helper()
	input := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(payload)
	sum := sha(input)
	r, s, err := ecdsa.Sign(rand.Reader, w.key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return input + "." + base64.RawURLEncoding.EncodeToString(sig)
}

// eddsa signs whatever header and payload say.
func (w *world) eddsa(t testing.TB, head, payload []byte) string {
	t.Helper()
	input := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(payload)
	return input + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(w.ed, []byte(input)))
}

func edHead() map[string]any { return with(with(head(), "alg", "EdDSA"), "kid", "e1") }

func (w *world) token(t testing.TB, head, payload map[string]any) string {
	t.Helper()
	return w.es256(t, text(t, head), text(t, payload))
}

func text(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func with(m map[string]any, k string, v any) map[string]any {
	if v == nil {
		delete(m, k)
		return m
	}
	m[k] = v
	return m
}

func TestVerify(t *testing.T) {
	w := newWorld(t)
	a, err := w.verify(w.token(t, head(), claims()))
	if err != nil || a.Subject != "prn_dana" || a.Actor() != "prn_sam" || a.Mandate != "man_1" || a.Mode != stead.ReadOnly {
		t.Fatalf("%+v %v", a, err)
	}
	own := with(with(with(claims(), "act", nil), "mandate", nil), "mode", nil)
	if a, err := w.verify(w.token(t, head(), own)); err != nil || a.Actor() != "prn_dana" {
		t.Fatalf("himself: %+v %v", a, err)
	}
	if a, err := w.verify(w.eddsa(t, text(t, edHead()), text(t, claims()))); err != nil || a.Actor() != "prn_sam" {
		t.Fatalf("by EdDSA: %+v %v", a, err)
	}
}

func refuses(t *testing.T, w *world, name, token string) {
	t.Helper()
	a, err := w.verify(token)
	if stead.KindOf(err) != stead.Refused || !cmp.Equal(a, stead.Assertion{}) {
		t.Errorf("%s: %v", name, err)
	}
	if err != nil && len(token) > 30 && strings.Contains(err.Error(), token[len(token)-20:]) {
		t.Errorf("%s: the error holds the token", name) // S-I33
	}
}

// TestHeaders: E1, E2, E4: no algorithm but the key's own, no key from a token, nothing critical.
func TestHeaders(t *testing.T) {
	w := newWorld(t)
	jwk := text(t, jose.JSONWebKey{Key: &w.key.PublicKey, KeyID: "k1"})
	for name, head := range map[string]map[string]any{
		"no alg":            with(head(), "alg", nil),
		"alg none":          with(head(), "alg", "none"),
		"alg nOnE":          with(head(), "alg", "nOnE"),
		"alg empty":         with(head(), "alg", ""),
		"alg es256":         with(head(), "alg", "es256"),
		"alg ES384":         with(head(), "alg", "ES384"),
		"alg RS256":         with(head(), "alg", "RS256"),
		"alg HS256":         with(head(), "alg", "HS256"),
		"alg EdDSA":         with(head(), "alg", "EdDSA"),
		"no kid":            with(head(), "kid", nil),
		"kid empty":         with(head(), "kid", ""),
		"kid unknown":       with(head(), "kid", "k2"),
		"kid no text":       with(head(), "kid", 1),
		"no typ":            with(head(), "typ", nil),
		"typ JWT":           with(head(), "typ", "JWT"),
		"typ at+jwt":        with(head(), "typ", "at+jwt"),
		"typ in full":       with(head(), "typ", "application/stead-assertion+jwt"),
		"crit unknown":      with(with(head(), "crit", []string{"x"}), "x", 1),
		"crit exp":          with(head(), "crit", []string{"exp"}),
		"crit empty":        with(head(), "crit", []string{}),
		"b64 false":         with(with(head(), "b64", false), "crit", []string{"b64"}),
		"b64 false, silent": with(head(), "b64", false),
		"b64 true":          with(head(), "b64", true),
		"jku":               with(head(), "jku", "http://127.0.0.1:1/jwks"),
		"jwk":               with(head(), "jwk", json.RawMessage(jwk)),
		"jwk, no kid":       with(with(head(), "jwk", json.RawMessage(jwk)), "kid", nil),
		"x5u":               with(head(), "x5u", "http://127.0.0.1:1/cert"),
		"x5c":               with(head(), "x5c", []string{"AAAA"}),
		"zip":               with(head(), "zip", "DEF"),
		"nonce":             with(head(), "nonce", "x"),
	} {
		refuses(t, w, name, w.token(t, head, claims()))
	}
	for name, head := range map[string]map[string]any{ // a key is for one algorithm, and has one name for it
		"e1 as ES256":   with(edHead(), "alg", "ES256"),
		"e1 as Ed25519": with(edHead(), "alg", "Ed25519"),
		"e1 as HS256":   with(edHead(), "alg", "HS256"),
		"e1 as none":    with(edHead(), "alg", "none"),
		"e1 without":    with(edHead(), "alg", nil),
		"k1 as EdDSA":   with(edHead(), "kid", "k1"),
		"k1 as ES256":   head(),
	} {
		refuses(t, w, name, w.eddsa(t, text(t, head), text(t, claims())))
	}
	refuses(t, w, "e1 as EdDSA by ECDSA", w.token(t, edHead(), claims()))
	refuses(t, w, "e1 as ES256 by ECDSA", w.token(t, with(head(), "kid", "e1"), claims()))
	for name, head := range map[string]string{
		"doubled alg":  `{"alg":"none","alg":"ES256","typ":"stead-assertion+jwt","kid":"k1"}`,
		"Alg":          `{"Alg":"ES256","typ":"stead-assertion+jwt","kid":"k1"}`,
		"no object":    `["ES256"]`,
		"null":         `null`,
		"text behind":  `{"alg":"ES256","typ":"stead-assertion+jwt","kid":"k1"}{}`,
		"not UTF-8 id": "{\"alg\":\"ES256\",\"typ\":\"stead-assertion+jwt\",\"kid\":\"k1\xff\"}",
	} {
		refuses(t, w, name, w.es256(t, []byte(head), text(t, claims())))
	}
}

// TestConfusion signs with other algorithms and with the public key as a secret: E2.
func TestConfusion(t *testing.T) {
	w := newWorld(t)
	spki, err := x509.MarshalPKIXPublicKey(&w.key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	point, err := w.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]jose.SigningKey{
		"HS256 by SPKI":     {Algorithm: jose.HS256, Key: spki},
		"HS256 by point":    {Algorithm: jose.HS256, Key: point},
		"HS512 by SPKI":     {Algorithm: jose.HS512, Key: spki},
		"HS256 by Ed25519":  {Algorithm: jose.HS256, Key: []byte(w.ed.Public().(ed25519.PublicKey))},
		"EdDSA":             {Algorithm: jose.EdDSA, Key: ed},
		"RS256":             {Algorithm: jose.RS256, Key: rsaKey},
		"PS256":             {Algorithm: jose.PS256, Key: rsaKey},
		"ES384":             {Algorithm: jose.ES384, Key: p384},
		"ES256, other key":  {Algorithm: jose.ES256, Key: other},
		"ES256, key inside": {Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: other, KeyID: "k1"}},
	} {
		for kid := range w.keys {
			opts := (&jose.SignerOptions{EmbedJWK: name == "ES256, key inside"}).WithType("stead-assertion+jwt").WithHeader("kid", kid)
			signer, err := jose.NewSigner(k, opts)
			if err != nil {
				t.Fatal(name, err)
			}
			signed, err := signer.Sign(text(t, claims()))
			if err != nil {
				t.Fatal(name, err)
			}
			token, err := signed.CompactSerialize()
			if err != nil {
				t.Fatal(name, err)
			}
			refuses(t, w, name+" as "+kid, token)
			refuses(t, w, name+" as "+kid+" in JSON", signed.FullSerialize())
		}
	}
}

// TestPublished: of what an issuer publishes only keys count that are of the kind that their algorithm has. E2
func TestPublished(t *testing.T) {
	w := newWorld(t)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]jose.JSONWebKey{
		"Ed25519 for ES256":  {Key: w.keys["e1"], Algorithm: "ES256", Use: "sig"},
		"Ed25519 for none":   {Key: w.keys["e1"], Use: "sig"},
		"Ed25519 to encrypt": {Key: w.keys["e1"], Algorithm: "EdDSA", Use: "enc"},
		"Ed25519, private":   {Key: w.ed, Algorithm: "EdDSA", Use: "sig"},
		"P-256 for EdDSA":    {Key: w.keys["k1"], Algorithm: "EdDSA", Use: "sig"},
		"P-384 for ES256":    {Key: &p384.PublicKey, Algorithm: "ES256", Use: "sig"},
		"a secret for EdDSA": {Key: []byte(w.ed), Algorithm: "EdDSA", Use: "sig"},
	} {
		k.KeyID = "x"
		if keys, err := parseJWKS(text(t, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{k}})); err != nil || len(keys) != 0 {
			t.Errorf("%s: %v %v", name, keys, err)
		}
	}
	good := jose.JSONWebKey{Key: w.keys["e1"], KeyID: "e1", Algorithm: "EdDSA", Use: "sig"}
	if keys, err := parseJWKS(text(t, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{good}})); err != nil || len(keys) != 1 {
		t.Errorf("%v %v", keys, err)
	}
}

// TestClaims: E5, S-I20: what is absent is a refusal.
func TestClaims(t *testing.T) {
	w := newWorld(t)
	for name := range claims() {
		refuses(t, w, "no "+name, w.token(t, head(), with(claims(), name, nil)))
		if name != "act" {
			refuses(t, w, "empty "+name, w.token(t, head(), with(claims(), name, "")))
		}
		refuses(t, w, "null "+name, w.token(t, head(), with(claims(), name, json.RawMessage("null"))))
		refuses(t, w, name+" in capitals", w.token(t, head(), with(with(claims(), strings.ToUpper(name), claims()[name]), name, nil)))
	}
	for name, c := range map[string]map[string]any{
		"other issuer":     with(claims(), "iss", "https://stead.test/"),
		"issuer in caps":   with(claims(), "iss", "https://STEAD.test"),
		"other audience":   with(claims(), "aud", "billing"),
		"audience, ours":   with(claims(), "aud", []string{"orders"}),
		"audience, mixed":  with(claims(), "aud", []string{"orders", "billing"}),
		"other method":     with(claims(), "htm", "POST"),
		"method in lower":  with(claims(), "htm", "get"),
		"other path":       with(claims(), "htu", "https://orders.test/8?x=1"),
		"other query":      with(claims(), "htu", "https://orders.test/7?x=2"),
		"no query":         with(claims(), "htu", "https://orders.test/7"),
		"other host":       with(claims(), "htu", "https://billing.test/7?x=1"),
		"actor is subject": with(claims(), "act", map[string]any{"sub": "prn_dana"}),
		"actor is empty":   with(claims(), "act", map[string]any{}),
		"unknown mode":     with(claims(), "mode", "admin"),
		"long life":        with(claims(), "exp", noon.Unix()+301),
		"times as text":    with(claims(), "exp", "1800000060"),
		"times as floats":  with(claims(), "exp", json.RawMessage("1.80000006e9")),
		"huge exp":         with(claims(), "exp", json.RawMessage("1e99")),
		"exp before iat":   with(claims(), "exp", noon.Unix()-1),
		"iat to come":      with(claims(), "iat", noon.Unix()+6),
		"nbf to come":      with(claims(), "nbf", noon.Unix()+6),
	} {
		refuses(t, w, name, w.token(t, head(), c))
	}
	refuses(t, w, "doubled claim", w.es256(t, text(t, head()), []byte(strings.Replace(string(text(t, claims())), `"aud"`, `"aud":"billing","aud"`, 1))))
	refuses(t, w, "no JSON", w.es256(t, text(t, head()), []byte("x")))
}

// TestUnset: an expectation that is not set refuses: E5, S-I20.
func TestUnset(t *testing.T) {
	w := newWorld(t)
	token := w.token(t, head(), claims())
	for name, edit := range map[string]func(*Verifier){
		"issuer": func(v *Verifier) { v.Issuer = "" },
		"app":    func(v *Verifier) { v.App = "" },
		"keys":   func(v *Verifier) { v.Keys = nil },
		"clock":  func(v *Verifier) { v.Now = nil },
	} {
		v := w.verifier()
		edit(&v)
		if _, err := v.Verify(t.Context(), token, "GET", request); stead.KindOf(err) != stead.Refused {
			t.Errorf("no %s: %v", name, err)
		}
	}
	for _, bound := range [][2]string{{"", request}, {"GET", ""}} {
		if _, err := w.verifier().Verify(t.Context(), token, bound[0], bound[1]); stead.KindOf(err) != stead.Refused {
			t.Errorf("no request: %v", err)
		}
	}
	good := Options{Issuer: "i", App: "a", Origin: "https://a.test", JWKS: "http://127.0.0.1:1"}
	if _, err := New(good); err != nil {
		t.Error(err)
	}
	for name, edit := range map[string]func(*Options){
		"issuer":      func(o *Options) { o.Issuer = "" },
		"app":         func(o *Options) { o.App = "" },
		"keys":        func(o *Options) { o.JWKS = "" },
		"origin":      func(o *Options) { o.Origin = "" },
		"origin path": func(o *Options) { o.Origin = "https://a.test/" },
		"skew":        func(o *Options) { o.Skew = time.Hour },
	} {
		o := good
		edit(&o)
		if _, err := New(o); stead.KindOf(err) != stead.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEveryCharacter flips, cuts and extends: E11. Nothing but the token itself counts.
func TestEveryCharacter(t *testing.T) {
	w := newWorld(t)
	for _, token := range []string{w.token(t, head(), claims()), w.eddsa(t, text(t, edHead()), text(t, claims()))} {
		everyCharacter(t, w, token)
	}
}

func everyCharacter(t *testing.T, w *world, token string) {
	t.Helper()
	for i := range token {
		for _, c := range "Aa0_-.=\n+/~" {
			if bad := token[:i] + string(c) + token[i+1:]; bad != token {
				if _, err := w.verify(bad); err == nil {
					t.Fatalf("character %d as %q is taken", i, c)
				}
			}
		}
		for bit := range 7 {
			b := []byte(token)
			b[i] ^= 1 << bit
			if _, err := w.verify(string(b)); err == nil {
				t.Fatalf("character %d, bit %d: taken", i, bit)
			}
		}
		if _, err := w.verify(token[:i]); err == nil {
			t.Fatalf("cut at %d: taken", i)
		}
	}
	for _, bad := range []string{"", ".", "..", token + ".", token + "A", token + "=", "\n" + token, token + "\n", token + "." + token, strings.ToUpper(token), strings.Repeat("A", 1<<16)} {
		refuses(t, w, "form", bad)
	}
}

// TestClock sweeps ten minutes: E17. An assertion counts for its life and the skew on both sides, no second more.
func TestClock(t *testing.T) {
	w := newWorld(t)
	token := w.token(t, head(), claims())
	for off := -5 * time.Minute; off <= 5*time.Minute; off += time.Second {
		w.now = noon.Add(off)
		_, err := w.verify(token)
		if want := off >= -5*time.Second && off < 65*time.Second; want != (err == nil) {
			t.Errorf("at %s: %v", off, err)
		}
	}
	w.now = noon.Add(2*time.Minute - time.Second)
	v := w.verifier()
	v.Skew = time.Hour
	if _, err := v.Verify(t.Context(), token, "GET", request); err != nil {
		t.Errorf("a minute of skew at most, but that: %v", err)
	}
	w.now = noon.Add(2 * time.Minute)
	if _, err := v.Verify(t.Context(), token, "GET", request); stead.KindOf(err) != stead.Refused {
		t.Errorf("more than a minute of skew: %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	w := newWorld(f)
	token := w.token(f, head(), claims())
	f.Add(token)
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := w.verify(s); err == nil && s != token {
			t.Fatalf("taken: %q", s)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	w := newWorld(b)
	token := w.token(b, head(), claims())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.verify(token); err != nil {
			b.Fatal(err)
		}
	}
}

// issuer serves a set of keys and counts how often it is asked.
type issuer struct {
	*httptest.Server
	body   string
	status int
	asked  int
}

func newIssuer(t testing.TB, body string) *issuer {
	t.Helper()
	i := &issuer{body: body, status: http.StatusOK}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		i.asked++
		w.WriteHeader(i.status)
		io.WriteString(w, i.body)
	}))
	t.Cleanup(i.Close)
	return i
}

func jwks(t testing.TB, key *ecdsa.PublicKey, id string, exp int64) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(text(t, jose.JSONWebKey{Key: key, KeyID: id, Algorithm: "ES256", Use: "sig"}), &m); err != nil {
		t.Fatal(err)
	}
	if exp != 0 {
		m["exp"] = exp
	}
	return string(text(t, map[string]any{"keys": []any{map[string]any{"kty": "mystery"}, m}}))
}
