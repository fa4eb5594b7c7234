package survey

import (
	"context"
	"net/url"
	"slices"
	"strings"
)

// A Finding is one thing that was looked at.
type Finding struct {
	Check string `json:"check"`
	Level string `json:"level"` // ok, note, hint: a line is missing, bad: it will not work
	Found string `json:"found"`
	Write string `json:"write,omitempty"` // the line of the rules that belongs to it
}

// Levels of findings.
const (
	OK   = "ok"
	Note = "note"
	Hint = "hint"
	Bad  = "bad"
)

// A Checker looks at an application as several people, and as nobody.
type Checker struct {
	People []Person // two tell most
	Nobody *Visitor
	Whoami func(body []byte, name string) (written string, same bool) // whom a page serves by the rules, and whether that is who is called so; nil where they say nothing
	Pages  int                                                        // most pages that are opened, beside the first
	Closed func(target string) bool                                   // whether rules say that a target is not to be asked for; nil is none
}

// A Person is a test person and the visits of hers.
type Person struct {
	Name    string
	Visitor *Visitor
	Again   *Visitor // the same person, another visit: what differs between the two is nobody's
	Told    *Visitor // the same person, the application being told that somebody only looks (R29)
}

// A look is what was seen of one person.
type look struct {
	answers []Answer // of all that was opened, redirects among them
	pages   []page   // those of the answers that are HTML
}

// first is the page that the first address led to.
func (l look) first() Answer { return l.answers[len(l.answers)-1] }

// Check opens the application at a target. An error means that it does not answer at all.
func (c *Checker) Check(ctx context.Context, target string) ([]Finding, error) {
	one := c.People[0]
	first, err := c.open(ctx, one.Visitor, target)
	if err != nil {
		return nil, err
	}
	out := answers(first)
	again, err := c.open(ctx, one.Again, target)
	if err != nil {
		return nil, err
	}
	told, err := c.open(ctx, one.Told, target)
	if err != nil {
		return nil, err
	}
	found, err := c.identity(ctx, target, first)
	if err != nil {
		return nil, err
	}
	out = append(out, found...)
	out = append(out, courtesy(first, again, told)...)
	whole, err := c.more(ctx, one.Visitor, first)
	if err != nil {
		return nil, err
	}
	twice, err := c.more(ctx, one.Again, again)
	if err != nil {
		return nil, err
	}
	for _, check := range []func(*Visitor, look) []Finding{policies, cookies, leaving, ownName, workers, clears, fragments, oddities, signing, streams} {
		out = append(out, check(one.Visitor, whole)...)
	}
	return append(out, standing(whole, twice)...), nil
}

func (c *Checker) open(ctx context.Context, v *Visitor, target string) (look, error) {
	all, err := v.Open(ctx, target, nil)
	l := look{answers: all}
	if len(all) > 0 && l.first().isHTML() {
		l.pages = append(l.pages, v.page(l.first()))
	}
	return l, err
}

// more opens what the first page leads to: its scripts, and some pages without parameters that do not look like verbs.
func (c *Checker) more(ctx context.Context, v *Visitor, l look) (look, error) {
	if len(l.pages) == 0 {
		return l, nil
	}
	opened := 0
	for _, to := range l.pages[0].links {
		u, err := url.ParseRequestURI(to)
		switch script := err == nil && strings.HasSuffix(u.Path, ".js"); {
		case err != nil, opened >= c.Pages, c.Closed != nil && c.Closed(to):
			continue
		case !script && (u.RawQuery != "" || verbs.MatchString(to) || signsOut.MatchString(to)):
			continue
		case slices.ContainsFunc(l.answers, func(a Answer) bool { return a.Target == to }):
			continue
		}
		opened++
		all, err := v.Open(ctx, to, nil)
		if err != nil {
			return l, err
		}
		l.answers = append(l.answers, all...)
		if last := all[len(all)-1]; last.isHTML() {
			l.pages = append(l.pages, v.page(last))
		}
	}
	return l, nil
}

func answers(l look) []Finding {
	first, a := l.answers[0], l.first()
	switch way := first.Target + " answers " + status(a); {
	case a.Status >= 500:
		return []Finding{{"answers", Bad, way, ""}}
	case a.Status == 401 || a.Status == 403:
		return []Finding{{"answers", Bad, way + ": it does not know this person", "identity: { header: … }"}}
	case a.Leaves != "":
		return []Finding{{"answers", Bad, way + " and leads to " + a.Leaves + ": it wants people to sign in elsewhere", ""}}
	case a.Status >= 400:
		return []Finding{{"answers", Bad, way, ""}}
	case a.Location != "":
		return []Finding{{"answers", Bad, way + " and leads on and on", ""}}
	case a.Target != first.Target:
		return []Finding{{"answers", OK, first.Target + " leads to " + a.Target + ": " + status(a), ""}}
	default:
		return []Finding{{"answers", OK, way, ""}}
	}
}
