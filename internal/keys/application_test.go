package keys

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/client"
)

// TestApplication: an application that keeps the published keys for five minutes refuses none of 10,000 valid assertions
// through four rotations, and takes none by a key whose overlap is over. E16
func TestApplication(t *testing.T) {
	r, _, c := newRing(t)
	asked := 0
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		doc, err := r.JWKS()
		if err != nil {
			t.Error(err)
		}
		w.Write(doc)
	}))
	defer issuer.Close()
	v := client.Verifier{Issuer: r.Issuer, App: "orders", Now: c.Now, Keys: &client.KeySet{URL: issuer.URL, Client: issuer.Client()}, MaxLife: 24 * time.Hour}
	r.Life = 24 * time.Hour // by an issuer that forgot its overlap: the key must stop all the same
	first, err := r.SignAssertion(acting(), stead.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	r.Life = time.Minute
	end := time.Time{}
	for i := range 10_000 {
		c.now = c.now.Add(time.Second)
		if i%2500 == 500 {
			if err := r.Rotate(t.Context()); err != nil {
				t.Fatal(err)
			}
			if end.IsZero() {
				end = c.now.Add(r.Lead + r.Overlap)
			}
		}
		a := acting()
		token, err := r.SignAssertion(a, stead.EdDSA)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(t.Context(), token, a.Method, a.URL); err != nil {
			t.Fatalf("token %d: %v", i, err)
		}
		_, err = v.Verify(t.Context(), first, a.Method, a.URL)
		if counts := end.IsZero() || c.now.Before(end); counts != (err == nil) {
			t.Fatalf("token %d: the first key counts until %s, at %s: %v", i, end, c.now, err)
		}
	}
	if asked > 10_000/30+60 {
		t.Errorf("the keys were fetched %d times in 10,000 s", asked)
	}
	if _, err := v.Verify(t.Context(), first, "GET", "x"); stead.KindOf(err) != stead.Refused {
		t.Error(err)
	}
}
