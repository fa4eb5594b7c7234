package console

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

const (
	pageOfEvents = 50
	mostOfEvents = 500
	countWithin  = 30 * time.Millisecond // what is not counted until then is told as "at least"
	lookWithin   = 30 * time.Millisecond // where nothing was found until then it is told how far was looked
	shortestWord = 3                     // letters; shorter ones stand nearly everywhere, and are found by no index
)

// A wish is what somebody wants to see of the trail: all of it stands in the address.
type wish struct {
	Filter authority.Filter
	Query  authority.EventQuery
	Before uint64 // only events with smaller numbers
	Size   int
}

// wished reads the address: the filter as text in q, and as parameters of its names.
func (v *visit) wished(q url.Values) (w wish, err error) {
	w = wish{Before: asNumber(q.Get("before")), Size: pageOfEvents}
	if n := asNumber(q.Get("size")); n > 0 {
		w.Size = int(min(n, mostOfEvents))
	}
	if w.Filter, err = authority.ParseFilter(q.Get("q")); err != nil {
		return w, err
	}
	for _, n := range authority.FilterNames {
		for _, value := range q[n.Name] {
			if value = strings.TrimSpace(value); value == "" {
				continue
			}
			if w.Filter, err = w.Filter.Add(n.Name, value); err != nil {
				return w, err
			}
		}
	}
	w.Query, err = v.query(w.Filter)
	return w, err
}

func (v *visit) query(f authority.Filter) (authority.EventQuery, error) {
	for _, t := range f {
		if t.Name == "" && len([]rune(t.Value)) < shortestWord {
			return authority.EventQuery{}, tooShort(f, t.Value)
		}
	}
	return f.Query(v.c.Now(), v.c.zone(), func(name string) (stead.PrincipalID, error) {
		if name == "me" {
			return v.by.Principal, nil
		}
		return v.c.named(v, name)
	})
}

// tooShort refuses a word that too much would hold, and says how it is meant where it belongs to others.
func tooShort(f authority.Filter, word string) error {
	var words []string
	for _, t := range f {
		if t.Name == "" {
			words = append(words, t.Value)
		}
	}
	hint := ""
	if len(words) > 1 {
		hint = fmt.Sprintf(", or put what stands together into quotes: %q", strings.Join(words, " "))
	}
	return stead.E(stead.Invalid, stead.ReasonRequest, "%q is too short: write at least three letters of what you look for%s", word, hint)
}

// address is where a filter is shown.
func address(f authority.Filter, size int, before uint64) string {
	q := url.Values{}
	if len(f) > 0 {
		q.Set("q", f.String())
	}
	if size != pageOfEvents && size > 0 {
		q.Set("size", strconv.Itoa(size))
	}
	if before > 0 {
		q.Set("before", strconv.FormatUint(before, 10))
	}
	if len(q) == 0 {
		return "/audit"
	}
	return "/audit?" + q.Encode()
}

func (c *Console) day(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, s, c.zone())
	if err != nil {
		return t, stead.E(stead.Invalid, stead.ReasonRequest, "%q is no day: write 2026-11-22", s)
	}
	return t, nil
}

// named finds whom an auditor means: an id, "directory/name" or a name that only one has.
func (c *Console) named(v *visit, s string) (stead.PrincipalID, error) {
	if s == "" || strings.HasPrefix(s, stead.PrefixPrincipal) || s == string(stead.Server) {
		return stead.PrincipalID(s), nil
	}
	directory, name, two := strings.Cut(s, "/")
	if !two {
		directory, name = "", s
	}
	found, err := c.Authority.People(v.r.Context(), v.by, authority.Lookup{Name: name, Directory: directory})
	if err != nil {
		return "", err
	}
	var hits []stead.Principal
	for _, p := range found {
		if strings.EqualFold(p.Name, name) || strings.EqualFold(p.Shown, name) {
			hits = append(hits, p)
		}
	}
	switch len(hits) {
	case 0:
		return "", stead.E(stead.Invalid, stead.ReasonUnknown, "nobody is called %q: write directory/name, or an id", s)
	case 1:
		return hits[0].ID, nil
	}
	var all []string
	for _, p := range hits {
		all = append(all, p.Directory+"/"+p.Name)
	}
	return "", stead.E(stead.Invalid, stead.ReasonAmbiguous, "several are called %q: write one of %s", s, strings.Join(all, ", "))
}
