package console

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A line is one event as people read it.
type line struct {
	At, Full string // time of day; RFC 3339
	Pair     string // "Sam → Dana"
	Did      string
	Detail   string
	Result   string // "ok", "refused" or "unknown"
	Why      string // address of the explanation
	Mandate  stead.MandateID
	Number   uint64
	Gap      string // how long nothing was written before it
}

// did says in words what an event is. Kinds that are not here are shown as they are written.
var did = map[stead.EventKind]string{
	"session.started": "signed in", "session.raised": "proved a second factor", "session.ended": "signed out",
	"session.handed": "went over to an application", "session.redeemed": "arrived at an application",
	"session.passed": "got a new pass", "session.seen": "was there", "session.start.refused": "was not let in",
	"acting.armed": "armed acting", "acting.disarmed": "disarmed acting", "acting.arm.refused": "could not arm acting",
	"mandate.asked": "asked to act", "mandate.consented": "let an agent act", "mandate.approved": "approved", "mandate.refused": "said no",
	"mandate.commented": "commented on the request", "mandate.reminded": "still waits: a reminder",
	"mandate.escalated": "waited too long: others may agree too",
	"mandate.withdrawn": "withdrew the request", "mandate.started": "started acting", "mandate.extended": "got more time",
	"mandate.ended": "ended acting", "mandate.revoked": "revoked the mandate", "mandate.suspended": "suspended the mandate",
	"mandate.resumed": "resumed the mandate", "mandate.acknowledged": "has seen the end",
	"mandate.consent.refused": "did not let an agent act", "mandate.ask.refused": "was refused to ask", "mandate.start.refused": "was refused to start",
	"mandate.extend.refused": "was refused more time", "mandate.approve.refused": "could not approve",
	"application.left": "was signed out of the application", "application.leave.refused": "could not be signed out of the application",
	"person.enrolled": "enrolled", "person.changed": "changed an account", "person.erased": "erased a person", "person.vouched": "vouched for",
	"concern.raised": "raised a concern", "factor.set": "set up an authenticator", "password.set": "chose another password", "mandate.previewed": "looked at what acting would need",
	"timers.set": "set the timers", "timers.set.refused": "was refused to set the timers",
	"person.searched": "looked for a person", "policy.staged": "staged a policy", "policy.applied": "applied a policy",
	"request.allowed": "opened", "request.served": "saw", "request.denied": "was refused", "page.clicked": "clicked",
	"mandate.claimed": "took the request into another session", "config.reloaded": "read the configuration again",
	"report.made": "made a report", "report.make.refused": "was refused a report",
	"audit.exported": "took events out in a file", "audit.export.refused": "was refused a file of events",
	"mandate.completed": "said that the task is done", "system.granted": "was given a login to the system", "system.withdrawn": "took the login back",
	"system.withdraw.refused": "could not take the login back yet", "token.issued": "was given an access token", "token.revoked": "gave an access token back",
	"agent.registered": "registered an agent", "agent.changed": "changed an agent", "agent.suspended": "suspended an agent", "agent.resumed": "resumed an agent",
	"agent.retired": "retired an agent", "instance.enrolled": "began a run", "instance.beaten": "gave a sign of life", "instance.ended": "ended a run",
	"secret.made":    "was given a client secret",
	"key.rotated":    "renewed the signing keys",
	"server.started": "the server started", "server.stopped": "the server stopped", "clock.trusted": "trusted the clock",
}

// patience is how long a page waits for the trail to catch up with what its reader has just done.
const patience = 500 * time.Millisecond

// events reads the trail, with what was done a moment ago where that can be had in time.
func (v *visit) events(q authority.EventQuery) ([]authority.StoredEvent, error) {
	if v.c.Settled != nil {
		ctx, stop := context.WithTimeout(v.r.Context(), patience)
		defer stop()
		_ = v.c.Settled(ctx) // late is not wrong: the next reading shows it
	}
	return v.c.Authority.Events(v.r.Context(), v.by, q)
}

// lines makes events readable. A request that was allowed and then served is one line.
func (c *Console) lines(events []authority.StoredEvent) []line {
	var out []line
	for _, e := range together(events) {
		out = append(out, c.line(e))
	}
	return out
}

