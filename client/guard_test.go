package client

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/steadhq/stead"
)

func sha(s string) [32]byte { return sha256.Sum256([]byte(s)) }

func TestGuard(t *testing.T) {
	w := newWorld(t)
	i := newIssuer(t, jwks(t, &w.key.PublicKey, "k1", 0))
	guard, err := New(Options{Issuer: "https://stead.test", App: "orders", Origin: "https://orders.test", JWKS: i.URL, Now: func() time.Time { return w.now }})
	if err != nil {
		t.Fatal(err)
	}
	open := *guard
	open.open = true
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := From(r.Context())
		fmt.Fprintf(w, "%v %s for %s under %s %s acting=%v readonly=%v", ok, c.Actor, c.Subject, c.Mandate, c.Decision, c.IsActing(), c.ReadOnly())
	})
	good := w.token(t, head(), claims())
	edit := w.token(t, head(), with(claims(), "mode", "edit"))
	own := w.token(t, head(), with(with(with(claims(), "act", nil), "mandate", nil), "mode", nil))
	for name, c := range map[string]struct {
		guard  *Guard
		method string
		target string
		tokens []string
		status int
		body   string
	}{
		"acting":           {guard, "GET", "/7?x=1", []string{good}, 200, "true prn_sam for prn_dana under man_1 dec_1 acting=true readonly=true"},
		"editing":          {guard, "GET", "/7?x=1", []string{edit}, 200, "true prn_sam for prn_dana under man_1 dec_1 acting=true readonly=false"},
		"himself":          {guard, "GET", "/7?x=1", []string{own}, 200, "true prn_dana for prn_dana under  dec_1 acting=false readonly=false"},
		"absolute form":    {guard, "GET", "http://elsewhere/7?x=1", []string{good}, 200, ""},
		"none":             {guard, "GET", "/7?x=1", nil, 401, ""},
		"none, open":       {&open, "GET", "/7?x=1", nil, 200, "false  for  under   acting=false readonly=false"},
		"bad, open":        {&open, "GET", "/7?x=1", []string{"x"}, 401, ""},
		"two":              {guard, "GET", "/7?x=1", []string{good, good}, 401, ""},
		"other method":     {guard, "POST", "/7?x=1", []string{good}, 401, ""},
		"other path":       {guard, "GET", "/8?x=1", []string{good}, 401, ""},
		"other query":      {guard, "GET", "/7?x=2", []string{good}, 401, ""},
		"another spelling": {guard, "GET", "/%37?x=1", []string{good}, 401, ""},
	} {
		r := httptest.NewRequest(c.method, c.target, nil)
		for _, token := range c.tokens {
			r.Header.Add(HeaderAssertion, token)
		}
		rec := httptest.NewRecorder()
		c.guard.Wrap(app).ServeHTTP(rec, r)
		if rec.Code != c.status || (c.body != "" && rec.Body.String() != c.body) {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
	}
	if i.asked != 1 {
		t.Errorf("the keys were fetched %d times", i.asked)
	}
}

func TestGuardWithoutKeys(t *testing.T) {
	w := newWorld(t)
	i := newIssuer(t, "")
	i.status = http.StatusInternalServerError
	guard, err := New(Options{Issuer: "https://stead.test", App: "orders", Origin: "https://orders.test", JWKS: i.URL})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/7?x=1", nil)
	r.Header.Set(HeaderAssertion, w.token(t, head(), claims()))
	rec := httptest.NewRecorder()
	guard.Wrap(http.NotFoundHandler()).ServeHTTP(rec, r)
	if rec.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d", rec.Code)
	}
}

func TestChain(t *testing.T) {
	w := newWorld(t)
	chain := map[string]any{"sub": "prn_tool", "act": map[string]any{"sub": "prn_agent"}}
	a, err := w.verify(w.token(t, head(), with(claims(), "act", chain)))
	if err != nil {
		t.Fatal(err)
	}
	if c := callerOf(a); c.Actor != "prn_tool" || len(c.Chain) != 1 || c.Chain[0] != "prn_agent" {
		t.Errorf("%+v", c)
	}
}

// TestKeySet: E16: a key that is removed stops counting by its own end, or when the copy is old.
func TestKeySet(t *testing.T) {
	w := newWorld(t)
	key := &w.key.PublicKey
	i := newIssuer(t, jwks(t, key, "k1", noon.Unix()+120))
	s := &KeySet{URL: i.URL, Client: i.Client(), Pause: 5 * time.Second}
	ask := func(id string, after time.Duration) stead.Kind {
		t.Helper()
		k, err := s.Key(t.Context(), id, noon.Add(after))
		if err == nil && !key.Equal(k) {
			t.Fatal("another key")
		}
		return stead.KindOf(err)
	}
	for _, step := range []struct {
		name  string
		id    string
		after time.Duration
		kind  stead.Kind
		asked int
	}{
		{"first", "k1", 0, "", 1},
		{"kept", "k1", time.Second, "", 1},
		{"unknown, too soon", "k2", 2 * time.Second, stead.Refused, 1},
		{"unknown", "k2", 6 * time.Second, stead.Refused, 2},
		{"unknown again", "k2", 7 * time.Second, stead.Refused, 2},
		{"before its end", "k1", 119 * time.Second, "", 2},
		{"at its end", "k1", 120 * time.Second, stead.Refused, 2},
	} {
		if kind := ask(step.id, step.after); kind != step.kind || i.asked != step.asked {
			t.Errorf("%s: %q, asked %d times", step.name, kind, i.asked)
		}
	}
	i.body = jwks(t, key, "k2", 0) // rotated without an overlap
	if kind := ask("k2", 121*time.Second); kind != "" {
		t.Errorf("a new key is refused: %q", kind)
	}
	if kind := ask("k1", 121*time.Second); kind != stead.Refused {
		t.Errorf("a removed key counts: %q", kind)
	}
	i.status = http.StatusBadGateway
	if kind := ask("k2", 10*time.Minute); kind != stead.Broken {
		t.Errorf("an old copy counts: %q", kind)
	}
	if kind := ask("k2", 10*time.Minute+time.Second); kind != stead.Broken {
		t.Errorf("an old copy counts later: %q", kind)
	}
	i.status = http.StatusOK
	if kind := ask("k2", 11*time.Minute); kind != "" {
		t.Errorf("after the outage: %q", kind)
	}
	for _, body := range []string{"", "{}", "[]", `{"keys":3}`} {
		i.body = body
		fresh := &KeySet{URL: i.URL, Client: i.Client()}
		if _, err := fresh.Key(t.Context(), "k1", noon); stead.KindOf(err) != stead.Broken {
			t.Errorf("%q: %v", body, err)
		}
	}
	gone := &KeySet{URL: "http://127.0.0.1:1/", Client: i.Client()}
	if _, err := gone.Key(t.Context(), "k1", noon); stead.KindOf(err) != stead.Broken {
		t.Errorf("nobody there: %v", err)
	}
}

func FuzzParseJWKS(f *testing.F) {
	w := newWorld(f)
	f.Add([]byte(jwks(f, &w.key.PublicKey, "k1", 7)))
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, _ := parseJWKS(b)
		for id, k := range keys {
			if id == "" || k.key == nil {
				t.Fatal("a key without id or point")
			}
		}
	})
}
