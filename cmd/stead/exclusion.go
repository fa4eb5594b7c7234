package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/steadhq/stead/client/admin"
)

func (e *env) exclusion() *cobra.Command {
	c := &cobra.Command{Use: "exclusion", Short: "What no one party may hold, or do on one thing, both",
		Long: "An exclusion keeps two sides apart. A party is a person and every agent he answers for. Without same no party holds both; with\n" +
			"same: resource, or argument:NAME, who did one side on a thing never does the other on it. Put one in force with stead apply."}
	c.AddCommand(e.exclusionList(), e.exclusionShow(), e.exclusionRetire())
	return c
}

func (e *env) exclusionList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List the exclusions in force", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		client, err := e.client()
		if err != nil {
			return err
		}
		out, err := client.ListExclusions(c.Context())
		if err != nil {
			return err
		}
		if len(out.Exclusions) == 0 && e.format == "table" {
			e.say("No exclusions yet. Describe one in a file, kind: Exclusion, and put it in force: stead apply -f duties.yaml")
		}
		return e.print(out.Exclusions, func(t *table) {
			t.columns = []string{"exclusion", "about", "why", "author"}
			for _, x := range out.Exclusions {
				t.row(x.Name, aboutOf(x), x.Purpose, account(x.Author))
			}
		})
	}}
}

// aboutOf says what an exclusion is about.
func aboutOf(x admin.Exclusion) string {
	switch {
	case x.Same == "":
		return "holding both"
	case x.Within == "":
		return "doing both on the same " + x.Same
	}
	return "doing both on the same " + x.Same + " within " + x.Within
}

func (e *env) exclusionShow() *cobra.Command {
	return &cobra.Command{Use: "show NAME", Short: "Show an exclusion and its two sides", Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		client, err := e.client()
		if err != nil {
			return err
		}
		x, err := client.GetExclusion(c.Context(), args[0])
		if err != nil {
			return err
		}
		return e.print(x, func(t *table) {
			t.row("exclusion", x.Name)
			t.row("why", x.Purpose)
			t.row("about", aboutOf(x))
			for _, r := range x.First {
				t.row("first", r.Action+" "+r.System+": "+r.Resource)
			}
			for _, r := range x.Second {
				t.row("second", r.Action+" "+r.System+": "+r.Resource)
			}
			for _, u := range x.UnknownActions {
				t.row("warning", "the policy does not know the action "+u)
			}
			t.row("author", account(x.Author)+", "+x.At.Local().Format(time.DateTime))
		})
	}}
}

func (e *env) exclusionRetire() *cobra.Command {
	return &cobra.Command{Use: "retire NAME", Short: "Take an exclusion out of force: by another person than its author", Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		client, err := e.client()
		if err != nil {
			return err
		}
		if err := client.RetireExclusion(c.Context(), args[0]); err != nil {
			return err
		}
		e.say("%s binds nobody any more. What was done stays known under its name.", args[0])
		return nil
	}}
}

func (e *env) sod() *cobra.Command {
	c := &cobra.Command{Use: "sod", Short: "Separation of duties"}
	c.AddCommand(&cobra.Command{Use: "check", Short: "List who holds now what no one party may hold; exit code 7 where there are any", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			out, err := client.ListClashes(c.Context())
			if err != nil {
				return err
			}
			if err := e.print(out.Clashes, func(t *table) {
				t.columns = []string{"exclusion", "first", "second", "refused", "owner"}
				for _, x := range out.Clashes {
					t.row(x.Exclusion, account(x.First), account(x.Second), account(x.Later), account(x.Owner))
				}
			}); err != nil {
				return err
			}
			if n := len(out.Clashes); n > 0 {
				return fail(exitVerify, "take tasks away from one, or give one to another owner: stead apply -f agents.yaml", "%d held both sides of an exclusion before it was there: the later ones are refused", n)
			}
			if e.format == "table" {
				e.say("Nobody holds both sides of an exclusion.")
			}
			return nil
		}})
	return c
}

// reaches says where flows lead, in one line.
func reaches(all []admin.Flow) string {
	var to []string
	for _, f := range all {
		where := f.To
		if where == "" {
			where = "(none)"
		}
		if len(f.Actions) > 0 {
			where += " (" + strings.Join(f.Actions, ", ") + ")"
		}
		to = append(to, where)
	}
	return strings.Join(to, ", ")
}
