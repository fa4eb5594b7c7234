package main

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead/internal/config"
)

// A finding is one line of the doctor.
type finding struct {
	Check  string `json:"check"`
	Result string `json:"result"` // ok, warn or fail
	Says   string `json:"says"`
	Next   string `json:"next,omitempty"`
}

func (e *env) doctor() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use: "doctor", Short: "Look for what is wrong here and with the server", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			found := e.local()
			if file != "" {
				found = append(found, e.configured(c.Context(), file)...)
			}
			found = append(found, e.remote(c.Context())...)
			err := e.print(found, func(t *table) {
				t.columns = []string{"check", "result", "says", "next"}
				for _, f := range found {
					t.row(f.Check, f.Result, f.Says, f.Next)
				}
			})
			if err != nil {
				return err
			}
			for _, f := range found {
				if f.Result == "fail" {
					return fail(exitFailed, f.Next, "%s: %s", f.Check, f.Says)
				}
			}
			return nil
		},
	}
	c.Flags().StringVar(&file, "config", "", "configuration of a server on this machine, to be looked at too")
	return c
}

func (e *env) local() []finding {
	file, err := e.profilesFile()
	if err != nil {
		return []finding{{"profiles", "fail", err.Error(), "set HOME"}}
	}
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return []finding{{"profiles", "warn", "there are none yet", "stead login NAME --addr URL"}}
	case info.Mode().Perm()&0o077 != 0:
		return []finding{{"profiles", "fail", file + " can be read by others", "chmod 600 " + file}}
	}
	return []finding{{"profiles", "ok", file, ""}}
}

func (e *env) configured(ctx context.Context, file string) []finding {
	c, err := config.Load(file, e.environ)
	if err != nil {
		return []finding{{"configuration", "fail", err.Error(), "stead config validate --config " + file}}
	}
	found := []finding{{"configuration", "ok", file, ""}, writable("store", c.Store.Dir)}
	if c.Store.Driver == "postgres" {
		found = append(found, database(ctx, c.Store.DSN)...)
	}
	if c.Store.Mirror == "" {
		found = append(found, finding{"mirror", "warn", "a store that is rolled back would not be noticed", "set store.mirror to a file on another disk"})
	} else {
		found = append(found, writable("mirror", filepath.Dir(c.Store.Mirror)))
	}
	for _, p := range c.Server.Proxies() {
		if p.Bits() == 0 {
			found = append(found, finding{"proxies", "fail", "X-Forwarded-For is believed from anywhere", "name your proxies in server.trusted_proxies"})
		}
	}
	if c.Keys.MasterKeyFile != "" {
		if _, err := config.Secret(c.Keys.MasterKeyFile); err != nil {
			found = append(found, finding{"master key", "fail", err.Error(), ""})
		}
	}
	if len(c.Roles.Admin) == 0 {
		found = append(found, finding{"roles", "warn", "nobody is an administrator", "set roles.admin"})
	}
	return found
}

func writable(check, dir string) finding {
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return finding{check, "fail", dir + " cannot be written: " + err.Error(), "give it to the user that Stead runs as"}
	}
	_ = f.Close()
	if err := os.Remove(f.Name()); err != nil {
		return finding{check, "warn", err.Error(), ""}
	}
	return finding{check, "ok", dir, ""}
}

func (e *env) remote(ctx context.Context) []finding {
	c, err := e.client()
	if err != nil {
		return []finding{{"server", "fail", err.Error(), ""}}
	}
	before := e.now()
	resp, err := c.send(ctx, "GET", "/openapi.json", nil, "", "application/json")
	if err != nil {
		return []finding{{"server", "fail", err.Error(), "is it running? stead dev, or systemctl status stead"}}
	}
	_ = resp.Body.Close()
	found := []finding{{"server", "ok", c.profile.Addr, ""}}
	found = append(found, skew(resp, before, e.now())...)
	found = append(found, e.certificate(c.profile.Addr)...)
	var who whoAmI
	switch err := c.call(ctx, "GET", "/v1/whoami", nil, &who); {
	case c.profile.Token == "":
		found = append(found, finding{"sign-in", "warn", "nobody is signed in", "stead login NAME"})
	case err != nil:
		found = append(found, finding{"sign-in", "fail", err.Error(), "stead login NAME"})
	default:
		found = append(found, finding{"sign-in", "ok", account(who.Person) + " until " + when(who.Until), ""})
	}
	return found
}

// skew compares the clocks: mandates end by the server's.
func skew(resp *http.Response, before, after time.Time) []finding {
	there, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return nil
	}
	off := there.Sub(before.Add(after.Sub(before) / 2)).Round(time.Second)
	if off.Abs() > 30*time.Second {
		return []finding{{"clock", "warn", "the server's clock is off by " + off.String() + " from this one", "check both against a time server"}}
	}
	return []finding{{"clock", "ok", "within " + (off.Abs() + time.Second).String(), ""}}
}

func (e *env) certificate(addr string) []finding {
	u, err := url.Parse(addr)
	if err != nil || u.Scheme != "https" {
		return nil
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(host, "443")
	}
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", host, nil)
	if err != nil {
		return []finding{{"certificate", "fail", err.Error(), ""}}
	}
	defer conn.Close()
	left := conn.ConnectionState().PeerCertificates[0].NotAfter.Sub(e.now())
	if left < 14*24*time.Hour {
		return []finding{{"certificate", "warn", "ends in " + left.Round(time.Hour).String(), "renew it"}}
	}
	return []finding{{"certificate", "ok", "good for " + number(int(left.Hours()/24)) + " days", ""}}
}
