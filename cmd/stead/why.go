package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead/client/admin"
)

func (e *env) why() *cobra.Command {
	return &cobra.Command{
		Use: "why DECISION", Short: "Why a decision is as it is, and for a no what came closest to a yes", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			x, err := client.Why(c.Context(), args[0])
			if err != nil {
				return err
			}
			return e.print(x, func(t *table) {
				saidOf(t, x)
				traces(t, admin.Explanation{Rules: x.Rules, Nearest: x.Nearest, Errors: x.Errors, Winners: x.Winners})
			})
		},
	}
}

func traces(t *table, x admin.Explanation) {
	for _, r := range x.Rules {
		traced(t, r.Effect+"s", r)
	}
	if x.Nearest != nil {
		traced(t, "nearest", *x.Nearest)
	}
	for _, s := range x.Errors {
		t.row("failed", s)
	}
	for what, rule := range x.Winners {
		t.row(what+" by", rule)
	}
}

// saidOf tells who wanted what, and what came of it.
func saidOf(t *table, x admin.WhyOut) {
	t.row("decision", fmt.Sprintf("%s, event %d, %s", x.Decision, x.Index, when(x.At)))
	t.row("who", account(x.Actor)+" → "+account(x.Subject))
	t.row("what", strings.TrimSpace(fmt.Sprintf("%s %s (%s in %s)", x.Method, x.Path, x.Action, x.App)))
	answer := yesNo(x.Allowed)
	if x.ReasonCode != "" {
		answer += ", " + string(x.ReasonCode)
	}
	t.row("answer", answer)
	if x.Text != "" {
		t.row("because", x.Text)
	}
	if x.Mandate != "" {
		t.row("mandate", x.Mandate)
	}
	if !x.SameAgain {
		t.row("note", "asked again with everything as it was, another answer comes out: tell who runs this server")
	}
}

func yesNo(yes bool) string { return map[bool]string{true: "yes", false: "no"}[yes] }

func traced(t *table, how string, r admin.RuleTrace) {
	place := r.ID
	if r.File != "" {
		place = fmt.Sprintf("%s (%s:%d)", r.ID, r.File, r.Line)
	}
	t.row(how, place)
	for _, clause := range r.Failed {
		t.row("  failed", clause)
	}
	if r.Advice != "" {
		t.row("  advice", r.Advice)
	}
}
