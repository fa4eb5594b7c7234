package main

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead/client/admin"
	"github.com/steadhq/stead/internal/cedar"
)

func (e *env) policy() *cobra.Command {
	c := &cobra.Command{Use: "policy", Short: "Write, test and apply the rules", Long: "Policies are files in a folder: *.cedar, one *.cedarschema, tests/*.yaml. They only stage: another person than the author\napplies them, all at once."}
	c.AddCommand(e.policyValidate(), e.policyTest(), e.policyTry(), e.policyPlan(), e.policyStage(), e.policyApply(), e.policyShow())
	return c
}

// policyFiles reads a folder as a bundle: what is hidden, and what policy cannot be, is left out.
func policyFiles(dir string) (map[string]string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.HasPrefix(d.Name(), ".") && name != dir {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		files[filepath.ToSlash(rel)] = string(raw)
		return err
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fail(exitNotFound, "name the folder that the policies are in", "there is no folder %s", dir)
	case err != nil:
		return nil, err
	case len(files) == 0:
		return nil, fail(exitUsage, "", "%s holds no files", dir)
	}
	return files, nil
}

func folder(args []string) string {
	if len(args) == 0 {
		return "policies"
	}
	return args[0]
}

func (e *env) policyValidate() *cobra.Command {
	return &cobra.Command{
		Use: "validate [DIR]", Short: "Compile the files here, and say what is wrong with which line", Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			files, err := policyFiles(folder(args))
			if err != nil {
				return err
			}
			r := cedar.New().Inspect(files)
			err = e.print(r.Problems, func(t *table) {
				for _, p := range r.Problems {
					t.row(p.String())
				}
			})
			if err != nil {
				return err
			}
			bad := 0
			for _, p := range r.Problems {
				if !p.Warning {
					bad++
				}
			}
			if bad > 0 {
				return fail(exitUsage, "correct the lines above", "%s in %s", count(bad, "problem"), count(len(files), "file"))
			}
			e.say("Well formed: %s in %s. Digest %s", count(int(r.Rules), "rule"), count(len(files), "file"), r.Digest)
			return nil
		},
	}
}

func (e *env) policyTest() *cobra.Command {
	return &cobra.Command{
		Use: "test [DIR]", Short: "Run the tests of the files here", Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			files, err := policyFiles(folder(args))
			if err != nil {
				return err
			}
			r := cedar.New().Inspect(files)
			failed := 0
			for _, c := range r.Cases {
				if !c.Passed() {
					failed++
				}
			}
			if err := e.print(r, func(t *table) { caseTable(t, r) }); err != nil {
				return err
			}
			switch {
			case failed > 0:
				return fail(exitVerify, "", "%d of %d cases failed", failed, len(r.Cases))
			case r.Err() != nil:
				return r.Err()
			}
			e.say("%s passed.", count(len(r.Cases), "case"))
			for _, rule := range r.Unreached {
				e.say("note: no case reaches the rule %s", rule)
			}
			return nil
		},
	}
}

func caseTable(t *table, r cedar.Report) {
	t.columns = []string{"result", "case", "place", "why"}
	for _, c := range r.Cases {
		result := "ok"
		if !c.Passed() {
			result = "FAILED"
		}
		t.row(result, c.Name, c.File+":"+number(c.Line), strings.Join(c.Failed, "; "))
	}
	if len(r.Cases) == 0 {
		t.columns = nil
		for _, p := range r.Problems {
			t.row(p.String())
		}
	}
}

func (e *env) policyTry() *cobra.Command {
	var w admin.TryIn
	var at string
	var staged bool
	c := &cobra.Command{
		Use: "try", Short: "Ask the policy in force, or what is staged, a question, with no effect", Args: cobra.NoArgs,
		Example: "  stead policy try --actor staff/sam --subject customers/dana --app orders --ticket SUP-1",
	}
	f := c.Flags()
	f.StringVar(&w.Actor, "actor", "", "who would act: id or directory/name (needed)")
	f.StringVar(&w.Subject, "subject", "", "for whom; none: for himself")
	f.StringVar(&w.App, "app", "", "application (needed)")
	f.StringVar(&w.Path, "path", "", "path on the application")
	f.StringVar(&w.Action, "action", "", "act, read, mark, write, closed, open or export")
	f.StringVar(&w.Mode, "mode", "", "read-only or edit")
	f.StringVar(&w.For, "for", "", "how long")
	f.StringVar(&w.Reason, "reason", "", "why")
	f.StringVar(&w.Ticket, "ticket", "", "ticket")
	f.Int64Var(&w.Level, "level", 2, "protection level of the session")
	f.StringVar(&at, "at", "", "when: RFC 3339, a day, or how long ago (default: now)")
	f.BoolVar(&staged, "staged", false, "ask what is staged instead of what is in force")
	c.RunE = func(c *cobra.Command, _ []string) error {
		client, err := e.client()
		if err != nil {
			return err
		}
		if w.Actor == "" || w.App == "" {
			return fail(exitUsage, "add --actor and --app", "say who would act, and in which application")
		}
		if at != "" {
			if w.At, err = moment(at, e.now()); err != nil {
				return err
			}
		}
		if staged {
			w.Policy = "staged"
		}
		out, err := client.TryPolicy(c.Context(), w)
		if err != nil {
			return err
		}
		return e.print(out, func(t *table) {
			t.row("answer", yesNo(out.Allow))
			traces(t, out.Rules, out.Nearest, out.Errors)
			winners(t, out.Winners)
			if out.Needs != nil {
				needed(t, *out.Needs)
			}
		})
	}
	return c
}

