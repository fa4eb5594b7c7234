package gateway

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Schema is the JSON Schema (2020-12) of a file of applications, for editors.
func Schema() []byte {
	s := schemaOf(reflect.TypeFor[appsFile]())
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "Applications behind the gateway of Stead"
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(err) // it is made of maps, lists and texts only
	}
	return append(raw, '\n')
}

func schemaOf(t reflect.Type) map[string]any {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return map[string]any{"type": []string{"string", "integer"}, "pattern": `^(0|([0-9.]+(h|m|s|ms))+)$`}
	case t == reflect.TypeFor[stepsFile]():
		one := schemaOfStruct(t.Elem())
		return map[string]any{"oneOf": []any{one, map[string]any{"type": "array", "items": one, "minItems": 1}}}
	case t.Kind() == reflect.Struct:
		return schemaOfStruct(t)
	case t.Kind() == reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case t.Kind() == reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case t.Kind() == reflect.Int:
		return map[string]any{"type": "integer", "minimum": 0}
	case t.Kind() == reflect.Bool:
		return map[string]any{"type": "boolean"}
	}
	return map[string]any{"type": "string"}
}

func schemaOfStruct(t reflect.Type) map[string]any {
	members, needed := map[string]any{}, []string{}
	for _, f := range fieldsOf(t) {
		name := f.Tag.Get("yaml")
		s := schemaOf(f.Type)
		s["description"] = f.Tag.Get("doc")
		if list := f.Tag.Get("enum"); list != "" {
			valuesOf(s)["enum"] = strings.Split(list, ",")
		}
		if d := f.Tag.Get("initial"); d != "" {
			s["default"] = d
		}
		if f.Tag.Get("need") != "" {
			needed = append(needed, name)
		}
		members[name] = s
	}
	s := map[string]any{"type": "object", "additionalProperties": false, "properties": members}
	if len(needed) > 0 {
		s["required"] = needed
	}
	return s
}

// valuesOf is the schema of the single values of s: its items where it is a list.
func valuesOf(s map[string]any) map[string]any {
	if items, ok := s["items"].(map[string]any); ok {
		return items
	}
	return s
}

// keyTables are the tables of docs/reference/apps.md, by the name of what they are of.
func keyTables() map[string]string {
	out := map[string]string{}
	for name, t := range map[string]reflect.Type{
		"application": reflect.TypeFor[appFile](), "identity": reflect.TypeFor[identityFile](),
		"realm": reflect.TypeFor[realmFile](), "rule": reflect.TypeFor[ruleFile](), "test": reflect.TypeFor[testFile](),
	} {
		var b strings.Builder
		b.WriteString("| key | default | meaning |\n|---|---|---|\n")
		keyRows(&b, t, "")
		out[name] = b.String()
	}
	return out
}

// keyRows has a row for each key; those of what is listed in a table of its own stand there.
func keyRows(b *strings.Builder, t reflect.Type, path string) {
	for _, f := range fieldsOf(t) {
		name, initial := path+f.Tag.Get("yaml"), "none"
		switch {
		case f.Tag.Get("need") != "":
			initial = "needed"
		case f.Tag.Get("initial") != "":
			initial = "`" + f.Tag.Get("initial") + "`"
		case f.Type.Kind() == reflect.Bool:
			initial = "`false`"
		case f.Type.Kind() == reflect.Int:
			initial = "`0`"
		}
		text := f.Tag.Get("doc")
		if list := f.Tag.Get("enum"); list != "" && f.Tag.Get("yaml") != "is" {
			text = "`" + strings.ReplaceAll(list, ",", "`, `") + "`. " + text
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", name, initial, strings.ReplaceAll(text, "|", `\|`))
		if f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[identityFile]() && f.Type != reflect.TypeFor[toldFile]() {
			keyRows(b, f.Type, name+".")
		}
		if f.Type == reflect.TypeFor[stepsFile]() {
			keyRows(b, f.Type.Elem(), name+".")
		}
	}
}
