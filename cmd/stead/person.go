package main

import (
	"bytes"
	"context"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead/client/admin"
)

func (e *env) person() *cobra.Command {
	c := &cobra.Command{Use: "person", Short: "Accounts of people"}
	c.AddCommand(e.personList(), e.personShow(), e.personAdd(), e.personImport(), e.personSwitch("disable", true), e.personSwitch("enable", false), e.personDelete(),
		e.personVouch(), e.personLink())
	return c
}

func personTable(t *table, list ...admin.Person) {
	t.columns = []string{"id", "account", "name", "groups", "disabled"}
	for _, p := range list {
		groups := ""
		for i, g := range p.Groups {
			if i > 0 {
				groups += ", "
			}
			groups += g
		}
		t.row(p.ID, account(of(p)), p.Name, groups, yesno(p.Disabled))
	}
}

// of is who an account belongs to.
func of(p admin.Person) admin.Who {
	return admin.Who{ID: p.ID, Directory: p.Directory, Account: p.Account, Name: p.Name, Kind: p.Kind}
}

func (e *env) personList() *cobra.Command {
	var q admin.ListPeopleQuery
	limit := limited{most: 100}
	c := &cobra.Command{
		Use: "list", Short: "List accounts, by directory and name", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			out := admin.PeopleOut{People: []admin.Person{}}
			out.NextPageToken, err = limit.pages(func(n int64, token string) (int, string, error) {
				q.Limit, q.PageToken = n, token
				page, err := client.ListPeople(c.Context(), q)
				out.People = append(out.People, page.People...)
				return len(page.People), page.NextPageToken, err
			})
			if err != nil {
				return err
			}
			return e.print(many{out, out.People}, func(t *table) { personTable(t, out.People...) })
		},
	}
	c.Flags().StringVar(&q.Name, "name", "", "part of a name")
	c.Flags().StringVar(&q.Directory, "directory", "", "of this directory only")
	limit.flag(c.Flags())
	return c
}

// find gets one account by id, or by directory/name.
func (e *env) find(ctx context.Context, c *client, name string) (admin.Person, error) {
	dir, account := within(name, "")
	if dir == "" {
		return c.GetPerson(ctx, name)
	}
	q := admin.ListPeopleQuery{Name: account, Directory: dir, Limit: 1000}
	for {
		page, err := c.ListPeople(ctx, q)
		if err != nil {
			return admin.Person{}, err
		}
		for _, one := range page.People {
			if one.Account == account {
				return one, nil
			}
		}
		if q.PageToken = page.NextPageToken; q.PageToken == "" {
			break
		}
	}
	return admin.Person{}, fail(exitNotFound, "stead person list", "there is no account %s", name)
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
			return e.showPerson(c.Context(), client, p.ID)
		},
	}
}

// showPerson tells all there is of one account: who stands behind it too.
func (e *env) showPerson(ctx context.Context, client *client, id string) error {
	p, err := client.GetPerson(ctx, id)
	if err != nil {
		return err
	}
	return e.print(p, func(t *table) {
		rows := [][2]string{{"account", account(of(p))}, {"id", p.ID}, {"name", p.Name}, {"groups", strings.Join(p.Groups, ", ")}, {"disabled", yesno(p.Disabled)},
			{"signs in with", strings.Join(p.Proofs, ", ")}}
		for _, o := range p.OtherAccounts {
			rows = append(rows, [2]string{"the same human", account(o)})
		}
		for _, h := range p.Hands {
			what := " has it in hand"
			if h.Gave != "" {
				what = " gave it " + h.Gave
			}
			rows = append(rows, [2]string{"not beside", account(h.By) + what})
		}
		if p.VouchedBy != nil {
			rows = append(rows, [2]string{"vouched for by", account(*p.VouchedBy)})
		}
		for _, r := range rows {
			if r[1] != "" {
				t.row(r[0], r[1])
			}
		}
	})
}

