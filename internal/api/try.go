package api

import (
	"context"
	"slices"
	"strings"

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
	}
}

type tryOut struct {
	Body authority.Explanation
}

func (a *API) try(_ context.Context, by authority.By, in *tryIn) (*tryOut, error) {
	c, err := a.tryCase(by, in)
	if err != nil {
		return nil, err
	}
	e, err := a.Rules.Why(a.Bundles.Bundle(authority.PolicyBundle).Digest, c)
	if err != nil {
		return nil, err
	}
	return &tryOut{Body: e}, nil
}

func (a *API) tryCase(by authority.By, in *tryIn) (authority.Case, error) {
	b := in.Body
	c := authority.Case{
		Action: b.Action, Capacity: authority.ForOther, Path: b.Path, Mode: b.Mode, Level: max(b.Level, 1),
		Purpose: stead.Purpose{Reason: b.Reason, Ticket: b.Ticket}, Now: a.Now(), Zone: a.Zone, AMR: []string{"pwd"},
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
