package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/steadhq/stead/client/admin"
)

func (e *env) segment() *cobra.Command {
	c := &cobra.Command{Use: "segment", Short: "Segments: what lies apart, where flows lead, what is isolated",
		Long: "Agents reach their own segment, and where a flow leads. The configuration says what lies in a segment, a registration in which\n" +
			"one an agent is. One agent is cut off by stead agent suspend, which ends its mandates at once too."}
	c.AddCommand(e.segmentList(), e.segmentShow(), e.segmentCut("isolate", "Cut a segment off: nothing goes in or out, and the mandates concerned end", "isolated: nothing goes in or out", (*admin.Client).IsolateSegment),
		e.segmentCut("reconnect", "Let its agents ask again: by another person than the one who isolated it", "reconnected: its agents ask again", (*admin.Client).ReconnectSegment))
	return c
}

func segmentState(g admin.Segment) string {
	if g.Isolated {
		return "isolated"
	}
	return "open"
}

func segmentNamed(name string) string {
	if name == "" {
		return "(none)"
	}
	return name
}

func (e *env) segmentList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List segments", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		client, err := e.client()
		if err != nil {
			return err
		}
		out, err := client.ListSegments(c.Context())
		if err != nil {
			return err
		}
		if !out.InForce && e.format == "table" {
			e.say("No application or system lies in a segment, so agents are kept in none: name some under segments in the configuration.")
		}
		return e.print(out.Segments, func(t *table) {
			t.columns = []string{"segment", "state", "agents", "systems", "leads to"}
			for _, g := range out.Segments {
				t.row(segmentNamed(g.Name), segmentState(g), number(len(g.Agents)), strings.Join(g.Systems, ", "), reaches(g.Flows))
			}
		})
	}}
}

func (e *env) segmentShow() *cobra.Command {
	return &cobra.Command{Use: "show NAME", Short: "Show a segment, its agents and systems, and its flows", Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		client, err := e.client()
		if err != nil {
			return err
		}
		g, err := client.GetSegment(c.Context(), args[0])
		if err != nil {
			return err
		}
		return e.print(g, func(t *table) {
			t.row("segment", segmentNamed(g.Name))
			t.row("state", segmentState(g))
			if g.By != nil {
				t.row("", account(*g.By)+", "+g.At.Local().Format(time.DateTime)+": "+g.Reason)
			}
			for _, w := range g.Agents {
				t.row("agent", account(w))
			}
			for _, s := range g.Systems {
				t.row("system", s)
			}
			for _, f := range g.Flows {
				t.row("flow "+f.Name, reaches([]admin.Flow{f})+": "+f.Purpose)
			}
		})
	}}
}

func (e *env) segmentCut(verb, short, state string, move func(*admin.Client, context.Context, string, admin.CutIn, ...admin.Option) (admin.Segment, error)) *cobra.Command {
	var reason string
	c := &cobra.Command{Use: verb + " NAME --reason WHY", Short: short, Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		if strings.TrimSpace(reason) == "" {
			return fail(exitUsage, "stead segment "+verb+" "+args[0]+" --reason WHY", "say why: it stands in the trail")
		}
		client, err := e.client()
		if err != nil {
			return err
		}
		g, err := move(client.Client, c.Context(), args[0], admin.CutIn{Reason: reason})
		if err != nil {
			return err
		}
		return e.print(g, func(t *table) { t.row(g.Name, state) })
	}}
	c.Flags().StringVar(&reason, "reason", "", "why, for the record")
	return c
}

func (e *env) flow() *cobra.Command {
	c := &cobra.Command{Use: "flow", Short: "Flows: ways from one segment to another", Long: "A flow lets the agents of one segment ask into another, for some actions or for all. Open one with stead apply, kind: Flow."}
	c.AddCommand(&cobra.Command{Use: "list", Short: "List the ways between segments", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		client, err := e.client()
		if err != nil {
			return err
		}
		out, err := client.ListFlows(c.Context())
		if err != nil {
			return err
		}
		return e.print(out.Flows, func(t *table) {
			t.columns = []string{"flow", "from", "to", "what for"}
			for _, f := range out.Flows {
				t.row(f.Name, segmentNamed(f.From), reaches([]admin.Flow{f}), f.Purpose)
			}
		})
	}}, &cobra.Command{Use: "retire NAME", Short: "Close a way between segments: mandates that went along it end", Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		client, err := e.client()
		if err != nil {
			return err
		}
		if err := client.RetireFlow(c.Context(), args[0]); err != nil {
			return err
		}
		e.say("%s is closed.", args[0])
		return nil
	}})
	return c
}
