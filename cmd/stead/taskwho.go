package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/client/admin"
	runner "github.com/steadhq/stead/client/agent"
	"github.com/steadhq/stead/internal/config"
)

// whoOptions say which agent a machine runs, and how it proves that.
type whoOptions struct {
	agent, key, secret, svid, enrolment string
}

// proving are the variables that say the same. No program that is run gets them.
var proving = []string{"STEAD_AGENT", "STEAD_AGENT_KEY_FILE", "STEAD_AGENT_SECRET_FILE", "STEAD_SVID_FILE", "STEAD_ENROLMENT_FILE",
	"STEAD_TOKEN", "STEAD_TOKEN_FILE", "STEAD_CONFIG_DIR"}

func (o *whoOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.agent, "agent", "", "name of the agent (default: $STEAD_AGENT, then the profile's agent)")
	f.StringVar(&o.key, "key-file", "", "file with the agent's own private key, a JWK (default: $STEAD_AGENT_KEY_FILE, then the profile's agent_key)")
	f.StringVar(&o.secret, "secret-file", "", "file with its client secret (default: $STEAD_AGENT_SECRET_FILE)")
	f.StringVar(&o.svid, "svid-file", "", "file with its SPIFFE JWT-SVID, read anew each time (default: $STEAD_SVID_FILE)")
	f.StringVar(&o.enrolment, "enrolment-file", "", "file with a one-time token of stead agent enroll-token (default: $STEAD_ENROLMENT_FILE)")
}

// identity is how the agent is proved: what flags say before what the environment says before what the profile says.
func (e *env) identity(o whoOptions, p profile) (runner.Identity, error) {
	flags := o.key != "" || o.secret != "" || o.svid != "" || o.enrolment != ""
	if !flags {
		o.key, o.secret, o.svid, o.enrolment = e.getenv("STEAD_AGENT_KEY_FILE"), e.getenv("STEAD_AGENT_SECRET_FILE"), e.getenv("STEAD_SVID_FILE"), e.getenv("STEAD_ENROLMENT_FILE")
	}
	if o.key == "" && o.secret == "" && o.svid == "" && o.enrolment == "" {
		o.key = p.AgentKey
	}
	o.agent = cmp.Or(o.agent, e.getenv("STEAD_AGENT"), p.Agent)
	ways := 0
	for _, file := range []string{o.key, o.secret, o.svid, o.enrolment} {
		if file != "" {
			ways++
		}
	}
	switch {
	case ways != 1:
		return nil, fail(exitUsage, "stead task run --help", "prove the agent in one way: --key-file, --secret-file, --svid-file or --enrolment-file")
	case o.svid != "":
		return runner.BySVID{File: o.svid}, nil
	case o.agent == "" && o.enrolment == "":
		return nil, fail(exitUsage, "", "say which agent runs: --agent NAME")
	}
	text, err := config.Secret(cmp.Or(o.key, o.secret, o.enrolment))
	if err != nil {
		return nil, err
	}
	switch {
	case o.enrolment != "":
		return runner.ByEnrolment{Token: text}, nil
	case o.secret != "":
		return runner.BySecret{Agent: o.agent, Secret: text}, nil
	}
	key, err := runner.ReadKey([]byte(text))
	if err != nil {
		return nil, fail(exitUsage, "", "%s: %s", o.key, err)
	}
	return runner.ByKey{Agent: o.agent, Key: key}, nil
}

// longestRun is as long as an instance may live at the server.
const longestRun = 7 * 24 * time.Hour

// enroll begins an instance with a key of its own, which is in memory alone. It lives as long as the task may take, and the
// waiting before; with a heart it ends long before that when it is gone.
func (e *env) enroll(ctx context.Context, c *client, o taskOptions) (*runner.Run, error) {
	who, err := e.identity(o.who, c.profile)
	if err != nil {
		return nil, err
	}
	length := stead.Day
	if o.ask.For != "" {
		if length, err = time.ParseDuration(o.ask.For); err != nil || length <= 0 {
			return nil, fail(exitUsage, "", "--for %q is no length of time such as 2h", o.ask.For)
		}
	}
	key, err := runner.NewKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	run := &runner.Run{Addr: c.profile.Addr, HTTP: e.http, Key: key, Now: e.now}
	life := min(length+o.patience+5*time.Minute, longestRun)
	return run, c.notProved(run.Enroll(ctx, who, life, o.beat))
}

// notProved says of a no to an agent what can be done about it: it does not sign in.
func (c *client) notProved(err error) error {
	if err == nil {
		return nil
	}
	var p *admin.Problem
	var r *runner.Refusal
	next := "stead agent show AGENT: is this key, workload or token its own, and the address the server's own (" + c.profile.Addr + ")?"
	switch {
	case errors.As(err, &p) && stead.Reason(p.ReasonCode) == stead.ReasonSignIn:
		return fail(exitDenied, next, "the agent was not proved: %s", p.Detail)
	case errors.As(err, &r):
		return fail(exitDenied, next, "no token was given: %s", r)
	}
	return c.explain(err)
}

// reasonOf is the reason of a no of the server's.
func reasonOf(err error) stead.Reason {
	var p *problem
	if errors.As(err, &p) {
		return stead.Reason(p.ReasonCode)
	}
	return stead.ReasonNone
}
