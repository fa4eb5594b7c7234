package main

import (
	"github.com/spf13/cobra"
	"github.com/steadhq/stead/internal/config"
)

func (e *env) config() *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "The configuration of a server"}
	var file string
	validate := &cobra.Command{
		Use: "validate", Short: "Check a configuration, and say what is wrong with which line", Args: cobra.NoArgs,
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
	show := &cobra.Command{
		Use: "print", Short: "Print what is in force: file, environment and defaults", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			c, err := config.Load(file, e.environ)
			if err != nil {
				return err
			}
			raw, err := c.Print()
			if err != nil {
				return err
			}
			_, err = e.out.Write(raw)
			return err
		},
	}
	for _, sub := range []*cobra.Command{validate, show} {
		sub.Flags().StringVar(&file, "config", "", "file (none: defaults and environment only)")
	}
	schema := &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of the file, for editors", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := e.out.Write(config.Schema())
			return err
		},
	}
	c.AddCommand(validate, show, schema)
	return c
}
