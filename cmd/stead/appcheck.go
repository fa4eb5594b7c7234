package main

import (
	"github.com/spf13/cobra"
	"github.com/steadhq/stead/internal/survey"
)

func (e *env) appCheck() *cobra.Command {
	var v visiting
	var pages int
	c := &cobra.Command{
		Use: "check [URL]", Short: "Look at a running application, and say which lines of rules it needs", Args: cobra.MaximumNArgs(1),
		Long: "Look at a running application as people of a test, and say which lines of rules it needs. It is asked by GET only, where\nit is and not by way of the gateway: does it take the names it is told, which policies, cookies, redirects, keys in\nlinks and ways to sign in does it have. The exit code is 7 where something will not work.",
		Example: "  stead app check http://10.0.0.5:8080 --header X-Remote-User --as dana --as omar\n" +
			"  stead app check --file apps.yaml --app wiki --as dana --as omar",
	}
	v.flags(c)
	c.Flags().StringArrayVar(&v.as, "as", nil, "person of a test: dana or customers/dana (give two to tell them apart)")
	c.Flags().IntVar(&pages, "pages", 12, "most pages and scripts to open beside the first")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := v.prepare(args); err != nil {
			return err
		}
		found, err := v.checker(pages).Check(c.Context(), v.start)
		if err != nil {
			return fail(exitUnreachable, "", "%s", err)
		}
		bad := 0
		for _, f := range found {
			if f.Level == survey.Bad {
				bad++
			}
		}
		err = e.print(found, func(t *table) {
			t.columns = []string{"result", "check", "found", "rule line"}
			for _, f := range found {
				t.row(f.Level, f.Check, f.Found, f.Write)
			}
		})
		if err == nil && bad > 0 {
			return fail(exitVerify, "", "%d of %d findings will not work behind the gateway", bad, len(found))
		}
		return err
	}
	return c
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
