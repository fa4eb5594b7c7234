package agents

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/tokens"
)

const (
	svidType = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe"
	workload = "spiffe://acme.example/report"
)

// A domain is a trust domain with keys of its own.
type domain struct {
	t    *testing.T
	keys map[string]crypto.Signer // by kid
	file string
	down atomic.Bool
}

func newDomain(t *testing.T) *domain {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d := &domain{t: t, keys: map[string]crypto.Signer{"rsa": rsaKey, "ec": ec, "p256": newKey(t)}, file: filepath.Join(t.TempDir(), "bundle.json")}
	d.publish("rsa", "ec", "p256")
	return d
}

// publish writes the bundle, with these keys in it.
func (d *domain) publish(kids ...string) {
	d.t.Helper()
	set := []map[string]any{}
	for _, kid := range kids {
		var k map[string]any
		if err := json.Unmarshal([]byte(text(d.t, jose.JSONWebKey{Key: d.keys[kid].Public(), KeyID: kid})), &k); err != nil {
			d.t.Fatal(err)
		}
		k["use"] = "jwt-svid"
		set = append(set, k)
	}
	if err := os.WriteFile(d.file, []byte(text(d.t, map[string]any{"keys": set, "spiffe_sequence": 1})), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

func (d *domain) svid(alg jose.SignatureAlgorithm, kid string, claims map[string]any, head map[jose.HeaderKey]any) string {
	d.t.Helper()
	all := map[jose.HeaderKey]any{"kid": kid, "typ": "JWT"}
	maps.Copy(all, head)
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: d.keys[kid]}, &jose.SignerOptions{ExtraHeaders: all})
	if err != nil {
		d.t.Fatal(err)
	}
	made, err := s.Sign([]byte(text(d.t, claims)))
	if err != nil {
		d.t.Fatal(err)
	}
	compact, err := made.CompactSerialize()
	if err != nil {
		d.t.Fatal(err)
	}
	return compact
}

// ServeHTTP is the bundle endpoint.
func (d *domain) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if d.down.Load() || r.URL.Path != "/bundle" {
		http.Redirect(w, r, "/bundle", http.StatusFound)
		return
	}
	http.ServeFile(w, r, d.file)
}

// trusting is the world where workloads of a trust domain are agents, the report one of them.
func trusting(t *testing.T, d *domain, trust tokens.Trust) *outside {
	t.Helper()
	o := newOutsideAt(t, func(o *outside, s *house.Site) {
		var err error
		if s.Trusts, err = tokens.NewTrusts(o.Now, []tokens.Trust{trust}); err != nil {
			t.Fatal(err)
		}
	})
	r := o.agent
	r.SPIFFE = []string{workload}
	var err error
	if o.agent, err = o.ChangeAgent(t.Context(), o.root, r.Principal, authority.NewAgent{Registration: r}); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *outside) claims(change map[string]any) map[string]any {
	now := o.Clock.Wall().Unix()
	all := map[string]any{"sub": workload, "aud": []string{o.origin}, "iat": now, "exp": now + 300}
	maps.Copy(all, change)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	return all
}

func (o *outside) shows(svid, kind string) said {
	o.t.Helper()
	return o.post("/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_assertion": {svid}, "client_assertion_type": {kind}},
		map[string]string{"DPoP": o.proves(newKey(o.t), "POST", "/oauth/token", "")})
}

// A2: a workload that SPIFFE knows is the agent that its registration names it for, at the token endpoint and at enrolment.
func TestSVID(t *testing.T) {
	d := newDomain(t)
	o := trusting(t, d, tokens.Trust{Domain: "acme.example", File: d.file})
	for alg, kid := range map[jose.SignatureAlgorithm]string{jose.RS256: "rsa", jose.PS256: "rsa", jose.ES384: "ec", jose.ES256: "p256"} {
		for _, kind := range []string{svidType, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"} {
			if s := o.shows(d.svid(alg, kid, o.claims(nil), nil), kind); s.status != http.StatusOK {
				t.Error(alg, kind, s)
			}
		}
	}
	run := newKey(t)
	s := o.enrolls(o.proves(run, "POST", "/v1/instances", ""), map[string]any{"client_assertion_type": svidType, "client_assertion": d.svid(jose.ES256, "p256", o.claims(nil), nil)})
	if s.status != http.StatusCreated || s.text("agent") != "monthly-report" || s.text("proof") != "spiffe:"+workload {
		t.Fatal(s)
	}
	by := o.by(thumbprint(t, run))
	m := o.underway(by)
	r := o.agent
	r.SPIFFE = nil
	if _, err := o.ChangeAgent(t.Context(), o.root, r.Principal, authority.NewAgent{Registration: r}); err != nil {
		t.Fatal(err)
	}
	o.refused(o.reads(by, m.ID, "public.orders"), stead.ReasonSignIn) // taken out of the registration, it is over
	if s := o.shows(d.svid(jose.ES256, "p256", o.claims(nil), nil), svidType); s.text("error") != "invalid_client" {
		t.Error(s)
	}
	if ways := text(t, o.send("GET", "/.well-known/oauth-authorization-server", "", nil).body["token_endpoint_auth_methods_supported"]); !strings.Contains(ways, "spiffe_jwt") || strings.Contains(ways, "attest") {
		t.Error(ways)
	}
}

