package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead/internal/api"
)

func (e *env) session() *cobra.Command {
	c := &cobra.Command{Use: "session", Short: "Sign-ins of people"}
	c.AddCommand(&cobra.Command{
		Use: "list", Short: "List sessions: your own, everybody's where you may see them", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			var out struct {
				Sessions []api.Session `json:"sessions"`
			}
			if err := client.call(c.Context(), "GET", "/v1/sessions", nil, &out); err != nil {
				return err
			}
			return e.print(out, func(t *table) { sessionTable(t, out.Sessions) })
		},
	}, &cobra.Command{
		Use: "end ID", Short: "End a session, and what hangs on it", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			return client.call(c.Context(), "DELETE", "/v1/sessions/"+path(args[0]), nil, nil)
		},
	})
	return c
}

func sessionTable(t *table, list []api.Session) {
	t.columns = []string{"id", "who", "level", "by", "since", "until", "idle", "this one"}
	for _, s := range list {
		t.row(string(s.ID), account(s.Person), number(s.Level), strings.Join(s.AMR, "+"), when(s.Since), when(s.Until), s.Idle, yesno(s.Mine))
	}
}
