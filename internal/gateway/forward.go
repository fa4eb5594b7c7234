package gateway

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// ruleForward is of what a proxy of others' may not do for who acts.
const ruleForward = "forward-auth"

// ForwardAuth is the door for proxies of others' that ask before each request: nginx (auth_request), Caddy
// (forward_auth), Traefik (ForwardAuth) and Envoy (ext_authz over HTTP). It belongs on a listener of its own, which no
// client reaches; it answers proxies only, by their address. The application must say forward_auth.
//
// It sees no body and no answer (R28): what a body could decide is a write, nothing is mapped, kept, redacted, drawn or
// cut, and no outcome is known. So nobody acts through it but in applications that record the actor and draw the
// indicator themselves, and never over streams, which it could not cut.
//
// 200 and the identity headers: go on. 401 with X-Stead-Location (nginx), or 303: sign in there. Everything else: no.
func (g *Gateway) ForwardAuth() http.Handler {
	outer := web.Front{NewID: g.requestID, Refuse: g.Door.Refuse, Allowed: func(string) web.Tokens { return web.Tokens{"//", ";", "%2f"} }}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.asks(r) {
			g.Door.Refuse(w, r, web.Unheard(stead.E(stead.Refused, stead.ReasonRequest, "only a proxy that server.trusted_proxies names may ask here")))
			return
		}
		told := r.Header // before the front takes away what proxies say
		outer.Before(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			path, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
			d, known := dialects[path]
			if !known {
				g.Door.Refuse(w, r, stead.E(stead.Missing, stead.ReasonNoRoute, "ask at /nginx, /caddy, /traefik or /envoy"))
				return
			}
			g.forward(w, r, told, d)
		})).ServeHTTP(w, r)
	})
}

func (g *Gateway) requestID() string { return g.NewID("req_") }

// asks tells whether r comes from a proxy: from this machine, or from a network that is trusted.
func (g *Gateway) asks(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	a := peer.Addr().Unmap()
	return err == nil && slices.ContainsFunc(g.proxies(), func(p netip.Prefix) bool { return p.Contains(a) })
}

func (g *Gateway) proxies() []netip.Prefix {
	return append([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}, g.Trusted...)
}

// forward answers for the request that r tells of. That request goes through the same front as any other.
func (g *Gateway) forward(w http.ResponseWriter, r *http.Request, told http.Header, d dialect) {
	refuse := func(w http.ResponseWriter, in *http.Request, err error) { g.forwardNo(w, in, d, err) }
	in, err := d.request(r, told, g.reserved)
	if err != nil {
		refuse(w, r, web.Unheard(err))
		return
	}
	inner := web.Front{Reserved: g.reserved, Trusted: g.proxies(), NewID: g.requestID, Refuse: refuse, Allowed: g.allows,
		Known: func(host string) bool { a := g.app(host); return a != nil && a.Forward }}
	inner.Before(http.HandlerFunc(func(w http.ResponseWriter, in *http.Request) {
		if err := g.forwarded(w, in, d); err != nil {
			refuse(w, in, err)
		}
	})).ServeHTTP(w, in)
}

// forwarded decides about in, and tells on w, in a dialect, who it is from.
func (g *Gateway) forwarded(w http.ResponseWriter, in *http.Request, how dialect) error {
	if in.URL.Path == "/.stead" || strings.HasPrefix(in.URL.Path, "/.stead/") {
		return stead.E(stead.Refused, stead.ReasonRequest, "what is below /.stead/ is Stead's own: send it to the gateway, and ask nobody")
	}
	v := &visit{}
	v.place, _ = g.at(in.Host)
	v.app = v.place.app
	if v.class = v.app.Classify(in); v.class.Class == Public {
		v.app.silent(w.Header(), how)
		w.WriteHeader(http.StatusOK)
		return nil
	}
	if err := g.who(in, v); err != nil {
		return err
	}
	g.firstVisit(in.Context(), v)
	v.ask(in)
	if v.acting() && !v.mayForward(in) {
		v.class.Rule, v.q.Action, v.q.Resource.Rule = ruleForward, stead.ActionClosed, ruleForward
	}
	p, err := g.Decider.Decided(in.Context(), v.q)
	if err != nil {
		return recordFailed(err)
	}
	d, err := p.Wait() // there is no answer that could be held: the record comes first (S-I2)
	if err != nil {
		return recordFailed(err)
	}
	if !d.Allow {
		return v.forwardDenied(in, d)
	}
	g.Decider.Served(v.q, d, authority.Outcome{Unknown: true, Page: v.class.Rule, Evidence: "gateway"}) // nobody tells us
	return g.introduce(w, in, v, d, how)
}