func (c *Console) line(e authority.StoredEvent) line {
	l := line{At: c.at(e.At), Full: e.At.UTC().Format("2006-01-02T15:04:05.000000Z"), Pair: c.pair(e.Actor, e.Subject),
		Did: did[e.Kind], Detail: detail(e), Result: string(e.Outcome), Mandate: e.Mandate, Number: e.Number()}
	if l.Did == "" {
		l.Did = string(e.Kind)
	}
	if e.Kind == "request.denied" && e.Decision == "" {
		l.Did = "turned a request away"
	}
	if e.Kind == "request.allowed" && e.What["name"] != "" {
		l.Did = "was let " + e.What["action"]
	}
	if e.Decision != "" {
		l.Why = "/why/" + string(e.Decision)
	}
	return l
}

// detail is what is known besides: the page, the reason, the figures.
func detail(e authority.StoredEvent) string {
	var parts []string
	add := func(s string) {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if e.What["name"] != "" { // what it is called in a system, where an address says nothing
		add(e.What["name"])
	} else {
		add(strings.TrimSpace(e.What["method"] + " " + e.What["path"]))
	}
	for _, text := range []string{e.What["title"], e.What["label"]} {
		if text != "" {
			add("“" + text + "”")
		}
	}
	if e.What["evidence"] == "browser" {
		add("as the browser says")
	}
	add(e.What["reason"])
	add(e.What["ticket"])
	add(e.What["because"])
	if e.Kind == "audit.exported" {
		add(count(int(asNumber(e.What["rows"])), "row", "rows") + " as " + e.What["form"])
		add(e.What["query"])
	}
	if e.Reason != "" {
		add(cmp.Or(reasonWords[e.Reason], string(e.Reason)))
	}
	if n := e.Who["suppressed"]; n != "" {
		add("and " + n + " more")
	}
	if e.Status != 0 {
		add(strconv.Itoa(e.Status))
	}
	if e.Size > 0 {
		add(size(e.Size))
	}
	return strings.Join(parts, " · ")
}

// reasonWords are for reasons that stand in most trails.
var reasonWords = map[stead.Reason]string{
	stead.ReasonReadOnly: "read-only", stead.ReasonPolicy: "the policy says no", stead.ReasonClosed: "closed while acting",
	stead.ReasonCompleted: "done", stead.ReasonExpired: "time is over", stead.ReasonIdle: "idle", stead.ReasonRevoked: "revoked",
	stead.ReasonActing: "acting already", stead.ReasonChain: "acting already", stead.ReasonBadProof: "wrong name, password or code",
	stead.ReasonEnded: "over", stead.ReasonSecondFactor: "a fresh code is wanted", stead.ReasonPrivileged: "privileged account",
}

func size(n int64) string {
	switch {
	case n < 1000:
		return strconv.FormatInt(n, 10) + " B"
	case n < 1_000_000:
		return strconv.FormatFloat(float64(n)/1000, 'f', 1, 64) + " kB"
	}
	return strconv.FormatFloat(float64(n)/1_000_000, 'f', 1, 64) + " MB"
}

// A tally counts a story: "1 start · 4 pages · 1 refused · 1 end".
func tally(events []authority.StoredEvent) []string {
	names := []struct {
		kind     stead.EventKind
		one, all string
	}{
		{"mandate.approved", "approval", "approvals"}, {"mandate.started", "start", "starts"},
		{"request.allowed", "request", "requests"}, {"request.denied", "refused", "refused"},
		{"mandate.extended", "extension", "extensions"}, {"mandate.completed", "completion", "completions"}, {"mandate.ended", "end", "ends"}, {"mandate.revoked", "revocation", "revocations"},
	}
	var out []string
	for _, n := range names {
		count := 0
		for _, e := range events {
			if e.Kind == n.kind {
				count++
			}
		}
		switch {
		case count == 1:
			out = append(out, "1 "+n.one)
		case count > 1:
			out = append(out, strconv.Itoa(count)+" "+n.all)
		}
	}
	return out
}
