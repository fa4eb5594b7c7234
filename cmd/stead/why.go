package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/api"
	"github.com/steadhq/stead/internal/authority"
)

// explained is a decision of the past, or a case that was only tried: then there is nobody and no time.
type explained struct {
	Decision string       `json:"decision,omitempty"`
	Allowed  bool         `json:"allowed,omitempty"`
	Reason   stead.Reason `json:"reason_code,omitempty"`
	Text     string       `json:"text,omitempty"`
	At       time.Time    `json:"at,omitzero"`
	Index    uint64       `json:"index,omitempty"`
	Actor    api.Who      `json:"actor,omitzero"`
	Subject  api.Who      `json:"subject,omitzero"`
	Mandate  string       `json:"mandate,omitempty"`
	App      string       `json:"app,omitempty"`
	Action   string       `json:"action,omitempty"`
	Method   string       `json:"method,omitempty"`
	Path     string       `json:"path,omitempty"`
	Same     bool         `json:"same_again,omitempty"`
	authority.Explanation
}

func (e *env) why() *cobra.Command {
	return &cobra.Command{
		Use: "why DECISION", Short: "Why a decision is as it is, and for a no what came closest to a yes", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			var out explained
			if err := client.call(c.Context(), "GET", "/v1/decisions/"+path(args[0]), nil, &out); err != nil {
				return err
			}
			return e.explain(out)
		},
	}
}

func (e *env) explain(x explained) error {
	return e.print(x, func(t *table) {
		if x.Decision == "" {
			t.row("answer", yesNo(x.Allow))
		} else {
			x.told(t)
		}
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
	})
}

// told is who wanted what, and what came of it.
func (x explained) told(t *table) {
	t.row("decision", fmt.Sprintf("%s, event %d, %s", x.Decision, x.Index, when(x.At)))
	t.row("who", account(x.Actor)+" → "+account(x.Subject))
	t.row("what", strings.TrimSpace(fmt.Sprintf("%s %s (%s in %s)", x.Method, x.Path, x.Action, x.App)))
	answer := yesNo(x.Allowed)
	if x.Reason != "" {
		answer += ", " + string(x.Reason)
	}
	t.row("answer", answer)
	if x.Text != "" {
		t.row("because", x.Text)
	}
	if x.Mandate != "" {
		t.row("mandate", x.Mandate)
	}
	if !x.Same {
		t.row("note", "asked again with everything as it was, another answer comes out: tell who runs this server")
	}
}

func yesNo(yes bool) string { return map[bool]string{true: "yes", false: "no"}[yes] }

func traced(t *table, how string, r authority.RuleTrace) {
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
