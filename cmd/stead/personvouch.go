package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/client/admin"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/config"
	"github.com/steadhq/stead/internal/house"
)

func (e *env) personVouch() *cobra.Command {
	var reason, file string
	c := &cobra.Command{
		Use: "vouch ACCOUNT", Short: "Say that somebody is a person of his own, not another account of who made it", Args: cobra.ExactArgs(1),
		Long: "Beside whoever made an account, reset it or gave it what it counts by, it is nobody's second person. An administrator or\n" +
			"security who had no part in that vouches for it, once its owner has set up an authenticator himself. Where there is no such\n" +
			"second person yet, who runs the machine vouches: --config opens the store itself, without a sign-in. The embedded store is\n" +
			"one program's at a time, so stop Stead for that moment; with PostgreSQL it goes on.",
		Example: "  stead person vouch staff/bob --reason \"he sits next to me\"\n  stead person vouch staff/bob --config stead.yaml --reason \"our second administrator\"",
		RunE: func(c *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return fail(exitUsage, "add --reason", "say how you know that it is a person of his own")
			}
			if file != "" {
				return e.vouchHere(c.Context(), file, args[0], reason)
			}
			return e.withPerson(c.Context(), args[0], func(client *client, p admin.Person) error {
				if _, err := client.Vouch(c.Context(), p.ID, admin.LinkIn{Reason: reason}); err != nil {
					return err
				}
				return e.showPerson(c.Context(), client, p.ID)
			})
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "how you know; stands in the trail")
	c.Flags().StringVar(&file, "config", "", "as who runs the machine: configuration file of the store")
	return c
}

// vouchHere opens the store in place of a server, and vouches as who can.
func (e *env) vouchHere(ctx context.Context, file, account, reason string) (err error) {
	cfg, err := config.Load(file, e.environ)
	if err != nil {
		return err
	}
	h, err := openHere(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close(context.WithoutCancel(ctx))) }()
	var id stead.PrincipalID
	dir, name := within(account, "")
	h.Store.View().Read(func(s *authority.State) {
		if p := s.Named(dir, name); p != nil {
			id = p.ID
		} else if p := s.Principal(stead.PrincipalID(account)); p != nil {
			id = p.ID
		}
	})
	if id == "" {
		return fail(exitNotFound, "", "there is no account %s", account)
	}
	p, err := h.VouchHere(ctx, id, reason)
	if err != nil {
		return err
	}
	e.say("%s/%s counts as a person of its own; the log says that who runs this machine vouched.", p.Directory, p.Name)
	return nil
}

// openHere opens the store of a configuration that no server has open.
func openHere(ctx context.Context, cfg config.Config) (*house.House, error) {
	apps, err := checked(cfg)
	if err != nil {
		return nil, err
	}
	master := cfg.Keys.MasterKeyFile
	if master == "" {
		master = filepath.Join(cfg.Store.Dir, "master.key")
	}
	kept, err := openKept(ctx, cfg.Store)
	if err != nil {
		return nil, err
	}
	mat, err := house.Unlock(ctx, master, kept.secrets)
	if err != nil {
		return nil, errors.Join(err, kept.close())
	}
	files, err := firstPolicy(cfg.Policies)
	if err != nil {
		return nil, errors.Join(err, kept.close())
	}
	h, err := openHouse(ctx, cfg, settings(cfg, apps), kept, mat, files, false, slog.New(slog.NewTextHandler(io.Discard, nil)))
	return h, errors.Join(err, kept.close())
}

// personLink asks for a link to another authenticator, and agrees to one.
func (e *env) personLink() *cobra.Command {
	var reason string
	var agree, yes bool
	c := &cobra.Command{
		Use: "factor-link ACCOUNT", Short: "Make a link by which somebody sets up an authenticator", Args: cobra.ExactArgs(1),
		Long: "For who lost his authenticator, or is new. The old authenticator counts no more from then on, and every session of the account\n" +
			"ends. The link works once, for an hour, and asks for the password; whoever has none yet chooses it there. Of who has a role in\n" +
			"Stead another person agrees first: --agree. Whoever had a part in it stands behind the account until somebody else vouches\n" +
			"(stead person vouch).",
		Example: "  stead person factor-link staff/sam --reason \"he stood before me\"\n  stead person factor-link staff/carla --agree",
		RunE: func(c *cobra.Command, args []string) error {
			if !agree && strings.TrimSpace(reason) == "" {
				return fail(exitUsage, "add --reason", "say how you know that it is he who asks")
			}
			return e.withPerson(c.Context(), args[0], func(client *client, p admin.Person) error {
				if err := e.confirm(yes, account(of(p)), "takes the authenticator of "+account(of(p))+" away and ends every session of it"); err != nil {
					return err
				}
				if agree {
					return e.linked(client.AgreeFactorLink(c.Context(), p.ID))
				}
				return e.linked(client.AskFactorLink(c.Context(), p.ID, admin.LinkIn{Reason: reason}))
			})
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "how you know that it is he who asks; stands in the trail")
	c.Flags().BoolVar(&agree, "agree", false, "agree to what another person asked for")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask back")
	return c
}

func (e *env) linked(l admin.FactorLink, err error) error {
	if err != nil {
		return err
	}
	if l.Waits {
		e.say("Asked for, until %s. Another person now runs the same with --agree.", when(l.Until))
	} else {
		e.say("Give it to nobody else, and not by mail. It works once, until %s:", when(l.Until))
	}
	return e.print(l, func(t *table) {
		if l.Link != "" {
			t.row(l.Link)
		}
	})
}
