package main

import (
	"github.com/spf13/cobra"
	"github.com/steadhq/stead/client/admin"
)

func (e *env) password() *cobra.Command {
	c := &cobra.Command{Use: "password", Short: "One's own password"}
	c.AddCommand(e.passwordSet())
	return c
}

func (e *env) passwordSet() *cobra.Command {
	var oldFile, newFile string
	c := &cobra.Command{
		Use: "set", Short: "Change one's own password", Args: cobra.NoArgs,
		Long:    "Change one's own password. Both are asked for at the terminal, or read from files (- is stdin, the old one first). One's other\nsessions end. Who has a second factor signs in with a code first.",
		Example: "  stead password set\n  stead password set --old-file old --new-file new",
	}
	c.Flags().StringVar(&oldFile, "old-file", "", "file with the password that counts now, - for stdin")
	c.Flags().StringVar(&newFile, "new-file", "", "file with the new one, - for stdin")
	c.RunE = func(c *cobra.Command, _ []string) error {
		client, err := e.client()
		if err != nil {
			return err
		}
		var in admin.PasswordIn
		if in.Password, err = e.secret("old password", oldFile); err != nil {
			return err
		}
		if in.New, err = e.secret("new password", newFile); err != nil {
			return err
		}
		if newFile == "" { // what is typed unseen is typed twice
			again, err := e.secret("new password again", "")
			if err != nil {
				return err
			}
			if again != in.New {
				return fail(exitUsage, "", "the two differ: nothing was changed")
			}
		}
		if err := client.SetPassword(c.Context(), in); err != nil {
			return err
		}
		e.say("Your new password counts from now on. Your other sessions have ended.")
		return nil
	}
	return c
}
