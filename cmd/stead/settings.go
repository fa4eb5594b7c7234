package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead/client/admin"
)

func (e *env) settings() *cobra.Command {
	timers := &cobra.Command{Use: "timers", Short: "Terms by application, realm and group",
		Long: "Timers change the general terms for an application, a realm, a group, or their combination. Those of the configuration\n" +
			"file count until others are set here; what runs keeps the end it was given."}
	timers.AddCommand(e.timersShow(), e.timersSet(), e.timersReset())
	c := &cobra.Command{Use: "settings", Short: "What counts for whoever acts, and how it is changed"}
	c.AddCommand(e.settingsShow(), e.settingsTerms(), timers)
	return c
}

func (e *env) settingsShow() *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Show the general terms and who has which role", Args: cobra.NoArgs, Example: "  stead settings show",
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			s, err := client.GetSettings(c.Context())
			if err != nil {
				return err
			}
			return e.print(s, func(t *table) {
				terms(t, s.Terms)
				for _, row := range [][2]string{{"arm_for", s.ArmFor}, {"warn_before", s.WarnBefore}, {"session idle", s.SessionIdle}, {"session absolute", s.SessionAbsolute},
					{"ordinary", s.Ordinary + " while the record cannot be written"}, {"zone", s.Zone}, {"roles ask for level", number(s.Level)}} {
					t.row(row[0], row[1])
				}
				for _, role := range []string{"admin", "auditor", "security"} {
					t.row("role "+role, strings.Join(s.Roles[role], ", "))
				}
			})
		},
	}
}

// terms are rows of a member and its value, and of the timer that sets it.
func terms(t *table, all []admin.Term) {
	for _, one := range all {
		if one.Value == "" {
			continue
		}
		from := ""
		if one.From != "" {
			from = "timer for " + one.From
		}
		t.row(one.Member, one.Value, from)
	}
}

func (e *env) settingsTerms() *cobra.Command {
	var q admin.GetTermsQuery
	c := &cobra.Command{
		Use: "terms", Short: "What would count for somebody who acts in an application, and which timer says so", Args: cobra.NoArgs,
		Example: "  stead settings terms --actor staff/sam --app orders",
		RunE: func(c *cobra.Command, _ []string) error {
			if q.Actor == "" || q.App == "" {
				return fail(exitUsage, "add --actor and --app", "say who would act, and in which application")
			}
			client, err := e.client()
			if err != nil {
				return err
			}
			out, err := client.GetTerms(c.Context(), q)
			if err != nil {
				return err
			}
			return e.print(many{out, out.Terms}, func(t *table) { terms(t, out.Terms) })
		},
	}
	c.Flags().StringVar(&q.Actor, "actor", "", "who acts: an id, directory/name or me (needed)")
	c.Flags().StringVar(&q.App, "app", "", "application (needed)")
	c.Flags().StringVar(&q.Realm, "realm", "", "realm of that application")
	return c
}

// timers gives those in force, and a client.
func (e *env) timers(ctx context.Context) (*client, admin.Timers, error) {
	c, err := e.client()
	if err != nil {
		return nil, admin.Timers{}, err
	}
	t, err := c.GetTimers(ctx)
	return c, t, err
}

func (e *env) showTimers(t admin.Timers) error {
	return e.print(many{t, t.Timers}, func(out *table) {
		out.columns = []string{"for", "sets"}
		for _, one := range t.Timers {
			out.row(forWhom(one), strings.Join(sets(one), ", "))
		}
	})
}

// forWhom says whom a timer is for: "orders, staff/testers".
func forWhom(t admin.TimerText) string {
	parts := slices.DeleteFunc([]string{t.App, t.Realm, t.Group}, func(s string) bool { return s == "" })
	if len(parts) == 0 {
		return "everything"
	}
	return strings.Join(parts, ", ")
}

// sets lists the members that a timer sets.
func sets(t admin.TimerText) (all []string) {
	for _, m := range [][2]string{{"default_duration", t.DefaultDuration}, {"max_duration", t.MaxDuration}, {"extensions", counted(t.Extensions)}, {"total", t.Total},
		{"idle", t.Idle}, {"start_window", t.StartWindow}, {"ask_window", t.AskWindow}, {"fresh", t.Fresh}, {"per_actor", counted(t.PerActor)}} {
		if m[1] != "" {
			all = append(all, m[0]+" "+m[1])
		}
	}
	return all
}

func counted(n int64) string {
	if n == 0 {
		return ""
	}
	return number(n)
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
				e.say("Set by %s, %s (version %s).", account(*t.By), when(t.At), number(t.Version))
			}
			return e.showTimers(t)
		},
	}
}

