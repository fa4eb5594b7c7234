package house

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/api"
	"github.com/steadhq/stead/internal/console"
	"github.com/steadhq/stead/internal/directory"
	"github.com/steadhq/stead/internal/health"
)

// next says what to do where a check of health fails.
var next = map[string]string{
	"store":      "Nothing more is taken until it is started anew. See that the disk has room and can be written, then stead doctor.",
	"clock":      "Set the clock; then two people with the role admin or security say so: POST /v1/clock/trust.",
	"policy":     "Stage files with stead policy stage; another person applies them.",
	"searchable": "What happens is recorded, and can be read a little later. Where it stays so, the disk is too slow or full.",
}

// look tells people what health tells machines, and what stands around it: the same checks, the same figures.
func (h *House) look(s Site) func(context.Context) api.Look {
	began := h.Now()
	return func(ctx context.Context) api.Look {
		now := h.standing()
		l := api.Look{At: h.Now().UTC(), Version: s.Version, Figures: api.Figures{Events: now.Head, Checkpoint: now.HeadAt, Waiting: now.Lag,
			Sessions: now.Sessions, Acting: now.ReadOnly + now.Edit, Asked: now.Pending, Store: now.StoreUp, Clock: now.ClockTrusted, Policy: h.PolicyDigest()}}
		for _, c := range h.health().Checks {
			f := api.Finding{Area: thisServer, Name: upper(c.Name), Result: "ok", Says: h.says(c.Name, now)}
			if err := c.Run(ctx); err != nil {
				f.Result, f.Says, f.Next = "fail", err.Error(), next[c.Name]
			}
			l.Findings = append(l.Findings, f)
		}
		l.Findings = append(l.Findings, h.record(now), h.signing(s), h.file(s), h.admins())
		l.Findings = append(l.Findings, api.Finding{Area: thisServer, Name: "Version", Result: "ok", Says: s.Version + ", for " + age(h.Now().Sub(began))})
		nodes, err := h.nodes(ctx)
		if err != nil {
			l.Findings = append(l.Findings, api.Finding{Area: "Servers", Name: "Starts and ends", Result: "fail", Says: "the record cannot be read", Next: next["store"]})
		}
		l.Nodes = nodes
		for _, n := range nodes {
			l.Findings = append(l.Findings, h.server(n))
		}
		l.Findings = append(l.Findings, h.told(ctx)...)
		l.Findings = append(l.Findings, h.answers(s)...)
		return l
	}
}

// thisServer is the area of what is found of the server that answers.
const thisServer = "This server"

// shown is a look as the console's page lists it.
func shown(look func(context.Context) api.Look) console.Look {
	return func(ctx context.Context) (all []console.Finding) {
		for _, f := range look(ctx).Findings {
			all = append(all, console.Finding(f))
		}
		return all
	}
}

func (h *House) says(check string, now health.Standing) string {
	switch check {
	case "store":
		return fmt.Sprintf("takes events: %d so far", now.Head)
	case "clock":
		return "is trusted"
	case "policy":
		return fmt.Sprintf("%.16s… is in force", h.PolicyDigest())
	case "searchable":
		return fmt.Sprintf("%d events wait to be searchable", now.Lag)
	}
	return ""
}

// record is the log and its newest signed head.
func (h *House) record(s health.Standing) api.Finding {
	return api.Finding{Area: thisServer, Name: "Checkpoint", Result: "ok",
		Says: fmt.Sprintf("signed %s, over %d events, by %s", ago(h.Now().Sub(s.HeadAt)), s.Head, strings.Join(strings.SplitN(h.Verifier, "+", 3)[:2], "+"))}
}

func (h *House) admins() api.Finding {
	f := api.Finding{Area: thisServer, Name: "Administrators", Result: "ok", Says: "one account administers Stead"}
	switch n := h.Administrators(); n {
	case 0:
		f.Result, f.Says, f.Next = "fail", "nobody administers Stead", "Name a group under roles.admin of the configuration that somebody is in, and start the server anew."
	case 1:
	default:
		f.Says = fmt.Sprintf("%d accounts administer Stead", n)
	}
	return f
}

func (h *House) signing(s Site) api.Finding {
	f := api.Finding{Area: thisServer, Name: "Signing keys", Result: "warn", Says: "there are none: applications get no signed word of who acts"}
	if s.Ring != nil {
		since, published := s.Ring.Signs()
		f.Result, f.Says = "ok", fmt.Sprintf("the one in use is %s old, %d published", age(h.Now().Sub(since)), published)
	}
	if next, wrong := h.renewal.stands(); wrong != nil {
		f.Result, f.Says = "fail", fmt.Sprintf("those in use are to be followed by others, which can not be made: %v. The next try is at %s", wrong, next.UTC().Format(time.RFC3339))
		f.Next = "See that the folder of secrets, or the database, can be written. Until then the old keys go on signing."
	}
	return f
}

