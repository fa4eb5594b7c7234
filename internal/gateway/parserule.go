package gateway

import (
	"mime"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

func (f ruleFile) rule(at where) (Rule, error) {
	r := Rule{ID: f.ID, Is: Class(f.Is), Methods: f.Method, Bodies: f.Body, Socket: f.Socket, Answer: f.Answer, Type: f.Type, Says: f.Says}
	if !slices.Contains(classes, r.Is) {
		return r, at.in("is").wrong("is: %q; known are %s", f.Is, oneOf(classes))
	}
	if r.Socket && (r.Is == Public || r.Is == Quiet) {
		return r, at.in("socket").wrong("socket: there is none in the class %s", r.Is)
	}
	for _, m := range f.Method {
		if !httpguts.ValidHeaderFieldName(m) || m != strings.ToUpper(m) {
			return r, at.in("method").wrong("method %q is none", m)
		}
	}
	for i, b := range f.Body {
		if media, attrs, err := mime.ParseMediaType(b); err != nil || media != b || !strings.Contains(b, "/") || len(attrs) > 0 || kindOf(b) != "" || b == "multipart/form-data" {
			return r, at.in("body").in(i).wrong("body %q: a media type in small letters, such as application/xml; forms and JSON are always read", b)
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
