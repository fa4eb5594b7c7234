package survey

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// identity tells whether the application takes the name it is told: two people get two pages, each with her name, and
// nobody gets neither.
func (c *Checker) identity(ctx context.Context, target string, first look) ([]Finding, error) {
	nobody, err := c.open(ctx, c.Nobody, target)
	if err != nil {
		return nil, err
	}
	a := c.People[0]
	var out []Finding
	if same(first.first().Body, nobody.first().Body) && first.first().Status == nobody.first().Status {
		return []Finding{{"identity", Bad, "nobody gets the same page as " + a.Name + ": the name is not taken", "identity: { header: … }"}}, nil
	}
	if c.Whoami != nil {
		out = append(out, c.serves(a, first))
	}
	if len(c.People) < 2 {
		return append(out, Finding{"identity", Note, "the page of " + a.Name + " is not nobody's; with a second --as it could be told from another's", ""}), nil
	}
	b := c.People[1]
	other, err := c.open(ctx, b.Visitor, target)
	if err != nil {
		return nil, err
	}
	if c.Whoami != nil {
		out = append(out, c.serves(b, other))
	}
	return append(out, tellApart(a, b, first.first(), other.first(), c.Whoami == nil)), nil
}

func (c *Checker) serves(p Person, l look) Finding {
	name, ok := c.Whoami(l.first().Body, p.Name)
	switch {
	case name == "":
		return Finding{"whoami", Bad, "the pattern matches nothing on the page of " + p.Name, "whoami: { match: … }"}
	case !ok:
		return Finding{"whoami", Bad, fmt.Sprintf("%s is served as %q", p.Name, name), "whoami: { fold: … }"}
	}
	return Finding{"whoami", OK, p.Name + " is served as " + name, ""}
}

func tellApart(a, b Person, one, two Answer, noPattern bool) Finding {
	match := pattern(one.Body, two.Body, a.Name, b.Name)
	switch {
	case same(one.Body, two.Body):
		return Finding{"identity", Bad, a.Name + " and " + b.Name + " get the same page: the name is not taken", "identity: { header: … }"}
	case match != "" && noPattern:
		return Finding{"identity", Hint, "each gets a page with her own name", "whoami: { match: " + plain(match) + " }"}
	case match == "":
		return Finding{"identity", Note, "they get two pages, but no place on them holds each one's name", ""}
	}
	return Finding{"identity", OK, "each gets a page with her own name", ""}
}

// pattern is a regular expression that finds one name on one page and the other on the other, made of what stands before
// the name on both; "" where there is none.
func pattern(one, two []byte, a, b string) string {
	if a == "" {
		return ""
	}
	for _, at := range regexp.MustCompile("(?i)"+regexp.QuoteMeta(a)).FindAllIndex(one, -1) {
		begin := max(0, at[0]-24)
		begin += bytes.LastIndexAny(one[begin:at[0]], "\n\r\t ,") + 1
		before := one[begin:at[0]]
		if len(before) < 5 || !utf8.Valid(before) || at[1] >= len(one) || !strings.ContainsRune(`"'<&`, rune(one[at[1]])) {
			continue
		}
		re := regexp.QuoteMeta(string(before)) + `([^"'<>&]+)`
		if finds(re, one, a) && finds(re, two, b) {
			return re
		}
	}
	return ""
}

func finds(re string, body []byte, name string) bool {
	m := regexp.MustCompile(re).FindSubmatch(body)
	return m != nil && strings.EqualFold(string(m[1]), name)
}

// changing are what differs between two visits of one person: tokens, times, ids.
var changing = regexp.MustCompile(`[0-9A-Za-z+/_=-]*[0-9][0-9A-Za-z+/_=:.-]*`)

// same tells whether two pages are equal but for what numbers stand in.
func same(a, b []byte) bool { return bytes.Equal(calm(a), calm(b)) }

func calm(body []byte) []byte { return changing.ReplaceAll(body, []byte("0")) }

// courtesy tells whether the application does anything else when it is told that somebody only looks (R29).
func courtesy(first, again, told look) []Finding {
	if !same(first.first().Body, again.first().Body) {
		return []Finding{{"courtesy", Note, "two visits of one person differ too much to tell what X-Stead-Mode changes", ""}}
	}
	names := func(l look) (all []string) {
		for _, a := range l.answers {
			for _, line := range a.Header["Set-Cookie"] {
				name, _, _ := strings.Cut(line, "=")
				all = append(all, name)
			}
		}
		return all
	}
	if same(first.first().Body, told.first().Body) && slices.Equal(names(first), names(told)) {
		return []Finding{{"courtesy", Note, "X-Stead-Mode changes nothing that can be seen: last sign-in, presence and read marks will show the actor's visits", ""}}
	}
	return []Finding{{"courtesy", OK, "it answers otherwise when X-Stead-Mode says that somebody only looks", ""}}
}
