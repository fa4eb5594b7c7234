package survey

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A Rule is a line that is proposed, with what speaks for it.
type Rule struct {
	ID       string            `json:"id"`
	Is       string            `json:"is"`
	Method   []string          `json:"method,omitempty"`
	Path     string            `json:"path,omitempty"`
	Only     []string          `json:"only,omitempty"`
	Has      []string          `json:"has,omitempty"`
	Param    map[string]string `json:"param,omitempty"`
	Evidence string            `json:"evidence"`
	Requests []string          `json:"requests,omitempty"` // that it is to be tested with: method and target

	words map[string][]string
}

// maxWords is how many words a parameter, or paths side by side, may have before they count as names of things: a verb has
// fewer. What is starred or named in only: lets pass what nobody has seen.
const maxWords = 30

// Propose makes rules of what was seen. What they do not name stays a write.
func (l Lesson) Propose() []Rule {
	rules := l.signs()
	l.Evidence = named(l.Evidence)
	var writes, reads []Rule
	for _, e := range l.Evidence {
		if e.Wrote > 0 && !e.Trace {
			writes = join(writes, e.write(l.Evidence))
		}
	}
	for _, e := range l.loosened() {
		if !slices.ContainsFunc(writes, func(w Rule) bool { return w.covers(e.shape) }) {
			reads = join(reads, e.rule())
		}
	}
	for _, p := range l.Posts {
		writes = append(writes, Rule{Is: "write", Method: []string{"POST"}, Path: p, Evidence: "a form posts there", Requests: []string{"POST " + strings.ReplaceAll(p, "*", "1")}})
	}
	rest := append(writes, reads...)
	for i := range rest {
		rest[i].settle()
	}
	slices.SortStableFunc(rest, func(a, b Rule) int {
		return cmp.Or(strings.Count(a.Path, "*")-strings.Count(b.Path, "*"), strings.Compare(a.Path, b.Path), rank(a.Is)-rank(b.Is), len(b.Param)-len(a.Param))
	})
	return identified(reached(slices.Concat(l.public(), rules, rest)))
}

// reached leaves out what earlier rules take: what looks there is called by a stricter name already.
func reached(rules []Rule) []Rule {
	var out []Rule
	for i, r := range rules {
		r.Requests = slices.DeleteFunc(r.Requests, func(q string) bool {
			return slices.IndexFunc(rules, func(o Rule) bool { return o.takes(q) }) != i
		})
		if len(r.Requests) > 0 || r.Is == "write" {
			out = append(out, r)
		}
	}
	return out
}

func rank(is string) int { return slices.Index([]string{"write", "mark", "export", "read"}, is) }

// loosened are the shapes that may be let pass: they were answered, and nothing but traces was left. Where a word has many
// values it is a name of something.
func (l Lesson) loosened() []*Evidence {
	values := map[string]map[string]bool{}
	at := func(e *Evidence, name string) string { return e.path + "\x00" + name }
	for _, e := range l.Evidence {
		for name, w := range e.words {
			if values[at(e, name)] == nil {
				values[at(e, name)] = map[string]bool{}
			}
			values[at(e, name)][w] = true
			if e.Wrote > 0 || verbName.MatchString(name) { // a verb, however many there are
				values[at(e, name)][""] = true
			}
		}
	}
	var out []*Evidence
	for _, e := range l.Evidence {
		if e.Answered == 0 || e.Wrote > 0 && !e.Trace || e.Public > 0 && e.Public == e.Requests || l.Blind && e.soundsLikeWrite() {
			continue
		}
		for name := range maps.Clone(e.words) {
			if v := values[at(e, name)]; len(v) > maxWords && !v[""] {
				e.freed(name)
			}
		}
		out = append(out, e)
	}
	return l.starred(out)
}

// soundsLikeWrite tells whether a path or a word of it is a verb that changes something: what nobody saw is no evidence against it.
func (e *Evidence) soundsLikeWrite() bool {
	for _, w := range e.words {
		if verbs.MatchString(w) {
			return true
		}
	}
	return verbs.MatchString(e.path)
}

// starred takes the last segment of many paths side by side for a name of something, where none beside them writes.
func (l Lesson) starred(all []*Evidence) []*Evidence {
	beside := map[string]map[string]bool{}
	for _, e := range l.Evidence {
		dir := path.Dir(e.path)
		if beside[dir] == nil {
			beside[dir] = map[string]bool{}
		}
		beside[dir][e.path] = true
		if e.Wrote > 0 || e.Answered == 0 || e.Attached || len(e.words) > 0 || e.Public > 0 {
			beside[dir][""] = true
		}
	}
	for _, e := range all {
		if dir := path.Dir(e.path); len(beside[dir]) > maxWords && !beside[dir][""] && dir != "/" {
			e.path = dir + "/*"
		}
	}
	return all
}

func (e *Evidence) rule() Rule {
	r := Rule{Is: "read", Path: e.path, Only: slices.Clone(e.free), words: map[string][]string{}, Requests: []string{"GET " + e.Examples[0]}}
	for name, w := range e.words {
		r.words[name] = []string{w}
	}
	switch {
	case e.Wrote > 0:
		r.Is, r.Evidence = "mark", fmt.Sprintf("left a trace in %s", strings.Join(e.Changes, ", "))
	case e.Attached:
		r.Is, r.Evidence = "export", "a download; changed nothing"
	default:
		r.Evidence = "changed nothing"
	}
	return r
}

