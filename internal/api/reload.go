package api

import (
	"context"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A Reloader reads the server's configuration again and swaps it, all or nothing. Errors: invalid, with what is wrong
// where; conflict while another reload is under way; what the record says.
type Reloader interface {
	Reload(context.Context, authority.By) (Reloaded, error)
	Last() Reload
}

// A KeyChange is one key of the configuration that differs. Secrets are only said to have changed.
type KeyChange struct {
	Key    string `json:"key" example:"apps.orders.upstream"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	Why    string `json:"why,omitempty" doc:"why it waits for a restart"`
}

// Reloaded says what a reload did.
type Reloaded struct {
	Changed []KeyChange `json:"changed" doc:"in force now"`
	Restart []KeyChange `json:"restart" doc:"what differs in the file and stays as it was until the server is started again"`
}

// A Reload is the last one there was.
type Reload struct {
	File    string      `json:"file,omitempty"`
	At      time.Time   `json:"at" doc:"when the configuration was read"`
	OK      bool        `json:"ok" doc:"what the file says is in force, but for what waits for a restart"`
	Problem string      `json:"problem,omitempty" doc:"why it was not taken, with line and column"`
	By      *Who        `json:"by,omitempty" doc:"who asked for it; missing: a signal, the file itself, or the start"`
	Changed []KeyChange `json:"changed" doc:"what the last one that was taken put in force, before and after"`
	Taken   time.Time   `json:"changed_at,omitzero" doc:"when that was; missing: what is in force is what the server began with"`
	TakenBy *Who        `json:"changed_by,omitempty" doc:"who asked for that; missing: a signal, or the file itself"`
	Restart []KeyChange `json:"restart"`
}

type reloadedOut struct{ Body Reloaded }

type reloadOut struct{ Body Reload }

func (a *API) reload(d *door) {
	add(d, operation{method: "GET", path: "/v1/config/reload", id: "get-reload", tag: web.Admin, roles: authority.Onlookers(), group: "configuration", says: "How the last reading of the configuration went, and what the last that was taken changed"}, a.lastReload)
	add(d, operation{method: "POST", path: "/v1/config/reload", id: "reload-config", tag: web.Admin, group: "configuration", says: "Read the configuration again: check, test, and swap all or nothing"}, a.reloadNow)
}

func (a *API) lastReload(context.Context, authority.By, *nothing) (*reloadOut, error) {
	if a.Reload == nil {
		return nil, noFile()
	}
	last := a.Reload.Last()
	for _, by := range []**Who{&last.By, &last.TakenBy} {
		if *by != nil {
			shown := a.show((*by).ID)
			*by = &shown
		}
	}
	return &reloadOut{Body: last}, nil
}

func (a *API) reloadNow(ctx context.Context, by authority.By, _ *nothing) (*reloadedOut, error) {
	if a.Reload == nil {
		return nil, noFile()
	}
	out, err := a.Reload.Reload(ctx, by)
	if err != nil {
		return nil, err
	}
	return &reloadedOut{Body: out}, nil
}

func noFile() error {
	return stead.E(stead.Missing, stead.ReasonState, "this server has no configuration file: it was started without one")
}
