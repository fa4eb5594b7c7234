package main

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/api"
)

func (e *env) mandate() *cobra.Command {
	c := &cobra.Command{Use: "mandate", Short: "See and move mandates"}
	c.AddCommand(e.mandateList(), e.mandateShow(),
		e.vote("approve", "Agree to exactly what was asked"), e.vote("refuse", "Say no to what was asked"),
		e.turn("withdraw", "Take back what you asked", false, false),
		e.turn("start", "Start acting in this session, for clients that are no browsers", false, true),
		e.turn("extend", "Ask for one more term", true, true), e.turn("end", "End it: the task is done", false, false),
		e.turn("revoke", "Take the authority away", true, false),
		e.turn("suspend", "Hold it until it is resumed", false, false), e.turn("resume", "Let it go on", false, false))
	return c
}

func mandateTable(t *table, list ...api.Mandate) {
	t.columns = []string{"id", "state", "actor", "subject", "app", "mode", "until", "left", "reason"}
	for _, m := range list {
		app := ""
		if len(m.Apps) > 0 {
			app = string(m.Apps[0])
		}
		until := when(m.Until)
		switch m.State {
		case stead.Asked, stead.Approved:
			until = "by " + when(m.StartBy)
		case stead.Ended:
			until = string(m.Why)
		}
		t.row(string(m.ID), string(m.State), account(m.Actor), account(m.Subject), app, string(m.Mode), until, number(m.Left), m.Reason)
	}
}

func (e *env) mandateList() *cobra.Command {
	var all bool
	var state string
	c := &cobra.Command{
		Use: "list", Short: "List mandates", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			var out struct {
				Mandates []api.Mandate `json:"mandates"`
			}
			q := query("state", state)
			if all {
				q = query("state", state, "all", "true")
			}
			if err := client.call(c.Context(), "GET", "/v1/mandates"+q, nil, &out); err != nil {
				return err
			}
			return e.print(out, func(t *table) { mandateTable(t, out.Mandates...) })
		},
	}
	c.Flags().BoolVar(&all, "all", false, "everybody's, where you may see them")
	c.Flags().StringVar(&state, "state", "", "asked, approved, active, suspended or ended")
	return c
}

func (e *env) mandateShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a mandate: who, for whom, what, why, and who agreed", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			_, m, err := e.get(c.Context(), args[0])
			if err != nil {
				return err
			}
			return e.print(m, func(t *table) { mandateDetail(t, m) })
		},
	}
}

func (e *env) get(ctx context.Context, id string) (*client, api.Mandate, error) {
	var m api.Mandate
	c, err := e.client()
	if err == nil {
		err = c.call(ctx, "GET", "/v1/mandates/"+path(id), nil, &m)
	}
	return c, m, err
}

func mandateDetail(t *table, m api.Mandate) {
	for _, row := range [][2]string{
		{"id", string(m.ID)}, {"state", string(m.State)}, {"actor", account(m.Actor)}, {"subject", account(m.Subject)},
		{"mode", string(m.Mode)}, {"reason", m.Reason}, {"ticket", m.Ticket}, {"length", m.Length},
		{"extensions left", number(m.Left)}, {"asked", when(m.AskedAt)}, {"start by", when(m.StartBy)},
		{"started", when(m.StartedAt)}, {"until", when(m.Until)}, {"ended", when(m.EndedAt)}, {"why", string(m.Why)},
		{"ended by", m.EndedBy}, {"digest", m.Digest}, {"claim", m.Claim},
	} {
		if row[1] != "" {
			t.row(row[0], row[1])
		}
	}
	for _, a := range m.Apps {
		t.row("app", string(a))
	}
	for _, r := range m.Rules {
		t.row("rule", r.ID)
	}
	for _, v := range m.Votes {
		t.row("approval", account(v.By)+": "+yesno(v.Yes)+" "+when(v.At)+" "+v.Comment)
	}
}

// vote shows what is voted on before it is bound: the digest is that of what was shown.
func (e *env) vote(verb, short string) *cobra.Command {
	var comment, digest string
	var yes bool
	c := &cobra.Command{
		Use: verb + " ID", Short: short, Args: cobra.ExactArgs(1),
		Long: short + ". What was asked is shown first; the vote is bound to exactly that, by its digest.",
		RunE: func(c *cobra.Command, args []string) error {
			client, m, err := e.get(c.Context(), args[0])
			if err != nil {
				return err
			}
			if digest != "" && digest != m.Digest {
				return fail(exitConflict, "stead mandate show "+args[0], "what is asked is not what you have seen (its digest is %s)", m.Digest)
			}
			if digest == "" && !yes {
				t := &table{}
				mandateDetail(t, m)
				t.write(e.err, width(e.err, e.getenv))
				if err := e.confirm(false, verb, "binds you to what is shown above"); err != nil {
					return err
				}
			}
			in := map[string]string{"digest": m.Digest, "comment": comment}
			return e.moved(c.Context(), client, args[0], verb, in)
		},
	}
	c.Flags().StringVar(&comment, "comment", "", "why")
	c.Flags().StringVar(&digest, "digest", "", "of what you have seen, instead of being shown it")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask back")
	return c
}

func (e *env) turn(verb, short string, reasoned, coded bool) *cobra.Command {
	var reason, code string
	c := &cobra.Command{
		Use: verb + " ID", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			return e.withCode(&code, func() error {
				var in map[string]string
				if reasoned || coded {
					in = map[string]string{}
				}
				if reason != "" {
					in["reason"] = reason
				}
				if code != "" {
					in["code"] = code
				}
				return e.moved(c.Context(), client, args[0], verb, in)
			})
		},
	}
	if reasoned {
		c.Flags().StringVar(&reason, "reason", "", "why")
	}
	if coded {
		c.Flags().StringVar(&code, "code", "", "current one-time code")
	}
	return c
}

func (e *env) moved(ctx context.Context, c *client, id, verb string, in map[string]string) error {
	var m api.Mandate
	var body any
	if in != nil {
		body = in
	}
	if err := c.call(ctx, "POST", "/v1/mandates/"+path(id)+"/"+verb, body, &m); err != nil {
		return err
	}
	return e.print(m, func(t *table) { mandateTable(t, m) })
}