func (e *env) personAdd() *cobra.Command {
	var w admin.EnrollIn
	var passwordFile, totpFile string
	c := &cobra.Command{
		Use: "add DIRECTORY/NAME", Short: "Add an account", Args: cobra.ExactArgs(1),
		Long:    "Add an account. Without --password-file it has no password: whom it is for chooses his own by the link of stead person factor-link,\nand sets up his authenticator there. Who is only acted for needs neither.",
		Example: "  stead person add staff/kim --shown \"Kim A.\" --group support\n  stead person add customers/dana --group customers",
	}
	f := c.Flags()
	f.StringVar(&w.Shown, "shown", "", "name to show")
	f.StringVar(&w.Person, "person", "", "any text that is the same for all accounts of one human")
	f.StringSliceVar(&w.Groups, "group", nil, "group; more of them with commas")
	f.StringToStringVar(&w.Attributes, "attr", nil, "name=value")
	f.StringVar(&passwordFile, "password-file", "", "file with a first password, - for stdin")
	f.StringVar(&totpFile, "totp-file", "", "file with the secret of one-time codes, base32")
	c.RunE = func(c *cobra.Command, args []string) error {
		if w.Directory, w.Name = within(args[0], ""); w.Directory == "" {
			return fail(exitUsage, "", "say in which directory: DIRECTORY/NAME")
		}
		client, err := e.client()
		if err != nil {
			return err
		}
		if passwordFile != "" {
			if w.Password, err = e.secret("password", passwordFile); err != nil {
				return err
			}
		}
		if totpFile != "" {
			if w.TOTPSecret, err = e.secret("secret", totpFile); err != nil {
				return err
			}
		}
		p, err := client.Enroll(c.Context(), w)
		if err != nil {
			return err
		}
		return e.print(p, func(t *table) { personTable(t, p) })
	}
	return c
}

func (e *env) personImport() *cobra.Command {
	var directory string
	c := &cobra.Command{
		Use: "import FILE", Short: "Add accounts from CSV: all of them or none", Args: cobra.ExactArgs(1),
		Long: "Add accounts from a CSV file with a heading: name; and directory, shown, person, groups (separated by ;), totp_secret,\npassword_hash (argon2id), password, attr.NAME. A file that is wrong in one line adds nobody; all that is wrong is told by\nline and column. At most 10000 accounts come at once.",
		RunE: func(c *cobra.Command, args []string) error {
			raw, err := os.ReadFile(args[0])
			if err != nil {
				return fail(exitNotFound, "", "%s cannot be read: %s", args[0], unwrapped(err))
			}
			client, err := e.client()
			if err != nil {
				return err
			}
			p := e.progress("sending")
			out, err := client.ImportPeople(c.Context(), admin.ImportPeopleQuery{Directory: directory}, bytes.NewReader(raw))
			p.done()
			if err != nil {
				return err
			}
			for _, w := range out.Warnings {
				e.say("warning: %s", w)
			}
			e.say("%s added.", count(len(out.People), "account"))
			return e.print(many{out, out.People}, func(t *table) { personTable(t, out.People...) })
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
	var yes bool
	c := &cobra.Command{
		Use: verb + " ACCOUNT", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return e.withPerson(c.Context(), args[0], func(client *client, p admin.Person) error {
				if err := e.confirm(yes || !off, account(of(p)), "closes the account "+account(of(p))+": its sessions and mandates end"); err != nil {
					return err
				}
				now, err := client.ChangePerson(c.Context(), p.ID, admin.ChangeIn{Disabled: &off})
				if err != nil {
					return err
				}
				return e.print(now, func(t *table) { personTable(t, now) })
			})
		},
	}
	if off {
		c.Flags().BoolVar(&yes, "yes", false, "do not ask back")
	}
	return c
}

func (e *env) personDelete() *cobra.Command {
	var yes, erase bool
	c := &cobra.Command{
		Use: "delete ACCOUNT", Short: "Delete an account: its name is free again, its id is not", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return e.withPerson(c.Context(), args[0], func(client *client, p admin.Person) error {
				what := "deletes the account " + account(of(p))
				if erase {
					what += " and makes everything recorded of this person unreadable, for ever"
				}
				if err := e.confirm(yes, account(of(p)), what); err != nil {
					return err
				}
				if err := client.DeletePerson(c.Context(), p.ID, admin.DeletePersonQuery{Erase: erase}); err != nil {
					return err
				}
				if erase {
					e.say("%s is deleted, and what was recorded of this person is erased.", account(of(p)))
				} else {
					e.say("%s is deleted.", account(of(p)))
				}
				return nil
			})
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask back")
	c.Flags().BoolVar(&erase, "erase", false, "lose the keys of the person too")
	return c
}

func (e *env) withPerson(ctx context.Context, name string, do func(*client, admin.Person) error) error {
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
