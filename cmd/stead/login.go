package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead/client/admin"
)

func (e *env) login() *cobra.Command {
	var w admin.LoginIn
	var passwordFile string
	c := &cobra.Command{
		Use: "login NAME", Short: "Sign in: the token is kept in the profile", Args: cobra.ExactArgs(1),
		Long:    "Sign in. The password is asked for at the terminal, or read from --password-file (- is stdin). The token is kept in\nprofiles.yaml in the user's configuration folder, which nobody else may read.",
		Example: "  stead login staff/sam --addr https://stead.example.com\n  stead login sam --directory staff --password-file pw --code 123456",
	}
	c.Flags().StringVar(&w.Directory, "directory", "", "where the account is; also as directory/name")
	c.Flags().StringVar(&passwordFile, "password-file", "", "file with the password, - for stdin")
	c.Flags().StringVar(&w.Code, "code", "", "current one-time code")
	c.RunE = func(c *cobra.Command, args []string) error {
		w.Directory, w.Name = within(args[0], w.Directory)
		api, err := e.client()
		if err != nil {
			return err
		}
		if w.Password, err = e.secret("password", passwordFile); err != nil {
			return err
		}
		return e.signIn(c.Context(), api, w)
	}
	return c
}

func (e *env) signIn(ctx context.Context, c *client, w admin.LoginIn) error {
	var out admin.LoginOut
	c.Token = ""
	err := e.withCode(&w.Code, func() (err error) { out, err = c.Login(ctx, w); return err })
	if err != nil {
		return err
	}
	c.profile.Token, c.Token = out.Token, out.Token
	key, err := c.logKey(ctx)
	if err != nil {
		return err
	}
	known := c.profile.Key
	switch {
	case known == "":
		e.say("The log of %s is signed by %s (kept: compare it with one that came another way).", c.profile.Addr, key)
	case known != key:
		e.say("WARNING: the log of %s was signed by another key when you first logged in.\n  then: %s\n  now:  %s\nAsk who runs it before you trust its record.", c.profile.Addr, known, key)
		key = known
	}
	e.say("Signed in as %s until %s (level %d).", w.Name, when(out.Until), out.Level)
	addr, who := c.profile.Addr, w.Name
	return e.keep(c.name, func(p *profile) {
		if p.Addr != addr {
			*p = profile{}
		}
		p.Addr, p.Token, p.Name, p.Key = addr, out.Token, who, key
	})
}

// withCode does something, and once more with a code from the terminal where a code is what is missing.
func (e *env) withCode(code *string, do func() error) error {
	err := do()
	var p *problem
	if *code != "" || !errors.As(err, &p) || !terminal(e.in) {
		return err
	}
	if p.ReasonCode != admin.ReasonCodeSecondFactor && p.ReasonCode != admin.ReasonCodeNotArmed {
		return err
	}
	var asked error
	if *code, asked = e.secret("one-time code", ""); asked != nil {
		return asked
	}
	return do()
}

func (c *client) logKey(ctx context.Context) (string, error) {
	out, err := c.GetCheckpoint(ctx)
	return out.Key, err
}

func (e *env) logout() *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "Sign out: what you act under ends first", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			api, err := e.client()
			if err != nil {
				return err
			}
			no := api.Logout(c.Context())
			if codeOf(no) != exitOK && codeOf(no) != exitDenied {
				return no
			}
			e.say("Signed out.")
			return e.keep(api.name, func(p *profile) { p.Token = "" })
		},
	}
}

func (e *env) whoami() *cobra.Command {
	return &cobra.Command{
		Use: "whoami", Short: "Who you are, and for whom you act", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			w, err := client.Whoami(c.Context())
			if err != nil {
				return err
			}
			return e.print(w, func(t *table) {
				t.columns = []string{"who", "level", "until", "acts for", "mandate"}
				subject, mandate := "himself", ""
				if w.Acting {
					subject, mandate = account(*w.Subject), w.Mandate.ID
					if w.Mandate.State == "suspended" {
						mandate += " (suspended)"
					}
				}
				t.row(account(w.Person), number(w.Level), when(w.Until), subject, mandate)
			})
		},
	}
}
