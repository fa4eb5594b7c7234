package gateway

import (
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

func (f ruleFile) rule(at place) (Rule, error) {
	r := Rule{ID: f.ID, Is: Class(f.Is), Methods: f.Method, Answer: f.Answer, Type: f.Type, Says: f.Says}
	if !slices.Contains(classes, r.Is) {
		return r, at.in("is").wrong("is: %q; known are %s", f.Is, oneOf(classes))
	}
	for _, m := range f.Method {
		if !httpguts.ValidHeaderFieldName(m) || m != strings.ToUpper(m) {
			return r, at.in("method").wrong("method %q is none", m)
		}
	}
	for _, p := range f.Path {
		if !strings.HasPrefix(p, "/") {
			return r, at.in("path").wrong("path %q begins with no /", p)
		}
	}
	var err error
	if r.paths, err = compile(f.Path, globPattern); err != nil {
		return r, at.in("path").wrong("%s", err)
	}
	for _, list := range []struct {
		into  *[]pattern
		globs []string
	}{{&r.only, f.Only}, {&r.without, f.Without}, {&r.has, f.Has}} {
		if *list.into, err = compile(list.globs, namePattern); err != nil {
			return r, at.wrong("%s", err)
		}
	}
	for name, re := range f.Param {
		n, err := namePattern(name)
		if err != nil {
			return r, at.in("param").wrong("%s", err)
		}
		v, err := valuePattern(re)
		if err != nil {
			return r, at.in("param").wrong("%s", err)
		}
		r.params = append(r.params, paramIs{n, v})
	}
	return r, nil
}

func compile(globs []string, with func(string) (pattern, error)) ([]pattern, error) {
	var out []pattern
	for _, g := range globs {
		p, err := with(g)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func oneOf[T ~string](all []T) string {
	words := make([]string, len(all))
	for i, w := range all {
		words[i] = string(w)
	}
	return strings.Join(words, ", ")
}
