package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/client/admin"
)

func (e *env) mandate() *cobra.Command {
	c := &cobra.Command{Use: "mandate", Short: "See and move mandates"}
	c.AddCommand(e.mandateList(), e.mandateShow(),
		e.vote("approve", "Agree to exactly what was asked"), e.vote("refuse", "Say no to what was asked"),
		e.comment(), e.turn("withdraw", "Take back what you asked, or what an agent of yours asked", false, false),
		e.turn("start", "Start acting in this session, for clients that are no browsers", false, true),
		e.turn("extend", "Ask for one more term", true, true), e.turn("end", "End it: the task is done", false, false),
		e.revoke(),
		e.turn("suspend", "Hold it until it is resumed", true, false), e.turn("resume", "Let it go on", true, false))
	return c
}

// The states of a mandate as the API writes them.
const (
	stateAsked    = string(stead.Asked)
	stateApproved = string(stead.Approved)
	stateActive   = string(stead.Active)
	stateEnded    = string(stead.Ended)
)

func mandateTable(t *table, list ...admin.Mandate) {
	t.columns = []string{"id", "state", "actor", "subject", "app", "mode", "until", "extensions", "reason"}
	for _, m := range list {
		app := ""
		if len(m.Apps) > 0 {
			app = m.Apps[0]
		}
		until := when(m.Until)
		switch m.State {
		case stateAsked, stateApproved:
			until = "by " + when(m.StartBy)
		case stateEnded:
			until = string(m.Why)
		}
		t.row(m.ID, m.State, account(m.Actor), account(m.Subject), app, m.Mode, until, number(m.ExtensionsLeft), m.Reason)
	}
}

func (e *env) mandateList() *cobra.Command {
	var q admin.ListMandatesQuery
	limit := limited{most: 100}
	c := &cobra.Command{
		Use: "list", Short: "List mandates that have not ended, newest first", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			out := admin.MandatesOut{Mandates: []admin.Mandate{}}
			out.NextPageToken, err = limit.pages(func(n int64, token string) (int, string, error) {
				q.Limit, q.PageToken = n, token
				page, err := client.ListMandates(c.Context(), q)
				out.Mandates = append(out.Mandates, page.Mandates...)
				return len(page.Mandates), page.NextPageToken, err
			})
			if err != nil {
				return err
			}
			return e.print(many{out, out.Mandates}, func(t *table) { mandateTable(t, out.Mandates...) })
		},
	}
	f := c.Flags()
	f.BoolVar(&q.All, "all", false, "everybody's, where you may see them")
	f.StringVar(&q.State, "state", "", "asked, approved, active or suspended")
	f.StringVar(&q.Actor, "actor", "", "who acts: an id, directory/name or me")
	f.StringVar(&q.Subject, "subject", "", "for whom: an id, directory/name or me")
	f.StringVar(&q.App, "app", "", "application")
	limit.flag(f)
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

func (e *env) get(ctx context.Context, id string) (*client, admin.Mandate, error) {
	c, err := e.client()
	if err != nil {
		return c, admin.Mandate{}, err
	}
	m, err := c.GetMandate(ctx, id)
	return c, m, err
}

func ender(who *admin.Who) string {
	if who == nil {
		return ""
	}
	return account(*who)
}

func mandateDetail(t *table, m admin.Mandate) {
	for _, row := range [][2]string{
		{"id", m.ID}, {"state", m.State}, {"actor", account(m.Actor)}, {"subject", account(m.Subject)},
		{"task", m.Task}, {"mode", m.Mode}, {"reason", m.Reason}, {"ticket", m.Ticket}, {"target", m.Target}, {"length", m.Length}, {"idle", m.Idle},
		{"extensions left", number(m.ExtensionsLeft)}, {"asked", when(m.AskedAt)}, {"start by", when(m.StartBy)},
		{"started", when(m.StartedAt)}, {"until", when(m.Until)}, {"ended", when(m.EndedAt)}, {"why", string(m.Why)},
		{"ended by", ender(m.EndedBy)}, {"digest", m.Digest}, {"claim", m.Claim},
		{"narrowed from", m.Parent}, {"passed on as", strings.Join(m.Children, ", ")},
	} {
		if row[1] != "" {
			t.row(row[0], row[1])
		}
	}
	for _, a := range m.Apps {
		t.row("app", a)
	}
	jobRows(t, m)
	for _, r := range m.Rules {
		t.row("rule", r.ID)
	}
	if m.Standing != "" {
		t.row("standing", m.Standing)
	}
	for i, s := range m.Stages {
		t.row("stage "+number(int64(i+1)), stageText(s))
	}
	for _, v := range m.Approvals {
		t.row("approval", account(v.By)+": "+yesno(v.Yes)+" "+when(v.At)+" "+v.Comment)
	}
	for _, c := range m.Comments {
		t.row("comment", account(c.By)+": "+c.Text+" "+when(c.At))
	}
}

