package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

var update = flag.Bool("update", false, "write docs/reference/api.md and openapi.json anew")

type described struct {
	Paths map[string]map[string]struct {
		OperationID string   `json:"operationId"`
		Summary     string   `json:"summary"`
		Tags        []string `json:"tags"`
		Policy      string   `json:"x-stead-policy"`
		Parameters  []struct {
			Name, In, Description string
		} `json:"parameters"`
		RequestBody *struct {
			Content map[string]struct {
				Schema map[string]any `json:"schema"`
			} `json:"content"`
		} `json:"requestBody"`
	} `json:"paths"`
	Components struct {
		Schemas map[string]struct {
			Properties map[string]struct{ Description string }
			Required   []string
		}
	}
	Tags []huma.Tag
}

func TestReference(t *testing.T) {
	raw, err := newRig(t).api.Document()
	if err != nil {
		t.Fatal(err)
	}
	var d described
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string][]byte{"api.md": []byte(d.page()), "openapi.json": bytes.Replace(raw, []byte("http://stead.test"), []byte("/"), 1)} {
		file = "../../docs/reference/" + file
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is stale: go test ./internal/api -run TestReference -update (%v)", file, err)
		}
	}
}

func (d described) page() string {
	var b strings.Builder
	b.WriteString("# API\n\nUnder `/v1`; the whole description is at `/openapi.json` (OpenAPI 3.1). Send the token of `POST /v1/login` as\n" +
		"`Authorization: Bearer`. Errors are problem documents (RFC 9457) with `reason_code` ([the list](reasons.md)), `decision_id`,\n" +
		"`hint` and `request_id`. A member of a body that is not listed here is refused. Times are RFC 3339 in UTC, durations are\n" +
		"written `10m`. `GET /v1/events` with `Accept: text/event-stream` is a stream that goes on after `Last-Event-ID`.\n\n" +
		"Who may: *public* anybody; *session* and *actor-self* whoever is signed in; *approver* who may agree; *auditor*, *admin* by role;\n" +
		"*dev* only in `stead dev`. What you may not know is 404.\n")
	for _, tag := range d.Tags {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| operation | who may | | takes |\n|---|---|---|---|\n", tag.Name, tag.Description)
		for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
			for _, method := range slices.Sorted(maps.Keys(d.Paths[path])) {
				if op := d.Paths[path][method]; slices.Contains(op.Tags, tag.Name) {
					fmt.Fprintf(&b, "| `%s %s` | %s | %s | %s |\n", strings.ToUpper(method), path, op.Policy, op.Summary, d.takes(path, method))
				}
			}
		}
	}
	return b.String()
}

func (d described) takes(path, method string) string {
	var names []string
	op := d.Paths[path][method]
	for _, p := range op.Parameters {
		if p.In == "query" {
			names = append(names, "`?"+p.Name+"`")
		}
	}
	if op.RequestBody == nil {
		return strings.Join(names, " ")
	}
	for kind, c := range op.RequestBody.Content {
		ref, _ := c.Schema["$ref"].(string)
		s := d.Components.Schemas[strings.TrimPrefix(ref, "#/components/schemas/")]
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			mark := ""
			if slices.Contains(s.Required, name) {
				mark = "\\*"
			}
			names = append(names, "`"+name+"`"+mark)
		}
		if len(s.Properties) == 0 {
			names = append(names, kind)
		}
	}
	return strings.Join(names, " ")
}
