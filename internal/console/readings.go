package console

import (
	"cmp"
	"time"

	"github.com/steadhq/stead"
)

// A FileRead is how the configuration was read last. The zero one says that there is no file.
type FileRead struct {
	File    string
	At      time.Time
	Problem string // why it was not taken
	Waiting []KeyDiff

	Changed   []KeyDiff // by the last reading that changed anything
	ChangedAt time.Time
	ChangedBy stead.PrincipalID // empty: a signal, or the file itself
}

// A KeyDiff is one key that differs. Secrets are only said to have changed.
type KeyDiff struct{ Key, Before, After, Why string }

// A readingView is that for people.
type readingView struct {
	File, At, Problem string
	Change            string // who changed what is in force, and when; empty: nobody since the start
	Changed, Waiting  [][]string
}

func (c *Console) readings() readingView {
	if c.Readings == nil {
		return readingView{}
	}
	r := c.Readings()
	v := readingView{File: r.File, At: c.at(r.At), Problem: r.Problem}
	if len(r.Changed) > 0 {
		by := "by a signal or a change of the file itself"
		if r.ChangedBy != "" {
			by = "asked for by " + c.account(r.ChangedBy)
		}
		v.Change = c.at(r.ChangedAt) + ", " + by
	}
	for _, k := range r.Changed {
		v.Changed = append(v.Changed, []string{k.Key, cmp.Or(k.Before, "–"), cmp.Or(k.After, "–")})
	}
	for _, k := range r.Waiting {
		v.Waiting = append(v.Waiting, []string{k.Key, cmp.Or(k.Before, "–"), cmp.Or(k.After, "–"), k.Why})
	}
	return v
}