// mayForward tells whether who acts may do so where nothing of the answer is seen: not over streams, for they could not
// be cut; not with proofs of his own, for they cannot be taken away; not out of the application, for that is an end.
func (v *visit) mayForward(in *http.Request) bool {
	proof := slices.ContainsFunc(credentials, func(name string) bool { return in.Header.Get(name) != "" })
	return v.app.Aware && !upgrades(in) && !eventStream(in) && !proof && v.class.Class != Logout && v.class.Class != Quiet
}

// introduce says who is there, and which of the cookies are not ours.
func (g *Gateway) introduce(w http.ResponseWriter, in *http.Request, v *visit, d stead.Decision, how dialect) error {
	t := &trip{g: g, v: v, in: in, decision: d}
	if err := t.sign(); err != nil {
		return err
	}
	h := w.Header()
	v.app.silent(h, how)
	g.mark(h, v)
	t.identify(h)
	rest := http.Header{"Cookie": in.Header["Cookie"]}
	g.Cookie.Hide(rest)
	h.Set(how.cookies(), rest.Get("Cookie"))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	return nil
}

// silent gives every name that an answer may have, with nothing. What is not in an answer Caddy leaves as the client sent
// it, or writes the name of its own variable there.
func (a *App) silent(h http.Header, how dialect) {
	for _, name := range append(a.told(), "X-Stead-Subject", "X-Stead-Actor", "X-Stead-Mandate", "X-Stead-Mode", "X-Stead-Assertion", how.cookies()) {
		h[name] = []string{""}
	}
}

func (v *visit) forwardDenied(in *http.Request, d stead.Decision) error {
	hint := ""
	switch {
	case v.class.Rule == ruleForward && !v.app.Aware:
		hint = "This application stands behind a proxy of its own and does not show who acts, so nobody acts in it. Nothing was sent to it."
	case v.class.Rule == ruleForward:
		hint = "While you act here, streams, further credentials and signing out are closed. End acting at /.stead/end."
	case d.Reason == stead.ReasonReadOnly || d.Reason == stead.ReasonClosed:
		hint = "Nothing was sent to the application. " + strings.TrimSpace(in.Method+" "+in.URL.Path+" "+v.app.rule(v.class.Rule).Says) + " (rule " + v.class.Rule + ")"
	}
	reason := cmp.Or(d.Reason, stead.ReasonPolicy)
	return web.Explain(stead.E(stead.Refused, reason, "%s", d.Text), d.ID, hint)
}

// forwardNo answers for a request that does not go on: proxies hand it to the client, or know its status alone.
func (g *Gateway) forwardNo(w http.ResponseWriter, in *http.Request, d dialect, err error) {
	code := web.StatusOf(err)
	h := w.Header()
	h.Set("X-Stead-Reason", string(stead.ReasonOf(err)))
	var f *web.Fault
	if errors.As(err, &f) && f.Decision != "" {
		h.Set("X-Stead-Decision", string(f.Decision))
	}
	if code == http.StatusUnauthorized && browses(in) {
		next := "/"
		if safe(in) {
			next = localPath(in.URL.RequestURI())
		}
		to := *g.Console
		to.Path, to.RawQuery = "/login", url.Values{"next": {origin(in) + next}}.Encode()
		if !d.plain {
			h.Set("Cache-Control", "no-store")
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Location", to.String())
			w.WriteHeader(http.StatusSeeOther)
			return
		}
		h.Set("X-Stead-Location", to.String())
	}
	if d.plain && code != http.StatusUnauthorized && code < http.StatusInternalServerError {
		err = web.Status(http.StatusForbidden, err) // it knows no other no
	}
	g.Door.Refuse(w, in, err)
}

// apart keeps what is known of the connection that asked from the request that it asks about.
type apart struct{ context.Context }

func (apart) Value(any) any { return nil }
