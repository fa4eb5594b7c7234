package gateway

import (
	"context"
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
	Extend(ctx context.Context, by authority.By, id stead.MandateID, reason, code string) (stead.Mandate, error)
	End(ctx context.Context, by authority.By, id stead.MandateID) (stead.Mandate, error)
	EndUnseen(ctx context.Context, by authority.By, id stead.MandateID) (stead.Mandate, error)
	Acknowledge(context.Context, authority.By) error
}

// A Decider answers for every single request.
type Decider interface {
	Decided(context.Context, stead.Question) (*authority.Pending, error)
	Served(stead.Question, stead.Decision, authority.Outcome)
}

// A Signer signs what an application is told, as a compact JWS; it adds issuer and times. Its key is published at
// /.well-known/jwks.json of Stead's own origin.
type Signer interface {
	SignAssertion(stead.Assertion) (string, error)
}

// A Gateway stands before web applications. All members but Labels, Trusted and Transport are needed; they are set before the
// first request.
type Gateway struct {
	Apps    []App
	Passes  Passes
	Starts  Starts
	Ends    Ends
	Decider Decider
	Signer  Signer
	Console *url.URL // Stead's own origin, where people sign in, arm, start and extend

	Labels    map[string]string // what people call applications, by id; the id where nothing stands
	Door      web.Door
	Cookie    web.Cookie // of this listener
	Trusted   []netip.Prefix
	Transport http.RoundTripper // to applications; nil is one of our own
	Now       func() time.Time
	NewID     func(prefix string) string

	byHost  map[string]*App
	live    live
	tally   tally
	buffers buffers
	quiet   *log.Logger // of what the proxy says besides: we say it ourselves
}

// Open checks what was configured and gives the door, strict parser first.
func (g *Gateway) Open() (http.Handler, error) {
	g.byHost = map[string]*App{}
	for i := range g.Apps {
		for _, h := range g.Apps[i].Hosts {
			g.byHost[strings.ToLower(h)] = &g.Apps[i]
		}
	}
	switch {
	case g.Passes == nil || g.Starts == nil || g.Ends == nil || g.Decider == nil || g.Signer == nil:
		return nil, errors.New("the gateway lacks a verb it needs")
	case g.Console == nil || g.Now == nil || g.NewID == nil || g.Door.Log == nil:
		return nil, errors.New("the gateway lacks its console, clock, ids or log")
	case g.byHost[g.Console.Host] != nil:
		return nil, errors.New("the host of Stead itself is never overlaid (R6)")
	}
	g.quiet = slog.NewLogLogger(g.Door.Log.Handler(), slog.LevelDebug)
	if g.Transport == nil {
		g.Transport = NewTransport()
	}
	own, err := g.ownRoutes()
	if err != nil {
		return nil, err
	}
	front := web.Front{Reserved: Reserved(g.Apps), Trusted: g.Trusted, Refuse: g.Door.Refuse,
		NewID:   func() string { return g.NewID("req_") },
		Known:   func(host string) bool { return g.app(host) != nil },
		Allowed: g.allows}
	return front.Before(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/.stead" || strings.HasPrefix(r.URL.Path, "/.stead/") {
			own.ServeHTTP(w, r)
			return
		}
		g.overlay(w, r)
	})), nil
}

func (g *Gateway) app(host string) *App { return g.byHost[strings.ToLower(host)] }

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
	name := strings.ToLower(u.Hostname())
	loop := name == "localhost" || strings.HasSuffix(name, ".localhost")
	if a, err := netip.ParseAddr(name); err == nil {
		loop = a.IsLoopback()
	}
	return c.Secure || loop && c.Addr.IsLoopback()
}