// join adds a rule, or widens one that says the same but for a name or the values of one parameter.
func join(rules []Rule, r Rule) []Rule {
	for i := range rules {
		o := &rules[i]
		if o.Is != r.Is || o.Path != r.Path || o.Is != "write" && o.Evidence != r.Evidence || !slices.Equal(o.Has, r.Has) || !slices.Equal(slices.Sorted(maps.Keys(o.words)), slices.Sorted(maps.Keys(r.words))) {
			continue
		}
		var differ []string
		for name := range r.words {
			if !slices.Equal(o.words[name], r.words[name]) {
				differ = append(differ, name)
			}
		}
		switch {
		case len(differ) > 1, len(differ) == 1 && !slices.Equal(o.Only, r.Only):
			continue
		case len(differ) == 1:
			o.words[differ[0]] = append(o.words[differ[0]], r.words[differ[0]]...)
		}
		if !strings.Contains(o.Evidence, r.Evidence) {
			o.Evidence += "; " + r.Evidence
		}
		for _, name := range r.Only {
			if !slices.Contains(o.Only, name) {
				o.Only = append(o.Only, name)
			}
		}
		o.Requests = append(o.Requests, r.Requests...)
		return rules
	}
	return append(rules, r)
}

// settle writes the words of r as regular expressions.
func (r *Rule) settle() {
	slices.Sort(r.Only)
	r.Param = map[string]string{}
	for name, all := range r.words {
		slices.Sort(all)
		r.Param[name] = strings.Join(each(slices.Compact(all), regexp.QuoteMeta), "|")
	}
}

// write is the rule of a shape that changed something: it names what tells it from shapes that did not.
func (e *Evidence) write(all []*Evidence) Rule {
	shown := e.Changes[:min(len(e.Changes), 3)]
	r := Rule{Is: "write", Path: e.path, words: map[string][]string{}, Evidence: fmt.Sprintf("changed %s, %d of %d times", strings.Join(shown, ", "), e.Wrote, e.Requests)}
	for name, w := range e.words {
		r.words[name] = []string{w}
	}
	if len(e.Examples) > 0 {
		r.Requests = []string{"GET " + e.Examples[0]}
	}
	for _, name := range e.free {
		if !slices.ContainsFunc(all, func(o *Evidence) bool { return o.path == e.path && o.Wrote == 0 && slices.Contains(o.free, name) }) {
			r.Has = append(r.Has, name)
		}
	}
	if len(r.Has) == 0 && len(r.words) == 0 {
		r.Has = e.free
	}
	return r
}

// covers tells whether a rule that forbids takes requests of a shape away from rules that come later.
func (r Rule) covers(s shape) bool {
	if r.Path != s.path || len(r.Has) > 0 && !slices.ContainsFunc(r.Has, func(n string) bool { return slices.Contains(s.names(), n) }) {
		return false
	}
	for name, all := range r.words {
		if !slices.Contains(all, s.words[name]) {
			return false
		}
	}
	return true
}

// takes tells whether r matches a request, as the gateway would have it.
func (r Rule) takes(request string) bool {
	method, target, _ := strings.Cut(request, " ")
	u, err := url.ParseRequestURI(target)
	if err != nil || !r.at(u.Path) || len(r.Method) > 0 && !slices.Contains(r.Method, method) || len(r.Method) == 0 && r.loosens() && method != "GET" {
		return false
	}
	q := u.Query()
	for name, all := range r.words {
		if !q.Has(name) || !slices.Contains(all, q.Get(name)) {
			return false
		}
	}
	met := len(r.Has) == 0
	for name := range q {
		met = met || slices.Contains(r.Has, name)
		if r.loosens() && r.Is != "public" && r.words[name] == nil && !slices.Contains(r.Only, name) {
			return false
		}
	}
	return met
}

func (r Rule) loosens() bool {
	return slices.Contains([]string{"public", "read", "mark", "export"}, r.Is)
}

func (r Rule) at(p string) bool {
	if dir, ok := strings.CutSuffix(r.Path, "/**"); ok {
		return p == dir || strings.HasPrefix(p, dir+"/")
	}
	same, err := path.Match(r.Path, p)
	return r.Path == "" || err == nil && same || r.Path == p
}

// identified gives every rule a name of its own, made of its path.
func identified(rules []Rule) []Rule {
	taken := map[string]bool{"default": true}
	for i := range rules {
		r := &rules[i]
		name := cmp.Or(r.ID, slug(r.Path))
		if r.ID == "" {
			for _, key := range slices.Sorted(maps.Keys(r.Param)) {
				name += "-" + slug(strings.ReplaceAll(r.Param[key], "|", "-"))
			}
			if r.Is != "read" && r.Is != "public" {
				name += "-" + r.Is
			}
		}
		name = name[:min(len(name), 40)]
		unique := name
		for n := 2; taken[unique]; n++ {
			unique = fmt.Sprintf("%s-%d", name, n)
		}
		r.ID, taken[unique] = unique, true
	}
	return rules
}

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

func slug(path string) string {
	return cmp.Or(strings.Trim(notSlug.ReplaceAllString(strings.ToLower(path), "-"), "-"), "home")
}
