package main

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/client/admin"
	"github.com/steadhq/stead/internal/api"
	"github.com/steadhq/stead/internal/authority"
)

func (e *env) settings() *cobra.Command {
	timers := &cobra.Command{Use: "timers", Short: "Terms by application, realm and group",
		Long: "Timers change the general terms for an application, a realm, a group, or their combination. Those of the configuration\n" +
			"file count until others are set here; what runs keeps the end it was given."}
	timers.AddCommand(e.timersShow(), e.timersSet(), e.timersReset())
	c := &cobra.Command{Use: "settings", Short: "What an administrator changes while Stead runs"}
	c.AddCommand(timers)
	return c
}

const timersAt = "/v1/settings/timers"

// timers gives those in force, and a client that changes these and no later ones.
func (e *env) timers(ctx context.Context) (*client, api.Timers, error) {
	var t api.Timers
	c, err := e.client()
	if err != nil {
		return nil, t, err
	}
	resp, err := c.send(ctx, "GET", timersAt, nil, "", "application/json")
	if err != nil {
		return nil, t, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&t); err != nil {
		return nil, t, fail(exitFailed, "stead doctor", "the answer of %s cannot be read: %s", c.profile.Addr, err)
	}
	c.match = resp.Header.Get("ETag")
	return c, t, nil
}

func (e *env) showTimers(t api.Timers) error {
	return e.print(t, func(out *table) {
		out.columns = []string{"for", "sets"}
		for _, one := range t.Timers {
			var sets []string
			for _, row := range authority.Rows(one.Timer().Terms) {
				if row.Value != "" {
					sets = append(sets, row.Member+" "+row.Value)
				}
			}
			out.row(one.For(), strings.Join(sets, ", "))
		}
	})
}

func (e *env) timersShow() *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Show the timers in force, and who set them", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, t, err := e.timers(c.Context())
			if err != nil {
				return err
			}
			switch {
			case t.From != "set":
				e.say("Those of the configuration file.")
			case t.By != nil:
				e.say("Set by %s, %s (version %s).", account(admin.Who{ID: string(t.By.ID), Directory: t.By.Directory, Account: t.By.Account}), when(t.At), number(t.Version))
			}
			return e.showTimers(t)
		},
	}
}

func (e *env) timersSet() *cobra.Command {
	var w authority.TimerText
	var reason string
	var remove bool
	c := &cobra.Command{
		Use: "set", Short: "Add a timer, change it or take it away", Args: cobra.NoArgs,
		Long: "set changes the timer for exactly the application, realm and group that are named, or adds it. What is not given stays\n" +
			"as it is; 0 takes a member away.",
		Example: "  stead settings timers set --app orders --group staff/testers --max 2m --reason \"audit\"",
	}
	f := c.Flags()
	f.StringVar((*string)(&w.App), "app", "", "application (default: all)")
	f.StringVar((*string)(&w.Realm), "realm", "", "realm of that application (default: all)")
	f.StringVar(&w.Group, "group", "", "group of the actor, directory/group (default: everybody)")
	f.Duration("default", 0, "length of a term where none is asked for")
	f.Duration("max", 0, "longest term")
	f.IntVar(&w.Extensions, "extensions", 0, "how many further terms")
	f.Duration("total", 0, "longest time of all terms together")
	f.Duration("idle", 0, "it ends when nothing was done for so long")
	f.Duration("start-window", 0, "how long an approved mandate may wait for its start")
	f.Duration("ask-window", 0, "how long a request may wait for its approvals")
	f.Duration("fresh", 0, "how long a code counts as fresh")
	f.IntVar(&w.PerActor, "per-actor", 0, "mandates one actor may hold at once")
	f.BoolVar(&remove, "remove", false, "take this timer away")
	f.StringVar(&reason, "reason", "", "why; stands in the trail")
	c.RunE = func(c *cobra.Command, _ []string) error {
		client, t, err := e.timers(c.Context())
		if err != nil {
			return err
		}
		i := slices.IndexFunc(t.Timers, func(o authority.TimerText) bool { return o.App == w.App && o.Realm == w.Realm && o.Group == w.Group })
		if remove {
			if i < 0 {
				return fail(exitNotFound, "stead settings timers show", "there is no timer for %s", w.For())
			}
			return e.putTimers(c.Context(), client, slices.Delete(t.Timers, i, i+1), reason)
		}
		if i < 0 {
			t.Timers = append(t.Timers, authority.TimerText{App: w.App, Realm: w.Realm, Group: w.Group})
			i = len(t.Timers) - 1
		}
		at := &t.Timers[i]
		for name, to := range map[string]*stead.Duration{"default": &at.DefaultDuration, "max": &at.MaxDuration, "total": &at.Total, "idle": &at.Idle,
			"start-window": &at.StartWindow, "ask-window": &at.AskWindow, "fresh": &at.Fresh} {
			if f.Changed(name) {
				d, err := f.GetDuration(name)
				if err != nil {
					return err
				}
				*to = stead.Duration(d)
			}
		}
		if f.Changed("extensions") {
			at.Extensions = w.Extensions
		}
		if f.Changed("per-actor") {
			at.PerActor = w.PerActor
		}
		return e.putTimers(c.Context(), client, t.Timers, reason)
	}
	return c
}

// putTimers sends all timers, as far as nobody has changed them since they were read.
func (e *env) putTimers(ctx context.Context, c *client, all []authority.TimerText, reason string) error {
	if reason == "" {
		return fail(exitUsage, "add --reason", "say why the timers change")
	}
	var out api.Timers
	if err := c.call(ctx, "PUT", timersAt, map[string]any{"timers": all, "reason": reason}, &out); err != nil {
		return err
	}
	return e.showTimers(out)
}

func (e *env) timersReset() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use: "reset", Short: "Take the timers back to those of the configuration file", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if reason == "" {
				return fail(exitUsage, "add --reason", "say why the timers change")
			}
			client, _, err := e.timers(c.Context())
			if err != nil {
				return err
			}
			var out api.Timers
			if err := client.call(c.Context(), "PUT", timersAt, map[string]any{"configuration": true, "reason": reason}, &out); err != nil {
				return err
			}
			return e.showTimers(out)
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why; stands in the trail")
	return c
}
