package survey

import (
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
)

// public proposes the folders in which everything that was seen is a file that nobody gets too.
func (l Lesson) public() []Rule {
	folders := map[string]int{}
	example := map[string]string{}
	for _, e := range l.Evidence {
		if e.Public > 0 && e.Public == e.Requests {
			dir := path.Dir(e.path)
			folders[dir]++
			example[dir] = e.Examples[0]
		}
	}
	var rules []Rule
	for _, dir := range slices.Sorted(maps.Keys(folders)) {
		r := Rule{Is: "public", Evidence: "files that nobody gets as well"}
		pure := dir != "/" && !strings.Contains(dir, "*") && !slices.ContainsFunc(l.Evidence, func(e *Evidence) bool {
			return (e.path == dir || strings.HasPrefix(e.path, dir+"/")) && (e.Public == 0 || e.Public != e.Requests)
		})
		above := slices.ContainsFunc(rules, func(o Rule) bool { return within(dir, o.Path) })
		switch {
		case above:
			continue
		case pure:
			r.Path, r.Requests = dir+"/**", []string{"GET " + example[dir]}
			rules = append(rules, r)
			continue
		}
		for _, e := range l.Evidence {
			if path.Dir(e.path) == dir && e.Public > 0 && e.Public == e.Requests && !slices.ContainsFunc(rules, func(o Rule) bool { return o.Path == e.path }) {
				rules = append(rules, Rule{Is: "public", Path: e.path, Evidence: r.Evidence, Requests: []string{"GET " + e.Examples[0]}})
			}
		}
	}
	return rules
}

func within(dir, glob string) bool {
	root, ok := strings.CutSuffix(glob, "/**")
	return ok && (dir == root || strings.HasPrefix(dir, root+"/"))
}

// signs proposes what closes signing in and out. It was not tried: these are guesses, and safe ones.
func (l Lesson) signs() []Rule {
	var rules []Rule
	for _, names := range l.SignIns {
		q := url.Values{}
		for _, n := range names {
			q.Set(n, "x")
		}
		rules = append(rules, Rule{ID: "sign-in", Is: "closed", Has: names, Evidence: "a form takes a password", Requests: []string{"GET /?" + q.Encode()}})
	}
	for _, target := range l.Logouts {
		s, ok := shapeOf(target, nil)
		if !ok {
			continue
		}
		r := Rule{ID: "sign-out", Is: "logout", Path: s.path, Evidence: "it looks like the sign-out; it was not asked for", Requests: []string{"GET " + target}}
		for name, w := range s.words {
			if signsOut.MatchString(w) {
				r.Param, r.words = map[string]string{name: w}, map[string][]string{name: {w}}
			}
		}
		if !slices.ContainsFunc(rules, func(o Rule) bool { return o.Path == r.Path && maps.Equal(o.Param, r.Param) }) {
			rules = append(rules, r)
		}
	}
	return rules
}

// Text is a rule as a line of the file.
func (r Rule) Text() string {
	parts := []string{"id: " + plain(r.ID), "is: " + r.Is}
	for _, list := range []struct {
		key    string
		values []string
	}{{"method", r.Method}, {"path", one(r.Path)}, {"has", r.Has}, {"only", r.Only}} {
		if len(list.values) > 0 {
			parts = append(parts, list.key+": ["+strings.Join(each(list.values, plain), ", ")+"]")
		}
	}
	if len(r.Param) > 0 {
		var all []string
		for _, name := range slices.Sorted(maps.Keys(r.Param)) {
			all = append(all, plain(name)+": "+plain(r.Param[name]))
		}
		parts = append(parts, "param: { "+strings.Join(all, ", ")+" }")
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

// Tests are the lines that hold r to what was seen.
func (r Rule) Tests() (lines []string) {
	for _, q := range r.Requests[:min(len(r.Requests), 3)] {
		lines = append(lines, fmt.Sprintf("{ request: %s, is: %s, rule: %s }", plain(q), r.Is, plain(r.ID)))
	}
	return lines
}

func one(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func each(all []string, f func(string) string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = f(s)
	}
	return out
}

// Once counts what was changed by requests that did not change it again, by table or folder: that is how caches look, and
// read marks too.
func (l Lesson) Once() map[string]int {
	out := map[string]int{}
	for _, e := range l.Evidence {
		if e.Wrote != 1 || e.Requests < 2 {
			continue
		}
		places := map[string]bool{}
		for _, c := range e.Changes {
			if strings.HasPrefix(c, "file ") {
				c = path.Dir(c) + "/"
			}
			places[c] = true
		}
		for p := range places {
			out[p]++
		}
	}
	return out
}
