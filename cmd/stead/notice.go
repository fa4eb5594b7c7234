package main

import (
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/client/admin"
	"github.com/steadhq/stead/internal/config"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/notices"
)

func (e *env) notice() *cobra.Command {
	c := &cobra.Command{Use: "notice", Short: "Messages that tell people what becomes of requests"}
	c.AddCommand(e.noticeList(), e.noticeTest())
	return c
}

func (e *env) noticeList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List messages that wait to be sent, and those that were given up", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			out, err := client.ListNotices(c.Context())
			if err != nil {
				return err
			}
			return e.print(out, func(t *table) {
				t.columns = []string{"state", "channel", "what", "mandate", "to", "at", "because"}
				for _, n := range out.Waiting {
					t.row("waits", n.Channel, n.Kind, n.Mandate, n.To, when(n.At), channelError(out.Channels, n.Channel))
				}
				for _, n := range out.GivenUp {
					t.row("given up", n.Channel, n.Kind, n.Mandate, n.To, when(n.At), n.Because)
				}
			})
		},
	}
}

func channelError(all []admin.NoticeChannel, id string) string {
	for _, c := range all {
		if c.ID == id {
			return c.Error
		}
	}
	return ""
}

func (e *env) noticeTest() *cobra.Command {
	var in admin.TryNoticeIn
	c := &cobra.Command{
		Use: "test", Short: "Try a channel with a message to yourself, or look at one", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			out, err := client.TestNotice(c.Context(), in)
			if err != nil {
				return err
			}
			return e.print(out, func(t *table) {
				t.row("channel", out.Channel)
				t.row("sent", yesno(out.Sent))
				if out.To != "" {
					t.row("to", out.To)
				}
				for line := range strings.Lines(out.Text) {
					t.row("", strings.TrimSpace(line))
				}
			})
		},
	}
	c.Flags().StringVar(&in.Channel, "channel", "", "which, as notify.channels names it")
	c.Flags().BoolVar(&in.OnlyShow, "only-show", false, "send nothing, and show what would be sent")
	return c
}

// telling is how people are told, with the secrets that it needs.
func telling(c config.Config) (house.Notices, error) {
	n := house.Notices{Subject: c.Notify.Subject, Details: c.Notify.Details, GiveUp: c.Notify.GiveUp}
	own, err := url.Parse(c.Server.Origin())
	if err != nil {
		return n, err
	}
	for _, one := range c.Notify.Channels {
		ch := &notices.Channel{ID: one.ID, Kind: one.Kind, People: one.Kind == "email"}
		for _, t := range one.Tell {
			ch.Tell = append(ch.Tell, notices.Kind(t))
		}
		if ch.Sender, err = sender(one, own.Hostname()); err != nil {
			return n, stead.Because(err, "make the channel "+one.ID)
		}
		n.Channels = append(n.Channels, ch)
	}
	return n, nil
}

func sender(c config.Channel, domain string) (notices.Sender, error) {
	switch c.Kind {
	case "webhook":
		text, err := config.Secret(c.SecretFile)
		if err != nil {
			return nil, err
		}
		secret, err := notices.ReadSecret(text)
		return notices.Webhook{URL: c.URL, Secret: secret, HTTP: notices.NewHTTP(), Now: time.Now}, err
	case "slack":
		address, err := config.Secret(c.URLFile)
		if err == nil && !config.Reachable(address) {
			err = stead.E(stead.Invalid, stead.ReasonRequest, "%s holds no https address", c.URLFile)
		}
		return notices.Slack{URL: address, HTTP: notices.NewHTTP()}, err
	}
	host, port, err := net.SplitHostPort(c.Server)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	m := notices.Mail{Host: host, Port: n, TLS: c.TLS, User: c.Username, From: c.From, Domain: domain}
	if a, no := netmail.ParseAddress(c.From); no == nil && !strings.Contains(domain, ".") {
		m.Domain = a.Address[strings.LastIndex(a.Address, "@")+1:]
	}
	if c.PasswordFile != "" {
		m.Password, err = config.Secret(c.PasswordFile)
	}
	return m, err
}
