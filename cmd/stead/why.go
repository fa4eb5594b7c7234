package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead/client/admin"
)

func (e *env) why() *cobra.Command {
	return &cobra.Command{
		Use: "why DECISION", Short: "Why a decision is as it is; for a no, what came closest", Args: cobra.ExactArgs(1),
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
				traces(t, x.Rules, x.Nearest, x.Errors)
				winners(t, x.Winners)
			})
		},
	}
}

func traces(t *table, rules []admin.RuleTrace, nearest *admin.RuleTrace, errs []string) {
	for _, r := range rules {
		traced(t, r.Effect+"s", r)
	}
	if nearest != nil {
		traced(t, "nearest", *nearest)
	}
	for _, s := range errs {
		t.row("failed", s)
	}
}

// winners tells which rule narrowed what.
func winners(t *table, by map[string]string) {
	for _, what := range slices.Sorted(maps.Keys(by)) {
		t.row(what+" by", by[what])
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
	if r.Reason != "" {
		t.row("  in order because", r.Reason)
	}
	if r.Advice != "" {
		t.row("  advice", r.Advice)
	}
}
