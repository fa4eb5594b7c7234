package survey

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// A shape is what requests have that mean the same: a path in which what names one thing of many is a star, the names of
// parameters, and of those whose values are words, the values.
type shape struct {
	path  string
	free  []string          // names whose values are numbers, ids or what people type
	words map[string]string // names and values
}

var (
	number = regexp.MustCompile(`^[0-9][0-9._:-]*$`)
	hexes  = regexp.MustCompile(`^[0-9a-fA-F-]{8,}$`)
	mixed  = regexp.MustCompile(`^[0-9A-Za-z_=-]{12,}$`)
	word   = regexp.MustCompile(`^[A-Za-z][A-Za-z_.-]{0,30}$`)
	digit  = regexp.MustCompile(`[0-9]`)

	// verbName are parameters that say what is to be done, whatever their values look like.
	verbName = regexp.MustCompile(`(?i)^(.*_)?(do|act|action|op|operation|cmd|command|task|method|mode|call|func|function|event|step|todo|route|controller)$`)
)

// fold makes names equal that the gateway takes for one.
func fold(name string) string {
	name, _, _ = strings.Cut(name, "[")
	return strings.ToLower(strings.NewReplacer(".", "_", " ", "_", "-", "_").Replace(name))
}

// names one thing of many: a number, a date, a long mixture.
func isID(s string) bool {
	return number.MatchString(s) || digit.MatchString(s) && (hexes.MatchString(s) || mixed.MatchString(s))
}

// shapeOf reads a target. typed are the names of fields that people type into. It is not ok where no rule could name it.
func shapeOf(target string, typed map[string]bool) (s shape, ok bool) {
	u, err := url.ParseRequestURI(target)
	if err != nil || strings.ContainsAny(u.Path, "*;") || strings.Contains(u.Path, "//") {
		return s, false
	}
	s = shape{path: pathShape(u.Path), words: map[string]string{}}
	q, err := url.ParseQuery(u.RawQuery)
	folded := map[string]bool{}
	for name, values := range q {
		if len(values) > 1 || name == "" || isID(name) || folded[fold(name)] { // a name that is new every time is in no rule
			return s, false
		}
		folded[fold(name)] = true
		if verbName.MatchString(name) || word.MatchString(values[0]) && !typed[name] {
			s.words[name] = values[0]
			continue
		}
		s.free = append(s.free, name)
	}
	slices.Sort(s.free)
	return s, err == nil
}

func pathShape(p string) string {
	segments := strings.Split(p, "/")
	for i, one := range segments {
		stem, end := one, ""
		if at := strings.LastIndex(one, "."); at > 0 && word.MatchString(one[at+1:]) {
			stem, end = one[:at], one[at:]
		}
		if isID(stem) {
			segments[i] = "*" + end
		}
	}
	return strings.Join(segments, "/")
}

// key is the same for shapes that are.
func (s shape) key() string {
	parts := []string{s.path}
	parts = append(parts, s.free...)
	for _, name := range slices.Sorted(maps.Keys(s.words)) {
		parts = append(parts, name+"="+s.words[name])
	}
	return strings.Join(parts, "\x00")
}

// names are those of all parameters.
func (s shape) names() []string { return append(slices.Sorted(maps.Keys(s.words)), s.free...) }

// fewest values of a parameter that are no words make it a name of something: it is none that says what is to be done.
const leastNames = 3

// named frees the parameters that name something, and joins the shapes that are one then.
func named(all []*Evidence) []*Evidence {
	values := map[string]map[string]bool{}
	for _, e := range all {
		for _, target := range e.Examples {
			_, query, _ := strings.Cut(target, "?")
			q, _ := url.ParseQuery(query) // it has a shape, so it can be read
			for _, name := range e.free {
				at := e.path + "\x00" + name
				if values[at] == nil {
					values[at] = map[string]bool{}
				}
				if v := q.Get(name); v != "" {
					values[at][v] = true
				}
			}
		}
	}
	var out []*Evidence
	byKey := map[string]*Evidence{}
	for _, e := range all {
		for name := range maps.Clone(e.words) {
			if len(values[e.path+"\x00"+name]) >= leastNames && !verbName.MatchString(name) {
				e.freed(name)
			}
		}
		if o := byKey[e.key()]; o != nil {
			o.take(e)
			continue
		}
		byKey[e.key()] = e
		out = append(out, e)
	}
	return out
}

// freed takes the value of a parameter for a name of something.
func (s *shape) freed(name string) {
	delete(s.words, name)
	s.free = append(s.free, name)
	slices.Sort(s.free)
}

// take adds what another of the same shape did.
func (e *Evidence) take(o *Evidence) {
	e.Trace = e.Trace && o.Trace
	e.Requests, e.Answered, e.Wrote, e.Public = e.Requests+o.Requests, e.Answered+o.Answered, e.Wrote+o.Wrote, e.Public+o.Public
	e.Examples, e.Attached = append(e.Examples, o.Examples...), e.Attached || o.Attached
	for _, name := range o.Changes {
		if !slices.Contains(e.Changes, name) {
			e.Changes = append(e.Changes, name)
		}
	}
}
