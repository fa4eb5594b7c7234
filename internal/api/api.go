package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// Host is the host that bearer passes are for.
const Host = "api"

// An API is the door. Fields are set before Routes is called and never after.
type API struct {
	Verbs    Verbs
	Importer Importer
	Trail    Trail
	Log      Log
	Reports  Reports
	Register Register
	Rules    Rules
	Bundles  Bundles
	Apps     []stead.App

	Directories []string // that accounts are of; none: any

	Keyed    Keyed    // nil: only sessions are taken
	Enroller Enroller // nil: no runs are begun here
	Door     web.Door
	Cross    web.CrossSite
	Cookie   web.Cookie // of Stead's own pages; the zero Cookie is none
	Public   string     // origin of Stead's own pages, such as "https://stead.example.com"
	Version  string
	Now      func() time.Time
	Leaving  <-chan struct{} // closed when the server ends; nil never is
	Limit    *web.Limiter    // of each session; nil is 3000 requests a minute
	Zone     *time.Location  // in which policy reads hours and days; nil is UTC

	// Advance moves the clock of stead dev, and is nil everywhere else: then there is no such route.
	Advance func(context.Context, time.Duration) (time.Time, error)

	Notices Notices                    // nil: nobody is told
	Leases  Leases                     // of connected systems
	Systems Systems                    // what there is to grant
	Reload  Reloader                   // nil: this server has no file
	Keys    Keys                       // that sign tokens
	Look    func(context.Context) Look // nil: the house tells nothing of its health
}

// Routes adds every operation, and the description of them all, to t.
func (a *API) Routes(t *web.Routes) error {
	doc, err := a.describe(t)
	if err != nil {
		return err
	}
	t.Add("GET /openapi.json", web.Public, func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "application/openapi+json")
		_, err := w.Write(doc)
		return err
	})
	return nil
}

// Document is the OpenAPI 3.1 description.
func (a *API) Document() ([]byte, error) { return a.describe(new(web.Routes)) }

func (a *API) describe(t *web.Routes) ([]byte, error) {
	d := &door{a: a, routes: t, limit: a.limiter()}
	d.huma = newHuma(d)
	if err := reasons(d.huma.OpenAPI().Components.Schemas); err != nil {
		return nil, err
	}
	a.logins(d)
	a.mandates(d)
	a.turns(d)
	a.acting(d)
	a.own(d)
	a.links(d)
	a.events(d)
	a.people(d)
	a.agents(d)
	a.tasks(d)
	a.stops(d)
	a.duties(d)
	a.segments(d)
	a.systems(d)
	a.usage(d)
	a.sessions(d)
	a.policy(d)
	a.timers(d)
	a.audit(d)
	a.reports(d)
	a.reload(d)
	a.clock(d)
	a.keys(d)
	a.health(d)
	a.notices(d)
	a.staged(d)
	a.settings(d)
	a.counts(d)
	a.checks(d)
	if d.err != nil {
		return nil, d.err
	}
	doc, err := json.MarshalIndent(d.huma.OpenAPI(), "", "  ")
	return append(doc, '\n'), stead.Because(err, "describe the API")
}

func (a *API) show(p stead.PrincipalID) Who {
	if p == "" {
		return Who{}
	}
	return who(p, a.Register.Principal(p))
}
