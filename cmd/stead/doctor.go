package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
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
	var asJSON bool
	c := &cobra.Command{
		Use: "doctor", Short: "Look for what is wrong here and with the server", Args: cobra.NoArgs,
		Long: "doctor tries what a server needs, changes nothing, and says of each thing: ok, warn or fail, and what to do. With --config it\n" +
			"looks at that configuration on this machine: keys, disk, policy and its tests, certificates, proxies, names in DNS, the\n" +
			"database, and every application directly. A server that runs is asked too; one that does not is said to. It exits with 1\n" +
			"when something fails, and with 0 when there are warnings only.",
		Example: "  stead doctor --config /etc/stead/stead.yaml\n  stead doctor --json | jq '.[] | select(.result != \"ok\")'",
		RunE: func(c *cobra.Command, _ []string) error {
			if asJSON {
				e.format = "json"
			}
			found := e.examine(c.Context(), file)
			if err := e.tellFindings(found); err != nil {
				return err
			}
			return e.diagnosis(found)
		},
	}
	c.Flags().StringVar(&file, "config", "", "configuration of a server on this machine, to be looked at too")
	c.Flags().BoolVar(&asJSON, "json", false, "the same as -o json")
	return c
}

// examine looks at a configuration and the server that runs with it, or at the server that one is signed in to.
func (e *env) examine(ctx context.Context, file string) []finding {
	if file == "" {
		return append(e.local(), e.remote(ctx)...)
	}
	c, found := e.configured(ctx, file)
	if c.Version == 0 {
		return found
	}
	if e.addr == "" && e.getenv("STEAD_ADDR") == "" {
		e.addr = c.Server.Origin()
	}
	up := e.running(ctx, c, file)
	found = append(found, up...)
	if up[0].Result == "warn" {
		return found
	}
	return append(found, e.remote(ctx)...)
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
	resp, err := e.probe(ctx, c.profile.Addr+"/openapi.json")
	if err != nil {
		return []finding{{"public address", "fail", err.Error(), "is it running? stead dev, or systemctl status stead; does server.public_url lead to server.listen?"}}
	}
	found := []finding{{"public address", "ok", c.profile.Addr + " answers", ""}}
	if resp.StatusCode != http.StatusOK {
		found[0] = finding{"public address", "fail", fmt.Sprintf("%s answers %d: somebody else is there", c.profile.Addr, resp.StatusCode), "let server.public_url lead to server.listen"}
	}
	found = append(found, skew(resp, before, e.now())...)
	found = append(found, e.certificate(c.profile.Addr)...)
	switch who, err := c.Whoami(ctx); {
	case c.profile.Token == "":
		found = append(found, finding{"sign-in", "warn", "nobody is signed in", "stead login NAME"})
	case err != nil:
		found = append(found, finding{"sign-in", "fail", err.Error(), "stead login NAME"})
	default:
		found = append(found, finding{"sign-in", "ok", account(who.Person) + " until " + when(who.Until), ""})
		found = append(found, c.inside(ctx, who.Roles)...)
	}
	return found
}

// inside asks the server how it is, where whoever is signed in may know.
func (c *client) inside(ctx context.Context, roles []string) []finding {
	if len(roles) == 0 {
		return []finding{{"health", "ok", "is told to the roles admin, auditor and security", ""}}
	}
	look, err := c.GetHealth(ctx)
	if err != nil {
		return []finding{{"health", "fail", err.Error(), ""}}
	}
	var found []finding
	for _, f := range look.Findings {
		found = append(found, finding{strings.ToLower(f.Area + ": " + f.Name), f.Result, f.Says, f.Next})
	}
	if slices.Contains(roles, "auditor") {
		found = append(found, c.compared(ctx))
	}
	return found
}

// compared lets the server hash what it has stored again, for a while, and compare it with what it signed.
func (c *client) compared(ctx context.Context) finding {
	const check = "the record"
	k, err := c.CheckAudit(ctx)
	says := number(k.Upto) + " of " + number(k.Of) + " events hash to what was signed"
	switch {
	case err != nil:
		return finding{check, "fail", err.Error(), ""}
	case k.Wrong != "":
		return finding{check, "fail", k.Wrong, "stop the server, and run stead audit verify with its store: somebody has changed the record"}
	case !k.Whole:
		return finding{check, "ok", says + " so far", "stead audit verify reads all of it"}
	}
	return finding{check, "ok", says, ""}
}

// probe asks for a page and gives the answer, whatever it is; what it says is not read.
func (e *env) probe(ctx context.Context, address string) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", agent)
	resp, err := e.http.Do(req)
	if err != nil {
		return nil, unwrapped(err)
	}
	return resp, resp.Body.Close()
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
		return []finding{{"certificate", "fail", err.Error(), "renew it, or let this machine know who issued it"}}
	}
	defer conn.Close()
	return []finding{expiry("certificate", conn.ConnectionState().PeerCertificates[0].NotAfter, e.now())}
}

// expiry warns two weeks before the end.
func expiry(check string, end, now time.Time) finding {
	switch left := end.Sub(now); {
	case left <= 0:
		return finding{check, "fail", "ended on " + end.UTC().Format(time.DateOnly), "renew it; a running server takes the new files by itself"}
	case left < 14*24*time.Hour:
		return finding{check, "warn", "ends in " + left.Round(time.Hour).String(), "renew it; a running server takes the new files by itself"}
	}
	return finding{check, "ok", "good for " + number(int(end.Sub(now).Hours()/24)) + " days", ""}
}
