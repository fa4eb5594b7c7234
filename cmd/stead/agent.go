package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/steadhq/stead/client/admin"
)

func (e *env) agent() *cobra.Command {
	c := &cobra.Command{Use: "agent", Short: "Agents: whose they are, what they may, what runs of them",
		Long: "An agent is registered with an owner who answers for it, and with the tasks it is there for: exactly the entitlements that\n" +
			"each needs. It acts under a mandate for one of them, agreed to as policy says. Register and change agents with stead apply."}
	c.AddCommand(e.agentList(), e.agentShow(), e.agentUsage(), e.agentNew(), e.agentTemplate(), e.agentLearn(), e.agentPropose(), e.agentSuspend(), e.agentResume(), e.agentRetire(), e.agentSecret(), e.agentEnrollToken(), e.agentTry())
	return c
}

func (e *env) agentList() *cobra.Command {
	limit := limited{most: 100}
	c := &cobra.Command{Use: "list", Short: "List agents: all for who may see them, else those you answer for", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		client, err := e.client()
		if err != nil {
			return err
		}
		out := admin.AgentsOut{Agents: []admin.Agent{}}
		out.NextPageToken, err = limit.pages(func(n int64, token string) (int, string, error) {
			page, err := client.ListAgents(c.Context(), admin.ListAgentsQuery{Limit: n, PageToken: token})
			out.Agents = append(out.Agents, page.Agents...)
			return len(page.Agents), page.NextPageToken, err
		})
		if err != nil {
			return err
		}
		if len(out.Agents) == 0 && e.format == "table" {
			e.say("No agents that you may see: who answers for one does, and admins, security and auditors. An admin registers them: stead apply -f agents.yaml")
		}
		return e.print(many{out, out.Agents}, func(t *table) {
			t.columns = []string{"agent", "kind", "owner", "tier", "segment", "state", "runs", "mandates"}
			for _, a := range out.Agents {
				t.row(a.Account, a.AgentKind, account(a.Owner), a.Tier, a.Segment, agentState(a), number(int64(len(a.Instances))), number(int64(len(a.Mandates))))
			}
		})
	}}
	limit.flag(c.Flags())
	return c
}

func agentState(a admin.Agent) string {
	switch {
	case a.Suspended:
		return "suspended"
	case a.Orphan:
		return "nobody answers for it"
	case a.Learning != nil:
		return "in use, learns"
	}
	return "in use"
}

func (e *env) agentShow() *cobra.Command {
	return &cobra.Command{Use: "show AGENT", Short: "Show an agent, its tasks, what runs of it and what it holds", Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		client, err := e.client()
		if err != nil {
			return err
		}
		a, err := client.GetAgent(c.Context(), args[0])
		if err != nil {
			return err
		}
		return e.print(a, func(t *table) {
			t.row("agent", a.Account+" ("+a.ID+")")
			t.row("what for", a.Purpose)
			t.row("kind", a.AgentKind+", tier "+a.Tier)
			t.row("owner", account(a.Owner))
			t.row("state", agentState(a))
			if m := a.Template; m != nil {
				t.row("template", m.Name+" "+number(m.Version)+" "+asSet(m.Set))
				for _, d := range m.Drift {
					t.row("drift", d)
				}
			}
			if a.Learning != nil {
				t.row("learning", learnState(a))
			}
			for _, k := range a.Tasks {
				t.row("task "+k.ID, strings.TrimSpace(k.Purpose+" "+k.Length))
				if k.Depth > 0 {
					t.row("", strings.TrimSpace("passed on "+number(k.Depth)+" deep "+strings.Join(k.Delegates, ", ")))
				}
				for _, g := range k.Grants {
					t.row("", grantLine(g))
				}
			}
			needRows(t, a)
			for _, i := range a.Instances {
				t.row("runs", i.ID+" until "+i.Until.Local().Format(time.DateTime))
			}
			for _, m := range a.Mandates {
				t.row("mandate", m.ID+" "+m.State+" for "+m.Task)
			}
		})
	}}
}

// needRows say in which words its needs were said, what they came to, and what they would be by now.
func needRows(t *table, a admin.Agent) {
	for _, n := range a.Mapped {
		t.row("needs", n.Need+": "+strings.Join(n.Resources, ", "))
	}
	for _, d := range a.Drift {
		t.row("drift", d)
	}
}

func (e *env) agentSuspend() *cobra.Command {
	var reason string
	c := &cobra.Command{Use: "suspend AGENT", Short: "Stop an agent: its mandates end, and it asks for none until it is resumed", Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		return e.agentMoved(c.Context(), "suspended", func(ctx context.Context, client *client) (admin.Agent, error) {
			return client.SuspendAgent(ctx, args[0], admin.RevokeBody{Reason: reason})
		})
	}}
	c.Flags().StringVar(&reason, "reason", "", "why, for the record")
	return c
}

func (e *env) agentResume() *cobra.Command {
	var reason string
	c := &cobra.Command{Use: "resume AGENT", Short: "Let a suspended agent ask again: not by who answers for it", Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		return e.agentMoved(c.Context(), "in use again", func(ctx context.Context, client *client) (admin.Agent, error) {
			return client.ResumeAgent(ctx, args[0], admin.RevokeBody{Reason: reason})
		})
	}}
	c.Flags().StringVar(&reason, "reason", "", "why, for the record")
	return c
}

func (e *env) agentMoved(ctx context.Context, state string, move func(context.Context, *client) (admin.Agent, error)) error {
	client, err := e.client()
	if err != nil {
		return err
	}
	a, err := move(ctx, client)
	if err != nil {
		return err
	}
	return e.print(a, func(t *table) { t.row(a.Account, state) })
}

func (e *env) agentRetire() *cobra.Command {
	var yes bool
	c := &cobra.Command{Use: "retire AGENT", Short: "End an agent for good, with what runs of it and what it holds", Args: cobra.ExactArgs(1),
		Long: "End an agent for good. Its name is free again; what it did stays on record.",
		RunE: func(c *cobra.Command, args []string) error {
			if err := e.confirm(yes, args[0], "ends "+args[0]+" for good, with what runs of it and what it holds"); err != nil {
				return err
			}
			client, err := e.client()
			if err != nil {
				return err
			}
			if err := client.RetireAgent(c.Context(), args[0]); err != nil {
				return err
			}
			e.say("%s is retired.", args[0])
			return nil
		}}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask back")
	return c
}
