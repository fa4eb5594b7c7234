package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/client/admin"
)

// agent is what the CLI says of itself. Passes are bound to it, so it has no version: an upgrade logs nobody out.
const agent = "stead-cli"

// A problem is a no of the server.
type problem struct{ *admin.Problem }

func (p *problem) Error() string {
	if stead.Reason(p.ReasonCode) == stead.ReasonSignIn {
		return "you are not signed in, or not any more" // how programs do that, the detail says
	}
	return p.Detail
}

// next is what to do, in terms of commands.
func (p *problem) next() string {
	switch stead.Reason(p.ReasonCode) {
	case stead.ReasonSignIn, stead.ReasonSessionIdle, stead.ReasonSessionOver, stead.ReasonOtherClient:
		return "stead login"
	case stead.ReasonSecondFactor, stead.ReasonNotArmed:
		return "add --code with the current one-time code"
	case stead.ReasonLevel:
		return "stead login --code with the current one-time code"
	case stead.ReasonReason:
		return "add --reason"
	case stead.ReasonTicket:
		return "give it with --ticket"
	case stead.ReasonActing, stead.ReasonChain:
		return "stead mandate list, then stead mandate end ID"
	case stead.ReasonAmbiguous:
		return "name the directory: --directory, or directory/name"
	case stead.ReasonPolicy, stead.ReasonReadOnly:
		if p.DecisionID != "" {
			return "stead why " + p.DecisionID
		}
		return cmp.Or(p.Hint, "stead audit search --outcome refused")
	case stead.ReasonNotYours, stead.ReasonUnknown:
		return cmp.Or(p.Hint, "is the id right? What is not yours to know is said not to be there: stead whoami")
	case stead.ReasonChanged:
		return "the same again: it looks at what is there now"
	case stead.ReasonAuthor:
		return "somebody else than its author runs the same"
	}
	return p.Hint
}

// A client talks to one server.
type client struct {
	e       *env
	name    string // of the profile
	profile profile
	*admin.Client
}

func (e *env) client() (*client, error) {
	name, p, err := e.here()
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(p.Addr)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fail(exitUsage, "", "%q is no address of a server such as https://stead.example.com", p.Addr)
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		e.say("warning: %s is not encrypted: others on the way can read passwords and tokens", p.Addr)
	}
	c := &client{e: e, name: name, profile: p}
	c.Client = &admin.Client{Addr: p.Addr, Token: p.Token, Agent: agent, HTTP: e.http, No: c.explain}
	return c, nil
}

func loopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1" || strings.HasSuffix(host, ".localhost")
}

// explain says of what went wrong what can be done about it.
func (c *client) explain(err error) error {
	var p *admin.Problem
	var u *admin.Unread
	switch {
	case errors.As(err, &p):
		return &problem{p}
	case errors.As(err, &u) && u.Status/100 == 2:
		return fail(exitFailed, "stead doctor", "the answer of %s cannot be read: %s", c.profile.Addr, u.Err)
	case errors.As(err, &u):
		return fail(codeOfStatus(u.Status), "is "+c.profile.Addr+" a Stead server?", "the server said %d %s", u.Status, http.StatusText(u.Status))
	case errors.Is(err, context.Canceled):
		return fail(exitFailed, "", "given up")
	}
	var plain tls.RecordHeaderError
	if rest, encrypted := strings.CutPrefix(c.profile.Addr, "https://"); encrypted && (errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &plain)) {
		return fail(exitUnreachable, "--addr http://"+rest+", if nobody can listen between here and there", "%s answers without TLS", c.profile.Addr)
	}
	return fail(exitUnreachable, "is it running? stead doctor", "%s cannot be reached: %s", c.profile.Addr, unwrapped(err))
}

// unwrapped leaves out the method and address, or the file, that the caller has told already.
func unwrapped(err error) error {
	var u *url.Error
	var p *fs.PathError
	switch {
	case errors.As(err, &u):
		return u.Err
	case errors.As(err, &p):
		return p.Err
	}
	return err
}
