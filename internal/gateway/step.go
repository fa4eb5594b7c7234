package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/steadhq/stead"
)

// A Step is one request of a sequence that somebody wrote down. {name} in its target, its form or its body stands for
// what an earlier answer said.
type Step struct {
	Method, Target string
	Form           map[string]string
	Body, Type     string                    // in place of Form
	Take           map[string]*regexp.Regexp // what later steps need of the answer: each has one group
}

var standsFor = regexp.MustCompile(`\{[a-z][a-z0-9_]*\}`)

// filled puts values into text, each written as its place wants it.
func filled(text string, values map[string]string, as func(string) string) string {
	return standsFor.ReplaceAllStringFunc(text, func(name string) string {
		v, known := values[name[1:len(name)-1]]
		if !known {
			return name
		}
		return as(v)
	})
}

// At is the target with its values.
func (s Step) At(values map[string]string) string {
	path, query, asks := strings.Cut(s.Target, "?")
	path = filled(path, values, url.PathEscape)
	if !asks {
		return path
	}
	return path + "?" + filled(query, values, url.QueryEscape)
}

// Request is what the step asks of an origin such as http://wiki.example.com.
func (s Step) Request(ctx context.Context, origin string, values map[string]string) (*http.Request, error) {
	plain := func(v string) string { return v }
	body, kind := "", s.Type
	switch {
	case s.Form != nil:
		f := url.Values{}
		for name, text := range s.Form {
			f.Set(name, filled(text, values, plain))
		}
		body, kind = f.Encode(), formType
	case strings.Contains(kind, "json"):
		body = filled(s.Body, values, jsonText)
	default:
		body = filled(s.Body, values, plain)
	}
	r, err := http.NewRequestWithContext(ctx, s.Method, origin+s.At(values), strings.NewReader(body))
	if err != nil {
		return nil, stead.Because(err, "make the request")
	}
	if body == "" {
		r.Body, r.ContentLength = http.NoBody, 0
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return r, nil
}

const formType = "application/x-www-form-urlencoded"

func jsonText(v string) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(raw[1 : len(raw)-1])
}

// Learn notes what the step takes of an answer, read as its kind of answer writes it.
func (s Step) Learn(header http.Header, body []byte, values map[string]string) error {
	for name, re := range s.Take {
		m := re.FindSubmatch(body)
		if m == nil || len(m[1]) == 0 { // DELETE /sessions/{id} without one is about all
			return fmt.Errorf("the answer to %s %s holds no %s", s.Method, s.path(), name)
		}
		values[name] = unwritten(string(m[1]), header.Get("Content-Type"))
	}
	return nil
}

// path is the target without what may be a secret.
func (s Step) path() string {
	path, _, _ := strings.Cut(s.Target, "?")
	return path
}

// unwritten is what stands in a page for what was meant.
func unwritten(v, kind string) string {
	if strings.Contains(kind, "json") {
		var plain string
		if json.Unmarshal([]byte(`"`+v+`"`), &plain) == nil {
			return plain
		}
		return v
	}
	if strings.Contains(kind, "html") {
		return html.UnescapeString(v)
	}
	return v
}
