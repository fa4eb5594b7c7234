package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"go.yaml.in/yaml/v3"
)

// A Problem is one thing wrong with a configuration, where it stands, and what would be right.
type Problem struct {
	Line, Column int    // 0: not in the file
	Path         string // server.listen
	Text         string
}

func (p Problem) String() string {
	if p.Line > 0 {
		return fmt.Sprintf("line %d, column %d: %s: %s", p.Line, p.Column, p.Path, p.Text)
	}
	return p.Path + ": " + p.Text
}

// Load reads the file (none: only defaults and environment) and the environment, and validates. Errors: invalid, with
// every problem that was found; missing.
func Load(file string, environ []string) (Config, error) {
	var raw []byte
	if file != "" {
		var err error
		if raw, err = os.ReadFile(file); errors.Is(err, os.ErrNotExist) {
			return Config{}, stead.E(stead.Missing, stead.ReasonRequest, "there is no file %s: write one, or leave out --config for the defaults", file)
		} else if err != nil {
			return Config{}, stead.Because(err, "read the configuration")
		}
	}
	c, problems := Parse(raw, environ)
	if len(problems) > 0 {
		return Config{}, invalid(file, problems)
	}
	c.file = file
	return c, nil
}

// Name is how an error names what was read.
func (c Config) Name() string { return cmp.Or(c.file, "the configuration") }

// A wrong configuration is an error of kind invalid that knows its problems.
type wrong struct {
	error
	problems []Problem
}

func (w *wrong) Unwrap() error { return w.error }

func invalid(file string, problems []Problem) error {
	lines := []string{}
	for _, p := range problems {
		lines = append(lines, strings.TrimPrefix(file+": ", ": ")+p.String())
	}
	return &wrong{stead.E(stead.Invalid, stead.ReasonRequest, "%s", strings.Join(lines, "\n")), problems}
}

// Together is the error that problems make, nil where there are none.
func Together(file string, problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return invalid(file, problems)
}

// WrongKeys are those that an error of Load finds wrong; none where it is another error.
func WrongKeys(err error) []string {
	var w *wrong
	if !errors.As(err, &w) {
		return nil
	}
	var keys []string
	for _, p := range w.problems {
		keys = append(keys, p.Path)
	}
	return keys
}

// Parse reads a file's text and the environment over the defaults.
func Parse(raw []byte, environ []string) (Config, []Problem) {
	c := Default()
	problems := c.parse(raw)
	if len(problems) > 0 {
		return c, problems
	}
	if problems = c.environment(environ); len(problems) > 0 {
		return c, problems
	}
	return c, c.placed(c.validate())
}

func (c *Config) parse(raw []byte) []Problem {
	c.text, c.sources = raw, map[string]source{}
	d := yaml.NewDecoder(bytes.NewReader(raw))
	var doc yaml.Node
	err := d.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return []Problem{unread(err)}
	}
	if more := d.Decode(new(yaml.Node)); !errors.Is(more, io.EOF) {
		return []Problem{{Path: "file", Text: "holds more than one document"}}
	}
	c.noted(doc.Content[0], "")
	r := &reader{}
	r.value(doc.Content[0], reflect.ValueOf(c).Elem(), "")
	return r.problems
}

func unread(err error) Problem {
	p := Problem{Path: "file", Text: "this is no YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}
	if n, _ := fmt.Sscanf(err.Error(), "yaml: line %d:", &p.Line); n == 1 {
		p.Column = 1
	}
	return p
}

// A reader puts nodes into fields and notes what does not fit.
type reader struct{ problems []Problem }

func (r *reader) problem(n *yaml.Node, path, format string, args ...any) {
	r.problems = append(r.problems, Problem{n.Line, n.Column, path, fmt.Sprintf(format, args...)})
}

func (r *reader) value(n *yaml.Node, v reflect.Value, path string) {
	switch {
	case v.Type() == reflect.TypeFor[yaml.Node]():
		v.Set(reflect.ValueOf(*n))
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		r.problem(n, path, "anchors and aliases are not read here: write it out")
	case n.Tag == "!!null":
	case v.Kind() == reflect.Struct:
		r.object(n, v, path)
	case v.Kind() == reflect.Slice:
		r.list(n, v, path)
	case n.Kind != yaml.ScalarNode:
		r.problem(n, path, "must be %s, not a list or a block", kindName(v.Type()))
	default:
		r.scalar(n, v, path)
	}
}

func (r *reader) object(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		r.problem(n, or(path, "file"), "must be a block of names and values")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		at := join(path, k.Value)
		f, ok := field(v, k.Value)
		switch {
		case seen[k.Value]:
			r.problem(k, at, "is there twice")
		case !ok:
			r.problem(k, at, "is not known%s", DidYouMean(k.Value, names(v.Type())))
		default:
			r.value(n.Content[i+1], f, at)
		}
		seen[k.Value] = true
	}
}

func (r *reader) list(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		r.problem(n, path, "must be a list")
		return
	}
	v.SetZero()
	for i, e := range n.Content {
		one := reflect.New(v.Type().Elem()).Elem()
		r.value(e, one, fmt.Sprintf("%s[%d]", path, i))
		v.Set(reflect.Append(v, one))
	}
}

func (r *reader) scalar(n *yaml.Node, v reflect.Value, path string) {
	if v.Kind() == reflect.Bool && !slices.Contains([]string{"true", "false"}, n.Value) {
		r.problem(n, path, "must be true or false, not %q", n.Value)
		return
	}
	if err := set(v, n.Value); err != nil {
		r.problem(n, path, "%s", err)
	}
}

// set reads text into a field of any kind that is not a block.
func set(v reflect.Value, text string) error {
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]():
		if text == "0" {
			v.SetInt(0)
			return nil
		}
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return fmt.Errorf("%q is no duration such as 90s, 10m or 12h", text)
		}
		v.SetInt(int64(d))
	case v.Kind() == reflect.Int:
		n := 0
		if _, err := fmt.Sscanf(text+"\n", "%d\n", &n); err != nil || n < 0 {
			return fmt.Errorf("%q is no whole number", text)
		}
		v.SetInt(int64(n))
	case v.Kind() == reflect.Bool:
		v.SetBool(text == "true" || text == "1")
	default:
		v.SetString(text)
	}
	return nil
}
