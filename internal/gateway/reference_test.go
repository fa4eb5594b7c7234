package gateway

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// The reference names every key and class, and each of its examples is a file that can be read.
func TestReference(t *testing.T) {
	raw, err := os.ReadFile("../../docs/reference/apps.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for _, key := range allKeys(reflect.TypeFor[appsFile]()) {
		if !strings.Contains(text, "`"+key+"`") && !strings.Contains(text, "`"+key+":`") && !strings.Contains(text, "."+key+"`") {
			t.Errorf("docs/reference/apps.md says nothing of %q", key)
		}
	}
	for _, class := range classes {
		if !strings.Contains(text, "| `"+string(class)+"` |") {
			t.Errorf("docs/reference/apps.md says nothing of the class %q", class)
		}
	}
	examples := strings.Split(text, "```yaml\n")[1:]
	for _, example := range examples {
		example, _, _ = strings.Cut(example, "```")
		if _, err := ParseRules([]byte(example)); err != nil {
			t.Errorf("%v in\n%s", err, example)
		}
	}
	if len(examples) == 0 {
		t.Error("there is no example")
	}
}

// allKeys are the keys of t and of what it holds.
func allKeys(t reflect.Type) []string {
	for t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	keys := keysOf(t)
	for f := range t.Fields() {
		keys = append(keys, allKeys(f.Type)...)
	}
	return keys
}
