package console

import (
	"net/url"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

const (
	mostOfStory = 1000
	aGap        = time.Minute // so long without an event is said
)

// tell reads what happened under a mandate, or the part of it that somebody looks for.
func (p *mandateView) tell(v *visit, m stead.Mandate) error {
	f, err := authority.ParseFilter(p.Text)
	if err == nil {
		f, err = f.Without("mandate").Add("mandate", string(m.ID))
	}
	var q authority.EventQuery
	if err == nil {
		q, err = v.query(f)
	}
	if err != nil {
		if !v.retell(err) {
			return err
		}
		p.Problem, q = saying(err), authority.EventQuery{Mandate: m.ID}
	}
	q.Limit = mostOfStory
	events, err := v.events(q)
	if err != nil {
		return err
	}
	c := v.c
	p.Tally, p.Narrow = tally(events), len(f) > 1
	p.Lines = c.gaps(c.lines(events), events)
	if len(events) == mostOfStory {
		p.Shown = "These are the first " + number(mostOfStory) + " events."
	}
	if v.audits() {
		p.Trail = narrowed("mandate", string(m.ID))
	}
	if p.Running {
		p.Watch = live{Stream: "/v1/events?" + url.Values{"mandate": {string(m.ID)}}.Encode(), Parts: "facts tally story"}
	}
	return nil
}

// gaps says before a line how long nothing was written.
func (c *Console) gaps(lines []line, events []authority.StoredEvent) []line {
	at := make(map[uint64]time.Time, len(events))
	for _, e := range events {
		at[e.Number()] = e.At
	}
	for i := 1; i < len(lines); i++ {
		if gap := at[lines[i].Number].Sub(at[lines[i-1].Number]); gap >= aGap {
			lines[i].Gap = span(gap)
		}
	}
	return lines
}

// together makes one line of a request that was allowed and then served: what was asked, and what came of it.
func together(events []authority.StoredEvent) []authority.StoredEvent {
	allowed := make(map[stead.DecisionID]authority.StoredEvent)
	for _, e := range events {
		if e.Kind == "request.allowed" {
			allowed[e.Decision] = e
		}
	}
	served := make(map[stead.DecisionID]bool)
	for _, e := range events {
		served[e.Decision] = served[e.Decision] || e.Kind == "request.served"
	}
	out := make([]authority.StoredEvent, 0, len(events))
	for _, e := range events {
		was, known := allowed[e.Decision]
		switch {
		case e.Kind == "request.allowed" && served[e.Decision]:
			continue
		case e.Kind == "request.served" && known:
			e.What = filled(e.What, was.What)
		}
		out = append(out, e)
	}
	return out
}

// filled adds what is not said yet.
func filled(what, more stead.Fields) stead.Fields {
	out := stead.Fields{}
	for _, name := range []string{"method", "path", "title"} {
		if s := strings.TrimSpace(what[name]); s != "" {
			out[name] = s
		} else if more[name] != "" {
			out[name] = more[name]
		}
	}
	return out
}
