package nodes

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/steadhq/stead/client"
)

// An app is an application that believes nothing but what was signed for it.
type app struct {
	*httptest.Server
	verify client.Verifier
	gate   string
	wrote  atomic.Int64  // requests that would have changed something
	hold   chan struct{} // GET /slow waits for it
	held   chan struct{}
}

func newApp(t *testing.T) *app {
	t.Helper()
	a := &app{hold: make(chan struct{}), held: make(chan struct{}, 16)}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

// trust names who signs.
func (a *app) trust(issuer, gate string) {
	a.gate = gate
	a.verify = client.Verifier{Issuer: issuer, App: "shop", Now: time.Now, Keys: &client.KeySet{URL: issuer + "/.well-known/jwks.json", Client: http.DefaultClient}}
}

func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	said, err := a.verify.Verify(r.Context(), r.Header.Get("X-Stead-Assertion"), r.Method, a.gate+r.URL.RequestURI())
	if err != nil {
		http.Error(w, "not believed: "+err.Error(), http.StatusTeapot)
		return
	}
	if r.Method != http.MethodGet {
		a.wrote.Add(1)
	}
	if r.URL.Path == "/slow" {
		a.held <- struct{}{}
		<-a.hold
	}
	who := strings.TrimPrefix(r.Header.Get("X-Stead-Subject"), "person:")
	if said.Act != nil && said.Act.Subject != said.Subject {
		who += " by " + strings.TrimPrefix(r.Header.Get("X-Stead-Actor"), "person:")
	}
	w.Header().Set("Content-Type", "text/plain")
	fmt.Fprint(w, who)
}
