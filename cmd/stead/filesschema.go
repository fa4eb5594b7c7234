package main

import (
	"encoding/json"
	"maps"
	"reflect"
)

// filesSchema is the JSON Schema (2020-12) of what stead apply reads, for editors.
func filesSchema() []byte {
	lists := map[string]any{}
	var forms []any
	for _, k := range fileKinds() {
		one := fileSchemaOf(k.of)
		lists[k.list] = map[string]any{"type": "array", "description": k.says, "items": one}
		if k.name == lone {
			continue
		}
		single := maps.Clone(one)
		all := maps.Clone(one["properties"].(map[string]any))
		all["kind"] = map[string]any{"type": "string", "enum": []string{k.name}, "description": k.says}
		single["properties"], single["title"] = all, k.name
		must, _ := one["required"].([]string)
		single["required"] = append([]string{"kind"}, must...)
		forms = append(forms, single)
	}
	entities := fileSchemaOf(reflect.TypeFor[cedarEntity]())
	forms = append(forms, map[string]any{"title": "lists", "type": "object", "additionalProperties": false, "properties": lists},
		map[string]any{"title": "entities as Cedar writes them", "type": "array", "items": entities})
	raw, err := json.MarshalIndent(map[string]any{"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title": "Files that stead apply reads", "oneOf": forms}, "", "  ")
	if err != nil {
		panic(err) // it is made of maps, lists and texts only
	}
	return append(raw, '\n')
}

func fileSchemaOf(t reflect.Type) map[string]any {
	switch t.Kind() {
	case reflect.Pointer:
		return fileSchemaOf(t.Elem())
	case reflect.Slice:
		return map[string]any{"type": "array", "items": fileSchemaOf(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": fileSchemaOf(t.Elem())}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Struct:
		return schemaOfBlock(t)
	}
	return map[string]any{"type": []string{"string", "integer", "boolean", "array", "object"}}
}

func schemaOfBlock(t reflect.Type) map[string]any {
	properties := map[string]any{}
	var must []string
	for _, m := range fieldsOf(t) {
		one := fileSchemaOf(m.of)
		if m.doc != "" {
			one["description"] = m.doc
		}
		properties[m.name] = one
		if m.must {
			must = append(must, m.name)
		}
	}
	s := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	if len(must) > 0 {
		s["required"] = must
	}
	return s
}
