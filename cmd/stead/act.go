package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/client/admin"
)

func (e *env) act() *cobra.Command {
	var w admin.AskIn
	var edit, wait bool
	var key string
	var patience time.Duration
	c := &cobra.Command{
		Use: "act PERSON --app APP --reason REASON", Short: "Ask to act for somebody", Args: cobra.MaximumNArgs(1),
		Long: "Ask to act for somebody. What is printed is the mandate and, last, a link: open it in a browser where you are signed\nin to start acting there. Nobody else can use it, and it works once.\n\n" +
			"Where somebody has to agree first, the exit code is 6; --wait waits for them.",
		Example: "  stead act customers/dana --app orders --reason \"cannot see her invoice\" --ticket SUP-4711\n  stead act dana --attr customer_no=C-1001 --app orders --reason SUP-4711 --for 5m --wait",
	}
	f := c.Flags()
	f.StringVar(&w.App, "app", "", "application to act in (needed)")
	f.StringVar(&w.Reason, "reason", "", "why: the person sees it (needed)")
	f.StringVar(&w.Ticket, "ticket", "", "ticket it is for")
	f.StringVar(&w.Directory, "directory", "", "where the person is; also as directory/name")
	f.StringToStringVar(&w.Attributes, "attr", nil, "what tells people of one name apart: name=value")
	f.StringVar(&w.For, "for", "", "how long, such as 10m; policy may shorten it")
	f.StringVar(&w.Target, "target", "", "path on the application to land on")
	f.StringVar(&w.Code, "code", "", "current one-time code")
	f.BoolVar(&edit, "edit", false, "ask to change things, not only to look")
	f.BoolVar(&w.Start, "start", false, "start here at once, for clients that are no browsers")
	f.BoolVar(&wait, "wait", false, "wait until everybody has agreed")
	f.StringVar(&key, "once", "", "a key of your own: the same request with it is made once, however often it is sent in 24 hours")
	f.DurationVar(&patience, "timeout", 10*time.Minute, "how long to wait")
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 1 {
			w.Directory, w.Subject = within(args[0], w.Directory)
		}
		if w.App == "" || (w.Subject == "" && len(w.Attributes) == 0) {
			return fail(exitUsage, "stead act --help", "say for whom, and where: PERSON --app APP")
		}
		if edit {
			w.Mode = string(stead.Edit)
		}
		client, err := e.client()
		if err != nil {
			return err
		}
		if key == "" {
			return e.ask(c.Context(), client, w, wait, patience)
		}
		return e.ask(c.Context(), client, w, wait, patience, admin.Once(key))
	}
	return c
}

func (e *env) ask(ctx context.Context, c *client, w admin.AskIn, wait bool, patience time.Duration, opts ...admin.Option) error {
	var m admin.Mandate
	err := e.withCode(&w.Code, func() (err error) { m, err = c.Ask(ctx, w, opts...); return err })
	if err != nil {
		return err
	}
	if m.State == stateAsked && wait {
		if m, err = e.await(ctx, c, m, patience); err != nil {
			return err
		}
		if w.Start && m.State == stateApproved {
			if m, err = c.StartMandate(ctx, m.ID, admin.CodeBody{}); err != nil {
				return err
			}
		}
	}
	return e.asked(m)
}

// await asks every two seconds until a request does not wait any more.
func (e *env) await(ctx context.Context, c *client, m admin.Mandate, patience time.Duration) (admin.Mandate, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	e.say("%s waits for %s …", m.ID, stages(m))
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for m.State == stateAsked {
		select {
		case <-ctx.Done():
			return m, fail(exitWaiting, "stead mandate show "+m.ID, "%s still waits for %s", m.ID, stages(m))
		case <-tick.C:
		}
		now, err := c.GetMandate(ctx, m.ID)
		if err == nil {
			m = now
		} else if ctx.Err() == nil {
			return m, err
		}
	}
	return m, nil
}

// asked prints what became of a request, and ends with its code.
func (e *env) asked(m admin.Mandate) error {
	err := e.print(m, func(t *table) {
		mandateTable(t, m)
		if m.State == stateApproved {
			t.columns = nil
			t.rows = [][]string{{m.ID}, {m.Claim}}
		}
	})
	switch {
	case err != nil:
		return err
	case m.State == stateAsked:
		return fail(exitWaiting, "stead mandate show "+m.ID, "%s waits for %s", m.ID, stages(m))
	case m.State == stateEnded:
		return fail(exitDenied, "", "%s has ended: %s", m.ID, m.Why)
	case m.State == stateActive:
		e.say("You act for %s until %s. End it with: stead mandate end %s", account(m.Subject), when(m.Until), m.ID)
	case m.State == stateApproved:
		e.say("Open the link in a browser where you are signed in, before %s. It works once, and only for you.", when(m.StartBy))
	}
	return nil
}

func stages(m admin.Mandate) string {
	for i, s := range m.Stages {
		yes := int64(0)
		for _, v := range m.Approvals {
			if v.Yes && int(v.Stage) == i {
				yes++
			}
		}
		if yes < s.Count {
			return fmt.Sprintf("%d more of %v", s.Count-yes, s.Groups)
		}
	}
	return "approval"
}