// jobRows are what an agent's mandate holds, which is what those who must agree agree to.
func jobRows(t *table, m admin.Mandate) {
	for _, g := range m.Grants {
		t.row("may", grantLine(g))
	}
	for _, name := range slices.Sorted(maps.Keys(m.Conditions)) {
		t.row("only with "+name, strings.Join(m.Conditions[name], " or "))
	}
	if m.Call != "" {
		t.row("which is", m.Call)
	}
	for _, what := range slices.Sorted(maps.Keys(m.Budget)) {
		t.row("at most", fmt.Sprintf("%d %s, %d spent", m.Budget[what], what, m.Spent[what]))
	}
	if m.Depth > 0 {
		t.row("passed on", strings.TrimSpace("up to "+number(m.Depth)+" deep "+strings.Join(m.Delegates, ", ")))
	}
	if m.Word != nil {
		t.row("on the word of", m.Word.Issuer+", who calls the person "+m.Word.Subject)
	}
	if m.Unbound {
		t.row("tokens", "bound to no key")
	}
}

// stageText says who must agree in a stage, and who may too when they take too long.
func stageText(s admin.Stage) string {
	text := number(s.Count) + " of " + strings.Join(s.Groups, ", ")
	if s.Within != "" {
		text += " within " + s.Within
	}
	for _, step := range s.Then {
		if text += " then " + strings.Join(step.Groups, ", "); step.Within != "" {
			text += " within " + step.Within
		}
	}
	return text
}

func (e *env) comment() *cobra.Command {
	return &cobra.Command{
		Use: "comment ID TEXT", Short: "Say something about a request that is your business: no vote", Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			return e.moved(client.CommentMandate(c.Context(), args[0], admin.CommentIn{Text: args[1]}))
		},
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
			cast := client.ApproveMandate
			if verb == "refuse" {
				cast = client.RefuseMandate
			}
			return e.moved(cast(c.Context(), m.ID, admin.ApproveIn{Digest: m.Digest, Comment: comment}))
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
				return e.moved(client.turn(c.Context(), verb, args[0], admin.ReasonBody{Reason: reason, Code: code}))
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

// revoke takes away what somebody else acts by: it does not come back, he asks again.
func (e *env) revoke() *cobra.Command {
	var yes bool
	c := e.turn("revoke", "Take the authority away", true, false)
	do := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if !yes {
			_, m, err := e.get(c.Context(), args[0])
			if err != nil {
				return err
			}
			if err := e.confirm(false, account(m.Actor), "ends for good what "+account(m.Actor)+" does for "+account(m.Subject)); err != nil {
				return err
			}
		}
		return do(c, args)
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask back")
	return c
}

// turn moves a mandate on.
func (c *client) turn(ctx context.Context, verb, id string, in admin.ReasonBody) (admin.Mandate, error) {
	switch verb {
	case "start":
		return c.StartMandate(ctx, id, admin.CodeBody{Code: in.Code})
	case "extend":
		return c.ExtendMandate(ctx, id, in)
	case "revoke":
		return c.RevokeMandate(ctx, id, admin.RevokeBody{Reason: in.Reason})
	case "withdraw":
		return c.WithdrawMandate(ctx, id)
	case "end":
		return c.EndMandate(ctx, id)
	case "suspend":
		return c.SuspendMandate(ctx, id, admin.RevokeBody{Reason: in.Reason})
	}
	return c.ResumeMandate(ctx, id, admin.RevokeBody{Reason: in.Reason})
}

func (e *env) moved(m admin.Mandate, err error) error {
	if err != nil {
		return err
	}
	return e.print(m, func(t *table) { mandateTable(t, m) })
}
