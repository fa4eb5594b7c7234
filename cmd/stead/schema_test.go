package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/steadhq/stead/internal/config"
	"go.yaml.in/yaml/v3"
)

// fits says why a value does not fit a schema, by the words of JSON Schema that ours are made of; any other word is told.
func fits(at string, s map[string]any, v any) []string {
	var wrong []string
	for word := range maps.Keys(s) {
		if !slices.Contains([]string{"$schema", "title", "description", "default", "type", "enum", "pattern", "minimum", "properties", "additionalProperties", "required", "items", "minItems", "oneOf"}, word) {
			wrong = append(wrong, at+": the schema says "+word+", which is not looked at here")
		}
	}
	if types := s["type"]; types != nil && !slices.ContainsFunc(texts(types), func(t string) bool { return isA(t, v) }) {
		return append(wrong, fmt.Sprintf("%s: %v is no %v", at, v, types))
	}
	if list, ok := s["enum"].([]any); ok && !slices.Contains(list, v) {
		wrong = append(wrong, fmt.Sprintf("%s: %v is none of %v", at, v, list))
	}
	if p, ok := s["pattern"].(string); ok {
		if text, is := v.(string); is && !regexp.MustCompile(p).MatchString(text) {
			wrong = append(wrong, fmt.Sprintf("%s: %q does not match %s", at, text, p))
		}
	}
	if choices, ok := s["oneOf"].([]any); ok {
		n := 0
		for _, c := range choices {
			if len(fits(at, c.(map[string]any), v)) == 0 {
				n++
			}
		}
		if n != 1 {
			wrong = append(wrong, fmt.Sprintf("%s: it fits %d of the forms there are", at, n))
		}
	}
	switch v := v.(type) {
	case map[string]any:
		wrong = append(wrong, members(at, s, v)...)
	case []any:
		if items, ok := s["items"].(map[string]any); ok {
			for i, e := range v {
				wrong = append(wrong, fits(fmt.Sprintf("%s[%d]", at, i), items, e)...)
			}
		}
	}
	return wrong
}

func members(at string, s, v map[string]any) (wrong []string) {
	known, _ := s["properties"].(map[string]any)
	for name, value := range v {
		more, is := s["additionalProperties"].(map[string]any)
		switch one, there := known[name].(map[string]any); {
		case there:
			wrong = append(wrong, fits(at+"."+name, one, value)...)
		case is:
			wrong = append(wrong, fits(at+"."+name, more, value)...)
		case s["additionalProperties"] == false:
			wrong = append(wrong, at+"."+name+" is not known")
		}
	}
	for _, name := range texts(s["required"]) {
		if _, there := v[name]; !there {
			wrong = append(wrong, at+" lacks "+name)
		}
	}
	return wrong
}

func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		all := []string{}
		for _, one := range v {
			all = append(all, fmt.Sprint(one))
		}
		return all
	}
	return nil
}

func isA(t string, v any) bool {
	switch v := v.(type) {
	case string:
		return t == "string"
	case bool:
		return t == "boolean"
	case float64:
		return t == "number" || t == "integer" && v == float64(int(v))
	case []any:
		return t == "array"
	case map[string]any:
		return t == "object"
	}
	return t == "null"
}

// The schema says of every file what the program says of it: of the examples, of what init writes, and of what is printed
// as in force, that they are right; of mistakes that they are mistakes.
func TestSchemaAgreesWithTheProgram(t *testing.T) {
	raw, err := wholeSchema()
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	right := map[string]string{"nothing": "{}"}
	examples, err := filepath.Glob("../../examples/apps/*.yaml")
	if err != nil || len(examples) == 0 {
		t.Fatal("there are no examples", err)
	}
	for _, file := range examples {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		right[filepath.Base(file)] = string(text)
	}
	b := beginning{dir: "/etc/stead", data: "/var/lib/stead", driver: "postgres", dsn: "/etc/stead/dsn", listen: "127.0.0.1:8420", appHost: "orders.example.com", appUpstream: "http://10.0.0.5", acting: "act.example.com"}
	b.fill()
	right["what init writes"] = b.text()
	whole, problems := config.Parse([]byte(right["what init writes"]), nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	printed, err := whole.Print(true, true)
	if err != nil {
		t.Fatal(err)
	}
	right["what is printed"] = string(printed)
	for name, text := range right {
		var v any
		if err := yaml.Unmarshal([]byte(text), &v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if wrong := fits(name, schema, plainly(v)); len(wrong) > 0 {
			t.Errorf("%s", strings.Join(wrong, "\n"))
		}
		c, problems := config.Parse([]byte(text), nil)
		if len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
		if _, err := checked(c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"server: { lisen: a }", "store: { driver: mysql }", "acting: { idle: soon }", "apps: [ { id: a, hosts: x } ]", "apps: [ { id: a, banner: { position: left } } ]", "timers: { app: a }", "acting: { extensions: -1.5 }"} {
		var v any
		if err := yaml.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		if len(fits("it", schema, plainly(v))) == 0 {
			t.Errorf("the schema lets %s pass", text)
		}
	}
}

// plainly is what YAML read, as JSON would have it.
func plainly(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var out any
	if err := json.Unmarshal(raw, &out); err != nil {
		panic(err)
	}
	return out
}
