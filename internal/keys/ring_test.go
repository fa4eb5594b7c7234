package keys

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
	"github.com/steadhq/stead"
)

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func newRing(t testing.TB) (*Ring, *memory, *clock) {
	t.Helper()
	box, err := NewBox(testMaster(t), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c, m := &clock{time.Unix(1_800_000_000, 0)}, &memory{}
	r, err := OpenRing(t.Context(), Signing{Issuer: "https://stead.test", Now: c.Now, Rand: rand.Reader, Secrets: m, Box: box})
	if err != nil {
		t.Fatal(err)
	}
	return r, m, c
}

func acting() stead.Assertion {
	return stead.Assertion{Audience: "orders", Subject: "prn_dana", Act: &stead.ActedBy{Subject: "prn_sam"}, Mandate: "man_1",
		Mode: stead.ReadOnly, Method: "GET", URL: "https://orders.test/7?x=1", ID: "dec_1"}
}

// check verifies by the published document alone.
func check(t testing.TB, r *Ring, token string) (kid string, ok bool) {
	t.Helper()
	var set jose.JSONWebKeySet
	doc, err := r.JWKS()
	if err != nil || json.Unmarshal(doc, &set) != nil {
		t.Fatal(err)
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.EdDSA, jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	kid = signed.Signatures[0].Protected.KeyID
	for _, k := range set.Key(kid) {
		payload, err := signed.Verify(k)
		return kid, err == nil && len(payload) > 0
	}
	return kid, false
}

func TestSignAssertion(t *testing.T) {
	for _, alg := range algorithms {
		t.Run(string(alg), func(t *testing.T) { signAssertion(t, alg) })
	}
}

func signAssertion(t *testing.T, alg stead.Algorithm) {
	r, _, c := newRing(t)
	token, err := r.SignAssertion(acting(), alg)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := check(t, r, token); !ok {
		t.Error("it does not verify by the JWKS")
	}
	parts := strings.Split(token, ".")
	header, _ := base64.RawURLEncoding.DecodeString(parts[0])
	var h map[string]string
	if json.Unmarshal(header, &h) != nil || len(h) != 3 || h["alg"] != string(alg) || h["typ"] != stead.AssertionType || h["kid"] == "" {
		t.Errorf("header %s", header)
	}
	payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
	want := acting()
	want.Issuer, want.Issued, want.After, want.Before = "https://stead.test", c.now.Unix(), c.now.Unix(), c.now.Unix()+60
	var got stead.Assertion
	if err := json.Unmarshal(payload, &got); err != nil || !cmp.Equal(got, want) {
		t.Errorf("claims %s", payload)
	}
	for _, member := range []string{`"act":{"sub":"prn_sam"}`, `"sub":"prn_dana"`, `"aud":"orders"`, `"mandate":"man_1"`, `"mode":"read-only"`, `"htm":"GET"`} {
		if !strings.Contains(string(payload), member) {
			t.Errorf("no %s in %s", member, payload)
		}
	}
	bad := acting()
	bad.Mandate = ""
	if _, err := r.SignAssertion(bad, alg); stead.KindOf(err) != stead.Invalid {
		t.Errorf("signed what is not whole: %v", err)
	}
}

// TestFormerRing: a ring of former days gets its key for EdDSA once, whichever node opens it first, and is signed with as
// before until applications can have read that key. E16
func TestFormerRing(t *testing.T) {
	r, m, c := newRing(t)
	former := slices.DeleteFunc(slices.Clone(*r.keys.Load()), func(k signingKey) bool { return k.alg != stead.ES256 })
	back := func() {
		t.Helper()
		if err := r.change(t.Context(), func([]signingKey, time.Time) ([]signingKey, error) { return former, nil }); err != nil {
			t.Fatal(err)
		}
	}
	back()
	var nodes []*Ring
	for range 2 {
		node, err := OpenRing(t.Context(), r.Signing)
		if err != nil || len(*node.keys.Load()) != 2 {
			t.Fatalf("%v, %d keys", err, len(*node.keys.Load()))
		}
		nodes = append(nodes, node)
	}
	signs := func(asked stead.Algorithm) string {
		t.Helper()
		token, err := nodes[0].SignAssertion(acting(), asked)
		if err != nil {
			t.Fatal(err)
		}
		kid, ok := check(t, nodes[1], token)
		if !ok {
			t.Error("another node does not publish the key")
		}
		for _, k := range *nodes[1].keys.Load() {
			if k.ID == kid {
				return string(k.alg)
			}
		}
		return ""
	}
	if alg := signs(stead.EdDSA); alg != "ES256" {
		t.Errorf("%s signs before its key was published", alg)
	}
	c.now = c.now.Add(r.Lead)
	if alg := signs(stead.EdDSA) + signs(stead.ES256); alg != "EdDSAES256" {
		t.Errorf("%s", alg)
	}
	m.fail = errors.New("disk full")
	if _, err := OpenRing(t.Context(), r.Signing); err != nil {
		t.Errorf("a whole ring was written again: %v", err)
	}
	m.fail = nil
	back()
	m.fail = errors.New("disk full")
	if _, err := OpenRing(t.Context(), r.Signing); stead.KindOf(err) != stead.Broken {
		t.Errorf("opened with a key that was not kept: %v", err)
	}
}

// TestRotation: no assertion is signed by a key that is not published, none lives longer than its key. E16
func TestRotation(t *testing.T) {
	r, m, c := newRing(t)
	type issued struct {
		token string
		until time.Time
	}
	var live []issued
	used := map[string]bool{}
	for minute := range 180 {
		if minute%45 == 20 {
			if err := r.Rotate(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		doc, err := r.JWKS() // what an application has read a while before
		if err != nil {
			t.Fatal(err)
		}
		for range 4 {
			c.now = c.now.Add(15 * time.Second)
			token, err := r.SignAssertion(acting(), stead.EdDSA)
			if err != nil {
				t.Fatal(err)
			}
			live = append(live, issued{token, c.now.Add(r.Life)})
			kid, _ := check(t, r, token)
			if used[kid] = true; !strings.Contains(string(doc), kid) {
				t.Fatalf("minute %d: signed by a key that was not published before", minute)
			}
			live = slices.DeleteFunc(live, func(i issued) bool { return !c.now.Before(i.until) })
			for _, i := range live {
				if _, ok := check(t, r, i.token); !ok {
					t.Fatalf("minute %d: a valid assertion is refused", minute)
				}
			}
		}
	}
	if len(used) != 5 {
		t.Errorf("%d keys signed, want 5", len(used))
	}
	c.now = c.now.Add(time.Hour)
	if n := len(r.published(c.now)); n != 2 {
		t.Errorf("%d keys are published long after the last rotation", n)
	}
	again, err := OpenRing(t.Context(), r.Signing)
	if err != nil || again.signing(stead.EdDSA, c.now).ID != r.signing(stead.EdDSA, c.now).ID {
		t.Errorf("after a restart another key signs: %v", err)
	}
	for name, sealed := range m.kept {
		if strings.Contains(string(sealed), `"der"`) {
			t.Errorf("%s is kept plain", name) // L4
		}
	}
	c.now = c.now.Add(-240 * time.Hour) // a clock set back signs all the same
	if _, err := r.SignAssertion(acting(), stead.EdDSA); err != nil {
		t.Error(err)
	}
}

// TestQuickerNode: what another node does while this one makes its keys stays done, whatever this one was about to do. E16
func TestQuickerNode(t *testing.T) {
	for what, c := range map[string]struct {
		ours func(*Ring) error
		kept int // keys when both are done
	}{
		"rotated":  {func(r *Ring) error { return r.Rotate(t.Context()) }, 4},
		"replaced": {func(r *Ring) error { return r.Replace(t.Context()) }, 2},
		"renewed":  {func(r *Ring) error { return r.Renew(t.Context()) }, 2}, // it is not due any more
	} {
		ours, m, clock := newRing(t)
		theirs, err := OpenRing(t.Context(), ours.Signing)
		if err != nil {
			t.Fatal(err)
		}
		clock.now = clock.now.Add(ours.Term)
		known := (*ours.keys.Load())[0].ID
		m.before = func() {
			m.before = nil
			if err := theirs.Replace(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if err := c.ours(ours); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if err := theirs.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		for node, r := range map[string]*Ring{"ours": ours, "theirs": theirs} {
			if r.PublicKey(known) != nil || len(*r.keys.Load()) != c.kept {
				t.Errorf("%s, %s: %d keys; the one that was thrown away is back: %t", what, node, len(*r.keys.Load()), r.PublicKey(known) != nil)
			}
		}
	}
}

// TestFirstRing: of nodes that begin at once all sign with the keys of one.
func TestFirstRing(t *testing.T) {
	r, m, _ := newRing(t)
	var theirs *Ring
	m.kept, m.before = nil, func() {
		m.before = nil
		var err error
		if theirs, err = OpenRing(t.Context(), r.Signing); err != nil {
			t.Error(err)
		}
	}
	ours, err := OpenRing(t.Context(), r.Signing)
	if err != nil || (*ours.keys.Load())[0].ID != (*theirs.keys.Load())[0].ID {
		t.Errorf("two rings: %v", err)
	}
	m.kept = nil
	if err := ours.Reload(t.Context()); stead.KindOf(err) != stead.Missing || len(*ours.keys.Load()) != 2 {
		t.Errorf("keys that are gone: %v", err)
	}
}

// TestRingDurable: a key that could not be kept is not used.
func TestRingDurable(t *testing.T) {
	r, m, c := newRing(t)
	before, _ := r.JWKS()
	m.fail = errors.New("disk full")
	if err := r.Rotate(t.Context()); stead.KindOf(err) != stead.Broken {
		t.Errorf("rotated: %v", err)
	}
	if after, _ := r.JWKS(); !cmp.Equal(before, after) {
		t.Error("a key that was not kept is published")
	}
	m.kept = nil
	if _, err := OpenRing(t.Context(), r.Signing); stead.KindOf(err) != stead.Broken {
		t.Errorf("opened without keeping: %v", err)
	}
	if _, err := LogKey(t.Context(), rand.Reader, m, r.Box); stead.KindOf(err) != stead.Broken {
		t.Errorf("a log key was not kept: %v", err)
	}
	_ = c
}

func TestRingRefuses(t *testing.T) {
	r, m, _ := newRing(t)
	if _, err := OpenRing(t.Context(), Signing{}); stead.KindOf(err) != stead.Invalid {
		t.Errorf("nothing set: %v", err)
	}
	sealed := m.kept[ringName]
	for name, text := range map[string]string{"no keys": "[]", "no JSON": "{", "no key": `[{"der":"AAAA"}]`,
		"another curve": `[{"der":"` + other384(t) + `"}]`} {
		bad, err := r.Box.Seal(ringName, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		m.kept[ringName] = bad
		if _, err := OpenRing(t.Context(), r.Signing); stead.KindOf(err) != stead.Broken {
			t.Errorf("%s: %v", name, err)
		}
	}
	m.kept[ringName] = sealed
	other, err := NewBox(Master{key: [keySize]byte{9}}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	with := r.Signing
	with.Box = other
	if _, err := OpenRing(t.Context(), with); stead.KindOf(err) != stead.Broken || leaks(err.Error()) {
		t.Errorf("another master key: %v", err)
	}
}

// other384 is a key that no assertion is signed with.
func other384(t *testing.T) string {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func TestLogKey(t *testing.T) {
	r, m, _ := newRing(t)
	key, err := LogKey(t.Context(), strings.NewReader(string(canary)), m, r.Box)
	if err != nil {
		t.Fatal(err)
	}
	again, err := LogKey(t.Context(), rand.Reader, m, r.Box)
	if err != nil || !key.Equal(again) {
		t.Errorf("another key: %v", err)
	}
	if strings.Contains(string(m.kept[logName]), string(canary[:8])) {
		t.Error("the log key is kept plain") // L4
	}
	m.kept[logName] = m.kept[ringName]
	if _, err := LogKey(t.Context(), rand.Reader, m, r.Box); stead.KindOf(err) != stead.Broken || leaks(err.Error()) {
		t.Errorf("an edited log key: %v", err)
	}
	if _, err := LogKey(t.Context(), strings.NewReader(""), &memory{}, r.Box); stead.KindOf(err) != stead.Broken {
		t.Errorf("no randomness: %v", err)
	}
}

func BenchmarkSignAssertion(b *testing.B) {
	for _, alg := range algorithms {
		b.Run(string(alg), func(b *testing.B) {
			r, _, _ := newRing(b)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.SignAssertion(acting(), alg); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Two nodes that rotate one after the other keep each other's keys, and both sign and publish alike once they have read
// them again.
func TestRotateElsewhere(t *testing.T) {
	one, m, c := newRing(t)
	two, err := OpenRing(t.Context(), Signing{Issuer: one.Issuer, Now: c.Now, Rand: rand.Reader, Secrets: m, Box: one.Box})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*Ring{one, two} {
		if err := r.Rotate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := one.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.now = c.now.Add(one.Lead)
	for _, by := range []*Ring{one, two} {
		token, err := by.SignAssertion(acting(), stead.EdDSA)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []*Ring{one, two} {
			if _, ok := check(t, at, token); !ok || len(at.published(c.now)) != 6 {
				t.Errorf("taken: %v, of %d keys", ok, len(at.published(c.now)))
			}
		}
	}
}
