package main

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/steadhq/stead/client/admin"
)

func (e *env) agentTemplate() *cobra.Command {
	c := &cobra.Command{Use: "template", Short: "What many agents have in common",
		Long: "A template has the purpose, tier, segment and tasks of agents, with ${name} where they differ. Write one with stead apply,\n" +
			"kind: AgentTemplate. Agents that are made from it change by stead apply or stead agent new alone; stead agent show says where\n" +
			"they have drifted."}
	c.AddCommand(e.templateList(), e.templateShow(), e.templateRetire())
	return c
}

func (e *env) templateList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List templates of agents, and who is made from them", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		client, err := e.client()
		if err != nil {
			return err
		}
		out, err := client.ListTemplates(c.Context())
		if err != nil {
			return err
		}
		if len(out.Templates) == 0 && e.format == "table" {
			e.say("No templates yet. Describe one in a file, kind: AgentTemplate, and put it in force: stead apply -f template.yaml")
		}
		return e.print(out.Templates, func(t *table) {
			t.columns = []string{"template", "version", "what for", "tier", "set", "agents"}
			for _, x := range out.Templates {
				t.row(x.Name, number(x.Version), x.Purpose, x.Tier, valuesOf(x), strings.Join(x.Users, ", "))
			}
		})
	}}
}

// valuesOf says what is set in a template.
func valuesOf(x admin.Template) string {
	var all []string
	for _, v := range x.Values {
		if len(v.Of) > 0 {
			v.Name += "=" + strings.Join(v.Of, "|")
		}
		all = append(all, v.Name)
	}
	return strings.Join(all, ", ")
}

func (e *env) templateShow() *cobra.Command {
	return &cobra.Command{Use: "show NAME", Short: "Show a template and its tasks", Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		client, err := e.client()
		if err != nil {
			return err
		}
		x, err := client.GetTemplate(c.Context(), args[0])
		if err != nil {
			return err
		}
		return e.print(x, func(t *table) {
			t.row("template", x.Name+" "+number(x.Version))
			t.row("what for", x.Purpose)
			t.row("kind", x.AgentKind+", tier "+x.Tier)
			t.row("set", valuesOf(x))
			for _, k := range x.Tasks {
				t.row("task "+k.ID, strings.TrimSpace(k.Purpose+" "+k.Length))
				for _, n := range k.Needs {
					t.row("needs", n)
				}
				for _, g := range k.Grants {
					t.row("", grantLine(g))
				}
			}
			t.row("agents", strings.Join(x.Users, ", "))
			t.row("author", account(x.Author)+", "+x.At.Local().Format(time.DateTime))
		})
	}}
}

func (e *env) templateRetire() *cobra.Command {
	return &cobra.Command{Use: "retire NAME", Short: "Take a template away that no agent is made from", Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		client, err := e.client()
		if err != nil {
			return err
		}
		if err := client.RetireTemplate(c.Context(), args[0]); err != nil {
			return err
		}
		e.say("No agent is made from %s any more.", args[0])
		return nil
	}}
}

// asSet writes name=value, in order.
func asSet(set map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(set)) {
		all = append(all, name+"="+set[name])
	}
	return strings.Join(all, " ")
}
