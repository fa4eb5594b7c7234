package main

import (
	"encoding/json"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead/internal/config"
	"github.com/steadhq/stead/internal/gateway"
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
			raw, err := wholeSchema()
			if err == nil {
				_, err = e.out.Write(raw)
			}
			return err
		},
	}
	c.AddCommand(validate, show, schema)
	return c
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
