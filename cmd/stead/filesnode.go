package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/steadhq/stead/internal/config"
	"go.yaml.in/yaml/v3"
)

// documents parses a text: JSON where it is JSON or is called so, else YAML. Every node knows its line.
func documents(name string, raw []byte) ([]*yaml.Node, error) {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if strings.HasSuffix(name, ".json") || json.Valid(raw) {
		return jsonDocument(raw)
	}
	var all []*yaml.Node
	for d := yaml.NewDecoder(bytes.NewReader(raw)); ; {
		var n yaml.Node
		if err := d.Decode(&n); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("this is no YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
		}
		if one := n.Content[0]; one.Tag != "!!null" {
			all = append(all, one)
		}
	}
}

// A jsonReader makes nodes of JSON, so that what is said of YAML is said of both.
type jsonReader struct {
	raw  []byte
	d    *json.Decoder
	line int
	seen int // how far lines are counted
}

func jsonDocument(raw []byte) ([]*yaml.Node, error) {
	r := &jsonReader{raw: raw, d: json.NewDecoder(bytes.NewReader(raw)), line: 1}
	r.d.UseNumber()
	n, err := r.value()
	if err == nil {
		if _, err = r.d.Token(); errors.Is(err, io.EOF) {
			return []*yaml.Node{n}, nil
		}
		err = cmp.Or(err, errors.New("there is more behind its end"))
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	r.here()
	return nil, fmt.Errorf("this is no JSON: line %d: %w", r.line, err)
}

// here counts the lines up to what was read last.
func (r *jsonReader) here() int {
	at := min(int(r.d.InputOffset()), len(r.raw))
	r.line += bytes.Count(r.raw[r.seen:at], []byte("\n"))
	r.seen = at
	return r.line
}

func (r *jsonReader) value() (*yaml.Node, error) {
	t, err := r.d.Token()
	if err != nil {
		return nil, err
	}
	n := &yaml.Node{Kind: yaml.ScalarNode, Line: r.here()}
	switch t := t.(type) {
	case json.Delim:
		n.Kind, n.Tag = yaml.MappingNode, "!!map"
		if t == '[' {
			n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
		}
		for r.d.More() {
			one, err := r.value()
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, one)
		}
		_, err = r.d.Token()
		return n, err
	case string:
		n.Tag, n.Value = "!!str", t
	case json.Number:
		n.Tag, n.Value = "!!int", t.String()
		if strings.ContainsAny(n.Value, ".eE") {
			n.Tag = "!!float"
		}
	case bool:
		n.Tag, n.Value = "!!bool", strconv.FormatBool(t)
	default:
		n.Tag, n.Value = "!!null", "null"
	}
	return n, nil
}

// A filler puts nodes into values and notes what does not fit, each with its line.
type filler struct {
	file  string
	wrong []string
}

func (f *filler) say(n *yaml.Node, format string, args ...any) {
	f.wrong = append(f.wrong, place{f.file, n.Line}.wrong(format, args...))
}

// put reads n into v; name is what it is called in a finding.
func (f *filler) put(n *yaml.Node, v reflect.Value, name string) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		f.say(n, "%s: anchors and aliases are not read here: write it out", name)
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Struct:
		f.object(n, v, name)
	case reflect.Slice:
		f.list(n, v, name)
	case reflect.Map:
		f.pairs(n, v, name)
	case reflect.Interface:
		if any := f.plain(n, name); any != nil {
			v.Set(reflect.ValueOf(any))
		}
	default:
		f.scalar(n, v, name)
	}
}

func (f *filler) list(n *yaml.Node, v reflect.Value, name string) {
	if n.Kind != yaml.SequenceNode {
		f.say(n, "%s is a list: [a, b]", name)
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, e := range n.Content {
		f.put(e, v.Index(i), fmt.Sprintf("%s[%d]", name, i))
	}
}

func (f *filler) pairs(n *yaml.Node, v reflect.Value, name string) {
	if n.Kind != yaml.MappingNode {
		f.say(n, "%s is a block of names and values", name)
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	f.each(n, name, func(k, e *yaml.Node) {
		one := reflect.New(v.Type().Elem()).Elem()
		f.put(e, one, name+"."+k.Value)
		v.SetMapIndex(reflect.ValueOf(k.Value), one)
	})
}

// each goes through a block and refuses names that are there twice or are no texts.
func (f *filler) each(n *yaml.Node, name string, do func(k, e *yaml.Node)) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		switch {
		case k.Kind != yaml.ScalarNode || k.Tag == "!!merge":
			f.say(k, "%s: %s is no name", name, k.Value)
		case seen[k.Value]:
			f.say(k, "%s is there twice", strings.TrimPrefix(name+"."+k.Value, "."))
		default:
			do(k, n.Content[i+1])
		}
		seen[k.Value] = true
	}
}

