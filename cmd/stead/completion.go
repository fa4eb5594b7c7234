package main

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead/client/admin"
	"github.com/steadhq/stead/internal/authority"
)

// completeFor is how long completing may wait for a server: a shell that hangs at a Tab is worse than no answer.
const completeFor = 700 * time.Millisecond

func (e *env) completion(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "completion bash|zsh|fish|powershell", Short: "Print what lets a shell complete commands, ids and names", Args: cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		Long: "completion prints a script for a shell. Where you are signed in it completes mandates, people, applications and sessions as the\n" +
			"server knows them, and is silent when the server is slow or gone. For act it offers whom you acted for before: looking for\n" +
			"people is on record, and a Tab is no reason.",
		Example: "  source <(stead completion bash)\n  stead completion zsh > \"${fpath[1]}/_stead\"\n  stead completion fish > ~/.config/fish/completions/stead.fish\n  stead completion powershell | Out-String | Invoke-Expression",
		RunE: func(_ *cobra.Command, args []string) error {
			print := map[string]func(io.Writer) error{
				"bash":       func(w io.Writer) error { return root.GenBashCompletionV2(w, true) },
				"zsh":        root.GenZshCompletion,
				"fish":       func(w io.Writer) error { return root.GenFishCompletion(w, true) },
				"powershell": root.GenPowerShellCompletionWithDesc,
			}
			return print[args[0]](e.out)
		},
	}
}

// A choice is what may stand at a place, and what it is.
type choice struct{ value, says string }

type chooser func(context.Context, *client) []choice

// completes puts choices where the usage of a command names a thing of the server's, and where a flag does.
func (e *env) completes(c *cobra.Command) {
	byWord := map[string]chooser{"ID": mandateIDs, "ACCOUNT": accounts, "PERSON": subjects}
	if words := strings.Fields(c.Use); len(words) > 1 && c.ValidArgsFunction == nil && len(c.ValidArgs) == 0 {
		pick := byWord[words[1]]
		if words[1] == "REPORT" {
			for _, r := range authority.Reports {
				c.ValidArgs = append(c.ValidArgs, r.ID+"\t"+r.Title)
			}
		}
		if c.HasParent() && c.Parent().Name() == "session" {
			pick = sessionIDs
		}
		if pick != nil {
			c.ValidArgsFunction = func(c *cobra.Command, given []string, typed string) ([]string, cobra.ShellCompDirective) {
				if len(given) > 0 {
					return nil, cobra.ShellCompDirectiveNoFileComp
				}
				return e.choose(c, pick, typed)
			}
		}
	}
	for flag, pick := range map[string]chooser{"app": appIDs, "actor": accounts, "subject": accounts, "mandate": mandateIDs} {
		e.completesFlag(c, flag, func(c *cobra.Command, typed string) ([]string, cobra.ShellCompDirective) {
			return e.choose(c, pick, typed)
		})
	}
	for flag, list := range map[string][]string{"output": {"table", "json", "jsonl", "yaml", "csv"}, "mode": {"read-only", "edit"}, "tier": {"low", "medium", "high"},
		"state": {"asked", "approved", "active", "suspended", "ended"}, "store": {"embedded", "postgres"}} {
		e.completesFlag(c, flag, func(*cobra.Command, string) ([]string, cobra.ShellCompDirective) {
			return list, cobra.ShellCompDirectiveNoFileComp
		})
	}
	for _, sub := range c.Commands() {
		e.completes(sub)
	}
}

func (e *env) completesFlag(c *cobra.Command, flag string, pick func(*cobra.Command, string) ([]string, cobra.ShellCompDirective)) {
	if c.LocalFlags().Lookup(flag) == nil {
		return
	}
	// Its error is a flag that is not there, which was asked above, or one that is registered twice.
	_ = c.RegisterFlagCompletionFunc(flag, func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return pick(c, typed)
	}) // one of its own stays
}

// choose asks the server, and gives up silently.
func (e *env) choose(c *cobra.Command, pick chooser, typed string) ([]string, cobra.ShellCompDirective) {
	none := cobra.ShellCompDirectiveNoFileComp
	cl, err := e.client()
	if err != nil || cl.profile.Token == "" {
		return nil, none
	}
	ctx, cancel := context.WithTimeout(c.Context(), completeFor)
	defer cancel()
	var out []string
	for _, one := range pick(ctx, cl) {
		if strings.HasPrefix(one.value, typed) {
			out = append(out, clean(one.value)+"\t"+clean(one.says))
		}
	}
	slices.Sort(out)
	return slices.Compact(out), none
}

// What goes wrong while somebody completes leaves nothing to choose from.

func mandateIDs(ctx context.Context, c *client) (all []choice) {
	page, err := c.ListMandates(ctx, admin.ListMandatesQuery{})
	if err != nil {
		return nil
	}
	for _, m := range page.Mandates {
		all = append(all, choice{m.ID, m.State + ", " + account(m.Actor) + " for " + account(m.Subject) + " in " + strings.Join(m.Apps, ", ")})
	}
	return all
}

func subjects(ctx context.Context, c *client) (all []choice) {
	page, err := c.ListMandates(ctx, admin.ListMandatesQuery{})
	if err != nil {
		return nil
	}
	for _, m := range page.Mandates {
		if m.Subject.Account != "" {
			all = append(all, choice{account(m.Subject), m.Subject.Name})
		}
	}
	return all
}

func accounts(ctx context.Context, c *client) (all []choice) {
	page, err := c.ListPeople(ctx, admin.ListPeopleQuery{})
	if err != nil {
		return nil
	}
	for _, p := range page.People {
		all = append(all, choice{account(of(p)), p.Name})
	}
	return all
}

func appIDs(ctx context.Context, c *client) (all []choice) {
	page, err := c.ListApps(ctx, admin.ListAppsQuery{})
	if err != nil {
		return nil
	}
	for _, a := range page.Apps {
		all = append(all, choice{a.ID, strings.Join(a.Hosts, ", ")})
	}
	return all
}

func sessionIDs(ctx context.Context, c *client) (all []choice) {
	page, err := c.ListSessions(ctx, admin.ListSessionsQuery{})
	if err != nil {
		return nil
	}
	for _, s := range page.Sessions {
		all = append(all, choice{s.ID, account(s.Person)})
	}
	return all
}
