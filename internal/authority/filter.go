package authority

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/steadhq/stead"
)

// A Filter is how people say which events they mean: "dana outcome:refused from:2026-11-01". Everything that reads
// events reads it from this text, or from parameters of the same names.
type Filter []Term

// A Term is one part of a filter. A Name of "" is a word that must stand in what was recorded.
type Term struct{ Name, Value string }

// A FilterName is something a filter can say.
type FilterName struct{ Name, Says string }

// FilterNames are all there are. What is not named so is a word.
var FilterNames = []FilterName{
	{"actor", "who did it: an id, directory/name, or me"}, {"subject", "for whom"}, {"person", "as actor or as subject"},
	{"kind", "what happened, or its beginning: mandate. or request.denied"}, {"outcome", "ok, refused or unknown"},
	{"app", "application"}, {"mandate", "id of a mandate"}, {"session", "id of a session"}, {"decision", "id of a decision"},
	{"from", "since then: 2026-11-01, 2026-11-01T09:00:00Z, today, or 24h for a day ago"}, {"to", "before then; a day counts to its end"},
	{"text", "in pages, titles, reasons and names"},
}

func filterName(name string) bool {
	return slices.ContainsFunc(FilterNames, func(n FilterName) bool { return n.Name == name })
}

const (
	longestFilter = 1000
	mostTerms     = 20
)

// ParseFilter reads a filter. Errors: invalid.
func ParseFilter(text string) (Filter, error) {
	if len(text) > longestFilter {
		return nil, wrongFilter("a filter has at most %d letters", longestFilter)
	}
	var f Filter
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimSpace(rest) {
		var t Term
		var err error
		if t, rest, err = nextTerm(rest); err == nil {
			f, err = f.Add(t.Name, t.Value)
		}
		if err != nil {
			return nil, err
		}
	}
	return f, nil
}

// nextTerm reads one term. A name ends with a colon; quotes hold what has spaces or quotes.
func nextTerm(s string) (t Term, rest string, err error) {
	if i := strings.IndexFunc(s, func(r rune) bool { return r == ':' || r == '"' || unicode.IsSpace(r) }); i > 0 && s[i] == ':' {
		t.Name, s = s[:i], s[i+1:]
		if !filterName(t.Name) {
			return t, "", wrongFilter("there is no filter %q%s: put a word with a colon into quotes", t.Name+":", nearestName(t.Name))
		}
	}
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexFunc(s, unicode.IsSpace)
		if end < 0 {
			end = len(s)
		}
		t.Value = s[:end]
		return t, s[end:], nil
	}
	if t.Value, rest, err = quoted(s[1:]); err == nil && t.Name == "" {
		t.Name = "text" // which is a word, and nothing else
	}
	return t, rest, err
}

// quoted reads up to the closing quote; a backslash keeps the letter after it.
func quoted(s string) (value, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], nil
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", "", wrongFilter("a quote is not closed")
}

func wrongFilter(format string, args ...any) error {
	return stead.E(stead.Invalid, stead.ReasonRequest, format, args...)
}

// Add gives the filter with one more term. Errors: invalid.
func (f Filter) Add(name, value string) (Filter, error) {
	switch {
	case name == "text":
		name = ""
	case name == "" && value == string(stead.No):
		name = "outcome"
	}
	switch {
	case name != "" && !filterName(name):
		return nil, wrongFilter("there is no filter %q%s", name, nearestName(name))
	case strings.TrimSpace(value) == "":
		return nil, wrongFilter("%s: says nothing", or(name, "a word"))
	case strings.TrimSpace(value) != value:
		return nil, wrongFilter("%q can not be asked for: leave the spaces around it away", value)
	case len(f) == mostTerms:
		return nil, wrongFilter("a filter has at most %d parts", mostTerms)
	case name == "outcome" && !slices.Contains([]string{string(stead.OK), string(stead.No), string(stead.Unknown)}, value):
		return nil, wrongFilter("an outcome is ok, refused or unknown, not %q", value)
	case name == "kind" && !someKind(value):
		return nil, wrongFilter("nothing of the kind %q is ever recorded%s", value, nearestKind(value))
	case name != "" && name != "kind" && f.Value(name) != "" && f.Value(name) != value:
		return nil, wrongFilter("%s: is given twice", name)
	case slices.Contains(f, Term{name, value}):
		return f, nil
	}
	if name == "from" || name == "to" {
		if _, err := Moment(value, time.Time{}, time.UTC, false); err != nil {
			return nil, err
		}
	}
	return append(slices.Clone(f), Term{name, value}), nil
}

