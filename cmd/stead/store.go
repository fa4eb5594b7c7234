package main

import (
	"github.com/spf13/cobra"
	"github.com/steadhq/stead/internal/config"
	"github.com/steadhq/stead/internal/store"
)

func (e *env) store() *cobra.Command {
	c := &cobra.Command{Use: "store", Short: "Where everything is kept: copy it, bring its schema up to date"}
	c.AddCommand(e.storeCopy(), e.storeMigrate())
	return c
}

func (e *env) storeMigrate() *cobra.Command {
	var file string
	var dry bool
	c := &cobra.Command{
		Use: "migrate", Short: "Bring the schema of a database up to date", Args: cobra.NoArgs,
		Long: "Every node does this when it starts, if its role may. Do it by hand where the role of the nodes owns no tables, and to see\n" +
			"before what will be done. The schema goes forward only, and the program of the version before goes on working with it.\n" +
			"-o yaml shows the SQL.",
		Example: "  stead store migrate --dsn-file /etc/stead/owner.dsn --dry-run -o yaml\n  stead store migrate --dsn-file /etc/stead/owner.dsn",
		RunE: func(c *cobra.Command, _ []string) error {
			dsn, err := connection("--dsn-file", file)
			if err != nil {
				return err
			}
			ask := store.Migrate
			if dry {
				ask = store.Pending
			}
			steps, err := ask(c.Context(), dsn)
			if err != nil {
				return err
			}
			if len(steps) == 0 && e.format == "table" {
				e.say("There is nothing to do: the schema is up to date.")
				return nil
			}
			return e.print(append([]store.Step{}, steps...), func(t *table) {
				t.columns = []string{"version", "says"}
				for _, s := range steps {
					t.row(number(s.Version), s.Says)
				}
			})
		},
	}
	c.Flags().StringVar(&file, "dsn-file", "", "file with the connection string of the database")
	c.Flags().BoolVar(&dry, "dry-run", false, "show what would be done, and do nothing")
	return c
}

// connection reads a connection string, which holds a password and so is no argument.
func connection(flag, file string) (string, error) {
	if file == "" {
		return "", fail(exitUsage, "", "%s is needed: a file with the connection string, postgres://stead@127.0.0.1:5432/stead", flag)
	}
	return config.Secret(file)
}
