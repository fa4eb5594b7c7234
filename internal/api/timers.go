package api

import (
	"context"
	"net/http"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// timersPath is the one object of settings that changes while Stead runs.
const timersPath = "/v1/settings/timers"

// Tuner sets the timers: terms by application, realm and group, and tells what counts. Errors: refused, missing.
type Tuner interface {
	Timers(context.Context, authority.By) (inForce []authority.TimerText, set stead.Bundle, err error)
	SetTimers(context.Context, authority.By, authority.TimersSet) (stead.Bundle, error)
	Configured(context.Context, authority.By) (authority.Settings, error)
	TermsFor(ctx context.Context, by authority.By, who stead.PrincipalID, app stead.AppID, realm stead.RealmID) ([]authority.TermRow, error)
}

// Timers are those in force, and where they come from.
type Timers struct {
	Timers  []authority.TimerText `json:"timers"`
	From    string                `json:"from" enum:"configuration,set" doc:"those of the configuration file, or set while it runs"`
	Version uint64                `json:"version"`
	By      *Who                  `json:"by,omitempty" doc:"who set them, or took them back"`
	At      time.Time             `json:"at,omitzero"`
}

type timersOut struct {
	ETag string `header:"ETag"`
	Body Timers
}

type timersIn struct {
	Body struct {
		Timers        []authority.TimerText `json:"timers,omitempty" maxItems:"200" doc:"all of them: what is not named is gone"`
		Configuration bool                  `json:"configuration,omitempty" doc:"instead: take them back to those of the configuration file"`
		Reason        string                `json:"reason" minLength:"1" maxLength:"4096" doc:"stands in the trail, with what was before and what is after"`
	}
}

func (a *API) timers(d *door) {
	add(d, operation{method: "GET", path: timersPath, id: "get-timers", tag: web.Auditor, roles: authority.Onlookers(), group: "policy", tagged: true, says: "The timers in force: terms by application, realm and group"}, a.getTimers)
	once(d, operation{method: "PUT", path: timersPath, id: "set-timers", tag: web.Admin, group: "policy", of: stead.KindBundle, says: "Set the timers, in force at once for every yes and every further term; If-Match is needed"}, a.setTimers, func(ctx context.Context, by authority.By, _ *timersIn, _ uint64) (*timersOut, error) {
		return a.getTimers(ctx, by, &nothing{})
	})
}

func (a *API) getTimers(ctx context.Context, by authority.By, _ *nothing) (*timersOut, error) {
	inForce, set, err := a.Verbs.Timers(ctx, by)
	if err != nil {
		return nil, err
	}
	out := &timersOut{ETag: etag(set.Version), Body: Timers{Timers: append([]authority.TimerText{}, inForce...), From: "configuration", Version: set.Version, At: set.At}}
	if len(set.Files) > 0 {
		out.Body.From = "set"
	}
	if set.Applied != "" {
		who := a.show(set.Applied)
		out.Body.By = &who
	}
	return out, nil
}

func (a *API) setTimers(ctx context.Context, by authority.By, in *timersIn) (*timersOut, error) {
	b := in.Body
	switch {
	case by.Proviso.Tags == "":
		return nil, web.Status(http.StatusPreconditionRequired, stead.E(stead.Invalid, stead.ReasonRequest, "send If-Match with the ETag of the timers that you have read"))
	case b.Configuration && len(b.Timers) > 0:
		return nil, stead.E(stead.Invalid, stead.ReasonRequest, "either timers, or those of the configuration: not both")
	}
	_, err := a.Verbs.SetTimers(ctx, by, authority.TimersSet{Timers: b.Timers, File: b.Configuration, Reason: b.Reason})
	if err != nil {
		return nil, err
	}
	return a.getTimers(ctx, by.Untied(), &nothing{})
}