// Value is what is said first under a name; "" is nothing.
func (f Filter) Value(name string) string {
	for _, t := range f {
		if t.Name == name {
			return t.Value
		}
	}
	return ""
}

// Without gives the filter without the names.
func (f Filter) Without(names ...string) Filter {
	return slices.DeleteFunc(slices.Clone(f), func(t Term) bool { return slices.Contains(names, t.Name) })
}

// String writes the filter so that ParseFilter reads it back.
func (f Filter) String() string {
	parts := make([]string, len(f))
	for i, t := range f {
		parts[i] = t.String()
	}
	return strings.Join(parts, " ")
}

func (t Term) String() string {
	value := t.Value
	if strings.ContainsFunc(value, unicode.IsSpace) || strings.ContainsAny(value, "\"\\") || t.Name == "" && (strings.Contains(value, ":") || value == string(stead.No)) {
		value = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
	}
	if t.Name == "" {
		return value
	}
	return t.Name + ":" + value
}

// Query gives the events that are meant, for somebody who looks now and in a zone. Who finds a principal as it is
// written. Errors: invalid, those of who.
func (f Filter) Query(now time.Time, zone *time.Location, who func(string) (stead.PrincipalID, error)) (q EventQuery, err error) {
	for _, t := range f {
		switch t.Name {
		case "actor":
			q.Actor, err = who(t.Value)
		case "subject":
			q.Subject, err = who(t.Value)
		case "person":
			q.Either, err = who(t.Value)
		case "from":
			q.From, err = Moment(t.Value, now, zone, false)
		case "to":
			q.To, err = Moment(t.Value, now, zone, true)
		default:
			q.take(t)
		}
		if err != nil {
			return q, err
		}
	}
	return q, Period(q.From, q.To)
}

// Period refuses one that ends before it begins: that nothing was found in it would be taken for evidence. A zero time is
// open.
func Period(from, to time.Time) error {
	if !from.IsZero() && !to.IsZero() && !to.After(from) {
		return stead.E(stead.Invalid, stead.ReasonRequest, "the period ends before it begins")
	}
	return nil
}

func (q *EventQuery) take(t Term) {
	switch t.Name {
	case "kind":
		q.Kinds = append(q.Kinds, t.Value)
	case "outcome":
		q.Outcome = stead.Outcome(t.Value)
	case "app":
		q.App = stead.AppID(t.Value)
	case "mandate":
		q.Mandate = stead.MandateID(t.Value)
	case "session":
		q.Session = stead.SessionID(t.Value)
	case "decision":
		q.Decision = stead.DecisionID(t.Value)
	default:
		q.Words = append(q.Words, t.Value)
	}
}

// Moment reads a time as people write it. A day is its beginning, or its end; a length of time is that long ago.
func Moment(s string, now time.Time, zone *time.Location, end bool) (time.Time, error) {
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	day, err := time.ParseInLocation(time.DateOnly, s, zone)
	if s == "today" {
		y, m, d := now.In(zone).Date()
		day, err = time.Date(y, m, d, 0, 0, 0, 0, zone), nil
	}
	if err == nil {
		if end {
			day = day.AddDate(0, 0, 1)
		}
		return day, nil
	}
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(form, s, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, wrongFilter("%q is no time: 2026-03-02, 2026-03-02T12:00:00Z, today, or 24h for a day ago", s)
}

// nearestName suggests what was meant.
func nearestName(name string) string {
	var known []string
	for _, n := range FilterNames {
		known = append(known, n.Name)
	}
	if best := stead.Nearest(name, known); best != "" {
		return ", did you mean " + best + ":?"
	}
	return ""
}
