package gateway

import (
	"net/http"
	"slices"
	"strings"

	"github.com/steadhq/stead"
)

// A Class says what a request does to the person whose application it is.
type Class string

const (
	Public Class = "public" // static: no identity, no record
	Read   Class = "read"   // looks
	Mark   Class = "mark"   // looks, and the looking leaves a trace
	Export Class = "export" // takes data away in bulk
	Write  Class = "write"  // changes, or might
	Closed Class = "closed" // never done for another
	Quiet  Class = "quiet"  // chatter that the gateway answers itself while somebody acts
	Logout Class = "logout" // the application's own sign-out
)

var classes = []Class{Public, Read, Mark, Export, Write, Closed, Quiet, Logout}

// DefaultRule names the rule of what no rule matches: a write, or what its method says.
const DefaultRule = "default"

// A Verdict is what the rules make of one request.
type Verdict struct {
	Class Class
	Rule  string // its id
}

// loosens tells classes that let something pass in a read-only mandate.
func (c Class) loosens() bool {
	return c == Public || c == Read || c == Mark || c == Export
}

// action is how policies name it.
func (c Class) action() stead.Action {
	switch c {
	case Read:
		return stead.ActionRead
	case Mark:
		return stead.ActionMark
	case Export:
		return stead.ActionExport
	case Closed:
		return stead.ActionClosed
	}
	return stead.ActionWrite
}

// action is how policies name r: streams are actions of their own. Over a socket anything may be said, unless a rule calls
// what is said over it reading.
func (v Verdict) action(r *http.Request) stead.Action {
	switch a := v.Class.action(); {
	case a == stead.ActionWrite && upgrades(r):
		return stead.ActionOpen
	case a == stead.ActionRead && (upgrades(r) || eventStream(r)):
		return stead.ActionWatch
	default:
		return a
	}
}

// Classify reads r under every reading an application may have of it: letter case, trailing slash, parameters of
// path segments, either separator of parameters, folded names. Only what is the same under all of them counts;
// otherwise it is a write, or closed where any reading says so, or where a body that cannot be read might. It may buffer up to 1 MiB of the body.
func (a *App) Classify(r *http.Request) Verdict {
	paths, plain := pathReadings(r.URL)
	cand, none := a.candidates(r.Method, paths), a.unmatched(r)
	cand = slices.DeleteFunc(cand, func(rule *Rule) bool { return !rule.speaksOf(upgrades(r)) })
	if len(cand) == 0 && none.Class == Write {
		return none
	}
	asks := slices.ContainsFunc(cand, (*Rule).asksParams)
	params := readParams(r, asks)
	if params.unread {
		if rule, found := mayClose(cand, paths); found {
			return Verdict{Closed, rule}
		}
	}
	found := agree(cand, none, paths, params)
	params.ok = params.ok && (params.opaque == "" || a.leaves(found.Rule, params.opaque))
	switch {
	case found.Class == Closed || found.Class == Write:
		return found
	case !found.Class.loosens() && (params.ok || !asks): // nothing of it is sent
		return found
	case !plain || !params.ok || params.body && found.Class == Public || overridden(r, params):
		return Verdict{Write, DefaultRule}
	}
	return found
}

// leaves tells whether a rule lets a body of a media type be, unread.
func (a *App) leaves(rule, media string) bool {
	return slices.ContainsFunc(a.Rules, func(r Rule) bool { return r.ID == rule && slices.Contains(r.Bodies, media) })
}

// unmatched is what r is where no rule matches.
func (a *App) unmatched(r *http.Request) Verdict {
	if a.ByMethod != "" && safe(r) && !upgrades(r) {
		return Verdict{Read, DefaultRule}
	}
	return Verdict{Write, DefaultRule}
}

// agree runs the rules over every reading.
func agree(cand []*Rule, none Verdict, paths []string, params params) Verdict {
	var first Verdict
	for i, names := range params.readings {
		for j, path := range paths {
			for _, fold := range []bool{false, true} {
				v := firstMatch(cand, none, seen{path: path, params: names, fold: fold})
				switch {
				case v.Class == Closed:
					return v
				case i == 0 && j == 0 && !fold:
					first = v
				case v.Class != first.Class:
					first = Verdict{Write, DefaultRule} // go on: a later reading may say closed
				}
			}
		}
	}
	return first
}

func firstMatch(rules []*Rule, none Verdict, s seen) Verdict {
	for _, r := range rules {
		if r.matches(s) {
			return Verdict{r.Is, r.ID}
		}
	}
	return none
}

// mayClose finds a closed rule that some parameters could meet, whatever they are.
func mayClose(cand []*Rule, paths []string) (rule string, found bool) {
	for _, path := range paths {
		for _, fold := range []bool{false, true} {
			at := slices.IndexFunc(cand, func(r *Rule) bool {
				return r.at(path, fold) && (r.Is == Closed || !r.asksParams() && !r.Is.strict()) // what is met for certain ends the search
			})
			if at >= 0 && cand[at].Is == Closed {
				return cand[at].ID, true
			}
		}
	}
	return "", false
}

// candidates are the rules that some reading of the path could meet, in their order.
func (a *App) candidates(method string, paths []string) []*Rule {
	var out []*Rule
	for i := range a.Rules {
		r := &a.Rules[i]
		if r.takes(method) && slices.ContainsFunc(paths, func(p string) bool { return r.at(p, false) || r.at(p, true) }) {
			out = append(out, r)
		}
	}
	return out
}

// overrideNames are headers and parameters that ask an application to take a request for another method, folded.
var overrideNames = []string{"_method", "_http_method", "http_method_override", "x_http_method_override", "x_http_method",
	"x_method_override", "x_original_method", "method_override", "x_method"}

// overrides tells whether a header, under any spelling, asks for another method.
func overrides(name string) bool {
	const word = "method"
	for i := 0; i+len(word) <= len(name); i++ {
		if strings.EqualFold(name[i:i+len(word)], word) {
			return slices.Contains(overrideNames, foldName(name))
		}
	}
	return false
}

// overridden tells whether r asks to be taken for another method.
func overridden(r *http.Request, p params) bool {
	for name := range r.Header {
		if overrides(name) {
			return true
		}
	}
	for _, reading := range p.readings {
		for _, q := range reading {
			if slices.Contains(overrideNames, foldName(q.name)) {
				return true
			}
		}
	}
	return false
}
