package main

import (
	"github.com/spf13/cobra"
	"github.com/steadhq/stead/client/admin"
)

func (e *env) key() *cobra.Command {
	c := &cobra.Command{Use: "key", Short: "Keys that sign tokens and assertions"}
	c.AddCommand(e.keyRotate())
	return c
}

func (e *env) keyRotate() *cobra.Command {
	var in admin.RotateKeysIn
	var yes bool
	c := &cobra.Command{
		Use: "rotate", Short: "Make new signing keys before the old ones' 30 days are over", Args: cobra.NoArgs,
		Long: "Make new keys to sign tokens and assertions with. They sign ten minutes later, and the old ones are published until what they signed\n" +
			"is over, so nobody notices. With --compromised nothing that the old ones signed counts any more, at every node within five\n" +
			"seconds, and the new ones sign at once: agents get new tokens, and applications read /.well-known/jwks.json again.",
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			if in.Compromised {
				if err := e.confirm(yes, "rotate", "takes every token and assertion away that is signed, until they are asked for anew"); err != nil {
					return err
				}
			}
			out, err := client.RotateKeys(c.Context(), in)
			if err != nil {
				return err
			}
			return e.print(out, func(t *table) {
				t.row("sign from", when(out.SignFrom))
				t.row("published", number(out.Published))
			})
		},
	}
	f := c.Flags()
	f.BoolVar(&in.Compromised, "compromised", false, "somebody else may have the old keys: they count no more")
	f.StringVar(&in.Reason, "reason", "", "why, for the record (needed with --compromised)")
	f.BoolVar(&yes, "yes", false, "do not ask back")
	return c
}