func (f *filler) object(n *yaml.Node, v reflect.Value, name string) {
	if n.Kind != yaml.MappingNode {
		f.say(n, "%s is a block of names and values", name)
		return
	}
	all, slips := fieldsOf(v.Type()), 0
	f.each(n, name, func(k, e *yaml.Node) {
		i := slices.IndexFunc(all, func(m member) bool { return m.name == k.Value })
		if i < 0 {
			slips++ // what is missing may be what this was to be
			f.say(k, "%s has no %s%s", name, k.Value, config.DidYouMean(k.Value, namesOf(all)))
			return
		}
		all[i].given = true
		f.put(e, v.FieldByIndex(all[i].index), name+"."+k.Value)
	})
	for _, m := range all {
		if m.must && !m.given && slips == 0 {
			f.say(n, "%s lacks %s", name, m.name)
		}
	}
}

func (f *filler) scalar(n *yaml.Node, v reflect.Value, name string) {
	if n.Kind != yaml.ScalarNode {
		f.say(n, "%s is one value, no list or block", name)
		return
	}
	switch v.Kind() {
	case reflect.String:
		if n.Tag != "!!str" {
			f.say(n, "%s is a text: write it in quotes, %q", name, n.Value)
			return
		}
		v.SetString(n.Value)
	case reflect.Bool:
		if n.Tag != "!!bool" || n.Value != "true" && n.Value != "false" {
			f.say(n, "%s is true or false, not %s", name, n.Value)
			return
		}
		v.SetBool(n.Value == "true")
	case reflect.Int64:
		whole, err := strconv.ParseInt(n.Value, 10, 64)
		if n.Tag != "!!int" || err != nil {
			f.say(n, "%s is a whole number, not %s", name, n.Value)
			return
		}
		v.SetInt(whole)
	}
}

// plain is a value of Cedar's: texts, whole numbers, true and false, and lists and blocks of them.
func (f *filler) plain(n *yaml.Node, name string) any {
	switch n.Kind {
	case yaml.SequenceNode:
		var list []any
		f.list(n, reflect.ValueOf(&list).Elem(), name)
		return list
	case yaml.MappingNode:
		var block map[string]any
		f.pairs(n, reflect.ValueOf(&block).Elem(), name)
		return block
	}
	switch whole, err := strconv.ParseInt(n.Value, 10, 64); {
	case n.Tag == "!!str":
		return n.Value
	case n.Tag == "!!bool" && (n.Value == "true" || n.Value == "false"):
		return n.Value == "true"
	case n.Tag == "!!int" && err == nil:
		return whole
	}
	f.say(n, "%s: %s is none of what policy knows: texts in quotes, whole numbers, true and false, lists, and blocks of them", name, n.Value)
	return nil
}

// A member is a field of a block, under its name in the file.
type member struct {
	name, doc   string
	index       []int
	of          reflect.Type
	must, given bool
}

// fieldsOf are the fields of a type, those of what it embeds among them.
func fieldsOf(t reflect.Type) (all []member) {
	for i := range t.NumField() {
		sf := t.Field(i)
		name, rest, _ := strings.Cut(sf.Tag.Get("json"), ",")
		switch {
		case sf.Anonymous && sf.IsExported():
			for _, m := range fieldsOf(sf.Type) {
				m.index = append([]int{i}, m.index...)
				all = append(all, m)
			}
		case sf.IsExported() && name != "":
			all = append(all, member{name: name, doc: sf.Tag.Get("doc"), index: []int{i}, of: sf.Type, must: !strings.Contains(rest, "omit")})
		}
	}
	return all
}

func namesOf(all []member) (list []string) {
	for _, m := range all {
		list = append(list, m.name)
	}
	return list
}
