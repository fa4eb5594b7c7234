package config

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A source is where a value is from: a place in the file, or a variable.
type source struct {
	line, column int
	variable     string
}

func (s source) String() string {
	if s.variable != "" {
		return s.variable
	}
	return fmt.Sprintf("line %d", s.line)
}

// noted remembers where everything stands, under every name that it goes by: lists are counted in problems, and called by
// their ids in differences.
func (c *Config) noted(n *yaml.Node, path string) {
	c.sources[path] = source{line: n.Line, column: n.Column}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			c.noted(n.Content[i+1], join(path, n.Content[i].Value))
		}
	case yaml.SequenceNode:
		for i, e := range n.Content {
			c.noted(e, fmt.Sprintf("%s[%d]", path, i))
			if named := element(path, i, e); !strings.HasSuffix(named, "]") {
				c.noted(e, named)
			}
		}
	}
}

// found is where a key stands, or the block that it would stand in.
func (c *Config) found(path string) (source, bool) {
	for path != "" {
		if s, ok := c.sources[path]; ok {
			return s, true
		}
		at := strings.LastIndexAny(path, ".[")
		if at < 0 {
			break
		}
		path = path[:at]
	}
	return source{}, false
}

// placed gives every problem its line.
func (c *Config) placed(problems []Problem) []Problem {
	for i, p := range problems {
		if s, ok := c.found(p.Path); ok && p.Line == 0 && s.variable == "" {
			problems[i].Line, problems[i].Column = s.line, s.column
		}
	}
	return problems
}

// origin says where the value of a key is from: a line of the file, a variable of the environment, or the default.
func (c *Config) origin(path string) string {
	if s, ok := c.sources[path]; ok {
		return s.String()
	}
	list, _, _ := strings.Cut(path, "[")
	if s, ok := c.sources[list]; ok && list != path {
		return s.String()
	}
	return "default"
}