func (e *env) timersSet() *cobra.Command {
	var w admin.TimerText
	var reason string
	var remove, yes bool
	c := &cobra.Command{
		Use: "set", Short: "Add a timer, change it or take it away", Args: cobra.NoArgs,
		Long: "set changes the timer for exactly the application, realm and group that are named, or adds it. What is not given stays\n" +
			"as it is; 0 takes a member away.",
		Example: "  stead settings timers set --app orders --group staff/testers --max 2m --reason \"audit\"",
	}
	f := c.Flags()
	f.StringVar(&w.App, "app", "", "application (default: all)")
	f.StringVar(&w.Realm, "realm", "", "realm of that application (default: all)")
	f.StringVar(&w.Group, "group", "", "group of the actor, directory/group (default: everybody)")
	f.Duration("default", 0, "length of a term where none is asked for")
	f.Duration("max", 0, "longest term")
	f.Int64Var(&w.Extensions, "extensions", 0, "how many further terms")
	f.Duration("total", 0, "longest time of all terms together")
	f.Duration("idle", 0, "it ends when nothing was done for so long")
	f.Duration("start-window", 0, "how long an approved mandate may wait for its start")
	f.Duration("ask-window", 0, "how long a request may wait for its approvals")
	f.Duration("fresh", 0, "how long a code counts as fresh")
	f.Int64Var(&w.PerActor, "per-actor", 0, "mandates one actor may hold at once")
	f.BoolVar(&remove, "remove", false, "take this timer away")
	f.BoolVar(&yes, "yes", false, "do not ask back when it is taken away")
	f.StringVar(&reason, "reason", "", "why; stands in the trail")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := said(reason); err != nil {
			return err
		}
		client, t, err := e.timers(c.Context())
		if err != nil {
			return err
		}
		i := slices.IndexFunc(t.Timers, func(o admin.TimerText) bool { return o.App == w.App && o.Realm == w.Realm && o.Group == w.Group })
		if remove {
			if i < 0 {
				return fail(exitNotFound, "stead settings timers show", "there is no timer for %s", forWhom(w))
			}
			if err := e.confirm(yes, forWhom(w), "takes the timer for "+forWhom(w)+" away"); err != nil {
				return err
			}
			return e.putTimers(c.Context(), client, t.Version, admin.TimersIn{Timers: slices.Delete(t.Timers, i, i+1), Reason: reason})
		}
		if i < 0 {
			t.Timers = append(t.Timers, admin.TimerText{App: w.App, Realm: w.Realm, Group: w.Group})
			i = len(t.Timers) - 1
		}
		at := &t.Timers[i]
		for name, to := range map[string]*string{"default": &at.DefaultDuration, "max": &at.MaxDuration, "total": &at.Total, "idle": &at.Idle,
			"start-window": &at.StartWindow, "ask-window": &at.AskWindow, "fresh": &at.Fresh} {
			if f.Changed(name) {
				d, err := f.GetDuration(name)
				if err != nil {
					return err
				}
				if *to = d.String(); d == 0 {
					*to = ""
				}
			}
		}
		if f.Changed("extensions") {
			at.Extensions = w.Extensions
		}
		if f.Changed("per-actor") {
			at.PerActor = w.PerActor
		}
		return e.putTimers(c.Context(), client, t.Version, admin.TimersIn{Timers: t.Timers, Reason: reason})
	}
	return c
}

// putTimers sends all timers, as far as nobody has changed them since they were read.
func (e *env) putTimers(ctx context.Context, c *client, read int64, in admin.TimersIn) error {
	out, err := c.SetTimers(ctx, in, admin.IfMatch(read))
	if err != nil {
		return err
	}
	return e.showTimers(out)
}

// said asks for a reason before anything is asked of the server.
func said(reason string) error {
	if strings.TrimSpace(reason) == "" {
		return fail(exitUsage, "add --reason", "say why the timers change")
	}
	return nil
}

func (e *env) timersReset() *cobra.Command {
	var reason string
	var yes bool
	c := &cobra.Command{
		Use: "reset", Short: "Take the timers back to those of the configuration file", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := said(reason); err != nil {
				return err
			}
			client, t, err := e.timers(c.Context())
			if err != nil {
				return err
			}
			if err := e.confirm(yes, "timers", "takes back every timer that was set here"); err != nil {
				return err
			}
			return e.putTimers(c.Context(), client, t.Version, admin.TimersIn{Configuration: true, Reason: reason})
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask back")
	c.Flags().StringVar(&reason, "reason", "", "why; stands in the trail")
	return c
}
