package client

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// HeaderAssertion carries the assertion.
const HeaderAssertion = "X-Stead-Assertion"

// Options say what an application is. Issuer, App, Origin and JWKS are needed.
type Options struct {
	Issuer string           // of the assertions: the URL of Stead
	App    stead.AppID      // as Stead's configuration names this application
	Origin string           // scheme and host by which browsers reach it, through the gateway
	JWKS   string           // URL of the issuer's keys
	Client *http.Client     // to fetch them with; nil = one with a time-out of 5 s
	Now    func() time.Time // nil = the wall clock
	Skew   time.Duration    // 0 = 5 s
	Open   bool             // let requests without an assertion through, without a caller
}

// A Guard lets only requests through that carry a good assertion.
type Guard struct {
	verifier Verifier
	origin   string
	open     bool
}

// New makes a guard. Kind invalid: an expectation is missing.
func New(o Options) (*Guard, error) {
	origin, err := url.Parse(o.Origin)
	if o.Issuer == "" || o.App == "" || o.JWKS == "" {
		return nil, stead.E(stead.Invalid, stead.ReasonRequest, "a guard needs issuer, application and the URL of the keys")
	}
	if err != nil || origin.Scheme == "" || origin.Host == "" || origin.Scheme+"://"+origin.Host != o.Origin {
		return nil, stead.E(stead.Invalid, stead.ReasonRequest, "the origin of an application is scheme and host, such as https://orders.example.com")
	}
	if o.Skew > mostSkew {
		return nil, stead.E(stead.Invalid, stead.ReasonRequest, "clocks may differ by %s at most", mostSkew)
	}
	if o.Client == nil {
		o.Client = &http.Client{Timeout: 5 * time.Second}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	keys := &KeySet{URL: o.JWKS, Client: o.Client}
	return &Guard{verifier: Verifier{Issuer: o.Issuer, App: o.App, Keys: keys, Now: o.Now, Skew: o.Skew}, origin: o.Origin, open: o.Open}, nil
}

// Wrap answers 401 to what does not count, 503 when the keys can not be had, and gives the rest to next, with its
// Caller in the context.
func (g *Guard) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown := r.Header.Values(HeaderAssertion)
		if g.open && len(shown) == 0 {
			next.ServeHTTP(w, r)
			return
		}
		if len(shown) != 1 {
			http.Error(w, "exactly one "+HeaderAssertion+" is needed", http.StatusUnauthorized)
			return
		}
		a, err := g.verifier.Verify(r.Context(), shown[0], r.Method, g.target(r))
		switch stead.KindOf(err) {
		case "":
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, callerOf(a))))
		case stead.Refused:
			http.Error(w, err.Error(), http.StatusUnauthorized)
		default:
			http.Error(w, "the keys of Stead can not be had", http.StatusServiceUnavailable)
		}
	})
}

// target is the URL as the client sent it.
func (g *Guard) target(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		return g.origin + r.RequestURI
	}
	return g.origin + r.URL.RequestURI()
}
