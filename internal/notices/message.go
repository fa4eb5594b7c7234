package notices

import (
	"strings"
	"time"
	"unicode"

	"github.com/steadhq/stead"
)

// A Message is one notice to one recipient.
type Message struct {
	ID      string // the same at every try
	Channel string
	Kind    Kind
	Of      stead.EventID
	Number  uint64 // of that event
	At      time.Time
	Mandate stead.MandateID
	Actor   stead.PrincipalID
	Subject stead.PrincipalID

	To      stead.PrincipalID // of a person
	Address string
	Name    string

	Initiator string // who really began it
	Link      string
	Reason    string // where details are set
	Ticket    string
}

// titles say what a message is about, for a mandate that somebody else began.
var titles = map[Kind]string{
	Asked: "A request waits for your yes or no", Reminder: "A request still waits for your yes or no",
	Escalated: "A request waits for others too now: you may agree", Approved: "The request was approved", Refused: "The request was refused",
	Expired: "The request ended: nobody agreed, or nobody began, in time", Started: "Acting has begun", Ended: "Acting has ended",
	"test": "This is a test of the channel",
}

// Title is its first line.
func (m Message) Title() string { return titles[m.Kind] }

// Text is the whole of it, as plain text.
func (m Message) Text() string {
	lines := []string{m.Title() + ".", "", "By " + m.Initiator, m.At.UTC().Format("2006-01-02 15:04:05 UTC")}
	if m.Reason != "" {
		lines = append(lines, "Reason: "+line(m.Reason))
	}
	if m.Ticket != "" {
		lines = append(lines, "Ticket: "+line(m.Ticket))
	}
	return strings.Join(append(lines, "", m.Link, "", "Look at it there: nothing is decided by opening this message, or by answering it.", ""), "\n")
}

// line makes one line of what somebody wrote, without anything that is not shown.
func line(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