// needed tells what a yes asks for.
func needed(t *table, n admin.Needs) {
	var agree []string
	for _, s := range n.Stages {
		agree = append(agree, number(s.Count)+" of "+strings.Join(s.Groups, " or "))
	}
	for _, row := range [][2]string{{"needs", strings.Join(n.Requires, ", ")}, {"ticket like", n.TicketForm}, {"must agree", strings.Join(agree, "; then ")},
		{"longest", n.Max}, {"mode", n.Mode}, {"are told", strings.Join(n.Told, ", ")}} {
		if row[1] != "" {
			t.row(row[0], row[1])
		}
	}
}

func (e *env) withFiles(args []string, do func(*client, admin.FilesIn) error) error {
	files, err := policyFiles(folder(args))
	if err != nil {
		return err
	}
	c, err := e.client()
	if err != nil {
		return err
	}
	return do(c, admin.FilesIn{Files: files})
}

func (e *env) policyPlan() *cobra.Command {
	var code, staged bool
	c := &cobra.Command{
		Use: "plan [DIR]", Short: "What would change if the files here were applied, or what is staged", Args: cobra.MaximumNArgs(1),
		Long: "plan compares the files here with the policy in force, line by line, and says whether their tests pass. With --staged it looks\n" +
			"at what waits for its second person: which people gain and lose by it, and which mandates would end.",
		Example: "  stead policy plan ./policies\n  stead policy plan --staged",
		RunE: func(c *cobra.Command, args []string) error {
			if staged {
				return e.planStaged(c.Context(), code)
			}
			var p admin.PlanOut
			err := e.withFiles(args, func(client *client, in admin.FilesIn) (err error) {
				p, err = client.PlanPolicy(c.Context(), in)
				return err
			})
			if err != nil {
				return err
			}
			err = e.print(p, func(t *table) { fileChanges(t, p.Changes) })
			switch {
			case err != nil:
				return err
			case !p.OK:
				return fail(exitVerify, "stead policy test", "%s", p.Problem)
			case len(p.Changes) == 0:
				e.say("Nothing changes.")
			case code:
				return fail(exitChanges, "stead policy stage", "would change: %s", count(len(p.Changes), "file"))
			}
			return nil
		},
	}
	c.Flags().BoolVar(&code, "exit-code", false, "exit with 10 where something changes")
	c.Flags().BoolVar(&staged, "staged", false, "what is staged: who gains and loses by it")
	return c
}

func (e *env) policyStage() *cobra.Command {
	return &cobra.Command{
		Use: "stage [DIR]", Short: "Hand the files here in: another person applies them", Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var out admin.StagedOut
			err := e.withFiles(args, func(client *client, in admin.FilesIn) (err error) {
				out, err = client.StagePolicy(c.Context(), in)
				return err
			})
			if err != nil {
				return err
			}
			e.say("Staged. Another person now runs: stead policy apply %s", out.Digest)
			return e.print(out, func(t *table) { t.row(out.Digest) })
		},
	}
}

func (e *env) policyApply() *cobra.Command {
	return &cobra.Command{
		Use: "apply DIGEST", Short: "Put in force what another person staged", Args: cobra.ExactArgs(1),
		Long: "Put in force what another person staged. The digest says what you have looked at: stead policy plan --staged.",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args[0]) != 2*sha256.Size {
				return fail(exitUsage, "stead policy plan --staged shows it", "%q is no digest: those have %d letters", args[0], 2*sha256.Size)
			}
			client, err := e.client()
			if err != nil {
				return err
			}
			b, err := client.ApplyPolicy(c.Context(), admin.ApplyIn{Digest: args[0]})
			if err != nil {
				return err
			}
			return e.print(b, func(t *table) { t.row("in force", b.Digest); t.row("version", number(b.Version)) })
		},
	}
}

func (e *env) policyShow() *cobra.Command {
	var staged bool
	c := &cobra.Command{
		Use: "show", Short: "Show the policy in force, or what is staged", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			out, err := client.GetPolicy(c.Context())
			if err != nil {
				return err
			}
			b := out.InForce
			if staged {
				if out.Staged == nil {
					return fail(exitNotFound, "", "nothing is staged")
				}
				b = *out.Staged
			}
			return e.print(b, func(t *table) {
				t.row("digest", b.Digest)
				if b.Author.ID != "" {
					t.row("author", account(b.Author))
				}
				for _, name := range slices.Sorted(maps.Keys(b.Files)) {
					t.row(name, number(strings.Count(b.Files[name], "\n"))+" lines")
				}
			})
		},
	}
	c.Flags().BoolVar(&staged, "staged", false, "what waits for its second person")
	return c
}
