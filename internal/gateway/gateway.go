package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"log"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Passes are how people are known on an application's host.
type Passes interface {
	Present(context.Context, authority.Presented) (authority.By, error)
	Redeem(context.Context, authority.Presented) (authority.Signed, error)
	Rotate(context.Context, authority.By) (authority.Signed, error)
	SignOut(context.Context, authority.By) error
}

// Starts are the verbs that lead to acting, for clients that are no browsers.
type Starts interface {
	Arm(ctx context.Context, by authority.By, code string) (time.Time, error)
	Find(context.Context, authority.By, authority.Lookup) ([]stead.Principal, error)
	Ask(context.Context, authority.By, authority.Ask) (stead.Mandate, error)
	Start(ctx context.Context, by authority.By, id stead.MandateID, code string) (stead.Mandate, error)
	Mandates(ctx context.Context, by authority.By, all bool) ([]stead.Mandate, error)
}

// Ends are the verbs of a mandate in force.
type Ends interface {
	Status(context.Context, authority.By) (authority.Status, error)
	MayAct(context.Context, authority.By) bool
	Extend(ctx context.Context, by authority.By, id stead.MandateID, reason, code string) (stead.Mandate, error)
	End(ctx context.Context, by authority.By, id stead.MandateID) (stead.Mandate, error)
	EndUnseen(ctx context.Context, by authority.By, id stead.MandateID) (stead.Mandate, error)
	Acknowledge(context.Context, authority.By) error
}

// A Decider answers for every single request.
type Decider interface {
	Decided(context.Context, stead.Question) (*authority.Pending, error)
	Served(stead.Question, stead.Decision, authority.Outcome)
	Left(context.Context, authority.Leaving) error
	Clicked(stead.Question, []authority.Click)
}

// A Signer signs what an application is told, as a compact JWS; it adds issuer and times. Its key is published at
// /.well-known/jwks.json of Stead's own origin.
type Signer interface {
	SignAssertion(stead.Assertion, stead.Algorithm) (string, error)
}

// A Gateway stands before web applications. All members but Labels, Trusted, Transport and Slowest are needed; they are set before the
// first request.
type Gateway struct {
	Apps    []App
	Passes  Passes
	Starts  Starts
	Ends    Ends
	Decider Decider
	Signer  Signer
	JarKey  []byte   // seals what applications set while somebody acts; every node has the same. Empty is one of this process alone
	Visits  Visits   // nil takes everybody for having been everywhere
	Console *url.URL // Stead's own origin, where people sign in, arm, start and extend
	Acting  string   // domain of the hosts of mandates, with its port: "act.example.com"; "" shares the applications' own

	Labels    map[string]string // what people call applications, by id; the id where nothing stands
	Door      web.Door
	Cookie    web.Cookie // of this listener
	Trusted   []netip.Prefix
	Transport http.RoundTripper // to applications; nil is one of our own
	Slowest   time.Duration     // how long a client may send nothing of a body, or take nothing of an answer; 0 is a minute
	Now       func() time.Time
	NewID     func(prefix string) string

	byHost map[string]place
	byName map[string]place                  // what follows the label in the host of a mandate
	ways   map[stead.AppID]http.RoundTripper // to applications that want one of their own
	*ongoing
	script   script // the indicator's
	framing  script // of our pages around an application's
	guard    script // of pages on shared hosts
	reserved web.Names
	quiet    *log.Logger // of what the proxy says besides: we say it ourselves
}

// Open checks what was configured and gives the door, strict parser first.
func (g *Gateway) Open() (http.Handler, error) {
	if err := g.settle(); err != nil {
		return nil, err
	}
	if g.ongoing == nil {
		g.ongoing = &ongoing{}
	}
	switch {
	case g.Passes == nil || g.Starts == nil || g.Ends == nil || g.Decider == nil || g.Signer == nil:
		return nil, errors.New("the gateway lacks a verb it needs")
	case g.Console == nil || g.Now == nil || g.NewID == nil || g.Door.Log == nil:
		return nil, errors.New("the gateway lacks its console, clock, ids or log")
	case g.app(g.Console.Host) != nil:
		return nil, errors.New("the host of Stead itself is never overlaid (R6)")
	}
	g.quiet = slog.NewLogLogger(g.Door.Log.Handler(), slog.LevelDebug)
	if err := g.reach(); err != nil {
		return nil, err
	}
	g.reserved = Reserved(g.Apps)
	if len(g.JarKey) == 0 {
		g.JarKey = make([]byte, 32)
		_, _ = rand.Read(g.JarKey) // it never fails
	}
	if err := g.scripts(); err != nil {
		return nil, err
	}
	own, err := g.ownRoutes()
	if err != nil {
		return nil, err
	}
	front := web.Front{Reserved: g.reserved, Trusted: g.Trusted, Refuse: g.Door.Refuse,
		NewID:   func() string { return g.NewID("req_") },
		Known:   func(host string) bool { return g.app(host) != nil },
		Allowed: g.allows}
	return front.Before(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer g.paced(w, r)()
		if r.URL.Path == "/.stead" || strings.HasPrefix(r.URL.Path, "/.stead/") {
			own.ServeHTTP(w, r)
			return
		}
		g.overlay(w, r)
	})), nil
}

// allows is what the paths of a host may hold besides; of a host that is not here, nothing.
func (g *Gateway) allows(host string) web.Tokens {
	if a := g.app(host); a != nil {
		return a.Allows
	}
	return nil
}

// present tells who sent r to this host.
func (g *Gateway) present(r *http.Request) (authority.By, error) {
	return g.Passes.Present(r.Context(), g.presented(r, g.Cookie.Read(r)))
}

func (g *Gateway) presented(r *http.Request, secret string) authority.Presented {
	c := web.ClientOf(r)
	return authority.Presented{Secret: secret, Host: hostOf(r), Client: c.Mark, Address: address(c)}
}

// hostOf is the host as passes are bound to it.
func hostOf(r *http.Request) string { return strings.ToLower(r.Host) }

func address(c web.Client) string {
	if c.Addr.IsValid() {
		return c.Addr.String()
	}
	return ""
}

// origin is where the browser believes itself to be.
func origin(r *http.Request) string { return web.ClientOf(r).Scheme() + "://" + hostOf(r) }

// sheltered tells whether browsers send Sec-Fetch headers here: over TLS, or on loopback. Acting anywhere else is
// refused, for a script could not be told from a person (R11).
func sheltered(r *http.Request) bool {
	c := web.ClientOf(r)
	u := url.URL{Host: r.Host}
	return c.Secure || web.Loopback(u.Hostname()) && c.Addr.IsLoopback()
}