// E1, E2, E4, E5: what is no JWT-SVID for us, now, of that workload, signed by that domain, is none.
func TestSVIDRefused(t *testing.T) {
	d, foreign := newDomain(t), newDomain(t)
	o := trusting(t, d, tokens.Trust{Domain: "acme.example", File: d.file})
	now := o.Clock.Wall().Unix()
	good := d.svid(jose.ES256, "p256", o.claims(nil), nil)
	parts := strings.Split(good, ".")
	hmacKey := text(t, jose.JSONWebKey{Key: d.keys["rsa"].Public()})
	hs, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(hmacKey)}, &jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{"kid": "rsa"}})
	if err != nil {
		t.Fatal(err)
	}
	mixed, err := hs.Sign([]byte(text(t, o.claims(nil))))
	if err != nil {
		t.Fatal(err)
	}
	hmac, err := mixed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	none := "eyJhbGciOiJub25lIiwia2lkIjoicDI1NiJ9." + parts[1] + "."
	for name, svid := range map[string]string{
		"over":               d.svid(jose.ES256, "p256", o.claims(map[string]any{"exp": now}), nil),
		"no end":             d.svid(jose.ES256, "p256", o.claims(map[string]any{"exp": nil}), nil),
		"too long":           d.svid(jose.ES256, "p256", o.claims(map[string]any{"exp": now + 7200}), nil),
		"of a time to come":  d.svid(jose.ES256, "p256", o.claims(map[string]any{"nbf": now + 600}), nil),
		"for nobody":         d.svid(jose.ES256, "p256", o.claims(map[string]any{"aud": nil}), nil),
		"for others":         d.svid(jose.ES256, "p256", o.claims(map[string]any{"aud": []string{"https://other.example"}}), nil),
		"for others as well": d.svid(jose.ES256, "p256", o.claims(map[string]any{"aud": []string{o.origin, "https://other.example"}}), nil),
		"another domain":     d.svid(jose.ES256, "p256", o.claims(map[string]any{"sub": "spiffe://evil.example/report"}), nil),
		"another workload":   d.svid(jose.ES256, "p256", o.claims(map[string]any{"sub": workload + "/x"}), nil),
		"a domain alone":     d.svid(jose.ES256, "p256", o.claims(map[string]any{"sub": "spiffe://acme.example"}), nil),
		"no id at all":       d.svid(jose.ES256, "p256", o.claims(map[string]any{"sub": "monthly-report"}), nil),
		"foreign keys":       foreign.svid(jose.ES256, "p256", o.claims(nil), nil),
		"key of another":     strings.Join([]string{parts[0], parts[1], strings.Split(d.svid(jose.ES384, "ec", o.claims(nil), nil), ".")[2]}, "."),
		"alg none":           none,
		"public key as HMAC": hmac,
		"steering header":    d.svid(jose.ES256, "p256", o.claims(nil), map[jose.HeaderKey]any{"jku": "http://169.254.169.254/"}),
		"a token's type":     d.svid(jose.ES256, "p256", o.claims(nil), map[jose.HeaderKey]any{"typ": "at+jwt"}),
		"flipped":            parts[0] + "." + parts[1] + "." + map[bool]string{true: "B", false: "A"}[parts[2][0] == 'A'] + parts[2][1:],
	} {
		if s := o.shows(svid, svidType); s.status != http.StatusUnauthorized || s.text("error") != "invalid_client" {
			t.Error(name, s)
		}
	}
	once := d.svid(jose.ES256, "p256", o.claims(map[string]any{"jti": "one"}), nil)
	if s := o.shows(once, svidType); s.status != http.StatusOK {
		t.Error(s)
	}
	if s := o.shows(once, svidType); s.status == http.StatusOK {
		t.Error("one with a name counts twice:", s)
	}
	d.publish("rsa", "ec") // E16
	if s := o.shows(d.svid(jose.ES256, "p256", o.claims(nil), nil), svidType); s.text("error") != "invalid_client" {
		t.Error("its key was taken away:", s)
	}
	if err := os.Remove(d.file); err != nil {
		t.Fatal(err)
	}
	if s := o.shows(d.svid(jose.RS256, "rsa", o.claims(nil), nil), svidType); s.status < 500 {
		t.Error("there is no bundle:", s)
	}
}

