package house

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/docs"
	"github.com/steadhq/stead/internal/api"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/authzen"
	"github.com/steadhq/stead/internal/console"
	"github.com/steadhq/stead/internal/directory"
	"github.com/steadhq/stead/internal/gateway"
	"github.com/steadhq/stead/internal/health"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/login"
	"github.com/steadhq/stead/internal/report"
	"github.com/steadhq/stead/internal/tokens"
	"github.com/steadhq/stead/internal/web"
)

// A Site is where a house stands: its addresses, its applications, and what its doors show.
type Site struct {
	Origin      string // of Stead's own pages: "http://127.0.0.1:8420"
	Listen      string // where they are served
	Gateway     string // where applications are served
	Acting      string // domain of the hosts of mandates: "act.example.com"; on loopback there is one by itself
	Apps        []gateway.App
	Labels      map[string]string // of applications, by id
	Directories []login.Directory
	Callers     []authzen.Caller // services that may ask over AuthZEN
	Trusts      *tokens.Trusts   // trust domains whose workloads are agents; nil: none
	Attesters   []tokens.Attester
	Letters     *tokens.Letters // of other houses; nil: none count
	Trusted     []netip.Prefix
	Version     string
	Log         *slog.Logger
	Ring        *keys.Ring
	Setup       console.Setup
	Demo        Demo
	Transport   http.RoundTripper
	Documents   Documents // of clients that nobody registered
	Advance     func(context.Context, time.Duration) (time.Time, error)
	Reload      api.Reloader
}

// A Demo is what a demonstration shows besides, at sign-in and in the console.
type Demo interface {
	login.Demo
	console.Demo
	Cast() any // who can be played, with what proves him
}

// Doors are the handlers of a house's listeners.
type Doors struct {
	Own     http.Handler // Stead's own pages and the API
	Routes  *web.Routes  // of Own
	Gateway *gateway.Gateway
	Apps    http.Handler // applications
	Forward http.Handler // proxies of others' that ask
	ring    *keys.Ring
	open    atomic.Pointer[opened]
}

// Doors opens every door of the house.
func (h *House) Doors(s Site) (*Doors, error) {
	h.metrics = health.NewMetrics(s.Version, h.standing, h.Now)
	h.unheard = newUnheard(h.Authority)
	h.outbox = h.newOutbox(h.notices, s.Origin)
	o, err := h.openUnder(s, h.Authority, nil)
	if err != nil {
		return nil, err
	}
	d := &Doors{Routes: o.routes, Gateway: o.gateway, ring: s.Ring}
	d.open.Store(o)
	d.Own = d.door(func(o *opened) http.Handler { return o.own })
	d.Apps = d.door(func(o *opened) http.Handler { return o.apps })
	d.Forward = d.door(func(o *opened) http.Handler { return o.forward })
	return d, nil
}

// openUnder makes every handler under the settings of a; what former has begun goes on.
func (h *House) openUnder(s Site, a *authority.Authority, former *gateway.Gateway) (*opened, error) {
	own, err := url.Parse(s.Origin)
	if err != nil {
		return nil, err
	}
	verbs := metered{a, h.metrics}
	o := &opened{routes: &web.Routes{}}
	o.gateway = &gateway.Gateway{Apps: s.Apps, Passes: verbs, Starts: verbs, Ends: verbs, Decider: verbs,
		Signer: s.Ring, Labels: s.Labels, Console: own, Acting: s.acting(), JarKey: h.Authority.CodeKey, Visits: h, Door: web.Door{Log: s.Log, Docs: s.Origin, Form: append(s.appOrigins(), s.Origin), Unheard: h.unheard.refused},
		Cookie: web.NewCookie("stead", s.gateway(), s.secure()), Trusted: s.Trusted, Transport: s.Transport, Now: h.Now, NewID: h.NewID}
	if former != nil {
		o.gateway.GoesOnFrom(former)
	}
	apps, err := o.gateway.Open()
	if err != nil {
		return nil, err
	}
	o.apps = h.upToDate(apps, o.gateway.Door, gatewayOwn)
	o.forward = o.gateway.ForwardAuth()
	if err := h.ownRoutes(o.routes, s, verbs, o.gateway); err != nil {
		return nil, err
	}
	mux, door := http.NewServeMux(), web.Door{Log: s.Log, Form: s.appOrigins(), Unheard: h.unheard.refused}
	if err := o.routes.Mount(mux, door); err != nil {
		return nil, err
	}
	front := web.Front{Trusted: s.Trusted, Refuse: door.Refuse, NewID: func() string { return h.NewID("req_") },
		Known: func(host string) bool { return host == own.Host || host == s.Listen }}
	o.own = front.Before(web.CrossSite{}.Before(h.upToDate(door.Beyond(mux), door, ownNews), door.Refuse))
	return o, nil
}

