package api

import (
	"context"
	"net/http"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

type sessionsOut struct {
	Body struct {
		Sessions []Session `json:"sessions"`
	}
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
	Body struct {
		Apps []App `json:"apps"`
	}
}

func (a *API) sessions(d *door) {
	add(d, operation{method: "GET", path: "/v1/sessions", id: "list-sessions", tag: web.InSession, group: "people", says: "List sessions: one's own, everybody's for who may see them"}, a.listSessions)
	add(d, operation{method: "DELETE", path: "/v1/sessions/{id}", id: "end-session", tag: web.InSession, group: "people", status: http.StatusNoContent, says: "End a session and what hangs on it"}, a.endSession)
	add(d, operation{method: "GET", path: "/v1/apps", id: "list-apps", tag: web.InSession, group: "server", says: "List applications and their realms"}, a.apps)
}

func (a *API) listSessions(ctx context.Context, by authority.By, _ *nothing) (*sessionsOut, error) {
	found, err := a.Verbs.Sessions(ctx, by)
	if err != nil {
		return nil, err
	}
	out := &sessionsOut{}
	out.Body.Sessions = each(found, func(s stead.Session) Session { return a.session(s, by.Session) })
	return out, nil
}

func (a *API) endSession(ctx context.Context, by authority.By, in *sessionIn) (*nothing, error) {
	return nil, a.Verbs.EndSession(ctx, by, in.ID)
}

func (a *API) apps(context.Context, authority.By, *nothing) (*appsOut, error) {
	out := &appsOut{}
	out.Body.Apps = each(a.Apps, app)
	return out, nil
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
