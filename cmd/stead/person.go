package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead/internal/api"
)

type people struct {
	People []api.Person `json:"people"`
}

func (e *env) person() *cobra.Command {
	c := &cobra.Command{Use: "person", Short: "Accounts of people"}
	c.AddCommand(e.personList(), e.personShow(), e.personAdd(), e.personImport(), e.personSwitch("disable", true), e.personSwitch("enable", false), e.personDelete())
	return c
}

func personTable(t *table, list ...api.Person) {
	t.columns = []string{"id", "account", "name", "groups", "disabled"}
	for _, p := range list {
		groups := ""
		for i, g := range p.Groups {
			if i > 0 {
				groups += ", "
			}
			groups += g
		}
		t.row(string(p.ID), account(p.Who), p.Name, groups, yesno(p.Disabled))
	}
}

func (e *env) personList() *cobra.Command {
	var name, directory string
	c := &cobra.Command{
		Use: "list", Short: "List accounts", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			var out people
			if err := client.call(c.Context(), "GET", "/v1/people"+query("name", name, "directory", directory), nil, &out); err != nil {
				return err
			}
			return e.print(out, func(t *table) { personTable(t, out.People...) })
		},
	}
	c.Flags().StringVar(&name, "name", "", "part of a name")
	c.Flags().StringVar(&directory, "directory", "", "of this directory only")
	return c
}

// find gets one account by id, or by directory/name.
func (e *env) find(ctx context.Context, c *client, name string) (api.Person, error) {
	var p api.Person
	dir, account := within(name, "")
	if dir == "" {
		return p, c.call(ctx, "GET", "/v1/people/"+path(name), nil, &p)
	}
	var out people
	if err := c.call(ctx, "GET", "/v1/people"+query("name", account, "directory", dir), nil, &out); err != nil {
		return p, err
	}
	for _, one := range out.People {
		if one.Account == account {
			return one, nil
		}
	}
	return p, fail(exitNotFound, "stead person list", "there is no account %s", name)
}

func (e *env) personShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ACCOUNT", Short: "Show an account: an id, or directory/name", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			p, err := e.find(c.Context(), client, args[0])
			if err != nil {
				return err
			}
			return e.print(p, func(t *table) { personTable(t, p) })
		},
	}
}

type newPerson struct {
	Directory  string            `json:"directory"`
	Name       string            `json:"name"`
	Shown      string            `json:"shown,omitempty"`
	Person     string            `json:"person,omitempty"`
	Groups     []string          `json:"groups,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Password   string            `json:"password,omitempty"`
	TOTP       string            `json:"totp_secret,omitempty"`
}

func (e *env) personAdd() *cobra.Command {
	var w newPerson
	var passwordFile, totpFile string
	c := &cobra.Command{
		Use: "add DIRECTORY/NAME", Short: "Add an account", Args: cobra.ExactArgs(1),
		Example: "  stead person add staff/kim --shown \"Kim A.\" --group support --password-file pw",
	}
	f := c.Flags()
	f.StringVar(&w.Shown, "shown", "", "name to show")
	f.StringVar(&w.Person, "person", "", "any text that is the same for all accounts of one human")
	f.StringSliceVar(&w.Groups, "group", nil, "group; more of them with commas")
	f.StringToStringVar(&w.Attributes, "attr", nil, "name=value")
	f.StringVar(&passwordFile, "password-file", "", "file with the password, - for stdin")
	f.StringVar(&totpFile, "totp-file", "", "file with the secret of one-time codes, base32")
	c.RunE = func(c *cobra.Command, args []string) error {
		if w.Directory, w.Name = within(args[0], ""); w.Directory == "" {
			return fail(exitUsage, "", "say in which directory: DIRECTORY/NAME")
		}
		client, err := e.client()
		if err != nil {
			return err
		}
		if w.Password, err = e.secret("password", passwordFile); err != nil {
			return err
		}
		if totpFile != "" {
			if w.TOTP, err = e.secret("secret", totpFile); err != nil {
				return err
			}
		}
		var p api.Person
		if err := client.call(c.Context(), "POST", "/v1/people", w, &p); err != nil {
			return err
		}
		return e.print(p, func(t *table) { personTable(t, p) })
	}
	return c
}

type imported struct {
	people
	Warnings []string `json:"warnings,omitempty"`
}

func (e *env) personImport() *cobra.Command {
	var directory string
	c := &cobra.Command{
		Use: "import FILE", Short: "Add accounts from CSV: all of them or none", Args: cobra.ExactArgs(1),
		Long: "Add accounts from a CSV file with a heading: name; and directory, shown, person, groups (separated by ;), totp_secret,\npassword_hash (argon2id), password, attr.NAME. A file that is wrong in one line adds nobody; all that is wrong is told by\nline and column.",
		RunE: func(c *cobra.Command, args []string) error {
			raw, err := os.ReadFile(args[0])
			if err != nil {
				return fail(exitNotFound, "", "%s cannot be read: %s", args[0], err)
			}
			client, err := e.client()
			if err != nil {
				return err
			}
			p := e.progress("sending")
			resp, err := client.send(c.Context(), "POST", "/v1/people/import"+query("directory", directory), bytes.NewReader(raw), "text/csv", "application/json")
			p.done()
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			var out imported
			if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
				return err
			}
			for _, w := range out.Warnings {
				e.say("warning: %s", w)
			}
			e.say("%d accounts added.", len(out.People))
			return e.print(out, func(t *table) { personTable(t, out.People...) })
		},
	}
	c.Flags().StringVar(&directory, "directory", "", "for rows that name none")
	return c
}

func (e *env) personSwitch(verb string, off bool) *cobra.Command {
	short := "Open an account again"
	if off {
		short = "Close an account: its sessions and mandates end at once"
	}
	return &cobra.Command{
		Use: verb + " ACCOUNT", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return e.withPerson(c.Context(), args[0], func(client *client, p api.Person) error {
				var now api.Person
				if err := client.call(c.Context(), "PATCH", "/v1/people/"+path(string(p.ID)), map[string]bool{"disabled": off}, &now); err != nil {
					return err
				}
				return e.print(now, func(t *table) { personTable(t, now) })
			})
		},
	}
}

func (e *env) personDelete() *cobra.Command {
	var yes, erase bool
	c := &cobra.Command{
		Use: "delete ACCOUNT", Short: "Delete an account: its name is free again, its id is not", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return e.withPerson(c.Context(), args[0], func(client *client, p api.Person) error {
				what, q := "deletes the account "+account(p.Who), ""
				if erase {
					what, q = what+" and makes everything recorded of this person unreadable, for ever", "?erase=true"
				}
				if err := e.confirm(yes, account(p.Who), what); err != nil {
					return err
				}
				return client.call(c.Context(), "DELETE", "/v1/people/"+path(string(p.ID))+q, nil, nil)
			})
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask back")
	c.Flags().BoolVar(&erase, "erase", false, "lose the keys of the person too")
	return c
}

func (e *env) withPerson(ctx context.Context, name string, do func(*client, api.Person) error) error {
	c, err := e.client()
	if err != nil {
		return err
	}
	p, err := e.find(ctx, c, name)
	if err != nil {
		return err
	}
	return do(c, p)
}
