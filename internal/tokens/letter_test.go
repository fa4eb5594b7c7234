package tokens

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/steadhq/stead"
)

// An idp signs letters, and serves its keys.
type idp struct {
	key   *ecdsa.PrivateKey
	kid   string
	asked atomic.Int32
	down  atomic.Bool
}

func newIDP(t testing.TB) *idp {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &idp{key: key, kid: "k1"}
}

func (i *idp) set() []byte {
	raw, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: i.kid}}})
	return raw
}

func (i *idp) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	i.asked.Add(1)
	if i.down.Load() {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	_, _ = w.Write(i.set())
}

func (i *idp) signs(t testing.TB, now time.Time, payload string) string {
	t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: i.key}, (&jose.SignerOptions{}).WithType(LetterType).WithHeader("kid", i.kid))
	if err != nil {
		t.Fatal(err)
	}
	if payload == "" {
		raw, _ := json.Marshal(map[string]any{"iss": "https://idp.example", "sub": "dana", "aud": "https://own.example", "client_id": "planner", "jti": "1",
			"iat": now.Unix(), "exp": now.Unix() + 300, "act": map[string]any{"sub": "a", "iss": "https://idp.example", "sub_profile": "ai_agent"}})
		payload = string(raw)
	}
	made, err := s.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	text, err := made.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Keys are fetched where they are needed: not for every letter, again where a name is new, and for an hour where they cannot be had.
func TestLetterKeys(t *testing.T) {
	i, now := newIDP(t), time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	srv := httptest.NewServer(i)
	defer srv.Close()
	l, err := NewLetters("https://own.example", func() time.Time { return now }, []Signer{{Issuer: "https://idp.example", URL: srv.URL}})
	if err != nil {
		t.Fatal(err)
	}
	read := func() error {
		_, _, err := l.Reads(t.Context(), i.signs(t, now, ""))
		return err
	}
	for range 3 {
		if err := read(); err != nil {
			t.Fatal(err)
		}
	}
	if n := i.asked.Load(); n != 1 {
		t.Errorf("the keys were fetched %d times", n)
	}
	i.key, i.kid = newIDP(t).key, "k2"
	if err := read(); stead.KindOf(err) != stead.Invalid {
		t.Errorf("a name that is new within a minute: %v", err)
	}
	now = now.Add(2 * time.Minute)
	if err := read(); err != nil || i.asked.Load() != 2 {
		t.Errorf("a name that is new: %v, fetched %d times", err, i.asked.Load())
	}
	i.down.Store(true)
	now = now.Add(30 * time.Minute)
	if err := read(); err != nil {
		t.Errorf("away for a while: %v", err)
	}
	now = now.Add(time.Hour)
	if err := read(); stead.KindOf(err) != stead.Broken {
		t.Errorf("away for too long: %v", err)
	}
}

// SSRF: an address that leads inside is not dialled, nor a redirect followed.
func TestLetterKeysGuarded(t *testing.T) {
	inside := httptest.NewServer(newIDP(t))
	defer inside.Close()
	away := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusFound))
	defer away.Close()
	for _, address := range []string{away.URL, "https://169.254.169.254/keys", "https://[::ffff:169.254.169.254]/keys", "https://localhost.localdomain:1/keys"} {
		if raw, err := keysAt(t.Context(), "", address); err == nil {
			t.Errorf("%s: %s", address, raw)
		}
	}
	for _, wrong := range []string{"http://idp.example/keys", "file:///etc/passwd", "https://user@idp.example/keys", "//idp.example", ""} {
		if _, err := NewLetters("https://own.example", time.Now, []Signer{{Issuer: "https://idp.example", URL: wrong}}); stead.KindOf(err) != stead.Invalid {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

// One table says what is read: no sort of JWT is read as another, whoever has signed it (RFC 8725).
func TestRules(t *testing.T) {
	i := newIDP(t)
	public := jose.JSONWebKey{Key: i.key.Public()}
	for as, is := range rules {
		for other, rule := range rules {
			typ := rule.types[len(rule.types)-1]
			o := (&jose.SignerOptions{}).WithType(jose.ContentType(typ)).WithHeader("kid", "k1")
			if rule.jwk {
				o = o.WithHeader("jwk", public)
			}
			s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: i.key}, o)
			if err != nil {
				t.Fatal(err)
			}
			made, _ := s.Sign([]byte(`{}`))
			text, _ := made.CompactSerialize()
			if _, err := readAs(text, as); (err == nil) != slices.Contains(is.types, typ) || is.jwk != rule.jwk && err == nil {
				t.Errorf("a %s read as %s: %v", other, as, err)
			}
		}
	}
}

// FuzzLetter: whatever is signed by who is trusted is read in one way, or refused; and nothing that is read lacks what counts.
func FuzzLetter(f *testing.F) {
	i, now := newIDP(f), time.Unix(1_772_625_600, 0)
	file := filepath.Join(f.TempDir(), "idp.json")
	if err := os.WriteFile(file, i.set(), 0o600); err != nil {
		f.Fatal(err)
	}
	l, err := NewLetters("https://own.example", func() time.Time { return now }, []Signer{{Issuer: "https://idp.example", File: file}})
	if err != nil {
		f.Fatal(err)
	}
	whole := `{"iss":"https://idp.example","sub":"dana","aud":"https://own.example","client_id":"planner","jti":"1","iat":1772625600,"exp":1772625900}`
	for _, seed := range []string{whole, strings.Replace(whole, `"sub"`, `"sub":"x","Sub"`, 1), strings.Replace(whole, `"https://own.example"`, `["https://own.example"]`, 1),
		strings.Replace(whole, `}`, `,"act":{"sub":"a","iss":"b","act":{"sub":"c"}}}`, 1), strings.Replace(whole, "1772625900", "1e99", 1),
		strings.Replace(whole, `}`, `,"cnf":{"jkt":""},"scope":"read:events","authorization_details":[{"type":"stead_entitlement"}]}`, 1), `[]`, `{}`, ``} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		if payload == "" {
			return
		}
		got, once, err := l.Reads(t.Context(), i.signs(t, now, payload))
		if err != nil {
			return
		}
		depth := 0
		for a := got.Act; a != nil; a = a.Before {
			depth++
		}
		if got.Issuer != "https://idp.example" || got.Audience != "https://own.example" || got.Subject == "" || got.Client == "" || got.ID == "" || once.Key == "" ||
			!got.Until.After(now) || got.Until.Sub(now) > 7*time.Minute || depth > stead.MostDepth || stead.WrongText("sub", got.Subject, longestName) != "" {
			t.Fatalf("%q was read as %+v", payload, got)
		}
	})
}
