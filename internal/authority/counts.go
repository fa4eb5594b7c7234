package authority

import (
	"context"
	"strconv"
	"time"

	"github.com/steadhq/stead"
)

// A TermRow is one member of the terms, and where its value comes from.
type TermRow struct {
	Member string // as it is written: "max_duration"
	Value  string // "10m0s", "3"; empty where nothing sets it
	From   string // whom the timer is for that sets it; empty: the general terms
}

// Rows writes terms down member by member, in the order they are always told in.
func Rows(t stead.Terms) []TermRow {
	d := func(d time.Duration) string {
		if d == 0 {
			return ""
		}
		return d.String()
	}
	n := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	return []TermRow{{Member: "default_duration", Value: d(t.Default)}, {Member: "max_duration", Value: d(t.Max)},
		{Member: "extensions", Value: n(t.Extensions)}, {Member: "total", Value: d(t.Total)}, {Member: "idle", Value: d(t.Idle)},
		{Member: "start_window", Value: d(t.StartWindow)}, {Member: "ask_window", Value: d(t.AskWindow)},
		{Member: "fresh", Value: d(t.Fresh)}, {Member: "per_actor", Value: n(t.PerActor)}}
}

// Counting tells of every member of an actor's terms which timer sets it: the same that For would give.
func (s *Settings) Counting(timers []Timer, app stead.AppID, realm stead.RealmID, actor *stead.Principal) []TermRow {
	rows := Rows(s.Terms)
	for _, t := range fitting(timers, app, realm, actor) {
		for i, row := range Rows(t.Terms) {
			if row.Value != "" {
				rows[i].Value, rows[i].From = row.Value, t.Text().For()
			}
		}
	}
	return rows
}

// Configured gives the settings to those who run or oversee this house. Errors: refused, missing.
func (a *Authority) Configured(_ context.Context, by By) (Settings, error) {
	if err := a.May(by, Onlookers()...); err != nil {
		return Settings{}, err
	}
	return *a.Settings, nil
}

// TermsFor tells what would count for somebody in a realm of an application, member by member. Errors: refused, missing.
func (a *Authority) TermsFor(_ context.Context, by By, who stead.PrincipalID, app stead.AppID, realm stead.RealmID) ([]TermRow, error) {
	var rows []TermRow
	var err error
	a.Store.View().Read(func(s *State) {
		if err = a.may(s, by, a.Now(), Onlookers()...); err != nil {
			return
		}
		p := s.Principal(who)
		if p == nil {
			err = stead.E(stead.Missing, stead.ReasonUnknown, "nobody has the id %s", who)
			return
		}
		rows = a.Settings.Counting(a.timers(s), app, realm, p)
	})
	return rows, err
}