// upToDate lets this node hear of what others have written before what Stead itself shows or does: who did something at
// one finds it done at the next. Requests of applications need it not: their decisions are recorded behind the end of
// the log, or as fresh as they must be.
func (h *House) upToDate(next http.Handler, door web.Door, news func(path string) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !news(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		if err := h.Store.Latest(r.Context()); err != nil {
			door.Refuse(w, r, &web.Fault{Err: &stead.Error{Kind: stead.Broken, Reason: stead.ReasonStale, Text: "the database does not answer", Err: err},
				Hint: "The database does not answer this server. Nothing was done, and nothing that was is lost."})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// gatewayOwn tells which paths of an application's host are Stead's own.
func gatewayOwn(path string) bool {
	return strings.HasPrefix(path, "/.stead/") && !strings.HasPrefix(path, web.StaticPath)
}

// ownNews tells which of Stead's own paths show or change what is kept.
func ownNews(path string) bool {
	return path != "/livez" && path != "/readyz" && !strings.HasPrefix(path, web.StaticPath) && !strings.HasPrefix(path, "/docs/") &&
		!strings.HasPrefix(path, "/.well-known/")
}

func (h *House) ownRoutes(t *web.Routes, s Site, verbs metered, g *gateway.Gateway) error {
	own, err := url.Parse(s.Origin)
	if err != nil {
		return err
	}
	cookie := web.NewCookie("stead", own.Host, s.secure())
	in := &login.Door{Sessions: verbs, Hander: verbs, Directories: s.Directories, Places: s.places(), Acting: g.AppAt,
		Cookie: cookie}
	pages := &console.Console{Authority: verbs, Apps: s.apps(), Place: g.PlaceOf, Origin: s.Origin, Cookie: cookie, Now: h.Now, Zone: verbs.Settings.Zone, Setup: s.Setup}
	look := h.look(s)
	pages.Catalogue = h
	pages.Rules, pages.Look, pages.Factors = h.Cedar, shown(look), factors{h.Prover, own.Host}
	pages.Record, pages.Readings = h.proofs(), s.readings
	pages.Settled = func(ctx context.Context) error { return h.Store.Settled(ctx, h.Store.Head().Size) }
	if s.Demo != nil {
		in.Demo, pages.Demo = s.Demo, s.Demo
		t.Add("GET /v1/dev/cast", web.Dev, func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Cache-Control", "no-store")
			return web.WriteJSON(w, http.StatusOK, s.Demo.Cast())
		})
	}
	for _, d := range s.Directories {
		pages.Directories = append(pages.Directories, console.Directory(d))
	}
	names := register{h.Store.View()}
	files := reports{verbs.Authority, &report.Desk{Record: h.Store, Person: names.Principal, Sign: h.log.signer.State, Now: h.Now, Zone: verbs.Settings.Zone, Maker: "stead " + s.Version}, &h.makings}
	pages.Reports = files
	in.Mount(t)
	pages.Mount(t)
	t.Add("GET "+web.StaticPath+"{name}", web.Public, web.Static)
	h.health().Probes(t)
	t.Add("GET /docs/reference/{page}", web.Public, reference)
	t.Add("GET /.well-known/jwks.json", web.Public, func(w http.ResponseWriter, _ *http.Request) error {
		doc, err := s.Ring.JWKS()
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/jwk-set+json")
		_, err = w.Write(doc)
		return err
	})
	keyed, clients := h.tokens(s, verbs, cookie, t)
	s.access(h, verbs).Mount(t)
	door := &api.API{Keyed: keyed, Enroller: clients, Verbs: verbs, Importer: h.Prover.Importer(s.locals()), Trail: h.Store, Log: trail{h.Store, h.Verifier, h.origin, h}, Register: names, Reports: files,
		Rules: h.Cedar, Bundles: names, Apps: verbs.Settings.Apps, Directories: s.directories(), Door: web.Door{Log: s.Log}, Cookie: cookie, Public: s.Origin,
		Version: s.Version, Now: h.Now, Zone: verbs.Settings.Zone, Advance: s.Advance, Reload: s.Reload, Keys: KeyDesk{verbs.Authority, s.Ring}, Leases: h, Systems: h, Notices: board{h, verbs.Authority}, Look: look, Leaving: h.leaving.over}
	return door.Routes(t)
}

// proofs is the log as the console asks for it.
func (h *House) proofs() record {
	return record{trail{h.Store, h.Verifier, h.origin, h}, &h.reading}
}

// access is the door of services that ask.
func (s Site) access(h *House, verbs metered) *authzen.Door {
	d := &authzen.Door{Verbs: verbs, View: h.Store.View(), Settings: verbs.Settings, Vocabulary: h.Cedar, Key: h.Authority.CodeKey, Now: h.Now,
		Callers: s.Callers, Origin: s.Origin}
	d.Directories = s.directories()
	return d
}

// directories are the ids of those that accounts are of.
func (s Site) directories() (all []string) {
	for _, one := range s.Directories {
		all = append(all, one.ID)
	}
	return all
}

// locals are the directories that a file of people may name.
func (s Site) locals() directory.Locals {
	var all directory.Locals
	for _, d := range s.Directories {
		all = append(all, directory.Local{ID: d.ID, Label: d.Label})
	}
	return all
}

// reference serves the pages that errors and help point to, as they are written.
func reference(w http.ResponseWriter, r *http.Request) error {
	text, err := docs.Reference.ReadFile("reference/" + r.PathValue("page") + ".md")
	if err != nil {
		return stead.E(stead.Missing, stead.ReasonNoRoute, "there is no such page of the reference")
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err = w.Write(text)
	return err
}

// places are the hosts where a sign-in may lead.
func (s Site) places() []login.Place {
	var all []login.Place
	for _, a := range s.Apps {
		for _, host := range a.Hosts {
			all = append(all, login.Place{Host: host, Origin: s.scheme() + host, App: a.ID, Label: s.Labels[string(a.ID)]})
		}
	}
	return all
}

func (s Site) apps() []console.App {
	var all []console.App
	for _, a := range s.Apps {
		all = append(all, console.App{ID: a.ID, Label: s.Labels[string(a.ID)], Origin: s.scheme() + a.Canonical(), Edit: a.Aware})
	}
	return all
}

// gateway is where browsers find the applications: every node behind one balancer names its cookie by that.
func (s Site) gateway() string {
	if len(s.Apps) > 0 {
		return s.Apps[0].Canonical()
	}
	return s.Gateway
}

func (s Site) appOrigins() []string {
	var all []string
	for _, a := range s.Apps {
		for _, host := range a.Hosts {
			all = append(all, s.scheme()+host)
		}
	}
	if domain := s.acting(); domain != "" {
		all = append(all, s.scheme()+"*."+domain)
	}
	return all
}

// acting is the domain of the hosts of mandates. Where every application is at one port of this machine, browsers find
// any name below localhost there; anywhere else a domain must be named.
func (s Site) acting() string {
	if s.Acting != "" || s.secure() {
		return s.Acting
	}
	port := ""
	for i, a := range s.Apps {
		u := url.URL{Host: a.Canonical()}
		if !web.Loopback(u.Hostname()) || i > 0 && u.Port() != port {
			return ""
		}
		port = u.Port()
	}
	if port == "" {
		return ""
	}
	return "act.localhost:" + port
}

// secure tells whether browsers reach the site over TLS.
func (s Site) secure() bool { return strings.HasPrefix(s.Origin, "https:") }

func (s Site) scheme() string {
	if s.secure() {
		return "https://"
	}
	return "http://"
}
