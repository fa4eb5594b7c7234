package main

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/config"
	"github.com/steadhq/stead/internal/gateway"
	"github.com/steadhq/stead/internal/survey"
)

// A visiting is how check and learn come to an application: by what a file says of it, or by flags.
type visiting struct {
	file, id, host string
	headers, as    []string

	app       *gateway.App // nil where there is no file
	at        *url.URL
	start     string // target of the first page
	transport http.RoundTripper
}

func (v *visiting) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&v.file, "file", "", "file with the application; its upstream, host, identity and rules count")
	f.StringVar(&v.id, "app", "", "which application of the file (not needed where it holds one)")
	f.StringVar(&v.host, "host", "", "name by which people know it, told in Host (default: that of the file, or of the address)")
	f.StringArrayVar(&v.headers, "header", nil, "header that carries the account name, where there is no file: X-Remote-User (several: give it again)")
}

// prepare reads what was given. The address may be left out where a file says it.
func (v *visiting) prepare(args []string) (err error) {
	v.transport = gateway.NewTransport()
	if v.file != "" {
		if v.app, err = appOf(v.file, v.id); err != nil {
			return err
		}
		one := []gateway.App{*v.app}
		if err = gateway.ReadPasswords(one, config.Secret); err != nil {
			return err
		}
		v.app = &one[0]
		if v.transport, err = v.app.Reach.Transport(); err != nil {
			return err
		}
		v.at, v.start, v.host = v.app.Upstream, "/", cmp.Or(v.host, v.app.Canonical())
	}
	if len(args) == 0 && v.file == "" {
		return fail(exitUsage, "", "where is the application? Give its address, or --file")
	}
	if len(args) > 0 {
		u, err := url.Parse(args[0])
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
			return fail(exitUsage, "", "%s is no address of an application: http://host:port/path", args[0])
		}
		v.start = u.RequestURI()
		v.at = &url.URL{Scheme: u.Scheme, Host: u.Host}
		v.host = cmp.Or(v.host, u.Host)
	}
	if len(v.as) == 0 {
		return fail(exitUsage, "", "as whom? --as NAME, a person of a test that the application knows")
	}
	return nil
}

// visitor is a new visit of a person, or of nobody.
func (v *visiting) visitor(name string, more ...string) *survey.Visitor {
	h := http.Header{}
	if name != "" {
		h = v.introduce(name)
	}
	for i := 0; i+1 < len(more); i += 2 {
		h.Set(more[i], more[i+1])
	}
	return survey.NewVisitor(v.transport, v.at, v.host, h)
}

// introduce is what the gateway would tell of a person: "dana" or "customers/dana".
func (v *visiting) introduce(name string) http.Header {
	directory, account, ok := strings.Cut(name, "/")
	if !ok {
		directory, account = "test", name
	}
	app := v.app
	if app == nil {
		app = &gateway.App{}
		for _, h := range v.headers {
			app.Headers = append(app.Headers, gateway.Header{Name: http.CanonicalHeaderKey(h), Text: "{subject.name}"})
		}
	}
	return app.Introduce(&stead.Principal{ID: "prn_test", Kind: stead.Person, Directory: directory, Name: account})
}

// account is the name that the application is told.
func (v *visiting) account(name string) string {
	if _, account, ok := strings.Cut(name, "/"); ok {
		return account
	}
	return name
}

// closed tells whether the rules of the file say that a target is not to be asked for.
func (v *visiting) closed(target string) bool {
	if v.app == nil {
		return false
	}
	_, closed := asked(v.app, target)
	return closed
}
