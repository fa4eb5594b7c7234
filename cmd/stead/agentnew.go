package main

import (
	"cmp"

	"github.com/spf13/cobra"

	"github.com/steadhq/stead/client/admin"
)

func (e *env) agentNew() *cobra.Command {
	var in admin.AgentBody
	var task admin.Task
	var dryRun bool
	c := &cobra.Command{Use: "new NAME --owner OWNER (--template TEMPLATE | --need NEED …)", Short: "Register an agent from a template, or from what its task needs", Args: cobra.ExactArgs(1),
		Long: "Register an agent that is made from a template, or that has one task and what it needs in words of the catalogue: a system, an action, a\n" +
			"resource, and columns where not all of them. * stands for any letters in the last part of a resource. What each need is exactly is looked\n" +
			"up once and shown: --dry-run ends there. stead system show tells what there is; files say more: stead apply.",
		RunE: func(c *cobra.Command, args []string) error {
			in.Name = args[0]
			if len(task.Needs) > 0 {
				task.Purpose = cmp.Or(task.Purpose, in.Purpose)
				in.Tasks = []admin.Task{task}
			}
			if in.Owner == "" || in.Template == "" && len(in.Tasks) == 0 {
				return fail(exitUsage, "stead agent new --help", "say who answers for it, and from which template it is made or what it needs: --owner, and --template or --need")
			}
			client, err := e.client()
			if err != nil {
				return err
			}
			m, err := client.MapAgent(c.Context(), admin.MapAgentQuery{}, in)
			if err != nil {
				return err
			}
			if dryRun {
				e.say("Nothing was done. %s would get exactly this:", in.Name)
				return e.print(m, func(t *table) { wouldGet(t, m) })
			}
			a, err := client.RegisterAgent(c.Context(), admin.RegisterAgentQuery{Mapping: m.Mapping}, in)
			if err != nil {
				return err
			}
			return e.print(a, func(t *table) {
				t.row(a.Account, "owner "+account(a.Owner)+", "+agentState(a))
				wouldGet(t, m)
			})
		}}
	f := c.Flags()
	f.StringVar(&in.Template, "template", "", "what it is made from")
	f.StringVar(&in.Owner, "owner", "", "who answers for it: directory/name")
	f.StringToStringVar(&in.Set, "set", nil, "what stands for a ${name} of the template: name=value")
	f.StringVar(&in.Kind, "kind", "", "company, employee or peer")
	f.StringVar(&in.Tier, "tier", "", "how much harm it could do: low, medium or high")
	f.StringVar(&in.Purpose, "purpose", "", "what it is there for")
	f.StringVar(&in.Segment, "segment", "", "where it lies")
	f.StringVar(&task.ID, "task", "main", "name of its task, with --need")
	f.StringVar(&task.Mode, "mode", "", "read-only or edit, with --need")
	f.StringArrayVar(&task.Needs, "need", nil, "what the task needs: 'crm read public.orders(id, name)' (several: give it again)")
	f.BoolVar(&dryRun, "dry-run", false, "show exactly what it would get, and do nothing")
	e.completesFlag(c, "kind", func(*cobra.Command, string) ([]string, cobra.ShellCompDirective) {
		return []string{"company", "employee", "peer"}, cobra.ShellCompDirectiveNoFileComp
	})
	return c
}

// wouldGet are rows of what tasks entitle to.
func wouldGet(t *table, m admin.Mapping) {
	for _, k := range m.Tasks {
		t.row("task "+k.ID, k.Purpose)
		for _, g := range k.Grants {
			t.row("", grantLine(g))
		}
	}
}
