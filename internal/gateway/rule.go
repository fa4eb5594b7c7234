package gateway

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// A Rule classes the requests it matches. All its conditions must hold; an absent one asks nothing, save that a rule
// that loosens matches no parameter it does not name.
type Rule struct {
	ID      string
	Is      Class
	Methods []string
	Answer  string   // of a quiet one: what the gateway answers
	Type    string   // of that answer
	Bodies  []string // media types of bodies that are left unread
	Socket  bool     // it is about WebSockets, which a rule that lets pass is not else
	Says    string   // for people: what it does ("marks the message as read")

	paths   []pattern
	only    []pattern
	without []pattern
	has     []pattern
	params  []paramIs
}

// A pattern is a glob, as written and folded.
type pattern struct{ exact, folded *regexp.Regexp }

func (p pattern) is(s string, folded bool) bool {
	if folded {
		return p.folded.MatchString(s)
	}
	return p.exact.MatchString(s)
}

type paramIs struct {
	name  pattern
	value pattern
}

// seen is a request under one reading.
type seen struct {
	path   string
	params []param
	fold   bool
}

func (s seen) name(p param) string {
	if s.fold {
		return foldName(p.name)
	}
	return p.name
}

func (r *Rule) takes(method string) bool {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	switch {
	case r.Is == Public && method != http.MethodGet:
		return false
	case len(r.Methods) > 0:
		return slices.Contains(r.Methods, method)
	}
	return !r.Is.loosens() || method == http.MethodGet
}

func (r *Rule) at(path string, folded bool) bool {
	if folded {
		path = foldPath(path)
	}
	return len(r.paths) == 0 || slices.ContainsFunc(r.paths, func(p pattern) bool { return p.is(path, folded) })
}

func foldPath(p string) string {
	if t := strings.TrimRight(p, "/"); t != "" {
		p = t
	}
	return fold(p)
}

// speaksOf tells whether r is about sockets, or about what is none. What forbids is about both.
func (r *Rule) speaksOf(socket bool) bool {
	return r.Socket == socket || !r.Socket && !r.Is.loosens()
}

func (r *Rule) asksParams() bool {
	return len(r.only)+len(r.without)+len(r.has)+len(r.params) > 0
}

func (r *Rule) matches(s seen) bool {
	return r.at(s.path, s.fold) && r.values(s) && r.names(s)
}

// values: each parameter named with a value stands there exactly once, with that value.
func (r *Rule) values(s seen) bool {
	for _, want := range r.params {
		n := 0
		for _, p := range s.params {
			if !want.name.is(s.name(p), s.fold) {
				continue
			}
			n++
			if !want.met(p, s.fold, r.Is) {
				return false
			}
		}
		if n == 0 || n > 1 && r.Is.loosens() {
			return false
		}
	}
	return true
}

// met: what is opaque may be any value, so it meets what forbids and nothing else.
func (w paramIs) met(p param, folded bool, c Class) bool {
	switch {
	case p.opaque:
		return c == Closed || c == Write
	case folded:
		return w.value.is(fold(p.value), true)
	}
	return w.value.is(p.value, false)
}

func (r *Rule) names(s seen) bool {
	met := len(r.has) == 0
	for _, p := range s.params {
		name := s.name(p)
		in := func(list []pattern) bool {
			return slices.ContainsFunc(list, func(q pattern) bool { return q.is(name, s.fold) })
		}
		switch {
		case in(r.without):
			return false
		case p.opaque && r.Is.loosens() && !in(r.only):
			return false
		case len(r.only) > 0 || r.Is.strict() && len(r.without) == 0:
			if !in(r.only) && !slices.ContainsFunc(r.params, func(w paramIs) bool { return w.name.is(name, s.fold) }) {
				return false
			}
		}
		met = met || in(r.has)
	}
	return met
}

// strict classes let no parameter through that their rule does not name. A public request has no identity to lend to
// one.
func (c Class) strict() bool { return c.loosens() && c != Public }

// globPattern compiles a glob over paths: "*" is anything within a segment, "**" anything at all, and "/**" at the
// end matches the folder itself too.
func globPattern(glob string) (pattern, error) {
	return both(globText(glob), globText(foldPath(glob)))
}

// namePattern compiles a glob over parameter names.
func namePattern(glob string) (pattern, error) {
	return both(globText(glob), globText(foldName(glob)))
}

// valuePattern compiles a regular expression that the whole value must match.
func valuePattern(re string) (pattern, error) { return both(re, "(?i:"+re+")") }

func both(exact, folded string) (pattern, error) {
	e, err := regexp.Compile(`(?s)\A(?:` + exact + `)\z`)
	if err != nil {
		return pattern{}, err
	}
	f, err := regexp.Compile(`(?s)\A(?:` + folded + `)\z`)
	return pattern{e, f}, err
}

func globText(glob string) string {
	head, below := strings.CutSuffix(glob, "/**")
	var b strings.Builder
	for i := 0; i < len(head); i++ {
		switch {
		case strings.HasPrefix(head[i:], "**"):
			b.WriteString(".*")
			i++
		case head[i] == '*':
			b.WriteString("[^/]*")
		default:
			b.WriteString(regexp.QuoteMeta(head[i : i+1]))
		}
	}
	if below {
		b.WriteString("(?:/.*)?")
	}
	return b.String()
}
