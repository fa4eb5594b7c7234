package authority

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// TimersBundle is the id of the timers that were set while Stead runs, timersFile their text in it.
const (
	TimersBundle = "timers"
	timersFile   = "list.json"
)

// A TimerText is a timer as it is written down: durations as "10m", what it does not change left out.
type TimerText struct {
	App             stead.AppID    `json:"app,omitempty" maxLength:"64" doc:"application it is for; none: all"`
	Realm           stead.RealmID  `json:"realm,omitempty" maxLength:"64" doc:"realm of that application it is for; none: all"`
	Group           string         `json:"group,omitempty" maxLength:"200" doc:"group of the actor it is for, directory/group; none: everybody"`
	DefaultDuration stead.Duration `json:"default_duration,omitzero" doc:"length of one term where none is asked for"`
	MaxDuration     stead.Duration `json:"max_duration,omitzero" doc:"longest term; policy may shorten it"`
	Extensions      int            `json:"extensions,omitempty" minimum:"0" maximum:"1000" doc:"how many further terms may be asked for"`
	Total           stead.Duration `json:"total,omitzero" doc:"longest time of all terms together"`
	Idle            stead.Duration `json:"idle,omitzero" doc:"acting ends when nothing was done under it for so long"`
	StartWindow     stead.Duration `json:"start_window,omitzero" doc:"how long an approved mandate may wait for its start"`
	AskWindow       stead.Duration `json:"ask_window,omitzero" doc:"how long a request may wait for its approvals"`
	Fresh           stead.Duration `json:"fresh,omitzero" doc:"how long a proved second factor counts as fresh"`
	PerActor        int            `json:"per_actor,omitempty" minimum:"0" maximum:"1000" doc:"how many mandates one actor may hold at once"`
}

// Text writes the timer down.
func (t Timer) Text() TimerText {
	d := func(d time.Duration) stead.Duration { return stead.Duration(d) }
	x := t.Terms
	return TimerText{App: t.App, Realm: t.Realm, Group: t.Group, DefaultDuration: d(x.Default), MaxDuration: d(x.Max), Extensions: x.Extensions,
		Total: d(x.Total), Idle: d(x.Idle), StartWindow: d(x.StartWindow), AskWindow: d(x.AskWindow), Fresh: d(x.Fresh), PerActor: x.PerActor}
}

// Timer reads what is written down.
func (t TimerText) Timer() Timer {
	d := func(d stead.Duration) time.Duration { return time.Duration(d) }
	return Timer{App: t.App, Realm: t.Realm, Group: t.Group, Terms: stead.Terms{Default: d(t.DefaultDuration), Max: d(t.MaxDuration),
		Extensions: t.Extensions, Total: d(t.Total), Idle: d(t.Idle), StartWindow: d(t.StartWindow), AskWindow: d(t.AskWindow),
		Fresh: d(t.Fresh), PerActor: t.PerActor}}
}

// For says in words whom it is for: "orders, staff/testers".
func (t TimerText) For() string {
	parts := slices.DeleteFunc([]string{string(t.App), string(t.Realm), t.Group}, func(s string) bool { return s == "" })
	return or(strings.Join(parts, ", "), "everything")
}

// A TimersSet is a wish for other timers. Version is that of the record it was made from, for callers without a Proviso: 0
// where the timers of the configuration are in force. File takes them back to the configuration.
type TimersSet struct {
	Timers  []TimerText
	File    bool
	Reason  string
	Version uint64
}

// Timers gives the timers in force and the record they stand in; that is zero, or has no files, while those of the
// configuration are in force.
func (a *Authority) Timers(_ context.Context, by By) (inForce []TimerText, set stead.Bundle, err error) {
	a.Store.View().Read(func(s *State) {
		if err = a.may(s, by, a.Now(), Onlookers()...); err != nil {
			return
		}
		for _, t := range a.timers(s) {
			inForce = append(inForce, t.Text())
		}
		if b := s.Bundle(TimersBundle); b != nil {
			set = *b
		}
	})
	return inForce, set, err
}

