package gateway

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// A place is where a request arrived: at a host of an application's own, or at the host that a mandate has for it.
type place struct {
	app   *App
	n     int    // which of the application's hosts it is, or stands for
	label string // whose mandate's; "" is the application's own
}

// at finds the place of a host.
func (g *Gateway) at(host string) (place, bool) {
	host = strings.ToLower(host)
	if p, known := g.byHost[host]; known {
		return p, true
	}
	first, domain, _ := strings.Cut(host, ".")
	if g.Acting == "" || domain != g.Acting || len(first) < stead.LabelSize+3 || first[stead.LabelSize:stead.LabelSize+2] != "--" {
		return place{}, false
	}
	p, known := g.byName[first[stead.LabelSize+2:]]
	p.label = first[:stead.LabelSize]
	return p, known
}

func (g *Gateway) app(host string) *App {
	p, _ := g.at(host)
	return p.app
}

// settle notes the hosts of every application, and under which names mandates have hosts for them. Errors: invalid.
func (g *Gateway) settle() error {
	g.byHost, g.byName = map[string]place{}, map[string]place{}
	for i := range g.Apps {
		a := &g.Apps[i]
		if g.Acting == "" && a.OriginSaid && !a.Shared {
			return stead.E(stead.Invalid, stead.ReasonRequest,
				"the application %q is to have a host for each mandate, but server.acting_hosts names none: name one, or say origin: shared", a.ID)
		}
		a.Shared = a.Shared || a.Forward || g.Acting == "" // a proxy of its own knows its own host only
		if err := a.settleBanner(); err != nil {
			return err
		}
		for n, h := range a.Hosts {
			p := place{app: a, n: n}
			g.byHost[strings.ToLower(h)] = p
			if !a.Shared {
				g.byName[a.hostName(i, n)] = p
			}
		}
	}
	return nil
}

// Shared lists the applications in which people act at their own hosts, though nobody chose that.
func (g *Gateway) Shared() []stead.AppID {
	var all []stead.AppID
	for _, a := range g.Apps {
		if a.Shared && !a.OriginSaid && !a.Forward {
			all = append(all, a.ID)
		}
	}
	return all
}

// hostName is what follows the label: the application's id where it can stand in a host name, and a number for each
// further host.
func (a *App) hostName(i, n int) string {
	name := string(a.ID)
	if !hostLabel.MatchString(name) {
		name = "app" + strconv.Itoa(i+1)
	}
	if n > 0 {
		name += "-" + strconv.Itoa(n+1)
	}
	return name
}

var hostLabel = regexp.MustCompile(`\A[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?\z`)

// actingHost is the host that a mandate's actor is at in place of one of the application's own.
func (g *Gateway) actingHost(a *App, n int, label string) string {
	i := slices.IndexFunc(g.Apps, func(b App) bool { return b.ID == a.ID })
	return label + "--" + a.hostName(i, n) + "." + g.Acting
}

// PlaceOf is where a mandate is acted under in an application. Errors: missing.
func (g *Gateway) PlaceOf(app stead.AppID, id stead.MandateID) (host, origin string, err error) {
	i := slices.IndexFunc(g.Apps, func(a App) bool { return a.ID == app })
	if i < 0 {
		return "", "", stead.E(stead.Missing, stead.ReasonNoRoute, "the application %q is not configured any more", app)
	}
	a := &g.Apps[i]
	if host = a.Canonical(); !a.Shared {
		host = g.actingHost(a, 0, id.Label())
	}
	return host, g.Console.Scheme + "://" + host, nil
}

// AppAt is the application that is served at host. It is not ok when none is.
func (g *Gateway) AppAt(host string) (app stead.AppID, ok bool) {
	p, ok := g.at(host)
	if !ok {
		return "", false
	}
	return p.app.ID, true
}

// own is the host of the application's own that p is, or stands for.
func (p place) own() string { return p.app.Hosts[p.n] }

// home is where the application itself is for whoever sent r.
func (p place) home(r *http.Request, path string) string {
	if p.label == "" {
		return path
	}
	return web.ClientOf(r).Scheme() + "://" + p.own() + path
}

// holds tells whether m is acted under at p: at a host of its own, and where there is none by everybody; programs, which
// have neither scripts nor tabs, at the application's.
func (p place) holds(m *stead.Mandate, r *http.Request) bool {
	if p.label != "" {
		return p.label == m.ID.Label()
	}
	return p.app.Shared || !web.FromBrowser(r)
}

// fromHere tells whether what may change something, or opens a socket, was sent by a page of the same mandate: pages of
// another mandate's host are of the same site, and those of the application's own host are the actor's.
func (g *Gateway) fromHere(r *http.Request, v *visit) bool {
	if v.place.label == "" || safe(r) && !upgrades(r) || !web.FromBrowser(r) {
		return true
	}
	if v.from == "" || v.from == "null" {
		return r.Header.Get("Sec-Fetch-Site") == "same-origin"
	}
	u, err := url.Parse(v.from)
	if err != nil || u.Scheme != web.ClientOf(r).Scheme() {
		return false
	}
	from, ok := g.at(u.Host)
	return ok && from.app == v.app && from.label == v.place.label
}

// there leads who acts from the application's own host to his mandate's.
func (g *Gateway) there(w http.ResponseWriter, r *http.Request, v *visit) {
	to := url.URL{Scheme: web.ClientOf(r).Scheme(), Host: g.actingHost(v.app, v.place.n, v.status.Mandate.ID.Label())}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Location", to.String()+localPath(r.URL.RequestURI()))
	w.WriteHeader(http.StatusSeeOther)
}

// sibling is another host of the application at p, for whoever is at p.
func (g *Gateway) sibling(p place, n int) string {
	if p.label == "" {
		return p.app.Hosts[n]
	}
	return g.actingHost(p.app, n, p.label)
}
