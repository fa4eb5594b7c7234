package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A stoppedView says what ended with an act, and after what time each door refused.
type stoppedView struct {
	By   string // who did it, and when
	Sum  string
	Open bool
	Rows []stopRow
}

// A stopRow is one thing that ended, or several of the same.
type stopRow struct {
	What, Took, Event, Href string
	Open                    bool
}

// lookAgain is after how many seconds a page comes again on which a door has not answered yet.
const lookAgain = "2"

// stopped makes a record of stops readable. A page with a door that is still open comes again by itself.
func (v *visit) stopped(s authority.Stopped) *stoppedView {
	c := v.c
	p := &stoppedView{By: c.who(s.Act.Actor) + ", " + c.at(s.Act.At), Open: s.Open() > 0}
	if by := s.Act.Who["by"]; by == stead.Server {
		p.By = "Stead, " + c.at(s.Act.At)
	}
	auditor := v.audits()
	same := map[string]int{}
	var slowest time.Duration
	for _, e := range s.All {
		slowest = max(slowest, e.Took)
		row := stopRow{Took: tookWord(e), Open: e.Open}
		if e.Number > 0 {
			row.Event = "event " + number(e.Number)
		}
		if e.Number > 0 && auditor {
			row.Href = fmt.Sprintf("/audit/%d", e.Number)
		}
		row.What = c.stopWord(e)
		key := row.What + row.Took
		if i, there := same[key]; there {
			p.Rows[i].What = row.What
			continue
		}
		same[key] = len(p.Rows)
		p.Rows = append(p.Rows, row)
	}
	switch {
	case len(s.All) == 0:
		p.Sum = "Nothing was open: nothing had to end."
	case p.Open:
		v.w.Header().Set("Refresh", lookAgain)
		p.Sum = count(s.Open(), "door has", "doors have") + " not answered yet. It is tried again until it does, and this page looks again."
	case slowest == 0:
		p.Sum = "Everything was refused at once, with the act itself."
	default:
		p.Sum = "Everything was refused within " + brieflyWord(slowest) + "."
	}
	return p
}

// stopWord names what ended.
func (c *Console) stopWord(e authority.Stop) string {
	a, _ := c.app(e.System)
	switch e.What {
	case "session":
		return "Session " + shortID(e.ID)
	case "agent":
		return "Agent " + c.who(e.Of) + ": whatever it asks"
	case "instance":
		return "Run " + shortID(e.ID) + " of " + c.who(e.Of) + ": whatever it asks"
	case "mandate":
		return "Mandate " + shortID(e.ID) + " of " + c.who(e.Of) + ": every decision"
	case "tokens":
		return count(e.N, "access token", "access tokens") + " of " + c.who(e.Of)
	case "login":
		return "The login of " + c.who(e.Of) + " to " + a.shown()
	case "connections":
		return "The connections of " + c.who(e.Of) + " in " + a.shown()
	}
	return "The role of " + c.who(e.Of) + " in " + a.shown()
}

// shortID is enough of an id to tell it from others on a page.
func shortID(id string) string {
	if _, rest, ok := strings.Cut(id, "_"); ok && len(rest) > 8 {
		return id[:len(id)-len(rest)+8] + "…"
	}
	return id
}

func tookWord(e authority.Stop) string {
	switch {
	case e.Open:
		return "not yet"
	case e.Took == 0:
		return "at once"
	}
	return brieflyWord(e.Took)
}

// brieflyWord writes a short time as it was measured.
func brieflyWord(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return span(d)
}

// settled waits a while until what was just done can be read.
func (v *visit) settled() {
	if v.c.Settled != nil {
		ctx, stop := context.WithTimeout(v.r.Context(), lookLong)
		defer stop()
		_ = v.c.Settled(ctx) // late is not wrong: the page comes again
	}
}

// stoppedAccount is what ended when an account was closed; nil where that is not told, or not to this reader.
func (v *visit) stoppedAccount(id stead.PrincipalID) *stoppedView {
	v.settled()
	s, err := v.c.Authority.AccountStopped(v.r.Context(), v.by, id)
	if err != nil {
		return nil
	}
	return v.stopped(s)
}

// A personStoppedView is the end of an account that may be gone.
type personStoppedView struct {
	frame
	Said    string
	Stopped *stoppedView
	Back    string
}

// personStopped shows what ended with an account, after it is gone too.
func (c *Console) personStopped(v *visit) error {
	v.settled()
	s, err := c.Authority.AccountStopped(v.r.Context(), v.by, v.personID())
	if err != nil {
		return err
	}
	name := c.account(v.personID())
	if told := s.Act.What["subject"]; name == string(v.personID()) && told != "" {
		_, name, _ = strings.Cut(told, ":")
	}
	p := personStoppedView{frame: v.frame("What ended with "+name, ""), Said: v.told(), Stopped: v.stopped(s), Back: "/people"}
	if _, err := c.Authority.Human(v.r.Context(), v.by, v.personID()); err == nil {
		p.Back = "/people/" + url.PathEscape(string(v.personID()))
	}
	return v.show(http.StatusOK, personStoppedPage(p))
}
