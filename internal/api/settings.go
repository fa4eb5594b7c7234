package api

import (
	"context"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Settings are what counts here besides policy and timers. They stand in the configuration file.
type Settings struct {
	Terms    []Term              `json:"terms" doc:"the general terms, which timers change"`
	Roles    map[string][]string `json:"roles" doc:"the groups that have a role: directory/group"`
	Level    int                 `json:"level" doc:"how well one must have signed in to use a role"`
	Ordinary string              `json:"ordinary" enum:"allow,deny" doc:"what becomes of requests for oneself while the record cannot be written"`
	Idle     string              `json:"session_idle,omitempty"`
	Absolute string              `json:"session_absolute,omitempty"`
	ArmFor   string              `json:"arm_for,omitempty" doc:"how long acting stays armed"`
	Warn     string              `json:"warn_before,omitempty" doc:"how long before an end the heads-up comes"`
	Zone     string              `json:"zone" doc:"of local hours in policy"`
}

// A Term is one member of the terms, and which timer sets it.
type Term struct {
	Member string `json:"member" example:"max_duration"`
	Value  string `json:"value,omitempty" doc:"missing where nothing sets it"`
	From   string `json:"from,omitempty" doc:"whom the timer is for that sets it; missing: the general terms"`
}

type settingsOut struct{ Body Settings }

type termsIn struct {
	Actor string        `query:"actor" required:"true" maxLength:"256" doc:"who acts: an id, directory/name or me"`
	App   stead.AppID   `query:"app" required:"true" maxLength:"64"`
	Realm stead.RealmID `query:"realm" maxLength:"64"`
}

type termsOut struct {
	Body struct {
		Terms []Term `json:"terms"`
	}
}

func (a *API) settings(d *door) {
	add(d, operation{method: "GET", path: "/v1/settings", id: "get-settings", tag: web.Auditor, roles: authority.Onlookers(), group: "policy", says: "What counts for whoever acts, as the configuration file says"}, a.getSettings)
	add(d, operation{method: "GET", path: "/v1/settings/terms", id: "get-terms", tag: web.Auditor, roles: authority.Onlookers(), group: "policy", says: "What would count for somebody who acts in an application, and which timer says so"}, a.getTerms)
}

func (a *API) getSettings(ctx context.Context, by authority.By, _ *nothing) (*settingsOut, error) {
	s, err := a.Verbs.Configured(ctx, by)
	if err != nil {
		return nil, err
	}
	out := Settings{Terms: each(authority.Rows(s.Terms), term), Roles: map[string][]string{}, Level: max(s.Level, 1), Ordinary: "deny", Zone: "UTC",
		Idle: span(s.Session.Idle), Absolute: span(s.Session.Absolute), ArmFor: span(s.ArmFor), Warn: span(s.Warn)}
	for _, r := range authority.Onlookers() {
		out.Roles[string(r)] = append([]string{}, s.Roles[r]...)
	}
	if s.Ordinary == "allow" {
		out.Ordinary = s.Ordinary
	}
	if s.Zone != nil {
		out.Zone = s.Zone.String()
	}
	return &settingsOut{out}, nil
}

func (a *API) getTerms(ctx context.Context, by authority.By, in *termsIn) (*termsOut, error) {
	id, err := a.named(in.Actor, by, false)
	if err != nil {
		return nil, err
	}
	if err := a.realm(in.App, in.Realm); err != nil {
		return nil, err
	}
	rows, err := a.Verbs.TermsFor(ctx, by, id, in.App, in.Realm)
	if err != nil {
		return nil, err
	}
	out := &termsOut{}
	out.Body.Terms = each(rows, term)
	return out, nil
}

// realm refuses what is nowhere: terms of a place that is not there would be the general ones.
func (a *API) realm(app stead.AppID, realm stead.RealmID) error {
	for _, one := range a.Apps {
		if one.ID != app {
			continue
		}
		for _, r := range one.Realms {
			if realm == "" || r.ID == realm {
				return nil
			}
		}
		return stead.E(stead.Missing, stead.ReasonNoRoute, "%s has no realm %q", app, realm)
	}
	return stead.E(stead.Missing, stead.ReasonNoRoute, "there is no application %q", app)
}

func term(r authority.TermRow) Term {
	if d, err := time.ParseDuration(r.Value); err == nil && d > 0 {
		r.Value = span(d)
	}
	return Term(r)
}

func span(d time.Duration) string { return short(stead.Duration(d)) }
