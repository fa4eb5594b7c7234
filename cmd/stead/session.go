package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead/client/admin"
)

func (e *env) session() *cobra.Command {
	c := &cobra.Command{Use: "session", Short: "Sign-ins of people"}
	c.AddCommand(e.sessionList(), e.sessionEnd())
	return c
}

func (e *env) sessionEnd() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "end ID", Short: "End a session, and what hangs on it", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			s, err := client.GetSession(c.Context(), args[0])
			if err != nil {
				return err
			}
			who := account(s.Person)
			if err := e.confirm(yes, who, "signs "+who+" out and ends what is done in that session"); err != nil {
				return err
			}
			if err := client.EndSession(c.Context(), s.ID); err != nil {
				return err
			}
			e.say("The session of %s is over.", who)
			return nil
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask back")
	return c
}

func (e *env) sessionList() *cobra.Command {
	var person string
	limit := limited{most: 100}
	c := &cobra.Command{
		Use: "list", Short: "List sessions, newest first: your own, everybody's where you may see them", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			out := admin.SessionsOut{Sessions: []admin.Session{}}
			out.NextPageToken, err = limit.pages(func(n int64, token string) (int, string, error) {
				page, err := client.ListSessions(c.Context(), admin.ListSessionsQuery{Person: person, Limit: n, PageToken: token})
				out.Sessions = append(out.Sessions, page.Sessions...)
				return len(page.Sessions), page.NextPageToken, err
			})
			if err != nil {
				return err
			}
			return e.print(many{out, out.Sessions}, func(t *table) { sessionTable(t, out.Sessions) })
		},
	}
	c.Flags().StringVar(&person, "person", "", "of this one: an id, directory/name or me")
	limit.flag(c.Flags())
	return c
}

func sessionTable(t *table, list []admin.Session) {
	t.columns = []string{"id", "who", "level", "by", "since", "until", "idle", "this one"}
	for _, s := range list {
		t.row(s.ID, account(s.Person), number(s.Level), strings.Join(s.AMR, "+"), when(s.Since), when(s.Until), s.Idle, yesno(s.Current))
	}
}
