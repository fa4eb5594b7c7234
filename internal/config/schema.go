package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Schema is the JSON Schema (2020-12) of the file, for editors.
func Schema() []byte {
	s := object(reflect.ValueOf(Default()))
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "Configuration of a Stead server"
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(err) // it is made of maps, lists and texts only
	}
	return append(raw, '\n')
}

func object(v reflect.Value) map[string]any {
	members := map[string]any{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if name := f.Tag.Get("yaml"); name != "" {
			members[name] = member(f, v.Field(i))
		}
	}
	return map[string]any{"type": "object", "additionalProperties": false, "properties": members}
}

func member(f reflect.StructField, v reflect.Value) map[string]any {
	s := kind(v)
	s["description"] = f.Tag.Get("doc")
	if list := f.Tag.Get("enum"); list != "" {
		s["enum"] = strings.Split(list, ",")
	}
	if d := defaultText(v); d != "" && v.Kind() != reflect.Struct {
		s["default"] = v.Interface()
		if v.Type() == reflect.TypeFor[time.Duration]() {
			s["default"] = d
		}
	}
	return s
}

func kind(v reflect.Value) map[string]any {
	switch {
	case v.Type() == reflect.TypeFor[yaml.Node]():
		return map[string]any{"type": "array", "items": map[string]any{"type": "object", "required": []string{"id"}}}
	case v.Type() == reflect.TypeFor[time.Duration]():
		return map[string]any{"type": []string{"string", "integer"}, "pattern": `^(0|([0-9.]+(h|m|s|ms))+)$`}
	case v.Kind() == reflect.Struct:
		return object(v)
	case v.Kind() == reflect.Slice:
		return map[string]any{"type": "array", "items": kind(reflect.New(v.Type().Elem()).Elem())}
	case v.Kind() == reflect.Int:
		return map[string]any{"type": "integer", "minimum": 0}
	case v.Kind() == reflect.Bool:
		return map[string]any{"type": "boolean"}
	}
	return map[string]any{"type": "string"}
}

// defaultText is how a default is written in the file; "" where it is nothing.
func defaultText(v reflect.Value) string {
	switch {
	case v.IsZero() || v.Kind() == reflect.Struct || v.Kind() == reflect.Slice:
		return ""
	case v.Type() == reflect.TypeFor[time.Duration]():
		return duration(v.Interface().(time.Duration))
	}
	return fmt.Sprint(v.Interface())
}

func duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Reference is docs/reference/config.md.
func Reference() []byte {
	var b strings.Builder
	b.WriteString("# Configuration\n\nOne YAML file, `stead serve --config FILE`. Every key has a default that works. " +
		"A key that is not known is an error\nwith line, column and the nearest name. Each key can be set from the environment too: `server.listen` is\n" +
		"`STEAD_SERVER_LISTEN`, lists separated by commas. Secrets are given as files (`*_file`) that only their owner may read.\n" +
		"`stead config validate` checks a file, `stead config print` shows what is in force, `stead config schema` writes a JSON\nSchema for editors.\n\n" +
		"| key | kind | default | meaning |\n|---|---|---|---|\n")
	table(&b, reflect.ValueOf(Default()), "")
	return []byte(b.String())
}

func table(b *strings.Builder, v reflect.Value, path string) {
	for i := range v.NumField() {
		f, one := v.Type().Field(i), v.Field(i)
		name := f.Tag.Get("yaml")
		if name == "" {
			continue
		}
		at := join(path, name)
		d := defaultText(one)
		if d != "" {
			d = "`" + d + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", at, kindName(f.Type), d, f.Tag.Get("doc"))
		switch {
		case f.Type == reflect.TypeFor[yaml.Node]():
		case f.Type.Kind() == reflect.Struct:
			table(b, one, at)
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
			table(b, reflect.New(f.Type.Elem()).Elem(), at+"[]")
		}
	}
}
