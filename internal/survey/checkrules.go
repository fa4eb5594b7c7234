package survey

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// oddities are addresses that the front parser refuses, where the application's own pages need them.
func oddities(_ *Visitor, l look) []Finding {
	needs := map[string]string{}
	for _, p := range l.pages {
		for _, to := range p.links {
			path, _, _ := strings.Cut(to, "?")
			for _, odd := range []string{"//", ";", "%2f"} {
				if strings.Contains(strings.ToLower(path), odd) && needs[odd] == "" {
					needs[odd] = to
				}
			}
		}
	}
	var out []Finding
	for _, odd := range slices.Sorted(maps.Keys(needs)) {
		out = append(out, Finding{"addresses", Hint, fmt.Sprintf("its pages link to %s, which is a 400", needs[odd]), fmt.Sprintf("target_allows: [%q]", odd)})
	}
	return out
}

// signing are ways in and out of its own.
func signing(_ *Visitor, l look) []Finding {
	var out []Finding
	seen := map[string]bool{}
	add := func(f Finding) {
		if !seen[f.Write] {
			out = append(out, f)
		}
		seen[f.Write] = true
	}
	for _, p := range l.pages {
		for _, f := range p.forms {
			if f.secret() {
				var names []string
				for _, one := range f.fields {
					if one.kind == "text" || one.kind == "password" || one.kind == "email" {
						names = append(names, plain(one.name))
					}
				}
				add(Finding{"sign-in", Hint, "a form takes a password", "{ id: sign-in, is: closed, has: [" + strings.Join(names, ", ") + "] }"})
			}
		}
		for _, to := range p.links {
			path, _, _ := strings.Cut(to, "?")
			if signsOut.MatchString(path) {
				add(Finding{"sign-out", Hint, "a link looks like its sign-out", "{ id: sign-out, is: logout, path: [" + plain(path) + "] }, at_end: { get: " + plain(to) + " }"})
			}
		}
	}
	return out
}

func streams(_ *Visitor, l look) []Finding {
	scripts := l.scripts()
	for _, one := range []struct{ sign, what string }{{"new WebSocket(", "a WebSocket"}, {"new EventSource(", "an event stream"}} {
		if strings.Contains(scripts, one.sign) {
			return []Finding{{"streams", Note, "its scripts open " + one.what + ": without a rule it is closed in a read-only mandate", ""}}
		}
	}
	return nil
}

// standing are values in links that look like keys and are the same on two visits of one person: they outlive a mandate.
func standing(first, again look) []Finding {
	var out []Finding
	kept := keysIn(again)
	seen := map[string]bool{}
	for place, value := range keysIn(first) {
		if kept[place] != value || seen[place] {
			continue
		}
		seen[place] = true
		path, name, _ := strings.Cut(place, "?")
		out = append(out, Finding{"secrets", Hint, fmt.Sprintf("%s in links to %s looks like a key that stays the same", name, path),
			"secrets: ['[?&;]" + regexp.QuoteMeta(name) + `=\K[0-9A-Za-z_.~-]{16,}']`})
	}
	slices.SortFunc(out, func(a, b Finding) int { return cmp.Compare(a.Write, b.Write) })
	return out
}

// keysIn gives the keys in links, by path?name.
func keysIn(l look) map[string]string {
	out := map[string]string{}
	for _, p := range l.pages {
		for _, to := range p.anchors {
			u, err := url.ParseRequestURI(to)
			if err != nil {
				continue
			}
			for name, values := range u.Query() {
				if len(values[0]) >= 16 && mixed.MatchString(values[0]) && digit.MatchString(values[0]) {
					out[u.Path+"?"+name] = values[0]
				}
			}
		}
	}
	return out
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Host
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

func status(a Answer) string { return fmt.Sprint(a.Status) }
