package tokens

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
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
	"github.com/steadhq/stead/internal/authority"
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

// Of the keys of an issuer those alone count that are public, sign, are long enough and are meant by the header.
func TestLetterSigned(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	curve, other := newIDP(t).key, newIDP(t).key
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := json.Marshal(map[string]any{"iss": "https://idp.example", "sub": "dana", "aud": "https://own.example", "client_id": "planner", "jti": "1", "iat": now.Unix(), "exp": now.Unix() + 300})
	point, err := curve.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	type jwk = jose.JSONWebKey
	noise := make([]jwk, mostKeys)
	for n := range noise {
		noise[n] = jwk{Key: other.Public(), KeyID: "k1"}
	}
	for name, c := range map[string]struct {
		key  any
		alg  jose.SignatureAlgorithm
		kid  string
		set  []jwk
		good bool
	}{
		"ES256":                     {curve, jose.ES256, "k1", []jwk{{Key: curve.Public(), KeyID: "k1"}}, true},
		"EdDSA":                     {edwards, jose.EdDSA, "k1", []jwk{{Key: edwards.Public(), KeyID: "k1"}}, true},
		"RS256":                     {long, jose.RS256, "k1", []jwk{{Key: long.Public(), KeyID: "k1"}}, true},
		"PS256, as the key says":    {long, jose.PS256, "k1", []jwk{{Key: long.Public(), KeyID: "k1", Algorithm: "PS256", Use: "sig"}}, true},
		"PS256, the key's is RS256": {long, jose.PS256, "k1", []jwk{{Key: long.Public(), KeyID: "k1", Algorithm: "RS256"}}, false},
		"RS512":                     {long, jose.RS512, "k1", []jwk{{Key: long.Public(), KeyID: "k1"}}, false},
		"RS256, too short":          {short, jose.RS256, "k1", []jwk{{Key: short.Public(), KeyID: "k1"}}, false},
		"HS256 with the public key": {point, jose.HS256, "k1", []jwk{{Key: curve.Public(), KeyID: "k1"}}, false},
		"a key for secrets":         {curve, jose.ES256, "k1", []jwk{{Key: curve.Public(), KeyID: "k1", Use: "enc"}}, false},
		"RS256, a key for secrets":  {long, jose.RS256, "k1", []jwk{{Key: long.Public(), KeyID: "k1", Use: "enc"}}, false},
		"RS256, a private key":      {long, jose.RS256, "k1", []jwk{{Key: long, KeyID: "k1"}}, false},
		"a private key in the set":  {curve, jose.ES256, "k1", []jwk{{Key: curve, KeyID: "k1"}}, false},
		"a secret in the set":       {[]byte(strings.Repeat("s", 32)), jose.HS256, "k1", []jwk{{Key: []byte(strings.Repeat("s", 32)), KeyID: "k1"}}, false},
		"by another name":           {curve, jose.ES256, "k1", []jwk{{Key: curve.Public(), KeyID: "k2"}}, false},
		"by none":                   {curve, jose.ES256, "k1", []jwk{{Key: curve.Public()}}, false},
		"that names none":           {curve, jose.ES256, "", []jwk{{Key: other.Public(), KeyID: "k1"}, {Key: curve.Public(), KeyID: "k2"}}, true},
		"the second of two":         {curve, jose.ES256, "k1", []jwk{{Key: other.Public(), KeyID: "k1"}, {Key: curve.Public(), KeyID: "k1"}}, true},
		"beside one that is none":   {curve, jose.ES256, "k1", []jwk{{Key: curve.Public(), KeyID: "k0", Use: "enc"}, {Key: curve.Public(), KeyID: "k1"}}, true},
		"after too many":            {curve, jose.ES256, "k1", append(slices.Clone(noise), jwk{Key: curve.Public(), KeyID: "k1"}), false},
		"the last of many":          {curve, jose.ES256, "k1", append(slices.Clone(noise[1:]), jwk{Key: curve.Public(), KeyID: "k1"}), true},
		"by somebody else":          {other, jose.ES256, "k1", []jwk{{Key: curve.Public(), KeyID: "k1"}}, false},
	} {
		o := (&jose.SignerOptions{}).WithType(LetterType)
		if c.kid != "" {
			o = o.WithHeader("kid", c.kid)
		}
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: c.alg, Key: c.key}, o)
		if err != nil {
			t.Fatal(name, err)
		}
		made, err := s.Sign(body)
		if err != nil {
			t.Fatal(name, err)
		}
		text, _ := made.CompactSerialize()
		raw, _ := json.Marshal(jose.JSONWebKeySet{Keys: c.set})
		file := filepath.Join(t.TempDir(), "keys.json")
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := NewLetters("https://own.example", func() time.Time { return now }, []Signer{{Issuer: "https://idp.example", File: file}})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := l.Reads(t.Context(), text); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A letter tells who, for whom, and until when, within what can be kept; one that does not is not read.
func TestLetterFits(t *testing.T) {
	now := time.Unix(1_772_625_600, 0)
	at := func(d time.Duration) date { return date(now.Add(d).Unix()) }
	long, act := strings.Repeat("a", longestName+1), func(n int) (a *authority.Actor) {
		for range n {
			a = &authority.Actor{Subject: "a", Issuer: "b", Profile: "ai_agent", Before: a}
		}
		return a
	}
	good := letterClaims{Issuer: "i", Subject: "s", Audience: "own", Client: "c", ID: "1", Issued: at(0), Expires: at(authority.LetterLife)}
	for name, c := range map[string]struct {
		change func(*letterClaims)
		good   bool
	}{
		"as it is":           {func(*letterClaims) {}, true},
		"no iss":             {func(c *letterClaims) { c.Issuer = "" }, false},
		"no sub":             {func(c *letterClaims) { c.Subject = "" }, false},
		"no aud":             {func(c *letterClaims) { c.Audience = "" }, false},
		"no client_id":       {func(c *letterClaims) { c.Client = "" }, false},
		"no jti":             {func(c *letterClaims) { c.ID = "" }, false},
		"a long jti":         {func(c *letterClaims) { c.ID = long }, false},
		"the longest jti":    {func(c *letterClaims) { c.ID = long[1:] }, true},
		"a jti in two lines": {func(c *letterClaims) { c.ID = "a\nb" }, false},
		"another aud":        {func(c *letterClaims) { c.Audience = "other" }, false},
		"no iat":             {func(c *letterClaims) { c.Issued = 0 }, false},
		"no exp":             {func(c *letterClaims) { c.Expires = 0 }, false},
		"exp is iat":         {func(c *letterClaims) { c.Issued, c.Expires = at(time.Second), at(time.Second) }, false},
		"over":               {func(c *letterClaims) { c.Issued, c.Expires = at(-time.Minute), at(0) }, false},
		"nearly over":        {func(c *letterClaims) { c.Issued, c.Expires = at(-time.Minute), at(time.Second) }, true},
		"far ahead":          {func(c *letterClaims) { c.Issued, c.Expires = at(skew), at(authority.LetterLife+skew+time.Second) }, false},
		"as far as can be":   {func(c *letterClaims) { c.Issued, c.Expires = at(0), at(authority.LetterLife+skew) }, true},
		"for too long":       {func(c *letterClaims) { c.Issued, c.Expires = at(-authority.LetterLife-skew), at(time.Second) }, false},
		"of a time to come":  {func(c *letterClaims) { c.Issued, c.Expires = at(skew+time.Second), at(skew+time.Minute) }, false},
		"a little ahead":     {func(c *letterClaims) { c.Issued, c.Expires = at(skew), at(skew+time.Minute) }, true},
		"not before, later":  {func(c *letterClaims) { c.After = at(skew + time.Second) }, false},
		"not before, nearly": {func(c *letterClaims) { c.After = at(skew) }, true},
		"an empty key":       {func(c *letterClaims) { c.Confirms = &confirmation{} }, false},
		"a key":              {func(c *letterClaims) { c.Confirms = &confirmation{"k"} }, true},
		"deep":               {func(c *letterClaims) { c.Act = act(stead.MostDepth) }, true},
		"too deep":           {func(c *letterClaims) { c.Act = act(stead.MostDepth + 1) }, false},
		"act without sub":    {func(c *letterClaims) { c.Act = act(2); c.Act.Before.Subject = "" }, false},
		"act without iss":    {func(c *letterClaims) { c.Act = act(2); c.Act.Before.Issuer = "" }, false},
		"a long act.sub":     {func(c *letterClaims) { c.Act = act(1); c.Act.Subject = long }, false},
		"a long act.iss":     {func(c *letterClaims) { c.Act = act(1); c.Act.Issuer = long }, false},
		"a long profile":     {func(c *letterClaims) { c.Act = act(1); c.Act.Profile = long[:33] }, false},
		"the longest one":    {func(c *letterClaims) { c.Act = act(1); c.Act.Profile = long[:32] }, true},
	} {
		claims := good
		c.change(&claims)
		if err := claims.fits("own", now); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A letter is given by this house alone, bound to a key, and no longer than anybody reads.
func TestMintLetter(t *testing.T) {
	c := &clock{noon}
	k := &Keeper{Issuer: origin, Keys: newRing(t, c), Now: c.Now}
	whole := func() authority.Letter {
		return authority.Letter{ID: "1", Issuer: origin, Subject: "dana", Audience: "https://other.example", Client: "planner", Key: "thumb", Since: noon, Until: noon.Add(authority.LetterLife)}
	}
	if _, err := k.MintLetter(whole()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*authority.Letter){
		"bound to no key": func(l *authority.Letter) { l.Key = "" }, "of another house": func(l *authority.Letter) { l.Issuer = "https://other.example" },
		"for nobody": func(l *authority.Letter) { l.Audience = "" }, "over": func(l *authority.Letter) { l.Until = l.Since },
		"too long": func(l *authority.Letter) { l.Scopes = []string{strings.Repeat("a", most)} },
	} {
		broken := whole()
		change(&broken)
		if _, err := k.MintLetter(broken); stead.KindOf(err) != stead.Broken {
			t.Errorf("%s: %v", name, err)
		}
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
