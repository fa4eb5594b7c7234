package console

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// known leaves out what is empty.
func known(rows [][2]string) [][2]string {
	out := rows[:0:0]
	for _, r := range rows {
		if r[1] != "" {
			out = append(out, r)
		}
	}
	return out
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

func length(m stead.Mandate) time.Duration { return lengthOf(m.Bounds.Length) }

func lengthOf(d stead.Duration) time.Duration { return time.Duration(d) }

// askAgain leads to the form with everything filled in: after the end nothing is extended, one asks anew (R12).
func (c *Console) askAgain(m stead.Mandate) string {
	q := url.Values{"name": {string(m.Subject)}, "reason": {m.Purpose.Reason}, "ticket": {m.Purpose.Ticket}, "mode": {string(m.Mode)},
		"target": {m.Target}}
	_, account := c.Authority.Name(m.Subject)
	_, short, _ := strings.Cut(account, ":")
	if directory, name, ok := strings.Cut(short, "/"); ok {
		q.Set("directory", directory)
		q.Set("name", name)
	}
	q.Set("app", string(first(m)))
	return "/act?" + keep(q).Encode()
}

// first is the application a mandate of a person is for; people's mandates have one.
func first(m stead.Mandate) stead.AppID {
	if len(m.Scope.Apps) == 0 {
		return ""
	}
	return m.Scope.Apps[0]
}
