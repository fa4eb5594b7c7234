package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/api"
)

type actWish struct {
	Subject    string            `json:"subject,omitempty"`
	Directory  string            `json:"directory,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"`
	App        string            `json:"app"`
	Reason     string            `json:"reason,omitempty"`
	Ticket     string            `json:"ticket,omitempty"`
	Mode       stead.Mode        `json:"mode,omitempty"`
	For        string            `json:"for,omitempty"`
	Target     string            `json:"target,omitempty"`
	Code       string            `json:"code,omitempty"`
	Start      bool              `json:"start,omitempty"`
}

func (e *env) act() *cobra.Command {
	var w actWish
	var edit, wait bool
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
	f.DurationVar(&patience, "timeout", 10*time.Minute, "how long to wait")
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 1 {
			w.Directory, w.Subject = within(args[0], w.Directory)
		}
		if w.App == "" || (w.Subject == "" && len(w.Attributes) == 0) {
			return fail(exitUsage, "stead act --help", "say for whom, and --app")
		}
		if edit {
			w.Mode = stead.Edit
		}
		client, err := e.client()
		if err != nil {
			return err
		}
		return e.ask(c.Context(), client, w, wait, patience)
	}
	return c
}

func (e *env) ask(ctx context.Context, c *client, w actWish, wait bool, patience time.Duration) error {
	var m api.Mandate
	if err := e.withCode(&w.Code, func() error { return c.call(ctx, "POST", "/v1/mandates", w, &m) }); err != nil {
		return err
	}
	if m.State == stead.Asked && wait {
		var err error
		if m, err = e.await(ctx, c, m, patience); err != nil {
			return err
		}
		if w.Start && m.State == stead.Approved {
			if err := c.call(ctx, "POST", "/v1/mandates/"+string(m.ID)+"/start", nil, &m); err != nil {
				return err
			}
		}
	}
	return e.asked(m)
}

// await asks every two seconds until a request does not wait any more.
func (e *env) await(ctx context.Context, c *client, m api.Mandate, patience time.Duration) (api.Mandate, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	e.say("%s waits for %s …", m.ID, stages(m))
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for m.State == stead.Asked {
		select {
		case <-ctx.Done():
			return m, fail(exitWaiting, "stead mandate show "+string(m.ID), "%s still waits for %s", m.ID, stages(m))
		case <-tick.C:
		}
		if err := c.call(ctx, "GET", "/v1/mandates/"+string(m.ID), nil, &m); err != nil && ctx.Err() == nil {
			return m, err
		}
	}
	return m, nil
}

// asked prints what became of a request, and ends with its code.
func (e *env) asked(m api.Mandate) error {
	err := e.print(m, func(t *table) {
		mandateTable(t, m)
		if m.State == stead.Approved {
			t.columns = nil
			t.rows = [][]string{{string(m.ID)}, {m.Claim}}
		}
	})
	switch {
	case err != nil:
		return err
	case m.State == stead.Asked:
		return fail(exitWaiting, "stead mandate show "+string(m.ID), "%s waits for %s", m.ID, stages(m))
	case m.State == stead.Ended:
		return fail(exitDenied, "", "%s has ended: %s", m.ID, m.Why)
	case m.State == stead.Active:
		e.say("You act for %s until %s. End it with: stead mandate end %s", account(m.Subject), when(m.Until), m.ID)
	case m.State == stead.Approved:
		e.say("Open the link in a browser where you are signed in, before %s. It works once, and only for you.", when(m.StartBy))
	}
	return nil
}

func stages(m api.Mandate) string {
	for i, s := range m.Stages {
		yes := 0
		for _, v := range m.Votes {
			if v.Yes && v.Stage == i {
				yes++
			}
		}
		if yes < s.Count {
			return fmt.Sprintf("%d more of %v", s.Count-yes, s.Groups)
		}
	}
	return "approval"
}
