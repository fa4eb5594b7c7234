package main

import (
	"github.com/spf13/cobra"

	"github.com/steadhq/stead/client/admin"
)

func (e *env) agentSecret() *cobra.Command {
	return &cobra.Command{Use: "secret AGENT", Short: "Give an agent a client secret: shown once, the one before counts no more", Args: cobra.ExactArgs(1),
		Long: "Give an agent a client secret, for what cannot hold a key. It is shown this once and kept nowhere. The one before counts no\nmore, and what was enrolled with that ends. For who answers for the agent, and administrators.",
		RunE: func(c *cobra.Command, args []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			s, err := client.MakeSecret(c.Context(), args[0])
			if err != nil {
				return err
			}
			return e.print(s, func(t *table) {
				t.row("client_id", s.ClientID)
				t.row("client_secret", s.ClientSecret)
			})
		}}
}

func (e *env) agentEnrollToken() *cobra.Command {
	var length string
	c := &cobra.Command{Use: "enroll-token AGENT", Short: "Make a token by which one instance of an agent enrolls itself, once", Args: cobra.ExactArgs(1),
		Long: "Make a token by which one instance of an agent enrolls itself, once, within ten minutes: hand it to the machine where the agent\nis to run (stead task run --enrolment-file). For who answers for the agent, and administrators.",
		RunE: func(c *cobra.Command, args []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			s, err := client.MakeEnrolment(c.Context(), args[0], admin.EnrolmentBody{For: length})
			if err != nil {
				return err
			}
			return e.print(s, func(t *table) {
				t.row("enrolment", s.Enrolment)
				t.row("until", when(s.Until))
			})
		}}
	c.Flags().StringVar(&length, "for", "", "how long it counts, at most 10m (default 10m)")
	return c
}