// A bundle at an address is fetched anew, counts for an hour where it can not be, and nobody is led elsewhere.
func TestBundleFetched(t *testing.T) {
	d := newDomain(t)
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	o := trusting(t, d, tokens.Trust{Domain: "acme.example", URL: server.URL + "/bundle"})
	asks := func() said {
		t.Helper()
		return o.shows(d.svid(jose.ES256, "p256", o.claims(nil), nil), svidType)
	}
	if s := asks(); s.status != http.StatusOK {
		t.Fatal(s)
	}
	d.down.Store(true) // it redirects now, which is not followed
	o.Clock.Move(10 * time.Minute)
	if s := asks(); s.status != http.StatusOK {
		t.Error("it was good ten minutes ago:", s)
	}
	o.Clock.Move(51 * time.Minute)
	if s := asks(); s.status < 500 {
		t.Error("it is over an hour old:", s)
	}
	d.down.Store(false)
	d.publish("rsa")
	o.Clock.Move(time.Minute)
	if s := asks(); s.text("error") != "invalid_client" {
		t.Error(s)
	}
	for _, address := range []string{"http://bundles.example/x", "ftp://127.0.0.1/x", "https://user@acme.example/x", "file:///etc/passwd", ""} {
		if _, err := tokens.NewTrusts(o.Now, []tokens.Trust{{Domain: "acme.example", URL: address}}); err == nil {
			t.Error(address, "is taken")
		}
	}
}

// attested makes an attestation of a key, and a proof of it.
func (o *outside) attested(by, key *ecdsa.PrivateKey, claims, proof map[string]any, typ string) map[string]string {
	now := o.Clock.Wall().Unix()
	a := map[string]any{"sub": "monthly-report", "exp": now + 600, "cnf": map[string]any{"jwk": jose.JSONWebKey{Key: key.Public()}}}
	maps.Copy(a, claims)
	maps.DeleteFunc(a, func(_ string, v any) bool { return v == nil })
	p := map[string]any{"aud": o.origin, "jti": o.next(), "iat": now}
	maps.Copy(p, proof)
	if typ == "" {
		typ = "oauth-client-attestation+jwt"
	}
	head := map[string]string{"OAuth-Client-Attestation": o.signed(by, a, map[jose.HeaderKey]any{"typ": typ})}
	if proof != nil {
		signer := key
		if other, is := proof["key"].(*ecdsa.PrivateKey); is {
			signer = other
			delete(p, "key")
		}
		head["OAuth-Client-Attestation-PoP"] = o.signed(signer, p, map[jose.HeaderKey]any{"typ": "oauth-client-attestation-pop+jwt"})
	}
	return head
}

func attesting(t *testing.T) (*outside, *ecdsa.PrivateKey) {
	t.Helper()
	key := newKey(t)
	set := text(t, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "a"}}})
	return newOutsideAt(t, func(_ *outside, s *house.Site) {
		a, err := tokens.ReadAttester("laptops", []byte(set), []string{"monthly-report"})
		if err != nil {
			t.Fatal(err)
		}
		s.Attesters = []tokens.Attester{a}
	}), key
}

