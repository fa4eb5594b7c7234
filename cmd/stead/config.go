package main

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead/client/admin"
	"github.com/steadhq/stead/internal/config"
	"github.com/steadhq/stead/internal/gateway"
)

func (e *env) config() *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "The configuration of a server: check it, print it, put it in force"}
	c.AddCommand(e.configValidate(), e.configPrint(), e.configSchema(), e.configReload())
	return c
}

func (e *env) configValidate() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use: "validate", Short: "Check a configuration, and say what is wrong with which line", Args: cobra.NoArgs,
		Long:    "validate reads the file as a server would, with the environment over it, and runs the tests of the applications' rules.\nNothing is changed. It exits with 2 when something is wrong.",
		Example: "  stead config validate --config /etc/stead/stead.yaml",
		RunE: func(*cobra.Command, []string) error {
			c, err := config.Load(file, e.environ)
			if err == nil {
				_, err = checked(c)
			}
			if err == nil {
				e.say("It is well formed.")
			}
			return err
		},
	}
	c.Flags().StringVar(&file, "config", "", "file (none: defaults and environment only)")
	return c
}

func (e *env) configPrint() *cobra.Command {
	var file string
	var redact, origin bool
	c := &cobra.Command{
		Use: "print", Short: "Print what is in force: file, environment and defaults", Args: cobra.NoArgs,
		Long: "print shows every key as a server would take it. Secrets are not shown; --redact=false shows those that stand in the file\n" +
			"itself. --origin says behind every key where its value is from: a line of the file, a variable, or the default.",
		Example: "  stead config print --config stead.yaml --origin",
		RunE: func(*cobra.Command, []string) error {
			c, err := config.Load(file, e.environ)
			if err != nil {
				return err
			}
			raw, err := c.Print(!redact, origin)
			if err != nil {
				return err
			}
			_, err = e.out.Write(raw)
			return err
		},
	}
	c.Flags().StringVar(&file, "config", "", "file (none: defaults and environment only)")
	c.Flags().BoolVar(&redact, "redact", true, "do not show secrets")
	c.Flags().BoolVar(&origin, "origin", false, "say where every value is from")
	return c
}

func (e *env) configSchema() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of the file, for editors", Args: cobra.NoArgs,
		Long:    "schema prints a JSON Schema (2020-12) of the whole file, applications included. An editor that finds it by the first line of\nthe file, # yaml-language-server: $schema=./stead.schema.json, completes keys and marks what is wrong.",
		Example: "  stead config schema > stead.schema.json",
		RunE: func(*cobra.Command, []string) error {
			raw, err := wholeSchema()
			if err == nil {
				_, err = e.out.Write(raw)
			}
			return err
		},
	}
}

func (e *env) configReload() *cobra.Command {
	var last bool
	c := &cobra.Command{
		Use: "reload", Short: "Let a running server read its configuration again: all or nothing", Args: cobra.NoArgs,
		Long: "reload is for administrators. The server reads its file, checks it, runs the tests of the applications' rules, and puts all of\n" +
			"it in force or nothing; what differs is printed, secrets only as changed. What cannot change while it runs is named, and stays\n" +
			"until it is started again. A SIGHUP does the same, and so does the server itself when the file has changed.",
		Example: "  stead config reload\n  stead config reload --last",
		RunE: func(c *cobra.Command, _ []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			if last {
				return e.lastReload(c.Context(), cl)
			}
			out, err := cl.ReloadConfig(c.Context())
			if err != nil {
				return err
			}
			if len(out.Changed)+len(out.Restart) == 0 && e.format == "table" {
				e.say("Nothing differs from what is in force.")
				return nil
			}
			return e.print(out, func(t *table) { changeTable(t, "now", out.Changed, out.Restart) })
		},
	}
	c.Flags().BoolVar(&last, "last", false, "only show how the last reading went, and what it changed")
	return c
}

// changeTable shows a configuration as it was and as it is. Of a secret the server tells only that it is another.
func changeTable(t *table, taken string, changed, restart []admin.KeyChange) {
	t.columns = []string{"key", "before", "after", "in force"}
	for _, d := range changed {
		t.row(d.Key, was(d), cmp.Or(d.After, "not set"), taken)
	}
	for _, d := range restart {
		t.row(d.Key, was(d), cmp.Or(d.After, "not set"), "after a restart: "+d.Why)
	}
}

func was(d admin.KeyChange) string {
	if d.After == "changed" && d.Before == "" {
		return "not shown"
	}
	return cmp.Or(d.Before, "not set")
}

// lastReload shows how the last reading of the configuration went, whoever asked for it.
func (e *env) lastReload(ctx context.Context, c *client) error {
	r, err := c.GetReload(ctx)
	if err != nil {
		return err
	}
	by := "by itself, or by a signal"
	if r.By != nil {
		by = "by " + account(*r.By)
	}
	if r.OK {
		e.say("%s was read on %s %s, and is in force.", r.File, when(r.At), by)
	} else {
		e.say("%s was read on %s %s, and not taken: %s", r.File, when(r.At), by, r.Problem)
	}
	taken := when(r.ChangedAt)
	if len(r.Changed)+len(r.Restart) == 0 {
		e.say("Nothing has changed since the server started.")
	}
	return e.print(r, func(t *table) {
		if len(r.Changed)+len(r.Restart) > 0 {
			changeTable(t, taken, r.Changed, r.Restart)
		}
	})
}

// wholeSchema is the schema of the configuration with that of its applications, which only the gateway knows.
func wholeSchema() ([]byte, error) {
	type schema map[string]any
	var whole, apps struct {
		Schema     string            `json:"$schema"`
		Title      string            `json:"title"`
		Type       string            `json:"type"`
		Additional bool              `json:"additionalProperties"`
		Properties map[string]schema `json:"properties"`
	}
	for _, one := range []struct {
		raw  []byte
		into any
	}{{config.Schema(), &whole}, {gateway.Schema(), &apps}} {
		if err := json.Unmarshal(one.raw, one.into); err != nil {
			return nil, err
		}
	}
	whole.Properties["apps"] = apps.Properties["apps"]
	raw, err := json.MarshalIndent(whole, "", "  ")
	return append(raw, '\n'), err
}
