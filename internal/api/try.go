package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

type tryIn struct {
	Body struct {
		Actor   string       `json:"actor" minLength:"1" doc:"who would act: an id, or directory/name"`
		Subject string       `json:"subject,omitempty" doc:"for whom; empty: for himself"`
		App     stead.AppID  `json:"app" minLength:"1"`
		Path    string       `json:"path,omitempty" doc:"on the application; its realm is asked about"`
		Action  stead.Action `json:"action,omitempty" enum:"act,read,mark,watch,write,closed,open,export"`
		Mode    stead.Mode   `json:"mode,omitempty" enum:"read-only,edit"`
		For     string       `json:"for,omitempty"`
		Reason  string       `json:"reason,omitempty"`
		Ticket  string       `json:"ticket,omitempty"`
		Level   int          `json:"level,omitempty" minimum:"0" maximum:"9"`
		At      time.Time    `json:"at,omitempty" doc:"when; now where it is left out"`
		Policy  string       `json:"policy,omitempty" enum:"in-force,staged"`
	}
}

type tryOut struct {
	Body struct {
		authority.Explanation
		Needs *Needs `json:"needs,omitempty" doc:"what a yes asks for"`
	}
}

// Needs are what a yes of policy asks for. What no rule narrows is missing.
type Needs struct {
	Requires []string          `json:"requires,omitempty" doc:"second-factor, reason, ticket"`
	Ticket   string            `json:"ticket_form,omitempty" doc:"the form that a ticket must have: RE2"`
	Stages   []stead.Stage     `json:"stages,omitempty" doc:"who must agree"`
	Told     []string          `json:"told,omitempty"`
	Mode     stead.Mode        `json:"mode,omitempty"`
	Max      string            `json:"max,omitempty" doc:"the longest term"`
	Rules    map[string]string `json:"rules,omitempty" doc:"which rule narrowed it: mode, max"`
}

func needs(o stead.Obligations) *Needs {
	return &Needs{Requires: o.Requires, Ticket: o.TicketRE, Stages: o.Approvals, Told: o.Notify, Mode: o.Mode, Max: span(o.Max), Rules: o.Winners}
}

func (a *API) try(_ context.Context, by authority.By, in *tryIn) (*tryOut, error) {
	c, err := a.tryCase(by, in)
	if err != nil {
		return nil, err
	}
	b, err := a.asked(in.Body.Policy)
	if err != nil {
		return nil, err
	}
	out := &tryOut{}
	if out.Body.Explanation, err = a.Rules.Why(b.Digest, c, authority.Overseer); err != nil {
		return nil, err
	}
	if v := a.Rules.Judge(b.Digest, c); v.Allow {
		out.Body.Needs = needs(v.Obligations)
	}
	return out, nil
}

// asked is the policy that a question is put to, ready to answer.
func (a *API) asked(which string) (stead.Bundle, error) {
	if which != "staged" {
		return a.Bundles.Bundle(authority.PolicyBundle), nil
	}
	b := a.Bundles.Bundle(authority.StagedBundle)
	if b.Digest == "" {
		return b, stead.E(stead.Missing, stead.ReasonState, "no policy is staged")
	}
	_, err := a.Rules.Check(b.Files)
	return b, err
}

func (a *API) tryCase(by authority.By, in *tryIn) (authority.Case, error) {
	b := in.Body
	c := authority.Case{
		Action: b.Action, Capacity: authority.ForOther, Path: b.Path, Mode: b.Mode, Level: max(b.Level, 1),
		Purpose: stead.Purpose{Reason: b.Reason, Ticket: b.Ticket}, Now: b.At, Zone: a.Zone, AMR: []string{"pwd"},
	}
	if c.Now.IsZero() {
		c.Now = a.Now()
	}
	if c.Level > 1 {
		c.AMR = append(c.AMR, "otp")
	}
	var err error
	if c.Length, err = duration(b.For); err != nil {
		return c, err
	}
	if c.Principal, err = a.account(b.Actor, by); err != nil {
		return c, err
	}
	if c.Subject = c.Principal; b.Subject != "" {
		if c.Subject, err = a.account(b.Subject, by); err != nil {
			return c, err
		}
	} else {
		c.Capacity = authority.Self
	}
	if c.Action == "" {
		c.Action = stead.ActionAct
	}
	return c, a.tryPlace(&c, b.App)
}

func (a *API) tryPlace(c *authority.Case, id stead.AppID) error {
	i := slices.IndexFunc(a.Apps, func(s stead.App) bool { return s.ID == id })
	if i < 0 {
		return stead.E(stead.Missing, stead.ReasonNoRoute, "there is no application %q", id)
	}
	if c.Path == "" {
		c.Path = "/"
	}
	r, ok := a.Apps[i].RealmAt(c.Path)
	if !ok {
		return stead.E(stead.Missing, stead.ReasonNoRoute, "%s has no realm at %s", id, c.Path)
	}
	c.App, c.Realm = &a.Apps[i], &r
	return nil
}

func (a *API) account(name string, by authority.By) (*stead.Principal, error) {
	id, err := a.named(name, by, false)
	if err != nil {
		return nil, err
	}
	p := a.Register.Principal(id)
	if p.ID == "" {
		return nil, stead.E(stead.Missing, stead.ReasonUnknown, "nobody has the id %s", id)
	}
	return &p, nil
}

func lines(text string) []string {
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// differ gives the lines that only one of two texts has, as often as it has them more.
func differ(before, after []string) (gone, come []string) {
	return without(before, after), without(after, before)
}

func without(all, other []string) []string {
	count := map[string]int{}
	for _, l := range other {
		count[l]++
	}
	out := []string{}
	for _, l := range all {
		if count[l]--; count[l] < 0 {
			out = append(out, l)
		}
	}
	return out
}
