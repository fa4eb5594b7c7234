package gateway

import (
	"maps"
	"mime"
	"regexp"
	"slices"
	"strings"

	"github.com/steadhq/stead/internal/web"
	"go.yaml.in/yaml/v3"
)

// UnmarshalYAML takes one step for a list of one.
func (l *stepsFile) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.SequenceNode {
		return n.Decode((*[]stepFile)(l))
	}
	*l = make(stepsFile, 1)
	return n.Decode(&(*l)[0])
}

// steps reads a sequence. Known are the values that are there before it.
func (l stepsFile) steps(at where, allows web.Tokens, known ...string) ([]Step, error) {
	n, _ := at.node()
	var all []Step
	taken, used := map[string]bool{}, map[string]bool{}
	for i, f := range l {
		here := at
		if n.Kind == yaml.SequenceNode {
			here = at.in(i)
		}
		s, err := f.step(here, allows)
		if err != nil {
			return nil, err
		}
		for _, name := range s.blanks() {
			if !taken[name] && !slices.Contains(known, name) {
				return nil, here.wrong("{%s}: no step before this one takes it", name)
			}
			used[name] = true
		}
		for name := range s.Take {
			taken[name] = true
		}
		all = append(all, s)
	}
	for _, name := range slices.Sorted(maps.Keys(taken)) {
		if !used[name] {
			return nil, at.wrong("take %s: no later step uses {%s}", name, name)
		}
	}
	return all, nil
}

func (f stepFile) step(at where, allows web.Tokens) (s Step, err error) {
	if s, err = f.request(at); err != nil {
		return s, err
	}
	if !strings.HasPrefix(s.Target, "/") || web.CheckTarget(standsFor.ReplaceAllString(s.Target, "x"), allows) != nil {
		return s, at.wrong("%s %q: a path of the application that begins with /", strings.ToLower(s.Method), s.Target)
	}
	media, _, bad := mime.ParseMediaType(f.Type)
	switch {
	case (f.Form != nil || f.Body != "") && s.Method == "GET":
		return s, at.wrong("a GET has no form and no body")
	case f.Form != nil && (f.Body != "" || f.Type != ""):
		return s, at.wrong("either form or body with its type")
	case (f.Body == "") != (f.Type == ""), f.Type != "" && (bad != nil || !strings.Contains(media, "/")):
		return s, at.wrong("a body needs its media type, such as type: application/json")
	}
	s.Form, s.Body, s.Type = f.Form, f.Body, f.Type
	return s, s.takes(at, f.Take)
}

func (f stepFile) request(at where) (s Step, err error) {
	for method, target := range map[string]string{"GET": f.Get, "POST": f.Post} {
		if target == "" && !at.in(strings.ToLower(method)).said() {
			continue
		}
		if s.Method != "" {
			return s, at.wrong("a step is one request: get, post or request")
		}
		s.Method, s.Target = method, target
	}
	if f.Request == "" {
		if s.Method == "" {
			return s, at.wrong("a step needs get, post or request")
		}
		return s, nil
	}
	method, target, two := strings.Cut(f.Request, " ")
	if s.Method != "" || !two || method != strings.ToUpper(method) {
		return s, at.wrong("request %q: a method and a target, in place of get and post", f.Request)
	}
	return Step{Method: method, Target: target}, nil
}

func (s *Step) takes(at where, take map[string]string) error {
	for name, text := range take {
		re, err := regexp.Compile(text)
		switch {
		case !standsFor.MatchString("{"+name+"}") || strings.ContainsAny(name, "{}"):
			return at.in("take").wrong("take %q: a name is of small letters, digits and _", name)
		case err != nil:
			return at.in("take").wrong("take %s: %s", name, err)
		case re.NumSubexp() != 1:
			return at.in("take").wrong("take %s: the pattern needs one group, for what is taken", name)
		}
		if s.Take == nil {
			s.Take = map[string]*regexp.Regexp{}
		}
		s.Take[name] = re
	}
	return nil
}

// blanks are the names that the step speaks of.
func (s Step) blanks() (names []string) {
	texts := []string{s.Target, s.Body}
	for _, name := range slices.Sorted(maps.Keys(s.Form)) {
		texts = append(texts, s.Form[name])
	}
	for _, text := range texts {
		for _, name := range standsFor.FindAllString(text, -1) {
			names = append(names, name[1:len(name)-1])
		}
	}
	return names
}
