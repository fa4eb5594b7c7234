package gateway

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/steadhq/stead"
)

// barStyle is the bar's own stylesheet.
const barStyle = "/.stead/static/bar.css"

// barFacts are what the bar says. It says nothing by colour alone.
type barFacts struct {
	Subject, Actor string
	Edit, Last     bool   // may change things; in the last minute
	Ticket         string // or the reason, where no ticket is
	Until          time.Time
	Forms          bool // forms work in this page
	Mandate        string
	Back           string // where he is now
	Extensions     int
}

func (b barFacts) look() string {
	switch {
	case b.Last:
		return "last"
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

// bar gathers what the bar says on a page that answers r.
func (g *Gateway) bar(r *http.Request, v *visit, forms bool) barFacts {
	m := v.who.mandate
	b := barFacts{
		Subject: v.who.subject.DisplayName(), Actor: v.who.actor.DisplayName(), Edit: m.Mode == stead.Edit,
		Last: !g.Now().Before(m.Until.Add(-time.Minute)), Ticket: m.Purpose.Ticket, Until: m.Until.UTC(),
		Forms: forms, Mandate: string(m.ID), Extensions: v.status.ExtensionsLeft, Back: "/",
	}
	if b.Ticket == "" {
		b.Ticket = short(m.Purpose.Reason)
	}
	if safe(r) {
		b.Back = localPath(r.URL.RequestURI())
	}
	return b
}

// indicator renders what goes into a page, and opens the page's policy for it. Its text is ASCII whatever the names:
// it must read the same in every character set.
func (t *trip) indicator(h http.Header) (bar []byte, err error) {
	facts := t.g.bar(t.in, t.v, admit(h, origin(t.in)))
	var b bytes.Buffer
	if err := barView(facts).Render(context.Background(), &b); err != nil {
		return nil, stead.Because(err, "draw the indicator")
	}
	return asciiOnly(b.String()), nil
}

func asciiOnly(s string) []byte {
	var b bytes.Buffer
	for _, r := range s {
		if r < 0x80 {
			b.WriteByte(byte(r))
			continue
		}
		fmt.Fprintf(&b, "&#%d;", r)
	}
	return b.Bytes()
}
