package notices

import (
	"context"
	"errors"
	netmail "net/mail"
	"net/url"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/steadhq/stead"
)

// A Mail sends by SMTP (RFC 5321), as plain text: nothing in it can be anything else than it looks.
type Mail struct {
	Host     string
	Port     int
	TLS      string // starttls (needed, not tried), tls, or none
	User     string // "" is none
	Password string
	From     string
	Domain   string // of Message-IDs: the host of Stead's own pages
}

// Send delivers to the first server. Who began it stands before Stead's name: never who is acted for.
func (s Mail) Send(ctx context.Context, m Message) error {
	msg := mail.NewMsg()
	from := netmail.Address{Name: line(m.Initiator) + " (Stead)", Address: s.From}
	to, err := netmail.ParseAddress(m.Address)
	if err != nil {
		return never{errors.New("the address of this account is no e-mail address")}
	}
	to.Name = line(m.Name)
	if err := errors.Join(msg.From(from.String()), msg.To(to.String())); err != nil {
		return never{err}
	}
	msg.Subject(m.Title())
	msg.SetDateWithValue(m.At)
	msg.SetMessageIDWithValue(m.ID + "@" + s.Domain)
	msg.SetGenHeader(mail.Header("Auto-Submitted"), "auto-generated") // RFC 3834
	msg.SetGenHeader(mail.Header("X-Stead-Notice"), m.ID)
	msg.SetBodyString(mail.TypeTextPlain, m.Text())
	c, err := s.client()
	if err != nil {
		return never{err}
	}
	if err := c.DialAndSendWithContext(ctx, msg); err != nil {
		var said *mail.SendError
		if errors.As(err, &said) && !said.IsTemp() && said.ErrorCode() >= 550 && said.ErrorCode() <= 554 {
			return never{err} // RFC 5321 4.2.1: the server says that no other try will do
		}
		return err
	}
	return nil
}

func (s Mail) client() (*mail.Client, error) {
	options := []mail.Option{mail.WithPort(s.Port), mail.WithTimeout(sendFor), mail.WithHELO(s.Domain), mail.WithoutNoop()}
	switch s.TLS {
	case "tls":
		options = append(options, mail.WithSSL())
	case "none":
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.User != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.User), mail.WithPassword(s.Password))
	}
	c, err := mail.NewClient(s.Host, options...)
	return c, stead.Because(err, "make a mail client")
}

// bare is an error without the address it speaks of, which may be a secret.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// later is how long to wait after so many tries: a second, doubled each time up to a quarter of an hour, and a half more or
// less by chance, so that those who failed together do not come back together.
func later(tries int, chance float64) time.Duration {
	wait := 15 * time.Minute
	if tries < 11 {
		wait = min(wait, time.Second<<(tries-1))
	}
	return wait/2 + time.Duration(chance*float64(wait))
}