func (o *outside) withAttestation(key *ecdsa.PrivateKey, head map[string]string, more ...string) said {
	form := url.Values{"grant_type": {"client_credentials"}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	head["DPoP"] = o.proves(key, "POST", "/oauth/token", "")
	return o.post("/oauth/token", form, head)
}

// A2: who attests a key of an agent is known; the attested key is the instance's, by a proof of its own or by DPoP's.
func TestAttestation(t *testing.T) {
	o, attester := attesting(t)
	for name, proof := range map[string]map[string]any{"by DPoP": nil, "by its own proof": {}} {
		key := newKey(t)
		s := o.withAttestation(key, o.attested(attester, key, nil, proof, ""))
		if s.status != http.StatusOK {
			t.Fatal(name, s)
		}
		by := o.by(thumbprint(t, key))
		o.Store.View().Read(func(v *authority.State) {
			if i := v.Instance(by.Instance); i.Proof != "attester:laptops" || i.Key.Thumbprint != thumbprint(t, key) {
				t.Errorf("%+v", i)
			}
		})
	}
	s := o.send("POST", "/oauth/challenge", "", nil)
	if s.status != http.StatusOK || s.text("attestation_challenge") == "" || s.head.Get("Cache-Control") != "no-store" {
		t.Fatal(s)
	}
	key := newKey(t)
	old := map[string]any{"iat": o.Clock.Wall().Add(-time.Hour).Unix()}
	no := o.withAttestation(key, o.attested(attester, key, nil, maps.Clone(old), ""))
	if no.text("error") != "use_attestation_challenge" || no.head.Get("OAuth-Client-Attestation-Challenge") == "" {
		t.Error(no)
	}
	old["challenge"] = s.text("attestation_challenge")
	if s = o.withAttestation(key, o.attested(attester, key, nil, old, "")); s.status != http.StatusOK {
		t.Error(s)
	}
	about := o.send("GET", "/.well-known/oauth-authorization-server", "", nil)
	if about.text("challenge_endpoint") != o.origin+"/oauth/challenge" || !strings.Contains(text(t, about.body["token_endpoint_auth_methods_supported"]), "attest_jwt_client_auth") {
		t.Error(about)
	}
}

// E4, F1: an attestation of others, for others, of another key or used twice is none.
func TestAttestationRefused(t *testing.T) {
	o, attester := attesting(t)
	o.register("other", stead.Company, stead.LowTier, "staff/ida", task("tidy", "public.orders"))
	key, thief := newKey(t), newKey(t)
	now := o.Clock.Wall().Unix()
	for name, r := range map[string]struct {
		proved *ecdsa.PrivateKey
		head   map[string]string
		more   []string
	}{
		"nobody's attester":    {key, o.attested(thief, key, nil, nil, ""), nil},
		"attested by itself":   {key, o.attested(key, key, nil, nil, ""), nil},
		"over":                 {key, o.attested(attester, key, map[string]any{"exp": now}, nil, ""), nil},
		"without an end":       {key, o.attested(attester, key, map[string]any{"exp": nil}, nil, ""), nil},
		"without a key":        {key, o.attested(attester, key, map[string]any{"cnf": nil}, nil, ""), nil},
		"for another agent":    {key, o.attested(attester, key, map[string]any{"sub": "other"}, nil, ""), nil},
		"another key proved":   {thief, o.attested(attester, key, nil, nil, ""), nil},
		"proof by another key": {key, o.attested(attester, key, nil, map[string]any{"key": thief}, ""), nil},
		"proof for others":     {key, o.attested(attester, key, nil, map[string]any{"aud": "https://other.example"}, ""), nil},
		"foreign challenge":    {key, o.attested(attester, key, nil, map[string]any{"challenge": "x"}, ""), nil},
		"another type":         {key, o.attested(attester, key, nil, nil, "JWT"), nil},
		"client_id differs":    {key, o.attested(attester, key, nil, nil, ""), []string{"client_id", "other"}},
		"two ways":             {key, o.attested(attester, key, nil, nil, ""), []string{"client_id", "monthly-report", "client_secret", "x"}},
	} {
		if s := o.withAttestation(r.proved, r.head, r.more...); s.status == http.StatusOK {
			t.Error(name, s)
		}
	}
	once := o.attested(attester, key, nil, map[string]any{}, "")
	if s := o.withAttestation(key, maps.Clone(once)); s.status != http.StatusOK {
		t.Fatal(s)
	}
	if s := o.withAttestation(key, once); s.status == http.StatusOK {
		t.Error("a proof counts twice:", s)
	}
	plain := newOutside(t)
	if s := plain.withAttestation(key, plain.attested(attester, key, nil, nil, "")); s.status != http.StatusUnauthorized {
		t.Error("nobody is known to attest here:", s)
	}
}
