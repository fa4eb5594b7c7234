package main

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead/internal/survey"
)

func (e *env) appCheck() *cobra.Command {
	var v visiting
	var pages int
	var file, actor, keep string
	var yes bool
	c := &cobra.Command{
		Use: "check [URL]", Short: "Look at a running application, and say which lines of rules it needs", Args: cobra.MaximumNArgs(1),
		Long: "Look at a running application as people of a test, and say which lines of rules it needs. It is asked by GET only, where\nit is and not by way of the gateway: does it take the names it is told, which policies, cookies, redirects, keys in\nlinks and ways to sign in does it have. The exit code is 7 where something will not work.\n\n" +
			"With --write-canary it writes instead, once, what the file says: as --actor for --as, by way of a gateway, in edit mode. Then\nit reads the application's own record, and says whether that names the actor: only then does `aware: true` belong into\nthe rules, and without it nobody edits for another there. It says first what it will do, and asks. The exit code is 7\nwhere the actor is not named.",
		Example: "  stead app check http://10.0.0.5:8080 --header X-Remote-User --as dana --as omar\n" +
			"  stead app check --file apps.yaml --app wiki --as dana --as omar\n" +
			"  stead app check --file apps.yaml --app wiki --write-canary canary.yaml --actor staff/sam --as customers/dana",
	}
	v.flags(c)
	c.Flags().StringArrayVar(&v.as, "as", nil, "person of a test: dana or customers/dana (give two to tell them apart)")
	c.Flags().IntVar(&pages, "pages", 12, "most pages and scripts to open beside the first")
	c.Flags().StringVar(&file, "write-canary", "", "file that says what to write, and where the application records who did")
	c.Flags().StringVar(&actor, "actor", "", "with --write-canary: who writes for --as, staff/NAME, a person of a test")
	c.Flags().StringVar(&keep, "keep", "", "with --write-canary: new folder for the log of the check (default: none is kept)")
	c.Flags().BoolVar(&yes, "yes", false, "with --write-canary: do not ask back")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := v.prepare(args); err != nil {
			return err
		}
		if file != "" {
			return e.writeCanary(c.Context(), &v, file, actor, keep, yes)
		}
		if actor != "" || keep != "" || yes {
			return fail(exitUsage, "", "--actor, --keep and --yes go with --write-canary: nothing else is written")
		}
		found, err := v.checker(pages).Check(c.Context(), v.start)
		if err != nil {
			return fail(exitUnreachable, "", "%s", err)
		}
		return e.findings(found, "%d of %d findings will not work behind the gateway")
	}
	return c
}

// findings prints what was found. One that is bad is a failure, which says so.
func (e *env) findings(found []survey.Finding, says string) error {
	bad := 0
	for _, f := range found {
		if f.Level == survey.Bad {
			bad++
		}
	}
	err := e.print(found, func(t *table) {
		t.columns = []string{"result", "check", "found", "rule line"}
		for _, f := range found {
			t.row(f.Level, f.Check, f.Found, f.Write)
		}
	})
	if err == nil && bad > 0 {
		return fail(exitVerify, "", says, bad, len(found))
	}
	return err
}

// writeCanary tries whether an application's own record names the actor (R26).
func (e *env) writeCanary(ctx context.Context, v *visiting, file, actor, keep string, yes bool) error {
	c, err := e.canaryFor(v, file, actor, keep)
	if err != nil {
		return err
	}
	c.plan()
	if err := e.confirm(yes, string(c.app.ID), "writes to the application"); err != nil {
		return err
	}
	if err := c.run(ctx); err != nil {
		return err
	}
	return e.findings(c.found, "%d of %d findings say that edit mode stays closed")
}

func (v *visiting) checker(pages int) *survey.Checker {
	c := &survey.Checker{Nobody: v.visitor(""), Pages: pages, Closed: v.closed}
	for _, name := range v.as {
		c.People = append(c.People, survey.Person{
			Name: v.account(name), Visitor: v.visitor(name), Again: v.visitor(name), Told: v.visitor(name, "X-Stead-Mode", "read-only"),
		})
	}
	if v.app != nil && v.app.Whoami != nil {
		c.Whoami = v.app.Whoami.Served
	}
	return c
}
