package console

import (
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// An exploreView is the trail under a filter: what fits in numbers, and one page of it.
type exploreView struct {
	frame
	Text    string // the filter as it is written
	Problem string
	Chips   []chip
	Quick   []choice
	Names   []authority.FilterName
	Graph   *histogram
	Lines   []line
	Count   string // "Rows 1–50 of 1,204"
	Sizes   []choice
	Newest  string // addresses; empty: there is none
	Newer   string
	Older   string
	Looked  string // how far was looked, where there was no time for more
	Export  string
	Badge   badge
	Live    live
}

// A chip is one part of the filter, and where one gets without it.
type chip struct{ Name, Value, Without string }

// A choice is a link that can be on.
type choice struct {
	Text, Href string
	On         bool
}

func (c *Console) audit(v *visit) error {
	q := v.r.URL.Query()
	p := exploreView{frame: v.frame("Trail", "Everything that happened, newest first. Nothing here can be changed."), Text: q.Get("q"),
		Names: authority.FilterNames}
	w, err := v.wished(q)
	if len(w.Filter) > 0 {
		p.Text = w.Filter.String()
	}
	p.Chips, p.Quick = c.chips(w), quicks(w)
	if err == nil {
		err = p.fill(v, w)
	}
	if err == nil {
		return v.show(http.StatusOK, explorePage(p))
	}
	if !v.retell(err) {
		return err
	}
	p.Problem = saying(err)
	return v.show(http.StatusBadRequest, explorePage(p))
}

// fill reads one page, and counts what is before and after it.
func (p *exploreView) fill(v *visit, w wish) error {
	page := w.Query
	page.Newest, page.Limit, page.Before, page.Within = true, w.Size+1, w.Before, lookWithin
	events, err := v.events(page)
	at, err := authority.Shorted(err)
	if err != nil {
		return err
	}
	more := len(events) > w.Size
	events = events[:min(len(events), w.Size)]
	for _, e := range events { // one row for one event: nothing is left out of an audit
		p.Lines = append(p.Lines, v.c.line(e))
	}
	_, offset := v.c.Now().In(v.c.zone()).Zone()
	counting := authority.Counting{Bars: mostBars, Offset: time.Duration(offset) * time.Second, Newer: math.MaxInt64, Within: countWithin}
	if w.Before > 0 {
		counting.Newer = w.Before - 1
	}
	n, err := v.c.Authority.Counted(v.r.Context(), v.by, w.Query, counting)
	if err != nil {
		return err
	}
	p.Graph = v.c.histogram(w, n)
	p.Count = counted(n, w.Before, len(events))
	p.Export = strings.Replace(address(w.Filter, 0, 0), "/audit", "/audit/export", 1)
	p.Sizes = sizes(w)
	switch {
	case more:
		p.Older = address(w.Filter, w.Size, events[len(events)-1].Number())
	case at > 0:
		p.Older, p.Looked = address(w.Filter, w.Size, at), number(at)
	}
	if p.Badge, err = v.badge(); err != nil {
		return err
	}
	if w.Before == 0 {
		p.Live = liveTrail(w, events)
		return nil
	}
	p.Newest = address(w.Filter, w.Size, 0)
	p.Newer, err = v.newer(w)
	return err
}

// newer is the page before this one, as it would be turned to from the newest.
func (v *visit) newer(w wish) (string, error) {
	page := w.Query
	page.After, page.Limit, page.Within = w.Before-1, w.Size, lookWithin
	events, err := v.c.Authority.Events(v.r.Context(), v.by, page)
	_, err = authority.Shorted(err)
	if err != nil || len(events) < w.Size {
		return address(w.Filter, w.Size, 0), err
	}
	return address(w.Filter, w.Size, events[len(events)-1].Number()+1), nil
}

// counted says which rows of how many are shown.
func counted(n authority.Counts, before uint64, shown int) string {
	if shown == 0 {
		return ""
	}
	rows, of := "Rows "+number(n.Newer+1)+"–"+number(n.Newer+uint64(shown)), number(n.Total)
	if n.Newer+uint64(shown) == n.Newer+1 {
		rows = "Row " + number(n.Newer+1)
	}
	switch {
	case n.Whole:
		return rows + " of " + of
	case before == 0 || n.Looked <= before && n.Total > 0:
		return rows + " of at least " + number(max(n.Total, uint64(shown)))
	}
	return number(uint64(shown)) + " rows before event " + number(before) + ": there are too many to count them while you wait"
}

// number writes a number with commas.
func number(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func sizes(w wish) []choice {
	var all []choice
	for _, n := range []int{25, pageOfEvents, 100, 250} {
		all = append(all, choice{strconv.Itoa(n), address(w.Filter, n, w.Before), n == w.Size})
	}
	return all
}

// chips are the parts of the filter, each with the way to be without it.
func (c *Console) chips(w wish) []chip {
	var all []chip
	for i, t := range w.Filter {
		k := chip{Name: t.Name, Value: t.Value, Without: address(slices.Delete(slices.Clone(w.Filter), i, i+1), w.Size, 0)}
		switch {
		case t.Name == "":
			k.Name = "text"
		case strings.HasPrefix(t.Value, stead.PrefixPrincipal):
			k.Value = c.account(stead.PrincipalID(t.Value))
		case t.Name == "from" || t.Name == "to":
			if at, err := time.Parse(time.RFC3339Nano, t.Value); err == nil {
				k.Value = c.at(at)
			}
		}
		all = append(all, k)
	}
	return all
}

// quicks are filters that are often wanted. Each is put on and taken off by the same link.
func quicks(w wish) []choice {
	var all []choice
	for _, k := range []struct{ text, name, value string }{
		{"Today", "from", "today"}, {"Refused only", "outcome", string(stead.No)}, {"Acting for somebody", "kind", "mandate."},
		{"Pages", "kind", "request."}, {"Changes of policy", "kind", "policy."}, {"Sign-ins", "kind", "session."}, {"Mine", "person", "me"},
	} {
		on := w.Filter.Value(k.name) == k.value
		without := w.Filter.Without(k.name)
		if !on {
			// The names and values of this list are filters: adding one to a filter that holds can only find it too long.
			if f, err := without.Add(k.name, k.value); err == nil {
				without = f
			}
		}
		all = append(all, choice{k.text, address(without, w.Size, 0), on})
	}
	return all
}

// A live is what a page watches while it is open.
type live struct {
	Stream string // address of the events that matter; empty: nothing is watched
	Parts  string // ids of what is fetched anew
	Last   uint64 // number of the newest row
}

// liveTrail watches what the filter chooses, as far as the stream can be told.
func liveTrail(w wish, events []authority.StoredEvent) live {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	e := w.Query
	set("actor", string(e.Actor))
	set("subject", string(e.Subject))
	set("person", string(e.Either))
	set("mandate", string(e.Mandate))
	set("session", string(e.Session))
	set("decision", string(e.Decision))
	set("app", string(e.App))
	set("outcome", string(e.Outcome))
	if len(e.Words) > 0 {
		q.Set("text", e.Words[0])
	}
	if len(e.Kinds) > 0 {
		q.Set("kind", strings.Join(e.Kinds, ","))
	}
	l := live{Stream: "/v1/events?" + q.Encode(), Parts: "graph count seal badge"}
	if len(events) > 0 {
		l.Last = events[0].Number()
	}
	return l
}
