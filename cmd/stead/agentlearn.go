package main

import (
	"bytes"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/steadhq/stead/client/admin"
)

func (e *env) agentLearn() *cobra.Command {
	var in admin.LearnIn
	var stop bool
	c := &cobra.Command{Use: "learn AGENT --for TIME --reason WHY", Short: "Record what an agent asks for beyond its entitlements; nothing is granted", Args: cobra.ExactArgs(1),
		Long: "Put an agent into learn mode. What no entitlement covers is refused as ever, and on record as what it was: system, action,\n" +
			"resource, columns. It ends by itself. stead agent propose makes entitlements of it.",
		RunE: func(c *cobra.Command, args []string) error {
			if !stop && (in.For == "" || in.Reason == "") {
				return fail(exitUsage, "stead agent learn --help", "say how long and why: --for 168h --reason WHY")
			}
			client, err := e.client()
			if err != nil {
				return err
			}
			var a admin.Agent
			if stop {
				a, err = client.EndLearning(c.Context(), args[0])
			} else {
				a, err = client.BeginLearning(c.Context(), args[0], in)
			}
			if err != nil {
				return err
			}
			return e.print(a, func(t *table) { t.row(a.Account, learnState(a)) })
		}}
	c.Flags().StringVar(&in.For, "for", "", "how long, such as 168h; at most 720h")
	c.Flags().StringVar(&in.Reason, "reason", "", "why, for the record and for whoever sees the agent")
	c.Flags().StringVar(&in.Task, "task", "", "what one of its tasks needs; not given: whatever it asks for")
	c.Flags().BoolVar(&stop, "stop", false, "end it now; what was learned stays on record")
	return c
}

// learnState says whether an agent learns.
func learnState(a admin.Agent) string {
	if a.Learning == nil {
		return "does not learn"
	}
	of := ""
	if a.Learning.Task != "" {
		of = " what " + a.Learning.Task + " needs"
	}
	return "learns" + of + " until " + when(a.Learning.Until) + ": " + a.Learning.Reason + " (" + account(a.Learning.By) + ")"
}

func (e *env) agentPropose() *cobra.Command {
	var days int64
	var file string
	c := &cobra.Command{Use: "propose AGENT", Short: "Propose the smallest entitlements that cover what an agent asked for; it changes nothing", Args: cobra.ExactArgs(1),
		Long: "Propose, from what is on record, what to add to an agent's tasks and what to take away: what it was refused while it learned, and\n" +
			"what it was granted and never used. --out writes the file that stead apply -f takes. Read it first: what an agent asked for is\n" +
			"its own word.",
		RunE: func(c *cobra.Command, args []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			p, err := client.GetAgentProposal(c.Context(), args[0], admin.GetAgentProposalQuery{Days: days, Most: mostSeen})
			if err != nil {
				return err
			}
			if file != "" {
				if err := e.proposalFile(file, p); err != nil {
					return err
				}
			}
			if e.format == "table" {
				e.proposalSays(p, file)
			}
			return e.print(p, proposalRows(p))
		}}
	c.Flags().Int64Var(&days, "days", 30, "what was asked for and used in so many days counts")
	c.Flags().StringVar(&file, "out", "", "write the file that stead apply -f takes")
	return c
}

// proposalFile writes what stead apply takes: a new file, as another may have been read already.
func (e *env) proposalFile(file string, p admin.Proposal) error {
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if os.IsExist(err) {
		return fail(exitUsage, "", "%s is there already: name another file", file)
	}
	if err != nil {
		return err
	}
	defer out.Close()
	var text bytes.Buffer
	to := *e
	to.out = &text
	if err := to.yaml(map[string][]admin.AgentBody{"agents": {p.Body}}); err != nil {
		return err
	}
	if _, err := out.Write(text.Bytes()); err != nil {
		return err
	}
	return out.Close()
}

func (e *env) proposalSays(p admin.Proposal, file string) {
	if !p.Whole {
		e.say("There is more on record than its newest %d events: those count, and columns are left as they are.", mostSeen)
	}
	for _, t := range p.Edits {
		e.say("The task %s would be more than read-only.", t)
	}
	switch {
	case len(p.Add)+len(p.Remove) == 0:
		e.say("%s has what it asked for, and uses what it has.", p.Agent)
	case file == "":
		e.say("Nothing was changed. Write the file with --out, read it, and have it applied: stead apply -f")
	default:
		e.say("Nothing was changed. Read %s, and have it applied: stead apply -f %s", file, file)
	}
}

func proposalRows(p admin.Proposal) func(*table) {
	return func(t *table) {
		t.columns = []string{"", "task", "entitlement", "seen", "last", "record"}
		seen := func(mark string, all []admin.Addition) {
			for _, a := range all {
				t.row(mark, a.Task, strings.TrimSpace(grantLine(a.Grant)+" "+a.Why), number(a.Times), when(a.LastSeen), strings.Join(a.Events[max(0, len(a.Events)-1):], ""))
			}
		}
		seen("add", p.Add)
		for _, r := range p.Remove {
			mark, text := "take away", grantLine(r.Grant)
			switch {
			case len(r.Left) > 0:
				mark, text = "narrow", text+" to "+strings.Join(r.Left, ", ")
			case r.Twice:
				text += ", which another one covers"
			}
			t.row(mark, r.Task, text, "", lastUsed(r.LastUsed, p.Since), "")
		}
		for _, k := range p.Keep {
			t.row("keep", k.Task, grantLine(k.Grant), "", lastUsed(k.LastUsed, p.Since), "")
		}
		seen("unknown", p.Unknown)
	}
}

func lastUsed(last, since time.Time) string {
	if last.IsZero() {
		return "never, since " + when(since)
	}
	return when(last)
}

// grantLine is an entitlement in one line.
func grantLine(g admin.Entitlement) string {
	return strings.TrimSpace(g.Action + " " + g.System + ": " + g.Resource + " " + strings.Join(g.Columns, ", ") + " " + g.Rows)
}
