package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// run is the whole program; it gives the exit code.
func run(e *env, args []string) int {
	root := e.root()
	root.SetArgs(args)
	root.SetOut(e.out)
	root.SetErr(e.err)
	err := root.ExecuteContext(e.ctx)
	if err != nil {
		e.tell(err)
	}
	return codeOf(err)
}

func (e *env) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "stead",
		Short:         "Act for somebody else: asked for, agreed, limited, shown, recorded",
		Version:       e.version,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(*cobra.Command, []string) error { return e.welcome() },
		Args: func(c *cobra.Command, given []string) error {
			if len(given) > 0 {
				return unknown(c, given[0])
			}
			return nil
		},
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fail(exitUsage, c.CommandPath()+" --help", "%s", err)
	})
	root.SetVersionTemplate("{{.Version}}\n")
	f := root.PersistentFlags()
	f.StringVarP(&e.format, "output", "o", "table", "form of what is printed: table, json, jsonl (a line each), yaml or csv")
	f.StringVar(&e.profile, "profile", "", "name of the server in profiles.yaml (default: the one logged in to last)")
	f.StringVar(&e.addr, "addr", "", "address of the server (default: $STEAD_ADDR, then the profile)")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		switch e.format {
		case "table", "json", "jsonl", "yaml", "csv":
			return nil
		}
		return fail(exitUsage, "", "-o %s is not known: table, json, jsonl, yaml or csv", e.format)
	}
	root.AddGroup(&cobra.Group{ID: "act", Title: "Acting"}, &cobra.Group{ID: "look", Title: "Looking"}, &cobra.Group{ID: "run", Title: "Running"})
	for _, group := range []struct {
		id   string
		list []*cobra.Command
	}{
		{"act", []*cobra.Command{e.login(), e.logout(), e.whoami(), e.password(), e.act(), e.mandate(), e.task()}},
		{"look", []*cobra.Command{e.why(), e.report(), e.audit()}},
		{"run", []*cobra.Command{e.dev(), e.initCommand(), e.serve(), e.policy(), e.settings(), e.app(), e.person(), e.agent(), e.apply(), e.exclusion(), e.sod(), e.segment(), e.flow(), e.system(), e.session(), e.key(), e.notice(), e.store(), e.config(), e.doctor(), e.versionCommand()}},
	} {
		for _, c := range group.list {
			c.GroupID = group.id
			root.AddCommand(strict(c))
		}
	}
	root.CompletionOptions.DisableDefaultCmd = true
	shells := strict(e.completion(root))
	shells.GroupID = "run"
	root.AddCommand(shells)
	e.completes(root)
	exemplify(root)
	root.SetUsageTemplate(usage)
	root.SetHelpCommand(&cobra.Command{Use: "help [command]", Short: "Help about a command", Hidden: true, GroupID: "run", RunE: func(_ *cobra.Command, args []string) error {
		c, rest, err := root.Find(args)
		if err != nil || len(rest) > 0 {
			return unknown(c, rest[0])
		}
		return c.Help()
	}})
	return root
}

// unknown says that there is no such command, and which is nearest.
func unknown(c *cobra.Command, word string) error {
	next := c.CommandPath() + " --help"
	if near := c.SuggestionsFor(word); len(near) > 0 {
		next = "did you mean " + c.CommandPath() + " " + near[0] + "?"
	}
	return fail(exitUsage, next, "%s has no command %q", c.CommandPath(), word)
}

// strict makes wrong arguments an error of usage, and a bare group print its help.
func strict(c *cobra.Command) *cobra.Command {
	args := c.Args
	c.Args = func(c *cobra.Command, given []string) error {
		if args == nil {
			return nil
		}
		if args(c, given) == nil {
			return nil
		}
		return fail(exitUsage, c.CommandPath()+" --help", "%s: it is written %s", amiss(c, given), c.UseLine())
	}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.DefValue == "[]" && f.Value.Type() == "stringToString" {
			f.DefValue = "" // of names and values nothing is no default worth telling; pflag knows it of lists
		}
	})
	if c.HasSubCommands() && c.RunE == nil {
		c.Args = nil
		c.RunE = func(c *cobra.Command, given []string) error {
			if len(given) > 0 {
				return unknown(c, given[0])
			}
			return c.Help()
		}
	}
	for _, sub := range c.Commands() {
		strict(sub)
	}
	return c
}

// amiss says what is wrong with the words behind a command.
func amiss(c *cobra.Command, given []string) string {
	needed := 0
	for _, w := range strings.Fields(c.Use)[1:] {
		if !strings.HasPrefix(w, "[") && !strings.HasPrefix(w, "-") {
			needed++
		}
		if strings.HasPrefix(w, "-") {
			break
		}
	}
	switch {
	case len(given) < needed:
		return "something is missing"
	case len(given) == 1 && needed == 1:
		return strconv.Quote(given[0]) + " is none of those"
	}
	return strconv.Quote(given[min(needed, len(given)-1)]) + " is too much"
}

func (e *env) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return e.print(map[string]string{"version": e.version}, func(t *table) { t.row(e.version) })
		},
	}
}

func (e *env) say(format string, args ...any) { fmt.Fprintf(e.err, format+"\n", args...) }
