package console

import (
	"fmt"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// who names a principal as people know it.
func (c *Console) who(id stead.PrincipalID) string {
	shown, _ := c.Authority.Name(id)
	return shown
}

// account names a principal so that it cannot be taken for another: "Dana Reyes (customers/dana)".
func (c *Console) account(id stead.PrincipalID) string {
	shown, account := c.Authority.Name(id)
	_, short, ok := strings.Cut(account, ":")
	if !ok || shown == account {
		return shown
	}
	return shown + " (" + short + ")"
}

// pair writes who acts for whom.
func (c *Console) pair(actor, subject stead.PrincipalID) string {
	if actor == subject || subject == "" {
		return c.who(actor)
	}
	return c.who(actor) + " → " + c.who(subject)
}

// at writes a time of day, with its date when that is not today.
func (c *Console) at(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	t, now := t.In(c.zone()), c.Now().In(c.zone())
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format("15:04:05 MST")
	}
	return t.Format("2006-01-02 15:04:05 MST")
}

// left writes how long it is until t, in the two largest units.
func (c *Console) left(t time.Time) string { return span(t.Sub(c.Now())) }

// span writes a duration for people.
func span(d time.Duration) string {
	d = d.Truncate(time.Second)
	switch h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60; {
	case d <= 0:
		return "no time"
	case h >= 48:
		return fmt.Sprintf("%d days", h/24)
	case h > 0 && m > 0:
		return fmt.Sprintf("%d h %d min", h, m)
	case h > 0:
		return fmt.Sprintf("%d h", h)
	case m > 0 && s > 0:
		return fmt.Sprintf("%d min %d s", m, s)
	case m > 0:
		return fmt.Sprintf("%d min", m)
	default:
		return fmt.Sprintf("%d s", s)
	}
}

func modeWord(m stead.Mode) string {
	if m == stead.Edit {
		return "Can edit"
	}
	return "Read-only"
}

var stateWords = map[stead.State]string{
	stead.Asked: "Waits for approval", stead.Approved: "Ready to start", stead.Active: "In force",
	stead.Suspended: "Suspended", stead.Ended: "Ended",
}

func stateWord(s stead.State) string {
	if w := stateWords[s]; w != "" {
		return w
	}
	return string(s)
}

// endWord says why something is over, as a sentence.
func endWord(r stead.Reason) string {
	s := stead.Ending(r)
	return upper(s) + "."
}

var warnWords = map[string]string{
	"mandate": "the time of this mandate is nearly over", "mandate-idle": "nothing was done for a while",
	"session-idle": "your own session idles out", "session": "your own session reaches its end",
}

func stages(m stead.Mandate) []string { return stageWords(m.Stages) }

func stageWords(all []stead.Stage) []string {
	var out []string
	for _, s := range all {
		people := "one person"
		if s.Count > 1 {
			people = fmt.Sprintf("%d different people", s.Count)
		}
		out = append(out, people+" of "+strings.Join(s.Groups, " or "))
	}
	return out
}

// upper begins a sentence.
func upper(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// zone is the one in which times are shown and read.
func (c *Console) zone() *time.Location {
	if c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}
