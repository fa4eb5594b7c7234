package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// barFacts are what the bar says. It says nothing by colour alone.
type barFacts struct {
	Subject, Actor string
	Edit, Last     bool   // may change things; in the last minute
	Agent          bool   // who acts is none of us
	Ticket         string // or the reason, where no ticket is
	Now, Until     time.Time
	Ends           string        // what ends then: "mandate", "mandate-idle", "session-idle" or "session"
	Warn           time.Duration // how long before it is said
	Forms          bool          // forms work in this page
	Origin         string
	Mandate        string
	Back           string // where he is now
	Extensions     int
	First          bool // nobody saw the subject in this application before
	Clicks         bool // are recorded
	Banner         Banner
}

func (b barFacts) look() string {
	if b.Last {
		return "last"
	}
	return b.kind()
}

func (b barFacts) kind() string {
	switch {
	case b.Agent:
		return "agent"
	case b.Edit:
		return "edit"
	}
	return "read"
}

func (b barFacts) mode() string {
	if b.Edit {
		return "CAN EDIT — saved as you"
	}
	return "Read-only"
}

// first is said where opening a page may be the subject's first visit.
func (b barFacts) first() string {
	if !b.First {
		return ""
	}
	return "First visit: to look may already make an account for " + b.Subject + "."
}

// edge is what the bar's class says beside its look: where it stands, and that it says more than usual.
func (b barFacts) edge() string {
	words := []string{}
	if b.Banner.Top {
		words = append(words, "stead-high")
	}
	if b.First {
		words = append(words, "stead-first")
	}
	return strings.Join(words, " ")
}

// pressed is a shortcut as the script compares it.
type pressed struct {
	Shown string `json:"shown"`
	Aria  string `json:"aria"`
	Code  string `json:"code"`
	Ctrl  bool   `json:"ctrl"`
	Alt   bool   `json:"alt"`
	Shift bool   `json:"shift"`
	Meta  bool   `json:"meta"`
}

func (s Shortcut) pressed() pressed {
	return pressed{s.String(), s.aria(), s.code(), s.Ctrl, s.Alt, s.Shift, s.Meta}
}

// paper is the line on every printed sheet.
func (b barFacts) paper() string { return "Viewed by " + b.Actor + " as " + b.Subject }

// MarshalJSON is what the script is handed. Times are milliseconds from now, so that a clock of the browser's that is
// wrong does no harm.
func (b barFacts) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Subject    string  `json:"subject"`
		Actor      string  `json:"actor"`
		Look       string  `json:"look"`
		Mode       string  `json:"mode"`
		Ticket     string  `json:"ticket"`
		Mandate    string  `json:"mandate"`
		Origin     string  `json:"origin"`
		Forms      bool    `json:"forms"`
		Now        int64   `json:"now"`
		Left       int64   `json:"left"`
		Warn       int64   `json:"warn"`
		What       string  `json:"what"`
		Extensions int     `json:"extensions"`
		Paper      string  `json:"paper"`
		First      string  `json:"first,omitempty"`
		Clicks     bool    `json:"clicks,omitempty"`
		High       bool    `json:"high"`
		End        pressed `json:"end"`
		Extend     pressed `json:"extend"`
	}{b.Subject, b.Actor, b.kind(), b.mode(), b.Ticket, b.Mandate, b.Origin, b.Forms, b.Now.UnixMilli(), b.Until.Sub(b.Now).Milliseconds(),
		b.Warn.Milliseconds(), b.Ends, b.Extensions, b.paper(),
		b.first(), b.Clicks, b.Banner.Top, b.Banner.end().pressed(), b.Banner.extend().pressed()})
}

// bar gathers what the bar says on a page that answers r.
func (g *Gateway) bar(r *http.Request, v *visit) barFacts {
	m, now := v.who.mandate, g.Now()
	b := barFacts{
		Subject: v.who.subject.DisplayName(), Actor: v.who.actor.DisplayName(), Agent: v.who.actor.Kind != stead.Person, Edit: m.Mode == stead.Edit,
		Ticket: m.Purpose.Ticket, Now: now, Warn: v.status.Until.Sub(v.status.WarnAt), Forms: true, Origin: origin(r), Mandate: string(m.ID),
		Extensions: v.status.ExtensionsLeft, Back: "/", First: v.first == never, Clicks: v.app.Clicks, Banner: v.app.Banner,
	}
	b.Until, b.Ends = ends(r, v, now)
	b.Last = !now.Before(b.Until.Add(-b.Warn))
	if b.Ticket == "" {
		b.Ticket = short(m.Purpose.Reason)
	}
	if safe(r) {
		b.Back = localPath(r.URL.RequestURI())
	}
	return b
}

// ends is the first of all ends, as it is once r was answered: to open a page is to do something under the mandate, but
// nothing as oneself (R15).
func ends(r *http.Request, v *visit, now time.Time) (until time.Time, what string) {
	m := v.who.mandate
	until, what = m.Until, "mandate"
	earlier := func(t time.Time, name string) {
		if t.Before(until) {
			until, what = t, name
		}
	}
	switch {
	case m.Bounds.Idle == 0:
	case activity(r):
		earlier(now.Add(time.Duration(m.Bounds.Idle)), "mandate-idle")
	case v.status.WarnsOf == "mandate-idle":
		earlier(v.status.Until, "mandate-idle")
	}
	earlier(v.status.SessionIdleAt, "session-idle")
	earlier(v.status.SessionUntil, "session")
	return until.UTC(), what
}

// indicator renders what goes into a page, first into its head and first into its body, and opens the page's policies
// for it. Its text is ASCII whatever the names: it must read the same in every character set.
func (t *trip) indicator(h http.Header) (head, body []byte, err error) {
	facts := t.g.bar(t.in, t.v)
	can := opening{origin: facts.Origin, leads: t.leads(), puts: append(t.guards(), t.g.script), clicks: facts.Clicks}.admit(h)
	facts.Forms = can.forms
	var b bytes.Buffer
	if can.script {
		if err := errors.Join(t.guard(&b), scriptView(t.g.script, facts).Render(context.Background(), &b)); err != nil {
			return nil, nil, stead.Because(err, "draw the indicator")
		}
	}
	b.WriteString(styleLink)
	head = asciiOnly(b.String())
	b.Reset()
	if err := barView(facts).Render(context.Background(), &b); err != nil {
		return nil, nil, stead.Because(err, "draw the indicator")
	}
	return head, asciiOnly(b.String()), nil
}

const styleLink = `<link id="stead-style" rel="stylesheet" href="` + barStyle + `">`

// leads are where an end leads on: the application's own host, and Stead's, where people sign in.
func (t *trip) leads() []string {
	leads := []string{t.g.Console.Scheme + "://" + t.g.Console.Host}
	if home := t.v.place.home(t.in, ""); home != "" {
		leads = append(leads, home)
	}
	return leads
}

func asciiOnly(s string) []byte {
	b := make([]byte, 0, len(s)+64)
	for _, r := range s {
		if r < 0x80 {
			b = append(b, byte(r))
			continue
		}
		b = fmt.Appendf(b, "&#%d;", r)
	}
	return b
}
