package tokens

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

func newProofs(c *clock) *Proofs {
	return &Proofs{Origin: origin, Now: c.Now, Key: make([]byte, 32)}
}

func proofOf(change map[string]any) map[string]any {
	all := map[string]any{"jti": "1", "htm": "POST", "htu": origin + "/oauth/token", "iat": noon.Unix()}
	for name, v := range change {
		if all[name] = v; v == nil {
			delete(all, name)
		}
	}
	return all
}

// proves signs a proof whose key stands in its header.
func proves(t testing.TB, alg jose.SignatureAlgorithm, key any, claims, head map[string]any) string {
	t.Helper()
	public := jose.JSONWebKey{Key: key}
	all := map[jose.HeaderKey]any{"typ": "dpop+jwt", "jwk": public.Public()}
	for name, v := range head {
		all[jose.HeaderKey(name)] = v
	}
	maps.DeleteFunc(all, func(_ jose.HeaderKey, v any) bool { return v == nil })
	return sign(t, alg, key, claims, all)
}

func asked(proofs ...string) *http.Request {
	r := httptest.NewRequest("POST", "/oauth/token?x=1", nil)
	for _, p := range proofs {
		r.Header.Add("DPoP", p)
	}
	return r
}

func TestProof(t *testing.T) {
	c := &clock{noon}
	p := newProofs(c)
	ec, ed := newKey(t), newEdKey(t)
	for name, text := range map[string]string{
		"ES256": proves(t, jose.ES256, ec, proofOf(nil), nil), "EdDSA": proves(t, jose.EdDSA, ed, proofOf(nil), nil),
		"host's case": proves(t, jose.ES256, ec, proofOf(map[string]any{"htu": "https://STEAD.test/oauth/token?a=b#c"}), nil),
		"Ed25519":     named(t, ed, proofOf(nil), map[string]any{"typ": "dpop+jwt", "jwk": jose.JSONWebKey{Key: ed.Public()}}), "half a second": proves(t, jose.ES256, ec, proofOf(map[string]any{"iat": float64(noon.Unix()) + 0.5}), nil),
		"a minute late": proves(t, jose.ES256, ec, proofOf(map[string]any{"iat": noon.Unix() - 60}), nil),
	} {
		key, once, err := p.Check(asked(text), "")
		if err != nil || len(key.Thumbprint) != 43 || !strings.Contains(once.Key, key.Thumbprint) {
			t.Error(name, key, once, err)
		}
	}
}

// E1, E2, E4, E17: a proof of another request, of another time, or whose header says what to trust, is none.
func TestProofRefused(t *testing.T) {
	c := &clock{noon}
	p := newProofs(c)
	key := newKey(t)
	with := func(change map[string]any) string { return proves(t, jose.ES256, key, proofOf(change), nil) }
	head := func(change map[string]any) string { return proves(t, jose.ES256, key, proofOf(nil), change) }
	good := with(nil)
	for name, r := range map[string]*http.Request{
		"none": asked(), "two": asked(good, good), "two in one": asked(good + "," + good), "nothing": asked(""),
		"another method": asked(with(map[string]any{"htm": "GET"})), "method's case": asked(with(map[string]any{"htm": "post"})),
		"another host":  asked(with(map[string]any{"htu": "https://else.test/oauth/token"})),
		"another path":  asked(with(map[string]any{"htu": origin + "/oauth/revoke"})),
		"another port":  asked(with(map[string]any{"htu": origin + ":444/oauth/token"})),
		"a name in it":  asked(with(map[string]any{"htu": "https://a@stead.test/oauth/token"})),
		"no address":    asked(with(map[string]any{"htu": nil})),
		"no jti":        asked(with(map[string]any{"jti": ""})),
		"no iat":        asked(with(map[string]any{"iat": nil})),
		"iat a text":    asked(with(map[string]any{"iat": "now"})),
		"iat endless":   asked(with(map[string]any{"iat": 1e300})),
		"another typ":   asked(head(map[string]any{"typ": "JWT"})),
		"no key":        asked(head(map[string]any{"jwk": nil})),
		"private key":   asked(head(map[string]any{"jwk": jose.JSONWebKey{Key: key}})),
		"another's key": asked(head(map[string]any{"jwk": jose.JSONWebKey{Key: newKey(t).Public()}})),
		"jku":           asked(head(map[string]any{"jku": "http://127.0.0.1:9/"})),
		"x5c":           asked(head(map[string]any{"x5c": []string{"AA"}})),
		"shared key": asked(sign(t, jose.HS256, []byte("0123456789abcdef0123456789abcdef"), proofOf(nil),
			map[jose.HeaderKey]any{"typ": "dpop+jwt", "jwk": map[string]string{"kty": "oct", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}})),
		"RS256":           asked(proves(t, jose.RS256, newRSAKey(t), proofOf(nil), nil)),
		"long":            asked(with(map[string]any{"x": strings.Repeat("x", most)})),
		"no signature":    asked(good[:strings.LastIndex(good, ".")+1]),
		"alg of no use":   asked(reheaded(good, `{"alg":"none","typ":"dpop+jwt"}`)),
		"key of Ed25519":  asked(head(map[string]any{"jwk": jose.JSONWebKey{Key: newEdKey(t).Public()}})),
		"spaces round it": asked(" " + good),
	} {
		if _, _, err := p.Check(r, ""); stead.KindOf(err) != stead.Invalid {
			t.Error(name, err)
		}
	}
	for _, ago := range []time.Duration{skew + time.Second, -skew - time.Second, 5 * time.Minute, -5 * time.Minute} {
		c.now = noon.Add(ago)
		var challenge *Challenge
		if _, _, err := p.Check(asked(good), ""); !errors.As(err, &challenge) || challenge.DPoPNonce() == "" {
			t.Error(ago, err)
		}
	}
}

