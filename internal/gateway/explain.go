package gateway

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Explain classes r and says why, for who writes rules. Where no rule takes it, it goes through those of its path.
func (a *App) Explain(r *http.Request) (v Verdict, why []string) {
	v = a.Classify(r)
	paths, plain := pathReadings(r.URL)
	cand := a.candidates(r.Method, paths)
	params := readParams(r, true)
	if v.Rule != DefaultRule {
		return v, append(why, "the first rule that matches is "+v.Rule)
	}
	switch {
	case !plain:
		why = append(why, "the path is encoded where nothing needs it, or could be decoded once more")
	case overridden(r, params):
		why = append(why, "it asks to be taken for another method")
	case params.unread:
		why = append(why, "its body cannot be read as a form or a JSON object")
	case !params.ok:
		why = append(why, "a parameter stands twice, does not decode or is no UTF-8")
	}
	for _, rule := range cand {
		why = append(why, "rule "+rule.ID+" ("+string(rule.Is)+"): "+rule.misses(seen{path: paths[0], params: params.readings[0]}))
	}
	if len(cand) == 0 {
		why = append(why, fmt.Sprintf("no rule speaks of %s %s", r.Method, r.URL.Path))
	}
	if v.Class == Read {
		why = append(why, "by method it is a read: "+a.ByMethod)
	}
	return v, why
}

// misses says why r does not match s.
func (r *Rule) misses(s seen) string {
	for _, p := range s.params {
		in := func(q pattern) bool { return q.is(s.name(p), s.fold) }
		switch named := slices.ContainsFunc(r.params, func(w paramIs) bool { return w.name.is(s.name(p), s.fold) }); {
		case slices.ContainsFunc(r.without, in):
			return fmt.Sprintf("the parameter %q must not be there", p.name)
		case !named && !slices.ContainsFunc(r.only, in) && (len(r.only) > 0 || r.Is.strict() && len(r.without) == 0):
			return fmt.Sprintf("it does not name the parameter %q", p.name)
		}
	}
	switch {
	case !r.values(s):
		return "a parameter is not there, or has another value"
	case !r.names(s):
		return "none of the parameters it asks for is there"
	case !r.at(s.path, s.fold):
		return "the path matches under another reading only: " + strings.ToLower(s.path)
	}
	return "it matches as this is written, but not under every reading"
}