// SetTimers puts other timers in force, on all nodes at one index: for every request from then on, and no term that is
// begun from then on is longer than they allow. What runs keeps the end it has. Errors: invalid, missing, refused; conflict when they were changed meanwhile.
func (a *Authority) SetTimers(ctx context.Context, by By, w TimersSet) (stead.Bundle, error) {
	var out stead.Bundle
	err := a.run(ctx, attempt{verb: "timers.set", by: by}, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := a.may(s, by, now, Admin); err != nil {
			return nil, err
		}
		was := s.Bundle(TimersBundle)
		switch {
		case by.Proviso.Tags == "" && version(was) != w.Version:
			return nil, stead.E(stead.Conflict, stead.ReasonState, "the timers were changed meanwhile: they are at version %d, not %d", version(was), w.Version)
		case strings.TrimSpace(w.Reason) == "":
			return nil, stead.E(stead.Invalid, stead.ReasonReason, "say why the timers change")
		case w.File && (was == nil || len(was.Files) == 0):
			return nil, stead.E(stead.Conflict, stead.ReasonExists, "the timers of the configuration are in force already")
		}
		if err := a.checkTimers(w.Timers); err != nil {
			return nil, err
		}
		files := map[string]string{}
		if !w.File {
			text, err := json.Marshal(append([]TimerText{}, w.Timers...))
			if err != nil {
				return nil, stead.Because(err, "write the timers down")
			}
			files[timersFile] = string(text)
		}
		out = stead.Bundle{ID: TimersBundle, Version: version(was) + 1, Files: files, Author: by.Principal, Person: s.Principal(by.Principal).Person,
			Applied: by.Principal, At: now}
		e := stead.Event{Kind: "timers.set", Who: stead.Fields{"reason": w.Reason, "before": written(was), "after": written(&out)}}
		return []stead.Change{{Event: e, Records: []stead.Record{out}}}, nil
	})
	return done(&out, err)
}

// timers are those in force.
func (a *Authority) timers(s *State) []Timer {
	b := s.Bundle(TimersBundle)
	if b == nil || len(b.Files) == 0 {
		return a.Settings.Timers
	}
	var texts []TimerText
	if err := json.Unmarshal([]byte(b.Files[timersFile]), &texts); err != nil {
		a.Alarm("the timers in the store cannot be read, those of the configuration count: " + err.Error())
		return a.Settings.Timers
	}
	all := make([]Timer, len(texts))
	for i, t := range texts {
		all[i] = t.Timer()
	}
	return all
}

// written says for the record what timers a bundle holds.
func written(b *stead.Bundle) string {
	if b == nil || len(b.Files) == 0 {
		return "those of the configuration"
	}
	return b.Files[timersFile]
}

const maxTimers = 200

// checkTimers refuses what could not mean anything, and says which timer it is.
func (a *Authority) checkTimers(all []TimerText) error {
	if len(all) > maxTimers {
		return stead.E(stead.Invalid, stead.ReasonRequest, "%d timers are more than the %d there may be", len(all), maxTimers)
	}
	seen := map[string]bool{}
	for _, t := range all {
		if why := a.wrong(t); why != "" {
			return stead.E(stead.Invalid, stead.ReasonRequest, "the timer for %s %s", t.For(), why)
		}
		if seen[t.For()] {
			return stead.E(stead.Invalid, stead.ReasonRequest, "there are two timers for %s", t.For())
		}
		seen[t.For()] = true
	}
	return nil
}

func (a *Authority) wrong(t TimerText) string {
	x, app := t.Timer().Terms, a.Settings.App(t.App)
	dir, group, two := strings.Cut(t.Group, "/")
	for name, d := range map[string]time.Duration{"default_duration": x.Default, "max_duration": x.Max, "total": x.Total, "idle": x.Idle,
		"start_window": x.StartWindow, "ask_window": x.AskWindow, "fresh": x.Fresh} {
		if d < 0 || d != 0 && d < time.Second || d > 10*365*24*time.Hour {
			return "has a " + name + " of " + d.String() + ": that is no time to give"
		}
	}
	switch {
	case x == stead.Terms{}:
		return "changes nothing"
	case t.App != "" && app == nil:
		return "names an application that there is not"
	case t.Realm != "" && (app == nil || !slices.ContainsFunc(app.Realms, func(r stead.Realm) bool { return r.ID == t.Realm })):
		return "names a realm that its application does not have"
	case t.Group != "" && (!two || dir == "" || group == ""):
		return "names its group without a directory: write directory/group"
	case t.Group != "" && len(a.Settings.Directories) > 0 && !slices.Contains(a.Settings.Directories, dir):
		return "names a group of a directory that there is not"
	case x.Max != 0 && x.Default > x.Max:
		return "has a default_duration longer than its max_duration"
	case x.Extensions < 0 || x.PerActor < 0:
		return "counts below nothing"
	}
	return ""
}
