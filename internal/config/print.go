package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Hidden stands for what is secret.
const Hidden = "(not shown)"

// Print is the configuration as a file, with everything that was left to its default. Secrets are shown only if asked for,
// and origins say behind every key where its value is from.
func (c Config) Print(secrets, origins bool) ([]byte, error) {
	n := printable(reflect.ValueOf(c))
	walk(n, "", func(path string, value *yaml.Node) {
		if !secrets && secret(path, value.Value) {
			value.SetString(Hidden)
		}
		if origins {
			value.LineComment = c.origin(path)
		}
	})
	return yaml.Marshal(n)
}

// walk visits every text of a printed configuration, and every list or block that is empty.
func walk(n *yaml.Node, path string, visit func(path string, value *yaml.Node)) {
	switch {
	case n.Kind == yaml.MappingNode && len(n.Content) > 0:
		for i := 0; i+1 < len(n.Content); i += 2 {
			walk(n.Content[i+1], join(path, n.Content[i].Value), visit)
		}
	case n.Kind == yaml.SequenceNode && len(n.Content) > 0:
		for i, e := range n.Content {
			walk(e, element(path, i, e), visit)
		}
	default:
		visit(path, n)
	}
}

// element names one of a list: by its id where it has one, so that a difference is told of what it is in.
func element(path string, i int, e *yaml.Node) string {
	if e.Kind == yaml.MappingNode {
		for k := 0; k+1 < len(e.Content); k += 2 {
			if e.Content[k].Value == "id" {
				return join(path, e.Content[k+1].Value)
			}
		}
	}
	return fmt.Sprintf("%s[%d]", path, i)
}

// secret tells whether a value may be one. Secrets are kept in files; but an application may be told a password, or a
// header of a fixed text, and what closes its sessions may hold a token.
func secret(path, value string) bool {
	_, in, app := strings.Cut(path, "apps.")
	if !app && !strings.HasPrefix(path, "apps[") || value == "" {
		return false
	}
	last := path[strings.LastIndexByte(path, '.')+1:]
	told := strings.Contains(path, ".identity.")
	switch {
	case last == "password":
		return true
	case told && strings.Contains(path, ".headers."):
		return !strings.Contains(value, "{")
	case strings.Contains(path, ".at_end"):
		return last == "body" || strings.Contains(path, ".form.")
	case strings.Contains(path, ".tests"):
		return strings.Contains(path, ".headers.")
	}
	return strings.Contains(in, "@") && strings.Contains(value, "://") && strings.Contains(value, "@")
}

// plain is a copy in one style and without comments: what is printed is not what was read.
func plain(n *yaml.Node) *yaml.Node {
	out := &yaml.Node{Kind: n.Kind, Tag: n.Tag, Value: n.Value, Line: n.Line}
	if n.Kind == yaml.AliasNode { // whoever reads the applications refuses it
		return &yaml.Node{Kind: yaml.ScalarNode, Value: "*" + n.Value}
	}
	if n.Kind == yaml.ScalarNode {
		out.Style = n.Style & (yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle)
	}
	for _, c := range n.Content {
		out.Content = append(out.Content, plain(c))
	}
	return out
}

// printable gives durations the form they are written in.
func printable(v reflect.Value) *yaml.Node {
	switch {
	case v.Type() == reflect.TypeFor[yaml.Node]():
		if n := v.Interface().(yaml.Node); n.Kind != 0 {
			return plain(&n)
		}
		return &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	case v.Kind() == reflect.Struct:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for i := range v.NumField() {
			if name := v.Type().Field(i).Tag.Get("yaml"); name != "" {
				n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: name}, printable(v.Field(i)))
			}
		}
		return n
	case v.Kind() == reflect.Slice:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		if v.Len() == 0 {
			n.Style = yaml.FlowStyle
		}
		for i := range v.Len() {
			n.Content = append(n.Content, printable(v.Index(i)))
		}
		return n
	case v.Type() == reflect.TypeFor[time.Duration]():
		return &yaml.Node{Kind: yaml.ScalarNode, Value: duration(v.Interface().(time.Duration))}
	}
	n := &yaml.Node{}
	if err := n.Encode(v.Interface()); err != nil {
		panic(err) // texts, numbers and truth only
	}
	return n
}
