package api

import (
	"context"
	"net/http"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

type sessionsIn struct {
	Page
	Person string `query:"person" maxLength:"256" doc:"of this one: an id, directory/name or me"`
}

type sessionsOut struct {
	Next
	Body struct {
		Sessions []Session `json:"sessions"`
		NextPage
	}
}

type sessionOut struct {
	ETag string `header:"ETag"`
	Body Session
}

type sessionIn struct {
	ID stead.SessionID `path:"id" maxLength:"64"`
}

// An App is an application behind Stead.
type App struct {
	ID     stead.AppID `json:"id"`
	Hosts  []string    `json:"hosts"`
	Aware  bool        `json:"actor_aware" doc:"proven to record the actor: editing may be opened"`
	Realms []Realm     `json:"realms"`
}

// A Realm is a part of an application.
type Realm struct {
	ID         stead.RealmID   `json:"id"`
	Path       string          `json:"path"`
	Kind       stead.RealmKind `json:"kind,omitempty"`
	Level      int             `json:"level"`
	Acting     bool            `json:"acting" doc:"closed for acting unless opened"`
	ActorLevel int             `json:"actor_level"`
	Idle       string          `json:"idle,omitempty"`
	Absolute   string          `json:"absolute,omitempty"`
}

type appsOut struct {
	Next
	Body struct {
		Apps []App `json:"apps"`
		NextPage
	}
}

func (a *API) sessions(d *door) {
	add(d, operation{method: "GET", path: "/v1/sessions", id: "list-sessions", tag: web.InSession, group: "people", says: "List sessions, newest first: one's own, everybody's for who may see them"}, a.listSessions)
	add(d, operation{method: "GET", path: "/v1/sessions/{id}", id: "get-session", tag: web.InSession, group: "people", tagged: true, says: "Show a session: one's own, any for who may see it"}, a.getSession)
	add(d, operation{method: "DELETE", path: "/v1/sessions/{id}", id: "end-session", tag: web.InSession, group: "people", of: stead.KindSession, status: http.StatusNoContent, says: "End a session and what hangs on it"}, a.endSession)
	add(d, operation{method: "GET", path: "/v1/apps", id: "list-apps", tag: web.InSession, group: "server", says: "List applications and their realms"}, a.apps)
}

func (a *API) listSessions(ctx context.Context, by authority.By, in *sessionsIn) (*sessionsOut, error) {
	of, err := a.named(in.Person, by, a.Verbs.May(by, authority.Admin, authority.Security) != nil)
	if err != nil {
		return nil, err
	}
	after, err := toPlace(ctx, in.Token)
	if err != nil {
		return nil, err
	}
	found, next, err := a.Verbs.SessionPage(ctx, by, of, after, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &sessionsOut{}
	out.Body.Sessions = each(found, func(s stead.Session) Session { return a.session(s, by.Session) })
	out.Body.NextPage, out.Next = onward(ctx, placed(next))
	return out, nil
}

func (a *API) getSession(ctx context.Context, by authority.By, in *sessionIn) (*sessionOut, error) {
	s, err := a.Verbs.Session(ctx, by, in.ID)
	if err != nil {
		return nil, err
	}
	return &sessionOut{ETag: etag(s.Version), Body: a.session(s, by.Session)}, nil
}

func (a *API) endSession(ctx context.Context, by authority.By, in *sessionIn) (*nothing, error) {
	return nil, a.Verbs.EndSession(ctx, by, in.ID)
}

func (a *API) apps(ctx context.Context, _ authority.By, in *Page) (*appsOut, error) {
	out := &appsOut{}
	apps, page, next, err := piece(ctx, in, a.Apps, func(s stead.App) string { return string(s.ID) })
	out.Body.Apps, out.Body.NextPage, out.Next = each(apps, app), page, next
	return out, err
}

func app(s stead.App) App {
	return App{ID: s.ID, Hosts: s.Hosts, Aware: s.Aware, Realms: each(s.Realms, realm)}
}

func realm(r stead.Realm) Realm {
	return Realm{
		ID: r.ID, Path: r.Path, Kind: r.Kind, Level: r.Level, Acting: r.Acting, ActorLevel: r.ActorLevel,
		Idle: shortly(r.Idle), Absolute: shortly(r.Absolute),
	}
}

func shortly(d time.Duration) string { return short(stead.Duration(d)) }