// A proof for a token speaks of that very token.
func TestProofOfToken(t *testing.T) {
	c := &clock{noon}
	p := newProofs(c)
	key := newKey(t)
	for ath, good := range map[string]bool{hashed("a"): true, hashed("b"): false, "": false} {
		if _, _, err := p.Check(asked(proves(t, jose.ES256, key, proofOf(map[string]any{"ath": ath}), nil)), "a"); (err == nil) != good {
			t.Errorf("%q: %v", ath, err)
		}
	}
}

// A nonce of ours vouches for the time whatever the client's clock says, for five to ten minutes, and no other does.
func TestNonce(t *testing.T) {
	c := &clock{noon}
	p := newProofs(c)
	key := newKey(t)
	nonced := func(nonce string) *http.Request {
		return asked(proves(t, jose.ES256, key, proofOf(map[string]any{"iat": 86400, "nonce": nonce}), nil))
	}
	var challenge *Challenge
	if _, _, err := p.Check(nonced("mine"), ""); !errors.As(err, &challenge) {
		t.Fatal(err)
	}
	for at, good := range map[time.Duration]bool{0: true, 4 * time.Minute: true, 9 * time.Minute: true, 11 * time.Minute: false, -6 * time.Minute: false} {
		c.now = noon.Add(at)
		if _, _, err := p.Check(nonced(challenge.Nonce), ""); (err == nil) != good {
			t.Error(at, err)
		}
	}
	c.now, p.Demand = noon, true
	if _, _, err := p.Check(asked(proves(t, jose.ES256, key, proofOf(nil), nil)), ""); !errors.As(err, &challenge) {
		t.Error("demanded, and yet:", err)
	}
	if _, _, err := p.Check(nonced(challenge.Nonce), ""); err != nil {
		t.Error(err)
	}
}

// What counts once is remembered until it cannot count, and where there is no room nothing new counts.
func TestOnce(t *testing.T) {
	c := &clock{noon}
	o := &Once{Max: 2, Now: c.Now}
	use := func(name string) stead.Reason {
		return stead.ReasonOf(o.Use(authority.Once{Key: name, Until: c.now.Add(time.Minute)}))
	}
	for _, step := range []struct {
		name string
		want stead.Reason
	}{{"a", ""}, {"a", stead.ReasonUsed}, {"b", ""}, {"c", stead.ReasonTooMany}, {"b", stead.ReasonUsed}} {
		if got := use(step.name); got != step.want {
			t.Errorf("%s: %q, want %q", step.name, got, step.want)
		}
	}
	c.now = noon.Add(time.Minute)
	for _, name := range []string{"c", "a"} {
		if got := use(name); got != "" {
			t.Error(name, got)
		}
	}
}
