package tokens

import (
	"crypto"
	"encoding/base64"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// agents are those a test knows.
type agents map[string]stead.Registration

func (agents) RunOf(string) (stead.Instance, bool) { return stead.Instance{}, false }

func (a agents) Client(name string) (stead.Registration, bool) {
	r, found := a[name]
	return r, found
}

func registered(t testing.TB, keys ...any) stead.Registration {
	t.Helper()
	r := stead.Registration{Principal: "prn_1"}
	for _, key := range keys {
		public, err := web.PublicKey(mustJSON(jose.JSONWebKey{Key: key}))
		if err != nil {
			t.Fatal(err)
		}
		r.Keys = append(r.Keys, public)
	}
	return r
}

func assertionOf(change map[string]any) map[string]any {
	all := map[string]any{"iss": "report", "sub": "report", "aud": origin, "jti": "1", "exp": noon.Unix() + 60, "iat": noon.Unix()}
	for name, v := range change {
		if all[name] = v; v == nil {
			delete(all, name)
		}
	}
	return all
}

// A client proves any key that is registered of it, and nothing else does.
func TestAsserts(t *testing.T) {
	c := &clock{noon}
	one, two, other := newKey(t), newEdKey(t), newKey(t)
	r := registered(t, one.Public(), two.Public())
	forged := registered(t, other.Public())
	forged.Keys[0].Thumbprint = r.Keys[0].Thumbprint
	known := agents{"report": r, "prn_1": r, "forged": forged, "other": registered(t, other.Public())}
	clients := &Clients{Register: known, Accepts: []string{origin, origin + "/oauth/token"}, Now: c.Now}
	with := func(change map[string]any) string { return sign(t, jose.ES256, one, assertionOf(change), nil) }
	for name, good := range map[string]string{
		"ES256": with(nil), "EdDSA": sign(t, jose.EdDSA, two, assertionOf(nil), nil), "token endpoint": with(map[string]any{"aud": origin + "/oauth/token"}),
		"Ed25519": named(t, two, assertionOf(nil), map[string]any{}), "list of one": with(map[string]any{"aud": []string{origin}}), "by id": with(map[string]any{"iss": "prn_1", "sub": "prn_1"}),
		"kid":    sign(t, jose.ES256, one, assertionOf(nil), map[jose.HeaderKey]any{"kid": r.Keys[0].Thumbprint, "typ": "JWT"}),
		"no iat": with(map[string]any{"iat": nil}),
	} {
		who, once, err := clients.Asserts(good)
		if err != nil || who.Thumbprint == "" || once.Key == "" || !once.Until.Equal(noon.Add(time.Minute)) {
			t.Error(name, who, once, err)
		}
	}
	doc := mustJSON(jose.JSONWebKey{Key: one.Public()})
	for name, bad := range map[string]string{
		"no client": with(map[string]any{"iss": "nobody", "sub": "nobody"}), "another client": with(map[string]any{"iss": "other", "sub": "other"}),
		"iss and sub differ": with(map[string]any{"iss": "other"}), "no sub": with(map[string]any{"sub": nil, "iss": nil}),
		"another's key": sign(t, jose.ES256, other, assertionOf(nil), nil), "under another's thumbprint": sign(t, jose.ES256, other, assertionOf(map[string]any{"iss": "forged", "sub": "forged"}), nil),
		"no audience": with(map[string]any{"aud": nil}), "another audience": with(map[string]any{"aud": "https://else.test"}),
		"ours among others": with(map[string]any{"aud": []string{origin, "https://else.test"}}), "issuer with a slash": with(map[string]any{"aud": origin + "/"}),
		"over": with(map[string]any{"exp": noon.Unix()}), "no end": with(map[string]any{"exp": nil}), "a year": with(map[string]any{"exp": noon.AddDate(1, 0, 0).Unix()}),
		"of tomorrow": with(map[string]any{"iat": noon.Unix() + 90}), "not yet": with(map[string]any{"nbf": noon.Unix() + 90}), "no jti": with(map[string]any{"jti": nil}),
		"another kid": sign(t, jose.ES256, one, assertionOf(nil), map[jose.HeaderKey]any{"kid": "x"}), "a proof": sign(t, jose.ES256, one, assertionOf(nil), map[jose.HeaderKey]any{"typ": "dpop+jwt"}),
		"a token": sign(t, jose.ES256, one, assertionOf(nil), map[jose.HeaderKey]any{"typ": Type}), "its own key": proves(t, jose.ES256, other, assertionOf(nil), map[string]any{"typ": "JWT"}),
		"HS256 with the public key": sign(t, jose.HS256, doc, assertionOf(nil), nil), "RS256": sign(t, jose.RS256, newRSAKey(t), assertionOf(nil), nil),
		"Ed25519 of another": named(t, newEdKey(t), assertionOf(nil), map[string]any{}), "ES256 under another name": reheaded(with(nil), `{"alg":"Ed25519"}`),
		"alg none": reheaded(with(nil), `{"alg":"none"}`), "nothing": "", "three dots": "...",
	} {
		if who, _, err := clients.Asserts(bad); stead.KindOf(err) != stead.Invalid || who.Agent != "" {
			t.Error(name, who, err)
		}
	}
}

// Whatever is shown as an assertion, a proof or a token, nothing panics, and nothing that nobody signed counts.
func FuzzShown(f *testing.F) {
	c := &clock{noon}
	key := newKey(f)
	clients := &Clients{Register: agents{"report": registered(f, newKey(f).Public())}, Accepts: []string{origin}, Now: c.Now}
	keeper := &Keeper{Issuer: origin, Keys: newRing(f, c), Now: c.Now}
	proofs := newProofs(c)
	good := proves(f, jose.ES256, key, proofOf(nil), nil)
	for _, seed := range []string{good, sign(f, jose.ES256, key, assertionOf(nil), nil), "", "..", "a.b.c", reheaded(good, `{"alg":"none"}`), reheaded(good, `{}`)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if who, _, err := clients.Asserts(text); err == nil {
			t.Fatal("a client:", who)
		}
		if got, err := keeper.Read(text); err == nil {
			t.Fatal("a token:", got)
		}
		if key, _, err := proofs.Check(asked(text), ""); err == nil && !selfSigned(text, key) {
			t.Fatal("a proof:", key)
		}
		if got, err := web.PublicKey([]byte(text)); err == nil && len(got.Thumbprint) != 43 {
			t.Fatal("a key:", got)
		}
	})
}

// selfSigned tells, by go-jose alone, whether a proof is signed by the key that stands in it, and that is key.
func selfSigned(text string, key stead.AgentKey) bool {
	signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA})
	if err != nil {
		h, _ := readHeader(text, ownAlgorithms)
		return h.Alg == string(ed25519Alg) // a name that go-jose does not read
	}
	in := signed.Signatures[0].Protected.JSONWebKey
	if in == nil {
		return false
	}
	_, err = signed.Verify(in.Key)
	sum, wrong := in.Thumbprint(crypto.SHA256)
	return err == nil && wrong == nil && base64.RawURLEncoding.EncodeToString(sum) == key.Thumbprint
}