// file is the configuration and how its last reading went.
func (h *House) file(s Site) api.Finding {
	f := api.Finding{Area: thisServer, Name: "Configuration", Result: "ok", Says: "started without a file"}
	if s.Reload == nil {
		return f
	}
	last := s.Reload.Last()
	f.Says = cmp.Or(last.File, "read") + ", read " + ago(h.Now().Sub(last.At))
	var keys []string
	for _, k := range last.Restart {
		keys = append(keys, k.Key)
	}
	switch {
	case !last.OK:
		f.Result, f.Says, f.Next = "fail", last.Problem, "Correct the file, then send SIGHUP or POST /v1/config/reload. What was in force before still is."
	case len(keys) > 0:
		f.Result, f.Says, f.Next = "warn", f.Says+"; not in force yet: "+strings.Join(keys, ", "), "Start the server anew when that suits."
	}
	return f
}

// readings tell how the configuration was read, with what was before and what is after; the record holds names alone.
func (s Site) readings() console.FileRead {
	if s.Reload == nil {
		return console.FileRead{}
	}
	last := s.Reload.Last()
	return console.FileRead{File: last.File, At: last.At, Problem: last.Problem, Changed: keyDiffs(last.Changed), Waiting: keyDiffs(last.Restart), ChangedAt: last.Taken, ChangedBy: taker(last)}
}

func taker(r api.Reload) stead.PrincipalID {
	if r.TakenBy == nil {
		return ""
	}
	return r.TakenBy.ID
}

func keyDiffs(all []api.KeyChange) []console.KeyDiff {
	out := make([]console.KeyDiff, len(all))
	for i, k := range all {
		out[i] = console.KeyDiff(k)
	}
	return out
}

// server says how one of the servers on this store is.
func (h *House) server(n api.Node) api.Finding {
	f := api.Finding{Area: "Servers", Name: cmp.Or(n.ID, "the only one"), Result: "ok"}
	since := ago(h.Now().Sub(n.Since))
	switch n.State {
	case api.NodeRuns:
		f.Says = "runs, started " + since
	case api.NodeEnded:
		f.Says = "ended cleanly " + since
	default:
		f.Result, f.Says = "warn", "lost: not heard of since "+n.Since.UTC().Format(time.RFC3339)+", "+since
		f.Next = "It was killed, or does not reach the database. Start it again, or take it from the balancer: what is gone for a week is not shown."
	}
	if n.This {
		f.Name += " (this one)"
	}
	if !n.Before.IsZero() {
		f.Says += "; its run before ended without a word, after " + n.Before.UTC().Format(time.RFC3339)
	}
	return f
}

// answers are what applications answered last.
func (h *House) answers(s Site) []api.Finding {
	var all []api.Finding
	for _, a := range s.Apps {
		last := h.metrics.Lately(a.ID)
		f := api.Finding{Area: "Applications", Name: cmp.Or(s.Labels[string(a.ID)], string(a.ID)), Result: "ok", Says: "nobody has asked it since this server started"}
		if !last.Last.At.IsZero() {
			f.Says = fmt.Sprintf("answered %d, %s", last.Last.Status, ago(h.Now().Sub(last.Last.At)))
		}
		switch {
		case last.Last.Failed():
			f.Result, f.Next = "fail", "Is it running? stead app check URL says what it answers, from this machine."
		case last.Failed.Failed() && h.Now().Sub(last.Failed.At) < time.Hour:
			f.Result, f.Says, f.Next = "warn", f.Says+fmt.Sprintf("; failed with %d %s", last.Failed.Status, ago(h.Now().Sub(last.Failed.At))), "See the application's own log for that time."
		}
		all = append(all, f)
	}
	return all
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// ago says how long something is past, and age how long it lasts, in the largest unit.
func ago(d time.Duration) string {
	if d < time.Second {
		return "just now"
	}
	return age(d) + " ago"
}

func age(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// factors make secrets for authenticators, which show them under the name of this house.
type factors struct {
	*directory.Prover
	host string
}

// URI is what authenticators read.
func (f factors) URI(account, secret string) string {
	return directory.URI("Stead "+f.host, account, secret)
}
