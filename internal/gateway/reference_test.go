package gateway

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables of docs/reference/apps.md and apps.schema.json anew")

// current fails when a file is not what it is made from, or writes it anew.
func current(t *testing.T, file string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is stale: go test ./internal/gateway -run 'TestReference|TestSchema' -update (%v)", file, err)
	}
}

// The reference names every key and class, and each of its examples is a file that can be read and passes its tests.
func TestReference(t *testing.T) {
	const file = "../../docs/reference/apps.md"
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for name, table := range keyTables() {
		if strings.Contains(table, "| |\n") || strings.Contains(table, "|  |") {
			t.Errorf("a key of %s says nothing of itself", name)
		}
		head, rest, ok := strings.Cut(text, "<!-- keys of "+name+" -->\n")
		if !ok {
			t.Fatalf("there is no place for the keys of %s", name)
		}
		_, tail, _ := strings.Cut(rest, "<!-- end -->")
		text = head + "<!-- keys of " + name + " -->\n" + table + "<!-- end -->" + tail
	}
	current(t, file, []byte(text))
	for _, class := range classes {
		if !strings.Contains(text, "| `"+string(class)+"` |") {
			t.Errorf("docs/reference/apps.md says nothing of the class %q", class)
		}
	}
	examples := strings.Split(text, "```yaml\n")[1:]
	for _, example := range examples {
		example, _, _ = strings.Cut(example, "```")
		apps, err := ParseRules([]byte(example))
		if err == nil {
			err = RunTests(apps).Err()
		}
		if err != nil {
			t.Errorf("%v in\n%s", err, example)
		}
	}
	if len(examples) == 0 {
		t.Error("there is no example")
	}
}

func TestSchema(t *testing.T) {
	raw := Schema()
	current(t, "../../docs/reference/apps.schema.json", raw)
	var s struct {
		Properties struct {
			Apps struct {
				Items struct {
					Properties map[string]map[string]any
					Required   []string
				}
			}
		}
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	app := s.Properties.Apps.Items
	if len(app.Required) != 1 || app.Properties["origin"]["enum"] == nil || app.Properties["identity"]["additionalProperties"] != false {
		t.Errorf("%v %v %v", app.Required, app.Properties["origin"], app.Properties["identity"])
	}
}
