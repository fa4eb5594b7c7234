package gateway

import (
	"fmt"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/steadhq/stead"
)

// A where is where in the file something stands, for the line of an error.
type where struct {
	root *yaml.Node
	path []any
}

func (p where) in(step any) where { return where{p.root, append(slices.Clone(p.path), step)} }

func (p where) wrong(format string, args ...any) error {
	n, _ := p.node()
	return wrongAt(n, format, args...)
}

func (p where) line() int {
	n, _ := p.node()
	return n.Line
}

func wrongAt(n *yaml.Node, format string, args ...any) error {
	return wrong("line %d, column %d: %s", n.Line, n.Column, fmt.Sprintf(format, args...))
}

// said tells whether the file has anything here.
func (p where) said() bool {
	_, whole := p.node()
	return whole
}

// node is what stands here, or as near to it as the file goes.
func (p where) node() (n *yaml.Node, whole bool) {
	n = p.root
	for _, step := range p.path {
		next := child(n, step)
		if next == nil {
			return n, false
		}
		n = next
	}
	return n, true
}

func child(n *yaml.Node, step any) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch s := step.(type) {
	case int:
		if n.Kind == yaml.SequenceNode && s < len(n.Content) {
			return n.Content[s]
		}
	case string:
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == s {
				return n.Content[i+1]
			}
		}
	}
	return nil
}

// strict refuses every key under n that t has no field for, and says which one was probably meant.
func strict(n *yaml.Node, t reflect.Type) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
	case t == reflect.TypeFor[stepsFile]() && n.Kind != yaml.SequenceNode:
		return strict(n, t.Elem())
	case t.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
		for _, c := range n.Content {
			if err := strict(c, t.Elem()); err != nil {
				return err
			}
		}
	case t.Kind() == reflect.Struct && n.Kind == yaml.MappingNode:
		return strictKeys(n, t)
	case t.Kind() == reflect.Struct:
		return wrongAt(n, "keys with values are missing here")
	}
	return nil
}

func strictKeys(n *yaml.Node, t reflect.Type) error {
	fields := fieldsOf(t)
	keys := keysOf(t)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		at := slices.Index(keys, key.Value)
		if at < 0 {
			return wrongAt(key, "unknown key %q%s", key.Value, stead.DidYouMean(key.Value, keys))
		}
		if err := strict(n.Content[i+1], fields[at].Type); err != nil {
			return err
		}
	}
	return nil
}

// keysOf lists the keys of one of the file's types.
func keysOf(t reflect.Type) []string {
	var keys []string
	for _, f := range fieldsOf(t) {
		keys = append(keys, f.Tag.Get("yaml"))
	}
	return keys
}

// fieldsOf are the fields of one of the file's types, those of what is written in line too.
func fieldsOf(t reflect.Type) []reflect.StructField {
	var fields []reflect.StructField
	for f := range t.Fields() {
		if f.Anonymous {
			fields = append(fields, fieldsOf(f.Type)...)
			continue
		}
		fields = append(fields, f)
	}
	return fields
}
