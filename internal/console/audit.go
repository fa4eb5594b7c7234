package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// An auditView is the trail with its filters. All of them stand in the address.
type auditView struct {
	frame
	Query   url.Values
	Lines   []line
	Problem string
	Older   string // address of the page before
}

const pageOfEvents = 100

func (c *Console) audit(v *visit) error {
	q := v.r.URL.Query()
	p := auditView{frame: v.frame("Trail", "Everything that happened, newest first. Nothing here can be changed."), Query: q}
	eq, err := c.eventQuery(v, q)
	if err != nil {
		if !v.retell(err) {
			return err
		}
		p.Problem = saying(err)
		return v.show(http.StatusBadRequest, auditPage(p))
	}
	events, err := v.events(eq)
	if err != nil {
		return err
	}
	for _, e := range events { // one row for one event: nothing is left out of an audit
		p.Lines = append(p.Lines, c.line(e))
	}
	if len(events) == pageOfEvents {
		older := url.Values{}
		for k, vals := range q {
			older[k] = vals
		}
		older.Set("before", strconv.FormatUint(events[len(events)-1].Number(), 10))
		p.Older = "/audit?" + older.Encode()
	}
	return v.show(http.StatusOK, auditPage(p))
}

func (c *Console) eventQuery(v *visit, q url.Values) (authority.EventQuery, error) {
	eq := authority.EventQuery{Mandate: stead.MandateID(q.Get("mandate")), App: stead.AppID(q.Get("app")), Outcome: stead.Outcome(q.Get("outcome")),
		Text: q.Get("text"), Before: asNumber(q.Get("before")), Limit: pageOfEvents, Newest: true}
	if k := strings.TrimSpace(q.Get("kind")); k != "" {
		eq.Kinds = []string{k}
	}
	var err error
	for _, who := range []struct {
		name string
		to   *stead.PrincipalID
	}{{"actor", &eq.Actor}, {"subject", &eq.Subject}} {
		if *who.to, err = c.named(v, strings.TrimSpace(q.Get(who.name))); err != nil {
			return eq, err
		}
	}
	for _, when := range []struct {
		name string
		to   *time.Time
	}{{"from", &eq.From}, {"to", &eq.To}} {
		if *when.to, err = c.day(q.Get(when.name)); err != nil {
			return eq, err
		}
	}
	if !eq.To.IsZero() {
		eq.To = eq.To.AddDate(0, 0, 1) // the day itself is meant too
	}
	return eq, nil
}

func (c *Console) day(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	zone := c.Zone
	if zone == nil {
		zone = time.UTC
	}
	t, err := time.ParseInLocation(time.DateOnly, s, zone)
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

func outcomes(chosen string) []web.Option {
	all := []web.Option{{Value: "", Text: "Any"}, {Value: string(stead.OK), Text: "ok"}, {Value: string(stead.No), Text: "refused"},
		{Value: string(stead.Unknown), Text: "unknown"}}
	for i := range all {
		all[i].Chosen = all[i].Value == chosen
	}
	return all
}

// narrowed tells whether any filter is set: then the filters are shown.
func (p auditView) narrowed() bool {
	for name := range p.Query {
		if name != "before" && p.Query.Get(name) != "" {
			return true
		}
	}
	return false
}
